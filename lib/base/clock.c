#include "clock.h"

#include <time.h>

int64_t
hm_clock_now(void)
{
	return (int64_t)time(NULL);
}

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
hm_clock_now_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t
hm_clock_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
hm_monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

struct hm_moment
hm_moment_now(void)
{
	return (struct hm_moment){hm_monotonic_ms(), hm_clock_now_ms()};
}

struct hm_moment
hm_moment_since_boot(void)
{
	return (struct hm_moment){clock_ms(CLOCK_BOOTTIME), hm_clock_now_ms()};
}
