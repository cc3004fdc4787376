#ifndef HM_SIM_MODE_H
#define HM_SIM_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/working_mode.h"

/*
 * The working modes of a hybrid inverter, and what each wants of the battery at
 * a moment. What a mode does is known of self use, backup and both forced ones,
 * and inferred for the others (docs/hybrids.md). Pure: no clock, no state.
 */

/* Hours of the day, in minutes from midnight; both equal: none. */
struct hm_sim_hours {
	int32_t from, to;
};

#define HM_SIM_HOURS_MAX ((size_t)8)

/* Of the mode "time of use". */
struct hm_sim_tariff {
	struct hm_sim_hours charge, discharge;
	int64_t charge_power, discharge_power; /* percent of the rated one */
	int64_t lowest, highest;               /* percent of the battery */
};

/* Of the mode "economic". */
struct hm_sim_week {
	uint32_t weekdays; /* bits: Monday 1, Tuesday 2 ... Sunday 64 */
	struct hm_sim_hours peak, valley;
};

/* What an inverter has been told. Values may be out of any range. */
struct hm_sim_settings {
	int64_t mode; /* of enum hm_working_mode, or a number that is none */
	/* Percent of the battery: floors, and the aim of a forced charge. */
	int64_t self_use, backup, charge, discharge;
	int64_t charge_power, discharge_power; /* forced; 0.1 % of the rated */
	int64_t highest, lowest; /* percent of the battery, in every mode */
	int64_t export_control;  /* 1: on */
	int64_t export_most;     /* 0.1 % of the rated power */
	int64_t peak_charge;     /* peak shaving: kept in the battery, % */
	int64_t peak_power;      /* W that may come from the grid */
	struct hm_sim_tariff tariff[HM_SIM_HOURS_MAX];
	size_t tariffs;
	struct hm_sim_week week[HM_SIM_HOURS_MAX];
	size_t weeks;
};

/* As a new inverter has them. */
void hm_sim_settings_start(struct hm_sim_settings *settings,
    enum hm_working_mode mode);

/* A moment of an inverter: powers in 0.1 W. */
struct hm_sim_moment {
	int64_t second;  /* of the day */
	int64_t weekday; /* 0: Monday */
	int64_t charge;  /* of the battery, 0.1 % */
	int64_t rated;
	int64_t lack;    /* of AC power for the load, beyond the panels;
	                    below 0: that much is left over */
};

/* What a mode wants. Powers are DC, in 0.1 W. */
struct hm_sim_wish {
	bool grid;         /* whether there is one */
	int64_t charge;    /* with this, also from the grid; 0: no */
	int64_t discharge; /* this, also into the grid; 0: no */
	int64_t allowance; /* from the grid, before the battery helps */
	int64_t floor, ceiling; /* percent */
};

/*
 * Without `charge` and `discharge` the battery takes what is left over, and
 * gives what the load lacks.
 */
void hm_sim_mode_wish(const struct hm_sim_settings *settings,
    const struct hm_sim_moment *moment, struct hm_sim_wish *wish);

#endif
