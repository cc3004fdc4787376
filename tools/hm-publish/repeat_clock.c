#include "repeat_clock.h"

void
hm_repeat_ask(struct hm_repeat_clock *c, int64_t now)
{
	c->due = now + HM_REPEAT_FIRST_MS;
	c->last = now + HM_REPEAT_LAST_MS;
}

bool
hm_repeat_take(struct hm_repeat_clock *c, int64_t now)
{
	if (c->due == 0 || now < c->due)
		return false;
	/* If both have passed, once is enough. */
	c->due = now < c->last ? c->last : 0;
	return true;
}

bool
hm_repeat_is_first(const struct hm_repeat_clock *c)
{
	return c->due != 0 && c->due != c->last;
}
