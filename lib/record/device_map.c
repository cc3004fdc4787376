#include "device_map.h"

#include <stdlib.h>

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

static void
free_device(struct hm_device_key *device)
{
	while (!SLIST_EMPTY(&device->ports)) {
		struct hm_port_key *port = SLIST_FIRST(&device->ports);

		SLIST_REMOVE_HEAD(&device->ports, next);
		free(port);
	}
	free(device);
}

static void
free_dtu(struct hm_dtu_key *dtu)
{
	while (!STAILQ_EMPTY(&dtu->devices)) {
		struct hm_device_key *device = STAILQ_FIRST(&dtu->devices);

		STAILQ_REMOVE_HEAD(&dtu->devices, next);
		free_device(device);
	}
	free(dtu);
}

void
hm_device_map_clear(struct hm_device_map *map)
{
	const struct hm_device_map_options options = map->options;

	while (!SLIST_EMPTY(&map->newest)) {
		struct hm_dtu_key *dtu = SLIST_FIRST(&map->newest);

		SLIST_REMOVE_HEAD(&map->newest, next);
		free_dtu(dtu);
	}
	hm_hash_free(&map->dtus);
	hm_hash_free(&map->devices);
	hm_device_map_init(map, &options);
}

/* A new entry with a text behind it, or NULL. `count` are there of `max`. */
static void *
new_entry(const struct hm_device_map *map, size_t count, size_t max,
    size_t size, struct hm_slice text)
{
	char *entry;

	if ((map->options.entries_max != 0 &&
	    map->entries >= map->options.entries_max) ||
	    (max != 0 && count >= max) || (size | text.n) > UINT16_MAX)
		return NULL;
	entry = calloc(1, size + text.n);
	if (entry != NULL && text.n > 0)
		memcpy(entry + size, text.p, text.n);
	return entry;
}

/* DTUs */

static bool
is_dtu(const void *entry, const void *key)
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
	struct hm_dtu_key *dtu = hm_hash_find(&map->dtus, hash, is_dtu,
	    &name);

	if (dtu != NULL)
		return dtu;
	dtu = new_entry(map, 0, 0, size, name);
	if (dtu == NULL || !hm_hash_add(&map->dtus, hash, &dtu->item)) {
		free(dtu);
		return NULL;
	}
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
is_device(const void *entry, const void *key)
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
	    is_device, &wanted);

	if (device != NULL)
		return device;
	device = new_entry(map, dtu->devices_count, map->options.devices_max,
	    size, serial);
	if (device == NULL ||
	    !hm_hash_add(&map->devices, hash, &device->item)) {
		free(device);
		return NULL;
	}
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

/* The port, or NULL and in *last the last one that there is. */
static struct hm_port_key *
walk_ports(const struct hm_device_key *device, int64_t number,
    struct hm_port_key **last)
{
	struct hm_port_key *port;

	*last = NULL;
	SLIST_FOREACH(port, &device->ports, next) {
		if (port->port == number)
			return port;
		*last = port;
	}
	return NULL;
}

void *
hm_device_find_port(const struct hm_device_key *device, int64_t port)
{
	struct hm_port_key *last;

	return walk_ports(device, port, &last);
}

void *
hm_device_map_port(struct hm_device_map *map, struct hm_device_key *device,
    int64_t number)
{
	struct hm_port_key *last, *port = walk_ports(device, number, &last);

	if (port != NULL)
		return port;
	port = new_entry(map, device->ports_count, map->options.ports_max,
	    map->options.port_size, hm_slice(NULL, 0));
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
	free(port);
	device->ports_count--;
	map->entries--;
}
