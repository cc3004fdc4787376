#include "arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

static void *
take(void *context, size_t size)
{
	struct hm_arena *arena = context;
	size_t align = alignof(max_align_t);
	size_t start = (arena->used + align - 1) / align * align;

	if (arena->pieces == HM_ARENA_PIECES || start > arena->size ||
	    size > arena->size - start)
		return NULL;
	arena->pieces++;
	arena->used = start + size;
	return arena->memory + start;
}

static void
give(void *context, void *pointer)
{
	(void)context;
	(void)pointer;
}

bool
hm_arena_init(struct hm_arena *arena, size_t size)
{
	*arena = (struct hm_arena){
	    .allocator = {take, give, arena},
	    .memory = malloc(size),
	    .size = size,
	};
	return arena->memory != NULL;
}

void
hm_arena_free(struct hm_arena *arena)
{
	free(arena->memory);
	arena->memory = NULL;
}

void
hm_arena_reset(struct hm_arena *arena)
{
	arena->used = arena->pieces = 0;
}

void
hm_arena_return(struct hm_arena *arena, const struct hm_arena *before)
{
	arena->used = before->used;
	arena->pieces = before->pieces;
}
