#include "energy.h"

#define SECONDS_AN_HOUR ((int64_t)3600)
#define SECONDS_A_DAY ((int64_t)86400)

/* A DTU reads an inverter every few minutes, and sometimes fails. */
#define REFRESH_SECONDS ((int64_t)15 * 60)
#define MARGIN_WH 2 /* counters are whole Wh */
/* Bounds that keep all arithmetic far from overflow. */
#define WATTS_MAX 100000
#define ELAPSED_MAX ((int64_t)20 * 366 * SECONDS_A_DAY)
#define WH_MAX ((int64_t)1000000000000)
#define LIFETIME_HOURS ((int64_t)30 * 366 * 24)
#define TIME_MAX ((int64_t)1000000000000)

/* How long a clock must show an earlier day before that day is accepted. */
#define BACK_SECONDS (6 * SECONDS_AN_HOUR)
/*
 * Refused readings that agree are accepted: after this many, over this time, as
 * a counter that was reset.
 */
#define DOUBTS 10
#define DOUBT_SECONDS SECONDS_A_DAY
/* The same for a claim: energy that the whole inverter can have produced. */
#define CLAIMS 3
#define CLAIM_SECONDS REFRESH_SECONDS
/*
 * A counter of 16 bits that wraps falls by 65536. If it also skips more than a
 * quarter of that, it cannot be told from one that was reset.
 */
#define WRAP_WH 65536
#define WRAP_GROWTH_MAX (WRAP_WH / 4)
/*
 * Readings after which the start of a day is final without the device's
 * counter.
 */
#define TRIES 5
/* Two days' readings within this time have no gap between them. */
#define GAP_SECONDS SECONDS_AN_HOUR
#define DAWN_WH 20

void
hm_energy_init(struct hm_energy *e)
{
#define ENERGY(name, initial, help) e->name = initial;
#include "db/energy.def"
#undef ENERGY
}

static int64_t
lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
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

static bool
is_time(int64_t time)
{
	return time >= -TIME_MAX && time <= TIME_MAX;
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
	    is_time(e->total_time) && is_time(e->pending_time) &&
	    is_time(e->before_time) && is_time(e->first_time) &&
	    is_time(e->doubt_since) && is_time(e->doubt_time) &&
	    is_time(e->back_since) && is_time(e->excluded_since) &&
	    is_time(e->day) && e->day >= -1 &&
	    is_time(e->left_day) && e->left_day >= -1 &&
	    e->tries >= 0 && e->tries <= TRIES &&
	    e->doubts >= 0 && e->doubts <= TIME_MAX;
}

/* The most that can be produced in a time: 3/2 of the rated power. */
static int64_t
allowance(int64_t seconds, int64_t watts)
{
	return clamp(watts, 1, WATTS_MAX) *
	    (clamp(seconds, 0, ELAPSED_MAX) + REFRESH_SECONDS) * 3 /
	    (2 * SECONDS_AN_HOUR) + MARGIN_WH;
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
	time = clamp(time, -TIME_MAX, TIME_MAX);
	since_total = e->total + allowance(time - e->total_time, watts);
	/* The total may be a dip that was good because a gap came before it. */
	since_pending = e->pending + allowance(time - e->pending_time, watts);
	return since_total > since_pending ? since_total : since_pending;
}

/* Days */

static void
begin_day(struct hm_energy *e, int64_t day)
{
	e->day = day;
	e->before = e->pending;
	e->before_time = e->pending_time;
	e->began = e->first = e->device_base = -1;
	e->tries = 0;
}

/*
 * A clock that went back and returns to the day that it left does not begin
 * that day twice.
 */
static void
later_day(struct hm_energy *e, int64_t day)
{
	if (e->day >= 0 && day == e->left_day && day > e->day + 1)
		e->day = day;
	else
		begin_day(e, day);
	if (day >= e->left_day)
		e->left_day = -1;
	e->back_since = -1;
}

void
hm_energy_day(struct hm_energy *e, int64_t day, int64_t time)
{
	if (day < 0 || !is_time(day) || !is_time(time))
		return;
	if (e->day < 0 || day > e->day) {
		later_day(e, day);
	} else if (day >= e->day - 1) {
		e->back_since = -1;
	} else if (e->back_since < 0 || time < e->back_since) {
		e->back_since = time;
	} else if (time - e->back_since >= BACK_SECONDS) {
		if (e->left_day < 0)
			e->left_day = e->day;
		e->day = day;
		e->back_since = -1;
	}
}

/*
 * After a gap the day begins at the device's base, if the device has reset its
 * counter of the day since the previous day's last reading. Otherwise it begins
 * at that reading, or if energy may be missing in between, at the day's first
 * reading.
 */
static void
settle(struct hm_energy *e, int64_t device_base)
{
	if (device_base >= 0 && device_base >= e->before &&
	    device_base <= e->first)
		e->began = device_base;
	else if (e->before >= 0 && e->first - e->before <= DAWN_WH)
		e->began = e->before;
	else
		e->began = e->first;
}

/* The total at which the device's day began, or -1. */
static int64_t
device_base(const struct hm_energy_reading *r, int64_t total)
{
	if (r->today < 0 || r->today > total ||
	    r->today > allowance(SECONDS_A_DAY, r->inverter_watts))
		return -1;
	return total - r->today;
}

/*
 * Readings before and after the start of the day, with no gap: it began at the
 * one before, or at the device's base if that is later and the next reading
 * confirms it. Until then nothing is shown that this could lower.
 */
static void
settle_without_gap(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t base)
{
	bool between = r->awake && base >= e->before && base <= e->first;

	if (between && e->device_base < 0)
		e->device_base = base;
	else if (between && base == e->device_base)
		e->began = base;
	else
		e->began = e->before;
}

/*
 * After a gap the start of the day comes from the device's counter of the day,
 * when two readings agree: the counters of a sleeping inverter may be
 * yesterday's.
 */
static void
settle_after_gap(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t base)
{
	if (!r->awake)
		return;
	e->tries++;
	if (base >= 0 && base == e->device_base)
		settle(e, base);
	else if (e->tries >= TRIES)
		settle(e, -1);
	e->device_base = base;
}

/* Find the total at which the day began. */
static void
settle_day(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t total)
{
	int64_t base = device_base(r, total);

	e->before = lower(e->before, total);
	if (e->began >= 0)
		return;
	if (e->first < 0)
		e->first_time = r->time;
	e->first = e->first < 0 ? total : lower(e->first, total);
	if (e->before >= 0 && e->first_time - e->before_time <= GAP_SECONDS)
		settle_without_gap(e, r, base);
	else
		settle_after_gap(e, r, base);
}

/* Totals */

/* A first reading can be compared only with the next reading. */
static enum hm_energy_verdict
meet(struct hm_energy *e, const struct hm_energy_reading *r, int64_t total)
{
	bool agree = e->pending >= 0 && total >= e->pending &&
	    total - e->pending <=
	    allowance(r->time - e->pending_time, r->inverter_watts);

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
	if (total < e->before && r->time - e->before_time > GAP_SECONDS) {
		e->before = e->total;
		e->before_time = e->total_time;
	}
	e->total_time = total <= e->pending ? r->time : e->pending_time;
	e->total = lower(e->pending, total);
	/* No day begins above one of its good readings. */
	e->began = lower(e->began, total);
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

	return growth >= 0 && (wrap == 0 || growth <= WRAP_GROWTH_MAX) &&
	    growth <= allowance(e->doubt_since - e->total_time,
	    r->inverter_watts);
}

/*
 * After a gap a claim may begin, although refused readings before it agree: if
 * these were impossible, a glitch, the true ones would never be accepted.
 */
static bool
begins_claim(const struct hm_energy *e, const struct hm_energy_reading *r)
{
	int64_t growth = r->total + e->shift - e->total;

	return r->time - e->doubt_time > GAP_SECONDS && growth >= 0 &&
	    !is_possible(e, r, 0) &&
	    growth <= allowance(r->time - e->total_time, r->inverter_watts);
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
	    r->total - e->doubt_last <=
	    allowance(r->time - e->doubt_time, r->inverter_watts) &&
	    !begins_claim(e, r);

	if (!agrees) {
		e->doubts = 0;
		e->doubt_since = r->time;
		e->doubt_first = r->total;
	}
	e->doubts++;
	e->doubt_last = r->total;
	e->doubt_time = r->time;
}

/* Whether refused readings agree and rise for long enough. */
static bool
is_confirmed(const struct hm_energy *e, int64_t count, int64_t seconds)
{
	return e->doubts >= count && e->doubt_last > e->doubt_first &&
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
	int64_t wrap = verdict == HM_ENERGY_FALL ? WRAP_WH : 0;
	struct hm_energy before = *e;

	/* A reading older than the last one is from a replayed stream. */
	if (!r->awake || r->time < e->pending_time)
		return verdict;
	count_doubt(e, r);
	if (is_confirmed(e, CLAIMS, CLAIM_SECONDS) &&
	    is_possible(e, r, wrap) && accept_claim(e, r, wrap, &before))
		return wrap > 0 ? HM_ENERGY_WRAP : HM_ENERGY_GOOD;
	if (is_confirmed(e, DOUBTS, DOUBT_SECONDS) &&
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
	if (total < e->total)
		return doubt(e, r, HM_ENERGY_FALL);
	if (total > WH_MAX || total > hm_energy_limit(e, r->time, r->watts))
		return doubt(e, r, HM_ENERGY_SPIKE);
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
	    is_impossible(r) || !is_time(r->time) ||
	    r->time < e->pending_time || total < e->pending || total > WH_MAX ||
	    total > hm_energy_limit(e, r->time, r->watts))
		return false;
	e->pending = total;
	e->pending_time = r->time;
	return true;
}

enum hm_energy_verdict
hm_energy_read(struct hm_energy *e, const struct hm_energy_reading *r)
{
	enum hm_energy_verdict verdict;

	/* A lifetime total of 0 Wh means that the DTU does not know it. */
	if (r->total <= 0 || !is_time(r->time))
		return HM_ENERGY_NONE;
	if (is_impossible(r))
		return HM_ENERGY_SPIKE;
	verdict = take_total(e, r, r->total + e->shift);
	if (verdict == HM_ENERGY_GOOD || verdict == HM_ENERGY_WRAP)
		settle_day(e, r, e->pending);
	return verdict;
}

int64_t
hm_energy_total(const struct hm_energy *e)
{
	return e->total;
}

int64_t
hm_energy_today(const struct hm_energy *e)
{
	if (e->total < 0)
		return -1;
	if (e->began >= 0)
		return e->total > e->began ? e->total - e->began : 0;
	return e->before >= 0 ? 0 : -1;
}
