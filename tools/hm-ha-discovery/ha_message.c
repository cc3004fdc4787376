#include "ha_message.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "ha_entity.h"
#include "ha_message_private.h"
#include "ha_values.h"
#include "record/alert_kind.h"
#include "record/fields.h"
#include "record/record.h"
#include "record/topics.h"
#include "record/types.h"

#define TEXT_MAX 600 /* holds any topic, name or template */

/* The subject of a message about one entity. */
struct entity {
	const struct hm_ha_style *style;
	const struct hm_ha_device *device;
	const struct hm_ha_group *group;
	const struct hm_field *field;
};

__attribute__((format(printf, 3, 4))) static void
emit_format(struct hm_json *e, const char *key, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof text)
		e->failed = true;
	else
		hm_json_string(e, key, hm_slice(text, (size_t)n));
}

/* Left out if it is empty. */
static void
emit_known(struct hm_json *e, const char *key, const struct hm_ha_known *known)
{
	const struct hm_value value = {HM_STRING, hm_text(known->text)};

	if (known->text[0] != '\0')
		hm_json_value(e, key, &value);
}

/* The record around a payload */

void
hm_ha_start_record(struct hm_json *e, struct hm_slice time, char *buf,
    size_t cap)
{
	hm_json_start(e, buf, cap);
	hm_json_record(e, "mqtt", time);
}

bool
hm_ha_end_record(struct hm_json *e, const struct hm_ha_style *style,
    bool retain, struct hm_slice *line)
{
	hm_json_int(e, "qos", style->qos);
	hm_json_bool(e, "retain", retain);
	hm_json_object_end(e);
	return hm_json_done(e, line);
}

/* Identity */

static void
entity_prefix(const struct hm_ha_device *device,
    const struct hm_ha_group *group, char out[HM_HA_PREFIX_MAX])
{
	hm_ha_prefix(device->kind, group->part, group->port, out);
}

const char *
hm_ha_platform(const struct hm_field *field)
{
	return field->kind == HM_FLAG ? "binary_sensor" : "sensor";
}

/* Whose messages these are, and the device: the same for all its entities. */

void
hm_ha_emit_origin(struct hm_json *e)
{
	hm_json_object(e, "origin");
	hm_json_text(e, "name", "hm");
	hm_json_text(e, "sw_version", HM_VERSION);
	hm_json_object_end(e);
}

static void
emit_make(struct hm_json *e, const struct hm_ha_device *device)
{
	hm_json_text(e, "manufacturer",
	    device->kind == HM_SCOPE_METER ? "CHINT" : "Hoymiles");
	emit_known(e, "model", &device->known[HM_HA_MODEL]);
	hm_json_text(e, "serial_number", device->serial);
	emit_known(e, "sw_version", &device->known[HM_HA_FIRMWARE]);
	emit_known(e, "hw_version", &device->known[HM_HA_HARDWARE]);
}

void
hm_ha_emit_device(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	const char *via = hm_ha_device_via(device);
	char id[HM_HA_ID_MAX];

	hm_ha_device_id(device, id);
	hm_json_object(e, "device");
	hm_ha_emit_device_name(e, &style->naming, device);
	hm_json_array(e, "identifiers");
	emit_format(e, NULL, "hoymiles_mqtt_%s", id);
	hm_json_array_end(e);
	/* Who made a battery is not known. */
	if (!hm_reading_types[device->kind].of_inverter)
		emit_make(e, device);
	if (device->kind != HM_SCOPE_DTU && via[0] != '\0')
		emit_format(e, "via_device", "hoymiles_mqtt_%s", via);
	hm_ha_emit_device_place(e, &style->naming, device);
	hm_json_object_end(e);
}

/* One entity, without its device and origin */

static void
emit_available(struct hm_json *e, const char *topic)
{
	hm_json_object(e, NULL);
	hm_json_text(e, "topic", topic);
	hm_json_object_end(e);
}

static void
emit_publisher(struct hm_json *e, const struct hm_ha_style *style)
{
	char topic[HM_TOPIC_MAX];

	hm_topic_publisher(style->prefix, style->publisher, topic,
	    sizeof topic);
	emit_available(e, topic);
}

void
hm_ha_emit_dtu_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_dtu *dtu)
{
	char topic[HM_TOPIC_MAX];

	hm_topic_dtu(style->prefix, style->publisher,
	    hm_slice(dtu->name, dtu->name_length), topic, sizeof topic);
	hm_json_text(e, key, topic);
}

static void
end_availability(struct hm_json *e)
{
	hm_json_array_end(e);
	hm_json_text(e, "availability_mode", "all");
}

void
hm_ha_emit_available(struct hm_json *e, const struct hm_ha_style *style)
{
	hm_json_array(e, "availability");
	emit_publisher(e, style);
	end_availability(e);
}

static void
emit_dtu(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	hm_json_object(e, NULL);
	hm_ha_emit_dtu_topic(e, "topic", style, device->dtu);
	hm_json_object_end(e);
}

void
hm_ha_emit_available_control(struct hm_json *e,
    const struct hm_ha_style *style, const struct hm_ha_device *device)
{
	char topic[HM_TOPIC_MAX];

	hm_topic_control(style->prefix, style->publisher, topic,
	    sizeof topic);
	hm_json_array(e, "availability");
	emit_publisher(e, style);
	emit_dtu(e, style, device);
	emit_available(e, topic);
	end_availability(e);
}

void
hm_ha_emit_available_with(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const char *key)
{
	hm_json_array(e, "availability");
	emit_publisher(e, style);
	emit_dtu(e, style, device);
	hm_json_object(e, NULL);
	hm_ha_emit_state_topic(e, "topic", style, device, group);
	emit_format(e, "value_template", "{{ iif(value_json.%s is "
	    "defined, 'online', 'offline') }}", key);
	hm_json_object_end(e);
	end_availability(e);
}

/* Energies stay when the DTU is offline. */
static void
emit_availability(struct hm_json *e, const struct entity *entity)
{
	if (hm_ha_is_instant(entity->field))
		hm_ha_emit_available_with(e, entity->style, entity->device,
		    entity->group, entity->field->key);
	else
		hm_ha_emit_available(e, entity->style);
}

void
hm_ha_emit_unique_id(struct hm_json *e, const struct hm_ha_device *device,
    const struct hm_ha_group *group, const char *name)
{
	char prefix[HM_HA_PREFIX_MAX];

	entity_prefix(device, group, prefix);
	emit_format(e, "unique_id", "hoymiles_mqtt_%s_%s_%s", prefix,
	    device->serial, name);
}

static void
emit_name(struct hm_json *e, const struct entity *entity, const char *prefix)
{
	const struct hm_ha_group *group = entity->group;
	const char *given = hm_ha_group_name(&entity->style->naming,
	    entity->device, group);
	bool is_port = group->part == HM_HA_PORT, numbered;
	const char *name = hm_ha_shown_find(&entity->style->shown,
	    entity->device->serial, prefix, entity->field, &numbered);

	if (given != NULL && (name == NULL || numbered))
		emit_format(e, "name", "%s %s", given,
		    name != NULL ? name : entity->field->key);
	else if (name != NULL && is_port && numbered)
		emit_format(e, "name", "%s %u", name, (unsigned)group->port);
	else if (name != NULL)
		hm_json_text(e, "name", name);
	else if (is_port)
		emit_format(e, "name", "%s_%s", prefix, entity->field->key);
	else
		hm_json_text(e, "name", entity->field->key);
}

static void
emit_identity(struct hm_json *e, const struct entity *entity)
{
	char prefix[HM_HA_PREFIX_MAX];

	entity_prefix(entity->device, entity->group, prefix);
	emit_name(e, entity, prefix);
	hm_ha_emit_unique_id(e, entity->device, entity->group,
	    entity->field->key);
}

static const char *
state_class(const struct hm_field *field)
{
	switch (field->kind) {
	case HM_GAUGE:
		return "measurement";
	case HM_DAILY:
	case HM_COUNTER:
		return "total_increasing";
	case HM_CODE:
	case HM_FLAG:
	case HM_LABEL:
	case HM_MOMENT:
		break;
	}
	return NULL;
}

static int
decimals(const struct hm_field *field, const struct hm_ha_unit *other)
{
	int n = (int)field->scale + (other != NULL ? other->decimals : 0);

	return n > 0 ? n : 0;
}

static bool
is_enum(const struct hm_field *field)
{
	return field == &hm_fields[HM_F_ALARM_TEXT];
}

static void
emit_class(struct hm_json *e, const struct entity *entity)
{
	const struct hm_field *field = entity->field;
	const struct hm_ha_unit *other =
	    entity->style->shown.unit[field - hm_fields];
	const char *unit = other != NULL ? other->unit : field->unit;

	if (field->ha_class != NULL)
		hm_json_text(e, "device_class", field->ha_class);
	if (unit != NULL)
		hm_json_text(e, "unit_of_measurement", unit);
	if (state_class(field) != NULL) {
		hm_json_text(e, "state_class", state_class(field));
		hm_json_int(e, "suggested_display_precision",
		    decimals(field, other));
	}
	if (is_enum(field))
		hm_ha_emit_alarm_options(e, "options");
}

/* Alarms come by chance, info records once an hour: they do not expire. */
static bool
expires(const struct entity *entity)
{
	return entity->style->expire_after > 0 &&
	    hm_ha_is_instant(entity->field) &&
	    entity->group->part != HM_HA_INFO &&
	    entity->group->part != HM_HA_ALARM;
}

static void
emit_entity(struct hm_json *e, const struct entity *entity)
{
	const struct hm_field *field = entity->field;

	emit_identity(e, entity);
	hm_ha_emit_state_topic(e, "state_topic", entity->style, entity->device,
	    entity->group);
	/* Home Assistant warns of an empty text that is no option. */
	emit_format(e, "value_template",
	    "{{ iif(value_json.%s is defined, value_json.%s, %s) }}",
	    field->key, field->key, is_enum(field) ? "none" : "''");
	emit_class(e, entity);
	if ((field->flags & HM_DIAGNOSTIC) != 0)
		hm_json_text(e, "entity_category", "diagnostic");
	/* A time changes with every reading and would fill the history. */
	if (field->kind == HM_MOMENT)
		hm_json_bool(e, "enabled_by_default", false);
	if (expires(entity))
		hm_json_int(e, "expire_after", entity->style->expire_after);
	emit_availability(e, entity);
}

void
hm_ha_emit_entity(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_field_id id)
{
	const struct entity entity = {style, device, group, &hm_fields[id]};

	emit_entity(e, &entity);
}

/* Messages */

void
hm_ha_start_config(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_config *config, struct hm_slice time, char *buf)
{
	char prefix[HM_HA_PREFIX_MAX], id[HM_HA_ID_MAX];

	entity_prefix(device, group, prefix);
	hm_ha_device_id(device, id);
	hm_ha_start_record(e, time, buf, HM_HA_MESSAGE_MAX);
	emit_format(e, "topic", "%s/%s/%s/%s_%s%s/config", style->prefix,
	    config->platform, id, prefix, config->name, config->suffix);
	hm_json_object(e, "payload");
}

bool
hm_ha_end_config(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, struct hm_slice *line)
{
	hm_ha_emit_device(e, style, device);
	hm_ha_emit_origin(e);
	hm_json_object_end(e);
	return hm_ha_end_record(e, style, true, line);
}

bool
hm_ha_message_config(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_field_id id, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	const struct hm_field *field = &hm_fields[id];
	const struct hm_ha_config config = {hm_ha_platform(field), field->key,
	    ""};
	struct hm_json e;

	hm_ha_start_config(&e, style, device, group, &config, time, buf);
	hm_ha_emit_entity(&e, style, device, group, id);
	return hm_ha_end_config(&e, style, device, line);
}

/* Alerts */

void
hm_ha_emit_alert_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group, enum hm_alert_kind kind)
{
	const char *name = hm_alert_kind_name(kind);
	char id[HM_HA_ID_MAX];

	hm_ha_device_id(device, id);
	if (group->part == HM_HA_PORT)
		emit_format(e, key, "%s/hoymiles_mqtt/%s/%u/alert/%s",
		    style->prefix, id, (unsigned)group->port, name);
	else
		emit_format(e, key, "%s/hoymiles_mqtt/%s/alert/%s",
		    style->prefix, id, name);
}

void
hm_ha_emit_alert_entity(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_alert_kind kind)
{
	const char *name = hm_alert_kind_name(kind);
	const char *given = hm_ha_group_name(&style->naming, device, group);
	char prefix[HM_HA_PREFIX_MAX];

	entity_prefix(device, group, prefix);
	if (given != NULL)
		emit_format(e, "name", "%s %s_alert", given, name);
	else if (group->part == HM_HA_PORT)
		emit_format(e, "name", "%s_%s_alert", prefix, name);
	else
		emit_format(e, "name", "%s_alert", name);
	emit_format(e, "unique_id", "hoymiles_mqtt_%s_%s_%s_alert", prefix,
	    device->serial, name);
	hm_ha_emit_alert_topic(e, "state_topic", style, device, group, kind);
	hm_json_text(e, "value_template", "{{ value_json.state }}");
	hm_ha_emit_alert_topic(e, "json_attributes_topic", style, device, group,
	    kind);
	hm_json_text(e, "device_class", "problem");
	/* An alert must be visible also while the DTU is offline. */
	hm_ha_emit_available(e, style);
}

bool
hm_ha_message_alert_config(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_alert_kind kind, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	const struct hm_ha_config config = {"binary_sensor",
	    hm_alert_kind_name(kind), "_alert"};
	struct hm_json e;

	hm_ha_start_config(&e, style, device, group, &config, time, buf);
	hm_ha_emit_alert_entity(&e, style, device, group, kind);
	return hm_ha_end_config(&e, style, device, line);
}
