#ifndef HM_HA_TOPIC_H
#define HM_HA_TOPIC_H

#include "base/slice.h"

/*
 * Topics of Home Assistant's discovery messages, in two schemes: one message an
 * entity, PREFIX/COMPONENT/SERIAL/OBJECT/config, and one a device,
 * PREFIX/device/hm_SERIAL/config. The prefix may have several levels.
 */
struct hm_ha_topic {
	bool is_device;                   /* of a whole device */
	struct hm_slice prefix, serial;   /* parts of the topic */
	struct hm_slice component, object; /* empty for a device */
};

/* False if it is no such topic, or does not fit into HM_TOPIC_MAX bytes. */
bool hm_ha_topic_read(struct hm_slice topic, struct hm_ha_topic *out);

/*
 * The filter of all single messages of a device, and the topic of its device
 * message. Each returns the length of the text, which is ended by a NUL, or 0
 * if it does not fit into cap bytes.
 */
size_t hm_ha_topic_filter(const struct hm_ha_topic *topic, char *buf,
    size_t cap);
size_t hm_ha_topic_device(const struct hm_ha_topic *topic, char *buf,
    size_t cap);

#endif
