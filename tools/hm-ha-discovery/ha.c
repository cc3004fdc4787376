#include "ha.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/rfc3339.h"
#include "ha_device.h"
#include "ha_values.h"
#include "record/alert_kind.h"

/*
 * Home Assistant may still be at work on a topic's last message: the same one
 * is not sent again sooner.
 */
#define QUIET_SECONDS 10

struct hm_ha {
	struct hm_ha_options options;
	hm_ha_output *output;
	void *context;
	struct hm_ha_table *table;
	struct hm_ha_counters counters;
	struct hm_ha_values values; /* of the record at hand */
	char message[HM_HA_MESSAGE_MAX];
};

/* What all records have in common. */
struct origin {
	struct hm_slice time;
	int64_t seconds;
	struct hm_ha_dtu *dtu;
	struct hm_slice serial; /* empty: there is none */
};

struct hm_ha *
hm_ha_new(const struct hm_ha_options *options, hm_ha_output *output,
    void *context)
{
	struct hm_ha *ha = calloc(1, sizeof *ha);

	if (ha == NULL)
		return NULL;
	ha->options = *options;
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

/* Reading what all records have */

static void
refuse(struct hm_ha *ha)
{
	if (ha->counters.refused++ == 0)
		hm_log(HM_WARNING, "no room for more than %zu DTUs, %zu "
		    "devices and %zu state topics: the rest is passed on "
		    "without entities", HM_HA_DTUS_MAX,
		    HM_HA_DEVICES_MAX, HM_HA_GROUPS_MAX);
}

static const char *
read_dtu(struct hm_ha *ha, const struct hm_record *record,
    struct origin *origin)
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
		refuse(ha);
	return NULL;
}

/* The dtu is NULL if there is no room for it. */
static const char *
read_origin(struct hm_ha *ha, const struct hm_record *record,
    struct origin *origin)
{
	if (!hm_record_string(record, "time", &origin->time) ||
	    !hm_rfc3339_parse(origin->time, &origin->seconds))
		return "it has no time";
	if (!hm_record_string(record, "serial", &origin->serial))
		origin->serial = hm_slice("", 0);
	else if (!hm_ha_serial_valid(origin->serial))
		return "its serial is not fit for a topic: allowed are 1 to 32 "
		    "of 0-9 a-z A-Z _ -";
	return read_dtu(ha, record, origin);
}

/* Messages */

static void
send(struct hm_ha *ha, bool good, struct hm_slice line)
{
	if (good)
		ha->output(ha->context, line);
	else
		hm_log(HM_ERROR, "a message did not fit into %zu bytes",
		    HM_HA_MESSAGE_MAX);
}

static void
set_dtu_state(struct hm_ha *ha, const struct origin *origin,
    enum hm_ha_state state)
{
	struct hm_slice line;

	if (origin->dtu->state == state)
		return;
	origin->dtu->state = state;
	send(ha, hm_ha_message_availability(&ha->options.style,
	    origin->dtu, origin->time, ha->message, &line), line);
}

static void
send_configs(struct hm_ha *ha, const struct origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_set *set)
{
	struct hm_slice line;

	for (size_t id = 0; id < HM_FIELDS; id++) {
		if (!hm_ha_set_has(set, id))
			continue;
		ha->counters.announcements++;
		send(ha, hm_ha_message_config(&ha->options.style, device,
		    group, (enum hm_field_id)id, origin->time, ha->message,
		    &line), line);
	}
}

static void
send_state(struct hm_ha *ha, const struct origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_group *group)
{
	struct hm_slice line;

	if (hm_ha_set_is_empty(&group->announced))
		return;
	ha->counters.states++;
	send(ha, hm_ha_message_state(&ha->options.style, device, group,
	    &ha->values, origin->time, ha->message, &line), line);
}

/* The text of a string, or nothing. */
static struct hm_slice
text_of(const struct hm_record *record, const char *key)
{
	struct hm_slice text;

	return hm_record_string(record, key, &text) ? text : hm_slice("", 0);
}

static void
send_alert_config(struct hm_ha *ha, const struct origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_alert_kind kind)
{
	struct hm_slice line;

	ha->counters.announcements++;
	send(ha, hm_ha_message_alert_config(&ha->options.style, device, group,
	    kind, origin->time, ha->message, &line), line);
}

static void
send_alert(struct hm_ha *ha, const struct origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_alert *alert)
{
	struct hm_slice line;

	ha->counters.states++;
	send(ha, hm_ha_message_alert(&ha->options.style, device, group, alert,
	    origin->time, ha->message, &line), line);
}

/* Announcing */

/*
 * Readings and alarm records can both tell an inverter's alarm. Whichever
 * came first in this run goes on telling it: two would contradict each other.
 */
static bool
is_told_elsewhere(const struct hm_ha_device *device,
    const struct hm_ha_group *group, size_t id)
{
	enum hm_ha_part part = group->part == HM_HA_ALARM ? HM_HA_MAIN :
	    HM_HA_ALARM;
	const struct hm_ha_group *other;

	if (group->part != HM_HA_MAIN && group->part != HM_HA_ALARM)
		return false;
	other = hm_ha_device_group(device, part, 0);
	return other != NULL && hm_ha_set_has(&other->announced, id);
}

/* The fields of the record at hand that have not been announced. */
static struct hm_ha_set
newcomers(const struct hm_ha *ha, const struct hm_ha_device *device,
    const struct hm_ha_group *group)
{
	const struct hm_ha_set *shown =
	    &ha->options.entities.of[device->kind][group->part];
	struct hm_ha_set set = {{0}};

	for (size_t id = 0; id < HM_FIELDS; id++)
		if (ha->values.of[id].kind != HM_ABSENT &&
		    hm_ha_set_has(shown, id) &&
		    !hm_ha_set_has(&group->announced, id) &&
		    !is_told_elsewhere(device, group, id))
			hm_ha_set_add(&set, id);
	return set;
}

/* Those that have been announced, again. */
static void
announce_alerts(struct hm_ha *ha, const struct origin *origin,
    const struct hm_ha_device *device, struct hm_ha_group *group)
{
	for (int kind = 0; kind < HM_ALERT_KINDS; kind++)
		if ((group->alerts >> kind & 1) != 0)
			send_alert_config(ha, origin, device, group,
			    (enum hm_alert_kind)kind);
	if (group->alerts != 0)
		group->last = origin->seconds;
}

static void
announce(struct hm_ha *ha, const struct origin *origin,
    const struct hm_ha_device *device, struct hm_ha_group *group)
{
	uint64_t fingerprint = hm_ha_device_fingerprint(device);
	struct hm_ha_set set = newcomers(ha, device, group);

	if (hm_ha_set_is_empty(&group->announced) && group->alerts == 0)
		group->described = fingerprint;
	/* A clock that was set back starts the wait anew. */
	if (group->last > origin->seconds)
		group->last = origin->seconds;
	if (group->described != fingerprint &&
	    origin->seconds - group->last >= QUIET_SECONDS) {
		hm_ha_set_join(&set, &group->announced);
		announce_alerts(ha, origin, device, group);
		group->described = fingerprint;
	}
	if (hm_ha_set_is_empty(&set))
		return;
	send_configs(ha, origin, device, group, &set);
	hm_ha_set_join(&group->announced, &set);
	group->last = origin->seconds;
}

/*
 * Find the device, and put it behind the DTU that the record names. One that
 * two DTUs report stays with the first until that is offline, or it would be
 * announced over and over.
 */
static struct hm_ha_device *
find_device(struct hm_ha *ha, const struct origin *origin,
    enum hm_ha_kind kind)
{
	struct hm_ha_device *device = hm_ha_table_device(ha->table, kind,
	    origin->serial);

	if (device == NULL)
		refuse(ha);
	else if (device->dtu == NULL ||
	    device->dtu->state == HM_HA_OFFLINE)
		device->dtu = origin->dtu;
	return device;
}

/*
 * Announce what is new in the values at hand, and say what they are. Returns
 * the group, or NULL if there is no room for it.
 */
static struct hm_ha_group *
publish(struct hm_ha *ha, const struct origin *origin,
    struct hm_ha_device *device, enum hm_ha_part part, uint8_t port)
{
	struct hm_ha_group *group = hm_ha_table_group(ha->table, device, part,
	    port);

	if (group == NULL) {
		refuse(ha);
		return NULL;
	}
	announce(ha, origin, device, group);
	/* Others may refer to a DTU only when Home Assistant knows it. */
	if (device->kind == HM_HA_DTU &&
	    !hm_ha_set_is_empty(&group->announced))
		memcpy(device->dtu->serial, device->serial,
		    sizeof device->serial);
	send_state(ha, origin, device, group);
	return group;
}

/* Alerts */

static void
tell_alert(struct hm_ha *ha, const struct origin *origin,
    struct hm_ha_device *device, uint8_t port,
    const struct hm_ha_alert *alert)
{
	unsigned bit = 1u << alert->kind;
	struct hm_ha_group *group = hm_ha_table_group(ha->table, device,
	    alert->kind == HM_ALERT_PRODUCTION_DROP ? HM_HA_PORT : HM_HA_MAIN,
	    port);

	if (group == NULL) {
		refuse(ha);
		return;
	}
	if ((group->alerts & bit) == 0) {
		if (group->alerts == 0 &&
		    hm_ha_set_is_empty(&group->announced))
			group->described = hm_ha_device_fingerprint(device);
		group->alerts |= bit;
		group->last = origin->seconds;
		send_alert_config(ha, origin, device, group, alert->kind);
	}
	send_alert(ha, origin, device, group, alert);
}

/*
 * With the first reading in a run: none is known. What was on before has been
 * kept by the broker, and may be over; what lasts is soon told again.
 */
static void
clear_alert(struct hm_ha *ha, const struct origin *origin,
    struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_alert_kind kind)
{
	const struct hm_ha_alert clear = {.kind = kind};

	if (ha->options.alerts && group != NULL &&
	    (group->alerts >> kind & 1) == 0)
		tell_alert(ha, origin, device, group->port, &clear);
}

/* Records */

static const char *
on_reading(struct hm_ha *ha, const struct hm_record *record,
    enum hm_ha_kind kind)
{
	struct hm_ha_device *device;
	struct hm_ha_group *group;
	struct origin origin;
	const char *why = read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL)
		return why;
	set_dtu_state(ha, &origin, HM_HA_ONLINE);
	/* A DTU's own serial may not have been read; there is no entity. */
	if (origin.serial.n == 0)
		return NULL;
	device = find_device(ha, &origin, kind);
	if (device == NULL)
		return NULL;
	hm_ha_values_read(&ha->values, hm_ha_scope(kind, HM_HA_MAIN), record);
	hm_ha_device_learn(device, &ha->values, false);
	group = publish(ha, &origin, device, HM_HA_MAIN, 0);
	if (kind == HM_HA_DTU)
		clear_alert(ha, &origin, device, group, HM_ALERT_DTU_OFFLINE);
	else if (kind == HM_HA_INVERTER)
		clear_alert(ha, &origin, device, group, HM_ALERT_TEMPERATURE);
	return NULL;
}

static const char *
on_dtu(struct hm_ha *ha, const struct hm_record *record)
{
	return on_reading(ha, record, HM_HA_DTU);
}

static const char *
on_inverter(struct hm_ha *ha, const struct hm_record *record)
{
	return on_reading(ha, record, HM_HA_INVERTER);
}

static const char *
on_meter(struct hm_ha *ha, const struct hm_record *record)
{
	return on_reading(ha, record, HM_HA_METER);
}

static const char bad_port[] = "its port is not a number from 0 to 255";

static bool
read_port(const struct hm_record *record, uint8_t *port)
{
	int64_t number;

	if (!hm_record_int(record, "port", &number) || number < 0 ||
	    number > UINT8_MAX)
		return false;
	*port = (uint8_t)number;
	return true;
}

static const char *
on_port(struct hm_ha *ha, const struct hm_record *record)
{
	struct hm_ha_device *device;
	struct origin origin;
	uint8_t port;
	const char *why = read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL)
		return why;
	if (!read_port(record, &port))
		return bad_port;
	set_dtu_state(ha, &origin, HM_HA_ONLINE);
	if (origin.serial.n == 0)
		return NULL;
	device = find_device(ha, &origin, HM_HA_INVERTER);
	if (device == NULL)
		return NULL;
	hm_ha_values_read(&ha->values, HM_SCOPE_PORT, record);
	clear_alert(ha, &origin, device, publish(ha, &origin, device,
	    HM_HA_PORT, port), HM_ALERT_PRODUCTION_DROP);
	return NULL;
}

/* False if devices of the kind have no entities. */
static bool
kind_of(const struct hm_record *record, enum hm_ha_kind *kind)
{
	static const char *const names[HM_HA_KINDS] = {
	    [HM_HA_DTU] = "dtu",
	    [HM_HA_INVERTER] = "inverter",
	    [HM_HA_METER] = "meter",
	};
	struct hm_slice text;

	if (!hm_record_string(record, "kind", &text))
		return false;
	for (size_t i = 0; i < HM_HA_KINDS; i++)
		if (hm_slice_is(text, names[i])) {
			*kind = (enum hm_ha_kind)i;
			return true;
		}
	return false;
}

static const char *
on_info(struct hm_ha *ha, const struct hm_record *record)
{
	struct hm_ha_device *device;
	struct origin origin;
	enum hm_ha_kind kind;
	const char *why = read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL || origin.serial.n == 0 ||
	    !kind_of(record, &kind))
		return why;
	device = find_device(ha, &origin, kind);
	if (device == NULL)
		return NULL;
	hm_ha_values_read(&ha->values, hm_ha_scope(kind, HM_HA_INFO), record);
	hm_ha_device_learn(device, &ha->values, true);
	/* A DTU tells what it knows in more than one record. */
	hm_ha_device_recall(device, &ha->values);
	publish(ha, &origin, device, HM_HA_INFO, 0);
	return NULL;
}

/* 0 if the record has no such time. */
static int64_t
moment(const struct hm_record *record, const char *key)
{
	struct hm_slice text;
	int64_t seconds;

	return hm_record_string(record, key, &text) &&
	    hm_rfc3339_parse(text, &seconds) ? seconds : 0;
}

/*
 * An inverter shows the active alarm that began last, and none when that one
 * has ended. False if the record changes nothing.
 */
static bool
follow_alarm(struct hm_ha_device *device, const struct hm_record *record,
    int64_t code)
{
	int64_t start = moment(record, "start"), end = moment(record, "end");

	if (end == 0) {
		if (device->alarm_code != 0 && start < device->alarm_start)
			return false;
		device->alarm_start = start;
	} else {
		if (code != device->alarm_code || end < device->alarm_start)
			return false;
		code = 0;
	}
	if (device->alarm_code == code)
		return false;
	device->alarm_code = code;
	return true;
}

/* What hm-alert tells, which has no code. Other kinds mean nothing here. */
static const char *
on_alert(struct hm_ha *ha, const struct hm_record *record,
    const struct origin *origin)
{
	struct hm_ha_alert alert = {
	    .text = text_of(record, "text"),
	    .start = text_of(record, "start"),
	    .end = text_of(record, "end"),
	};
	struct hm_ha_device *device;
	uint8_t port = 0;

	if (!hm_alert_kind_parse(text_of(record, "alert"), &alert.kind))
		return NULL;
	if (alert.kind == HM_ALERT_PRODUCTION_DROP &&
	    !read_port(record, &port))
		return bad_port;
	alert.on = alert.end.n == 0;
	device = find_device(ha, origin, alert.kind == HM_ALERT_DTU_OFFLINE ?
	    HM_HA_DTU : HM_HA_INVERTER);
	if (device != NULL)
		tell_alert(ha, origin, device, port, &alert);
	return NULL;
}

static const char *
on_alarm(struct hm_ha *ha, const struct hm_record *record)
{
	char digits[HM_DECIMAL_TEXT];
	struct hm_ha_device *device;
	struct origin origin;
	int64_t code;
	const char *why = read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL || origin.serial.n == 0)
		return why;
	if (hm_record_get(record, "alert")->kind == HM_STRING)
		return on_alert(ha, record, &origin);
	if (!hm_record_int(record, "code", &code))
		return "its code is not a whole number";
	/* Alarms of the DTU itself come, too; only readings tell them apart. */
	device = hm_ha_table_find(ha->table, HM_HA_INVERTER, origin.serial);
	if (device == NULL)
		return NULL;
	if (!follow_alarm(device, record, code) &&
	    hm_ha_device_group(device, HM_HA_ALARM, 0) != NULL)
		return NULL;
	ha->values = (struct hm_ha_values){0};
	hm_ha_values_set_alarm(&ha->values, device->alarm_code, digits);
	publish(ha, &origin, device, HM_HA_ALARM, 0);
	return NULL;
}

static const char *
on_status(struct hm_ha *ha, const struct hm_record *record)
{
	struct hm_slice state;
	struct origin origin;
	const char *why = read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL)
		return why;
	if (!hm_record_string(record, "state", &state))
		return "it has no state";
	if (hm_slice_is(state, "online"))
		set_dtu_state(ha, &origin, HM_HA_ONLINE);
	else if (hm_slice_is(state, "offline"))
		set_dtu_state(ha, &origin, HM_HA_OFFLINE);
	else
		return "its state is neither online nor offline";
	return NULL;
}

static const struct {
	const char *type;
	const char *(*take)(struct hm_ha *ha, const struct hm_record *record);
} takers[] = {
    {"dtu", on_dtu},
    {"inverter", on_inverter},
    {"port", on_port},
    {"meter", on_meter},
    {"info", on_info},
    {"alarm", on_alarm},
    {"status", on_status},
};

bool
hm_ha_takes(struct hm_slice type)
{
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			return true;
	return false;
}

const char *
hm_ha_record(struct hm_ha *ha, struct hm_slice type,
    const struct hm_record *record)
{
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			return takers[i].take(ha, record);
	return NULL;
}
