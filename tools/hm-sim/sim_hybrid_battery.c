#include "sim_hybrid.h"
#include "sim_hybrid_view.h"
#include "sim_random.h"

#define LITHIUM 1
#define SPREAD 2          /* 0.001 V of a cell above and below the mean */
#define DROOP 40 /* 0.001 V of a cell between no power and the highest */
#define CELL_FULL 3600    /* 0.001 V, where charging ends */
#define CELL_EMPTY 2800
#define CELL_NOMINAL 3200
#define COOL 200  /* 0.1 degrees C of a battery at rest */
#define WARM 80   /* more at the highest power */

/* The packs that are sold with an inverter. */
struct pack {
	int64_t cells, modules;
};

static struct pack
pack_of(const struct hm_sim_house *house)
{
	static const struct pack low = {16, 1}, high = {72, 6};

	return house->phases == 1 ? low : high;
}

/* A cell of lithium iron phosphate at rest, in 0.001 V, by 0.1 % of charge. */
static int64_t
resting_cell(int64_t charge)
{
	static const struct {
		int64_t charge, voltage;
	} points[] = {{0, 2850}, {50, 3050}, {100, 3180}, {200, 3240},
	    {400, 3280}, {700, 3320}, {900, 3340}, {970, 3370}, {1000, 3450}};
	size_t i = 1;

	while (i < sizeof points / sizeof *points - 1 &&
	    charge > points[i].charge)
		i++;
	return points[i - 1].voltage + (charge - points[i - 1].charge) *
	    (points[i].voltage - points[i - 1].voltage) /
	    (points[i].charge - points[i - 1].charge);
}

static int64_t
magnitude(int64_t number)
{
	return number < 0 ? -number : number;
}

/* To the nearest integer; a half away from 0. */
static int64_t
divide(int64_t a, int64_t b)
{
	return a < 0 ? -((-a + b / 2) / b) : (a + b / 2) / b;
}

static void
view_counters(const struct hm_sim_hybrid *h, struct hm_sim_battery_view *b)
{
	b->today_charged = h->today[HM_SIM_COUNT_CHARGED] / HM_SIM_KWH_TENTH;
	b->today_discharged = h->today[HM_SIM_COUNT_DISCHARGED] /
	    HM_SIM_KWH_TENTH;
	b->total_charged = hm_sim_hybrid_total(h, HM_SIM_COUNT_CHARGED);
	b->total_discharged = hm_sim_hybrid_total(h,
	    HM_SIM_COUNT_DISCHARGED);
}

static void
view_cells(const struct hm_sim_hybrid *h, int64_t power,
    struct hm_sim_battery_view *b)
{
	struct pack pack = pack_of(h->house);
	int64_t most = hm_sim_hybrid_battery_most(h);
	int64_t cell = resting_cell(hm_sim_hybrid_charge(h)) -
	    DROOP * power / most;
	int64_t module = cell * pack.cells / pack.modules; /* 0.001 V */
	int64_t warm = WARM * magnitude(power) / most;

	b->voltage = (cell * pack.cells + 50) / 100;
	b->cell_high = cell + SPREAD;
	b->cell_low = cell - SPREAD;
	b->module_high = (module + (pack.modules > 1 ? 20 : 0)) / 10;
	b->module_low = (module - (pack.modules > 1 ? 20 : 0)) / 10;
	b->voltage_high = CELL_FULL * pack.cells / 100;
	b->voltage_low = CELL_EMPTY * pack.cells / 100;
	b->charge_current_most = b->discharge_current_most =
	    most * 1000 / (CELL_NOMINAL * pack.cells);
	b->cell_hottest = b->module_hottest = COOL + 20 + warm;
	b->cell_coldest = b->module_coldest = COOL + warm / 2;
	b->current = divide(power * 10, b->voltage);
	b->fine_current = divide(power * 100, b->voltage);
}

void
hm_sim_hybrid_view_battery(const struct hm_sim_hybrid *h,
    struct hm_sim_hybrid_view *v)
{
	struct hm_sim_battery_view *b = &v->battery;
	int64_t power = h->flows.discharge - h->flows.charge;

	if (!v->has_battery)
		return;
	b->type = LITHIUM;
	b->power = divide(power, 10);
	b->link = 1;
	b->status = b->power == 0 ? HM_SIM_BATTERY_STANDBY : b->power < 0 ?
	    HM_SIM_BATTERY_CHARGES : HM_SIM_BATTERY_DISCHARGES;
	b->charge = (hm_sim_hybrid_charge(h) + 5) / 10;
	b->health = 97 + hm_sim_random(h->house->seed, HM_DRAW_HEALTH,
	    h->place, 0, 4);
	b->capacity = h->house->capacity / 100;
	view_cells(h, power, b);
	view_counters(h, b);
}
