#ifndef HM_HA_MESSAGE_H
#define HM_HA_MESSAGE_H

#include "ha_device.h"
#include "ha_shown.h"

/*
 * The messages to Home Assistant, as mqtt records. Topics, unique ids, names
 * and templates are those of hoymiles-mqtt 0.11, whose users keep their
 * history; docs/home-assistant.md lists what is added.
 */

#define HM_HA_MESSAGE_MAX ((size_t)32 * 1024)

struct hm_ha_style {
	const char *prefix;   /* of all topics; hm_topic_prefix_valid */
	int64_t qos;          /* of all messages */
	int64_t expire_after; /* seconds, 0 for never */
	struct hm_ha_shown shown;
};

/*
 * One entity announced in a message of its own. Written into buf, which holds
 * HM_HA_MESSAGE_MAX bytes; false if it does not fit.
 */
bool hm_ha_message_config(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_field_id id, struct hm_slice time, char *buf,
    struct hm_slice *line);

/* The values of all entities that have been announced of a group. */
bool hm_ha_message_state(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_values *values, struct hm_slice time, char *buf,
    struct hm_slice *line);

/* What is known of an alert. Text and times as in the record; may be empty. */
struct hm_ha_alert {
	enum hm_alert_kind kind;
	bool on;
	struct hm_slice text, start, end;
};

/* The entity of an alert; and whether there is one now. */
bool hm_ha_message_alert_config(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_alert_kind kind, struct hm_slice time, char *buf,
    struct hm_slice *line);
bool hm_ha_message_alert(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_alert *alert, struct hm_slice time, char *buf,
    struct hm_slice *line);

/* Whether a DTU can be reached. */
bool hm_ha_message_availability(const struct hm_ha_style *style,
    const struct hm_ha_dtu *dtu, struct hm_slice time, char *buf,
    struct hm_slice *line);

#endif
