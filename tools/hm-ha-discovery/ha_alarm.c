#include "base/decimal.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "ha_device.h"
#include "ha_message.h"
#include "ha_private.h"
#include "ha_values.h"
#include "record/alert_kind.h"
#include "record/fields.h"
#include "record/record.h"

/* The text of a string, or an empty text. */
static struct hm_slice
text_of(const struct hm_record *record, const char *key)
{
	struct hm_slice text;

	return hm_record_string(record, key, &text) ? text : hm_slice("", 0);
}

static void
send_alert(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_alert *alert)
{
	struct hm_slice line;

	ha->counters.states++;
	hm_ha_send(ha, hm_ha_message_alert(&ha->options.style, device, group,
	    alert, origin->time, ha->message, &line), line);
}

static void
announce_alert(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, struct hm_ha_group *group,
    enum hm_alert_kind kind)
{
	unsigned bit = 1u << kind;

	if ((group->alerts & bit) != 0)
		return;
	group->alerts |= bit;
	group->alerts_due |= bit;
	hm_ha_plan(ha, origin, device, group, true);
}

static void
show_alert(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, struct hm_ha_group *group,
    const struct hm_ha_alert *alert)
{
	announce_alert(ha, origin, device, group, alert->kind);
	group->alerts_unknown &= ~(1u << alert->kind);
	send_alert(ha, origin, device, group, alert);
}

void
hm_ha_expect_alert(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, struct hm_ha_group *group,
    enum hm_alert_kind kind)
{
	const struct hm_ha_alert none = {.kind = kind};
	unsigned bit = 1u << kind;

	if (!ha->options.alerts || group == NULL)
		return;
	if ((group->alerts & bit) == 0) {
		group->alerts_unknown |= bit;
		group->alerts_since = origin->seconds;
		announce_alert(ha, origin, device, group, kind);
	}
	if (group->alerts_since > origin->seconds)
		group->alerts_since = origin->seconds;
	/* A DTU with a reading is not offline. */
	if ((group->alerts_unknown & bit) != 0 &&
	    (kind == HM_ALERT_DTU_OFFLINE ||
	    origin->seconds - group->alerts_since >= HM_HA_ALERT_SECONDS))
		show_alert(ha, origin, device, group, &none);
}

static void
end_alerts(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, struct hm_ha_group *group)
{
	for (int i = 0; i < HM_ALERT_KINDS; i++) {
		const struct hm_ha_alert none = {
		    .kind = (enum hm_alert_kind)i};

		if ((group->alerts_unknown >> i & 1) != 0)
			show_alert(ha, origin, device, group, &none);
	}
}

void
hm_ha_end(struct hm_ha *ha)
{
	char time[HM_RFC3339_SIZE];
	struct hm_ha_origin origin = {.seconds = ha->seconds};
	struct hm_ha_device *device = NULL;

	hm_rfc3339_format(ha->seconds, time);
	origin.time = hm_text(time);
	while ((device = hm_ha_table_next(ha->table, device)) != NULL)
		for (struct hm_ha_group *group = device->groups; group != NULL;
		    group = group->next)
			end_alerts(ha, &origin, device, group);
}

/* The time under a key, or 0. */
static int64_t
moment(const struct hm_record *record, const char *key)
{
	struct hm_slice text;
	int64_t seconds;

	return hm_record_string(record, key, &text) &&
	    hm_rfc3339_parse(text, &seconds) ? seconds : 0;
}

/*
 * An inverter shows the active alarm that began last, until that ends. False if
 * the record does not change the shown alarm.
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

/* Remember the alarm to show when the record's list is complete. */
static void
note_listed(struct hm_ha_device *device, const struct hm_record *record,
    const struct hm_ha_origin *origin, int64_t code)
{
	int64_t start = moment(record, "start");

	if (device->listed_time != origin->seconds) {
		device->listed_time = origin->seconds;
		device->listed_code = 0;
	}
	if (hm_record_get(record, "end")->kind != HM_ABSENT ||
	    (device->listed_code != 0 && start < device->listed_start))
		return;
	device->listed_code = code;
	device->listed_start = start;
}

/* Show an alert, and send an event if it begins or ends. */
static void
take_alert(struct hm_ha *ha, const struct hm_record *record,
    const struct hm_ha_origin *origin, struct hm_ha_device *device,
    uint8_t port, const struct hm_ha_alert *alert)
{
	const struct hm_ha_event event = {
	    .ended = !alert->on,
	    .alert = hm_alert_kind_name(alert->kind),
	    .port = port,
	    .text = alert->text,
	    .start = alert->start,
	    .end = alert->end,
	};
	struct hm_ha_group *group = hm_ha_table_group(ha->table, device,
	    alert->kind == HM_ALERT_PRODUCTION_DROP ? HM_HA_PORT : HM_HA_MAIN,
	    port);
	bool is_new;

	if (group == NULL) {
		hm_ha_refuse(ha);
		return;
	}
	is_new = hm_ha_event_is_new(ha, group, alert,
	    moment(record, "start"), moment(record, "end"));
	show_alert(ha, origin, device, group, alert);
	hm_ha_publish_extra(ha, origin, device, HM_HA_ALARM_EVENT);
	if (is_new)
		hm_ha_send_event(ha, origin, device, &event);
}

static enum hm_scope
device_of(enum hm_alert_kind kind)
{
	if (kind == HM_ALERT_DTU_OFFLINE || kind == HM_ALERT_STALE)
		return HM_SCOPE_DTU;
	return kind == HM_ALERT_BATTERY_FAULT ? HM_SCOPE_BATTERY :
	    HM_SCOPE_INVERTER;
}

/* An alarm of hm-alert, which has no code. Other kinds are ignored. */
static const char *
on_alert(struct hm_ha *ha, const struct hm_record *record,
    const struct hm_ha_origin *origin)
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
	    !hm_ha_read_port(record, &port))
		return hm_ha_bad_port;
	alert.on = alert.end.n == 0;
	device = hm_ha_find_device(ha, origin, device_of(alert.kind));
	if (device != NULL)
		take_alert(ha, record, origin, device, port, &alert);
	return NULL;
}

static void
send_alarm(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	char digits[HM_DECIMAL_TEXT];

	ha->values = (struct hm_ha_values){.end = HM_FIELDS};
	hm_ha_values_set_alarm(&ha->values, device->alarm_code,
	    hm_text(device->serial), digits);
	hm_ha_publish(ha, origin, device, HM_HA_ALARM, 0);
}

/* Whether readings of the device have come: it may be a DTU otherwise. */
static bool
has_readings(const struct hm_ha_device *device)
{
	for (const struct hm_ha_group *group = device->groups; group != NULL;
	    group = group->next)
		if (group->part == HM_HA_MAIN || group->part == HM_HA_PORT)
			return true;
	return false;
}

void
hm_ha_show_alarm(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	if (origin->dtu->lists_alarms && device->kind == HM_SCOPE_INVERTER &&
	    hm_ha_device_group(device, HM_HA_ALARM, 0) == NULL)
		send_alarm(ha, origin, device);
}

static void
take_event(struct hm_ha *ha, const struct hm_record *record,
    const struct hm_ha_origin *origin, struct hm_ha_device *device,
    int64_t code)
{
	const struct hm_ha_event event = {
	    .code = code,
	    .text = text_of(record, "text"),
	    .start = text_of(record, "start"),
	    .end = text_of(record, "end"),
	};

	hm_ha_event_of_alarm(ha, origin, device, &event,
	    moment(record, "start"), moment(record, "end"));
}

const char *
hm_ha_on_alarm(struct hm_ha *ha, const struct hm_record *record)
{
	struct hm_ha_device *device;
	struct hm_ha_origin origin;
	bool changed;
	int64_t code;
	const char *why = hm_ha_read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL || origin.serial.n == 0)
		return why;
	if (hm_record_get(record, "alert")->kind == HM_STRING)
		return on_alert(ha, record, &origin);
	if (!hm_record_int(record, "code", &code))
		return "its code is not a whole number";
	/* In a poll, alarms come before the readings of inverters. */
	device = hm_ha_find_device(ha, &origin, HM_SCOPE_INVERTER);
	if (device == NULL)
		return NULL;
	note_listed(device, record, &origin, code);
	take_event(ha, record, &origin, device, code);
	changed = follow_alarm(device, record, code);
	if (!has_readings(device))
		hm_log(HM_DEBUG, "alarm %lld of %.*s has no entity yet: no "
		    "inverter with that serial number is known",
		    (long long)code, (int)origin.serial.n, origin.serial.p);
	else if (changed ||
	    hm_ha_device_group(device, HM_HA_ALARM, 0) == NULL)
		send_alarm(ha, &origin, device);
	return NULL;
}

/*
 * Sent for each inverter, changed or not: the broker may have retained an alarm
 * from before a restart.
 */
const char *
hm_ha_on_alarms(struct hm_ha *ha, const struct hm_record *record)
{
	struct hm_ha_device *device = NULL;
	struct hm_ha_origin origin;
	int64_t listed = moment(record, hm_fields[HM_F_DEVICE_TIME].key);
	const char *why = hm_ha_read_origin(ha, record, &origin);

	if (why != NULL || origin.dtu == NULL)
		return why;
	origin.dtu->lists_alarms = true;
	origin.dtu->listed = listed != 0 ? listed : origin.seconds;
	while ((device = hm_ha_table_next(ha->table, device)) != NULL) {
		if (device->kind != HM_SCOPE_INVERTER)
			continue;
		/* One that has moved may be in the lists of two DTUs. */
		hm_ha_event_of_list(ha, &origin, device);
		if (device->dtu != origin.dtu)
			continue;
		device->alarm_code = device->listed_time == origin.seconds ?
		    device->listed_code : 0;
		device->alarm_start = device->listed_start;
		if (!has_readings(device))
			continue;
		hm_ha_expect_event(ha, &origin, device);
		send_alarm(ha, &origin, device);
	}
	return NULL;
}
