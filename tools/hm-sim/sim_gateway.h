#ifndef HM_SIM_GATEWAY_H
#define HM_SIM_GATEWAY_H

#include "sim_hybrid_view.h"

/*
 * A gateway, without sockets: its hybrid inverters, and what each was told.
 * Both protocols of gateways read and set the same model.
 */

struct hm_sim_gateway;

/*
 * The gateway with a number, from 0. `speed` is that of the simulated time.
 * NULL if there is no memory. The house is borrowed. Freed by
 * hm_sim_gateway_free.
 */
struct hm_sim_gateway *hm_sim_gateway_new(const struct hm_sim_house *house,
    size_t index, int64_t speed);
void hm_sim_gateway_free(struct hm_sim_gateway *gateway);

const struct hm_sim_house *hm_sim_gateway_house(
    const struct hm_sim_gateway *gateway);

/* Serial numbers; their hex digits are on the labels. */
int64_t hm_sim_gateway_serial(const struct hm_sim_gateway *gateway);
int64_t hm_sim_gateway_inverter_serial(const struct hm_sim_gateway *gateway,
    size_t inverter);
int64_t hm_sim_gateway_meter_serial(const struct hm_sim_gateway *gateway);
int64_t hm_sim_gateway_charger_serial(const struct hm_sim_gateway *gateway,
    size_t inverter);

/* False if no inverter has this serial number. */
bool hm_sim_gateway_find(const struct hm_sim_gateway *gateway, int64_t serial,
    size_t *inverter);

/* Let the time of all inverters go on, and orders that are due act. */
void hm_sim_gateway_advance(struct hm_sim_gateway *gateway,
    const struct hm_sim_time *time);

/*
 * The readings to send, with the faults that change them: HM_SIM_STALE,
 * HM_SIM_ZEROS, HM_SIM_FLAT. *wall is the time that they are of. Valid until
 * the next call for the inverter.
 */
const struct hm_sim_hybrid_view *hm_sim_gateway_show(
    struct hm_sim_gateway *gateway, size_t inverter,
    const struct hm_sim_time *time, uint64_t faults, int64_t *wall);

/* The model behind the readings. */
const struct hm_sim_hybrid *hm_sim_gateway_inverter(
    const struct hm_sim_gateway *gateway, size_t inverter);

/* What an inverter has been told last; it may not act yet. */
const struct hm_sim_settings *hm_sim_gateway_told(
    const struct hm_sim_gateway *gateway, size_t inverter);

/*
 * Tell an inverter other settings: they act after HM_SIM_ORDER_MS. The faults
 * HM_SIM_ORDER_SLOW and HM_SIM_ORDER_LIED act here.
 */
void hm_sim_gateway_tell(struct hm_sim_gateway *gateway, size_t inverter,
    const struct hm_sim_settings *settings, const struct hm_sim_time *time,
    uint64_t faults);

/* What all inverters take from the grid, in 0.1 W; below 0 they give. */
int64_t hm_sim_gateway_grid(const struct hm_sim_gateway *gateway);

#endif
