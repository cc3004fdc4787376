#include "breaker.h"

bool
hm_breaker_allows(struct hm_breaker *b, int64_t now)
{
	switch (b->state) {
	case HM_BREAKER_CLOSED:
		return true;
	case HM_BREAKER_OPEN:
		if (now < b->retry_at)
			return false;
		b->state = HM_BREAKER_HALF_OPEN;
		return true;
	case HM_BREAKER_HALF_OPEN:
		break;
	}
	return false;
}

bool
hm_breaker_succeeded(struct hm_breaker *b)
{
	bool changed = b->state != HM_BREAKER_CLOSED;

	*b = (struct hm_breaker){.state = HM_BREAKER_CLOSED};
	return changed;
}

static int64_t
next_timeout(const struct hm_breaker *b,
    const struct hm_breaker_limits *limits)
{
	if (b->timeout_ms == 0 || limits->timeout_ms >= limits->timeout_max_ms)
		return limits->timeout_ms;
	if (b->timeout_ms > limits->timeout_max_ms / 2)
		return limits->timeout_max_ms;
	return b->timeout_ms * 2;
}

bool
hm_breaker_failed(struct hm_breaker *b, const struct hm_breaker_limits *limits,
    int64_t now)
{
	b->failures++;
	if (b->state == HM_BREAKER_OPEN ||
	    (b->state == HM_BREAKER_CLOSED && b->failures < limits->threshold))
		return false;
	b->timeout_ms = next_timeout(b, limits);
	b->retry_at = now + b->timeout_ms;
	b->state = HM_BREAKER_OPEN;
	return true;
}

bool
hm_breaker_postpone(struct hm_breaker *b, int64_t now)
{
	if (b->state != HM_BREAKER_HALF_OPEN)
		return false;
	b->state = HM_BREAKER_OPEN;
	b->retry_at = now + b->timeout_ms;
	return true;
}
