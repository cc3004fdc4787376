#ifndef HM_DEVICE_MAP_H
#define HM_DEVICE_MAP_H

#include <sys/queue.h>

#include "base/hash.h"
#include "base/slice.h"

/*
 * A map with an entry for each DTU, for each device of a DTU (an inverter or a
 * meter) and for each port of a device. The user of a map sets the size of its
 * entries; the first member of an entry is its `key`, a struct hm_dtu_key,
 * hm_device_key or hm_port_key, and the rest starts as zeros. Entries never
 * move. They are allocated in large blocks, since there can be many, and are
 * aligned for integers and doubles. DTUs and devices are found by a hash, the
 * few ports of a device by a walk.
 */

struct hm_port_key {
	SLIST_ENTRY(hm_port_key) next;
	int64_t port;
};

struct hm_device_key {
	struct hm_hash_item item;
	STAILQ_ENTRY(hm_device_key) next;
	struct hm_dtu_key *dtu;
	SLIST_HEAD(hm_device_ports, hm_port_key) ports;
	int64_t number; /* 0, or unique among devices of one serial */
	uint16_t serial_at, serial_size; /* see hm_device_serial */
	uint32_t ports_count;
};

struct hm_dtu_key {
	struct hm_hash_item item;
	SLIST_ENTRY(hm_dtu_key) next;
	STAILQ_HEAD(hm_dtu_devices, hm_device_key) devices;
	size_t devices_count;
	struct hm_slice name;
};

/* With a size of 0 an entry is its key alone; a bound of 0 is no bound. */
struct hm_device_map_options {
	size_t dtu_size, device_size, port_size; /* bytes of an entry */
	size_t entries_max; /* DTUs, devices and ports in all */
	size_t devices_max; /* of one DTU */
	size_t ports_max;   /* of one device */
};

struct hm_device_map_block;

struct hm_device_map {
	struct hm_device_map_options options;
	SLIST_HEAD(hm_device_map_blocks, hm_device_map_block) blocks;
	size_t used, size; /* bytes of the first block */
	SLIST_HEAD(hm_removed_ports, hm_port_key) removed; /* for reuse */
	struct hm_hash dtus, devices;
	SLIST_HEAD(hm_newest_dtus, hm_dtu_key) newest;
	size_t entries;
};

/* An empty map takes no memory. Freed by hm_device_map_clear. */
void hm_device_map_init(struct hm_device_map *map,
    const struct hm_device_map_options *options);

/* Free all entries; the map is as after hm_device_map_init. */
void hm_device_map_clear(struct hm_device_map *map);

/*
 * The entry of a DTU, of a device of that DTU, of a port of that device; added
 * if it is new. Names and serials are copied. NULL if it is new and there is
 * no memory or a bound is reached.
 */
void *hm_device_map_dtu(struct hm_device_map *map, struct hm_slice name);
void *hm_device_map_device(struct hm_device_map *map, struct hm_dtu_key *dtu,
    struct hm_slice serial, int64_t number);
void *hm_device_map_port(struct hm_device_map *map,
    struct hm_device_key *device, int64_t port);

/* The entry of a port, or NULL if there is none. */
void *hm_device_find_port(const struct hm_device_key *device, int64_t port);

/* Remove a port of the device; its entry becomes invalid. */
void hm_device_map_remove_port(struct hm_device_map *map,
    struct hm_device_key *device, struct hm_port_key *port);

/*
 * The first entry, or the next one; NULL at the end. The newest DTU comes
 * first; the devices of a DTU and the ports of a device come in the order in
 * which they were added.
 */
static inline void *
hm_device_map_first(const struct hm_device_map *map)
{
	return SLIST_FIRST(&map->newest);
}

static inline void *
hm_dtu_next(const struct hm_dtu_key *dtu)
{
	return SLIST_NEXT(dtu, next);
}

static inline void *
hm_dtu_first_device(const struct hm_dtu_key *dtu)
{
	return STAILQ_FIRST(&dtu->devices);
}

static inline void *
hm_device_next(const struct hm_device_key *device)
{
	return STAILQ_NEXT(device, next);
}

static inline void *
hm_device_first_port(const struct hm_device_key *device)
{
	return SLIST_FIRST(&device->ports);
}

static inline void *
hm_port_next(const struct hm_port_key *port)
{
	return SLIST_NEXT(port, next);
}

static inline struct hm_slice
hm_device_serial(const struct hm_device_key *device)
{
	return hm_slice((const char *)device + device->serial_at,
	    device->serial_size);
}

#endif
