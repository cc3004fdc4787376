#ifndef HM_SIM_RANDOM_H
#define HM_SIM_RANDOM_H

#include <stdint.h>

/*
 * Random numbers without a state: the same on every machine for the same seed,
 * purpose, place and moment.
 */

/* The purposes of random numbers; each has its own sequence. */
enum hm_sim_purpose {
	HM_DRAW_SERIAL,
	HM_DRAW_PANEL,
	HM_DRAW_TOTAL,
	HM_DRAW_HOUSE,
	HM_DRAW_IMPORT,
	HM_DRAW_EXPORT,
	HM_DRAW_VOLTAGE,
	HM_DRAW_FREQUENCY,
	HM_DRAW_TEMPERATURE,
	HM_DRAW_PV_VOLTAGE,
	HM_DRAW_METER,
	HM_DRAW_WEATHER,
	HM_DRAW_CLOUD,
	HM_DRAW_APPLIANCE,
	HM_DRAW_HEALTH,
	HM_DRAW_CELL,
	HM_DRAW_LEAKAGE,
	HM_DRAW_COUNTER,
};

/* A number from 0 to `range` - 1. */
int64_t hm_sim_random(uint64_t seed, enum hm_sim_purpose what, uint64_t place,
    int64_t moment, int64_t range);

/*
 * A serial number: the digits of a model, and eight decimal digits that differ
 * from place to place. Its hex digits are those of the label: 0x116172207281.
 */
int64_t hm_sim_random_serial(uint64_t seed, int64_t prefix, uint64_t place);

#endif
