#include "sim_sun.h"

#define DAY 86400
#define DAYLIGHT ((int64_t)HM_SIM_SUN_DAY)

/* 4x(D - x) / D^2, which is 0 at both ends and 1 in the middle. */
int64_t
hm_sim_sun_share(int64_t seconds)
{
	return 4 * HM_SIM_SUN_FULL * seconds * (DAYLIGHT - seconds) /
	    (DAYLIGHT * DAYLIGHT);
}

/* The integral of that: (6Dx^2 - 4x^3) / 3D^2. */
int64_t
hm_sim_sun_full_ms(int64_t seconds)
{
	int64_t square = seconds * seconds;

	return 1000 * (6 * DAYLIGHT * square - 4 * square * seconds) /
	    (3 * DAYLIGHT * DAYLIGHT);
}

void
hm_sim_sun_at(int64_t time, struct hm_sim_sun *sun)
{
	int64_t since_first = time > HM_SIM_SUN_RISE ?
	    time - HM_SIM_SUN_RISE : 0;

	sun->days = since_first / DAY;
	sun->since = since_first % DAY;
	sun->up = sun->since < DAYLIGHT;
	sun->seconds = sun->up ? sun->since : DAYLIGHT;
	sun->share = hm_sim_sun_share(sun->seconds);
	sun->full_ms = hm_sim_sun_full_ms(sun->seconds);
}

int64_t
hm_sim_sun_energy(int64_t peak, int64_t full_ms)
{
	return peak * full_ms / 36000000;
}
