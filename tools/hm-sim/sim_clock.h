#ifndef HM_SIM_CLOCK_H
#define HM_SIM_CLOCK_H

#include "sim_sun.h"

/*
 * The two clocks of hm-sim: a DTU shows the wall clock, and the sun follows
 * simulated time, which may run faster. Both stand still between two refreshes,
 * as a DTU's readings do.
 */

struct hm_sim_time {
	int64_t refresh;   /* number of the refresh, from 0 */
	int64_t wall;      /* s since 1970 */
	int64_t began;     /* wall clock at the start */
	int64_t simulated; /* s; midnight is a multiple of 86400 */
	struct hm_sim_sun sun;
	struct hm_sim_sun reset; /* when the day's counters were last reset */
};

struct hm_sim_clock {
	int64_t start; /* simulated s at the start */
	int64_t reset; /* as hm_sim_clock_start has it */
	int64_t speed; /* simulated s in a second */
	int64_t refresh_ms;
	int64_t began_ms;
	struct hm_sim_time now;
};

#define HM_SIM_RESET_NEVER (-1) /* except at sunrise before the start */

/*
 * `start` and `reset`, when the counters of the day are reset, are times of the
 * day in s; `ms` is the monotonic clock.
 */
void hm_sim_clock_start(struct hm_sim_clock *clock, int64_t start,
    int64_t reset, int64_t speed, int64_t refresh_ms, int64_t ms,
    int64_t wall);

/* The time at a later moment. Borrowed until the next call. */
const struct hm_sim_time *hm_sim_clock_read(struct hm_sim_clock *clock,
    int64_t ms, int64_t wall);

#endif
