#include "ha_shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "record/fields.h"
#include "record/types.h"

#define MILLI {1, 3}
#define MICRO {1, 6}
#define NANO {1, 9}

/* Units of Home Assistant that are useful for a plant. */
static const struct hm_ha_unit units[] = {
    {"W", MILLI, "kW", 3},
    {"W", MICRO, "MW", 6},
    {"Wh", MILLI, "kWh", 3},
    {"Wh", MICRO, "MWh", 6},
    {"Wh", NANO, "GWh", 9},
    {"V", MILLI, "kV", 3},
    {"V", {1000, 0}, "mV", -3},
    {"A", {1000, 0}, "mA", -3},
    {"var", MILLI, "kvar", 3},
    {"Hz", MILLI, "kHz", 3},
    {NULL, {100, 0}, "%", -2},
};

bool
hm_ha_shown_init(struct hm_ha_shown *shown, size_t names)
{
	*shown = (struct hm_ha_shown){.names = 0};
	shown->name = calloc(names + 1, sizeof *shown->name);
	shown->corrected = calloc(HM_FIELDS, sizeof *shown->corrected);
	return shown->name != NULL && shown->corrected != NULL;
}

void
hm_ha_shown_free(struct hm_ha_shown *shown)
{
	free(shown->name);
	free(shown->corrected);
}

/* Units */

bool
hm_ha_is_measured(const struct hm_field *field)
{
	return field->kind == HM_GAUGE || field->kind == HM_DAILY ||
	    field->kind == HM_COUNTER;
}

/* A field without a class has no other units. */
static bool
is_unit_of(const struct hm_ha_unit *unit, const struct hm_field *field)
{
	if (!hm_ha_is_measured(field) || field->ha_class == NULL)
		return false;
	if (unit->of == NULL || field->unit == NULL)
		return unit->of == field->unit;
	return strcmp(unit->of, field->unit) == 0;
}

static bool
is_same(struct hm_decimal a, struct hm_decimal b)
{
	char x[HM_DECIMAL_TEXT], y[HM_DECIMAL_TEXT];

	hm_decimal_format(a, x);
	hm_decimal_format(b, y);
	return strcmp(x, y) == 0;
}

/* The factor may be negative. */
static bool
is_power_of_ten(struct hm_decimal factor)
{
	int64_t digits = factor.units;

	while (digits != 0 && digits % 10 == 0)
		digits /= 10;
	return digits == 1 || digits == -1;
}

static bool
correct(struct hm_ha_shown *shown, enum hm_field_id id,
    struct hm_decimal factor)
{
	const struct hm_field *field = &hm_fields[id];

	if (factor.units == 0 || !hm_ha_is_measured(field) ||
	    (is_power_of_ten(factor) && !is_same(factor, hm_decimal(-1, 0))) ||
	    (factor.units < 0 && field->kind != HM_GAUGE))
		return false;
	shown->corrected[id] = (struct hm_ha_unit){field->unit, factor,
	    field->unit, (int)factor.scale};
	shown->unit[id] = &shown->corrected[id];
	return true;
}

static bool
multiply(struct hm_ha_shown *shown, enum hm_field_id id,
    struct hm_decimal factor)
{
	shown->unit[id] = NULL;
	if (hm_ha_is_measured(&hm_fields[id]) &&
	    is_same(factor, hm_decimal(1, 0)))
		return true;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (is_unit_of(&units[i], &hm_fields[id]) &&
		    is_same(factor, units[i].factor)) {
			shown->unit[id] = &units[i];
			return true;
		}
	return correct(shown, id, factor);
}

bool
hm_ha_shown_multiply(struct hm_ha_shown *shown, enum hm_field_id id,
    struct hm_decimal factor)
{
	bool good = true;

	for (size_t i = 0; i < HM_FIELDS; i++)
		if (hm_ha_same_key(i, id))
			good = multiply(shown, (enum hm_field_id)i, factor) &&
			    good;
	return good;
}

void
hm_ha_factors(enum hm_field_id id, char *buf, size_t cap)
{
	int n = snprintf(buf, cap, "1");
	size_t len = n > 0 ? (size_t)n : 0;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		char factor[HM_DECIMAL_TEXT];

		if (len >= cap || !is_unit_of(&units[i], &hm_fields[id]))
			continue;
		hm_decimal_format(units[i].factor, factor);
		n = snprintf(buf + len, cap - len, ", %s (%s)", factor,
		    units[i].unit);
		len += n > 0 ? (size_t)n : 0;
	}
}

/* Names */

static bool
begins(struct hm_slice text, const char *start)
{
	return text.n >= strlen(start) &&
	    strncasecmp(text.p, start, strlen(start)) == 0;
}

static struct hm_slice
after(struct hm_slice text, size_t n)
{
	return hm_slice(text.p + n, text.n - n);
}

/* The length of n bytes and a port's "_N" after them, N up to 255; or 0. */
static size_t
with_number(struct hm_slice text, size_t n)
{
	size_t digits = 0;
	unsigned port = 0;

	if (n == text.n || text.p[n] != '_')
		return 0;
	n++;
	for (; digits < 3 && n + digits < text.n &&
	     text.p[n + digits] >= '0' && text.p[n + digits] <= '9'; digits++)
		port = port * 10 + (unsigned)(text.p[n + digits] - '0');
	return digits > 0 && port <= UINT8_MAX &&
	    (text.p[n] != '0' || digits == 1) ? n + digits : 0;
}

/* The length of a key's prefix, or 0; sets the type that it is of. */
static size_t
read_prefix(struct hm_slice key, const struct hm_reading_type **found)
{
	for (size_t i = 0; i < HM_SCOPES; i++) {
		const struct hm_reading_type *type = &hm_reading_types[i];
		size_t n = strlen(type->ha_prefix);

		if (!begins(key, type->ha_prefix))
			continue;
		*found = type;
		if (type->has_port)
			n = with_number(key, n);
		if (n > 0 && n < key.n && key.p[n] == '_')
			return n;
	}
	return 0;
}

static bool
has_key(const struct hm_field_set *set, size_t field)
{
	for (size_t id = 0; id < HM_FIELDS; id++)
		if (hm_field_set_has(set, id) && hm_ha_same_key(id, field))
			return true;
	return false;
}

/* Whether a part of a device has the prefix of a type. */
static bool
is_of(enum hm_scope device, enum hm_ha_part part,
    const struct hm_reading_type *type)
{
	enum hm_ha_part of_type = hm_ha_part_of(type);

	if (device != type->device)
		return false;
	return of_type == HM_HA_MAIN ? part != HM_HA_PORT && part < HM_HA_SIDE :
	    part == of_type;
}

/* Whether the field has an entity: of any device, or of a type. */
static bool
has_entity(const struct hm_ha_entities *all, size_t field,
    const struct hm_reading_type *type)
{
	for (enum hm_scope k = 0; k < HM_SCOPES; k++)
		for (enum hm_ha_part part = 0; part < HM_HA_PARTS; part++)
			if ((type == NULL || is_of(k, part, type)) &&
			    has_key(&all->of[k][part], field))
				return true;
	return false;
}

bool
hm_ha_shown_name(struct hm_ha_shown *shown, struct hm_slice key,
    const char *name, struct hm_slice *field)
{
	struct hm_ha_name *entry = &shown->name[shown->names];
	const char *slash = memchr(key.p, '/', key.n);
	const struct hm_reading_type *type = NULL;
	struct hm_ha_entities all;
	size_t n;

	*entry = (struct hm_ha_name){.serial = {key.p, 0}, .name = name};
	if (slash != NULL) {
		entry->serial.n = (size_t)(slash - key.p);
		key = after(key, entry->serial.n + 1);
	}
	hm_ha_entities_all(&all);
	/* grid_voltage_a is a field of inverters, and not one of grid. */
	entry->field = hm_ha_field(key);
	n = entry->field != HM_FIELDS && has_entity(&all, entry->field, NULL) ?
	    0 : read_prefix(key, &type);
	entry->prefix = hm_slice(key.p, n);
	*field = n > 0 ? after(key, n + 1) : key;
	entry->field = hm_ha_field(*field);
	if (entry->field == HM_FIELDS || (slash != NULL &&
	    !hm_ha_serial_valid(entry->serial)) ||
	    !has_entity(&all, entry->field, n > 0 ? type : NULL))
		return false;
	shown->names++;
	return true;
}

static bool
fits(struct hm_slice wanted, const char *text)
{
	return wanted.n == 0 || (wanted.n == strlen(text) &&
	    strncasecmp(wanted.p, text, wanted.n) == 0);
}

static int
weight(const struct hm_ha_name *name)
{
	return (name->serial.n > 0) * 2 + (name->prefix.n > 0);
}

const char *
hm_ha_shown_find(const struct hm_ha_shown *shown, const char *serial,
    const char *prefix, const struct hm_field *field, bool *numbered)
{
	const struct hm_ha_name *best = NULL;

	for (size_t i = 0; i < shown->names; i++) {
		const struct hm_ha_name *name = &shown->name[i];

		if (strcmp(hm_fields[name->field].key, field->key) == 0 &&
		    fits(name->serial, serial) && fits(name->prefix, prefix) &&
		    (best == NULL || weight(name) > weight(best)))
			best = name;
	}
	*numbered = best != NULL && best->prefix.n == 0;
	return best != NULL ? best->name : NULL;
}
