#include "energy.h"
#include "energy_private.h"

/*
 * Counters of the day, which fall to 0 once a day: whether one that has fallen
 * has begun a day.
 */

#define STEP_WH INT64_C(100) /* of the counters of the day of hybrids */
#define DAY_MAX (25 * HM_ENERGY_HOUR) /* at the end of summer time */

int64_t
hm_energy_made_in(int64_t seconds, const struct hm_energy_reading *r)
{
	return hm_energy_clamp(r->watts, 1, HM_ENERGY_WATTS_MAX) *
	    hm_energy_clamp(seconds, 0, HM_ENERGY_ELAPSED_MAX) * 3 /
	    (2 * HM_ENERGY_HOUR) + 2 * STEP_WH;
}

void
hm_energy_drop_spike(struct hm_energy *e, const struct hm_energy_reading *r)
{
	if (e->pending - e->total <=
	    hm_energy_made_in(e->pending_time - e->total_time, r))
		return;
	e->pending = e->total;
	e->began = hm_energy_lower(e->began, e->total);
	/* It was the last reading before a day of hm's, too. */
	if (e->before > e->total) {
		e->before = e->total;
		e->before_time = e->total_time;
	}
}

/*
 * Whether a counter of the day that fell to `first` at a time can have been
 * reset: it was made since, or half of the energy is gone, or there was a gap.
 * A counter that falls by less has been corrected by the device.
 */
static bool
is_new_day(const struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t first, int64_t time)
{
	int64_t gap = time - e->pending_time;

	return first <= hm_energy_last_counter(e) / 2 ||
	    first <= hm_energy_made_in(gap, r) || gap > HM_ENERGY_GAP;
}

/*
 * Whether a counter of the day was below what is shown in the last readings,
 * and can have begun a day there.
 */
static bool
is_below(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	return r->daily && e->doubts > 0 &&
	    e->doubt_first + e->shift < e->total &&
	    is_new_day(e, r, e->doubt_first, e->doubt_since);
}

bool
hm_energy_stays_below(const struct hm_energy *e,
    const struct hm_energy_reading *r)
{
	return is_below(e, r) && e->doubts >= HM_ENERGY_CLAIMS &&
	    e->doubt_time - e->doubt_since >= HM_ENERGY_CLAIM_SECONDS;
}

bool
hm_energy_goes_on(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	return is_below(e, r) && r->total >= e->doubt_last &&
	    r->total - e->doubt_last <=
	    hm_energy_made_in(r->time - e->doubt_time, r) &&
	    (hm_energy_stays_below(e, r) ||
	    e->doubt_since - e->pending_time > HM_ENERGY_GAP);
}

enum hm_energy_verdict
hm_energy_fallen(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	bool doubted = e->doubts > 0 && r->total >= e->doubt_last &&
	    e->doubt_first + e->shift < e->total;
	bool waits = r->daily && is_new_day(e, r,
	    doubted ? e->doubt_first : r->total,
	    doubted ? e->doubt_since : r->time);

	return waits ? HM_ENERGY_WAIT : HM_ENERGY_FALL;
}

/*
 * If it is hardly above its last reading, the device was off, or a clock was
 * set.
 */
bool
hm_energy_missed_reset(const struct hm_energy *e,
    const struct hm_energy_reading *r)
{
	return r->daily && r->time - e->pending_time > DAY_MAX &&
	    r->total - hm_energy_last_counter(e) >
	    hm_energy_made_in(HM_ENERGY_REFRESH_SECONDS, r);
}
