#ifndef HM_LOOKUP_H
#define HM_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Finds the items of an array by a hash of their keys. It holds their numbers
 * and hashes, not the items: who asks says whether an item is the one.
 */
struct hm_lookup {
	struct hm_lookup_slot {
		uint32_t hash;
		uint32_t item; /* its number plus 1; 0: none */
	} *slot;
	size_t cap; /* a power of 2, or 0 */
	size_t count;
};

#define HM_LOOKUP_NONE SIZE_MAX
#define HM_HASH_START 2166136261u

/* FNV-1a, to be continued from an earlier hash or HM_HASH_START. */
uint32_t hm_hash(uint32_t hash, const void *bytes, size_t n);

/* The number of the item for which `same` is true, or HM_LOOKUP_NONE. */
size_t hm_lookup_find(const struct hm_lookup *l, uint32_t hash,
    bool (*same)(const void *context, size_t item), const void *context);

/* False if there is no memory. */
bool hm_lookup_add(struct hm_lookup *l, uint32_t hash, size_t item);

/* Forget all items. */
void hm_lookup_clear(struct hm_lookup *l);
void hm_lookup_free(struct hm_lookup *l);

#endif
