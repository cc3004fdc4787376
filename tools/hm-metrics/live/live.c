#include "live.h"

#include <stdlib.h>

#include "base/log.h"
#include "record/types.h"

#define FORGET_MS ((int64_t)24 * 3600 * 1000)
#define ROOM_MIN ((size_t)16)

const int64_t hm_took_bounds[HM_TOOK_BUCKETS - 1] = {HM_TOOK_BOUNDS};

/* Room */

/* Room for `wanted` items in an array of `size` each. */
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

/* DTUs */

struct wanted_dtu {
	const struct hm_live *plant;
	struct hm_slice name;
};

static bool
same_dtu(const void *context, size_t item)
{
	const struct wanted_dtu *wanted = context;

	return hm_slice_is(wanted->name, wanted->plant->dtu[item].name);
}

static size_t
add_dtu(struct hm_live *plant, struct hm_slice name, uint32_t hash)
{
	struct hm_live_dtu *dtu;

	if (plant->dtus == HM_LIVE_DTUS_MAX ||
	    !dtu_room(plant, plant->dtus + 1) ||
	    !hm_hash_add(&plant->names, hash, plant->dtus))
		return SIZE_MAX;
	dtu = &plant->dtu[plant->dtus];
	*dtu = (struct hm_live_dtu){.failures = -1};
	memcpy(dtu->name, name.p, name.n);
	return plant->dtus++;
}

size_t
hm_live_find_dtu(struct hm_live *plant, struct hm_slice name)
{
	const struct wanted_dtu wanted = {plant, name};
	uint32_t hash = hm_hash_bytes(HM_HASH_START, name.p, name.n);
	size_t found;

	if (name.n == 0 || name.n >= HM_LIVE_NAME ||
	    memchr(name.p, '\0', name.n) != NULL)
		return SIZE_MAX;
	found = hm_hash_find(&plant->names, hash, same_dtu, &wanted);
	return found != HM_HASH_NONE ? found : add_dtu(plant, name, hash);
}

/* Devices */

/* A DTU has one entry, whether or not its serial number is known. */
static const char *
key_serial(enum hm_scope scope, const char *serial)
{
	return hm_reading_types[scope].has_serial ? serial : "";
}

struct wanted_device {
	const struct hm_live *plant;
	enum hm_scope scope;
	size_t dtu;
	const char *serial;
	int64_t port;
};

static uint32_t
hash_device(enum hm_scope scope, size_t dtu, const char *serial, int64_t port)
{
	uint32_t hash = hm_hash_bytes(HM_HASH_START, &scope, sizeof scope);

	hash = hm_hash_bytes(hash, &dtu, sizeof dtu);
	hash = hm_hash_bytes(hash, &port, sizeof port);
	return hm_hash_bytes(hash, serial, strlen(serial));
}

static bool
same_device(const void *context, size_t item)
{
	const struct wanted_device *wanted = context;
	const struct hm_live_device *d = &wanted->plant->device[item];

	return d->scope == wanted->scope && d->dtu == wanted->dtu &&
	    d->port == wanted->port && strcmp(key_serial(d->scope, d->serial),
	    wanted->serial) == 0;
}

size_t
hm_live_find_device(struct hm_live *plant, enum hm_scope scope, size_t dtu,
    const char *serial, int64_t port, const struct hm_moment *now)
{
	const char *key = key_serial(scope, serial);
	const struct wanted_device wanted = {plant, scope, dtu, key, port};
	uint32_t hash = hash_device(scope, dtu, key, port);
	size_t found = hm_hash_find(&plant->serials, hash, same_device,
	    &wanted);
	struct hm_live_device *d;

	if (found != HM_HASH_NONE)
		return found;
	if (plant->devices == HM_LIVE_DEVICES_MAX ||
	    !device_room(plant, plant->devices + 1) ||
	    !hm_hash_add(&plant->serials, hash, plant->devices))
		return SIZE_MAX;
	d = &plant->device[plant->devices];
	*d = (struct hm_live_device){.scope = scope, .dtu = dtu,
	    .port = port, .first_time = now->wall / 1000};
	return plant->devices++;
}

void
hm_live_forget(struct hm_live *plant, const struct hm_moment *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < plant->devices; i++)
		if (now->steady - plant->device[i].heard < FORGET_MS)
			kept++;
	if (kept == plant->devices)
		return;
	kept = 0;
	hm_hash_clear(&plant->serials);
	for (size_t i = 0; i < plant->devices; i++) {
		const struct hm_live_device *d = &plant->device[i];

		/* There was room for more. */
		if (now->steady - d->heard >= FORGET_MS ||
		    !hm_hash_add(&plant->serials, hash_device(d->scope,
		    d->dtu, key_serial(d->scope, d->serial), d->port), kept))
			continue;
		if (kept != i)
			plant->device[kept] = *d;
		kept++;
	}
	plant->devices = kept;
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
	hm_hash_free(&plant->names);
	hm_hash_free(&plant->serials);
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
	to->names = to->serials = (struct hm_hash){0};
	memcpy(to->dtu, from->dtu, from->dtus * sizeof *to->dtu);
	memcpy(to->device, from->device, from->devices * sizeof *to->device);
	return true;
}
