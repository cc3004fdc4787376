#include "hash.h"

#include <stdlib.h>
#include <string.h>

#define FNV_PRIME UINT64_C(1099511628211)
#define SLOTS_MIN ((size_t)64)

uint64_t
hm_hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * FNV_PRIME;
	return hash;
}

static struct hm_hash_item **
slot_of(const struct hm_hash *table, uint64_t hash)
{
	return &table->slot[(size_t)hash & (table->slots - 1)];
}

void *
hm_hash_find(const struct hm_hash *table, uint64_t hash,
    bool (*same)(const void *entry, const void *key), const void *key)
{
	struct hm_hash_item *item;

	if (table->slots == 0)
		return NULL;
	item = *slot_of(table, hash);
	while (item != NULL && (item->hash != hash || !same(item, key)))
		item = item->next;
	return item;
}

static void
link_item(struct hm_hash *table, struct hm_hash_item *item)
{
	struct hm_hash_item **slot = slot_of(table, item->hash);

	item->next = *slot;
	*slot = item;
}

/* Two entries a slot, on average, cost little time and half the slots. */
bool
hm_hash_reserve(struct hm_hash *table)
{
	struct hm_hash larger = {.count = table->count};

	if (table->count < 2 * table->slots)
		return true;
	larger.slots = table->slots == 0 ? SLOTS_MIN : table->slots * 2;
	larger.slot = calloc(larger.slots, sizeof(struct hm_hash_item *));
	if (larger.slot == NULL)
		return false;
	for (size_t i = 0; i < table->slots; i++)
		while (table->slot[i] != NULL) {
			struct hm_hash_item *item = table->slot[i];

			table->slot[i] = item->next;
			link_item(&larger, item);
		}
	free(table->slot);
	*table = larger;
	return true;
}

bool
hm_hash_add(struct hm_hash *table, uint64_t hash, struct hm_hash_item *item)
{
	if (!hm_hash_reserve(table))
		return false;
	item->hash = hash;
	link_item(table, item);
	table->count++;
	return true;
}

void
hm_hash_remove(struct hm_hash *table, const struct hm_hash_item *item)
{
	struct hm_hash_item **link = slot_of(table, item->hash);

	while (*link != item)
		link = &(*link)->next;
	*link = item->next;
	table->count--;
}

void *
hm_hash_next(const struct hm_hash *table, const struct hm_hash_item *item)
{
	size_t i = 0;

	if (item != NULL && item->next != NULL)
		return item->next;
	if (item != NULL)
		i = ((size_t)item->hash & (table->slots - 1)) + 1;
	for (; i < table->slots; i++)
		if (table->slot[i] != NULL)
			return table->slot[i];
	return NULL;
}

void
hm_hash_clear(struct hm_hash *table)
{
	if (table->slots > 0)
		memset(table->slot, 0,
		    table->slots * sizeof(struct hm_hash_item *));
	table->count = 0;
}

void
hm_hash_free(struct hm_hash *table)
{
	free(table->slot);
	*table = (struct hm_hash){0};
}
