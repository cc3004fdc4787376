#include "energy.h"

#include "energy_private.h"

#define MARGIN_WH 2 /* counters are whole Wh */
/* Bounds that keep all arithmetic far from overflow. */
#define WH_MAX ((int64_t)1000000000000)
#define LIFETIME_HOURS ((int64_t)30 * 366 * 24)
/*
 * Refused readings that agree are accepted: after this many, over this time, as
 * a counter that was reset.
 */
#define DOUBTS 10
#define DOUBT_SECONDS HM_ENERGY_A_DAY
/*
 * A counter of 16 bits that wraps falls by 65536. If it also skips more than a
 * quarter of that, it cannot be told from one that was reset.
 */
#define WRAP_WH 65536
#define WRAP_GROWTH_MAX (WRAP_WH / 4)

void
hm_energy_init(struct hm_energy *e)
{
#define ENERGY(name, initial, help) e->name = initial;
#include "db/energy.def"
#undef ENERGY
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
	    hm_energy_is_time(e->reset_at) &&
	    hm_energy_is_time(e->day) && e->day >= -1 &&
	    hm_energy_is_time(e->left_day) && e->left_day >= -1 &&
	    (e->daily == 0 || e->daily == 1) &&
	    e->tries >= 0 && e->tries <= HM_ENERGY_TRIES &&
	    e->doubts >= 0 && e->doubts <= HM_ENERGY_TIME_MAX;
}

int64_t
hm_energy_allowance(int64_t seconds, int64_t watts)
{
	return hm_energy_clamp(watts, 1, HM_ENERGY_WATTS_MAX) *
	    (hm_energy_clamp(seconds, 0, HM_ENERGY_ELAPSED_MAX) +
	    HM_ENERGY_REFRESH_SECONDS) * 3 / (2 * HM_ENERGY_HOUR) + MARGIN_WH;
}

/* The highest possible lifetime counter of a port of an inverter. */
static int64_t
lifetime(int64_t watts)
{
	return hm_energy_clamp(watts, 1, HM_ENERGY_WATTS_MAX) *
	    LIFETIME_HOURS * 3 / 2;
}

int64_t
hm_energy_limit(const struct hm_energy *e, int64_t time, int64_t watts)
{
	int64_t since_total, since_pending;

	if (e->total < 0)
		return lifetime(watts);
	time = hm_energy_clamp(time, -HM_ENERGY_TIME_MAX, HM_ENERGY_TIME_MAX);
	since_total = e->total +
	    hm_energy_allowance(time - e->total_time, watts);
	/* The total may be a dip that was good because a gap came before it. */
	since_pending = e->pending +
	    hm_energy_allowance(time - e->pending_time, watts);
	return since_total > since_pending ? since_total : since_pending;
}

static void
show_pending(struct hm_energy *e)
{
	e->total = e->pending;
	e->total_time = e->pending_time;
}

/* A first reading can be compared only with the next reading. */
static enum hm_energy_verdict
meet(struct hm_energy *e, const struct hm_energy_reading *r, int64_t total)
{
	bool agree = e->pending >= 0 && total >= e->pending &&
	    total - e->pending <=
	    hm_energy_allowance(r->time - e->pending_time, r->inverter_watts);

	if (agree) {
		show_pending(e);
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

/* What a counter that fell for good lacks from then on. */
static int64_t
wrap_of(const struct hm_energy *e, const struct hm_energy_reading *r,
    enum hm_energy_verdict verdict)
{
	if (verdict == HM_ENERGY_WAIT)
		return hm_energy_last_counter(e);
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

	return r->daily && r->total > hm_energy_last_counter(e) / 2 &&
	    r->total + e->shift < e->total ? hm_energy_made_in(seconds, r) :
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

	agrees |= hm_energy_goes_on(e, r);

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
	/*
	 * A day is over whose last reading nothing will confirm. That is not
	 * left to the energy of the next day, which may not come for weeks.
	 */
	if (verdict == HM_ENERGY_WAIT && hm_energy_stays_below(e, r))
		show_pending(e);
	if (!is_other_counter(e, r) &&
	    is_confirmed(e, r, HM_ENERGY_CLAIMS, HM_ENERGY_CLAIM_SECONDS) &&
	    is_possible(e, r, wrap) && accept_claim(e, r, wrap, &before)) {
		if (wrap == 0)
			return HM_ENERGY_GOOD;
		hm_energy_note_reset(e, r, &before);
		return r->daily ? HM_ENERGY_NEW_DAY : HM_ENERGY_WRAP;
	}
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
	if (r->daily && (total < e->total || hm_energy_missed_reset(e, r)))
		hm_energy_drop_spike(e, r);
	if (total < e->total || hm_energy_goes_on(e, r))
		return doubt(e, r, hm_energy_fallen(e, r));
	if (hm_energy_missed_reset(e, r))
		return doubt(e, r, HM_ENERGY_WAIT);
	if (total > WH_MAX || hm_energy_stays_below(e, r) ||
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
