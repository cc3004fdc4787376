#ifndef HM_ARENA_H
#define HM_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Memory for unpacked messages: allocated piece by piece, freed all at once. A
 * hostile message that needs too many pieces fails to unpack, and has no other
 * effect. Pieces are counted, because their sizes depend on that of a pointer:
 * what can be unpacked is the same on every machine.
 */
struct hm_arena {
	ProtobufCAllocator allocator; /* for the unpack functions */
	unsigned char *memory;
	size_t size, used, pieces;
};

#define HM_ARENA_PIECES ((size_t)8192)

/*
 * Enough for the payloads of one poll, 128 KiB, in so many pieces. Where they
 * need less, the rest is never touched.
 */
#define HM_ARENA_SIZE ((size_t)12 * 1024 * 1024)

/* False if there is no memory. Freed by hm_arena_free. */
bool hm_arena_init(struct hm_arena *arena, size_t size);
void hm_arena_free(struct hm_arena *arena);

/* Free everything: unpacked messages become invalid. */
void hm_arena_reset(struct hm_arena *arena);

/* Free what was allocated after the arena was like `before`, a copy of it. */
void hm_arena_return(struct hm_arena *arena, const struct hm_arena *before);

#endif
