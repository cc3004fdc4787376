#ifndef RESIDENT_H
#define RESIDENT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Whether the system holds memory for the page of this byte. */
static inline bool
is_resident(const char *p)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const char *begin = p - (uintptr_t)p % page;
	unsigned char state = 0;
	char *start;

	/* mincore takes no pointer to const. */
	memcpy(&start, &begin, sizeof start);
	ck_assert_int_eq(mincore(start, page, &state), 0);
	return (state & 1) != 0;
}

#endif
