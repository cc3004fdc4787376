/*
 * Preloaded, it moves the wall clock of a program by HM_CLOCK_SHIFT seconds and
 * by the seconds in the file HM_CLOCK_FILE at that moment: replacing the file
 * sets the clock of a running program. The monotonic clock stays, as it does
 * when somebody sets the clock of a machine; so do the times of files.
 * libfaketime does not know the 64-bit calls of 32-bit machines. The 32-bit
 * calls fail after 2038, as those of the C library do.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REALTIME 0
#define REALTIME_COARSE 5

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
shift(void)
{
	const char *fixed = getenv("HM_CLOCK_SHIFT");
	const char *path = getenv("HM_CLOCK_FILE");

	return (fixed != NULL ? strtoll(fixed, NULL, 10) : 0) +
	    (path != NULL ? read_seconds(path) : 0);
}

int
wide_clock(int clock, struct wide *out)
{
	int result = (int)syscall(CLOCK_GETTIME, clock, out);

	if (result == 0 && (clock == REALTIME || clock == REALTIME_COARSE))
		out->seconds += shift();
	return result;
}

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
