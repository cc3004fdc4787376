#ifndef HM_SIM_DISPATCH_H
#define HM_SIM_DISPATCH_H

#include "sim_mode.h"

/*
 * Where the power of a hybrid inverter and its house goes at a moment: what the
 * battery does for a wish, within what battery, inverter and grid can do. Pure.
 * Powers are in 0.1 W.
 *
 * The panels and the battery are on the DC side; the load, the grid, a
 * generator and another PV inverter are on the AC side. The inverter between
 * them loses something in both directions, and needs some power itself. At each
 * moment
 *
 *     pv + discharge + external + generator + import =
 *         load + charge + export + losses
 */

struct hm_sim_supply {
	int64_t pv;        /* DC, what the panels could give */
	int64_t external;  /* AC, of another PV inverter */
	int64_t generator; /* AC, what it can give; 0: it does not run */
	int64_t load;      /* AC, what the house would take */
	int64_t charge_most, discharge_most; /* of the battery, DC */
	int64_t rated;     /* of the inverter, AC */
	int64_t export_most; /* AC */
	bool grid;
};

struct hm_sim_flows {
	int64_t pv, external, generator, load; /* what has become of them */
	int64_t charge, discharge; /* of the battery, DC; one of them is 0 */
	int64_t ac;     /* of the inverter; below 0 it takes power */
	int64_t grid;   /* above 0 it gets power, below 0 it gives */
	int64_t losses;
	int64_t unserved; /* load that got no power */
	/* Parts, on the side where they arrive. */
	int64_t pv_to_load, pv_to_battery, pv_to_grid;
	int64_t battery_to_load, battery_to_grid, grid_to_load;
};

/* AC power that the load lacks beyond the panels; below 0: left over. */
int64_t hm_sim_dispatch_lack(const struct hm_sim_supply *supply);

void hm_sim_dispatch(const struct hm_sim_supply *supply,
    const struct hm_sim_wish *wish, struct hm_sim_flows *flows);

#endif
