#ifndef HM_OUTPUT_H
#define HM_OUTPUT_H

#include "base/slice.h"

/*
 * Whole lines to a descriptor, gathered in a buffer of bounded size. Nothing
 * here waits: who writes polls the descriptor before.
 */

struct hm_output;

/* NULL if there is no memory. The descriptor is borrowed. */
struct hm_output *hm_output_open(int fd);
void hm_output_free(struct hm_output *o);

/* Bytes that wait to be written, and that can be added. */
size_t hm_output_pending(const struct hm_output *o);
size_t hm_output_room(const struct hm_output *o);

/* The longest line that can ever be added, without its LF. */
size_t hm_output_line_max(void);

/* Add a line, for which there is room, and an LF. */
void hm_output_add(struct hm_output *o, struct hm_slice line);

/*
 * Call `save` before bytes are written that were added since it was last
 * called. `context` is borrowed.
 */
void hm_output_before_write(struct hm_output *o, void (*save)(void *context),
    void *context);

enum hm_output_result {
	HM_OUTPUT_WRITTEN,
	HM_OUTPUT_AGAIN,  /* nothing, now */
	HM_OUTPUT_BROKEN, /* nobody reads any more */
	HM_OUTPUT_FAILED, /* errno says why */
};

/*
 * Write what a descriptor that polls as writable takes without blocking.
 */
enum hm_output_result hm_output_write(struct hm_output *o);

/*
 * Close the descriptor, so that its reader sees the end, and put one in its
 * place that fails, so that no file ever lands on it.
 */
void hm_output_close(struct hm_output *o);

#endif
