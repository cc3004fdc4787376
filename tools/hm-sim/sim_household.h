#ifndef HM_SIM_HOUSEHOLD_H
#define HM_SIM_HOUSEHOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "sim_day.h"
#include "sim_mode.h"

/*
 * Houses with hybrid inverters: what each is built of, and the sun and the load
 * at a moment. Computed from the seed and the time, without a state. Each
 * inverter has its own panels, its own battery and its own part of the house.
 */

#define HM_SIM_STRINGS 4 /* of panels, at most */

struct hm_sim_house {
	uint64_t seed;
	size_t inverters; /* of a gateway */
	size_t strings;   /* of an inverter: 1, 2 or 4 */
	size_t phases;    /* 1 or 3 */
	int64_t capacity; /* of a battery, Wh; 0: there is none */
	int64_t charge;   /* of it at the first midnight, percent */
	bool generator;   /* which runs when the grid is not there */
	bool extras; /* another PV inverter, a heater, a charger of cars */
	enum hm_working_mode mode; /* at the start */
	int64_t reset; /* of the counters of the day, s of the day; below 0:
	                  never */
	const struct hm_sim_day *day; /* borrowed; NULL: computed */
};

/* A number of an inverter among those of all gateways. */
uint64_t hm_sim_house_place(const struct hm_sim_house *house, size_t gateway,
    size_t inverter);

/* What an inverter is rated for, in 0.1 W. */
int64_t hm_sim_house_rated(const struct hm_sim_house *house);

/* The highest power of a string, in 0.1 W. */
int64_t hm_sim_house_peak(const struct hm_sim_house *house, uint64_t place,
    size_t string);

/* Power at a simulated time in s, in 0.1 W: what all strings could give. */
int64_t hm_sim_house_sun(const struct hm_sim_house *house, uint64_t place,
    int64_t time);
/* What the inverter's part of the house takes, without the extras. */
int64_t hm_sim_house_load(const struct hm_sim_house *house, uint64_t place,
    int64_t time);
/* What another PV inverter beside it gives. */
int64_t hm_sim_house_external(const struct hm_sim_house *house,
    uint64_t place, int64_t time);
/* What a charger of cars takes. */
int64_t hm_sim_house_charger(const struct hm_sim_house *house, int64_t time);

/* The share of a phase in the load, of HM_SIM_HOUSE_WHOLE. */
#define HM_SIM_HOUSE_WHOLE 100
int64_t hm_sim_house_share(const struct hm_sim_house *house, size_t phase);

#endif
