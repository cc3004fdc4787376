#include "sim_household.h"

#include "sim_random.h"
#include "sim_sun.h"

/* Powers in 0.1 W. */
#define RATED_ONE_PHASE 46000
#define RATED_THREE_PHASES 100000
#define BASE_MIN 1500 /* what the house always takes */
#define BASE_RANGE 3000
#define MORNING 6000
#define EVENING 9000
#define APPLIANCE 20000
#define CHARGER 36800
#define EXTERNAL_PEAK 20000

/* Times of the day in s. */
#define HALF_HOUR INT64_C(1800)
#define MORNING_FROM (13 * HALF_HOUR)
#define MORNING_TO (18 * HALF_HOUR)
#define EVENING_FROM (34 * HALF_HOUR)
#define EVENING_TO (46 * HALF_HOUR)
#define CHARGER_FROM (40 * HALF_HOUR)
#define CHARGER_TO (43 * HALF_HOUR)

#define CLOUD 300     /* s until the next one */
#define APPLIANCE_TIME 600
#define APPLIANCE_SHARE 8 /* percent of the times when one is on */
#define PERMILLE 1000
#define DARKEST_DAY 150 /* permille of a day without clouds */

uint64_t
hm_sim_house_place(const struct hm_sim_house *house, size_t gateway,
    size_t inverter)
{
	return (uint64_t)gateway * house->inverters + inverter;
}

int64_t
hm_sim_house_rated(const struct hm_sim_house *house)
{
	return house->phases == 1 ? RATED_ONE_PHASE : RATED_THREE_PHASES;
}

/* All strings together have 80 to 130 % of what the inverter is rated for. */
int64_t
hm_sim_house_peak(const struct hm_sim_house *house, uint64_t place,
    size_t string)
{
	int64_t percent = 80 + hm_sim_random(house->seed, HM_DRAW_PANEL,
	    place * HM_SIM_STRINGS + string, 0, 51);

	return hm_sim_house_rated(house) / (int64_t)house->strings * percent /
	    100;
}

/* The sun */

/*
 * What clouds leave, in permille: a day has its own brightness, which the
 * clouds of each five minutes raise up to that of a clear sky.
 */
static int64_t
clearness(const struct hm_sim_house *house, uint64_t place, int64_t time)
{
	int64_t day = DARKEST_DAY + hm_sim_random(house->seed, HM_DRAW_WEATHER,
	    0, time / HM_SIM_DAY, PERMILLE - DARKEST_DAY + 1);

	return day + (PERMILLE - day) * hm_sim_random(house->seed,
	    HM_DRAW_CLOUD, place, time / CLOUD, PERMILLE) / PERMILLE / 2;
}

/* The share of a full sun without clouds, of HM_SIM_SUN_FULL. */
static int64_t
sun_share(const struct hm_sim_house *house, uint64_t place, int64_t time)
{
	struct hm_sim_sun sun;

	if (house->day != NULL)
		return house->day->share[time % HM_SIM_DAY];
	hm_sim_sun_at(time, &sun);
	if (!sun.up)
		return 0;
	return sun.share * clearness(house, place, time) / PERMILLE;
}

int64_t
hm_sim_house_sun(const struct hm_sim_house *house, uint64_t place,
    int64_t time)
{
	int64_t peak = 0;

	for (size_t i = 0; i < house->strings; i++)
		peak += hm_sim_house_peak(house, place, i);
	return peak * sun_share(house, place, time) / HM_SIM_SUN_FULL;
}

int64_t
hm_sim_house_external(const struct hm_sim_house *house, uint64_t place,
    int64_t time)
{
	return house->extras ? EXTERNAL_PEAK * sun_share(house, place, time) /
	    HM_SIM_SUN_FULL : 0;
}

/* The load */

static bool
is_between(int64_t second, int64_t from, int64_t to)
{
	return second >= from && second < to;
}

static int64_t
usual_load(const struct hm_sim_house *house, uint64_t place, int64_t time)
{
	int64_t second = time % HM_SIM_DAY;
	int64_t load = BASE_MIN + hm_sim_random(house->seed, HM_DRAW_HOUSE,
	    place, 0, BASE_RANGE);

	if (is_between(second, MORNING_FROM, MORNING_TO))
		load += MORNING;
	if (is_between(second, EVENING_FROM, EVENING_TO))
		load += EVENING;
	if (hm_sim_random(house->seed, HM_DRAW_APPLIANCE, place,
	    time / APPLIANCE_TIME, 100) < APPLIANCE_SHARE)
		load += APPLIANCE;
	return load;
}

int64_t
hm_sim_house_load(const struct hm_sim_house *house, uint64_t place,
    int64_t time)
{
	if (house->day != NULL)
		return house->day->load[time % HM_SIM_DAY] /
		    (int64_t)house->inverters;
	return usual_load(house, place, time);
}

int64_t
hm_sim_house_charger(const struct hm_sim_house *house, int64_t time)
{
	return house->extras && is_between(time % HM_SIM_DAY, CHARGER_FROM,
	    CHARGER_TO) ? CHARGER : 0;
}

/* Half of the load is on phase A. */
int64_t
hm_sim_house_share(const struct hm_sim_house *house, size_t phase)
{
	static const int64_t shares[] = {50, 30, 20};

	return house->phases == 1 ? HM_SIM_HOUSE_WHOLE : shares[phase];
}
