#include "sim_dtu.h"

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

bool
hm_sim_dtu_hears(const struct hm_sim_time *time, uint64_t faults)
{
	return time->sun.up && (faults & HM_SIM_BIT(HM_SIM_ZEROS)) == 0;
}

/* High bits are set, so it is neither "HM" nor a Modbus protocol id of 0. */
size_t
hm_sim_dtu_garbage(uint8_t out[HM_SIM_REPLY_MAX])
{
	for (size_t i = 0; i < GARBAGE; i++)
		out[i] = (uint8_t)(0x80 | (i * 37 + 11));
	return GARBAGE;
}
