#include "heap.h"

#include <stdlib.h>

#ifdef __GLIBC__

#include <malloc.h>

/* glibc raises its own limits with the largest block that was freed. */
#define LARGE (128 * 1024)

void
hm_heap_keep_small(void)
{
	/* The few threads of a tool rarely wait for each other. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, LARGE);
}

void
hm_heap_trim(void)
{
	malloc_trim(0);
}

#else

void
hm_heap_keep_small(void)
{
}

void
hm_heap_trim(void)
{
}

#endif
