#ifndef HM_DEVICE_MAP_H
#define HM_DEVICE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* A map from devices to something of a fixed size about each. */

struct hm_device_key {
	size_t table;               /* of hm_reading_types */
	struct hm_slice dtu, serial; /* empty where it has none */
	int64_t port;               /* likewise 0 */
};

struct hm_device; /* key and value */

struct hm_device_map {
	size_t value_size;
	struct hm_device **slot;
	size_t slots, count; /* slots: a power of two, or 0 */
	struct hm_device *first, *last;
};

/* An empty map takes no memory. */
void hm_device_map_start(struct hm_device_map *devices, size_t value_size);

/* Forget all devices, and free what was needed for them. */
void hm_device_map_clear(struct hm_device_map *devices);

/*
 * The value of a device, all zero if it is new; NULL if there is no memory.
 * The key is copied. Valid until hm_device_map_clear.
 */
void *hm_device_map_get(struct hm_device_map *devices,
    const struct hm_device_key *key);

/*
 * The next device after `device`, NULL for the first; NULL at the end. In the
 * order in which they came.
 */
struct hm_device *hm_device_map_next(const struct hm_device_map *devices,
    const struct hm_device *device);
const struct hm_device_key *hm_device_key(const struct hm_device *device);
void *hm_device_value(struct hm_device *device);

#endif
