#ifndef HM_LINE_WRITER_H
#define HM_LINE_WRITER_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Writes whole lines to a descriptor through a buffer of bounded size. Nothing
 * here waits: the caller polls the descriptor before.
 */

struct hm_line_writer;

/* NULL if there is no memory. The descriptor is borrowed. */
struct hm_line_writer *hm_line_writer_open(int fd);
void hm_line_writer_free(struct hm_line_writer *o);

/* Bytes that wait to be written, and bytes that can still be added. */
size_t hm_line_writer_pending(const struct hm_line_writer *o);
size_t hm_line_writer_room(const struct hm_line_writer *o);

/* The longest line that can ever be added, without its LF. */
size_t hm_line_writer_line_max(void);

/* Return the memory that waits for lines; adding them takes it again. */
void hm_line_writer_trim(struct hm_line_writer *o);

/* Add a line and an LF; the caller has checked that there is room. */
void hm_line_writer_add(struct hm_line_writer *o, struct hm_slice line);

/*
 * Call `save` before a write of bytes that were added after its last call.
 * `context` is borrowed.
 */
void hm_line_writer_before_write(struct hm_line_writer *o,
    void (*save)(void *context), void *context);

/* Whether a write may call a function before. */
bool hm_line_writer_saves(const struct hm_line_writer *o);

enum hm_line_writer_result {
	HM_LINE_WRITER_WRITTEN,
	HM_LINE_WRITER_AGAIN,  /* it would block */
	HM_LINE_WRITER_BROKEN, /* the reader has gone */
	HM_LINE_WRITER_FAILED, /* with errno */
};

/* The bytes that wait to be written; valid until the next call. */
struct hm_slice hm_line_writer_waiting(const struct hm_line_writer *o);

/*
 * Write what the descriptor takes at once without blocking, whole lines if they
 * fit. `polled`: it polls as writable. If not, HM_LINE_WRITER_AGAIN may also
 * mean that only poll(2) can tell.
 */
enum hm_line_writer_result hm_line_writer_write(struct hm_line_writer *o,
    bool polled);

/*
 * Close the descriptor, so that its reader sees the end. One that fails
 * replaces it, so that no file ever gets its number.
 */
void hm_line_writer_close(struct hm_line_writer *o);

#endif
