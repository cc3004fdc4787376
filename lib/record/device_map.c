#include "device_map.h"

#include <stdalign.h>
#include <stdlib.h>

#define FIRST_SLOTS ((size_t)64)

/* Followed in memory by its value and the texts of its key. */
struct hm_device {
	struct hm_device *next;  /* in the same slot */
	struct hm_device *after; /* in the order in which they came */
	uint64_t hash;
	struct hm_device_key key;
	alignas(max_align_t) unsigned char value[];
};

/* FNV-1a */
static uint64_t
hash_text(uint64_t hash, struct hm_slice text)
{
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * 0x100000001b3;
	return (hash ^ 0xff) * 0x100000001b3;
}

static uint64_t
hash_of(const struct hm_device_key *key)
{
	uint64_t hash = 0xcbf29ce484222325 ^ key->table;

	hash = (hash ^ (uint64_t)key->port) * 0x100000001b3;
	return hash_text(hash_text(hash, key->dtu), key->serial);
}

static bool
is_same(const struct hm_device_key *a, const struct hm_device_key *b)
{
	return a->table == b->table && a->port == b->port &&
	    hm_slice_equal(a->dtu, b->dtu) &&
	    hm_slice_equal(a->serial, b->serial);
}

void
hm_device_map_start(struct hm_device_map *d, size_t value_size)
{
	*d = (struct hm_device_map){.value_size = value_size};
}

void
hm_device_map_clear(struct hm_device_map *d)
{
	struct hm_device *device = d->first;

	while (device != NULL) {
		struct hm_device *after = device->after;

		free(device);
		device = after;
	}
	free(d->slot);
	hm_device_map_start(d, d->value_size);
}

static struct hm_device **
slot_of(const struct hm_device_map *d, uint64_t hash)
{
	return &d->slot[(size_t)hash & (d->slots - 1)];
}

static void
put_in_slot(struct hm_device_map *d, struct hm_device *device)
{
	struct hm_device **slot = slot_of(d, device->hash);

	device->next = *slot;
	*slot = device;
}

static bool
grow(struct hm_device_map *d)
{
	size_t slots = d->slots > 0 ? 2 * d->slots : FIRST_SLOTS;
	struct hm_device **slot = calloc(slots, sizeof(struct hm_device *));

	if (slot == NULL)
		return false;
	free(d->slot);
	d->slot = slot;
	d->slots = slots;
	for (struct hm_device *i = d->first; i != NULL; i = i->after)
		put_in_slot(d, i);
	return true;
}

static struct hm_slice
copy_text(char *to, struct hm_slice text)
{
	if (text.n > 0)
		memcpy(to, text.p, text.n);
	return hm_slice(to, text.n);
}

static struct hm_device *
add(struct hm_device_map *d, const struct hm_device_key *key, uint64_t hash)
{
	struct hm_device *device;
	char *text;

	if (d->count >= d->slots && !grow(d))
		return NULL;
	device = calloc(1, sizeof *device + d->value_size + key->dtu.n +
	    key->serial.n);
	if (device == NULL)
		return NULL;
	text = (char *)device->value + d->value_size;
	device->hash = hash;
	device->key = *key;
	device->key.dtu = copy_text(text, key->dtu);
	device->key.serial = copy_text(text + key->dtu.n, key->serial);
	put_in_slot(d, device);
	if (d->last != NULL)
		d->last->after = device;
	else
		d->first = device;
	d->last = device;
	d->count++;
	return device;
}

void *
hm_device_map_get(struct hm_device_map *d, const struct hm_device_key *key)
{
	uint64_t hash = hash_of(key);
	struct hm_device *device = d->slots > 0 ? *slot_of(d, hash) : NULL;

	while (device != NULL && (device->hash != hash ||
	    !is_same(&device->key, key)))
		device = device->next;
	if (device == NULL)
		device = add(d, key, hash);
	return device != NULL ? device->value : NULL;
}

struct hm_device *
hm_device_map_next(const struct hm_device_map *d,
    const struct hm_device *device)
{
	return device != NULL ? device->after : d->first;
}

const struct hm_device_key *
hm_device_key(const struct hm_device *device)
{
	return &device->key;
}

void *
hm_device_value(struct hm_device *device)
{
	return device->value;
}
