#include "sim_plant.h"

#include <string.h>

#include "base/hex.h"
#include "record/models.h"
#include "sim_random.h"
#include "sim_sun.h"

/* Powers in 0.1 W. */
#define PANEL_MIN 3000
#define PANEL_RANGE 1200
#define HOUSE_MIN 3000
#define HOUSE_RANGE 4000
#define REACTIVE ((int64_t)225)

/* Energies in Wh at the start of the simulation. */
#define TOTAL_MIN 50000
#define TOTAL_RANGE 900000

#define EFFICIENCY 950 /* permille; real DTUs assume the same */
#define METER_FACTOR 980

/* A number below `range`: the same for the same seed, purpose and place. */
static int64_t
draw(const struct hm_sim_plant *plant, enum hm_sim_purpose what,
    uint64_t place, int64_t moment, int64_t range)
{
	return hm_sim_random(plant->seed, what, place, moment, range);
}

static uint64_t
inverter_place(const struct hm_sim_plant *plant, size_t dtu, size_t inverter)
{
	return (uint64_t)dtu * plant->inverters + inverter;
}

static uint64_t
port_place(const struct hm_sim_plant *plant, size_t dtu, size_t inverter,
    size_t port)
{
	return inverter_place(plant, dtu, inverter) * plant->ports + port;
}

/* Serial numbers and models */

int64_t
hm_sim_plant_dtu_serial(const struct hm_sim_plant *plant, size_t dtu,
    enum hm_sim_plant_dtu_kind kind)
{
	static const int64_t prefixes[] = {
	    [HM_SIM_PLANT_DTU_MODBUS] = 0x10f8,
	    [HM_SIM_PLANT_DTU_PLAIN] = 0x10f7,
	    [HM_SIM_PLANT_DTU_ENCRYPTED] = 0x4121,
	    [HM_SIM_PLANT_DTU_BUILT_IN] = 0x4143,
	};

	return hm_sim_random_serial(plant->seed, prefixes[kind], dtu);
}

struct inverter_model {
	bool is_mi;
	size_t phases, ports;
	int64_t prefix;
	int32_t hardware_part;
};

static const struct inverter_model *
model_of(const struct hm_sim_plant *plant)
{
	static const struct inverter_model hms_w = {false, 1, 2, 0x1412, 0};
	static const struct inverter_model models[] = {
	    {false, 1, 1, 0x1121, 0x10104008}, /* HM-400 */
	    {false, 1, 2, 0x1141, 0x10114008}, /* HM-800 */
	    {false, 1, 4, 0x1161, 0x10123008}, /* HM-1500 */
	    {true, 1, 1, 0x1021, 0}, /* MI; their part numbers are unknown */
	    {true, 1, 2, 0x1041, 0},
	    {true, 1, 4, 0x1061, 0},
	    {false, 3, 4, 0x1361, 0x10327108}, /* HMT-2000-4T */
	    {false, 3, 6, 0x1382, 0x10333108}, /* HMT-2250-6T */
	};
	size_t last = sizeof models / sizeof *models - 1;

	if (plant->is_hms_w)
		return &hms_w;
	for (size_t i = 0; i < last; i++)
		if (models[i].is_mi == plant->is_mi &&
		    models[i].phases == plant->phases &&
		    models[i].ports == plant->ports)
			return &models[i];
	return &models[last];
}

int64_t
hm_sim_plant_inverter_serial(const struct hm_sim_plant *plant, size_t dtu,
    size_t inverter)
{
	return hm_sim_random_serial(plant->seed, model_of(plant)->prefix,
	    inverter_place(plant, dtu, inverter));
}

int64_t
hm_sim_plant_rated(const struct hm_sim_plant *plant)
{
	const struct inverter_model *model = model_of(plant);
	const char *name = hm_model_part((uint32_t)model->hardware_part);
	char serial[HM_SERIAL_TEXT];

	if (name == NULL)
		name = hm_model_inverter(hm_serial_format(
		    (uint64_t)model->prefix, 4, serial));
	return 10 * hm_model_input_watts(hm_text(name)) *
	    hm_model_inputs(hm_text(name));
}

int32_t
hm_sim_plant_hardware_part(const struct hm_sim_plant *plant)
{
	return model_of(plant)->hardware_part;
}

int64_t
hm_sim_plant_meter_serial(const struct hm_sim_plant *plant, size_t dtu)
{
	return hm_sim_random_serial(plant->seed, plant->phases == 1 ? 0x10c0 :
	    0x37ff, dtu);
}

/* Inputs */

static int64_t
drawn_peak(const struct hm_sim_plant *plant, uint64_t place)
{
	return PANEL_MIN + draw(plant, HM_DRAW_PANEL, place, 0, PANEL_RANGE);
}

static int64_t
panel_peak(const struct hm_sim_plant *plant, uint64_t place)
{
	if (!plant->half_wired || plant->ports == 1)
		return drawn_peak(plant, place);
	return place % 2 == 0 ?
	    drawn_peak(plant, place) + drawn_peak(plant, place + 1) : 0;
}

/* Energy since the first sunrise. Each day before is rounded to whole Wh. */
static int64_t
energy(int64_t peak, const struct hm_sim_sun *sun)
{
	int64_t day = hm_sim_sun_energy(peak,
	    hm_sim_sun_full_ms(HM_SIM_SUN_DAY));

	return sun->days * day + hm_sim_sun_energy(peak, sun->full_ms);
}

/* From the same rounded values as the total, so that both count at once. */
static int64_t
energy_today(int64_t peak, const struct hm_sim_time *time)
{
	return energy(peak, &time->sun) - energy(peak, &time->reset);
}

static int64_t
energy_total(const struct hm_sim_plant *plant, uint64_t place, int64_t peak,
    const struct hm_sim_time *time)
{
	return TOTAL_MIN + draw(plant, HM_DRAW_TOTAL, place, 0, TOTAL_RANGE) +
	    energy(peak, &time->sun);
}

/* A ratio to the nearest integer. */
static int32_t
divide(int64_t a, int64_t b)
{
	return (int32_t)((a + b / 2) / b);
}

void
hm_sim_plant_read_port(const struct hm_sim_plant *plant, size_t dtu,
    size_t inverter, size_t port, const struct hm_sim_time *time,
    struct hm_sim_plant_port *out)
{
	uint64_t place = port_place(plant, dtu, inverter, port);
	int64_t peak = panel_peak(plant, place);

	memset(out, 0, sizeof *out);
	out->today = energy_today(peak, time) & INT32_MAX;
	out->total = energy_total(plant, place, peak, time) & INT32_MAX;
	if (!time->sun.up)
		return;
	out->power = (int32_t)(peak * time->sun.share / HM_SIM_SUN_FULL);
	out->voltage = (int32_t)(310 + 50 * time->sun.share / HM_SIM_SUN_FULL +
	    draw(plant, HM_DRAW_PV_VOLTAGE, place, time->simulated, 10));
	out->current = divide(100 * (int64_t)out->power, out->voltage);
}

/* Inverters */

/* The largest integer whose square is not above x. */
static int64_t
square_root(int64_t x)
{
	int64_t root = 0;

	for (int64_t bit = (int64_t)1 << 31; bit > 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= x)
			root += bit;
	return root;
}

static int64_t
inverter_power(const struct hm_sim_plant *plant, size_t dtu, size_t inverter,
    const struct hm_sim_sun *sun)
{
	int64_t power = 0;

	for (size_t i = 0; i < plant->ports; i++)
		power += panel_peak(plant, port_place(plant, dtu, inverter,
		    i)) * sun->share / HM_SIM_SUN_FULL;
	return power * EFFICIENCY / 1000;
}

/* About 230 V; the same for all devices on the phase. */
static int32_t
grid_voltage(const struct hm_sim_plant *plant, size_t dtu, size_t phase,
    const struct hm_sim_time *time)
{
	return (int32_t)(2280 + draw(plant, HM_DRAW_VOLTAGE,
	    (uint64_t)dtu * HM_SIM_PLANT_PHASES + phase, time->simulated, 41));
}

static void
set_powers(struct hm_sim_plant_inverter *out, int64_t active)
{
	int64_t apparent = square_root(active * active + REACTIVE * REACTIVE);

	out->active_power = (int32_t)active;
	out->reactive_power = (int32_t)REACTIVE;
	out->power_factor = divide(1000 * active, apparent);
}

void
hm_sim_plant_read_inverter(const struct hm_sim_plant *plant, size_t dtu,
    size_t inverter, const struct hm_sim_time *time,
    struct hm_sim_plant_inverter *out)
{
	uint64_t place = inverter_place(plant, dtu, inverter);
	int64_t phases = (int64_t)plant->phases;

	memset(out, 0, sizeof *out);
	if (!time->sun.up)
		return;
	set_powers(out, inverter_power(plant, dtu, inverter, &time->sun));
	for (size_t i = 0; i < plant->phases; i++)
		out->voltage[i] = grid_voltage(plant, dtu, i, time);
	for (size_t i = 0; i < plant->phases; i++) {
		int64_t next = out->voltage[(i + 1) % plant->phases];

		/* Between two lines: the mean times the root of 3. */
		out->line[i] = divide((out->voltage[i] + next) * 1732, 2000);
		out->current[i] = divide(100 * (int64_t)out->active_power,
		    phases * out->voltage[i]);
	}
	out->frequency = (int32_t)(4998 + draw(plant, HM_DRAW_FREQUENCY, dtu,
	    time->simulated, 5));
	out->temperature = (int32_t)(80 +
	    300 * time->sun.share / HM_SIM_SUN_FULL +
	    draw(plant, HM_DRAW_TEMPERATURE, place, time->simulated, 5));
}

/* DTUs */

int64_t
hm_sim_plant_dtu_peak(const struct hm_sim_plant *plant, size_t dtu)
{
	uint64_t first = port_place(plant, dtu, 0, 0);
	int64_t peak = 0;

	for (size_t i = 0; i < plant->inverters * plant->ports; i++)
		peak += panel_peak(plant, first + i);
	return peak;
}

void
hm_sim_plant_dtu_energy(const struct hm_sim_plant *plant, size_t dtu,
    const struct hm_sim_time *time, int64_t *today, int64_t *total)
{
	uint64_t first = port_place(plant, dtu, 0, 0);

	*today = *total = 0;
	for (size_t i = 0; i < plant->inverters * plant->ports; i++) {
		int64_t peak = panel_peak(plant, first + i);

		*today += energy_today(peak, time);
		*total += energy_total(plant, first + i, peak, time);
	}
}

/* Meters. Their counters are of a house whose consumption is constant. */

/* Energies in 0.1 W ms. */
struct balance {
	int64_t house, peak; /* powers, 0.1 W */
	int64_t surplus_from, surplus_to; /* s of daylight */
	int64_t surplus_from_ms;
};

/*
 * The panels produce more than the house consumes while 4x(D - x) / D^2 is
 * above house / peak.
 */
static void
set_balance(const struct hm_sim_plant *plant, size_t dtu, struct balance *b)
{
	int64_t day = HM_SIM_SUN_DAY;

	b->house = HOUSE_MIN + draw(plant, HM_DRAW_HOUSE, dtu, 0, HOUSE_RANGE);
	b->peak = hm_sim_plant_dtu_peak(plant, dtu) * EFFICIENCY / 1000;
	b->surplus_from = b->surplus_to = day / 2;
	if (b->peak > 0 && b->peak > b->house) {
		int64_t width = square_root(day * day * (b->peak - b->house) /
		    b->peak);

		b->surplus_from = (day - width) / 2 + 1;
		b->surplus_to = day - b->surplus_from;
	}
	b->surplus_from_ms = hm_sim_sun_full_ms(b->surplus_from);
}

/* Energy exported in the daylight so far. */
static int64_t
surplus(const struct balance *b, int64_t seconds)
{
	int64_t to = seconds < b->surplus_to ? seconds : b->surplus_to;

	if (to <= b->surplus_from)
		return 0;
	return b->peak * (hm_sim_sun_full_ms(to) - b->surplus_from_ms) -
	    b->house * 1000 * (to - b->surplus_from);
}

static int64_t
exported(const struct balance *b, const struct hm_sim_sun *sun)
{
	return sun->days * surplus(b, HM_SIM_SUN_DAY) +
	    surplus(b, sun->seconds);
}

/* Consumption of the house, minus production, plus export. */
static int64_t
imported(const struct balance *b, const struct hm_sim_sun *sun)
{
	int64_t taken = b->house * 1000 * (sun->days * 86400 + sun->since);
	int64_t given = b->peak *
	    (sun->days * hm_sim_sun_full_ms(HM_SIM_SUN_DAY) + sun->full_ms);

	return taken - given + exported(b, sun);
}

/* In the meter's unit of 10 Wh. */
static int32_t
meter_energy(const struct hm_sim_plant *plant, enum hm_sim_purpose what,
    size_t dtu, int64_t energy)
{
	int64_t before = draw(plant, what, dtu, 0, TOTAL_RANGE);

	return (int32_t)(((energy / 36000000 + before) / 10) & INT32_MAX);
}

static int64_t
power_of(const struct balance *b, const struct hm_sim_time *time)
{
	return (time->has_load ? time->load : b->house) - (time->sun.up ?
	    b->peak * time->sun.share / HM_SIM_SUN_FULL : 0);
}

int64_t
hm_sim_plant_grid(const struct hm_sim_plant *plant, size_t dtu,
    const struct hm_sim_time *time)
{
	struct balance b;

	set_balance(plant, dtu, &b);
	return power_of(&b, time);
}

void
hm_sim_plant_read_meter(const struct hm_sim_plant *plant, size_t dtu,
    const struct hm_sim_time *time, struct hm_sim_plant_meter *out)
{
	int32_t phases = (int32_t)plant->phases;
	struct balance b;
	int64_t power, magnitude;

	memset(out, 0, sizeof *out);
	set_balance(plant, dtu, &b);
	power = power_of(&b, time);
	magnitude = power < 0 ? -power : power;
	out->power = (int32_t)(power / 100);
	out->power_factor = METER_FACTOR;
	out->exported = meter_energy(plant, HM_DRAW_EXPORT, dtu,
	    exported(&b, &time->sun));
	out->imported = meter_energy(plant, HM_DRAW_IMPORT, dtu,
	    imported(&b, &time->sun));
	out->phase_power = out->power / phases;
	out->phase_exported = out->exported / phases;
	out->phase_imported = out->imported / phases;
	for (size_t i = 0; i < plant->phases; i++) {
		out->voltage[i] = 10 * grid_voltage(plant, dtu, i, time) +
		    (int32_t)draw(plant, HM_DRAW_METER, dtu, time->simulated,
		    10);
		out->current[i] = divide(magnitude * 1000000 / METER_FACTOR,
		    phases * (int64_t)out->voltage[i]);
	}
}
