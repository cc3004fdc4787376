#ifndef HM_METRICS_FILE_H
#define HM_METRICS_FILE_H

#include <stdint.h>

#include "base/buffer.h"

/*
 * A file that others read while it is written: it is made beside its place
 * and moved there when it is whole and on the disk.
 */

/* False, with errno, if that fails; then the file is as it was. */
bool hm_metrics_file_write(const char *path, const struct hm_buffer *text);

/* A file that is written now and then, in a thread of its own. */
struct hm_metrics_file;

struct hm_metrics_file_options {
	const char *path;
	void *context;
	/* Append what is to be in it. Called in that thread. */
	bool (*render)(void *context, struct hm_buffer *out);
	/* A number that changes with what is in it. Likewise. */
	uint64_t (*number)(void *context);
};

/*
 * NULL, logged, if there is no memory. `options` is copied. Signals must be
 * blocked: the thread inherits it.
 */
struct hm_metrics_file *hm_metrics_file_new(
    const struct hm_metrics_file_options *options);

/* Write it a last time. False, logged, if that failed. NULL is allowed. */
bool hm_metrics_file_free(struct hm_metrics_file *file);

#endif
