#ifndef HM_HA_MESSAGE_H
#define HM_HA_MESSAGE_H

#include "ha_device.h"
#include "ha_naming.h"
#include "ha_shown.h"

/*
 * The messages to Home Assistant, as mqtt records. Topics, unique ids, names
 * and templates are those of hoymiles-mqtt 0.11, so that its users keep their
 * history; docs/mqtt.md lists additions.
 */

#define HM_HA_MESSAGE_MAX ((size_t)32 * 1024)

/* hm-publish reads packets of at most 128 KiB back from the broker. */
#define HM_HA_ANNOUNCEMENT_MAX ((size_t)120 * 1024)

struct hm_ha_style {
	const char *prefix;   /* of all topics; hm_topic_prefix_valid */
	const char *publisher; /* client id of hm-publish; hm_topic_publisher */
	int64_t qos;          /* of all messages */
	bool by_device;       /* announce a device and not its entities */
	int64_t expire_after; /* seconds, 0 for never */
	struct hm_ha_shown shown;
	struct hm_ha_naming naming;
};

/*
 * The announcement of one entity. Messages are written into buf, which holds
 * HM_HA_MESSAGE_MAX bytes; false if they do not fit.
 */
bool hm_ha_message_config(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_field_id id, struct hm_slice time, char *buf,
    struct hm_slice *line);

/*
 * The announcement of a device and all its announced entities. A component of a
 * field in `hidden` removes its entity. `buf` holds HM_HA_ANNOUNCEMENT_MAX
 * bytes; *left_out counts the entities that do not fit.
 */
bool hm_ha_message_device(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_entities *hidden,
    struct hm_slice time, char *buf, size_t *left_out, struct hm_slice *line);

/* The values of all announced entities of a group. */
bool hm_ha_message_state(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_values *values, struct hm_slice time, char *buf,
    struct hm_slice *line);

/* An alert. Text and times are as in its record, or empty. */
struct hm_ha_alert {
	enum hm_alert_kind kind;
	bool on;
	struct hm_slice text, start, end;
};

/* The announcement of an alert's entity; and the state of an alert. */
bool hm_ha_message_alert_config(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_alert_kind kind, struct hm_slice time, char *buf,
    struct hm_slice *line);
bool hm_ha_message_alert(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_ha_alert *alert, struct hm_slice time, char *buf,
    struct hm_slice *line);

/* An alarm begins or ends. Text and times are as in a record, or empty. */
struct hm_ha_event {
	bool ended;
	const char *alert; /* of hm-alert; NULL: of a DTU, with a code */
	int64_t code;
	uint8_t port; /* 0: none */
	struct hm_slice text, start, end;
};

bool hm_ha_message_event(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_event *event,
    struct hm_slice time, char *buf, struct hm_slice *line);

/* The host of a DTU's device. */
bool hm_ha_message_address(const struct hm_ha_style *style,
    const struct hm_ha_device *device, struct hm_slice time, char *buf,
    struct hm_slice *line);

/* What is confirmed of a DTU's limits, and whether its inverters feed in. */
bool hm_ha_message_confirmed(const struct hm_ha_style *style,
    const struct hm_ha_device *device, struct hm_slice time, char *buf,
    struct hm_slice *line);

bool hm_ha_message_command_result(const struct hm_ha_style *style,
    const struct hm_ha_device *device,
    const struct hm_ha_command_result *result, struct hm_slice time, char *buf,
    struct hm_slice *line);

/* Whether a DTU is online. */
bool hm_ha_message_availability(const struct hm_ha_style *style,
    const struct hm_ha_dtu *dtu, struct hm_slice time, char *buf,
    struct hm_slice *line);

#endif
