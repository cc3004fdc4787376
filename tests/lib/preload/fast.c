/*
 * Preloaded, it lets the wall clock of a program run HM_CLOCK_RATE times as fast
 * as the machine's, or stand still at 0; it was HM_CLOCK_FROM when the machine's was HM_CLOCK_STARTED,
 * both in ms since 1970. The monotonic clock runs HM_CLOCK_STEADY times as fast,
 * and poll(2) waits as much shorter.
 */

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
number(const char *name, int64_t absent)
{
	const char *text = getenv(name);

	return text != NULL ? strtoll(text, NULL, 10) : absent;
}

/* HM_CLOCK_STEADY, which is never 0. */
static int64_t
steady(void)
{
	int64_t found = number("HM_CLOCK_STEADY", 1);

	return found > 0 ? found : 1;
}

/* A span of time that is `rate` times as long. */
static void
stretch(struct span *t, int64_t rate)
{
	int64_t ns = t->ns * rate;

	t->s = t->s * rate + ns / GIGA;
	t->ns = ns % GIGA;
}

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	int64_t started = number("HM_CLOCK_STARTED", 0);
	int64_t from = number("HM_CLOCK_FROM", 0);
	int64_t rate = number("HM_CLOCK_RATE", 1);
	struct span t;

	if (syscall(CLOCK_GETTIME, clock, &t) != 0)
		return -1;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
		/* Whole milliseconds, so that no span is negative. */
		int64_t ms = from + (t.s * 1000 + t.ns / MEGA - started) *
		    rate;

		t = (struct span){ms / 1000, ms % 1000 * MEGA};
	} else if (clock == CLOCK_BOOTTIME) {
		/* With the wall clock: nobody seems to have set that. */
		stretch(&t, rate);
	} else if (clock == CLOCK_MONOTONIC ||
	    clock == CLOCK_MONOTONIC_COARSE) {
		stretch(&t, steady());
	}
	out->tv_sec = (time_t)t.s;
	out->tv_nsec = (long)t.ns;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec t = {.tv_sec = -1};

	(void)clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}

int
poll(struct pollfd *fds, nfds_t count, int ms)
{
	int64_t ns = ms * MEGA / steady();
	struct timespec t = {.tv_sec = (time_t)(ns / GIGA),
	    .tv_nsec = (long)(ns % GIGA)};

	return ppoll(fds, count, ms < 0 ? NULL : &t, NULL);
}
