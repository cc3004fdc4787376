#ifndef HM_SIM_DAY_H
#define HM_SIM_DAY_H

#include <stdint.h>

/*
 * A day of a household, second by second, from a file: what the household
 * takes, and how much of the full sun there is. It is the same each day.
 */

#define HM_SIM_DAY 86400 /* s */

struct hm_sim_day {
	int32_t load[HM_SIM_DAY];  /* 0.1 W */
	int32_t share[HM_SIM_DAY]; /* of the sun, of HM_SIM_SUN_FULL */
};

/*
 * Read a file of lines "SECOND WATTS PERCENT": what holds from that second of
 * the day on. The seconds rise from 0. NULL, logged, if it cannot be read.
 * The caller frees it.
 */
struct hm_sim_day *hm_sim_day_read(const char *path);

#endif
