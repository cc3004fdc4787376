#include "sim_orders.h"

#include <string.h>

#include "sim_fault.h"

#define FULL 1000 /* 0.1 % */

void
hm_sim_set_add(struct hm_sim_set *set, size_t inverter)
{
	if (inverter < 64 * HM_SIM_SET_WORDS)
		set->word[inverter / 64] |= UINT64_C(1) << inverter % 64;
}

bool
hm_sim_set_has(const struct hm_sim_set *set, size_t inverter)
{
	return inverter < 64 * HM_SIM_SET_WORDS &&
	    (set->word[inverter / 64] >> inverter % 64 & 1) != 0;
}

static void
join(struct hm_sim_set *set, const struct hm_sim_set *other, bool add)
{
	for (size_t i = 0; i < HM_SIM_SET_WORDS; i++)
		set->word[i] = add ? set->word[i] | other->word[i] :
		    set->word[i] & ~other->word[i];
}

/* Limits */

static int64_t
cap(const struct hm_sim_orders *o, const struct hm_sim_plant *plant)
{
	int64_t most = hm_sim_plant_rated(plant) * (FULL - o->limited) / FULL;
	int64_t temporary = o->temporary_unit == HM_COMMAND_WATTS ?
	    o->temporary : hm_sim_plant_rated(plant) * o->temporary / FULL;

	return o->temporary > 0 && temporary < most ? temporary : most;
}

/* The power goes from one limit to the next within HM_SIM_RAMP_MS. */
static int64_t
cap_at(const struct hm_sim_orders *o, const struct hm_sim_plant *plant,
    int64_t ms)
{
	int64_t to = cap(o, plant), since = ms - o->changed;

	if (o->cap_before == 0 || since >= HM_SIM_RAMP_MS)
		return to;
	return o->cap_before + (to - o->cap_before) * since / HM_SIM_RAMP_MS;
}

int64_t
hm_sim_orders_limit(const struct hm_sim_orders *o)
{
	return FULL - o->limited;
}

static void
set_limit(struct hm_sim_orders *o, const struct hm_sim_plant *plant,
    const struct hm_sim_order *order)
{
	o->cap_before = cap_at(o, plant, o->due);
	o->changed = o->due;
	if (order->action == HM_ACTION_LIMIT) {
		o->limited = FULL - order->amount;
		o->temporary = 0;
		o->flash_writes++;
	} else {
		o->temporary = order->amount;
		o->temporary_unit = order->unit;
	}
}

/* Orders */

static void
carry_out(struct hm_sim_orders *o, const struct hm_sim_plant *plant,
    const struct hm_sim_order *order)
{
	switch (order->action) {
	case HM_ACTION_LIMIT:
	case HM_ACTION_LIMIT_TEMPORARY:
		set_limit(o, plant, order);
		break;
	case HM_ACTION_TURN_ON:
		join(&o->off, &order->inverters, false);
		break;
	case HM_ACTION_TURN_OFF:
		join(&o->off, &order->inverters, true);
		break;
	case HM_ACTION_RESTART_INVERTER:
		o->restarting = order->inverters;
		o->restarted = o->due;
		o->temporary = 0;
		break;
	case HM_ACTION_CLEAR_ALARMS:
		o->alarms_cleared = true;
		break;
	case HM_ACTION_RESTART_DTU:
	case HM_ACTION_SET_MODE:
	case HM_ACTION_SET_SOC_LIMITS:
	case HM_ACTION_SET_EXPORT_LIMIT:
	case HM_ACTIONS:
		break;
	}
}

void
hm_sim_orders_settle(struct hm_sim_orders *o, const struct hm_sim_plant *plant,
    int64_t ms)
{
	if (!o->is_open || ms < o->due)
		return;
	o->is_open = false;
	if (!o->lies)
		carry_out(o, plant, &o->current);
}

void
hm_sim_orders_take(struct hm_sim_orders *o, const struct hm_sim_plant *plant,
    const struct hm_sim_order *order, int64_t ms, uint64_t faults)
{
	bool slow = (faults & HM_SIM_BIT(HM_SIM_ORDER_SLOW)) != 0;

	hm_sim_orders_settle(o, plant, ms);
	o->current = *order;
	o->taken++;
	o->is_open = o->is_known = true;
	o->lies = (faults & HM_SIM_BIT(HM_SIM_ORDER_LIED)) != 0;
	o->due = ms + (slow ? HM_SIM_ORDER_SLOW_MS : HM_SIM_ORDER_MS);
}

bool
hm_sim_orders_on(const struct hm_sim_orders *o, size_t inverter, int64_t ms)
{
	return !hm_sim_set_has(&o->off, inverter) &&
	    !(hm_sim_set_has(&o->restarting, inverter) &&
	    ms - o->restarted < HM_SIM_RESTART_MS);
}

int64_t
hm_sim_orders_power(const struct hm_sim_orders *o,
    const struct hm_sim_plant *plant, size_t inverter, int64_t power,
    int64_t ms)
{
	int64_t most = o->is_known ? cap_at(o, plant, ms) : power;

	return !hm_sim_orders_on(o, inverter, ms) ? 0 :
	    power < most ? power : most;
}
