#include "base/log.h"
#include "decode_private.h"
#include "hybrid.pb-c.h"
#include "power_factor.h"
#include "reading.h"

/* The parts of a hybrid inverter and of its plant. */

#define TENTHS 10       /* steps of 0.1 in one of 1, of 0.01 in one of 0.1 */
#define HUNDREDTHS 10   /* in thousandths: a power factor */
#define WATT_HOURS 100  /* in one of the wire, 0.1 kWh */
#define VOLTAGE_SCALE INT64_C(10) /* 0.1 V in 1 V */
#define CURRENT_SCALE INT64_C(10) /* 0.1 A in 1 A */
#define PERCENT 100
#define KILO 1000

/* In fields.def the fields of the phases stand one after another. */
#define FOLLOW(first, last) _Static_assert((int)HM_F_##last == \
    (int)HM_F_##first + (int)HM_PHASES - 1, "phases follow")
FOLLOW(VOLTAGE_A, VOLTAGE_C);
FOLLOW(CURRENT_A, CURRENT_C);
FOLLOW(POWER_A, POWER_C);
FOLLOW(REACTIVE_POWER_A, REACTIVE_POWER_C);
FOLLOW(POWER_FACTOR_A, POWER_FACTOR_C);
FOLLOW(TODAY_EXPORT_A, TODAY_EXPORT_C);
FOLLOW(TODAY_IMPORT_A, TODAY_IMPORT_C);
FOLLOW(TODAY_ENERGY_A, TODAY_ENERGY_C);
FOLLOW(BACKUP_VOLTAGE_A, BACKUP_VOLTAGE_C);
FOLLOW(BACKUP_CURRENT_A, BACKUP_CURRENT_C);
FOLLOW(BACKUP_POWER_A, BACKUP_POWER_C);
FOLLOW(DC_INJECTION_A, DC_INJECTION_C);
FOLLOW(DC_OFFSET_A, DC_OFFSET_C);

/* A part: its record, and where it came from. */
struct part {
	struct hm_decoder *d;
	const struct hm_raw_frame *frame;
	struct hm_slice serial;
	struct hm_reading r;
};

static void
start(struct part *p, const char *type)
{
	hm_decode_start_reading(p->d, &p->r, type, p->serial);
}

static void
end(struct part *p)
{
	hm_decode_end(p->d, &p->r, p->frame);
}

static void
put(struct part *p, enum hm_field_id field, int64_t units)
{
	hm_reading_number(&p->r, field, units);
}

/* An energy of the day, in 0.1 kWh; a negative one is none. */
static void
put_energy(struct part *p, enum hm_field_id field, int64_t energy)
{
	if (energy >= 0)
		put(p, field, energy * WATT_HOURS);
}

/* A sum of energies is none if one of them is. */
static void
add_energy(int64_t *sum, int32_t energy)
{
	*sum = *sum < 0 || energy < 0 ? -1 : *sum + energy;
}

/* Readings that only hybrid inverters have */

static void
emit_hybrid(struct part *p, const Hm__HybridInverter *inverter)
{
	const Hm__HybridInverterState *state = inverter->state;
	unsigned seen = 0;

	start(p, "hybrid");
	if (state != NULL) {
		put(p, HM_F_DEVICE_STATUS, state->status);
		hm_reading_heard(&p->r, HM_F_INSULATION_RESISTANCE,
		    (int64_t)state->insulation * KILO, false);
		put(p, HM_F_LEAKAGE_CURRENT, state->leakage);
	}
	for (size_t i = 0; i < inverter->n_phase; i++) {
		const Hm__HybridInverterPhase *h = inverter->phase[i];
		size_t phase = hm_decode_phase(h->number, i, &seen);

		if (phase == HM_PHASES)
			continue;
		put(p, HM_F_DC_INJECTION_A + phase, h->dc_current);
		put(p, HM_F_DC_OFFSET_A + phase, h->dc_voltage);
	}
	end(p);
}

/* Battery */

static int64_t
magnitude(int64_t number)
{
	return number < 0 ? -number : number;
}

/*
 * Whether 0.1 A explains the power, to a tenth and to the steps of all three:
 * no device has confirmed the scale of the current.
 */
static bool
current_agrees(const Hm__HybridBattery *b)
{
	int64_t scale = VOLTAGE_SCALE * CURRENT_SCALE;
	int64_t power = magnitude(b->power) * scale;
	int64_t product = magnitude((int64_t)b->voltage * b->current);
	int64_t steps = scale + magnitude(b->voltage) + magnitude(b->current);

	return magnitude(product - power) <= power / 10 + steps;
}

static void
put_current(struct part *p, const Hm__HybridBattery *b)
{
	if (current_agrees(b))
		put(p, HM_F_BATTERY_CURRENT, (int64_t)b->current * TENTHS);
	else
		hm_log(HM_DEBUG, "current is left out: %d tenths of an ampere "
		    "disagree with voltage and power of the battery",
		    b->current);
}

static void
put_limits(struct part *p, const Hm__HybridBattery *b)
{
	hm_reading_heard(&p->r, HM_F_CHARGE_CURRENT_LIMIT,
	    b->charge_current_limit, b->voltage_limit_high != 0);
	hm_reading_heard(&p->r, HM_F_DISCHARGE_CURRENT_LIMIT,
	    b->discharge_current_limit, b->voltage_limit_high != 0);
	hm_reading_heard(&p->r, HM_F_VOLTAGE_LIMIT_HIGH,
	    b->voltage_limit_high, false);
	hm_reading_heard(&p->r, HM_F_VOLTAGE_LIMIT_LOW, b->voltage_limit_low,
	    false);
}

/* A cell or a module without a voltage is not measured. */
static void
put_extremes(struct part *p, const Hm__HybridBattery *b)
{
	bool cells = b->cell_voltage_max != 0;
	bool modules = b->module_voltage_max != 0;

	hm_reading_heard(&p->r, HM_F_CELL_TEMPERATURE_MAX,
	    b->cell_temperature_max, cells);
	hm_reading_heard(&p->r, HM_F_CELL_TEMPERATURE_MIN,
	    b->cell_temperature_min, cells);
	hm_reading_heard(&p->r, HM_F_MODULE_TEMPERATURE_MAX,
	    b->module_temperature_max, modules);
	hm_reading_heard(&p->r, HM_F_MODULE_TEMPERATURE_MIN,
	    b->module_temperature_min, modules);
	hm_reading_heard(&p->r, HM_F_CELL_VOLTAGE_MAX, b->cell_voltage_max,
	    false);
	hm_reading_heard(&p->r, HM_F_CELL_VOLTAGE_MIN, b->cell_voltage_min,
	    false);
	hm_reading_heard(&p->r, HM_F_MODULE_VOLTAGE_MAX,
	    b->module_voltage_max, false);
	hm_reading_heard(&p->r, HM_F_MODULE_VOLTAGE_MIN,
	    b->module_voltage_min, false);
}

static void
emit_battery(struct part *p, const Hm__HybridBattery *b)
{
	if (b->voltage == 0 && b->charge == 0 && b->health == 0) {
		hm_log(HM_DEBUG, "a battery is left out: it has no voltage");
		return;
	}
	start(p, "battery");
	put(p, HM_F_DEVICE_STATUS, b->status);
	put(p, HM_F_DEVICE_FAULT, b->fault);
	put(p, HM_F_BATTERY_TYPE, b->type);
	if (b->charge >= 0 && b->charge <= PERCENT)
		put(p, HM_F_SOC, b->charge);
	if (b->health > 0 && b->health <= PERCENT)
		put(p, HM_F_SOH, b->health);
	put(p, HM_F_BATTERY_VOLTAGE, b->voltage);
	put_current(p, b);
	put(p, HM_F_SIGNED_POWER, b->power);
	put_energy(p, HM_F_TODAY_CHARGED, b->today_charged);
	put_energy(p, HM_F_TODAY_DISCHARGED, b->today_discharged);
	put_limits(p, b);
	put_extremes(p, b);
	end(p);
}

/* Parts with phases */

static void
put_state(struct part *p, const Hm__HybridState *state)
{
	if (state == NULL)
		return;
	put(p, HM_F_DEVICE_STATUS, state->status);
	hm_reading_heard(&p->r, HM_F_FREQUENCY, state->frequency, false);
}

static void
put_power_factor(struct part *p, const Hm__HybridGridPhase *g, size_t phase)
{
	const struct hm_power_reading power = {
	    .power = (int64_t)g->active_power * TENTHS,
	    .step = TENTHS,
	    .reactive = (int64_t)g->reactive_power * TENTHS,
	    .voltage = {(int64_t)g->voltage * TENTHS},
	    .current = {g->current},
	};

	hm_decode_power_factor(&p->r, HM_F_POWER_FACTOR_A + phase, &power,
	    (int64_t)g->power_factor * HUNDREDTHS);
}

static void
put_grid_phase(struct part *p, const Hm__HybridGridPhase *g, size_t phase)
{
	put(p, HM_F_VOLTAGE_A + phase, (int64_t)g->voltage * TENTHS);
	put(p, HM_F_CURRENT_A + phase, g->current);
	put(p, HM_F_POWER_A + phase, g->active_power);
	put(p, HM_F_REACTIVE_POWER_A + phase, g->reactive_power);
	put_power_factor(p, g, phase);
	put_energy(p, HM_F_TODAY_EXPORT_A + phase, g->today_export);
	put_energy(p, HM_F_TODAY_IMPORT_A + phase, g->today_import);
}

static void
emit_grid(struct part *p, const Hm__HybridGrid *grid)
{
	int64_t power = 0, exported = 0, imported = 0;
	unsigned seen = 0;

	start(p, "grid");
	put_state(p, grid->state);
	for (size_t i = 0; i < grid->n_phase; i++) {
		const Hm__HybridGridPhase *g = grid->phase[i];
		size_t phase = hm_decode_phase(g->number, i, &seen);

		if (phase == HM_PHASES)
			continue;
		put_grid_phase(p, g, phase);
		power += g->active_power;
		add_energy(&exported, g->today_export);
		add_energy(&imported, g->today_import);
	}
	if (seen != 0) {
		put(p, HM_F_SIGNED_POWER, power);
		put_energy(p, HM_F_TODAY_EXPORT, exported);
		put_energy(p, HM_F_TODAY_IMPORT, imported);
	}
	end(p);
}

static void
put_load_phases(struct part *p, const Hm__HybridLoad *load)
{
	int64_t power = 0, today = 0;
	unsigned seen = 0;

	for (size_t i = 0; i < load->n_phase; i++) {
		const Hm__HybridLoadPhase *l = load->phase[i];
		size_t phase = hm_decode_phase(l->number, i, &seen);

		if (phase == HM_PHASES)
			continue;
		put(p, HM_F_VOLTAGE_A + phase, (int64_t)l->voltage * TENTHS);
		put(p, HM_F_POWER_A + phase, l->active_power);
		put_energy(p, HM_F_TODAY_ENERGY_A + phase, l->today);
		power += l->active_power;
		add_energy(&today, l->today);
	}
	if (seen == 0)
		return;
	put(p, HM_F_PART_POWER, power);
	put_energy(p, HM_F_TODAY_ENERGY, today);
}

/* The backup output stands beside the phases of the inverter. */
static void
put_backup(struct part *p, const Hm__HybridInverter *inverter)
{
	unsigned seen = 0;

	for (size_t i = 0; inverter != NULL && i < inverter->n_phase; i++) {
		const Hm__HybridInverterPhase *b = inverter->phase[i];
		size_t phase = hm_decode_phase(b->number, i, &seen);

		if (phase == HM_PHASES)
			continue;
		put(p, HM_F_BACKUP_VOLTAGE_A + phase, b->backup_voltage);
		put(p, HM_F_BACKUP_CURRENT_A + phase, b->backup_current);
		put(p, HM_F_BACKUP_POWER_A + phase, b->backup_power);
	}
}

static void
emit_load(struct part *p, const Hm__HybridLoad *load,
    const Hm__HybridInverter *inverter)
{
	start(p, "load");
	if (load != NULL) {
		put_state(p, load->state);
		put_load_phases(p, load);
	}
	put_backup(p, inverter);
	end(p);
}

static void
emit_generator(struct part *p, const char *type,
    const Hm__HybridGenerator *generator)
{
	int64_t power = 0, today = 0;
	unsigned seen = 0;

	start(p, type);
	put_state(p, generator->state);
	for (size_t i = 0; i < generator->n_phase; i++) {
		const Hm__HybridGeneratorPhase *g = generator->phase[i];
		size_t phase = hm_decode_phase(g->number, i, &seen);

		if (phase == HM_PHASES)
			continue;
		put(p, HM_F_VOLTAGE_A + phase, (int64_t)g->voltage * TENTHS);
		put(p, HM_F_CURRENT_A + phase, g->current);
		put(p, HM_F_POWER_A + phase, g->active_power);
		put(p, HM_F_REACTIVE_POWER_A + phase, g->reactive_power);
		put_energy(p, HM_F_TODAY_ENERGY_A + phase, g->today);
		power += g->active_power;
		add_energy(&today, g->today);
	}
	if (seen != 0) {
		put(p, HM_F_PART_POWER, power);
		put_energy(p, HM_F_TODAY_ENERGY, today);
	}
	end(p);
}

/* The flow */

static void
put_today(struct part *p, const Hm__HybridEnergies *produced,
    const Hm__HybridEnergies *consumed)
{
	/* Both have what the load got from the panels. */
	const Hm__HybridEnergies *first = produced != NULL ? produced :
	    consumed;

	if (first != NULL)
		put_energy(p, HM_F_TODAY_PV_TO_LOAD, first->first);
	if (produced != NULL) {
		put_energy(p, HM_F_TODAY_PV_TO_BATTERY, produced->second);
		put_energy(p, HM_F_TODAY_PV_TO_GRID, produced->third);
	}
	if (consumed != NULL) {
		put_energy(p, HM_F_TODAY_BATTERY_TO_LOAD, consumed->second);
		put_energy(p, HM_F_TODAY_GRID_TO_LOAD, consumed->third);
	}
}

static void
emit_flow(struct part *p, const Hm__HybridReply *reply)
{
	const Hm__HybridFlow *f = reply->flow;

	start(p, "flow");
	if (f != NULL) {
		put(p, HM_F_PV_TO_LOAD, f->pv_to_load);
		put(p, HM_F_PV_TO_BATTERY, f->pv_to_battery);
		put(p, HM_F_PV_TO_GRID, f->pv_to_grid);
		put(p, HM_F_BATTERY_TO_LOAD, f->battery_to_load);
		put(p, HM_F_GRID_TO_LOAD, f->grid_to_load);
		put(p, HM_F_BATTERY_TO_GRID, f->battery_to_grid);
	}
	put_today(p, reply->produced, reply->consumed);
	end(p);
}

/* Chargers */

static void
emit_charger(struct part *p, const Hm__HybridChargerState *c)
{
	char text[HM_SERIAL_TEXT];

	if (c->serial == 0) {
		hm_log(HM_DEBUG, "a charger is left out: it has no serial");
		return;
	}
	p->serial = hm_decode_serial(c->serial, text);
	start(p, "ev_charger");
	put(p, HM_F_DEVICE_STATUS, c->status);
	put(p, HM_F_DEVICE_FAULT, c->error);
	put(p, HM_F_CHARGER_VOLTAGE, c->voltage);
	put(p, HM_F_CHARGER_CURRENT, c->current);
	put(p, HM_F_SIGNED_POWER, c->power);
	put(p, HM_F_SESSION_ENERGY, c->energy);
	end(p);
}

static void
emit_chargers(struct part *p, const Hm__HybridReply *reply)
{
	for (size_t i = 0; i < reply->n_charger; i++)
		for (size_t j = 0; j < reply->charger[i]->n_state; j++)
			emit_charger(p, reply->charger[i]->state[j]);
}

void
hm_decode_hybrid_parts(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__HybridReply *reply, struct hm_slice serial)
{
	struct part p = {.d = d, .frame = frame, .serial = serial};

	if (reply->inverter != NULL)
		emit_hybrid(&p, reply->inverter);
	if (reply->battery != NULL)
		emit_battery(&p, reply->battery);
	if (reply->grid != NULL)
		emit_grid(&p, reply->grid);
	if (reply->load != NULL || (reply->inverter != NULL &&
	    reply->inverter->n_phase > 0))
		emit_load(&p, reply->load, reply->inverter);
	if (reply->generator != NULL)
		emit_generator(&p, "generator", reply->generator);
	if (reply->external_pv != NULL)
		emit_generator(&p, "external_pv", reply->external_pv);
	if (reply->flow != NULL || reply->produced != NULL ||
	    reply->consumed != NULL)
		emit_flow(&p, reply);
	emit_chargers(&p, reply);
}
