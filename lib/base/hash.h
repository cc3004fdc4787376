#ifndef HM_HASH_H
#define HM_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A hash table of entries that their owner allocates and frees. The first
 * member of an entry is its struct hm_hash_item. An entry must not move while
 * it is in a table.
 */

struct hm_hash_item {
	struct hm_hash_item *next; /* in the same slot */
	uint64_t hash;
};

/* All zeros is an empty table, which takes no memory. */
struct hm_hash {
	struct hm_hash_item **slot;
	size_t slots; /* a power of 2, or 0 */
	size_t count;
};

#define HM_HASH_START UINT64_C(14695981039346656037)

/* FNV-1a of bytes, continued from an earlier hash or from HM_HASH_START. */
uint64_t hm_hash_bytes(uint64_t hash, const void *bytes, size_t n);

/* The entry with this hash for which same(entry, key) is true, or NULL. */
void *hm_hash_find(const struct hm_hash *table, uint64_t hash,
    bool (*same)(const void *entry, const void *key), const void *key);

/* Allocate the slots that one more entry needs. False if there is no memory. */
bool hm_hash_reserve(struct hm_hash *table);

/* Add an entry. False, and the table unchanged, if there is no memory. */
bool hm_hash_add(struct hm_hash *table, uint64_t hash,
    struct hm_hash_item *item);

/* Remove an entry, which must be in the table, in constant time. */
void hm_hash_remove(struct hm_hash *table, const struct hm_hash_item *item);

/*
 * The entry after `item`, or the first one if `item` is NULL; NULL at the end.
 * The order is undefined. No entry may be added or removed during the walk, but
 * `item` may be freed once this has returned.
 */
void *hm_hash_next(const struct hm_hash *table,
    const struct hm_hash_item *item);

/*
 * Remove all entries and keep the slots: adding as many entries again needs no
 * memory.
 */
void hm_hash_clear(struct hm_hash *table);
void hm_hash_free(struct hm_hash *table);

#endif
