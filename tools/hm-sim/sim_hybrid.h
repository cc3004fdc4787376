#ifndef HM_SIM_HYBRID_H
#define HM_SIM_HYBRID_H

#include "sim_dispatch.h"
#include "sim_household.h"

/*
 * A simulated hybrid inverter with its panels, its battery and its part of the
 * house. Its state is that of a simulated time: the flows of power are computed
 * again every HM_SIM_STEP seconds and stand still in between, so that energies
 * are exact integrals, whenever the state is read. Powers are in 0.1 W,
 * energies in 0.1 Ws.
 */

#define HM_SIM_STEP 10       /* s */
#define HM_SIM_PHASES_MAX 3
#define HM_SIM_WATT_HOUR 36000 /* 0.1 Ws in one */
#define HM_SIM_KWH_TENTH ((int64_t)100 * HM_SIM_WATT_HOUR)

/* What is counted. Those with a name of a string or phase stand in a row. */
enum hm_sim_count {
	HM_SIM_COUNT_PV,
	HM_SIM_COUNT_EXTERNAL = HM_SIM_COUNT_PV + HM_SIM_STRINGS,
	HM_SIM_COUNT_GENERATOR,
	HM_SIM_COUNT_CHARGED,
	HM_SIM_COUNT_DISCHARGED,
	HM_SIM_COUNT_IMPORT,
	HM_SIM_COUNT_EXPORT = HM_SIM_COUNT_IMPORT + HM_SIM_PHASES_MAX,
	HM_SIM_COUNT_LOAD = HM_SIM_COUNT_EXPORT + HM_SIM_PHASES_MAX,
	HM_SIM_COUNT_LOSSES = HM_SIM_COUNT_LOAD + HM_SIM_PHASES_MAX,
	HM_SIM_COUNT_UNSERVED,
	HM_SIM_COUNT_PV_TO_LOAD,
	HM_SIM_COUNT_PV_TO_BATTERY,
	HM_SIM_COUNT_PV_TO_GRID,
	HM_SIM_COUNT_BATTERY_TO_LOAD,
	HM_SIM_COUNT_BATTERY_TO_GRID,
	HM_SIM_COUNT_GRID_TO_LOAD,
	HM_SIM_COUNT_HEATER,
	HM_SIM_COUNT_CHARGER, /* of cars: since it was plugged in */
	HM_SIM_COUNTS
};

struct hm_sim_hybrid {
	const struct hm_sim_house *house; /* borrowed */
	uint64_t place;
	struct hm_sim_settings settings; /* those that act */
	int64_t time;     /* simulated s */
	bool stale; /* the settings have changed since the last step */
	bool generator_on, charger_on;
	struct hm_sim_flows flows;
	int64_t power[HM_SIM_COUNTS]; /* what is being counted */
	int64_t today[HM_SIM_COUNTS];
	int64_t total[HM_SIM_COUNTS]; /* since the start */
	int64_t before; /* in the battery at the start */
	int64_t heater, charger; /* power of parts of the load */
	int64_t session; /* s since the charger was plugged in */
};

/* Start at the midnight before the first sunrise. */
void hm_sim_hybrid_start(struct hm_sim_hybrid *h,
    const struct hm_sim_house *house, uint64_t place);

/* Go on to a simulated time in s; an earlier one changes nothing. */
void hm_sim_hybrid_advance(struct hm_sim_hybrid *h, int64_t time);

/* Let other settings act, from the time that the inverter has got to. */
void hm_sim_hybrid_set(struct hm_sim_hybrid *h,
    const struct hm_sim_settings *settings);

/* What is in the battery, in 0.1 Ws, and its share in 0.1 %. */
int64_t hm_sim_hybrid_stored(const struct hm_sim_hybrid *h);
int64_t hm_sim_hybrid_charge(const struct hm_sim_hybrid *h);

/* The highest power of the battery in both directions; 0 if there is none. */
int64_t hm_sim_hybrid_battery_most(const struct hm_sim_hybrid *h);

/*
 * A counter of life in 0.1 kWh: it had counted before the start. `index` is a
 * count, or that of a string or phase behind it.
 */
int64_t hm_sim_hybrid_total(const struct hm_sim_hybrid *h, size_t index);

/* The sum of a count that has one for each of n strings or phases. */
int64_t hm_sim_hybrid_sum(const int64_t counts[HM_SIM_COUNTS],
    enum hm_sim_count first, size_t n);

#endif
