#ifndef HM_SUGGEST_H
#define HM_SUGGEST_H

#include <stddef.h>

/*
 * Suggests a name for a misspelt one: start with the misspelt name, try every
 * known name, and read `best`.
 */
struct hm_suggest {
	const char *word;
	const char *best; /* NULL: no name is near; borrowed */
	size_t distance;
};

void hm_suggest_start(struct hm_suggest *nearest, const char *word);

/*
 * A name is near if few letters differ, compared to the length of the words
 * that differ, or if one begins or ends with the other. Capitals, and
 * "-" for "_", make no difference.
 */
void hm_suggest_try(struct hm_suggest *nearest, const char *name);

#endif
