#ifndef HM_SIM_PLANT_H
#define HM_SIM_PLANT_H

#include <stddef.h>

#include "sim_clock.h"

/*
 * The simulated plant: DTUs that have the same number of inverters and inputs.
 * It has no state: serial numbers and readings are computed from the seed, the
 * place in the plant and the time. All readings are in the units of the wire
 * (docs/protocol.md).
 */

struct hm_sim_plant {
	uint64_t seed;
	size_t inverters; /* of a DTU */
	size_t ports;    /* of an inverter: 1, 2 or 4; on three phases 4, 6 */
	size_t phases;    /* 1 or 3 */
	bool is_mi;       /* the series before HM; on one phase only */
	bool is_hms_w;    /* HMS with a DTU inside; on one phase, 2 inputs */
	bool meter;       /* whether each DTU has one */
	bool half_wired;  /* of two inputs one has both panels */
	bool extras;      /* each has a repeater and a rapid shutdown device */
};

#define HM_SIM_PLANT_PHASES 3

struct hm_sim_plant_port {
	int32_t voltage, current, power;
	int64_t today, total; /* Wh */
};

/* Voltage and current of phases A, B, C; a single-phase one has the first. */
struct hm_sim_plant_inverter {
	int32_t voltage[HM_SIM_PLANT_PHASES], line[HM_SIM_PLANT_PHASES];
	int32_t current[HM_SIM_PLANT_PHASES];
	int32_t frequency, active_power, reactive_power, power_factor;
	int32_t temperature;
};

struct hm_sim_plant_meter {
	int32_t power, power_factor;
	int32_t exported, imported;
	int32_t phase_power, phase_exported, phase_imported;
	int32_t voltage[HM_SIM_PLANT_PHASES], current[HM_SIM_PLANT_PHASES];
};

/* Serial numbers begin with the digits of a real model. */
enum hm_sim_plant_dtu_kind {
	HM_SIM_PLANT_DTU_MODBUS,    /* DTU-Pro */
	HM_SIM_PLANT_DTU_PLAIN,     /* DTU-Pro */
	HM_SIM_PLANT_DTU_ENCRYPTED, /* DTU-Pro-S */
	HM_SIM_PLANT_DTU_BUILT_IN,  /* in an HMS-...W-2T */
};

int64_t hm_sim_plant_dtu_serial(const struct hm_sim_plant *plant, size_t dtu,
    enum hm_sim_plant_dtu_kind kind);
int64_t hm_sim_plant_inverter_serial(const struct hm_sim_plant *plant,
    size_t dtu, size_t inverter);
int64_t hm_sim_plant_meter_serial(const struct hm_sim_plant *plant, size_t dtu);

/*
 * The part number of the inverters' model in device information; 0 if it is not
 * known.
 */
int32_t hm_sim_plant_hardware_part(const struct hm_sim_plant *plant);

/* What each inverter is rated for, in 0.1 W. */
int64_t hm_sim_plant_rated(const struct hm_sim_plant *plant);

/*
 * Readings. At night the electrical ones are 0; the day counter of an input
 * keeps its value until it is reset.
 */
void hm_sim_plant_read_port(const struct hm_sim_plant *plant, size_t dtu,
    size_t inverter, size_t port, const struct hm_sim_time *time,
    struct hm_sim_plant_port *out);
void hm_sim_plant_read_inverter(const struct hm_sim_plant *plant, size_t dtu,
    size_t inverter, const struct hm_sim_time *time,
    struct hm_sim_plant_inverter *out);
void hm_sim_plant_read_meter(const struct hm_sim_plant *plant, size_t dtu,
    const struct hm_sim_time *time, struct hm_sim_plant_meter *out);

/* What the household takes from the grid, in 0.1 W; below 0 it gives. */
int64_t hm_sim_plant_grid(const struct hm_sim_plant *plant, size_t dtu,
    const struct hm_sim_time *time);

/* Sums over the inputs of a DTU: peak power (0.1 W) and counters (Wh). */
int64_t hm_sim_plant_dtu_peak(const struct hm_sim_plant *plant, size_t dtu);
void hm_sim_plant_dtu_energy(const struct hm_sim_plant *plant, size_t dtu,
    const struct hm_sim_time *time, int64_t *today, int64_t *total);

#endif
