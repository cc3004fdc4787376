#include "announce_clock.h"

void
hm_announce_ask(struct hm_announce_clock *c, int64_t now, int64_t delay)
{
	if (c->due != 0)
		return;
	c->due = now + delay;
	if (c->due < c->earliest)
		c->due = c->earliest;
}

bool
hm_announce_take(struct hm_announce_clock *c, int64_t now)
{
	if (c->due == 0 || now < c->due)
		return false;
	c->due = 0;
	c->earliest = now + HM_ANNOUNCE_APART_MS;
	return true;
}
