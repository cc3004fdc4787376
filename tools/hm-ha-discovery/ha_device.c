#include "ha_device.h"

#include <stdio.h>
#include <stdlib.h>

#include "record/fields.h"
#include "record/types.h"

struct hm_ha_table {
	struct hm_ha_dtu *dtu;
	struct hm_ha_device *device;
	struct hm_ha_group *group;
	size_t groups;
	struct hm_ha_energy *energy;
	size_t energies;
	struct hm_hash dtus, devices;
};

/* Hash the NUL, too, so that "a", "bc" differs from "ab", "c". */
static uint64_t
hash_text(uint64_t h, const char *text)
{
	return hm_hash_bytes(h, text, strlen(text) + 1);
}

struct hm_ha_table *
hm_ha_table_new(void)
{
	struct hm_ha_table *table = calloc(1, sizeof *table);

	if (table == NULL)
		return NULL;
	table->dtu = calloc(HM_HA_DTUS_MAX, sizeof *table->dtu);
	table->device = calloc(HM_HA_DEVICES_MAX, sizeof *table->device);
	table->group = calloc(HM_HA_GROUPS_MAX, sizeof *table->group);
	table->energy = calloc(HM_HA_ENERGIES_MAX, sizeof *table->energy);
	if (table->dtu != NULL && table->device != NULL &&
	    table->group != NULL && table->energy != NULL)
		return table;
	hm_ha_table_free(table);
	return NULL;
}

void
hm_ha_table_free(struct hm_ha_table *table)
{
	if (table == NULL)
		return;
	free(table->dtu);
	free(table->device);
	free(table->group);
	free(table->energy);
	hm_hash_free(&table->dtus);
	hm_hash_free(&table->devices);
	free(table);
}

static bool
is_dtu(const void *entry, const void *key)
{
	const struct hm_ha_dtu *dtu = entry;
	const struct hm_slice *name = key;

	return hm_slice_equal(*name, hm_slice(dtu->name, dtu->name_length));
}

static uint64_t
hash_dtu(struct hm_slice name)
{
	return hm_hash_bytes(HM_HASH_START, name.p, name.n);
}

struct hm_ha_dtu *
hm_ha_table_find_dtu(const struct hm_ha_table *table, struct hm_slice name)
{
	return hm_hash_find(&table->dtus, hash_dtu(name), is_dtu, &name);
}

struct hm_ha_dtu *
hm_ha_table_dtu(struct hm_ha_table *table, struct hm_slice name)
{
	struct hm_ha_dtu *dtu = hm_ha_table_find_dtu(table, name);

	if (dtu != NULL)
		return dtu;
	dtu = &table->dtu[table->dtus.count];
	if (table->dtus.count == HM_HA_DTUS_MAX ||
	    !hm_hash_add(&table->dtus, hash_dtu(name), &dtu->item))
		return NULL;
	memcpy(dtu->name, name.p, name.n);
	dtu->name_length = name.n;
	return dtu;
}

struct wanted {
	enum hm_scope kind;
	struct hm_slice serial;
};

static bool
is_device(const void *entry, const void *key)
{
	const struct hm_ha_device *device = entry;
	const struct wanted *wanted = key;

	return device->kind == wanted->kind &&
	    hm_slice_is(wanted->serial, device->serial);
}

static uint64_t
hash_device(enum hm_scope kind, struct hm_slice serial)
{
	return hm_hash_bytes(HM_HASH_START + kind, serial.p, serial.n);
}

struct hm_ha_device *
hm_ha_table_find(const struct hm_ha_table *table, enum hm_scope kind,
    struct hm_slice serial)
{
	const struct wanted wanted = {kind, serial};

	return hm_hash_find(&table->devices, hash_device(kind, serial),
	    is_device, &wanted);
}

struct hm_ha_device *
hm_ha_table_device(struct hm_ha_table *table, enum hm_scope kind,
    struct hm_slice serial)
{
	struct hm_ha_device *device = hm_ha_table_find(table, kind, serial);

	if (device != NULL)
		return device;
	device = &table->device[table->devices.count];
	if (table->devices.count == HM_HA_DEVICES_MAX ||
	    !hm_hash_add(&table->devices, hash_device(kind, serial),
	    &device->item))
		return NULL;
	device->kind = kind;
	memcpy(device->serial, serial.p, serial.n);
	return device;
}

struct hm_ha_device *
hm_ha_table_next(const struct hm_ha_table *table,
    const struct hm_ha_device *device)
{
	return hm_hash_next(&table->devices,
	    device != NULL ? &device->item : NULL);
}

struct hm_ha_group *
hm_ha_device_group(const struct hm_ha_device *device, enum hm_ha_part part,
    uint8_t port)
{
	struct hm_ha_group *group = device->groups;

	while (group != NULL && (group->part != part || group->port != port))
		group = group->next;
	return group;
}

struct hm_ha_group *
hm_ha_table_group(struct hm_ha_table *table, struct hm_ha_device *device,
    enum hm_ha_part part, uint8_t port)
{
	struct hm_ha_group *group = hm_ha_device_group(device, part, port);
	struct hm_ha_group **end = &device->groups;

	if (group != NULL || table->groups == HM_HA_GROUPS_MAX)
		return group;
	group = &table->group[table->groups++];
	group->part = part;
	group->port = port;
	while (*end != NULL)
		end = &(*end)->next;
	*end = group;
	return group;
}

struct hm_ha_energy *
hm_ha_table_energy(struct hm_ha_table *table, struct hm_ha_group *group,
    enum hm_field_id id)
{
	struct hm_ha_energy **end = &group->energies;

	while (*end != NULL && (*end)->id != id)
		end = &(*end)->next;
	if (*end == NULL && table->energies < HM_HA_ENERGIES_MAX) {
		*end = &table->energy[table->energies++];
		(*end)->id = id;
	}
	return *end;
}

/* The fields of the facts. */
static const enum hm_field_id fact_fields[HM_HA_FACTS] = {
    [HM_HA_MODEL] = HM_F_MODEL,
    [HM_HA_FIRMWARE] = HM_F_FIRMWARE,
    [HM_HA_HARDWARE] = HM_F_HARDWARE,
    [HM_HA_SIGNAL] = HM_F_SIGNAL,
};

void
hm_ha_device_learn(struct hm_ha_device *device,
    const struct hm_ha_values *values, bool from_info)
{
	for (size_t i = 0; i < HM_HA_FACTS; i++) {
		const struct hm_value *value = &values->of[fact_fields[i]];
		struct hm_ha_known *known = &device->known[i];

		if (value->kind == HM_ABSENT ||
		    value->text.n > HM_HA_FACT_MAX ||
		    (known->by_info && !from_info))
			continue;
		memcpy(known->text, value->text.p, value->text.n);
		known->text[value->text.n] = '\0';
		known->by_info = from_info;
	}
}

void
hm_ha_device_recall(const struct hm_ha_device *device,
    struct hm_ha_values *values)
{
	for (size_t i = 0; i < HM_HA_FACTS; i++) {
		struct hm_value *value = &values->of[fact_fields[i]];

		if (value->kind != HM_ABSENT ||
		    device->known[i].text[0] == '\0')
			continue;
		value->kind = hm_fields[fact_fields[i]].kind == HM_LABEL ?
		    HM_STRING : HM_NUMBER;
		value->text = hm_text(device->known[i].text);
	}
}

const char *
hm_ha_device_via(const struct hm_ha_device *device)
{
	const char *serial = device->dtu->serial;

	if (device->inverter != NULL)
		return device->inverter->serial;
	return strcmp(serial, device->serial) != 0 ? serial : "";
}

void
hm_ha_device_id(const struct hm_ha_device *device, char id[HM_HA_ID_MAX])
{
	const struct hm_reading_type *type = &hm_reading_types[device->kind];

	snprintf(id, HM_HA_ID_MAX, "%s%s%s", device->serial,
	    type->of_inverter ? "_" : "",
	    type->of_inverter ? type->ha_prefix : "");
}

/* The bounds of limits. */
static uint64_t
hash_control(uint64_t h, const struct hm_ha_control *control)
{
	const int64_t facts[] = {control->protocol, control->has_mi,
	    control->watts_max};

	return hm_hash_bytes(h, facts, sizeof facts);
}

uint64_t
hm_ha_device_fingerprint(const struct hm_ha_device *device)
{
	const struct hm_ha_dtu *dtu = device->dtu;
	uint64_t h = hm_hash_bytes(HM_HASH_START, dtu->name, dtu->name_length);

	h = hash_text(h, hm_ha_device_via(device));
	if (device->kind == HM_SCOPE_DTU)
		h = hash_control(h, &dtu->control);
	for (size_t i = 0; i < HM_HA_FACTS; i++)
		if (i != HM_HA_SIGNAL) /* not in discovery messages */
			h = hash_text(h, device->known[i].text);
	return h;
}
