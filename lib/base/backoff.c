#include "backoff.h"

#include <sys/random.h>

#define BASE_MIN_MS 1000

void
hm_random_seed(struct hm_random *random)
{
	if (getrandom(&random->state, sizeof random->state, GRND_NONBLOCK) < 0)
		random->state ^= (uint64_t)(uintptr_t)random;
}

/* SplitMix64 */
static uint64_t
next_random(struct hm_random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* From 0 to last, which is less than 2^32. */
static int64_t
draw(struct hm_random *random, int64_t last)
{
	uint64_t high = next_random(random) >> 32;

	return (int64_t)((high * ((uint64_t)last + 1)) >> 32);
}

/* The base doubled for each retry; it stays below 2 * max. */
static int64_t
ceiling(const struct hm_backoff *b, int64_t retry)
{
	int64_t most = b->min_ms > BASE_MIN_MS ? b->min_ms : BASE_MIN_MS;

	for (; retry > 0 && most < b->max_ms; retry--)
		most *= 2;
	return most < b->max_ms ? most : b->max_ms;
}

int64_t
hm_backoff_delay(const struct hm_backoff *b, int64_t retry,
    struct hm_random *random)
{
	int64_t least = b->min_ms < b->max_ms ? b->min_ms : b->max_ms;

	if (!b->exponential)
		return b->min_ms;
	return least + draw(random, ceiling(b, retry) - least);
}
