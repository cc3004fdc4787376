#include "sim_gateway.h"

#include <stdlib.h>

#include "sim_fault.h"
#include "sim_household.h"
#include "sim_hybrid.h"
#include "sim_orders.h"
#include "sim_random.h"

/* The first digits of real serial numbers; the charger's are made up. */
#define GATEWAY 0x4301
#define ONE_PHASE 0x2003
#define THREE_PHASES 0x2143
#define METER 0x10c0
#define CHARGER 0x5101

struct inverter {
	struct hm_sim_hybrid hybrid;
	struct hm_sim_settings told;
	bool is_open; /* what it was told does not act yet */
	int64_t due;  /* ms since the start of hm-sim */
	int64_t due_simulated;
	bool has_shown;
	int64_t wall; /* of `shown` */
	struct hm_sim_hybrid_view shown;
};

struct hm_sim_gateway {
	const struct hm_sim_house *house;
	size_t index;
	int64_t speed;
	struct inverter inverter[];
};

struct hm_sim_gateway *
hm_sim_gateway_new(const struct hm_sim_house *house, size_t index,
    int64_t speed)
{
	struct hm_sim_gateway *gateway = calloc(1, sizeof *gateway +
	    house->inverters * sizeof gateway->inverter[0]);

	if (gateway == NULL)
		return NULL;
	gateway->house = house;
	gateway->index = index;
	gateway->speed = speed;
	for (size_t i = 0; i < house->inverters; i++) {
		struct inverter *in = &gateway->inverter[i];

		hm_sim_hybrid_start(&in->hybrid, house,
		    hm_sim_house_place(house, index, i));
		in->told = in->hybrid.settings;
	}
	return gateway;
}

void
hm_sim_gateway_free(struct hm_sim_gateway *gateway)
{
	free(gateway);
}

const struct hm_sim_house *
hm_sim_gateway_house(const struct hm_sim_gateway *gateway)
{
	return gateway->house;
}

/* Serial numbers */

int64_t
hm_sim_gateway_serial(const struct hm_sim_gateway *gateway)
{
	return hm_sim_random_serial(gateway->house->seed, GATEWAY,
	    gateway->index);
}

int64_t
hm_sim_gateway_inverter_serial(const struct hm_sim_gateway *gateway,
    size_t inverter)
{
	const struct hm_sim_house *house = gateway->house;

	return hm_sim_random_serial(house->seed, house->phases == 1 ?
	    ONE_PHASE : THREE_PHASES, hm_sim_house_place(house,
	    gateway->index, inverter));
}

int64_t
hm_sim_gateway_meter_serial(const struct hm_sim_gateway *gateway)
{
	return hm_sim_random_serial(gateway->house->seed, METER,
	    gateway->index);
}

int64_t
hm_sim_gateway_charger_serial(const struct hm_sim_gateway *gateway,
    size_t inverter)
{
	return hm_sim_random_serial(gateway->house->seed, CHARGER,
	    hm_sim_house_place(gateway->house, gateway->index, inverter));
}

bool
hm_sim_gateway_find(const struct hm_sim_gateway *gateway, int64_t serial,
    size_t *inverter)
{
	for (size_t i = 0; i < gateway->house->inverters; i++)
		if (hm_sim_gateway_inverter_serial(gateway, i) == serial) {
			*inverter = i;
			return true;
		}
	return false;
}

/* Time and orders */

/* An order acts from the time when it was due, whenever that is noticed. */
static void
settle(struct inverter *in, const struct hm_sim_time *time)
{
	if (!in->is_open || time->ms < in->due)
		return;
	in->is_open = false;
	hm_sim_hybrid_advance(&in->hybrid,
	    in->due_simulated < time->simulated ? in->due_simulated :
	    time->simulated);
	hm_sim_hybrid_set(&in->hybrid, &in->told);
}

void
hm_sim_gateway_advance(struct hm_sim_gateway *gateway,
    const struct hm_sim_time *time)
{
	for (size_t i = 0; i < gateway->house->inverters; i++) {
		settle(&gateway->inverter[i], time);
		hm_sim_hybrid_advance(&gateway->inverter[i].hybrid,
		    time->simulated);
	}
}

const struct hm_sim_settings *
hm_sim_gateway_told(const struct hm_sim_gateway *gateway, size_t inverter)
{
	return &gateway->inverter[inverter].told;
}

void
hm_sim_gateway_tell(struct hm_sim_gateway *gateway, size_t inverter,
    const struct hm_sim_settings *settings, const struct hm_sim_time *time,
    uint64_t faults)
{
	struct inverter *in = &gateway->inverter[inverter];
	int64_t delay = (faults & HM_SIM_BIT(HM_SIM_ORDER_SLOW)) != 0 ?
	    HM_SIM_ORDER_SLOW_MS : HM_SIM_ORDER_MS;

	if (faults & HM_SIM_BIT(HM_SIM_ORDER_LIED))
		return;
	in->told = *settings;
	in->is_open = true;
	in->due = time->ms + delay;
	in->due_simulated = time->simulated + delay * gateway->speed / 1000;
}

/* Readings */

/* Nothing but what the inverter is built of. */
static void
clear(struct hm_sim_hybrid_view *view)
{
	const struct hm_sim_hybrid_view built = {
	    .strings = view->strings,
	    .phases = view->phases,
	    .has_battery = view->has_battery,
	    .has_generator = view->has_generator,
	    .has_extras = view->has_extras,
	};

	*view = built;
}

const struct hm_sim_hybrid_view *
hm_sim_gateway_show(struct hm_sim_gateway *gateway, size_t inverter,
    const struct hm_sim_time *time, uint64_t faults, int64_t *wall)
{
	struct inverter *in = &gateway->inverter[inverter];

	if ((faults & HM_SIM_BIT(HM_SIM_STALE)) == 0 || !in->has_shown) {
		hm_sim_hybrid_view(&in->hybrid, time, &in->shown);
		in->wall = time->wall;
		in->has_shown = true;
	}
	if (faults & HM_SIM_BIT(HM_SIM_ZEROS))
		clear(&in->shown);
	if (faults & HM_SIM_BIT(HM_SIM_FLAT))
		in->shown.battery.charge = 0;
	*wall = in->wall;
	return &in->shown;
}

const struct hm_sim_hybrid *
hm_sim_gateway_inverter(const struct hm_sim_gateway *gateway, size_t inverter)
{
	return &gateway->inverter[inverter].hybrid;
}

int64_t
hm_sim_gateway_grid(const struct hm_sim_gateway *gateway)
{
	int64_t taken = 0;

	for (size_t i = 0; i < gateway->house->inverters; i++)
		taken -= gateway->inverter[i].hybrid.flows.grid;
	return taken;
}
