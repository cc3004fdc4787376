#include "msa_state.h"

#include <string.h>

#include "base/decimal.h"
#include "base/hex.h"
#include "record/dtu_name.h"
#include "record/record.h"

#define ROOT "homeassistant/sensor/"
#define VALUES 10           /* of a part, at most */
#define TEN 10

static const char *const endings[HM_MSA_STATES] = {
    [HM_MSA_QUICK] = "/quick/state",
    [HM_MSA_DEVICE] = "/device/state",
    [HM_MSA_SYSTEM] = "/system/state",
};

const char *const hm_msa_filters[HM_MSA_FILTERS] = {
    ROOT "+/quick/state",
    ROOT "+/device/state",
    ROOT "+/system/state",
};

/* A number of a message. `scale` is the decimals that the guide gives it. */
struct value {
	const char *key;
	enum hm_field_id field;
	unsigned scale;
};

/* Of a record: numbers of a message, or of that item of its array `grid`. */
struct part {
	enum hm_msa_state state;
	enum hm_scope scope;
	const char *item; /* its `type`; NULL: of the message itself */
	struct value value[VALUES]; /* up to a key that is NULL */
};

/*
 * Powers are positive out of the device, so that of grid_on is positive when
 * it is exported, and that of the battery when it is discharged.
 */
static const struct part parts[] = {
    {HM_MSA_QUICK, HM_SCOPE_BATTERY, NULL, {
        {"bat_p", HM_F_SIGNED_POWER, 1},
        {"soc", HM_F_SOC, 2}}},
    {HM_MSA_QUICK, HM_SCOPE_GRID, NULL, {
        {"grid_on_p", HM_F_SIGNED_POWER, 1}}},
    {HM_MSA_QUICK, HM_SCOPE_LOAD, NULL, {
        {"grid_off_p", HM_F_PART_POWER, 1}}},
    {HM_MSA_DEVICE, HM_SCOPE_BATTERY, NULL, {
        {"bat_p", HM_F_SIGNED_POWER, 1},
        {"soc", HM_F_SOC, 2},
        {"bat_v", HM_F_BATTERY_VOLTAGE, 2},
        {"bat_i", HM_F_BATTERY_CURRENT, 2}}},
    {HM_MSA_DEVICE, HM_SCOPE_GRID, "grid_on", {
        {"v", HM_F_VOLTAGE_A, 1},
        {"i", HM_F_CURRENT_A, 2},
        {"f", HM_F_FREQUENCY, 2},
        {"p", HM_F_SIGNED_POWER, 1},
        {"q", HM_F_REACTIVE_POWER_A, 1},
        {"eout", HM_F_TODAY_EXPORT, 0},
        {"ein", HM_F_TODAY_IMPORT, 0},
        {"etout", HM_F_TOTAL_EXPORT, 0},
        {"etin", HM_F_TOTAL_IMPORT, 0}}},
    {HM_MSA_DEVICE, HM_SCOPE_LOAD, "grid_off", {
        {"f", HM_F_FREQUENCY, 2},
        {"p", HM_F_PART_POWER, 1},
        {"eout", HM_F_TODAY_ENERGY, 0},
        {"etout", HM_F_TOTAL_ENERGY, 0},
        {"v", HM_F_BACKUP_VOLTAGE_A, 1},
        {"i", HM_F_BACKUP_CURRENT_A, 2},
        {"p", HM_F_BACKUP_POWER_A, 1}}},
    {HM_MSA_DEVICE, HM_SCOPE_INVERTER, "inv", {
        {"v", HM_F_GRID_VOLTAGE, 1},
        {"p", HM_F_ACTIVE_POWER, 1},
        {"q", HM_F_REACTIVE_POWER, 1},
        {"i", HM_F_AC_CURRENT, 2}}},
    {HM_MSA_SYSTEM, HM_SCOPE_BATTERY, NULL, {
        {"chg_e", HM_F_TODAY_CHARGED, 0},
        {"dchg_e", HM_F_TODAY_DISCHARGED, 0}}},
    {HM_MSA_SYSTEM, HM_SCOPE_EXTERNAL_PV, NULL, {
        {"pv_p", HM_F_PART_POWER, 1},
        {"pv_e", HM_F_TODAY_ENERGY, 0}}},
};

static const struct value input_power = {"p", HM_F_PV_POWER, 1};

/* What a device of 10 kW can have; more is none of its values. */
static const struct {
	const char *unit;
	int64_t min, max;
} bounds[] = {
    {"W", -100000, 100000},
    {"var", -100000, 100000},
    {"V", 0, 1000},
    {"A", -1000, 1000},
    {"Hz", 0, 100},
    {"%", 0, 100},
    {"Wh", 0, 1000000000000},
};

/* Topics */

bool
hm_msa_topic(struct hm_slice topic, struct hm_msa_topic *out)
{
	size_t root = sizeof ROOT - 1, n;

	if (topic.n < root || memcmp(topic.p, ROOT, root) != 0)
		return false;
	for (int state = 0; state < HM_MSA_STATES; state++) {
		n = strlen(endings[state]);
		if (topic.n <= root + n || memcmp(topic.p + topic.n - n,
		    endings[state], n) != 0)
			continue;
		out->state = (enum hm_msa_state)state;
		out->device = hm_slice(topic.p + root, topic.n - root - n);
		return memchr(out->device.p, '/', out->device.n) == NULL;
	}
	return false;
}

static bool
is_printable(struct hm_slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return true;
}

bool
hm_msa_serial(struct hm_slice device, char serial[HM_MSA_SERIAL + 1])
{
	int digit;

	if (device.n < HM_MSA_SERIAL + 1 || device.n > HM_DTU_NAME_MAX ||
	    !is_printable(device) ||
	    device.p[device.n - HM_MSA_SERIAL - 1] != '-')
		return false;
	for (size_t i = 0; i < HM_MSA_SERIAL; i++) {
		digit = hm_hex_digit(device.p[device.n - HM_MSA_SERIAL + i]);
		if (digit < 0)
			return false;
		serial[i] = "0123456789abcdef"[digit];
	}
	serial[HM_MSA_SERIAL] = '\0';
	return true;
}

/* Values */

/* Units at the scale, rounded: a device may print the digits of a float. */
static bool
round_to(struct hm_decimal number, unsigned scale, int64_t *units)
{
	int64_t divisor = 1, rest;

	if (number.scale <= scale)
		return hm_decimal_rescale(number, scale, units);
	for (; number.scale > scale; number.scale--)
		divisor *= TEN;
	rest = number.units % divisor;
	*units = number.units / divisor;
	if (rest >= divisor / 2)
		++*units;
	else if (rest <= -(divisor / 2))
		--*units;
	return true;
}

static bool
is_possible(int64_t units, const struct value *value)
{
	const char *unit = hm_fields[value->field].unit;
	int64_t one = 1;

	for (unsigned i = 0; i < value->scale; i++)
		one *= TEN;
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
		if (strcmp(bounds[i].unit, unit) == 0)
			return units >= bounds[i].min * one &&
			    units <= bounds[i].max * one;
	return false;
}

static bool
read_number(struct hm_slice object, const struct value *value, int64_t *units)
{
	struct hm_value found = hm_object_get(object,
	    hm_text(value->key));
	struct hm_decimal number;

	return found.kind == HM_NUMBER &&
	    hm_decimal_parse(found.text, &number) &&
	    round_to(number, value->scale, units) &&
	    is_possible(*units, value);
}

/* Whether the battery's state says the opposite of the sign of its power. */
static bool
is_contradicted(struct hm_slice object, int64_t power)
{
	struct hm_value state = hm_object_get(object, hm_text("bat_sts"));

	if (state.kind != HM_STRING)
		return false;
	return hm_slice_is(state.text, "charge") ? power > 0 :
	    hm_slice_is(state.text, "discharge") && power < 0;
}

/* Messages */

static void
add_value(struct hm_msa_values *values, enum hm_scope scope, int64_t port,
    struct hm_slice object, const struct value *value)
{
	int64_t units;

	if (values->count == HM_MSA_VALUES ||
	    !read_number(object, value, &units))
		return;
	if (scope == HM_SCOPE_BATTERY && value->field == HM_F_SIGNED_POWER &&
	    is_contradicted(object, units))
		values->contradicts = true;
	else
		values->value[values->count++] = (struct hm_msa_value){scope,
		    port, value->field, value->scale, units};
}

/* The item of that type in the array `grid`; an empty slice if none is. */
static struct hm_slice
find_item(struct hm_slice object, const char *type)
{
	struct hm_value grid = hm_object_get(object, hm_text("grid"));
	struct hm_value item, found;

	while (grid.kind == HM_ARRAY && hm_array_next(&grid.text, &item)) {
		if (item.kind != HM_OBJECT)
			continue;
		found = hm_object_get(item.text, hm_text("type"));
		if (found.kind == HM_STRING && hm_slice_is(found.text, type))
			return item.text;
	}
	return hm_text("");
}

static void
add_part(struct hm_msa_values *values, struct hm_slice message,
    const struct part *part)
{
	struct hm_slice object = part->item == NULL ? message :
	    find_item(message, part->item);

	if (object.n == 0)
		return;
	for (size_t i = 0; i < VALUES && part->value[i].key != NULL; i++)
		add_value(values, part->scope, 0, object, &part->value[i]);
}

/* The inputs, by their numbers; the first of those with the same one counts. */
static void
add_inputs(struct hm_msa_values *values, struct hm_slice message)
{
	struct hm_value list = hm_object_get(message, hm_text("pvs")), item, id;
	bool seen[HM_MSA_PORTS + 1] = {false};
	int64_t port;

	while (list.kind == HM_ARRAY && hm_array_next(&list.text, &item)) {
		if (item.kind != HM_OBJECT)
			continue;
		id = hm_object_get(item.text, hm_text("id"));
		if (id.kind != HM_NUMBER || !hm_decimal_whole(id.text, 1,
		    HM_MSA_PORTS, &port) || seen[port])
			continue;
		seen[port] = true;
		add_value(values, HM_SCOPE_PORT, port, item.text,
		    &input_power);
	}
}

const char *
hm_msa_values(struct hm_msa_values *values, enum hm_msa_state state,
    struct hm_slice payload)
{
	struct hm_value message;
	struct hm_fault fault;

	values->count = 0;
	values->contradicts = false;
	if (payload.n > HM_MSA_PAYLOAD_MAX)
		return "its payload is longer than 16 KiB";
	if (!hm_value_parse(&message, payload, &fault) ||
	    message.kind != HM_OBJECT)
		return "its payload is not a JSON object";
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].state == state)
			add_part(values, message.text, &parts[i]);
	if (state == HM_MSA_DEVICE)
		add_inputs(values, message.text);
	return values->count > 0 || values->contradicts ? NULL :
	    "it has none of the values that are known";
}
