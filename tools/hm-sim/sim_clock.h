#ifndef HM_SIM_CLOCK_H
#define HM_SIM_CLOCK_H

#include "sim_day.h"
#include "sim_sun.h"

/*
 * The two clocks of hm-sim: DTUs send the wall clock, and the sun follows
 * simulated time, which may run faster. Between two refreshes both stand still,
 * as the readings of a DTU do.
 */

struct hm_sim_time {
	int64_t ms;        /* since the start; does not stand still */
	int64_t refresh;   /* number of the refresh, from 0 */
	int64_t wall;      /* s since 1970 */
	int64_t began;     /* wall clock at the start */
	int64_t simulated; /* s; midnight is a multiple of 86400 */
	struct hm_sim_sun sun;
	struct hm_sim_sun reset; /* at the last reset of the day's counters */
	bool has_load;           /* from a file; else it is constant */
	int64_t load;            /* 0.1 W, of the household */
};

struct hm_sim_clock {
	int64_t start; /* simulated s at the start */
	int64_t reset; /* as in hm_sim_clock_start */
	int64_t speed; /* simulated s per second */
	int64_t refresh_ms;
	int64_t began_ms;
	const struct hm_sim_day *day; /* borrowed; NULL: a sun without clouds */
	struct hm_sim_time now;
};

#define HM_SIM_RESET_NEVER (-1) /* except at sunrise before the start */

/*
 * `start`, and `reset` of the counters of the day, are times of the day in s;
 * `refresh_ms` is a duration, `ms` the monotonic clock, `wall` s since 1970.
 */
void hm_sim_clock_start(struct hm_sim_clock *clock, int64_t start,
    int64_t reset, int64_t speed, int64_t refresh_ms, int64_t ms,
    int64_t wall);

/*
 * Take the power of the sun and the load from a day. Energies stay those of
 * the sun without it.
 */
void hm_sim_clock_follow(struct hm_sim_clock *clock,
    const struct hm_sim_day *day);

/* The time at `ms` and `wall`. Borrowed until the next call. */
const struct hm_sim_time *hm_sim_clock_read(struct hm_sim_clock *clock,
    int64_t ms, int64_t wall);

#endif
