#include "live.h"

#include <stdlib.h>

#include "base/log.h"
#include "record/types.h"

#define FORGET_MS ((int64_t)24 * 3600 * 1000)
#define ROOM_MIN ((size_t)16)

const int64_t hm_took_bounds[HM_TOOK_BUCKETS - 1] = {HM_TOOK_BOUNDS};

/* Room */

/* Room for `wanted` entries in an array of `size` each. */
static bool
make_room(void **array, size_t *cap, size_t wanted, size_t size)
{
	size_t larger = *cap < ROOM_MIN ? ROOM_MIN : *cap;
	void *moved;

	if (wanted <= *cap)
		return true;
	while (larger < wanted)
		larger *= 2;
	moved = realloc(*array, larger * size);
	if (moved == NULL)
		return false;
	*array = moved;
	*cap = larger;
	return true;
}

static bool
dtu_room(struct hm_live *plant, size_t wanted)
{
	void *array = plant->dtu;
	bool good = make_room(&array, &plant->dtus_cap, wanted,
	    sizeof *plant->dtu);

	plant->dtu = array;
	return good;
}

static bool
device_room(struct hm_live *plant, size_t wanted)
{
	void *array = plant->device;
	bool good = make_room(&array, &plant->devices_cap, wanted,
	    sizeof *plant->device);

	plant->device = array;
	return good;
}

/*
 * An array that has grown has moved. There are slots for all that were in the
 * table, so that adding them again does not fail.
 */
static void
hash_dtus_again(struct hm_live *plant)
{
	hm_hash_clear(&plant->dtu_names);
	for (size_t i = 0; i < plant->dtus; i++)
		hm_hash_add(&plant->dtu_names, plant->dtu[i].item.hash,
		    &plant->dtu[i].item);
}

static void
hash_devices_again(struct hm_live *plant)
{
	hm_hash_clear(&plant->device_keys);
	for (size_t i = 0; i < plant->devices; i++)
		hm_hash_add(&plant->device_keys, plant->device[i].item.hash,
		    &plant->device[i].item);
}

/* DTUs */

static bool
is_dtu(const void *entry, const void *key)
{
	const struct hm_live_dtu *dtu = entry;
	const struct hm_slice *name = key;

	return hm_slice_is(*name, dtu->name);
}

static size_t
add_dtu(struct hm_live *plant, struct hm_slice name, uint64_t hash)
{
	size_t cap = plant->dtus_cap;
	struct hm_live_dtu *dtu;

	if (plant->dtus == HM_LIVE_DTUS_MAX ||
	    !dtu_room(plant, plant->dtus + 1))
		return SIZE_MAX;
	if (plant->dtus_cap != cap)
		hash_dtus_again(plant);
	dtu = &plant->dtu[plant->dtus];
	*dtu = (struct hm_live_dtu){.failures = -1};
	memcpy(dtu->name, name.p, name.n);
	return hm_hash_add(&plant->dtu_names, hash, &dtu->item) ?
	    plant->dtus++ : SIZE_MAX;
}

size_t
hm_live_find_dtu(struct hm_live *plant, struct hm_slice name)
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, name.p, name.n);
	const struct hm_live_dtu *dtu;

	if (name.n == 0 || name.n >= HM_LIVE_NAME ||
	    memchr(name.p, '\0', name.n) != NULL)
		return SIZE_MAX;
	dtu = hm_hash_find(&plant->dtu_names, hash, is_dtu, &name);
	return dtu != NULL ? (size_t)(dtu - plant->dtu) :
	    add_dtu(plant, name, hash);
}

/* Devices */

/* A DTU has one entry, whether or not its serial number is known. */
static const char *
key_serial(enum hm_scope scope, const char *serial)
{
	return hm_reading_types[scope].has_serial ? serial : "";
}

struct device_key {
	enum hm_scope scope;
	size_t dtu;
	const char *serial;
	int64_t port;
};

static uint64_t
hash_device(const struct device_key *wanted)
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, &wanted->scope,
	    sizeof wanted->scope);

	hash = hm_hash_bytes(hash, &wanted->dtu, sizeof wanted->dtu);
	hash = hm_hash_bytes(hash, &wanted->port, sizeof wanted->port);
	return hm_hash_bytes(hash, wanted->serial, strlen(wanted->serial));
}

static bool
is_device(const void *entry, const void *key)
{
	const struct device_key *wanted = key;
	const struct hm_live_device *d = entry;

	return d->scope == wanted->scope && d->dtu == wanted->dtu &&
	    d->port == wanted->port && strcmp(key_serial(d->scope, d->serial),
	    wanted->serial) == 0;
}

static size_t
add_device(struct hm_live *plant, const struct device_key *wanted,
    uint64_t hash, const struct hm_moment *now)
{
	size_t cap = plant->devices_cap;
	struct hm_live_device *d;

	if (plant->devices == HM_LIVE_DEVICES_MAX ||
	    !device_room(plant, plant->devices + 1))
		return SIZE_MAX;
	if (plant->devices_cap != cap)
		hash_devices_again(plant);
	d = &plant->device[plant->devices];
	*d = (struct hm_live_device){.scope = wanted->scope,
	    .dtu = wanted->dtu, .port = wanted->port,
	    .first_time = now->wall / 1000};
	return hm_hash_add(&plant->device_keys, hash, &d->item) ?
	    plant->devices++ : SIZE_MAX;
}

size_t
hm_live_find_device(struct hm_live *plant, enum hm_scope scope, size_t dtu,
    const char *serial, int64_t port, const struct hm_moment *now)
{
	const struct device_key wanted = {scope, dtu,
	    key_serial(scope, serial), port};
	uint64_t hash = hash_device(&wanted);
	const struct hm_live_device *d = hm_hash_find(&plant->device_keys,
	    hash, is_device, &wanted);

	return d != NULL ? (size_t)(d - plant->device) :
	    add_device(plant, &wanted, hash, now);
}

void
hm_live_forget(struct hm_live *plant, const struct hm_moment *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < plant->devices; i++) {
		if (now->steady - plant->device[i].heard >= FORGET_MS)
			continue;
		if (kept != i)
			plant->device[kept] = plant->device[i];
		kept++;
	}
	if (kept == plant->devices)
		return;
	plant->devices = kept;
	hash_devices_again(plant);
	plant->number++;
}

/* Life */

bool
hm_live_init(struct hm_live *plant, const struct hm_live_options *options,
    const struct hm_moment *now)
{
	const struct hm_dtus *dtus = options->dtus;

	*plant = (struct hm_live){.options = *options, .started = *now};
	if (!dtu_room(plant, 1) || !device_room(plant, 1))
		return false;
	for (size_t i = 0; i < dtus->count; i++)
		if (hm_live_find_dtu(plant, hm_text(dtus->dtu[i].name)) ==
		    SIZE_MAX)
			hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu",
			    dtus->dtu[i].name)), "%s: not shown: its name is "
			    "too long, or there are too many DTUs",
			    dtus->dtu[i].name);
	plant->configured = plant->dtus;
	return true;
}

void
hm_live_free(struct hm_live *plant)
{
	free(plant->dtu);
	free(plant->device);
	hm_hash_free(&plant->dtu_names);
	hm_hash_free(&plant->device_keys);
	*plant = (struct hm_live){0};
}

bool
hm_live_copy(struct hm_live *to, const struct hm_live *from)
{
	struct hm_live mine = *to;

	/* Never none at all, which memcpy does not take. */
	if (!dtu_room(&mine, from->dtus + 1) ||
	    !device_room(&mine, from->devices + 1)) {
		to->dtu = mine.dtu;
		to->dtus_cap = mine.dtus_cap;
		return false;
	}
	*to = *from;
	to->dtu = mine.dtu;
	to->dtus_cap = mine.dtus_cap;
	to->device = mine.device;
	to->devices_cap = mine.devices_cap;
	to->dtu_names = to->device_keys = (struct hm_hash){0};
	memcpy(to->dtu, from->dtu, from->dtus * sizeof *to->dtu);
	memcpy(to->device, from->device, from->devices * sizeof *to->device);
	return true;
}
