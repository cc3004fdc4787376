/*
 * Preloaded, it moves the wall clock of a program by HM_CLOCK_SHIFT seconds and
 * by the seconds in the file HM_CLOCK_FILE at that moment: replacing the file
 * sets the clock of a running program. The monotonic clock stays, as it does
 * when somebody sets the clock of a machine; so do the times of files.
 * libfaketime does not know the 64-bit calls of 32-bit machines. The 32-bit
 * calls fail after 2038, as those of the C library do.
 *
 * With HM_CLOCK_SPEED both clocks run so many times as fast, the wall clock
 * from HM_CLOCK_SINCE on, in s since 1970, and waits in poll and epoll_wait are
 * as much shorter. Programs with the same settings see the same time.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REALTIME 0
#define MONOTONIC 1
#define MONOTONIC_COARSE 6
#define REALTIME_COARSE 5
#define SECOND 1000000000 /* ns */
#define SIGNALS ((size_t)8) /* bytes of the kernel's set of signals */

#ifdef SYS_clock_gettime64
#define CLOCK_GETTIME SYS_clock_gettime64
#else
#define CLOCK_GETTIME SYS_clock_gettime
#endif

/* struct timespec and struct timeval with 64 bits, and with those of a long. */
struct wide {
	int64_t seconds, rest;
};
struct narrow {
	long seconds, rest;
};

int wide_clock(int clock, struct wide *out) __asm__("__clock_gettime64");
int wide_day(struct wide *out, void *zone) __asm__("__gettimeofday64");
int64_t wide_time(int64_t *out) __asm__("__time64");
int narrow_clock(int clock, struct narrow *out) __asm__("clock_gettime");
int narrow_day(struct narrow *out, void *zone) __asm__("gettimeofday");
long narrow_time(long *out) __asm__("time");

static int
narrowed(struct wide t, struct narrow *out)
{
	if (t.seconds < INTPTR_MIN || t.seconds > INTPTR_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	*out = (struct narrow){(long)t.seconds, (long)t.rest};
	return 0;
}

/* The seconds in the file; 0 if there is none. */
static int64_t
read_seconds(const char *path)
{
	char text[24];
	int error = errno, fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, text, sizeof text - 1);
		close(fd);
	}
	errno = error;
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}

static int64_t
number(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static int64_t
shift(void)
{
	const char *path = getenv("HM_CLOCK_FILE");

	return number("HM_CLOCK_SHIFT") +
	    (path != NULL ? read_seconds(path) : 0);
}

static int64_t
speed(void)
{
	int64_t times = number("HM_CLOCK_SPEED");

	return times > 1 ? times : 1;
}

/* The time since a moment in s, as many times as long. */
static void
stretch(struct wide *t, int64_t since)
{
	int64_t ns = t->rest * speed();

	t->seconds = since + (t->seconds - since) * speed() + ns / SECOND;
	t->rest = ns % SECOND;
}

int
wide_clock(int clock, struct wide *out)
{
	int result = (int)syscall(CLOCK_GETTIME, clock, out);

	if (result != 0)
		return result;
	if (clock == REALTIME || clock == REALTIME_COARSE) {
		stretch(out, number("HM_CLOCK_SINCE"));
		out->seconds += shift();
	} else if (clock == MONOTONIC || clock == MONOTONIC_COARSE) {
		stretch(out, 0);
	}
	return result;
}

/* Waits */

static int
shortened(int ms)
{
	int times = (int)speed();

	return ms > 0 ? (ms - 1) / times + 1 : ms;
}

int
poll(struct pollfd *fds, nfds_t count, int ms)
{
	struct narrow left = {shortened(ms) / 1000,
	    (long)(shortened(ms) % 1000) * (SECOND / 1000)};

	return (int)syscall(SYS_ppoll, fds, count, ms < 0 ? NULL : &left,
	    NULL, SIGNALS);
}

int
epoll_wait(int fd, struct epoll_event *events, int count, int ms)
{
	return (int)syscall(SYS_epoll_pwait, fd, events, count,
	    shortened(ms), NULL, SIGNALS);
}

/* Clocks as the C library names them */

int
narrow_clock(int clock, struct narrow *out)
{
	struct wide t;

	return wide_clock(clock, &t) == 0 ? narrowed(t, out) : -1;
}

int
wide_day(struct wide *out, void *zone)
{
	(void)zone;
	if (wide_clock(REALTIME, out) != 0)
		return -1;
	out->rest /= 1000;
	return 0;
}

int
narrow_day(struct narrow *out, void *zone)
{
	struct wide t;

	return wide_day(&t, zone) == 0 ? narrowed(t, out) : -1;
}

int64_t
wide_time(int64_t *out)
{
	struct wide t = {-1, 0};

	(void)wide_clock(REALTIME, &t);
	if (out != NULL)
		*out = t.seconds;
	return t.seconds;
}

long
narrow_time(long *out)
{
	struct narrow t = {-1, 0};

	(void)narrow_clock(REALTIME, &t);
	if (out != NULL)
		*out = t.seconds;
	return t.seconds;
}
