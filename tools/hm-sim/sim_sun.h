#ifndef HM_SIM_SUN_H
#define HM_SIM_SUN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The simulated sun rises at 06:00 and sets at 20:00; its power in between is a
 * parabola with its top at 13:00. Power and energy are computed from it in
 * integers, so a counter is the exact integral of the power and never falls.
 */

#define HM_SIM_SUN_RISE 21600
#define HM_SIM_SUN_SET 72000
#define HM_SIM_SUN_DAY (HM_SIM_SUN_SET - HM_SIM_SUN_RISE) /* s of daylight */
#define HM_SIM_SUN_FULL ((int64_t)1000000)        /* share at the top */

struct hm_sim_sun {
	bool up;
	int64_t days;    /* sunrises before the last one */
	int64_t since;   /* s since the last sunrise, 0 .. 86399 */
	int64_t seconds; /* s of daylight since then, 0 .. HM_SIM_SUN_DAY */
	int64_t share;   /* of full power, 0 .. HM_SIM_SUN_FULL */
	int64_t full_ms; /* ms of full power that equal today's energy */
};

/*
 * The sun at a time in s, where 0 is the midnight before the first sunrise.
 * Before that sunrise the sun is as at sunrise.
 */
void hm_sim_sun_at(int64_t time, struct hm_sim_sun *sun);

/* The share of full power, and its integral in ms, after s of daylight. */
int64_t hm_sim_sun_share(int64_t seconds);
int64_t hm_sim_sun_full_ms(int64_t seconds);

/* Energy in Wh of a peak power in 0.1 W over ms of full power. */
int64_t hm_sim_sun_energy(int64_t peak, int64_t full_ms);

#endif
