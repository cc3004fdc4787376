#ifndef HM_HASH_H
#define HM_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Finds the items of an array by a hash of their keys. It holds their numbers
 * and hashes, not the items: who asks says whether an item is the one.
 */
struct hm_hash {
	struct hm_hash_slot {
		uint32_t hash;
		uint32_t item; /* its number plus 1; 0: none */
	} *slot;
	size_t cap; /* a power of 2, or 0 */
	size_t count;
};

#define HM_HASH_NONE SIZE_MAX
#define HM_HASH_START 2166136261u

/* FNV-1a, to be continued from an earlier hash or HM_HASH_START. */
uint32_t hm_hash_bytes(uint32_t hash, const void *bytes, size_t n);

/* The number of the item for which `same` is true, or HM_HASH_NONE. */
size_t hm_hash_find(const struct hm_hash *l, uint32_t hash,
    bool (*same)(const void *context, size_t item), const void *context);

/* False if there is no memory. */
bool hm_hash_add(struct hm_hash *l, uint32_t hash, size_t item);

/* Forget all items. */
void hm_hash_clear(struct hm_hash *l);
void hm_hash_free(struct hm_hash *l);

#endif
