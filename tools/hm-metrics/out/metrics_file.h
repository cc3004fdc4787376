#ifndef HM_METRICS_FILE_H
#define HM_METRICS_FILE_H

#include <stdint.h>

#include "base/buffer.h"

/*
 * A file that is replaced as a whole: a new file is written beside it, synced
 * and renamed, so that readers never see half of it.
 */

/* Replace the file. False, with errno, if that fails; the old file stays. */
bool hm_metrics_file_write(const char *path, const struct hm_buffer *text);

/* A file that a thread of its own writes periodically. */
struct hm_metrics_file;

struct hm_metrics_file_options {
	const char *path;
	void *context;
	/* Append the contents. Called in that thread. */
	bool (*render)(void *context, struct hm_buffer *out);
	/* A number that changes with the contents. Called in that thread. */
	uint64_t (*number)(void *context);
};

/*
 * NULL, logged, if there is no memory. `options` is copied. Signals must be
 * blocked: the thread inherits the mask.
 */
struct hm_metrics_file *hm_metrics_file_new(
    const struct hm_metrics_file_options *options);

/* Write it a last time. False, logged, if that failed. NULL is allowed. */
bool hm_metrics_file_free(struct hm_metrics_file *file);

#endif
