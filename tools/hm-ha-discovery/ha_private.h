#ifndef HM_HA_PRIVATE_H
#define HM_HA_PRIVATE_H

#include "ha.h"
#include "ha_device.h"
#include "ha_message.h"
#include "ha_values.h"
#include "record/alert_kind.h"
#include "record/record.h"
#include "record/types.h"

/*
 * Shared by ha.c (reads records), ha_announce.c (announces devices and sends
 * their states), ha_hold.c (holds messages until a poll is over), ha_absent.c
 * (what a DTU no longer lists), ha_alarm.c (alarms of devices and of hm-alert),
 * ha_event.c (alarms that begin and end), ha_control.c (commands and what
 * becomes of them) and ha_result.c (results for others).
 */

#define HM_HA_HELD_MAX ((size_t)256 * 1024)

/*
 * A poll with something to announce. Its DTU comes last in it, and must be
 * announced first: its devices refer to it. All that is new in a poll is in one
 * announcement of a device. States follow the announcements.
 */
struct hm_ha_hold {
	bool on;
	const struct hm_ha_dtu *dtu; /* of the poll */
	int64_t seconds;             /* its time */
	struct hm_ha_device *first, *last; /* devices to announce */
	size_t size;
	char lines[HM_HA_HELD_MAX]; /* states, each with an LF */
};

struct hm_ha {
	struct hm_ha_options options;
	hm_ha_output *output;
	void *context;
	struct hm_ha_table *table;
	struct hm_ha_counters counters;
	struct hm_ha_entities hidden; /* that are not chosen */
	struct hm_ha_hold hold;
	int64_t started, seconds;   /* times of the first and the last record */
	struct hm_ha_values values; /* of the current record */
	char message[HM_HA_MESSAGE_MAX];
	char announcement[HM_HA_ANNOUNCEMENT_MAX];
};

/* The members that all records have. */
struct hm_ha_origin {
	struct hm_slice time;
	int64_t seconds;
	struct hm_ha_dtu *dtu;
	struct hm_slice serial; /* empty: none */
};

/* ha.c */

/*
 * Read the members that all records have. NULL, or why the record cannot be
 * used. origin->dtu is NULL if there is no room for it.
 */
const char *hm_ha_read_origin(struct hm_ha *ha, const struct hm_record *record,
    struct hm_ha_origin *origin);

/* False if the record has no valid port; hm_ha_bad_port is the reason. */
bool hm_ha_read_port(const struct hm_record *record, uint8_t *port);
extern const char hm_ha_bad_port[];

/*
 * Find the device, or add it to the record's DTU. A device that two DTUs report
 * stays with the first until that is offline; otherwise it would be announced
 * at each poll. NULL if there is no room.
 */
struct hm_ha_device *hm_ha_find_device(struct hm_ha *ha,
    const struct hm_ha_origin *origin, enum hm_scope kind);

/* Count a record of a device for which there is no room. */
void hm_ha_refuse(struct hm_ha *ha);

/* ha_hold.c */

/*
 * Send a message in ha->message when the poll is over, if it is `good`;
 * otherwise log that it is too long.
 */
void hm_ha_send(struct hm_ha *ha, bool good, struct hm_slice line);

/* Announce the device when the poll is over. */
void hm_ha_hold(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device);

/* Release what is held of another poll than that of this record. */
void hm_ha_release_others(struct hm_ha *ha, const struct hm_ha_origin *origin);

/* ha_absent.c */

/* Remember the energies of the current record, a reading. */
void hm_ha_remember(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_group *group);

/*
 * A DTU's poll is over: of devices and ports that it has not listed for so long
 * that their readings are no longer current, show the energies alone.
 */
void hm_ha_look_for_absent(struct hm_ha *ha, const struct hm_ha_origin *origin);

/* ha_announce.c */

/*
 * Announce the device, if there is something to announce of the group, and it
 * was not announced a moment ago. `news`: there is something new.
 */
void hm_ha_plan(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, struct hm_ha_group *group, bool news);

/* Send the values of the current record. */
void hm_ha_send_state(struct hm_ha *ha, const struct hm_ha_device *device,
    const struct hm_ha_group *group, struct hm_slice time);

/* Write the announcements of a device that is due. */
void hm_ha_announce(struct hm_ha *ha, struct hm_ha_device *device,
    struct hm_slice time);

/*
 * Announce the fields of the current record that are new, and send its values.
 * Returns the group, or NULL if there is no room for it.
 */
struct hm_ha_group *hm_ha_publish(struct hm_ha *ha,
    const struct hm_ha_origin *origin, struct hm_ha_device *device,
    enum hm_ha_part part, uint8_t port);

/* Announce an extra that does not depend on the fields of a record. */
void hm_ha_publish_extra(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, enum hm_ha_extra extra);

/* ha_event.c */

/*
 * Announce the event of a DTU or an inverter with its reading, if alarms can
 * come: its DTU sends lists of them, or hm-alert runs.
 */
void hm_ha_expect_event(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device);

/*
 * Send an event if an alarm in a list is new, or has ended. What the first list
 * of a DTU has is not new. `start` and `end` are 0 if the record has none.
 */
void hm_ha_event_of_alarm(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, const struct hm_ha_event *event,
    int64_t start, int64_t end);

/* A list is complete: send an event for each alarm that is not in it. */
void hm_ha_event_of_list(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device);

/*
 * Whether an alert begins or ends with its record; not if it began before the
 * run, or is repeated. The record becomes the last one of the alert.
 */
bool hm_ha_event_is_new(const struct hm_ha *ha, struct hm_ha_group *group,
    const struct hm_ha_alert *alert, int64_t start, int64_t end);

/* Send an event, and announce it before if that has not been done. */
void hm_ha_send_event(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, const struct hm_ha_event *event);

/* ha_control.c: these do nothing without options.control */

/* The current record is a reading of the device, which has been published. */
void hm_ha_control_reading(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device);

/* The current record is an info record about the device. */
void hm_ha_control_info(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device);

void hm_ha_control_offline(struct hm_ha *ha,
    const struct hm_ha_origin *origin);

/*
 * Use a result record: what is final is an event, and may confirm something. If
 * the DTU has no entities yet, the event of the last one follows them. NULL, or
 * why it cannot be used.
 */
const char *hm_ha_on_result(struct hm_ha *ha, const struct hm_record *record);

/*
 * ha_result.c: publish a result record as it is. NULL, or why it cannot be
 * used.
 */
const char *hm_ha_publish_result(struct hm_ha *ha,
    const struct hm_record *record);

/* ha_alarm.c */

/* hm-alert repeats an alarm that lasts every 600 s, and one that begins. */
#define HM_HA_ALERT_SECONDS 660

/*
 * Announce the entity of an alert with a device's first reading. The broker may
 * have retained an alert that is over, or one that lasts, which hm-alert then
 * repeats. Send "no alert" when it has not come for so long.
 */
void hm_ha_expect_alert(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, struct hm_ha_group *group,
    enum hm_alert_kind kind);

/*
 * Show the alarm of an inverter with its first reading, if its DTU has sent a
 * list of alarms: the broker may have retained an alarm that is over.
 */
void hm_ha_show_alarm(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device);

/* Use an alarm record. NULL, or why it cannot be used. */
const char *hm_ha_on_alarm(struct hm_ha *ha, const struct hm_record *record);

/* The same for the record at the end of a DTU's list of alarms. */
const char *hm_ha_on_alarms(struct hm_ha *ha, const struct hm_record *record);

#endif
