#include "hash.h"

#include <stdlib.h>
#include <string.h>

#define FNV_PRIME 16777619u
#define CAP_MIN ((size_t)64)

uint32_t
hm_hash_bytes(uint32_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * FNV_PRIME;
	return hash;
}

size_t
hm_hash_find(const struct hm_hash *l, uint32_t hash,
    bool (*same)(const void *context, size_t item), const void *context)
{
	if (l->cap == 0)
		return HM_HASH_NONE;
	for (size_t i = hash & (l->cap - 1); l->slot[i].item != 0;
	    i = (i + 1) & (l->cap - 1))
		if (l->slot[i].hash == hash &&
		    same(context, l->slot[i].item - 1))
			return l->slot[i].item - 1;
	return HM_HASH_NONE;
}

static void
place(struct hm_hash *l, uint32_t hash, uint32_t item)
{
	size_t i = hash & (l->cap - 1);

	while (l->slot[i].item != 0)
		i = (i + 1) & (l->cap - 1);
	l->slot[i] = (struct hm_hash_slot){hash, item};
}

/* Half of the slots stay free, so that every search ends soon. */
static bool
make_room(struct hm_hash *l)
{
	struct hm_hash larger = {.count = l->count};

	if (l->count * 2 < l->cap)
		return true;
	larger.cap = l->cap == 0 ? CAP_MIN : l->cap * 2;
	larger.slot = calloc(larger.cap, sizeof *larger.slot);
	if (larger.slot == NULL)
		return false;
	for (size_t i = 0; i < l->cap; i++)
		if (l->slot[i].item != 0)
			place(&larger, l->slot[i].hash, l->slot[i].item);
	free(l->slot);
	*l = larger;
	return true;
}

bool
hm_hash_add(struct hm_hash *l, uint32_t hash, size_t item)
{
	if (item >= UINT32_MAX || !make_room(l))
		return false;
	place(l, hash, (uint32_t)item + 1);
	l->count++;
	return true;
}

void
hm_hash_clear(struct hm_hash *l)
{
	if (l->cap > 0)
		memset(l->slot, 0, l->cap * sizeof *l->slot);
	l->count = 0;
}

void
hm_hash_free(struct hm_hash *l)
{
	free(l->slot);
	*l = (struct hm_hash){0};
}
