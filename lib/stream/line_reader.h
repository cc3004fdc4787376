#ifndef HM_LINE_READER_H
#define HM_LINE_READER_H

#include <poll.h>

#include "record/record.h"

/*
 * Reads lines from a descriptor, in bounded memory. Lines leave a durable
 * input, which is a pipe, only when they are released: a killed process leaves
 * unfinished lines to its successor.
 */

struct hm_line_reader;

/*
 * NULL, with errno, if the system refuses. With `durable` the input is durable
 * if the descriptor, which is borrowed, is a pipe. Freed by
 * hm_line_reader_close.
 */
struct hm_line_reader *hm_line_reader_open(int fd, bool durable);
void hm_line_reader_close(struct hm_line_reader *l);

enum hm_line_kind {
	HM_LINE_NONE, /* no whole line has been read */
	HM_LINE_GOOD,
	HM_LINE_LONG, /* longer than HM_LINE_MAX: only line->n is set */
	HM_LINE_NUL,  /* holds a NUL byte */
	HM_LINE_TORN, /* of a durable input: cut when its writer was killed */
};

/*
 * The next line that has been read, without its LF: the current line until it
 * is committed. Empty lines are skipped. The last line of an input needs no LF.
 */
enum hm_line_kind hm_line_reader_next(struct hm_line_reader *l,
    struct hm_slice *line);

/* The current line is finished. */
void hm_line_reader_commit(struct hm_line_reader *l);

/* The number of the current line, from 1. */
uint64_t hm_line_reader_number(const struct hm_line_reader *l);

/* Bytes read so far. */
uint64_t hm_line_reader_read(const struct hm_line_reader *l);

/* Return the memory that waits for input; reading takes it again. */
void hm_line_reader_trim(struct hm_line_reader *l);

/* Waiting */

/* What to poll for. Returns the longest wait in ms, or -1. */
int hm_line_reader_prepare(const struct hm_line_reader *l, struct pollfd *fd);

/* After that poll: read what has come in. False if reading fails. */
bool hm_line_reader_ready(struct hm_line_reader *l, short revents);

/* Whether nothing more will be read; whether all lines are committed, too. */
bool hm_line_reader_ended(const struct hm_line_reader *l);
bool hm_line_reader_empty(const struct hm_line_reader *l);

/* Durable inputs */

bool hm_line_reader_are_durable(const struct hm_line_reader *l);

/* Whether any committed line is not released. */
bool hm_line_reader_unreleased(const struct hm_line_reader *l);

/* Whether the unreleased lines are so many that the writer has to wait. */
bool hm_line_reader_pressed(const struct hm_line_reader *l);

/* Remove committed lines from the pipe. False if that fails. */
bool hm_line_reader_release(struct hm_line_reader *l);

/* Stopping */

/*
 * Read only the bytes that are waiting now, and then byte by byte to the end of
 * the line: the rest is for the next reader.
 */
void hm_line_reader_stop(struct hm_line_reader *l);

/* Whether all bytes to read after hm_line_reader_stop have been read. */
bool hm_line_reader_stopped(const struct hm_line_reader *l);

/*
 * End the input and drop uncommitted bytes. Returns how many bytes are lost: 0
 * if the input is durable.
 */
size_t hm_line_reader_leave(struct hm_line_reader *l);

/*
 * End the input and close the descriptor, so that its writer can end while the
 * tool still does slow work. A durable input stays as it is, for a successor.
 */
void hm_line_reader_give_up(struct hm_line_reader *l);

#endif
