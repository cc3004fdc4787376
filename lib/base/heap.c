#include "heap.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

void
hm_heap_release(void *p, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t skipped = (page - (uintptr_t)p % page) % page;

	/* A kernel that refuses leaves the bytes as they are. */
	if (n > skipped)
		madvise((char *)p + skipped, (n - skipped) / page * page,
		    MADV_DONTNEED);
}
