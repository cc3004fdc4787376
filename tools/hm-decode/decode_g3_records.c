#include <string.h>

#include "base/json_writer.h"
#include "decode_g3.h"
#include "decode_private.h"
#include "g3_faults.h"
#include "g3_values.h"
#include "power_factor.h"
#include "reading.h"
#include "record/fields.h"
#include "record/types.h"
#include "wire/g3.h"

/* The records of a HIT-...-G3 or HiOne. docs/hybrids.md has the sources. */

#define INPUTS 4
#define TENTHS 10       /* of a watt and of a var in one */
#define OUTPUT_VOLTAGE 67 /* register of the first phase of the inverter */
#define NOISE_MAX 200     /* of a voltage that is not there, in 0.1 V */
#define NOISE_MAX_GRID 2000 /* the same, in 0.01 V */

/* In fields.def the fields of the phases stand one after another. */
#define FOLLOW(first, last) _Static_assert((int)HM_F_##last == \
    (int)HM_F_##first + (int)HM_PHASES - 1, "phases follow")
FOLLOW(GRID_VOLTAGE_A, GRID_VOLTAGE_C);
FOLLOW(AC_CURRENT_A, AC_CURRENT_C);
FOLLOW(VOLTAGE_A, VOLTAGE_C);
FOLLOW(CURRENT_A, CURRENT_C);
FOLLOW(POWER_A, POWER_C);
FOLLOW(REACTIVE_POWER_A, REACTIVE_POWER_C);
FOLLOW(POWER_FACTOR_A, POWER_FACTOR_C);

struct found {
	const struct hm_g3_plant *plant;
	struct hm_g3_value value[HM_G3_VALUES];
	size_t values;
	bool phase[HM_PHASES]; /* there is one */
	bool single;           /* the inverter has only the first one */
	int64_t pv_power, today, total; /* sums of the inputs */
	bool today_known, total_known;
	size_t inputs;
};

/* Values */

static const struct hm_g3_value *
find(const struct found *f, enum hm_scope scope, enum hm_field_id field,
    int part)
{
	return hm_g3_find(f->value, f->values, scope, field, part);
}

static int64_t
number_of(const struct found *f, enum hm_scope scope, enum hm_field_id field)
{
	const struct hm_g3_value *value = find(f, scope, field, 0);

	return value != NULL ? value->units : 0;
}

/*
 * What stays about a part that is not there: its voltages and currents, which
 * are noise.
 */
static bool
is_noise(enum hm_field_id field)
{
	const char *unit = hm_fields[field].unit;

	return unit != NULL && (strcmp(unit, "V") == 0 ||
	    strcmp(unit, "A") == 0 || strcmp(unit, "Hz") == 0);
}

/* Whether there is such a part: it has a power, an energy or a state. */
static bool
is_there(const struct found *f, enum hm_scope scope, int part)
{
	for (size_t i = 0; i < f->values; i++) {
		const struct hm_g3_value *value = &f->value[i];

		if (value->scope == scope && value->units != 0 &&
		    (part == 0 || value->part == part) &&
		    !is_noise(value->field))
			return true;
	}
	return false;
}

static bool
has_values(const struct found *f, enum hm_scope scope)
{
	for (size_t i = 0; i < f->values; i++)
		if (f->value[i].scope == scope)
			return true;
	return false;
}

/*
 * A phase is there if the grid, the inverter or the meter has a voltage that is
 * no noise. The inverter's is in registers 67 to 69.
 */
static bool
has_phase(const struct found *f, size_t phase)
{
	const struct hm_g3_register out = {
	    (uint16_t)(OUTPUT_VOLTAGE + phase), HM_G3_U16, 0};
	int64_t voltage;

	return (hm_g3_get(&f->plant->words, &out, &voltage) &&
	    voltage > NOISE_MAX) ||
	    number_of(f, HM_SCOPE_INVERTER, HM_F_GRID_VOLTAGE_A + phase) >
	    NOISE_MAX ||
	    number_of(f, HM_SCOPE_GRID, HM_F_VOLTAGE_A + phase) >
	    NOISE_MAX_GRID;
}

static bool
is_model(const struct found *f, const char *start)
{
	char model[HM_G3_MODEL_MAX];

	return hm_g3_model(&f->plant->words, model) &&
	    strncmp(model, start, strlen(start)) == 0;
}

/*
 * The voltages of one poll decide only where the model does not: there may be
 * none at night or in a blackout, and the meter may have more phases.
 */
static void
look_at_phases(struct found *f)
{
	bool three = is_model(f, "HIT-");

	for (size_t i = 0; i < HM_PHASES; i++)
		f->phase[i] = three || has_phase(f, i);
	f->single = is_model(f, "HIS-") ||
	    (f->phase[0] && !f->phase[1] && !f->phase[2]);
	if (f->single)
		f->phase[0] = true;
}

static bool
has_total(const struct found *f, int number)
{
	const struct hm_g3_value *total = find(f, HM_SCOPE_PORT,
	    HM_F_TOTAL_PRODUCTION, number);

	return total != NULL && total->units != 0;
}

static bool
on_phase(const struct found *f, const struct hm_g3_value *value)
{
	return f->phase[value->part - 1] && (value->part == 1 || !f->single ||
	    value->scope != HM_SCOPE_INVERTER);
}

/*
 * Zeros and noise are none of the values of a phase that is not there, and a
 * zero is no energy of an input that has never had any.
 */
static bool
is_shown(const struct found *f, const struct hm_g3_value *value)
{
	if (value->part == 0)
		return true;
	if (value->scope != HM_SCOPE_PORT)
		return on_phase(f, value) || (value->units != 0 &&
		    !is_noise(value->field));
	return value->units != 0 ||
	    hm_fields[value->field].kind == HM_GAUGE ||
	    has_total(f, value->part);
}

/* An inverter of one phase has no phases. */
static enum hm_field_id
field_of(const struct found *f, enum hm_field_id field)
{
	if (f->single && field == HM_F_GRID_VOLTAGE_A)
		return HM_F_GRID_VOLTAGE;
	return f->single && field == HM_F_AC_CURRENT_A ? HM_F_AC_CURRENT :
	    field;
}

static void
put_power_factor(const struct found *f, struct hm_reading *r,
    const struct hm_g3_value *value)
{
	enum hm_field_id phase = value->field - HM_F_POWER_FACTOR_A;
	const struct hm_power_reading power = {
	    .power = TENTHS * number_of(f, value->scope,
	        HM_F_POWER_A + phase),
	    .step = TENTHS,
	    .reactive = TENTHS * number_of(f, value->scope,
	        HM_F_REACTIVE_POWER_A + phase),
	    .voltage = {number_of(f, value->scope, HM_F_VOLTAGE_A + phase)},
	    .current = {number_of(f, value->scope, HM_F_CURRENT_A + phase)},
	};

	hm_decode_power_factor(r, value->field, &power, value->units);
}

static bool
is_power_factor(enum hm_field_id field)
{
	return field >= HM_F_POWER_FACTOR_A && field <= HM_F_POWER_FACTOR_C;
}

/* Records */

/* The values of a record; of a part of it, unless that is 0. */
static void
put_values(const struct found *f, struct hm_reading *r, enum hm_scope scope,
    int part)
{
	for (size_t i = 0; i < f->values; i++) {
		const struct hm_g3_value *value = &f->value[i];

		if (value->scope != scope ||
		    (part != 0 && value->part != part))
			continue;
		if (is_power_factor(value->field) && on_phase(f, value))
			put_power_factor(f, r, value);
		else if (!is_power_factor(value->field) && is_shown(f, value))
			hm_reading_number(r, field_of(f, value->field),
			    value->units);
	}
}

static void
emit(const struct found *f, enum hm_scope scope)
{
	struct hm_reading r;

	hm_decode_start_reading(f->plant->d, &r, hm_reading_types[scope].name,
	    f->plant->serial);
	put_values(f, &r, scope, 0);
	hm_decode_end(f->plant->d, &r, f->plant->frame);
}

static void
emit_inverter(const struct found *f)
{
	char model[HM_G3_MODEL_MAX];
	struct hm_reading r;

	hm_decode_start_reading(f->plant->d, &r, "inverter", f->plant->serial);
	if (hm_g3_model(&f->plant->words, model))
		hm_reading_text(&r, HM_F_MODEL, model);
	put_values(f, &r, HM_SCOPE_INVERTER, 0);
	hm_decode_end(f->plant->d, &r, f->plant->frame);
}

static void
emit_port(const struct found *f, int number)
{
	struct hm_reading r;

	hm_decode_start_reading(f->plant->d, &r, "port", f->plant->serial);
	hm_json_int(&r.json, "port", number);
	put_values(f, &r, HM_SCOPE_PORT, number);
	hm_decode_end(f->plant->d, &r, f->plant->frame);
}

/* A sum without one of its parts is not a sum; a zero is a part of it. */
static void
add_energy(int64_t *sum, bool *known, const struct hm_g3_value *value)
{
	if (value != NULL)
		*sum += value->units;
	else
		*known = false;
}

static void
add_port(struct found *f, int number)
{
	const struct hm_g3_value *power = find(f, HM_SCOPE_PORT,
	    HM_F_PV_POWER, number);

	if (power != NULL)
		f->pv_power += power->units;
	add_energy(&f->today, &f->today_known, find(f, HM_SCOPE_PORT,
	    HM_F_TODAY_PRODUCTION, number));
	add_energy(&f->total, &f->total_known, find(f, HM_SCOPE_PORT,
	    HM_F_TOTAL_PRODUCTION, number));
	f->inputs++;
}

static void
emit_ports(struct found *f)
{
	f->today_known = f->total_known = true;
	for (int number = 1; number <= INPUTS; number++)
		if (is_there(f, HM_SCOPE_PORT, number)) {
			emit_port(f, number);
			add_port(f, number);
		}
}

static const enum hm_field_id fault_fields[] = {
    HM_F_BATTERY_FAULTS, HM_F_POWER_FAULTS, HM_F_SAFETY_FAULTS,
    HM_F_COMMUNICATION_FAULTS, HM_F_PERIPHERAL_FAULTS, HM_F_SYSTEM_FAULTS,
    HM_F_SOFTWARE_FAULTS, HM_F_HARDWARE_FAULTS,
};

#define FAULT_FIELDS (sizeof fault_fields / sizeof *fault_fields)

static void
emit_hybrid(const struct found *f)
{
	char text[HM_G3_FAULTS_TEXT] = "";
	struct hm_reading r;

	if (!has_values(f, HM_SCOPE_HYBRID))
		return;
	for (size_t i = 0; i < FAULT_FIELDS; i++)
		hm_g3_faults_add(fault_fields[i], number_of(f,
		    HM_SCOPE_HYBRID, fault_fields[i]), text);
	hm_decode_start_reading(f->plant->d, &r, "hybrid", f->plant->serial);
	put_values(f, &r, HM_SCOPE_HYBRID, 0);
	if (text[0] != '\0')
		hm_reading_text(&r, HM_F_FAULT_TEXT, text);
	hm_decode_end(f->plant->d, &r, f->plant->frame);
}

static bool
has_battery(const struct found *f)
{
	const struct hm_g3_value *type = find(f, HM_SCOPE_BATTERY,
	    HM_F_BATTERY_TYPE, 0);

	return (type == NULL || type->units != 0) &&
	    is_there(f, HM_SCOPE_BATTERY, 0);
}

static void
emit_parts(const struct found *f)
{
	static const enum hm_scope scopes[] = {HM_SCOPE_GRID, HM_SCOPE_LOAD,
	    HM_SCOPE_GENERATOR, HM_SCOPE_EXTERNAL_PV, HM_SCOPE_FLOW};

	if (has_battery(f))
		emit(f, HM_SCOPE_BATTERY);
	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
		if (is_there(f, scopes[i], 0))
			emit(f, scopes[i]);
}

/* The stick: its registers have no serial number, and no clock. */

static bool
has_fault(const struct found *f)
{
	for (size_t i = 0; i < FAULT_FIELDS; i++)
		if (number_of(f, HM_SCOPE_HYBRID, fault_fields[i]) != 0)
			return true;
	return number_of(f, HM_SCOPE_BATTERY, HM_F_DEVICE_FAULT) != 0;
}

/* Like an input, a plant that has never had any energy has no zero of it. */
static void
write_sums(const struct found *f, struct hm_reading *r)
{
	const struct hm_g3_value *power = find(f, HM_SCOPE_INVERTER,
	    HM_F_ACTIVE_POWER, 0);

	if (f->inputs > 0)
		hm_reading_number(r, HM_F_PV_POWER, f->pv_power);
	if (power != NULL)
		hm_reading_number(r, HM_F_ACTIVE_POWER, power->units);
	if (f->inputs > 0 && f->today_known && (f->today != 0 || f->total != 0))
		hm_reading_number(r, HM_F_TODAY_PRODUCTION, f->today);
	if (f->inputs > 0 && f->total_known && f->total != 0)
		hm_reading_number(r, HM_F_TOTAL_PRODUCTION, f->total);
}

static void
emit_dtu(const struct found *f)
{
	int64_t missing = f->plant->d->missing + f->plant->d->bad_frames;
	bool fault = has_fault(f);
	struct hm_reading r;

	hm_decode_start_dtu(f->plant->d, &r, hm_slice("", 0), missing);
	if (missing == 0)
		write_sums(f, &r);
	if (missing == 0 || fault)
		hm_reading_flag(&r, HM_F_ALARM_FLAG, fault);
	if (missing == 0) {
		hm_reading_number(&r, HM_F_INVERTERS, 1);
		hm_reading_number(&r, HM_F_INVERTERS_ONLINE, 1);
	}
	hm_decode_end(f->plant->d, &r, f->plant->frame);
}

void
hm_decode_g3_records(const struct hm_g3_plant *plant)
{
	struct found f = {.plant = plant};

	f.values = hm_g3_values(&plant->words, f.value);
	look_at_phases(&f);
	emit_inverter(&f);
	emit_ports(&f);
	emit_hybrid(&f);
	emit_parts(&f);
	emit_dtu(&f);
}
