#include "energy.h"

#include "energy_private.h"

/* A DTU reads an inverter every few minutes, and sometimes fails. */
#define REFRESH_SECONDS ((int64_t)15 * 60)
#define MARGIN_WH 2 /* counters are whole Wh */
/* Bounds that keep all arithmetic far from overflow. */
#define WATTS_MAX 100000
#define ELAPSED_MAX ((int64_t)20 * 366 * HM_ENERGY_A_DAY)
#define WH_MAX ((int64_t)1000000000000)
#define LIFETIME_HOURS ((int64_t)30 * 366 * 24)
/*
 * Refused readings that agree are accepted: after this many, over this time, as
 * a counter that was reset.
 */
#define DOUBTS 10
#define DOUBT_SECONDS HM_ENERGY_A_DAY
/* The same for a claim: energy that the whole inverter can have produced. */
#define CLAIMS 3
#define CLAIM_SECONDS REFRESH_SECONDS
/*
 * A counter of 16 bits that wraps falls by 65536. If it also skips more than a
 * quarter of that, it cannot be told from one that was reset.
 */
#define WRAP_WH 65536
#define STEP_WH INT64_C(100) /* of the counters of the day of hybrids */
#define WRAP_GROWTH_MAX (WRAP_WH / 4)

void
hm_energy_init(struct hm_energy *e)
{
#define ENERGY(name, initial, help) e->name = initial;
#include "db/energy.def"
#undef ENERGY
}

static int64_t
clamp(int64_t x, int64_t min, int64_t max)
{
	return x < min ? min : x > max ? max : x;
}

static bool
is_energy(int64_t wh)
{
	return wh >= -1 && wh <= WH_MAX;
}

bool
hm_energy_valid(const struct hm_energy *e)
{
	return is_energy(e->total) && is_energy(e->pending) &&
	    is_energy(e->began) && is_energy(e->before) &&
	    is_energy(e->first) && is_energy(e->device_base) &&
	    is_energy(e->doubt_first) && is_energy(e->doubt_last) &&
	    is_energy(e->counted) && is_energy(e->counted_today) &&
	    e->shift >= -WH_MAX && e->shift <= WH_MAX &&
	    e->total != 0 && e->pending != 0 && e->began <= e->pending &&
	    e->pending >= e->total && e->doubt_last >= e->doubt_first &&
	    (e->total >= 0 || e->shift == 0) &&
	    hm_energy_is_time(e->total_time) &&
	    hm_energy_is_time(e->pending_time) &&
	    hm_energy_is_time(e->before_time) &&
	    hm_energy_is_time(e->first_time) &&
	    hm_energy_is_time(e->doubt_since) &&
	    hm_energy_is_time(e->doubt_time) &&
	    hm_energy_is_time(e->back_since) &&
	    hm_energy_is_time(e->excluded_since) &&
	    hm_energy_is_time(e->day) && e->day >= -1 &&
	    hm_energy_is_time(e->left_day) && e->left_day >= -1 &&
	    (e->daily == 0 || e->daily == 1) &&
	    e->tries >= 0 && e->tries <= HM_ENERGY_TRIES &&
	    e->doubts >= 0 && e->doubts <= HM_ENERGY_TIME_MAX;
}

int64_t
hm_energy_allowance(int64_t seconds, int64_t watts)
{
	return clamp(watts, 1, WATTS_MAX) *
	    (clamp(seconds, 0, ELAPSED_MAX) + REFRESH_SECONDS) * 3 /
	    (2 * HM_ENERGY_HOUR) + MARGIN_WH;
}

/* The highest possible lifetime counter of a port of an inverter. */
static int64_t
lifetime(int64_t watts)
{
	return clamp(watts, 1, WATTS_MAX) * LIFETIME_HOURS * 3 / 2;
}

int64_t
hm_energy_limit(const struct hm_energy *e, int64_t time, int64_t watts)
{
	int64_t since_total, since_pending;

	if (e->total < 0)
		return lifetime(watts);
	time = clamp(time, -HM_ENERGY_TIME_MAX, HM_ENERGY_TIME_MAX);
	since_total = e->total +
	    hm_energy_allowance(time - e->total_time, watts);
	/* The total may be a dip that was good because a gap came before it. */
	since_pending = e->pending +
	    hm_energy_allowance(time - e->pending_time, watts);
	return since_total > since_pending ? since_total : since_pending;
}

/* A first reading can be compared only with the next reading. */
static enum hm_energy_verdict
meet(struct hm_energy *e, const struct hm_energy_reading *r, int64_t total)
{
	bool agree = e->pending >= 0 && total >= e->pending &&
	    total - e->pending <=
	    hm_energy_allowance(r->time - e->pending_time, r->inverter_watts);

	if (agree) {
		e->total = e->pending;
		e->total_time = e->pending_time;
	} else {
		/* The day may have begun at a reading that was wrong. */
		e->began = -1;
		e->tries = 0;
		if (total > e->pending)
			e->before = e->first = e->device_base = -1;
	}
	e->pending = total;
	e->pending_time = r->time;
	return HM_ENERGY_GOOD;
}

static enum hm_energy_verdict
accept(struct hm_energy *e, const struct hm_energy_reading *r, int64_t total)
{
	/* The last reading before a gap and the day was a spike. */
	if (total < e->before && r->time - e->before_time > HM_ENERGY_GAP) {
		e->before = e->total;
		e->before_time = e->total_time;
	}
	e->total_time = total <= e->pending ? r->time : e->pending_time;
	e->total = hm_energy_lower(e->pending, total);
	/* No day begins above one of its good readings. */
	e->began = hm_energy_lower(e->began, total);
	e->pending = total;
	e->pending_time = r->time;
	e->doubts = 0;
	return HM_ENERGY_GOOD;
}

/*
 * Whether the whole inverter can have produced what the first of the refused
 * readings is above the shown total, with `wrap` added to it.
 */
static bool
is_possible(const struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t wrap)
{
	int64_t growth = e->doubt_first + e->shift + wrap - e->total;

	return growth >= 0 &&
	    (wrap == 0 || r->daily || growth <= WRAP_GROWTH_MAX) &&
	    growth <= hm_energy_allowance(e->doubt_since - e->total_time,
	    r->inverter_watts);
}

/* The most that is made in a time, with a step of the counter at both ends. */
static int64_t
made_in(int64_t seconds, const struct hm_energy_reading *r)
{
	return clamp(r->watts, 1, WATTS_MAX) * clamp(seconds, 0, ELAPSED_MAX) *
	    3 / (2 * HM_ENERGY_HOUR) + 2 * STEP_WH;
}

/* What the device's counter showed in the last good reading. */
static int64_t
last_counter(const struct hm_energy *e)
{
	return e->pending - e->shift;
}

/*
 * A last reading before a new day that is too high for its time may be a spike:
 * no reading of that day will confirm it any more.
 */
static void
drop_spike(struct hm_energy *e, const struct hm_energy_reading *r)
{
	if (e->pending - e->total <=
	    made_in(e->pending_time - e->total_time, r))
		return;
	e->pending = e->total;
	e->began = hm_energy_lower(e->began, e->total);
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

	return first <= last_counter(e) / 2 || first <= made_in(gap, r) ||
	    gap > HM_ENERGY_GAP;
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

/* The same, for as long as it takes to confirm that. */
static bool
stays_below(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	return is_below(e, r) && e->doubts >= CLAIMS &&
	    e->doubt_time - e->doubt_since >= CLAIM_SECONDS;
}

/*
 * Whether such a counter goes on from those readings, also above the energy of
 * the day before, as one does that has begun a day. What comes back from a dip
 * jumps.
 */
static bool
goes_on(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	return is_below(e, r) && r->total >= e->doubt_last &&
	    r->total - e->doubt_last <= made_in(r->time - e->doubt_time, r) &&
	    (stays_below(e, r) ||
	    e->doubt_since - e->pending_time > HM_ENERGY_GAP);
}

/* The verdict of a reading below the shown total, before it is confirmed. */
static enum hm_energy_verdict
fallen(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	bool doubted = e->doubts > 0 && r->total >= e->doubt_last &&
	    e->doubt_first + e->shift < e->total;
	bool waits = r->daily && is_new_day(e, r,
	    doubted ? e->doubt_first : r->total,
	    doubted ? e->doubt_since : r->time);

	return waits ? HM_ENERGY_WAIT : HM_ENERGY_FALL;
}

/* What a counter that fell for good lacks from then on. */
static int64_t
wrap_of(const struct hm_energy *e, const struct hm_energy_reading *r,
    enum hm_energy_verdict verdict)
{
	if (verdict == HM_ENERGY_WAIT)
		return last_counter(e);
	return verdict == HM_ENERGY_FALL && !r->daily ? WRAP_WH : 0;
}

/*
 * After a gap a claim may begin, although refused readings before it agree: if
 * these were impossible, a glitch, the true ones would never be accepted.
 */
static bool
begins_claim(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	int64_t growth = r->total + e->shift - e->total;

	return r->time - e->doubt_time > HM_ENERGY_GAP && growth >= 0 &&
	    !is_possible(e, r, 0) &&
	    growth <= hm_energy_allowance(r->time - e->total_time,
	    r->inverter_watts);
}

/*
 * The most that a refused reading can be above the one before it. A counter of
 * the day that jumps over half of the energy may have left a dip: what it shows
 * then has begun no day.
 */
static int64_t
growth_max(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	int64_t seconds = r->time - e->doubt_time;

	return r->daily && r->total > last_counter(e) / 2 &&
	    r->total + e->shift < e->total ? made_in(seconds, r) :
	    hm_energy_allowance(seconds, r->inverter_watts);
}

/*
 * Refused readings that disagree with the next one were readings: if they came
 * soon after the last good one, no gap hides a reset, and no energy from before
 * them comes at once.
 */
static void
drop_doubts(struct hm_energy *e, const struct hm_energy_reading *r)
{
	if (r->daily && e->doubts > 0 &&
	    e->doubt_since - e->pending_time <= HM_ENERGY_GAP)
		e->pending_time = e->doubt_time;
	e->doubts = 0;
}

/*
 * Count a refused reading, with those before it if they agree: all are too
 * high, or all are too low.
 */
static void
count_doubt(struct hm_energy *e, const struct hm_energy_reading *r)
{
	bool too_high = r->total + e->shift >= e->total;
	bool agrees = e->doubts > 0 && r->total >= e->doubt_last &&
	    too_high == (e->doubt_first + e->shift >= e->total) &&
	    r->total - e->doubt_last <= growth_max(e, r) &&
	    !begins_claim(e, r);

	agrees |= goes_on(e, r);

	if (!agrees) {
		drop_doubts(e, r);
		e->doubt_since = r->time;
		e->doubt_first = r->total;
	}
	e->doubts++;
	e->doubt_last = r->total;
	e->doubt_time = r->time;
}

/*
 * Whether refused readings agree and rise for long enough. The energy of a new
 * day may stand still: only 0 Wh has to wait, which adds nothing.
 */
static bool
is_confirmed(const struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t count, int64_t seconds)
{
	int64_t least = r->daily ? 0 : e->doubt_first;

	return e->doubts >= count && e->doubt_last > least &&
	    e->doubt_time - e->doubt_since >= seconds;
}

static bool
continue_at(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t shift)
{
	if (r->total + shift > WH_MAX)
		return false;
	if (e->shift != shift)
		e->device_base = -1;
	e->shift = shift;
	accept(e, r, r->total + shift);
	return true;
}

/*
 * The shown total goes on from the refused reading before this one: it is too
 * far below for the next reading to be good.
 */
static bool
accept_claim(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t wrap, const struct hm_energy *before)
{
	if (!continue_at(e, r, e->shift + wrap))
		return false;
	e->total = before->doubt_last + e->shift;
	e->total_time = before->doubt_time;
	/* The first reading of the day comes after a gap. */
	if (e->first < 0)
		e->before_time = -1;
	return true;
}

/* A lifetime counter after a sum of days has nothing to do with that sum. */
static bool
is_other_counter(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	return e->daily != 0 && !r->daily;
}

/*
 * A counter that runs at another level is no glitch. If the inverter can have
 * produced the difference, a quarter of an hour is enough: the port produced
 * more than its share, or the counter wrapped. After a day the device's counter
 * was reset, or the very first readings were wrong: continue from the shown
 * energy, so that nothing falls or jumps.
 */
static enum hm_energy_verdict
doubt(struct hm_energy *e, const struct hm_energy_reading *r,
    enum hm_energy_verdict verdict)
{
	int64_t wrap = wrap_of(e, r, verdict);
	struct hm_energy before = *e;

	/* A reading older than the last one is from a replayed stream. */
	if (!r->awake || r->time < e->pending_time)
		return verdict;
	count_doubt(e, r);
	if (!is_other_counter(e, r) &&
	    is_confirmed(e, r, CLAIMS, CLAIM_SECONDS) &&
	    is_possible(e, r, wrap) && accept_claim(e, r, wrap, &before))
		return wrap == 0 ? HM_ENERGY_GOOD :
		    r->daily ? HM_ENERGY_NEW_DAY : HM_ENERGY_WRAP;
	if (is_confirmed(e, r, DOUBTS, DOUBT_SECONDS) &&
	    continue_at(e, r, e->total - e->doubt_first))
		return HM_ENERGY_RESET;
	return verdict;
}

static enum hm_energy_verdict
take_total(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t total)
{
	if (e->total < 0)
		return meet(e, r, total);
	if (is_other_counter(e, r))
		return doubt(e, r, total < e->total ? HM_ENERGY_FALL :
		    HM_ENERGY_SPIKE);
	if (r->daily && total < e->total)
		drop_spike(e, r);
	if (total < e->total || goes_on(e, r))
		return doubt(e, r, fallen(e, r));
	if (total > WH_MAX || stays_below(e, r) ||
	    total > hm_energy_limit(e, r->time, r->watts))
		return doubt(e, r, HM_ENERGY_SPIKE);
	drop_doubts(e, r);
	return accept(e, r, total);
}

/* All bits set is never a total. */
static bool
is_impossible(const struct hm_energy_reading *r)
{
	return r->total == UINT32_MAX || r->total > lifetime(r->inverter_watts);
}

bool
hm_energy_grow(struct hm_energy *e, const struct hm_energy_reading *r)
{
	int64_t total = r->total + e->shift;

	if (e->total < 0 || e->began < 0 || e->doubts > 0 || r->total <= 0 ||
	    r->daily != (e->daily != 0) || is_impossible(r) ||
	    !hm_energy_is_time(r->time) ||
	    r->time < e->pending_time || total < e->pending || total > WH_MAX ||
	    total > hm_energy_limit(e, r->time, r->watts))
		return false;
	e->pending = total;
	e->pending_time = r->time;
	return true;
}

/*
 * A lifetime total of 0 Wh means that the DTU does not know it. A day begins at
 * 0 Wh; before the first energy of all there is nothing to show.
 */
static bool
has_total(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	return r->total > 0 || (r->total == 0 && r->daily && e->total >= 0);
}

static bool
is_taken(enum hm_energy_verdict verdict)
{
	return verdict == HM_ENERGY_GOOD || verdict == HM_ENERGY_WRAP ||
	    verdict == HM_ENERGY_NEW_DAY || verdict == HM_ENERGY_RESET;
}

enum hm_energy_verdict
hm_energy_read(struct hm_energy *e, const struct hm_energy_reading *r)
{
	enum hm_energy_verdict verdict;

	if (!hm_energy_is_time(r->time) || !has_total(e, r))
		return HM_ENERGY_NONE;
	if (is_impossible(r))
		return HM_ENERGY_SPIKE;
	verdict = take_total(e, r, r->total + e->shift);
	if (is_taken(verdict))
		e->daily = r->daily;
	if (is_taken(verdict) && verdict != HM_ENERGY_RESET)
		hm_energy_settle(e, r, e->pending);
	return verdict;
}

int64_t
hm_energy_total(const struct hm_energy *e)
{
	return e->total;
}
