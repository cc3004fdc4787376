#include "sim_dtu.h"

#include <string.h>

#define GARBAGE ((size_t)64)
#define DIP 1000   /* Wh */
#define WRAP 65536 /* Wh, of a counter of 16 bits */

const struct hm_sim_time *
hm_sim_dtu_show(struct hm_sim_dtu *dtu, const struct hm_sim_time *now,
    uint64_t faults)
{
	if ((faults & HM_SIM_BIT(HM_SIM_STALE)) == 0 || !dtu->has_shown) {
		dtu->shown = *now;
		dtu->has_shown = true;
	}
	return &dtu->shown;
}

void
hm_sim_dtu_glitch(struct hm_sim_plant_port *port, uint64_t faults,
    const struct hm_sim_limits *limits)
{
	if (faults & HM_SIM_BIT(HM_SIM_DIP))
		port->total -= DIP;
	if ((faults & HM_SIM_BIT(HM_SIM_WRAP)) && port->total > WRAP)
		port->total -= WRAP;
	if (faults & HM_SIM_BIT(HM_SIM_SPIKE)) {
		port->today = limits->today;
		port->total = limits->total;
	}
}

/* The power of an inverter without orders and with them, in 0.1 W. */
static void
read_powers(const struct hm_sim_dtu *dtu, size_t inverter,
    const struct hm_sim_time *time, struct hm_sim_plant_inverter *out,
    int64_t *power)
{
	hm_sim_plant_read_inverter(dtu->plant, dtu->index, inverter, time,
	    out);
	*power = hm_sim_orders_power(&dtu->orders, dtu->plant, inverter,
	    out->active_power, time->ms);
}

static int32_t
scale(int32_t value, int64_t power, int32_t full)
{
	return full == 0 ? value : (int32_t)(value * power / full);
}

void
hm_sim_dtu_read_inverter(const struct hm_sim_dtu *dtu, size_t inverter,
    const struct hm_sim_time *time, struct hm_sim_plant_inverter *out)
{
	int64_t power;
	int32_t full;

	read_powers(dtu, inverter, time, out, &power);
	full = out->active_power;
	for (size_t i = 0; i < HM_SIM_PLANT_PHASES; i++)
		out->current[i] = scale(out->current[i], power, full);
	out->reactive_power = scale(out->reactive_power, power, full);
	out->active_power = (int32_t)power;
}

void
hm_sim_dtu_read_port(const struct hm_sim_dtu *dtu, size_t inverter,
    size_t port, const struct hm_sim_time *time, struct hm_sim_plant_port *out)
{
	struct hm_sim_plant_inverter ac;
	int64_t power;

	hm_sim_plant_read_port(dtu->plant, dtu->index, inverter, port, time,
	    out);
	read_powers(dtu, inverter, time, &ac, &power);
	out->power = scale(out->power, power, ac.active_power);
	out->current = scale(out->current, power, ac.active_power);
}

int64_t
hm_sim_dtu_withheld(const struct hm_sim_dtu *dtu,
    const struct hm_sim_time *time)
{
	int64_t withheld = 0;

	for (size_t i = 0; i < dtu->plant->inverters; i++) {
		struct hm_sim_plant_inverter ac;
		int64_t power;

		read_powers(dtu, i, time, &ac, &power);
		withheld += ac.active_power - power;
	}
	return withheld;
}

bool
hm_sim_dtu_hears(const struct hm_sim_time *time, uint64_t faults)
{
	return time->sun.up && (faults & HM_SIM_BIT(HM_SIM_ZEROS)) == 0;
}

void
hm_sim_dtu_begin_gateway(struct hm_sim_dtu *dtu, const struct hm_sim_time *now)
{
	dtu->answered = false;
	dtu->read = HM_SIM_NONE_READ;
	memset(&dtu->told, 0, sizeof dtu->told);
	dtu->telling = HM_SIM_TELLS_MODE;
	hm_sim_gateway_advance(dtu->gateway, now);
}

/* High bits are set, so it is neither "HM" nor a Modbus protocol id of 0. */
size_t
hm_sim_dtu_garbage(uint8_t out[HM_SIM_REPLY_MAX])
{
	for (size_t i = 0; i < GARBAGE; i++)
		out[i] = (uint8_t)(0x80 | (i * 37 + 11));
	return GARBAGE;
}
