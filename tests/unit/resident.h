#ifndef RESIDENT_H
#define RESIDENT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Whether the system holds memory for the page of this byte. */
static inline bool
is_resident(const char *p)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	unsigned char state = 0;

	ck_assert_int_eq(mincore((void *)((uintptr_t)p / page * page), page,
	    &state), 0);
	return (state & 1) != 0;
}

#endif
