#ifndef HM_BREAKER_H
#define HM_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "record/breaker_state.h"

/*
 * A circuit breaker: after too many failures in a row a DTU is not polled for a
 * time, and then probed once. `now` is in monotonic ms.
 *
 *	closed     failures < threshold; every attempt is allowed
 *	open       nothing is allowed until retry_at
 *	half_open  one attempt, the probe, is under way
 */

struct hm_breaker_limits {
	int64_t threshold;  /* failures in a row that open it, from 1 */
	int64_t timeout_ms; /* first time open; each failed probe doubles it */
	int64_t timeout_max_ms; /* longest; no effect if below timeout_ms */
};

/* All zeros is a closed breaker without failures. */
struct hm_breaker {
	enum hm_breaker_state state;
	int64_t failures;   /* in a row */
	int64_t timeout_ms; /* of the last opening; 0 while closed */
	int64_t retry_at;   /* when the probe is due, while open */
};

/*
 * Call before an attempt. False if it must not be made. An open breaker whose
 * time is over becomes half-open, and the attempt is its probe.
 */
bool hm_breaker_allows(struct hm_breaker *b, int64_t now);

/* Report the result of the attempt. True if the state has changed. */
bool hm_breaker_succeeded(struct hm_breaker *b);
bool hm_breaker_failed(struct hm_breaker *b,
    const struct hm_breaker_limits *limits, int64_t now);

/*
 * Report that the attempt was not made. A probe is postponed by the breaker's
 * last timeout; otherwise this does nothing. True if the state has changed.
 */
bool hm_breaker_postpone(struct hm_breaker *b, int64_t now);

#endif
