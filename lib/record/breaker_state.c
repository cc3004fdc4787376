#include "breaker_state.h"

const char *
hm_breaker_state_name(enum hm_breaker_state state)
{
	static const char *const names[] = {
	    [HM_BREAKER_CLOSED] = "closed",
	    [HM_BREAKER_OPEN] = "open",
	    [HM_BREAKER_HALF_OPEN] = "half_open",
	};

	return names[state];
}
