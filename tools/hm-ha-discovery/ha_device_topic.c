#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "ha_device.h"
#include "ha_message_private.h"
#include "record/types.h"

/* The topics below that of a device, PREFIX/hoymiles_mqtt/SERIAL. */

static void
emit_topic_behind(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const char *end)
{
	const char *prefix = hm_reading_types[device->kind].ha_prefix;
	/* As hm_ha_device_id. */
	const struct hm_slice parts[] = {hm_text(style->prefix),
	    HM_LITERAL("/hoymiles_mqtt/"), hm_text(device->serial),
	    HM_LITERAL("_"), hm_text(prefix), HM_LITERAL("/"), hm_text(end)};

	hm_json_joined(e, key, parts, sizeof parts / sizeof *parts);
}

/* No format: each poll has many of these. */
static void
emit_topic(struct hm_json *e, const char *key, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const char *end)
{
	const struct hm_slice parts[] = {hm_text(style->prefix),
	    HM_LITERAL("/hoymiles_mqtt/"), hm_text(device->serial),
	    HM_LITERAL("/"), hm_text(end)};

	if (hm_reading_types[device->kind].of_inverter)
		emit_topic_behind(e, key, style, device, end);
	else
		hm_json_joined(e, key, parts, sizeof parts / sizeof *parts);
}

void
hm_ha_emit_state_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group)
{
	static const char *const levels[HM_HA_SIDE] = {
	    [HM_HA_MAIN] = "state",
	    [HM_HA_INFO] = "info",
	    [HM_HA_ALARM] = "alarm",
	};
	char end[HM_DECIMAL_TEXT + sizeof "/state"];
	size_t n;

	if (group->part < HM_HA_SIDE && group->part != HM_HA_PORT) {
		emit_topic(e, key, style, device, levels[group->part]);
		return;
	}
	if (group->part >= HM_HA_SIDE) {
		snprintf(end, sizeof end, "%s/state",
		    hm_reading_types[group->part - HM_HA_SIDE].ha_prefix);
		emit_topic(e, key, style, device, end);
		return;
	}
	n = hm_decimal_format(hm_decimal(group->port, 0), end);
	memcpy(end + n, "/state", sizeof "/state");
	emit_topic(e, key, style, device, end);
}

void
hm_ha_emit_event_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device)
{
	emit_topic(e, key, style, device, "event");
}

void
hm_ha_emit_address_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device)
{
	emit_topic(e, key, style, device, "address");
}
