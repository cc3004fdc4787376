#ifndef HM_HA_MESSAGE_PRIVATE_H
#define HM_HA_MESSAGE_PRIVATE_H

#include "base/json_writer.h"
#include "ha_message.h"

/*
 * Shared by ha_message.c (the message of one entity), ha_device_message.c (the
 * message of a device) and ha_state.c (states).
 */

/* The record around a payload: begin it, and end it. */
void hm_ha_start_record(struct hm_json *e, struct hm_slice time, char *buf,
    size_t cap);
bool hm_ha_end_record(struct hm_json *e, const struct hm_ha_style *style,
    bool retain, struct hm_slice *line);

void hm_ha_emit_state_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group);
void hm_ha_emit_alert_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group, enum hm_alert_kind kind);

/* The members "origin" and "device" of a discovery message. */
void hm_ha_emit_origin(struct hm_json *e);
void hm_ha_emit_device(struct hm_json *e, const struct hm_ha_device *device);

/* sensor or binary_sensor */
const char *hm_ha_platform(const struct hm_field *field);

/* The members of one entity, without platform, device and origin. */
void hm_ha_emit_entity(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_field_id id);
void hm_ha_emit_alert_entity(struct hm_json *e,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group, enum hm_alert_kind kind);

#endif
