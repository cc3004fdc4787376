#ifndef HM_RETIRED_H
#define HM_RETIRED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Settings of older programs that have no effect in hm: retired.def is the
 * table. They are accepted, and logged once unless their value asks for
 * nothing.
 */

struct hm_retired {
	const char *key;     /* in the file; NULL: none */
	const char *env;     /* environment variable */
	const char *instead; /* what replaces it */
};

extern const struct hm_retired hm_retired[];
extern const size_t hm_retired_count;

/* The row of a key, or NULL. */
const struct hm_retired *hm_retired_key(const char *key);

/* Whether a value asks for nothing: it is empty, "null", or a word for no. */
bool hm_retired_off(const char *value);

#endif
