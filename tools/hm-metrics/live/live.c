#include "live.h"

#include <stdlib.h>

#include "base/log.h"
#include "record/types.h"

#define FORGET_MS ((int64_t)24 * 3600 * 1000)
#define ROOM_MIN ((size_t)16)

const int64_t hm_live_took_bounds[HM_LIVE_TOOK_BUCKETS - 1] = {
    HM_LIVE_TOOK_BOUNDS};

/* Room */

/* Make room for `wanted` entries of `size` in an array. */
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

/*
 * An array that has grown has moved: fill the table again. It has enough slots,
 * so that adding does not fail.
 */
static void
hash_dtus_again(struct hm_live *live)
{
	hm_hash_clear(&live->dtu_names);
	for (size_t i = 0; i < live->dtus; i++)
		hm_hash_add(&live->dtu_names, live->dtu[i].item.hash,
		    &live->dtu[i].item);
}

static void
hash_devices_again(struct hm_live *live)
{
	hm_hash_clear(&live->device_keys);
	for (size_t i = 0; i < live->devices; i++)
		hm_hash_add(&live->device_keys, live->device[i].item.hash,
		    &live->device[i].item);
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
add_dtu(struct hm_live *live, struct hm_slice name, uint64_t hash)
{
	size_t cap = live->dtus_cap;
	struct hm_live_dtu *dtu;

	if (live->dtus == HM_LIVE_DTUS_MAX ||
	    !dtu_room(live, live->dtus + 1))
		return SIZE_MAX;
	if (live->dtus_cap != cap)
		hash_dtus_again(live);
	dtu = &live->dtu[live->dtus];
	*dtu = (struct hm_live_dtu){.failures = -1,
	    .first_device = SIZE_MAX, .last_device = SIZE_MAX};
	memcpy(dtu->name, name.p, name.n);
	return hm_hash_add(&live->dtu_names, hash, &dtu->item) ?
	    live->dtus++ : SIZE_MAX;
}

size_t
hm_live_known_dtu(const struct hm_live *live, struct hm_slice name)
{
	const struct hm_live_dtu *dtu = hm_hash_find(&live->dtu_names,
	    hm_hash_bytes(HM_HASH_START, name.p, name.n), is_dtu, &name);

	return dtu != NULL ? (size_t)(dtu - live->dtu) : SIZE_MAX;
}

size_t
hm_live_find_dtu(struct hm_live *live, struct hm_slice name)
{
	size_t dtu;

	if (name.n == 0 || name.n >= HM_LIVE_NAME ||
	    memchr(name.p, '\0', name.n) != NULL)
		return SIZE_MAX;
	dtu = hm_live_known_dtu(live, name);
	return dtu != SIZE_MAX ? dtu : add_dtu(live, name,
	    hm_hash_bytes(HM_HASH_START, name.p, name.n));
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

/* Put a device behind the others of its DTU. */
static void
chain_device(struct hm_live *live, size_t number)
{
	struct hm_live_dtu *dtu = &live->dtu[live->device[number].dtu];

	live->device[number].next = SIZE_MAX;
	if (dtu->last_device != SIZE_MAX)
		live->device[dtu->last_device].next = number;
	else
		dtu->first_device = number;
	dtu->last_device = number;
}

static void
chain_devices_again(struct hm_live *live)
{
	for (size_t i = 0; i < live->dtus; i++)
		live->dtu[i].first_device = live->dtu[i].last_device =
		    SIZE_MAX;
	for (size_t i = 0; i < live->devices; i++)
		chain_device(live, i);
}

static size_t
add_device(struct hm_live *live, const struct device_key *wanted,
    uint64_t hash, const struct hm_moment *now)
{
	size_t cap = live->devices_cap;
	struct hm_live_device *d;

	if (live->devices == HM_LIVE_DEVICES_MAX ||
	    !device_room(live, live->devices + 1))
		return SIZE_MAX;
	if (live->devices_cap != cap)
		hash_devices_again(live);
	d = &live->device[live->devices];
	*d = (struct hm_live_device){.scope = wanted->scope,
	    .dtu = wanted->dtu, .port = wanted->port,
	    .first_time = now->wall / 1000};
	if (!hm_hash_add(&live->device_keys, hash, &d->item))
		return SIZE_MAX;
	chain_device(live, live->devices);
	return live->devices++;
}

size_t
hm_live_find_device(struct hm_live *live, enum hm_scope scope, size_t dtu,
    const char *serial, int64_t port, const struct hm_moment *now)
{
	const struct device_key wanted = {scope, dtu,
	    key_serial(scope, serial), port};
	uint64_t hash = hash_device(&wanted);
	const struct hm_live_device *d = hm_hash_find(&live->device_keys,
	    hash, is_device, &wanted);

	return d != NULL ? (size_t)(d - live->device) :
	    add_device(live, &wanted, hash, now);
}

/*
 * After days without sun, a DTU may answer before it hears its inverters, and
 * before other DTUs wake: they have another day to be heard.
 */
void
hm_live_wake(struct hm_live *live, size_t dtu, const struct hm_moment *now)
{
	bool slept = now->steady - live->dtu[dtu].heard >= FORGET_MS;
	bool all_slept = now->steady - live->heard >= FORGET_MS;

	live->dtu[dtu].heard = live->heard = now->steady;
	for (size_t i = 0; slept && i < live->devices; i++)
		if (all_slept || live->device[i].dtu == dtu)
			live->device[i].heard = now->steady;
}

/* Silence counts from the last word of its DTU, or of any. */
static bool
is_gone(const struct hm_live *live, const struct hm_live_device *d)
{
	bool configured = d->dtu < live->configured;
	int64_t until = configured ? live->dtu[d->dtu].heard : live->heard;

	return until - d->heard >= FORGET_MS;
}

void
hm_live_forget(struct hm_live *live)
{
	size_t kept = 0;

	for (size_t i = 0; i < live->devices; i++) {
		if (is_gone(live, &live->device[i]))
			continue;
		if (kept != i)
			live->device[kept] = live->device[i];
		kept++;
	}
	if (kept == live->devices)
		return;
	live->devices = kept;
	hash_devices_again(live);
	chain_devices_again(live);
	live->number++;
}

/* Life */

static void
add_configured(struct hm_live *live, const struct hm_dtu *dtu)
{
	size_t number = hm_live_find_dtu(live, hm_text(dtu->name));

	if (number == SIZE_MAX) {
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", dtu->name)),
		    "%s: not shown: its name is too long, or there are too "
		    "many DTUs", dtu->name);
		return;
	}
	live->dtu[number].configured = dtu;
	if (dtu->host != NULL && strlen(dtu->host) < HM_LIVE_HOST)
		memcpy(live->dtu[number].host, dtu->host,
		    strlen(dtu->host) + 1);
}

/* A type has few of all fields: values are kept without gaps. */
static void
number_slots(struct hm_live *live)
{
	for (enum hm_scope scope = 0; scope < HM_SCOPES; scope++) {
		uint8_t next = 0;

		for (size_t id = 0; id < HM_FIELDS; id++) {
			bool has = hm_field_in(&hm_fields[id], scope);

			live->slot[scope][id] = has ? next++ : 0;
		}
	}
}

bool
hm_live_init(struct hm_live *live, const struct hm_live_options *options,
    const struct hm_moment *now)
{
	const struct hm_dtus *dtus = options->dtus;

	*live = (struct hm_live){.options = *options, .started = *now};
	number_slots(live);
	if (!dtu_room(live, 1) || !device_room(live, 1))
		return false;
	for (size_t i = 0; i < dtus->count; i++)
		add_configured(live, &dtus->dtu[i]);
	live->configured = live->dtus;
	return true;
}

void
hm_live_free(struct hm_live *live)
{
	free(live->dtu);
	free(live->device);
	hm_hash_free(&live->dtu_names);
	hm_hash_free(&live->device_keys);
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
	to->dtu_names = to->device_keys = (struct hm_hash){0};
	memcpy(to->dtu, from->dtu, from->dtus * sizeof *to->dtu);
	memcpy(to->device, from->device, from->devices * sizeof *to->device);
	return true;
}
