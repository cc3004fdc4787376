#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rfc3339.h"
#include "ha_device.h"
#include "ha_message.h"
#include "ha_private.h"
#include "ha_radio.h"
#include "ha_values.h"
#include "record/freshness.h"
#include "record/record.h"
#include "record/status.h"
#include "record/types.h"

struct hm_ha *
hm_ha_new(const struct hm_ha_options *options, hm_ha_output *output,
    void *context)
{
	struct hm_ha *ha = calloc(1, sizeof *ha);

	if (ha == NULL)
		return NULL;
	ha->options = *options;
	hm_ha_entities_hidden(&options->entities, &ha->hidden);
	ha->output = output;
	ha->context = context;
	ha->table = hm_ha_table_new();
	if (ha->table == NULL) {
		free(ha);
		return NULL;
	}
	return ha;
}

void
hm_ha_free(struct hm_ha *ha)
{
	if (ha == NULL)
		return;
	hm_ha_table_free(ha->table);
	free(ha);
}

const struct hm_ha_counters *
hm_ha_counters(const struct hm_ha *ha)
{
	return &ha->counters;
}

/* Members that all records have */

void
hm_ha_refuse(struct hm_ha *ha)
{
	if (ha->counters.refused++ == 0)
		hm_log(HM_WARNING, "no room for more than %zu DTUs, %zu "
		    "devices and %zu state topics: records of others pass "
		    "without entities", HM_HA_DTUS_MAX,
		    HM_HA_DEVICES_MAX, HM_HA_GROUPS_MAX);
}

static const char *
read_dtu(struct hm_ha *ha, const struct hm_record *record,
    struct hm_ha_origin *origin)
{
	char name[HM_DTU_NAME_MAX];
	struct hm_slice text;
	size_t n;

	if (!hm_record_string(record, "dtu", &text))
		return "it names no dtu";
	if (!hm_string_decode(text, name, sizeof name, &n) || n == 0)
		return "its dtu must be a name of 1 to 120 bytes";
	origin->dtu = hm_ha_table_dtu(ha->table, hm_slice(name, n));
	if (origin->dtu == NULL)
		hm_ha_refuse(ha);
	return NULL;
}

const char *
hm_ha_read_origin(struct hm_ha *ha, const struct hm_record *record,
    struct hm_ha_origin *origin)
{
	const char *why;

	if (!hm_record_string(record, "time", &origin->time) ||
	    !hm_rfc3339_parse(origin->time, &origin->seconds))
		return "it has no time";
	if (!hm_record_string(record, "serial", &origin->serial))
		origin->serial = hm_slice("", 0);
	else if (!hm_ha_serial_valid(origin->serial))
		return "its serial is not fit for a topic: allowed are 1 to 32 "
		    "of 0-9 a-z A-Z _ -";
	ha->seconds = origin->seconds;
	if (ha->started == 0)
		ha->started = ha->seconds;
	why = read_dtu(ha, record, origin);
	if (why == NULL)
		hm_ha_release_others(ha, origin);
	return why;
}

static void
set_dtu_state(struct hm_ha *ha, const struct hm_ha_origin *origin,
    enum hm_ha_state state)
{
	struct hm_slice line;

	if (origin->dtu->state == state)
		return;
	origin->dtu->state = state;
	hm_ha_send(ha, hm_ha_message_availability(&ha->options.style,
	    origin->dtu, origin->time, ha->message, &line), line);
}

/* The place in the DTU's list that leads to a device; to NULL: its end. */
static struct hm_ha_device **
link_to(struct hm_ha_dtu *dtu, const struct hm_ha_device *device)
{
	struct hm_ha_device **link = &dtu->devices;

	while (*link != device)
		link = &(*link)->next_of_dtu;
	return link;
}

static void
move_to(struct hm_ha_device *device, struct hm_ha_dtu *dtu)
{
	if (device->dtu == dtu)
		return;
	if (device->dtu != NULL)
		*link_to(device->dtu, device) = device->next_of_dtu;
	device->next_of_dtu = NULL;
	*link_to(dtu, NULL) = device;
	device->dtu = dtu;
}

struct hm_ha_device *
hm_ha_find_device(struct hm_ha *ha, const struct hm_ha_origin *origin,
    enum hm_scope kind)
{
	struct hm_ha_device *device = hm_ha_table_device(ha->table, kind,
	    origin->serial);

	if (device == NULL)
		hm_ha_refuse(ha);
	else if (device->dtu == NULL ||
	    device->dtu->state == HM_HA_OFFLINE)
		move_to(device, origin->dtu);
	return device;
}

/* Readings */

/*
 * Read the values of a reading. Of a DTU that hangs only energies are true.
 * Fields that describe the device have been learnt from `device`, unless NULL.
 */
static void
read_values(struct hm_ha *ha, const struct hm_ha_origin *origin,
    enum hm_scope scope, const struct hm_record *record,
    struct hm_ha_device *device)
{
	bool stale = hm_record_get(record, "stale")->kind == HM_TRUE;

	hm_ha_values_read(&ha->values, scope, record);
	if (device != NULL)
		hm_ha_device_learn(device, &ha->values, false);
	if (hm_freshness_look(&origin->dtu->freshness, origin->seconds, stale,
	    ha->options.fresh_ms))
		hm_ha_values_keep_energies(&ha->values);
}

static void
expect_alerts(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, struct hm_ha_group *group)
{
	if (device->kind == HM_SCOPE_DTU) {
		hm_ha_expect_alert(ha, origin, device, group,
		    HM_ALERT_DTU_OFFLINE);
		hm_ha_expect_alert(ha, origin, device, group, HM_ALERT_STALE);
	} else if (device->kind == HM_SCOPE_INVERTER) {
		hm_ha_expect_alert(ha, origin, device, group,
		    HM_ALERT_TEMPERATURE);
	} else if (device->kind == HM_SCOPE_BATTERY) {
		hm_ha_expect_alert(ha, origin, device, group,
		    HM_ALERT_BATTERY_FAULT);
	}
}

/* The status record that has the address does not name the device. */
static void
show_address(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	struct hm_slice line;

	if (device->kind != HM_SCOPE_DTU || device->dtu != origin->dtu ||
	    origin->dtu->host[0] == '\0' || origin->dtu->host_shown)
		return;
	origin->dtu->host_shown = true;
	hm_ha_publish_extra(ha, origin, device, HM_HA_ADDRESS);
	ha->counters.states++;
	hm_ha_send(ha, hm_ha_message_address(&ha->options.style, device,
	    origin->time, ha->message, &line), line);
}

/* NULL if the inverter has no entities: it may be excluded. */
static const struct hm_ha_device *
shown_inverter(const struct hm_ha *ha, struct hm_slice serial)
{
	const struct hm_ha_device *inverter = hm_ha_table_find(ha->table,
	    HM_SCOPE_INVERTER, serial);

	return inverter != NULL && inverter->groups != NULL ? inverter : NULL;
}

static const char *
on_device(struct hm_ha *ha, enum hm_scope scope,
    const struct hm_record *record)
{
	struct hm_ha_device *device;
	struct hm_ha_group *group;
	struct hm_ha_origin origin;
	const char *why = hm_ha_read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL)
		return why;
	set_dtu_state(ha, &origin, HM_HA_ONLINE);
	/* A DTU whose serial is unknown has no entities. */
	if (origin.serial.n == 0)
		return NULL;
	device = hm_ha_find_device(ha, &origin, scope);
	if (device == NULL)
		return NULL;
	if (hm_reading_types[scope].of_inverter)
		device->inverter = shown_inverter(ha, origin.serial);
	read_values(ha, &origin, scope, record, device);
	if (scope == HM_SCOPE_INVERTER)
		hm_ha_radio_look(&device->radio, &ha->values);
	group = hm_ha_publish(ha, &origin, device, HM_HA_MAIN, 0);
	hm_ha_remember(ha, &origin, group);
	hm_ha_show_alarm(ha, &origin, device);
	expect_alerts(ha, &origin, device, group);
	hm_ha_expect_event(ha, &origin, device);
	show_address(ha, &origin, device);
	hm_ha_control_reading(ha, &origin, device);
	if (scope == HM_SCOPE_DTU)
		hm_ha_look_for_absent(ha, &origin);
	return NULL;
}

const char hm_ha_bad_port[] = "its port is not a number from 0 to 255";

bool
hm_ha_read_port(const struct hm_record *record, uint8_t *port)
{
	int64_t number;

	if (!hm_record_int(record, "port", &number) || number < 0 ||
	    number > UINT8_MAX)
		return false;
	*port = (uint8_t)number;
	return true;
}

/* A reading of a part of a device. */
static const char *
on_part(struct hm_ha *ha, enum hm_scope scope, const struct hm_record *record)
{
	struct hm_ha_device *device;
	struct hm_ha_group *group;
	const struct hm_reading_type *type = &hm_reading_types[scope];
	struct hm_ha_origin origin;
	uint8_t port = 0;
	const char *why = hm_ha_read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL)
		return why;
	if (type->has_port && !hm_ha_read_port(record, &port))
		return hm_ha_bad_port;
	set_dtu_state(ha, &origin, HM_HA_ONLINE);
	if (origin.serial.n == 0)
		return NULL;
	device = hm_ha_find_device(ha, &origin, type->device);
	if (device == NULL)
		return NULL;
	read_values(ha, &origin, scope, record, NULL);
	group = hm_ha_publish(ha, &origin, device, hm_ha_part_of(type), port);
	hm_ha_remember(ha, &origin, group);
	if (scope == HM_SCOPE_PORT)
		hm_ha_expect_alert(ha, &origin, device, group,
		    HM_ALERT_PRODUCTION_DROP);
	return NULL;
}

/* False if devices of the kind have no entities. */
static bool
kind_of(const struct hm_record *record, enum hm_scope *kind)
{
	const struct hm_reading_type *type;
	struct hm_slice text;

	if (!hm_record_string(record, "kind", &text))
		return false;
	type = hm_reading_type_of(text);
	if (type == NULL || !hm_is_device(type->scope) || type->of_inverter)
		return false;
	*kind = type->scope;
	return true;
}

static const char *
on_info(struct hm_ha *ha, const struct hm_record *record)
{
	struct hm_ha_device *device;
	struct hm_ha_origin origin;
	enum hm_scope kind;
	const char *why = hm_ha_read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL || origin.serial.n == 0 ||
	    !kind_of(record, &kind))
		return why;
	device = hm_ha_find_device(ha, &origin, kind);
	if (device == NULL)
		return NULL;
	hm_ha_values_read(&ha->values, kind, record);
	hm_ha_device_learn(device, &ha->values, true);
	/* The facts of a DTU come in several records. */
	hm_ha_device_recall(device, &ha->values);
	hm_ha_publish(ha, &origin, device, HM_HA_INFO, 0);
	hm_ha_control_info(ha, &origin, device);
	return NULL;
}

static void
learn_host(struct hm_ha_dtu *dtu, const struct hm_record *record)
{
	struct hm_slice host;

	if (!hm_record_string(record, "host", &host) || host.n == 0 ||
	    host.n > HM_HA_HOST_MAX || hm_slice_is(host, dtu->host))
		return;
	memcpy(dtu->host, host.p, host.n);
	dtu->host[host.n] = '\0';
	dtu->host_shown = false;
}

static const char *
on_status(struct hm_ha *ha, const struct hm_record *record)
{
	bool online;
	struct hm_ha_origin origin;
	const char *why = hm_ha_read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL)
		return why;
	learn_host(origin.dtu, record);
	why = hm_status_online(record, &online);
	if (why != NULL)
		return why;
	set_dtu_state(ha, &origin, online ? HM_HA_ONLINE : HM_HA_OFFLINE);
	if (!online)
		hm_ha_control_offline(ha, &origin);
	return NULL;
}

static const char *
on_result(struct hm_ha *ha, const struct hm_record *record)
{
	const char *why;

	if (!ha->options.control)
		return NULL;
	why = hm_ha_publish_result(ha, record);
	return why != NULL ? why : hm_ha_on_result(ha, record);
}

static const struct {
	const char *type;
	const char *(*take)(struct hm_ha *ha, const struct hm_record *record);
} takers[] = {
    {"info", on_info},
    {"alarm", hm_ha_on_alarm},
    {"alarms", hm_ha_on_alarms},
    {"status", on_status},
    {"result", on_result},
};

bool
hm_ha_takes(struct hm_slice type)
{
	const struct hm_reading_type *reading = hm_reading_type_of(type);

	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			return true;
	return reading != NULL;
}

const char *
hm_ha_record(struct hm_ha *ha, struct hm_slice type,
    const struct hm_record *record)
{
	const struct hm_reading_type *reading = hm_reading_type_of(type);

	if (reading != NULL)
		return hm_is_device(reading->scope) ?
		    on_device(ha, reading->scope, record) :
		    on_part(ha, reading->scope, record);
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			return takers[i].take(ha, record);
	return NULL;
}
