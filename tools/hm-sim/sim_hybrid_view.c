#include "sim_hybrid_view.h"

#include <string.h>

#include "sim_household.h"
#include "sim_random.h"

#define REACTIVE 60       /* var of an inverter, on all phases */
#define LOAD_REACTIVE 250 /* permille of the load's power */
#define PERMILLE 1000
#define STATUS_ON_GRID 3
#define STATUS_ISLAND 5
#define STRING_VOLTAGE INT64_C(3200) /* 0.1 V; twice as much on 3 phases */
#define CHARGER_READY 1
#define CHARGER_CHARGES 2

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

static int64_t
watts(int64_t power)
{
	return divide(power, 10);
}

/* The first i + 1 of n parts less the first i: all of them are the whole. */
static int64_t
part(int64_t whole, size_t i, size_t n)
{
	return whole * (int64_t)(i + 1) / (int64_t)n -
	    whole * (int64_t)i / (int64_t)n;
}

static int64_t
square_root(int64_t x)
{
	int64_t root = 0;

	for (int64_t bit = (int64_t)1 << 31; bit > 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= x)
			root += bit;
	return root;
}

/* What a view is made of. */
struct source {
	const struct hm_sim_hybrid *h;
	const struct hm_sim_time *time;
	struct hm_sim_hybrid_view *v;
};

static int64_t
draw(const struct source *s, enum hm_sim_purpose what, uint64_t index,
    int64_t range)
{
	return hm_sim_random(s->h->house->seed, what, s->h->place * 8 + index,
	    s->time->simulated, range);
}

/* Counters */

static int64_t
today(const struct source *s, enum hm_sim_count count, size_t i)
{
	return s->h->today[(size_t)count + i] / HM_SIM_KWH_TENTH;
}

static int64_t
total(const struct source *s, enum hm_sim_count count, size_t i)
{
	return hm_sim_hybrid_total(s->h, (size_t)count + i);
}

/* Phases */

static int64_t
phase_voltage(const struct source *s, size_t phase)
{
	return 2280 + draw(s, HM_DRAW_VOLTAGE, phase, 41);
}

static int64_t
reactive_of(int64_t power, size_t phases)
{
	return power == 0 ? 0 : REACTIVE / (int64_t)phases;
}

/* Voltage and power are known: set the current that belongs to them. */
static void
set_phase(struct hm_sim_phase_view *p, int64_t voltage, int64_t power,
    int64_t reactive)
{
	int64_t apparent = square_root(10000 *
	    (power * power + reactive * reactive)); /* 0.01 VA */

	p->voltage = voltage;
	p->power = power;
	p->reactive = reactive;
	p->apparent = divide(apparent, 100);
	p->current = voltage == 0 ? 0 : divide(apparent * 10, voltage);
}

static int64_t
factor_of(const struct hm_sim_phase_view *p)
{
	int64_t apparent = square_root(10000 * (p->power * p->power +
	    p->reactive * p->reactive));

	return apparent == 0 ? 0 : divide(10000 * magnitude(p->power),
	    apparent);
}

/* The grid has what inverter and load leave of each other. */
static void
view_phase(const struct source *s, size_t i)
{
	const int64_t *power = s->h->power;
	struct hm_sim_hybrid_view *v = s->v;
	size_t n = v->phases;
	int64_t voltage = phase_voltage(s, i);
	int64_t load = watts(power[HM_SIM_COUNT_LOAD + i]);
	int64_t grid = watts(power[HM_SIM_COUNT_EXPORT + i] -
	    power[HM_SIM_COUNT_IMPORT + i]);
	int64_t inverter = grid + load - part(v->external_power, i, n) -
	    part(v->generator_power, i, n);
	int64_t reactive = reactive_of(inverter, n);
	int64_t consumed = load * LOAD_REACTIVE / PERMILLE;

	set_phase(&v->load[i].phase, voltage, load, consumed);
	set_phase(&v->inverter[i].phase, voltage, inverter, reactive);
	if (v->island)
		set_phase(&v->grid[i].phase, 0, 0, 0);
	else
		set_phase(&v->grid[i].phase, voltage, grid,
		    reactive - consumed);
	v->grid[i].factor = factor_of(&v->grid[i].phase);
	set_phase(&v->inverter[i].backup, v->island ? voltage : 13,
	    v->island ? load : 0, v->island ? consumed : 0);
	v->inverter[i].dc_current = draw(s, HM_DRAW_LEAKAGE, i, 21) - 10;
	v->inverter[i].dc_voltage = 100 + draw(s, HM_DRAW_LEAKAGE, i + 4, 200);
	v->load_power += load;
	v->grid_power += grid;
	v->inverter_power += inverter;
}

static void
view_sources(const struct source *s, size_t i)
{
	struct hm_sim_hybrid_view *v = s->v;
	int64_t voltage = v->load[i].phase.voltage;
	size_t n = v->phases;
	bool runs = s->h->generator_on;

	set_phase(&v->generator[i].phase, runs ? voltage : 0,
	    part(v->generator_power, i, n), 0);
	set_phase(&v->external[i].phase, voltage,
	    part(v->external_power, i, n), 0);
	v->generator[i].today = part(v->today_generator, i, n);
	v->generator[i].total = part(v->total_generator, i, n);
	v->external[i].today = part(v->today_external, i, n);
	v->external[i].total = part(v->total_external, i, n);
}

static void
count_phase(const struct source *s, size_t i)
{
	struct hm_sim_hybrid_view *v = s->v;
	struct hm_sim_grid_view *g = &v->grid[i];

	g->today_export = today(s, HM_SIM_COUNT_EXPORT, i);
	g->today_import = today(s, HM_SIM_COUNT_IMPORT, i);
	g->total_export = total(s, HM_SIM_COUNT_EXPORT, i);
	g->total_import = total(s, HM_SIM_COUNT_IMPORT, i);
	v->load[i].today = today(s, HM_SIM_COUNT_LOAD, i);
	v->load[i].total = total(s, HM_SIM_COUNT_LOAD, i);
	v->today_export += g->today_export;
	v->today_import += g->today_import;
	v->total_export += g->total_export;
	v->total_import += g->total_import;
	v->today_load += v->load[i].today;
	v->total_load += v->load[i].total;
}

static void
view_phases(const struct source *s)
{
	struct hm_sim_hybrid_view *v = s->v;

	v->external_power = watts(s->h->flows.external);
	v->generator_power = watts(s->h->flows.generator);
	v->today_generator = today(s, HM_SIM_COUNT_GENERATOR, 0);
	v->total_generator = total(s, HM_SIM_COUNT_GENERATOR, 0);
	v->today_external = today(s, HM_SIM_COUNT_EXTERNAL, 0);
	v->total_external = total(s, HM_SIM_COUNT_EXTERNAL, 0);
	for (size_t i = 0; i < v->phases; i++) {
		view_phase(s, i);
		view_sources(s, i);
		count_phase(s, i);
	}
}

/* Strings */

static void
view_string(const struct source *s, size_t i)
{
	struct hm_sim_hybrid_view *v = s->v;
	struct hm_sim_string_view *string = &v->string[i];
	int64_t power = s->h->power[HM_SIM_COUNT_PV + i];

	string->power = watts(power);
	if (power > 0) {
		string->voltage = STRING_VOLTAGE * (v->phases == 1 ? 1 : 2) +
		    draw(s, HM_DRAW_PV_VOLTAGE, i, 200);
		string->current = divide(100 * power, string->voltage);
	}
	string->today = today(s, HM_SIM_COUNT_PV, i);
	string->total = total(s, HM_SIM_COUNT_PV, i);
	v->pv_power += string->power;
	v->today_pv += string->today;
	v->total_pv += string->total;
}

/* Flows */

static void
view_flows(const struct source *s)
{
	const struct hm_sim_flows *f = &s->h->flows;
	struct hm_sim_hybrid_view *v = s->v;

	v->pv_to_load = watts(f->pv_to_load);
	v->pv_to_battery = watts(f->pv_to_battery);
	v->pv_to_grid = watts(f->pv_to_grid);
	v->battery_to_load = watts(f->battery_to_load);
	v->battery_to_grid = watts(f->battery_to_grid);
	v->grid_to_load = watts(f->grid_to_load);
	v->today_pv_to_load = today(s, HM_SIM_COUNT_PV_TO_LOAD, 0);
	v->today_pv_to_battery = today(s, HM_SIM_COUNT_PV_TO_BATTERY, 0);
	v->today_pv_to_grid = today(s, HM_SIM_COUNT_PV_TO_GRID, 0);
	v->today_battery_to_load = today(s, HM_SIM_COUNT_BATTERY_TO_LOAD, 0);
	v->today_grid_to_load = today(s, HM_SIM_COUNT_GRID_TO_LOAD, 0);
	v->total_pv_to_load = total(s, HM_SIM_COUNT_PV_TO_LOAD, 0);
	v->total_pv_to_battery = total(s, HM_SIM_COUNT_PV_TO_BATTERY, 0);
	v->total_pv_to_grid = total(s, HM_SIM_COUNT_PV_TO_GRID, 0);
	v->total_battery_to_load = total(s, HM_SIM_COUNT_BATTERY_TO_LOAD, 0);
	v->total_grid_to_load = total(s, HM_SIM_COUNT_GRID_TO_LOAD, 0);
}

/* Extras */

static void
view_extras(const struct source *s)
{
	const struct hm_sim_hybrid *h = s->h;
	struct hm_sim_hybrid_view *v = s->v;
	struct hm_sim_phase_view charger;
	int64_t voltage = v->load[0].phase.voltage;

	set_phase(&charger, voltage, watts(h->charger), 0);
	v->charger = (struct hm_sim_charger_view){
	    .status = h->charger_on ? CHARGER_CHARGES : CHARGER_READY,
	    .voltage = voltage,
	    .current = charger.current,
	    .power = charger.power,
	    .duration = h->charger_on ? h->session : 0,
	    .energy = h->today[HM_SIM_COUNT_CHARGER] / HM_SIM_WATT_HOUR,
	};
	set_phase(&v->heater.phase, voltage, watts(h->heater), 0);
	v->heater.today = today(s, HM_SIM_COUNT_HEATER, 0);
}

void
hm_sim_hybrid_view(const struct hm_sim_hybrid *h,
    const struct hm_sim_time *time, struct hm_sim_hybrid_view *v)
{
	const struct source s = {h, time, v};

	memset(v, 0, sizeof *v);
	v->strings = h->house->strings;
	v->phases = h->house->phases;
	v->has_battery = h->house->capacity > 0;
	v->has_generator = h->house->generator;
	v->has_extras = h->house->extras;
	v->island = h->settings.mode == HM_MODE_OFF_GRID;
	v->status = v->island ? STATUS_ISLAND : STATUS_ON_GRID;
	v->grid_status = !v->island;
	v->external_status = v->has_extras;
	v->island_frequency = 4998 + draw(&s, HM_DRAW_FREQUENCY, 0, 5);
	v->frequency = v->island ? 0 : v->island_frequency;
	v->insulation = 5000;
	v->leakage = draw(&s, HM_DRAW_LEAKAGE, 7, 4);
	v->temperature = 30 + 20 * magnitude(h->flows.ac) /
	    hm_sim_house_rated(h->house);
	for (size_t i = 0; i < v->strings; i++)
		view_string(&s, i);
	view_phases(&s);
	view_flows(&s);
	view_extras(&s);
	hm_sim_hybrid_view_battery(h, v);
}
