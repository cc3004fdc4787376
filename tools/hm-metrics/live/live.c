#include "live.h"

#include <stdlib.h>

#include "base/log.h"

#define FORGET_MS ((int64_t)24 * 3600 * 1000)
#define ROOM_MIN ((size_t)16)

_Static_assert(HM_FIELDS <= 64, "a device has a bit for each field");

const int64_t hm_live_took_bounds[HM_LIVE_TOOK_BUCKETS - 1] = {
    HM_LIVE_TOOK_BOUNDS};

/* Room */

/* Make room for `wanted` items of `size` in an array. */
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
dtu_room(struct hm_live *live, size_t wanted)
{
	void *array = live->dtu;
	bool good = make_room(&array, &live->dtus_cap, wanted,
	    sizeof *live->dtu);

	live->dtu = array;
	return good;
}

static bool
device_room(struct hm_live *live, size_t wanted)
{
	void *array = live->device;
	bool good = make_room(&array, &live->devices_cap, wanted,
	    sizeof *live->device);

	live->device = array;
	return good;
}

/* DTUs */

struct wanted_dtu {
	const struct hm_live *live;
	struct hm_slice name;
};

static bool
same_dtu(const void *context, size_t item)
{
	const struct wanted_dtu *wanted = context;

	return hm_slice_is(wanted->name, wanted->live->dtu[item].name);
}

static size_t
add_dtu(struct hm_live *live, struct hm_slice name, uint32_t hash)
{
	struct hm_live_dtu *dtu;

	if (live->dtus == HM_LIVE_DTUS_MAX ||
	    !dtu_room(live, live->dtus + 1) ||
	    !hm_hash_add(&live->names, hash, live->dtus))
		return SIZE_MAX;
	dtu = &live->dtu[live->dtus];
	*dtu = (struct hm_live_dtu){.failures = -1};
	memcpy(dtu->name, name.p, name.n);
	return live->dtus++;
}

size_t
hm_live_find_dtu(struct hm_live *live, struct hm_slice name)
{
	const struct wanted_dtu wanted = {live, name};
	uint32_t hash = hm_hash_bytes(HM_HASH_START, name.p, name.n);
	size_t found;

	if (name.n == 0 || name.n >= HM_LIVE_NAME ||
	    memchr(name.p, '\0', name.n) != NULL)
		return SIZE_MAX;
	found = hm_hash_find(&live->names, hash, same_dtu, &wanted);
	return found != HM_HASH_NONE ? found : add_dtu(live, name, hash);
}

/* Devices */

struct wanted_device {
	const struct hm_live *live;
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
	const struct hm_live_device *d = &wanted->live->device[item];

	return d->scope == wanted->scope && d->dtu == wanted->dtu &&
	    d->port == wanted->port && (d->scope == HM_SCOPE_DTU ||
	    strcmp(d->serial, wanted->serial) == 0);
}

size_t
hm_live_find_device(struct hm_live *live, enum hm_scope scope, size_t dtu,
    const char *serial, int64_t port, const struct hm_moment *now)
{
	/* A DTU has one entry, whether or not its serial number is known. */
	const char *key = scope == HM_SCOPE_DTU ? "" : serial;
	const struct wanted_device wanted = {live, scope, dtu, key, port};
	uint32_t hash = hash_device(scope, dtu, key, port);
	size_t found = hm_hash_find(&live->serials, hash, same_device,
	    &wanted);
	struct hm_live_device *d;

	if (found != HM_HASH_NONE)
		return found;
	if (live->devices == HM_LIVE_DEVICES_MAX ||
	    !device_room(live, live->devices + 1) ||
	    !hm_hash_add(&live->serials, hash, live->devices))
		return SIZE_MAX;
	d = &live->device[live->devices];
	*d = (struct hm_live_device){.scope = scope, .dtu = dtu,
	    .port = port, .first_time = now->wall / 1000};
	return live->devices++;
}

void
hm_live_forget(struct hm_live *live, const struct hm_moment *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < live->devices; i++)
		if (now->steady - live->device[i].heard < FORGET_MS)
			kept++;
	if (kept == live->devices)
		return;
	kept = 0;
	hm_hash_clear(&live->serials);
	for (size_t i = 0; i < live->devices; i++) {
		const struct hm_live_device *d = &live->device[i];

		/* Adding cannot fail: the hash was larger before. */
		if (now->steady - d->heard >= FORGET_MS ||
		    !hm_hash_add(&live->serials, hash_device(d->scope,
		    d->dtu, d->scope == HM_SCOPE_DTU ? "" : d->serial,
		    d->port), kept))
			continue;
		if (kept != i)
			live->device[kept] = *d;
		kept++;
	}
	live->devices = kept;
	live->number++;
}

/* Life */

bool
hm_live_init(struct hm_live *live, const struct hm_live_options *options,
    const struct hm_moment *now)
{
	const struct hm_dtus *dtus = options->dtus;

	*live = (struct hm_live){.options = *options, .started = *now};
	if (!dtu_room(live, 1) || !device_room(live, 1))
		return false;
	for (size_t i = 0; i < dtus->count; i++)
		if (hm_live_find_dtu(live, hm_text(dtus->dtu[i].name)) ==
		    SIZE_MAX)
			hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu",
			    dtus->dtu[i].name)), "%s: not shown: its name is "
			    "too long, or there are too many DTUs",
			    dtus->dtu[i].name);
	live->configured = live->dtus;
	return true;
}

void
hm_live_free(struct hm_live *live)
{
	free(live->dtu);
	free(live->device);
	hm_hash_free(&live->names);
	hm_hash_free(&live->serials);
	*live = (struct hm_live){0};
}

bool
hm_live_copy(struct hm_live *to, const struct hm_live *from)
{
	struct hm_live mine = *to;

	/* At least one each, so that memcpy gets no NULL. */
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
