#ifndef XORSHIFT_H
#define XORSHIFT_H

#include <stdint.h>

/* The next number from a state other than 0: the same on every machine. */
static inline uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
