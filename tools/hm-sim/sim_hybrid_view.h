#ifndef HM_SIM_HYBRID_VIEW_H
#define HM_SIM_HYBRID_VIEW_H

#include "sim_clock.h"
#include "sim_hybrid.h"

/*
 * The readings of a hybrid inverter, as both of its protocols send them:
 * voltages in 0.1 V, currents in 0.01 A (of the battery 0.1 A), powers in W,
 * energies in 0.1 kWh, frequencies in 0.01 Hz. Battery power is above 0 when it
 * is discharged, grid power when it is exported: so it is over Modbus, and no
 * device has shown it of the other protocol (docs/hybrids.md).
 */

struct hm_sim_string_view {
	int64_t voltage, current, power, today, total;
};

struct hm_sim_phase_view {
	int64_t voltage, current, power, reactive;
	int64_t apparent; /* VA */
};

struct hm_sim_grid_view {
	struct hm_sim_phase_view phase;
	int64_t factor; /* 0.01 */
	int64_t today_export, today_import, total_export, total_import;
};

struct hm_sim_load_view {
	struct hm_sim_phase_view phase;
	int64_t today, total;
};

struct hm_sim_inverter_view {
	struct hm_sim_phase_view phase;
	int64_t dc_current; /* mA */
	int64_t dc_voltage; /* 0.1 mV */
	struct hm_sim_phase_view backup;
};

/* Of a generator, or of another PV inverter. */
struct hm_sim_source_view {
	struct hm_sim_phase_view phase;
	int64_t today, total;
};

enum hm_sim_battery_status {
	HM_SIM_BATTERY_STANDBY,
	HM_SIM_BATTERY_CHARGES,
	HM_SIM_BATTERY_DISCHARGES,
};

struct hm_sim_battery_view {
	int64_t type, status, charge, health; /* the last two in % */
	int64_t link;     /* 1: the inverter hears it */
	int64_t capacity; /* 0.1 kWh */
	int64_t voltage, current, power;
	int64_t fine_current; /* 0.01 A */
	int64_t charge_current_most, discharge_current_most; /* 0.1 A */
	int64_t voltage_high, voltage_low; /* at the end of charging and of
	                                      discharging */
	int64_t cell_hottest, cell_coldest, module_hottest, module_coldest;
	int64_t cell_high, cell_low;     /* 0.001 V */
	int64_t module_high, module_low; /* 0.01 V */
	int64_t today_charged, today_discharged;
	int64_t total_charged, total_discharged;
};

struct hm_sim_charger_view {
	int64_t status, voltage, current, power;
	int64_t duration; /* s */
	int64_t energy;   /* Wh */
};

struct hm_sim_hybrid_view {
	size_t strings, phases;
	bool has_battery, has_generator, has_extras, island;
	int64_t status;      /* of the inverter, as register 0 has it */
	int64_t grid_status; /* 1: there is one */
	int64_t external_status; /* 1: there is another PV inverter */
	int64_t frequency, island_frequency;
	int64_t insulation;  /* kOhm */
	int64_t leakage;     /* mA */
	int64_t temperature; /* degrees C */
	struct hm_sim_string_view string[HM_SIM_STRINGS];
	struct hm_sim_grid_view grid[HM_SIM_PHASES_MAX];
	struct hm_sim_load_view load[HM_SIM_PHASES_MAX];
	struct hm_sim_inverter_view inverter[HM_SIM_PHASES_MAX];
	struct hm_sim_source_view generator[HM_SIM_PHASES_MAX];
	struct hm_sim_source_view external[HM_SIM_PHASES_MAX];
	struct hm_sim_battery_view battery;
	struct hm_sim_charger_view charger;
	struct hm_sim_source_view heater;
	/* Sums, and where power goes. */
	int64_t pv_power, load_power, grid_power, generator_power;
	int64_t external_power, inverter_power;
	int64_t pv_to_load, pv_to_battery, pv_to_grid, battery_to_load;
	int64_t battery_to_grid, grid_to_load;
	int64_t today_pv_to_load, today_pv_to_battery, today_pv_to_grid;
	int64_t today_battery_to_load, today_grid_to_load;
	int64_t total_pv_to_load, total_pv_to_battery, total_pv_to_grid;
	int64_t total_battery_to_load, total_grid_to_load;
	int64_t today_pv, today_load, today_import, today_export;
	int64_t today_generator, today_external;
	int64_t total_pv, total_load, total_import, total_export;
	int64_t total_generator, total_external;
};

/*
 * The readings at a time to which the inverter has been advanced. The jitter of
 * voltages and frequency is that of the refresh.
 */
void hm_sim_hybrid_view(const struct hm_sim_hybrid *h,
    const struct hm_sim_time *time, struct hm_sim_hybrid_view *view);

/* Its part of the battery, sim_hybrid_battery.c. */
void hm_sim_hybrid_view_battery(const struct hm_sim_hybrid *h,
    struct hm_sim_hybrid_view *view);

#endif
