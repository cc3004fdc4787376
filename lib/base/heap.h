#ifndef HM_HEAP_H
#define HM_HEAP_H

#include <stddef.h>

/* The memory that malloc keeps: a tool runs for years on a small machine. */

/*
 * Return each large block to the system as soon as it is freed. For main,
 * before the first thread. Changes nothing where the C library is not glibc.
 */
void hm_heap_keep_small(void);

/* Return the pages that are free now, e.g. those that only the start needed. */
void hm_heap_trim(void);

/*
 * Return the whole pages of n bytes at `p` whose content is no longer needed;
 * they are taken again when they are written.
 */
void hm_heap_release(void *p, size_t n);

#endif
