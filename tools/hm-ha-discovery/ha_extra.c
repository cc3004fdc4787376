#include "ha_extra.h"

#include "base/json_writer.h"
#include "ha_message_private.h"
#include "record/fields.h"
#include "record/topics.h"

static const struct {
	const char *name, *platform, *device_class, *category;
} extras[HM_HA_EXTRAS] = {
    /* Devices that have a field of the name have no such extra. */
    [HM_HA_REACHABLE] = {NULL, "binary_sensor", "connectivity",
        "diagnostic"},
    [HM_HA_PRODUCING] = {"producing", "binary_sensor", "running", NULL},
    [HM_HA_RADIO_QUALITY] = {"radio_quality", "sensor", NULL, "diagnostic"},
    [HM_HA_ALARM_EVENT] = {"alarm_event", "event", NULL, "diagnostic"},
    [HM_HA_ADDRESS] = {"address", "sensor", NULL, "diagnostic"},
    [HM_HA_LIMIT] = {NULL, "number", NULL, NULL},
    [HM_HA_TEMPORARY_LIMIT] = {"temporary_limit", "number", NULL, NULL},
    [HM_HA_FEED_IN] = {"feed_in", "switch", NULL, NULL},
    [HM_HA_RESTART] = {"restart", "button", "restart", "config"},
    [HM_HA_COMMAND_RESULT] = {"command_result", "event", NULL, "diagnostic"},
};

const char *
hm_ha_extra_name(enum hm_ha_extra extra)
{
	if (extra == HM_HA_REACHABLE)
		return hm_fields[HM_F_REACHABLE].key;
	return extra == HM_HA_LIMIT ? hm_fields[HM_F_POWER_LIMIT].key :
	    extras[extra].name;
}

const char *
hm_ha_extra_platform(enum hm_ha_extra extra)
{
	return extras[extra].platform;
}

unsigned
hm_ha_extras_of(enum hm_scope kind, const struct hm_field_set *set)
{
	unsigned found = 0;

	if (kind == HM_SCOPE_DTU && !hm_field_set_is_empty(set))
		found |= 1U << HM_HA_REACHABLE;
	if (kind != HM_SCOPE_INVERTER)
		return found;
	if (hm_field_set_has(set, HM_F_LINK_STATUS))
		found |= 1U << HM_HA_REACHABLE;
	if (hm_field_set_has(set, HM_F_OPERATING_STATUS) ||
	    hm_field_set_has(set, HM_F_ACTIVE_POWER))
		found |= 1U << HM_HA_PRODUCING;
	if (hm_field_set_has(set, HM_F_RADIO_POLLS) &&
	    hm_field_set_has(set, HM_F_RADIO_ANSWERS))
		found |= 1U << HM_HA_RADIO_QUALITY;
	return found;
}

unsigned
hm_ha_extras(const struct hm_ha_device *device,
    const struct hm_ha_group *group)
{
	unsigned all = hm_ha_extras_of(device->kind, &group->announced);

	if (!device->radio.measured)
		all &= ~(1U << HM_HA_RADIO_QUALITY);
	return group->part == HM_HA_MAIN ? all : 0;
}

/* Modbus has the status, the other protocol the power. */
static const char *
template(const struct hm_ha_group *group, enum hm_ha_extra extra)
{
	if (extra == HM_HA_REACHABLE)
		return "{{ iif(value_json.link_status|default(0) > 0, 'ON', "
		    "'OFF') }}";
	return hm_field_set_has(&group->announced, HM_F_OPERATING_STATUS) ?
	    "{{ iif(value_json.operating_status|default(0) == 3, 'ON', "
	    "'OFF') }}" :
	    "{{ iif(value_json.active_power|default(0) != 0, 'ON', 'OFF') }}";
}

static void
emit_quality(struct hm_json *e)
{
	hm_json_text(e, "value_template", "{{ iif(value_json.radio_quality is "
	    "defined, value_json.radio_quality, '') }}");
	hm_json_text(e, "unit_of_measurement", "%");
	hm_json_text(e, "state_class", "measurement");
	hm_json_int(e, "suggested_display_precision", 0);
}

/* An inverter that sleeps has a link and no power: it is not unavailable. */
static const char *
needed_key(const struct hm_ha_group *group, enum hm_ha_extra extra)
{
	if (extra == HM_HA_RADIO_QUALITY)
		return extras[extra].name;
	if (hm_field_set_has(&group->announced, HM_F_LINK_STATUS))
		return hm_fields[HM_F_LINK_STATUS].key;
	return hm_field_set_has(&group->announced, HM_F_OPERATING_STATUS) ?
	    hm_fields[HM_F_OPERATING_STATUS].key :
	    hm_fields[HM_F_ACTIVE_POWER].key;
}

static void
emit_of_inverter(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_ha_extra extra)
{
	hm_ha_emit_state_topic(e, "state_topic", style, device, group);
	if (extra == HM_HA_RADIO_QUALITY)
		emit_quality(e);
	else
		hm_json_text(e, "value_template", template(group, extra));
	if (style->expire_after > 0)
		hm_json_int(e, "expire_after", style->expire_after);
	hm_ha_emit_available_with(e, style, device, group,
	    needed_key(group, extra));
}

/* The DTU's availability is the state here, and must not hide it. */
static void
emit_of_dtu(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	hm_ha_emit_dtu_topic(e, "state_topic", style, device->dtu);
	hm_json_text(e, "payload_on", "online");
	hm_json_text(e, "payload_off", "offline");
	hm_ha_emit_available(e, style);
}

/* An event must be seen also while the DTU is offline. */
static void
emit_event(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	hm_ha_emit_event_topic(e, "state_topic", style, device);
	hm_json_array(e, "event_types");
	hm_json_text(e, NULL, HM_HA_BEGAN);
	hm_json_text(e, NULL, HM_HA_ENDED);
	hm_json_array_end(e);
	hm_ha_emit_available(e, style);
}

/* The address of a DTU that is offline is what its owner looks for. */
static void
emit_address(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	hm_ha_emit_address_topic(e, "state_topic", style, device);
	hm_json_text(e, "value_template", "{{ value_json.address }}");
	hm_json_bool(e, "enabled_by_default", false);
	hm_ha_emit_available(e, style);
}

void
hm_ha_emit_extra(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_ha_extra extra)
{
	const char *name = hm_ha_extra_name(extra);

	hm_json_text(e, "name", name);
	hm_ha_emit_unique_id(e, device, group, name);
	if (extras[extra].device_class != NULL)
		hm_json_text(e, "device_class", extras[extra].device_class);
	if (extras[extra].category != NULL)
		hm_json_text(e, "entity_category", extras[extra].category);
	if (extra >= HM_HA_LIMIT)
		hm_ha_emit_control(e, style, device, extra);
	else if (extra == HM_HA_ALARM_EVENT)
		emit_event(e, style, device);
	else if (extra == HM_HA_ADDRESS)
		emit_address(e, style, device);
	else if (device->kind == HM_SCOPE_DTU)
		emit_of_dtu(e, style, device);
	else
		emit_of_inverter(e, style, device, group, extra);
}

bool
hm_ha_message_extra_config(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_ha_extra extra, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	const struct hm_ha_config config = {hm_ha_extra_platform(extra),
	    hm_ha_extra_name(extra), ""};
	struct hm_json e;

	hm_ha_start_config(&e, style, device, group, &config, time, buf);
	hm_ha_emit_extra(&e, style, device, group, extra);
	return hm_ha_end_config(&e, style, device, line);
}
