#ifndef SIM_TIME_AT_H
#define SIM_TIME_AT_H

#include "sim_clock.h"
#include "sim_sun.h"

/* A simulated time, with the sun of then and of the day's reset. */
static inline struct hm_sim_time
sim_time_at(int64_t simulated)
{
	struct hm_sim_time time = {.simulated = simulated};

	hm_sim_sun_at(simulated, &time.sun);
	hm_sim_sun_at(simulated - time.sun.since, &time.reset);
	return time;
}

#endif
