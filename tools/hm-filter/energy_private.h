#ifndef HM_ENERGY_PRIVATE_H
#define HM_ENERGY_PRIVATE_H

#include "energy.h"

/*
 * Shared by energy.c (totals: which readings are good) and energy_day.c (at
 * which total a day began).
 */

#define HM_ENERGY_HOUR ((int64_t)3600)
#define HM_ENERGY_A_DAY ((int64_t)86400)
/* Bounds times, so that no sum of them overflows. */
#define HM_ENERGY_TIME_MAX ((int64_t)1000000000000)
/* Two days' readings within this time have no gap between them. */
#define HM_ENERGY_GAP HM_ENERGY_HOUR
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

/* The most that can be produced in a time: 3/2 of the rated power. */
int64_t hm_energy_allowance(int64_t seconds, int64_t watts);

/*
 * Find the total at which the day began, from a good reading, whose total is
 * the pending one.
 */
void hm_energy_settle(struct hm_energy *e, const struct hm_energy_reading *r,
    int64_t total);

#endif
