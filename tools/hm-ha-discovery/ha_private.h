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
 * their states) and ha_alarm.c (alarms of devices and of hm-alert).
 */

struct hm_ha {
	struct hm_ha_options options;
	hm_ha_output *output;
	void *context;
	struct hm_ha_table *table;
	struct hm_ha_counters counters;
	struct hm_ha_values values; /* of the current record */
	char message[HM_HA_MESSAGE_MAX];
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

/* ha_announce.c */

/* Send a message, if it is `good`; otherwise log that it is too long. */
void hm_ha_send(struct hm_ha *ha, bool good, struct hm_slice line);

void hm_ha_send_alert_config(struct hm_ha *ha,
    const struct hm_ha_origin *origin, const struct hm_ha_device *device,
    const struct hm_ha_group *group, enum hm_alert_kind kind);

/*
 * Announce the fields of the current record that are new, and send its values.
 * Returns the group, or NULL if there is no room for it.
 */
struct hm_ha_group *hm_ha_publish(struct hm_ha *ha,
    const struct hm_ha_origin *origin, struct hm_ha_device *device,
    enum hm_ha_part part, uint8_t port);

/* ha_alarm.c */

/*
 * Send "no alert" with a device's first reading: the broker may have retained
 * an alert that is over. hm-alert soon repeats an alert that lasts.
 */
void hm_ha_clear_alert(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_alert_kind kind);

/* Use an alarm record. NULL, or why it cannot be used. */
const char *hm_ha_on_alarm(struct hm_ha *ha, const struct hm_record *record);

/* The same for the record at the end of a DTU's list of alarms. */
const char *hm_ha_on_alarms(struct hm_ha *ha, const struct hm_record *record);

#endif
