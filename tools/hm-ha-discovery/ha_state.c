#include "base/decimal.h"
#include "base/json_writer.h"
#include "ha_extra.h"
#include "ha_message.h"
#include "ha_message_private.h"
#include "ha_values.h"
#include "record/fields.h"
#include "record/record.h"
#include "record/topics.h"

/* Leave out a product that is not exact. */
static void
emit_product(struct hm_json *e, size_t id, const struct hm_value *value,
    struct hm_decimal factor)
{
	struct hm_decimal number, product;

	if (!hm_decimal_parse(value->text, &number) ||
	    !hm_decimal_mul(number, factor, &product))
		return;
	hm_json_field(e, id);
	hm_json_decimal(e, NULL, product);
}

static void
emit_value(struct hm_json *e, const struct hm_ha_style *style, size_t id,
    const struct hm_value *value)
{
	const struct hm_ha_unit *other = style->shown.unit[id];

	if (other != NULL) {
		emit_product(e, id, value, other->factor);
		return;
	}
	hm_json_field(e, id);
	if (hm_fields[id].kind == HM_FLAG)
		hm_json_text(e, NULL, value->kind == HM_TRUE ? "ON" : "OFF");
	else
		hm_json_value(e, NULL, value);
}

bool
hm_ha_message_state(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_values *values, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	/* These are rare: keep them for a restart of Home Assistant. */
	bool retain = group->part == HM_HA_INFO || group->part == HM_HA_ALARM;
	struct hm_json e;
	size_t id;

	hm_ha_start_record(&e, time, buf, HM_HA_MESSAGE_MAX);
	hm_ha_emit_state_topic(&e, "topic", style, device, group);
	hm_json_object(&e, "payload");
	HM_FIELD_SET_EACH(&group->announced, id)
		if (hm_ha_values_show(values, id))
			emit_value(&e, style, id, &values->of[id]);
	if ((group->extras >> HM_HA_RADIO_QUALITY & 1) != 0 &&
	    values->of[HM_F_RADIO_POLLS].kind != HM_ABSENT)
		hm_json_int(&e, hm_ha_extra_name(HM_HA_RADIO_QUALITY),
		    device->radio.quality);
	hm_json_object_end(&e);
	return hm_ha_end_record(&e, style, retain, line);
}

static void
emit_unless_empty(struct hm_json *e, const char *key, struct hm_slice text)
{
	if (text.n > 0)
		hm_json_quoted(e, key, text);
}

bool
hm_ha_message_alert(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_alert *alert, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	struct hm_json e;

	hm_ha_start_record(&e, time, buf, HM_HA_MESSAGE_MAX);
	hm_ha_emit_alert_topic(&e, "topic", style, device, group, alert->kind);
	hm_json_object(&e, "payload");
	hm_json_text(&e, "state", alert->on ? "ON" : "OFF");
	emit_unless_empty(&e, "text", alert->text);
	emit_unless_empty(&e, "start", alert->start);
	emit_unless_empty(&e, "end", alert->end);
	hm_json_object_end(&e);
	return hm_ha_end_record(&e, style, true, line);
}

/* Home Assistant ignores events that are retained. */
bool
hm_ha_message_event(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_event *event,
    struct hm_slice time, char *buf, struct hm_slice *line)
{
	struct hm_json e;

	hm_ha_start_record(&e, time, buf, HM_HA_MESSAGE_MAX);
	hm_ha_emit_event_topic(&e, "topic", style, device);
	hm_json_object(&e, "payload");
	hm_json_text(&e, "event_type",
	    event->ended ? HM_HA_ENDED : HM_HA_BEGAN);
	if (event->alert != NULL)
		hm_json_text(&e, "alert", event->alert);
	else
		hm_json_int(&e, "code", event->code);
	if (event->port != 0)
		hm_json_int(&e, "port", event->port);
	emit_unless_empty(&e, "text", event->text);
	emit_unless_empty(&e, "start", event->start);
	emit_unless_empty(&e, "end", event->end);
	hm_json_object_end(&e);
	hm_json_bool(&e, "once", true);
	return hm_ha_end_record(&e, style, false, line);
}

bool
hm_ha_message_address(const struct hm_ha_style *style,
    const struct hm_ha_device *device, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	struct hm_json e;

	hm_ha_start_record(&e, time, buf, HM_HA_MESSAGE_MAX);
	hm_ha_emit_address_topic(&e, "topic", style, device);
	hm_json_object(&e, "payload");
	hm_json_quoted(&e, "address", hm_text(device->dtu->host));
	hm_json_object_end(&e);
	return hm_ha_end_record(&e, style, true, line);
}

bool
hm_ha_message_availability(const struct hm_ha_style *style,
    const struct hm_ha_dtu *dtu, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	char topic[HM_TOPIC_MAX];
	struct hm_json e;

	hm_topic_dtu(style->prefix, style->publisher,
	    hm_slice(dtu->name, dtu->name_length), topic, sizeof topic);
	hm_ha_start_record(&e, time, buf, HM_HA_MESSAGE_MAX);
	hm_json_text(&e, "topic", topic);
	hm_json_text(&e, "payload",
	    dtu->state == HM_HA_ONLINE ? "online" : "offline");
	return hm_ha_end_record(&e, style, true, line);
}
