#include "base/log.h"
#include "base/rfc3339.h"
#include "ha_device.h"
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

static struct hm_ha_alarm *
find(struct hm_ha_device *device, int64_t code, int64_t start)
{
	for (size_t i = 0; i < HM_HA_ALARMS; i++) {
		struct hm_ha_alarm *alarm = &device->alarm[i];
		int64_t apart = alarm->start - start;

		if (alarm->seen != 0 && alarm->code == code && (apart == 0 ||
		    apart == CLOCK_ERROR || apart == -CLOCK_ERROR))
			return alarm;
	}
	return NULL;
}

/* Of those that have ended the one that was last seen longest ago goes. */
static struct hm_ha_alarm *
add(struct hm_ha_device *device, int64_t code, int64_t start)
{
	struct hm_ha_alarm *room = NULL;

	for (size_t i = 0; i < HM_HA_ALARMS; i++) {
		struct hm_ha_alarm *alarm = &device->alarm[i];

		if (!alarm->lasts && (room == NULL || alarm->seen < room->seen))
			room = alarm;
	}
	if (room != NULL)
		*room = (struct hm_ha_alarm){.code = code, .start = start};
	return room;
}

/* An alarm record does not say whether its device is an inverter or a DTU. */
static void
send_alarm_event(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, const struct hm_ha_event *event)
{
	if (hm_ha_device_group(device, HM_HA_MAIN, 0) == NULL)
		device = hm_ha_table_find(ha->table, HM_SCOPE_DTU,
		    hm_text(device->serial));
	if (device != NULL &&
	    hm_ha_device_group(device, HM_HA_MAIN, 0) != NULL)
		hm_ha_send_event(ha, origin, device, event);
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
	struct hm_ha_alarm *alarm = find(device, event->code, start);
	struct hm_ha_event news = *event;
	bool begins = alarm == NULL && is_new(origin->dtu, start, end);

	if (alarm == NULL && (end == 0 || begins)) {
		alarm = add(device, event->code, start);
		if (alarm == NULL)
			hm_log(HM_DEBUG, "%s has more than %d alarms: no event "
			    "for alarm %lld", device->serial, HM_HA_ALARMS,
			    (long long)event->code);
	}
	if (alarm == NULL)
		return;
	if (begins) {
		news.end = hm_slice("", 0);
		send_alarm_event(ha, origin, device, &news);
	}
	news = *event;
	news.ended = true;
	if (end != 0 && (begins || alarm->lasts))
		send_alarm_event(ha, origin, device, &news);
	alarm->lasts = end == 0;
	alarm->seen = origin->seconds;
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

		if (alarm->seen == 0 || alarm->seen == origin->seconds)
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
