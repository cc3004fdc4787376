#ifndef HM_HA_CONFIG_H
#define HM_HA_CONFIG_H

#include <stdint.h>

#include "base/slice.h"

/*
 * Reads Home Assistant's discovery messages, ours and those of anybody who may
 * write to the broker. Short names of keys are known, too
 * (homeassistant/components/mqtt/abbreviations.py). Hashes are of texts whose
 * escapes are resolved; 0 stands for a text that is absent.
 */
struct hm_ha_config {
	uint64_t unique;     /* the unique_id */
	uint64_t recorded;   /* unit, device class and state class */
	uint64_t platform;   /* of a component */
	uint64_t command, state; /* its topics */
	struct hm_slice state_topic; /* JSON without quotes; empty: none */
	/* The member of states that its template reads first; empty: none. */
	struct hm_slice key;
	bool reduced; /* it has nothing but a platform: the entity goes */
};

/* One of the components of a device message. */
struct hm_ha_component {
	struct hm_slice id, text; /* JSON: the key without quotes, the object */
	uint64_t name;            /* the hash of the id */
	struct hm_ha_config config;
};

/* The hash of a text that has no escapes. */
uint64_t hm_ha_text_hash(struct hm_slice text);

/* Read the message of one entity. False if it is not a JSON object. */
bool hm_ha_config_read(struct hm_slice payload, struct hm_ha_config *config);

/*
 * The object of components in a device message, a part of it, for
 * hm_ha_component_next. False if there is none, or it is not JSON.
 */
bool hm_ha_components_read(struct hm_slice payload, struct hm_slice *text);

/*
 * The next component: `rest` starts as the object of components. False at the
 * end. Members that are no objects, or have a key of more than 1024 bytes, are
 * left out.
 */
bool hm_ha_component_next(struct hm_slice *rest, struct hm_ha_component *out);

/* Whether a key of a component is that of its platform. */
bool hm_ha_is_platform(struct hm_slice key);

/* Whether a key of a device message is that of its components. */
bool hm_ha_is_components(struct hm_slice key);

#endif
