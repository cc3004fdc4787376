#include "freshness.h"

int64_t
hm_fresh_ms(int64_t period_ms)
{
	int64_t ms = HM_FRESH_PERIODS * period_ms;

	return ms > HM_FRESH_MIN_MS ? ms : HM_FRESH_MIN_MS;
}

bool
hm_freshness_look(struct hm_freshness *f, int64_t time, bool stale,
    int64_t fresh_ms)
{
	if (!stale || !f->known || time < f->since) {
		*f = (struct hm_freshness){.known = true, .since = time,
		    .polled = time, .polls = stale};
		return false;
	}
	if (time != f->polled && f->polls < HM_HUNG_POLLS)
		f->polls++;
	f->polled = time;
	f->hung = f->polls >= HM_HUNG_POLLS &&
	    time - f->since >= fresh_ms / 1000;
	return f->hung;
}
