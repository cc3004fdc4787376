#include "device_map.h"

#include <stdlib.h>

#define BLOCK_MIN ((size_t)4 * 1024)
#define BLOCK_MAX ((size_t)64 * 1024)
#define ALIGNMENT sizeof(uint64_t)

struct hm_device_map_block {
	SLIST_ENTRY(hm_device_map_block) next;
	uint64_t memory[];
};

static size_t
at_least(size_t size, size_t least)
{
	return size > least ? size : least;
}

void
hm_device_map_init(struct hm_device_map *map,
    const struct hm_device_map_options *options)
{
	*map = (struct hm_device_map){.options = *options};
	map->options.dtu_size = at_least(options->dtu_size,
	    sizeof(struct hm_dtu_key));
	map->options.device_size = at_least(options->device_size,
	    sizeof(struct hm_device_key));
	map->options.port_size = at_least(options->port_size,
	    sizeof(struct hm_port_key));
}

void
hm_device_map_clear(struct hm_device_map *map)
{
	const struct hm_device_map_options options = map->options;

	while (!SLIST_EMPTY(&map->blocks)) {
		struct hm_device_map_block *block = SLIST_FIRST(&map->blocks);

		SLIST_REMOVE_HEAD(&map->blocks, next);
		free(block);
	}
	hm_hash_free(&map->dtus);
	hm_hash_free(&map->devices);
	hm_device_map_init(map, &options);
}

/* A small map has a small block; each further one is twice as large. */
static size_t
next_block_size(const struct hm_device_map *map, size_t least)
{
	size_t size = at_least(map->size * 2, BLOCK_MIN);

	return at_least(least, size < BLOCK_MAX ? size : BLOCK_MAX);
}

/* Memory that lives until the map is cleared, or NULL. */
static void *
take_memory(struct hm_device_map *map, size_t size)
{
	struct hm_device_map_block *block = SLIST_FIRST(&map->blocks);
	size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	char *memory;

	if (whole > map->size - map->used) {
		size_t larger = next_block_size(map, whole);

		block = malloc(sizeof *block + larger);
		if (block == NULL)
			return NULL;
		SLIST_INSERT_HEAD(&map->blocks, block, next);
		map->size = larger;
		map->used = 0;
	}
	memory = (char *)block->memory + map->used;
	map->used += whole;
	return memory;
}

/* Whether the bounds allow one more entry beside `count`, of at most `max`. */
static bool
is_allowed(const struct hm_device_map *map, size_t count, size_t max)
{
	return (map->options.entries_max == 0 ||
	    map->entries < map->options.entries_max) &&
	    (max == 0 || count < max);
}

/* A new entry with room for its text behind it, or NULL. */
static void *
new_entry(struct hm_device_map *map, size_t size, struct hm_slice text)
{
	char *entry;

	if ((size | text.n) > UINT16_MAX)
		return NULL;
	entry = take_memory(map, size + text.n);
	if (entry == NULL)
		return NULL;
	memset(entry, 0, size);
	if (text.n > 0)
		memcpy(entry + size, text.p, text.n);
	return entry;
}

/* DTUs */

static bool
dtu_has_name(const void *entry, const void *key)
{
	const struct hm_dtu_key *dtu = entry;
	const struct hm_slice *name = key;

	return hm_slice_equal(dtu->name, *name);
}

void *
hm_device_map_dtu(struct hm_device_map *map, struct hm_slice name)
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, name.p, name.n);
	size_t size = map->options.dtu_size;
	struct hm_dtu_key *dtu = hm_hash_find(&map->dtus, hash, dtu_has_name,
	    &name);

	if (dtu != NULL)
		return dtu;
	if (!is_allowed(map, 0, 0) || !hm_hash_reserve(&map->dtus))
		return NULL;
	dtu = new_entry(map, size, name);
	if (dtu == NULL)
		return NULL;
	hm_hash_add(&map->dtus, hash, &dtu->item);
	dtu->name = hm_slice((char *)dtu + size, name.n);
	STAILQ_INIT(&dtu->devices);
	SLIST_INSERT_HEAD(&map->newest, dtu, next);
	map->entries++;
	return dtu;
}

/* Devices */

struct wanted_device {
	const struct hm_dtu_key *dtu;
	struct hm_slice serial;
	int64_t number;
};

static bool
device_has_key(const void *entry, const void *key)
{
	const struct hm_device_key *device = entry;
	const struct wanted_device *wanted = key;

	return device->dtu == wanted->dtu &&
	    device->number == wanted->number &&
	    hm_slice_equal(hm_device_serial(device), wanted->serial);
}

void *
hm_device_map_device(struct hm_device_map *map, struct hm_dtu_key *dtu,
    struct hm_slice serial, int64_t number)
{
	const struct wanted_device wanted = {dtu, serial, number};
	uint64_t hash = hm_hash_bytes(dtu->item.hash ^ (uint64_t)number,
	    serial.p, serial.n);
	size_t size = map->options.device_size;
	struct hm_device_key *device = hm_hash_find(&map->devices, hash,
	    device_has_key, &wanted);

	if (device != NULL)
		return device;
	if (!is_allowed(map, dtu->devices_count, map->options.devices_max) ||
	    !hm_hash_reserve(&map->devices))
		return NULL;
	device = new_entry(map, size, serial);
	if (device == NULL)
		return NULL;
	hm_hash_add(&map->devices, hash, &device->item);
	device->dtu = dtu;
	device->number = number;
	device->serial_at = (uint16_t)size;
	device->serial_size = (uint16_t)serial.n;
	STAILQ_INSERT_TAIL(&dtu->devices, device, next);
	dtu->devices_count++;
	map->entries++;
	return device;
}

/* Ports */

/* The port; or NULL, and *last is the last port of the device. */
static struct hm_port_key *
walk_ports(const struct hm_device_key *device, int64_t number,
    struct hm_port_key **last)
{
	struct hm_port_key *port = hm_device_first_port(device);

	*last = NULL;
	while (port != NULL && port->port != number) {
		*last = port;
		port = hm_port_next(port);
	}
	return port;
}

void *
hm_device_find_port(const struct hm_device_key *device, int64_t port)
{
	struct hm_port_key *last;

	return walk_ports(device, port, &last);
}

static struct hm_port_key *
new_port(struct hm_device_map *map)
{
	struct hm_port_key *port = SLIST_FIRST(&map->removed);

	if (port == NULL)
		return new_entry(map, map->options.port_size,
		    hm_slice(NULL, 0));
	SLIST_REMOVE_HEAD(&map->removed, next);
	memset(port, 0, map->options.port_size);
	return port;
}

void *
hm_device_map_port(struct hm_device_map *map, struct hm_device_key *device,
    int64_t number)
{
	struct hm_port_key *last, *port = walk_ports(device, number, &last);

	if (port != NULL)
		return port;
	if (!is_allowed(map, device->ports_count, map->options.ports_max))
		return NULL;
	port = new_port(map);
	if (port == NULL)
		return NULL;
	port->port = number;
	if (last != NULL)
		SLIST_INSERT_AFTER(last, port, next);
	else
		SLIST_INSERT_HEAD(&device->ports, port, next);
	device->ports_count++;
	map->entries++;
	return port;
}

void
hm_device_map_remove_port(struct hm_device_map *map,
    struct hm_device_key *device, struct hm_port_key *port)
{
	SLIST_REMOVE(&device->ports, port, hm_port_key, next);
	SLIST_INSERT_HEAD(&map->removed, port, next);
	device->ports_count--;
	map->entries--;
}
