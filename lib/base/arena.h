#ifndef HM_ARENA_H
#define HM_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Memory for unpacked messages: allocated piece by piece, freed all at once. A
 * hostile message that needs more than `size` fails to unpack, and has no other
 * effect.
 */
struct hm_arena {
	ProtobufCAllocator allocator; /* for the unpack functions */
	unsigned char *memory;
	size_t size, used;
};

#define HM_ARENA_SIZE ((size_t)1024 * 1024)

/* False if there is no memory. Freed by hm_arena_free. */
bool hm_arena_init(struct hm_arena *arena, size_t size);
void hm_arena_free(struct hm_arena *arena);

/* Free everything: unpacked messages become invalid. */
void hm_arena_reset(struct hm_arena *arena);

#endif
