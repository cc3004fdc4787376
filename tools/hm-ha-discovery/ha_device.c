#include "ha_device.h"

#include <stdlib.h>

#include "record/fields.h"

/* A power of two, and no more than half full: probing stays short. */
#define DEVICE_SLOTS (2 * HM_HA_DEVICES_MAX)
#define GATEWAY_SLOTS (2 * HM_HA_GATEWAYS_MAX)

struct hm_ha_table {
	struct hm_ha_gateway *gateway;
	struct hm_ha_device *device;
	struct hm_ha_group *group;
	size_t gateways, devices, groups;
	/* Places in the arrays, from 1; 0 is a free slot. */
	uint16_t gateway_slot[GATEWAY_SLOTS];
	uint16_t device_slot[DEVICE_SLOTS];
};

_Static_assert(HM_HA_DEVICES_MAX <= UINT16_MAX, "places fit their slots");

/* FNV-1a. */

#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_FACTOR UINT64_C(0x100000001b3)

static uint64_t
hash(uint64_t h, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * HASH_FACTOR;
	return h;
}

/* With its NUL, so that "a", "bc" is not "ab", "c". */
static uint64_t
hash_text(uint64_t h, const char *text)
{
	return hash(h, text, strlen(text) + 1);
}

struct hm_ha_table *
hm_ha_table_new(void)
{
	struct hm_ha_table *table = calloc(1, sizeof *table);

	if (table == NULL)
		return NULL;
	table->gateway = calloc(HM_HA_GATEWAYS_MAX, sizeof *table->gateway);
	table->device = calloc(HM_HA_DEVICES_MAX, sizeof *table->device);
	table->group = calloc(HM_HA_GROUPS_MAX, sizeof *table->group);
	if (table->gateway != NULL && table->device != NULL &&
	    table->group != NULL)
		return table;
	hm_ha_table_free(table);
	return NULL;
}

void
hm_ha_table_free(struct hm_ha_table *table)
{
	if (table == NULL)
		return;
	free(table->gateway);
	free(table->device);
	free(table->group);
	free(table);
}

struct hm_ha_gateway *
hm_ha_table_gateway(struct hm_ha_table *table, struct hm_slice name)
{
	size_t slot = hash(HASH_START, name.p, name.n) % GATEWAY_SLOTS;
	struct hm_ha_gateway *gateway;

	for (; table->gateway_slot[slot] != 0;
	     slot = (slot + 1) % GATEWAY_SLOTS) {
		gateway = &table->gateway[table->gateway_slot[slot] - 1];
		if (hm_slice_equal(name,
		    hm_slice(gateway->name, gateway->name_length)))
			return gateway;
	}
	if (table->gateways == HM_HA_GATEWAYS_MAX)
		return NULL;
	gateway = &table->gateway[table->gateways++];
	table->gateway_slot[slot] = (uint16_t)table->gateways;
	memcpy(gateway->name, name.p, name.n);
	gateway->name_length = name.n;
	return gateway;
}

/* The slot that holds the device, or the free one where it belongs. */
static size_t
device_slot(const struct hm_ha_table *table, enum hm_scope kind,
    struct hm_slice serial)
{
	size_t slot = hash(HASH_START + kind, serial.p, serial.n) %
	    DEVICE_SLOTS;

	for (; table->device_slot[slot] != 0;
	     slot = (slot + 1) % DEVICE_SLOTS) {
		const struct hm_ha_device *device =
		    &table->device[table->device_slot[slot] - 1];

		if (device->kind == kind &&
		    hm_slice_is(serial, device->serial))
			break;
	}
	return slot;
}

struct hm_ha_device *
hm_ha_table_find(const struct hm_ha_table *table, enum hm_scope kind,
    struct hm_slice serial)
{
	size_t place = table->device_slot[device_slot(table, kind, serial)];

	return place > 0 ? &table->device[place - 1] : NULL;
}

struct hm_ha_device *
hm_ha_table_device(struct hm_ha_table *table, enum hm_scope kind,
    struct hm_slice serial)
{
	size_t slot = device_slot(table, kind, serial);
	struct hm_ha_device *device;

	if (table->device_slot[slot] != 0)
		return &table->device[table->device_slot[slot] - 1];
	if (table->devices == HM_HA_DEVICES_MAX)
		return NULL;
	device = &table->device[table->devices++];
	table->device_slot[slot] = (uint16_t)table->devices;
	device->kind = kind;
	memcpy(device->serial, serial.p, serial.n);
	return device;
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

	if (group != NULL || table->groups == HM_HA_GROUPS_MAX)
		return group;
	group = &table->group[table->groups++];
	group->part = part;
	group->port = port;
	group->next = device->groups;
	device->groups = group;
	return group;
}

/* What is known of a device, and the fields that tell it. */
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
	const char *serial = device->gateway->serial;

	return strcmp(serial, device->serial) != 0 ? serial : "";
}

uint64_t
hm_ha_device_fingerprint(const struct hm_ha_device *device)
{
	const struct hm_ha_gateway *gateway = device->gateway;
	uint64_t h = hash(HASH_START, gateway->name, gateway->name_length);

	h = hash_text(h, hm_ha_device_via(device));
	for (size_t i = 0; i < HM_HA_FACTS; i++)
		if (i != HM_HA_SIGNAL) /* is an entity only */
			h = hash_text(h, device->known[i].text);
	return h;
}
