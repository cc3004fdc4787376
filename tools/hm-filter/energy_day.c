#include "energy.h"
#include "energy_private.h"

/* How long a clock must show an earlier day before that day is accepted. */
#define BACK_SECONDS (6 * HM_ENERGY_HOUR)
#define DAWN_WH 20

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
	if (day < 0 || !hm_energy_is_time(day) || !hm_energy_is_time(time))
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
	    r->today > hm_energy_allowance(HM_ENERGY_A_DAY,
	    r->inverter_watts))
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
	else if (e->tries >= HM_ENERGY_TRIES)
		settle(e, -1);
	e->device_base = base;
}

void
hm_energy_settle(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t total)
{
	int64_t base;

	e->before = hm_energy_lower(e->before, total);
	if (e->began >= 0)
		return;
	base = device_base(r, total);
	if (e->first < 0)
		e->first_time = r->time;
	e->first = e->first < 0 ? total : hm_energy_lower(e->first, total);
	if (e->before >= 0 && e->first_time - e->before_time <= HM_ENERGY_GAP)
		settle_without_gap(e, r, base);
	else
		settle_after_gap(e, r, base);
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
