#ifndef HM_LINE_WRITER_H
#define HM_LINE_WRITER_H

#include "base/slice.h"

/*
 * Whole lines to a descriptor, gathered in a buffer of bounded size. Nothing
 * here waits: who writes polls the descriptor before.
 */

struct hm_line_writer;

/* NULL if there is no memory. The descriptor is borrowed. */
struct hm_line_writer *hm_line_writer_open(int fd);
void hm_line_writer_free(struct hm_line_writer *o);

/* Bytes that wait to be written, and that can be added. */
size_t hm_line_writer_pending(const struct hm_line_writer *o);
size_t hm_line_writer_room(const struct hm_line_writer *o);

/* The longest line that can ever be added, without its LF. */
size_t hm_line_writer_line_max(void);

/* Add a line, for which there is room, and an LF. */
void hm_line_writer_add(struct hm_line_writer *o, struct hm_slice line);

/*
 * Call `save` before bytes are written that were added since it was last
 * called. `context` is borrowed.
 */
void hm_line_writer_before_write(struct hm_line_writer *o,
    void (*save)(void *context), void *context);

enum hm_line_writer_result {
	HM_LINE_WRITER_WRITTEN,
	HM_LINE_WRITER_AGAIN,  /* nothing, now */
	HM_LINE_WRITER_BROKEN, /* nobody reads any more */
	HM_LINE_WRITER_FAILED, /* errno says why */
};

/*
 * Write what a descriptor that polls as writable takes without blocking.
 */
enum hm_line_writer_result hm_line_writer_write(struct hm_line_writer *o);

/*
 * Close the descriptor, so that its reader sees the end, and put one in its
 * place that fails, so that no file ever lands on it.
 */
void hm_line_writer_close(struct hm_line_writer *o);

#endif
