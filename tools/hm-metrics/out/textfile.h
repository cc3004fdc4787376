#ifndef HM_TEXTFILE_H
#define HM_TEXTFILE_H

#include <stdint.h>

#include "base/bytes.h"

/*
 * A file that others read while it is written: it is made beside its place
 * and moved there when it is whole and on the disk.
 */

/* False, with errno, if that fails; then the file is as it was. */
bool hm_textfile_write(const char *path, const struct hm_bytes *text);

/* A file that is written now and then, in a thread of its own. */
struct hm_textfile;

struct hm_textfile_options {
	const char *path;
	void *context;
	/* Append what is to be in it. Called in that thread. */
	bool (*render)(void *context, struct hm_bytes *out);
	/* A number that changes with what is in it. Likewise. */
	uint64_t (*number)(void *context);
};

/*
 * NULL, logged, if there is no memory. `options` is copied. Signals must be
 * blocked: the thread inherits it.
 */
struct hm_textfile *hm_textfile_new(const struct hm_textfile_options *options);

/* Write it a last time. False, logged, if that failed. NULL is allowed. */
bool hm_textfile_free(struct hm_textfile *file);

#endif
