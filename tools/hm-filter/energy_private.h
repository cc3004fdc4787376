#ifndef HM_ENERGY_PRIVATE_H
#define HM_ENERGY_PRIVATE_H

#include "energy.h"

/*
 * Shared by energy.c (totals: which readings are good), energy_daily.c
 * (counters of the day: whether one has begun a day) and energy_day.c (at which
 * total a day of hm began).
 */

#define HM_ENERGY_HOUR ((int64_t)3600)
#define HM_ENERGY_A_DAY ((int64_t)86400)
/* Bounds times, so that no sum of them overflows. */
#define HM_ENERGY_TIME_MAX ((int64_t)1000000000000)
/* Two days' readings within this time have no gap between them. */
#define HM_ENERGY_GAP HM_ENERGY_HOUR
/* A DTU reads an inverter every few minutes, and sometimes fails. */
#define HM_ENERGY_REFRESH_SECONDS ((int64_t)15 * 60)
/*
 * Refused readings that agree are accepted after this many, over this time, if
 * the whole inverter can have produced the energy.
 */
#define HM_ENERGY_CLAIMS 3
#define HM_ENERGY_CLAIM_SECONDS HM_ENERGY_REFRESH_SECONDS
/* Bounds that keep all arithmetic far from overflow. */
#define HM_ENERGY_WATTS_MAX 100000
#define HM_ENERGY_ELAPSED_MAX ((int64_t)20 * 366 * HM_ENERGY_A_DAY)
/*
 * Readings after which the start of a day is final without the device's
 * counter.
 */
#define HM_ENERGY_TRIES 5

static inline int64_t
hm_energy_lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline bool
hm_energy_is_time(int64_t time)
{
	return time >= -HM_ENERGY_TIME_MAX && time <= HM_ENERGY_TIME_MAX;
}

static inline int64_t
hm_energy_clamp(int64_t x, int64_t min, int64_t max)
{
	return x < min ? min : x > max ? max : x;
}

/* What the device's counter showed in the last good reading. */
static inline int64_t
hm_energy_last_counter(const struct hm_energy *e)
{
	return e->pending - e->shift;
}

/* The most that can be produced in a time: 3/2 of the rated power. */
int64_t hm_energy_allowance(int64_t seconds, int64_t watts);

/*
 * Find the total at which the day began, from a good reading, whose total is
 * the pending one.
 */
void hm_energy_settle(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t total);

/*
 * Counters of the day: the most that is made in a time, with a step of the
 * counter at both ends.
 */
int64_t hm_energy_made_in(int64_t seconds, const struct hm_energy_reading *r);

/*
 * A last reading before a new day that is too high for its time may be a spike:
 * no reading of that day will confirm it any more.
 */
void hm_energy_drop_spike(struct hm_energy *e,
    const struct hm_energy_reading *r);

/*
 * Whether a counter of the day was below what is shown in the last readings,
 * for as long as it takes to confirm that it has begun a day.
 */
bool hm_energy_stays_below(const struct hm_energy *e,
    const struct hm_energy_reading *r);

/*
 * Whether such a counter goes on from those readings, also above the energy of
 * the day before, as one does that has begun a day. What comes back from a dip
 * jumps.
 */
bool hm_energy_goes_on(const struct hm_energy *e,
    const struct hm_energy_reading *r);

/* The verdict of a reading below the shown total, before it is confirmed. */
enum hm_energy_verdict hm_energy_fallen(const struct hm_energy *e,
    const struct hm_energy_reading *r);

/*
 * A counter of the day has begun one, and was in the state `before`: note when,
 * if there was no gap, so that the next resets are known.
 */
void hm_energy_note_reset(struct hm_energy *e,
    const struct hm_energy_reading *r, const struct hm_energy *before);

/*
 * Whether a counter of the day that has not fallen has begun a day all the
 * same, because the time of its reset has passed since the last good reading,
 * or a whole day.
 */
bool hm_energy_missed_reset(const struct hm_energy *e,
    const struct hm_energy_reading *r);

#endif
