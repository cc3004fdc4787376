/*
 * Preloaded, it lets the wall clock of a program stand at the moment that is in
 * the file HM_CLOCK_FILE, in ms since 1970, until the file is replaced. So does
 * the clock that counts from the start of the machine, so that nobody seems to
 * have set the other. The monotonic clock runs HM_CLOCK_STEADY times as fast as
 * the machine's, and poll(2) waits as much shorter.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define GIGA INT64_C(1000000000)
#define MEGA INT64_C(1000000)

#ifdef SYS_clock_gettime64
#define CLOCK_GETTIME SYS_clock_gettime64
#else
#define CLOCK_GETTIME SYS_clock_gettime
#endif

/* struct timespec with 64 bits, as the system call fills it. */
struct span {
	int64_t s, ns;
};

static int64_t
steady(void)
{
	const char *text = getenv("HM_CLOCK_STEADY");
	int64_t found = text != NULL ? strtoll(text, NULL, 10) : 1;

	return found > 0 ? found : 1;
}

/* The ms in the file; 0 if there is none. */
static int64_t
standing(void)
{
	const char *path = getenv("HM_CLOCK_FILE");
	char text[24];
	int error = errno, fd;
	ssize_t n = -1;

	fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
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

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	struct span t;

	if (syscall(CLOCK_GETTIME, clock, &t) != 0)
		return -1;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	    clock == CLOCK_BOOTTIME) {
		int64_t ms = standing();

		t = (struct span){ms / 1000, ms % 1000 * MEGA};
	} else if (clock == CLOCK_MONOTONIC ||
	    clock == CLOCK_MONOTONIC_COARSE) {
		int64_t ns = t.ns * steady();

		t = (struct span){t.s * steady() + ns / GIGA, ns % GIGA};
	}
	out->tv_sec = (time_t)t.s;
	out->tv_nsec = (long)t.ns;
	return 0;
}

time_t
time(time_t *out)
{
	time_t now = (time_t)(standing() / 1000);

	if (out != NULL)
		*out = now;
	return now;
}

int
poll(struct pollfd *fds, nfds_t count, int ms)
{
	int64_t ns = ms * MEGA / steady();
	struct timespec t = {.tv_sec = (time_t)(ns / GIGA),
	    .tv_nsec = (long)(ns % GIGA)};

	return ppoll(fds, count, ms < 0 ? NULL : &t, NULL);
}
