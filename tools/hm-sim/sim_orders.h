#ifndef HM_SIM_ORDERS_H
#define HM_SIM_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/command.h"
#include "sim_plant.h"

/*
 * The orders that a simulated DTU has got, and what its inverters have made of
 * them: limits, on and off, restarts. Times are in ms since the start of
 * hm-sim. All zeros is a DTU that has got none.
 */

#define HM_SIM_ORDER_MS 3000       /* until the inverters have an order */
#define HM_SIM_ORDER_SLOW_MS 10000 /* under the fault "order-slow" */
#define HM_SIM_RAMP_MS 2000        /* until the power follows a limit */
#define HM_SIM_RESTART_MS 5000     /* without power, of an inverter */

/* Inverters of a DTU, with a bit for each. */
#define HM_SIM_SET_WORDS ((size_t)2)
struct hm_sim_set {
	uint64_t word[HM_SIM_SET_WORDS];
};

struct hm_sim_order {
	enum hm_action action;
	enum hm_command_unit unit;
	int64_t amount; /* in 0.1 % or 0.1 W of each inverter */
	int64_t id;     /* of the client */
	int32_t code;   /* the action as it was sent */
	struct hm_sim_set inverters;
};

struct hm_sim_orders {
	struct hm_sim_order current; /* the last one */
	bool is_open; /* the inverters have not got it yet */
	bool is_known;
	bool lies;    /* it will be called done, and nothing happens */
	int64_t due;

	int64_t limited;   /* 0.1 % by which the kept limit is below 100 % */
	int64_t temporary; /* the temporary limit, 0: none */
	enum hm_command_unit temporary_unit;
	int64_t cap_before; /* 0.1 W of an inverter before the last limit; 0:
	                       none */
	int64_t changed;    /* when that limit came */
	struct hm_sim_set off;
	struct hm_sim_set restarting;
	int64_t restarted;
	bool alarms_cleared;
	uint64_t taken; /* orders */
	uint64_t flash_writes;
};

void hm_sim_set_add(struct hm_sim_set *set, size_t inverter);
bool hm_sim_set_has(const struct hm_sim_set *set, size_t inverter);

/*
 * Take an order, with the faults that act on it. HM_SIM_ORDER_LOST and
 * HM_SIM_ORDER_REFUSED are the caller's.
 */
void hm_sim_orders_take(struct hm_sim_orders *o,
    const struct hm_sim_plant *plant, const struct hm_sim_order *order,
    int64_t ms, uint64_t faults);

/* Carry out what is due. Call before anything is read. */
void hm_sim_orders_settle(struct hm_sim_orders *o,
    const struct hm_sim_plant *plant, int64_t ms);

/* The kept limit, in 0.1 %. */
int64_t hm_sim_orders_limit(const struct hm_sim_orders *o);

/* Whether an inverter feeds in. */
bool hm_sim_orders_on(const struct hm_sim_orders *o, size_t inverter,
    int64_t ms);

/* The power (0.1 W) of an inverter that could give `power`. */
int64_t hm_sim_orders_power(const struct hm_sim_orders *o,
    const struct hm_sim_plant *plant, size_t inverter, int64_t power,
    int64_t ms);

#endif
