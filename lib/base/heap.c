#include "heap.h"

#include <stdlib.h>

#ifdef __GLIBC__

#include <malloc.h>

/* glibc raises its own limits with the largest block that was freed. */
#define LARGE (64 * 1024)

void
hm_heap_keep_small(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, LARGE);
	mallopt(M_TOP_PAD, 0);
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
