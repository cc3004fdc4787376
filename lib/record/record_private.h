#ifndef HM_RECORD_PRIVATE_H
#define HM_RECORD_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* What record.c, record_parse.c and record_string.c share. */

static inline bool
hm_record_is_space(char c)
{
	/* Most bytes are none: one comparison says so. */
	return (unsigned char)c <= ' ' &&
	    (c == ' ' || c == '\t' || c == '\n' || c == '\r');
}

static inline const char *
hm_record_skip_space(const char *p, const char *end)
{
	while (p < end && hm_record_is_space(*p))
		p++;
	return p;
}

/*
 * record_string.c: the code point of the escape at p, which points at the
 * backslash. Returns the bytes of the escape, 0 if it is invalid, such as half
 * a surrogate pair.
 */
size_t hm_record_escape(const char *p, const char *end, uint32_t *code);

/* Whether two strings are equal once escapes are resolved: a and \u0061. */
bool hm_record_same_text(struct hm_slice a, struct hm_slice b);

#endif
