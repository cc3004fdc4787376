#include "energy.h"
#include "energy_private.h"

/*
 * Counters of the day, which fall to 0 once a day: whether one that has fallen
 * has begun a day.
 */

#define STEP_WH INT64_C(100) /* of the counters of the day of hybrids */
#define DAY_MAX (25 * HM_ENERGY_HOUR) /* at the end of summer time */
#define RESET_MARGIN (HM_ENERGY_HOUR + 15 * (int64_t)60)
#define RESET_AGE_MAX (30 * HM_ENERGY_A_DAY)

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
 * Only where the device's day begins with ours, as far as readings tell: a
 * counter that it corrects at noon may look as if it had been reset.
 */
void
hm_energy_note_reset(struct hm_energy *e, const struct hm_energy_reading *r,
    const struct hm_energy *before)
{
	int64_t time = e->doubt_since;

	if (r->daily && time - before->pending_time <= HM_ENERGY_GAP &&
	    before->before >= 0 &&
	    time - before->before_time <= 2 * HM_ENERGY_GAP)
		e->reset_at = time;
}

/*
 * Whether the moment at which the device usually begins its days lies between
 * two times. Summer time moves it by an hour; so may a clock, a little.
 */
static bool
has_midnight(const struct hm_energy *e, int64_t from, int64_t to)
{
	int64_t since, midnight;

	if (e->reset_at < 0 || from < e->reset_at ||
	    from - e->reset_at > RESET_AGE_MAX)
		return false;
	since = (from + RESET_MARGIN - e->reset_at) / HM_ENERGY_A_DAY + 1;
	midnight = e->reset_at + since * HM_ENERGY_A_DAY;
	return midnight + RESET_MARGIN < to;
}

/*
 * It may be below its last reading, which is not shown yet. If it is hardly
 * above that, the device was off, or a clock was set. Where it is not known
 * when it begins its days, that may be as much as is made until a DTU hears of
 * it.
 */
bool
hm_energy_missed_reset(const struct hm_energy *e,
    const struct hm_energy_reading *r)
{
	bool doubted = e->doubts > 0 && r->total >= e->doubt_last &&
	    e->doubt_since - e->pending_time > HM_ENERGY_GAP;
	int64_t time = doubted ? e->doubt_since : r->time;
	int64_t growth = (doubted ? e->doubt_first : r->total) -
	    hm_energy_last_counter(e);

	if (!r->daily || time - e->pending_time <= HM_ENERGY_GAP)
		return false;
	if (has_midnight(e, e->pending_time, time))
		return growth < 0 || growth > hm_energy_made_in(0, r);
	return time - e->pending_time > DAY_MAX && (growth < 0 ||
	    growth > hm_energy_made_in(HM_ENERGY_REFRESH_SECONDS, r));
}
