#include "sim_hybrid.h"

#include <string.h>

#include "sim_mode.h"
#include "sim_random.h"
#define PERMILLE 1000
#define BATTERY_EFFICIENCY 965 /* permille, into the battery and out of it */
#define HEATER 10000           /* 0.1 W; runs on what would be exported */
#define HEATER_CHARGE 950      /* 0.1 %: with a battery as full as this */
#define GENERATOR 30000        /* 0.1 W */
#define GENERATOR_ON 250       /* 0.1 % of the battery */
#define GENERATOR_OFF 600
#define DAYS_BEFORE 1500 /* at most, and 100, before the start */
#define TAPER 950 /* 0.1 % from which on a battery takes less and less */

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
capacity_of(const struct hm_sim_hybrid *h)
{
	return h->house->capacity * HM_SIM_WATT_HOUR;
}

/* From whole sums, so that it does not matter how often it is computed. */
int64_t
hm_sim_hybrid_stored(const struct hm_sim_hybrid *h)
{
	return h->before +
	    h->total[HM_SIM_COUNT_CHARGED] * BATTERY_EFFICIENCY / PERMILLE -
	    h->total[HM_SIM_COUNT_DISCHARGED] * PERMILLE / BATTERY_EFFICIENCY;
}

int64_t
hm_sim_hybrid_charge(const struct hm_sim_hybrid *h)
{
	return h->house->capacity == 0 ? 0 :
	    hm_sim_hybrid_stored(h) * PERMILLE / capacity_of(h);
}

/* As much in two hours as it holds, and not more than the inverter can. */
int64_t
hm_sim_hybrid_battery_most(const struct hm_sim_hybrid *h)
{
	return smaller(h->house->capacity * 10 / 2,
	    hm_sim_house_rated(h->house));
}

int64_t
hm_sim_hybrid_sum(const int64_t counts[HM_SIM_COUNTS],
    enum hm_sim_count first, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += counts[(size_t)first + i];
	return sum;
}

/* An energy of a day before the start, in 0.1 kWh: as a whole they balance. */
static int64_t
usual_day(const struct hm_sim_house *house, size_t index)
{
	static const int64_t days[HM_SIM_COUNTS] = {
	    [HM_SIM_COUNT_CHARGED] = 58,
	    [HM_SIM_COUNT_DISCHARGED] = 52,
	    [HM_SIM_COUNT_PV_TO_LOAD] = 66,
	    [HM_SIM_COUNT_PV_TO_BATTERY] = 55,
	    [HM_SIM_COUNT_PV_TO_GRID] = 113,
	    [HM_SIM_COUNT_BATTERY_TO_LOAD] = 34,
	    [HM_SIM_COUNT_BATTERY_TO_GRID] = 17,
	    [HM_SIM_COUNT_GRID_TO_LOAD] = 50,
	};

	if (index < HM_SIM_COUNT_PV + house->strings)
		return 240 / (int64_t)house->strings;
	if (index >= HM_SIM_COUNT_IMPORT && index < HM_SIM_COUNT_EXPORT)
		return 60 / (int64_t)house->phases;
	if (index >= HM_SIM_COUNT_EXPORT && index < HM_SIM_COUNT_LOAD)
		return 129 / (int64_t)house->phases;
	if (index >= HM_SIM_COUNT_LOAD && index < HM_SIM_COUNT_LOSSES)
		return 150 / (int64_t)house->phases;
	return days[index];
}

int64_t
hm_sim_hybrid_total(const struct hm_sim_hybrid *h, size_t index)
{
	int64_t days = 100 + hm_sim_random(h->house->seed, HM_DRAW_COUNTER,
	    h->place, 0, DAYS_BEFORE);

	return days * usual_day(h->house, index) +
	    h->total[index] / HM_SIM_KWH_TENTH;
}

/* A step */

/* So that the battery is not beyond a limit before the step ends. */
static int64_t
charge_most(const struct hm_sim_hybrid *h, int64_t ceiling)
{
	int64_t room = capacity_of(h) / 100 * ceiling -
	    hm_sim_hybrid_stored(h);
	int64_t most = hm_sim_hybrid_battery_most(h);
	int64_t charge = hm_sim_hybrid_charge(h);

	if (charge > TAPER)
		most = most * (PERMILLE + 10 - charge) / (PERMILLE + 10 -
		    TAPER);
	room = room * PERMILLE / BATTERY_EFFICIENCY / HM_SIM_STEP;
	return room <= 0 ? 0 : smaller(room, most);
}

static int64_t
discharge_most(const struct hm_sim_hybrid *h, int64_t floor)
{
	int64_t rest = hm_sim_hybrid_stored(h) -
	    capacity_of(h) / 100 * floor;

	rest = rest * BATTERY_EFFICIENCY / PERMILLE / HM_SIM_STEP;
	return rest <= 0 ? 0 : smaller(rest, hm_sim_hybrid_battery_most(h));
}

/* A generator starts at a low charge and fills the battery for a while. */
static void
switch_generator(struct hm_sim_hybrid *h, bool grid)
{
	int64_t charge = hm_sim_hybrid_charge(h);

	if (grid || !h->house->generator || charge >= GENERATOR_OFF)
		h->generator_on = false;
	else if (charge <= GENERATOR_ON)
		h->generator_on = true;
}

static void
switch_heater(struct hm_sim_hybrid *h, struct hm_sim_supply *supply)
{
	bool on = h->house->extras && hm_sim_hybrid_charge(h) >=
	    HEATER_CHARGE && -hm_sim_dispatch_lack(supply) > HEATER;

	h->heater = on ? HEATER : 0;
	supply->load += h->heater;
}

static void
switch_charger(struct hm_sim_hybrid *h)
{
	h->charger = hm_sim_house_charger(h->house, h->time);
	if (h->charger > 0 && !h->charger_on) {
		h->session = 0;
		h->today[HM_SIM_COUNT_CHARGER] = 0;
	}
	h->charger_on = h->charger > 0;
}

static int64_t
export_most(const struct hm_sim_hybrid *h, int64_t rated)
{
	const struct hm_sim_settings *s = &h->settings;

	if (s->export_control != 1)
		return INT32_MAX;
	return s->export_most < 0 ? 0 : rated * s->export_most / PERMILLE;
}

static void
read_supply(struct hm_sim_hybrid *h, struct hm_sim_supply *supply)
{
	const struct hm_sim_house *house = h->house;
	int64_t rated = hm_sim_house_rated(house);

	switch_charger(h);
	*supply = (struct hm_sim_supply){
	    .pv = hm_sim_house_sun(house, h->place, h->time),
	    .external = hm_sim_house_external(house, h->place, h->time),
	    .load = hm_sim_house_load(house, h->place, h->time) + h->charger,
	    .rated = rated,
	    .export_most = export_most(h, rated),
	};
	switch_heater(h, supply);
}

static void
limit_battery(struct hm_sim_hybrid *h, const struct hm_sim_wish *wish,
    struct hm_sim_supply *supply)
{
	supply->grid = wish->grid;
	switch_generator(h, wish->grid);
	supply->generator = h->generator_on ? GENERATOR : 0;
	supply->charge_most = charge_most(h, wish->ceiling);
	supply->discharge_most = discharge_most(h, wish->floor);
}

/* The first i + 1 of n parts less the first i: all of them are the whole. */
static int64_t
part(int64_t whole, size_t i, size_t n)
{
	return whole * (int64_t)(i + 1) / (int64_t)n -
	    whole * (int64_t)i / (int64_t)n;
}

static int64_t
load_part(const struct hm_sim_hybrid *h, size_t phase)
{
	int64_t before = 0, until;

	for (size_t i = 0; i < phase; i++)
		before += hm_sim_house_share(h->house, i);
	until = before + hm_sim_house_share(h->house, phase);
	return h->flows.load * until / HM_SIM_HOUSE_WHOLE -
	    h->flows.load * before / HM_SIM_HOUSE_WHOLE;
}

/* The inverter gives each phase the same, and the grid the rest. */
static void
count_phases(struct hm_sim_hybrid *h)
{
	const struct hm_sim_flows *f = &h->flows;
	size_t n = h->house->phases;

	for (size_t i = 0; i < n; i++) {
		int64_t load = load_part(h, i);
		int64_t grid = part(f->ac + f->external + f->generator, i,
		    n) - load;

		/* An island feeds each phase what it takes. */
		if (h->settings.mode == HM_MODE_OFF_GRID)
			grid = 0;
		h->power[HM_SIM_COUNT_LOAD + i] = load;
		h->power[HM_SIM_COUNT_IMPORT + i] = grid < 0 ? -grid : 0;
		h->power[HM_SIM_COUNT_EXPORT + i] = grid > 0 ? grid : 0;
	}
}

/* By the highest powers of the strings. */
static void
count_strings(struct hm_sim_hybrid *h)
{
	const struct hm_sim_house *house = h->house;
	int64_t all = 0, before = 0;

	for (size_t i = 0; i < house->strings; i++)
		all += hm_sim_house_peak(house, h->place, i);
	for (size_t i = 0; i < house->strings; i++) {
		int64_t until = before + hm_sim_house_peak(house, h->place, i);

		h->power[HM_SIM_COUNT_PV + i] = h->flows.pv * until / all -
		    h->flows.pv * before / all;
		before = until;
	}
}

static void
count_flows(struct hm_sim_hybrid *h)
{
	const struct hm_sim_flows *f = &h->flows;
	int64_t *p = h->power;

	count_strings(h);
	count_phases(h);
	p[HM_SIM_COUNT_EXTERNAL] = f->external;
	p[HM_SIM_COUNT_GENERATOR] = f->generator;
	p[HM_SIM_COUNT_CHARGED] = f->charge;
	p[HM_SIM_COUNT_DISCHARGED] = f->discharge;
	p[HM_SIM_COUNT_LOSSES] = f->losses;
	p[HM_SIM_COUNT_UNSERVED] = f->unserved;
	p[HM_SIM_COUNT_PV_TO_LOAD] = f->pv_to_load;
	p[HM_SIM_COUNT_PV_TO_BATTERY] = f->pv_to_battery;
	p[HM_SIM_COUNT_PV_TO_GRID] = f->pv_to_grid;
	p[HM_SIM_COUNT_BATTERY_TO_LOAD] = f->battery_to_load;
	p[HM_SIM_COUNT_BATTERY_TO_GRID] = f->battery_to_grid;
	p[HM_SIM_COUNT_GRID_TO_LOAD] = f->grid_to_load;
	p[HM_SIM_COUNT_HEATER] = h->heater;
	p[HM_SIM_COUNT_CHARGER] = h->charger;
}

static void
begin_step(struct hm_sim_hybrid *h)
{
	struct hm_sim_supply supply;
	struct hm_sim_moment moment;
	struct hm_sim_wish wish;

	read_supply(h, &supply);
	moment = (struct hm_sim_moment){
	    .second = h->time % HM_SIM_DAY,
	    .weekday = h->time / HM_SIM_DAY % 7,
	    .charge = hm_sim_hybrid_charge(h),
	    .rated = supply.rated,
	    .lack = hm_sim_dispatch_lack(&supply),
	};
	hm_sim_mode_wish(&h->settings, &moment, &wish);
	limit_battery(h, &wish, &supply);
	hm_sim_dispatch(&supply, &wish, &h->flows);
	count_flows(h);
	h->stale = false;
}

static void
reset_day(struct hm_sim_hybrid *h)
{
	int64_t session = h->today[HM_SIM_COUNT_CHARGER];

	memset(h->today, 0, sizeof h->today);
	h->today[HM_SIM_COUNT_CHARGER] = session;
}

static bool
is_reset(const struct hm_sim_hybrid *h)
{
	return h->house->reset >= 0 &&
	    h->time % HM_SIM_DAY == h->house->reset;
}

/* To the next step, the next reset or to `time`, whatever comes first. */
static void
go_on(struct hm_sim_hybrid *h, int64_t time)
{
	int64_t end = h->time - h->time % HM_SIM_STEP + HM_SIM_STEP;
	int64_t seconds = smaller(end, time) - h->time;

	for (size_t i = 0; i < HM_SIM_COUNTS; i++) {
		h->today[i] += h->power[i] * seconds;
		h->total[i] += h->power[i] * seconds;
	}
	h->session += seconds;
	h->time += seconds;
	if (h->time < end)
		return;
	if (is_reset(h))
		reset_day(h);
	begin_step(h);
}

void
hm_sim_hybrid_advance(struct hm_sim_hybrid *h, int64_t time)
{
	if (h->stale)
		begin_step(h);
	while (h->time < time)
		go_on(h, time);
}

void
hm_sim_hybrid_set(struct hm_sim_hybrid *h,
    const struct hm_sim_settings *settings)
{
	h->settings = *settings;
	h->stale = true;
}

void
hm_sim_hybrid_start(struct hm_sim_hybrid *h, const struct hm_sim_house *house,
    uint64_t place)
{
	memset(h, 0, sizeof *h);
	h->house = house;
	h->place = place;
	h->time = HM_SIM_DAY;
	h->before = house->capacity * HM_SIM_WATT_HOUR / 100 * house->charge;
	hm_sim_settings_start(&h->settings, house->mode);
	begin_step(h);
}
