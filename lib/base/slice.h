#ifndef HM_SLICE_H
#define HM_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * A borrowed run of bytes. It is not ended by a NUL and may hold one. The
 * function that returns it documents how long it stays valid.
 */
struct hm_slice {
	const char *p;
	size_t n;
};

static inline struct hm_slice
hm_slice(const char *p, size_t n)
{
	return (struct hm_slice){p, n};
}

static inline struct hm_slice
hm_text(const char *s)
{
	return (struct hm_slice){s, strlen(s)};
}

/* A string literal as a slice: its length is known to the compiler. */
#define HM_LITERAL(text) hm_slice("" text, sizeof(text) - 1)

static inline bool
hm_slice_is(struct hm_slice a, const char *s)
{
	return strlen(s) == a.n && (a.n == 0 || memcmp(a.p, s, a.n) == 0);
}

static inline bool
hm_slice_equal(struct hm_slice a, struct hm_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
