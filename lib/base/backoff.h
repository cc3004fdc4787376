#ifndef HM_BACKOFF_H
#define HM_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How long to wait before a retry: a random time ("full jitter"), so that DTUs
 * that failed together are not retried together, from a range that doubles with
 * each retry.
 */

struct hm_backoff {
	int64_t min_ms, max_ms; /* 0 to 3600000; max wins if it is less */
	bool exponential;       /* false: always min_ms */
};

/* The state of a random number generator. Not for secrets. */
struct hm_random {
	uint64_t state;
};

/* Seed from the system; any seed is good. */
void hm_random_seed(struct hm_random *random);

/*
 * The wait in ms before retry `retry`, from 1: evenly between min_ms and
 * base * 2^retry, with a base of min_ms, or 1 s if that is more, and never
 * above max_ms.
 */
int64_t hm_backoff_delay(const struct hm_backoff *b, int64_t retry,
    struct hm_random *random);

#endif
