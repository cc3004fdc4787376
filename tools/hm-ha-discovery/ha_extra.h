#ifndef HM_HA_EXTRA_H
#define HM_HA_EXTRA_H

#include "ha_message.h"

/*
 * Entities that are no fields. Binary sensors show what the state messages of
 * others say: whether a device answers, and whether it produces. The quality of
 * the radio is in the state messages of the inverter. The alarms of a device
 * that begin and end are events. The address of a DTU is the host at which it
 * is read. From HM_HA_LIMIT on they are about commands: see ha_control.c.
 */

/* The types of events. */
#define HM_HA_BEGAN "alarm_began"
#define HM_HA_ENDED "alarm_ended"

/* The name, reachable for one: a key, and the end of the unique id. */
const char *hm_ha_extra_name(enum hm_ha_extra extra);
const char *hm_ha_extra_platform(enum hm_ha_extra extra);

/*
 * The extras, a bit each, that the announced fields of a group allow. An event
 * and an address need none.
 */
unsigned hm_ha_extras(const struct hm_ha_device *device,
    const struct hm_ha_group *group);

/* The same for the fields of a device's own readings. */
unsigned hm_ha_extras_of(enum hm_scope kind, const struct hm_field_set *set);

/* The announcement of one, as hm_ha_message_config. */
bool hm_ha_message_extra_config(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_ha_extra extra, struct hm_slice time, char *buf,
    struct hm_slice *line);

#endif
