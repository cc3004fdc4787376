#include "base/rfc3339.h"
#include "ha_device.h"
#include "ha_message.h"
#include "ha_private.h"
#include "record/alarm_codes.h"

/* hm-decode corrects the times of firmware that adds it while it can. */
#define CLOCK_ERROR 28800

void
hm_ha_expect_event(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	if ((ha->options.alerts || origin->dtu->lists_alarms) &&
	    (device->kind == HM_SCOPE_DTU ||
	    device->kind == HM_SCOPE_INVERTER))
		hm_ha_publish_extra(ha, origin, device, HM_HA_ALARM_EVENT);
}

void
hm_ha_send_event(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, const struct hm_ha_event *event)
{
	struct hm_slice line;

	hm_ha_publish_extra(ha, origin, device, HM_HA_ALARM_EVENT);
	ha->counters.states++;
	hm_ha_send(ha, hm_ha_message_event(&ha->options.style, device, event,
	    origin->time, ha->message, &line), line);
}

/* Alarms in lists */

/* The number of an alarm, or HM_HA_ALARMS. */
static size_t
find(const struct hm_ha_device *device, int64_t code, int64_t start)
{
	for (size_t i = 0; i < HM_HA_ALARMS; i++) {
		const struct hm_ha_alarm *alarm = &device->alarm[i];
		int64_t apart = alarm->start - start;

		if (alarm->seen != 0 && alarm->code == code && (apart == 0 ||
		    apart == CLOCK_ERROR || apart == -CLOCK_ERROR))
			return i;
	}
	return HM_HA_ALARMS;
}

/*
 * Of those that have ended the one that was last seen longest ago goes.
 * HM_HA_ALARMS if all last.
 */
static size_t
add(struct hm_ha_device *device, int64_t code, int64_t start)
{
	const struct hm_ha_alarm *alarm = device->alarm;
	size_t room = HM_HA_ALARMS;

	for (size_t i = 0; i < HM_HA_ALARMS; i++)
		if (!alarm[i].lasts && (room == HM_HA_ALARMS ||
		    alarm[i].seen < alarm[room].seen))
			room = i;
	if (room < HM_HA_ALARMS)
		device->alarm[room] = (struct hm_ha_alarm){
		    .code = code, .start = start};
	return room;
}

/*
 * An alarm record does not say whether its device is an inverter or a DTU: it
 * is the one that has readings. NULL if neither has.
 */
static struct hm_ha_device *
with_readings(const struct hm_ha *ha, struct hm_ha_device *device)
{
	struct hm_ha_device *dtu;

	if (hm_ha_device_group(device, HM_HA_MAIN, 0) != NULL)
		return device;
	dtu = hm_ha_table_find(ha->table, HM_SCOPE_DTU,
	    hm_text(device->serial));
	return dtu != NULL && hm_ha_device_group(dtu, HM_HA_MAIN, 0) != NULL ?
	    dtu : NULL;
}

static void
send_alarm_event(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, const struct hm_ha_event *event)
{
	struct hm_ha_device *target = with_readings(ha, device);

	if (target != NULL)
		hm_ha_send_event(ha, origin, target, event);
}

/*
 * An alarm that has ended is new if it began after the last list of alarms:
 * lists hold those that have ended for a while.
 */
static bool
is_new(const struct hm_ha_dtu *dtu, int64_t start, int64_t end)
{
	return dtu->lists_alarms && (end == 0 || start >= dtu->listed);
}

void
hm_ha_event_of_alarm(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, const struct hm_ha_event *event,
    int64_t start, int64_t end)
{
	size_t i = find(device, event->code, start);
	struct hm_ha_event began = *event, ended = *event;
	bool begins = i == HM_HA_ALARMS && is_new(origin->dtu, start, end);
	bool ends;

	if (i == HM_HA_ALARMS && (end == 0 || begins))
		i = add(device, event->code, start);
	if (i == HM_HA_ALARMS)
		return;
	ends = end != 0 && (begins || device->alarm[i].lasts);
	device->alarm[i].lasts = end == 0;
	device->alarm[i].seen = origin->seconds;
	device->alarm[i].dtu = origin->dtu;
	began.end = hm_slice("", 0);
	ended.ended = true;
	if (begins)
		send_alarm_event(ha, origin, device, &began);
	if (ends)
		send_alarm_event(ha, origin, device, &ended);
}

/* An alarm has ended at an unknown time before that of the list. */
static void
end_alarm(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, const struct hm_ha_alarm *alarm)
{
	const char *text = hm_alarm_code_text_of(alarm->code,
	    hm_text(device->serial));
	char start[HM_RFC3339_SIZE];
	struct hm_ha_event event = {
	    .ended = true, .code = alarm->code, .end = origin->time};

	if (text != NULL)
		event.text = hm_text(text);
	if (alarm->start != 0) {
		hm_rfc3339_format(alarm->start, start);
		event.start = hm_text(start);
	}
	send_alarm_event(ha, origin, device, &event);
}

void
hm_ha_event_of_list(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	for (size_t i = 0; i < HM_HA_ALARMS; i++) {
		struct hm_ha_alarm *alarm = &device->alarm[i];

		if (alarm->seen == 0 || alarm->dtu != origin->dtu ||
		    alarm->seen == origin->seconds)
			continue;
		if (alarm->lasts)
			end_alarm(ha, origin, device, alarm);
		*alarm = (struct hm_ha_alarm){0};
	}
}

/* Alerts */

/* Whether the alert was off before this record, for all that is known. */
static bool
was_off(const struct hm_ha *ha, const struct hm_ha_group *group,
    enum hm_alert_kind kind)
{
	const struct hm_ha_alerted *last = &group->alerted[kind];
	unsigned bit = 1U << kind;

	if (last->on)
		return ha->seconds - last->seen > HM_HA_ALERT_SECONDS;
	return (group->alerts & bit) != 0 &&
	    (group->alerts_unknown & bit) == 0;
}

bool
hm_ha_event_is_new(const struct hm_ha *ha, struct hm_ha_group *group,
    const struct hm_ha_alert *alert, int64_t start, int64_t end)
{
	struct hm_ha_alerted *last = &group->alerted[alert->kind];
	bool same = start != 0 && last->start == start, news;

	if (alert->on)
		news = !same && (was_off(ha, group, alert->kind) ||
		    (!last->on && start >= ha->started));
	else
		news = last->on || (!same && end >= ha->started);
	/* A record that is read again does not bring back what has ended. */
	last->on = alert->on && (last->on || !same);
	last->start = start;
	last->seen = ha->seconds;
	return news;
}
