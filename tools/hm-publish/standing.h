#ifndef HM_STANDING_H
#define HM_STANDING_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "base/slice.h"
#include "record/ha_topic.h"

/*
 * What stands at the broker: the retained discovery messages of the devices
 * that hm-publish announces, whoever has sent them. Memory is bounded: what is
 * beyond a bound is as if it did not stand.
 */

#define HM_STANDING_DEVICES ((size_t)4096)
#define HM_STANDING_CONFIGS ((size_t)512) /* single messages of a device */
#define HM_STANDING_BYTES ((size_t)24 * 1024 * 1024) /* of all of them */
#define HM_STANDING_ECHOES ((size_t)1024)

enum hm_stood {
	HM_STOOD_UNKNOWN,
	HM_STOOD_ASKED, /* the broker has been, and may not have answered */
	HM_STOOD_KNOWN,
};

/* The message of one entity. */
struct hm_stood_config {
	LIST_ENTRY(hm_stood_config) next;
	uint64_t unique, recorded, command, state; /* as in hm_ha_config */
	uint64_t component, object; /* hashes of levels of its topic */
	size_t topic_size;
	char topic[];
};

struct hm_stood_device {
	struct hm_hash_item item;
	enum hm_stood state;
	LIST_HEAD(hm_stood_configs, hm_stood_config) configs;
	size_t count;    /* of configs */
	char *message;   /* of the whole device; NULL: none stands */
	size_t message_size;
	int64_t reduced; /* when to leave out reduced components, monotonic
			    ms; 0: never */
	int reduced_qos;
	struct hm_slice topic; /* of its device message: text */
	char text[];
};

struct hm_standing;

/* NULL if there is no memory. */
struct hm_standing *hm_standing_new(void);
void hm_standing_free(struct hm_standing *s);

/* The connection is lost: nothing is known. Pointers to devices end. */
void hm_standing_clear(struct hm_standing *s);

/* The device of a topic. NULL: not added. It lives until the next clear. */
struct hm_stood_device *hm_standing_find(const struct hm_standing *s,
    const struct hm_ha_topic *topic);

/* Add a device that is not there. NULL if there is no room for it. */
struct hm_stood_device *hm_standing_add(struct hm_standing *s,
    const struct hm_ha_topic *topic);

/* The next device, NULL at the end; the first after NULL. */
struct hm_stood_device *hm_standing_next(const struct hm_standing *s,
    const struct hm_stood_device *device);

/*
 * A message has come from the broker; `live` unless it stood there before the
 * subscription. Messages of devices that were not added are ignored. Returns
 * whether another client has deleted the message of this topic.
 */
bool hm_standing_hear(struct hm_standing *s, struct hm_slice topic,
    struct hm_slice payload, bool live);

/* A retained message has been sent. The broker sends it back to us, too. */
void hm_standing_sent(struct hm_standing *s, struct hm_slice topic,
    struct hm_slice payload);

#endif
