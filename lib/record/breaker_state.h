#ifndef HM_BREAKER_STATE_H
#define HM_BREAKER_STATE_H

/* The state of a DTU's circuit breaker, as in status records and metrics. */
enum hm_breaker_state {
	HM_BREAKER_CLOSED,
	HM_BREAKER_OPEN,
	HM_BREAKER_HALF_OPEN,
};

/* "closed", "open", "half_open" */
const char *hm_breaker_state_name(enum hm_breaker_state state);

#endif
