#ifndef HM_HA_MESSAGE_PRIVATE_H
#define HM_HA_MESSAGE_PRIVATE_H

#include "base/json_writer.h"
#include "ha_message.h"

/*
 * Shared by ha_message.c (the message of one entity), ha_device_message.c (the
 * message of a device), ha_device_topic.c (topics of a device), ha_state.c
 * (states) and ha_control_message.c (entities and states of control).
 */

/* The record around a payload: begin it, and end it. */
void hm_ha_start_record(struct hm_json *e, struct hm_slice time, char *buf,
    size_t cap);
bool hm_ha_end_record(struct hm_json *e, const struct hm_ha_style *style,
    bool retain, struct hm_slice *line);

void hm_ha_emit_state_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group);
void hm_ha_emit_dtu_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_dtu *dtu);
void hm_ha_emit_alert_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group, enum hm_alert_kind kind);

void hm_ha_emit_event_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device);
void hm_ha_emit_address_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device);

/* The members "origin" and "device" of a discovery message. */
void hm_ha_emit_origin(struct hm_json *e);
void hm_ha_emit_device(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device);

/*
 * The member "availability": the publisher alone; or with the DTU, and with a
 * key in the group's state.
 */
void hm_ha_emit_available(struct hm_json *e, const struct hm_ha_style *style);
void hm_ha_emit_available_with(struct hm_json *e,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group, const char *key);

/* The same with the DTU, and with the chain's commands. */
void hm_ha_emit_available_control(struct hm_json *e,
    const struct hm_ha_style *style, const struct hm_ha_device *device);

void hm_ha_emit_unique_id(struct hm_json *e, const struct hm_ha_device *device,
    const struct hm_ha_group *group, const char *name);

/* What tells the topic of an entity's message from that of others. */
struct hm_ha_config {
	const char *platform, *name, *suffix;
};

/* The message around the members of one entity: begin it, and end it. */
void hm_ha_start_config(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_config *config, struct hm_slice time, char *buf);
bool hm_ha_end_config(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, struct hm_slice *line);

/* sensor or binary_sensor */
const char *hm_ha_platform(const struct hm_field *field);

/* The members of one entity, without platform, device and origin. */
void hm_ha_emit_entity(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_field_id id);
void hm_ha_emit_alert_entity(struct hm_json *e,
    const struct hm_ha_style *style, const struct hm_ha_device *device,
    const struct hm_ha_group *group, enum hm_alert_kind kind);
void hm_ha_emit_extra(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_ha_extra extra);

/* ha_control_message.c: members of an extra about commands */
void hm_ha_emit_control(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, enum hm_ha_extra extra);

#endif
