#ifndef HM_COPY_H
#define HM_COPY_H

#include <stdbool.h>
#include <stdint.h>

/* Copies a database that other processes may be writing to. */

/* Called after each step of a copy, a few MB. */
typedef void hm_copy_step(void *context);

struct hm_copy {
	int64_t end;        /* monotonic ms at which to give up; -1: never */
	bool still;         /* no process writes to the file that is copied */
	hm_copy_step *step; /* or NULL */
	void *context;
	bool damaged;       /* there is no copy, because it is damaged */
	char why[256];      /* why there is no copy */
};

/*
 * Copy the database at `path` to the new file `part`, check the copy, and sync
 * it. False with `why` set, and `part` removed, if there is no good copy.
 */
bool hm_copy_make(struct hm_copy *c, const char *path, const char *part);

#endif
