#ifndef HM_LINE_READER_H
#define HM_LINE_READER_H

#include <poll.h>

#include "record/record.h"

/*
 * Lines out of a descriptor, in bounded memory. From a durable input, which is
 * a pipe, lines are taken only when they are released: a process that is
 * killed leaves to its successor what it has not finished.
 */

struct hm_line_reader;

/*
 * NULL if the system refuses; errno says why. `durable` asks for a durable
 * input where the descriptor, which is borrowed, is a pipe. Freed by
 * hm_line_reader_close.
 */
struct hm_line_reader *hm_line_reader_open(int fd, bool durable);
void hm_line_reader_close(struct hm_line_reader *l);

enum hm_line_kind {
	HM_LINE_NONE, /* no whole line is there */
	HM_LINE_GOOD,
	HM_LINE_LONG, /* longer than HM_LINE_MAX: only its size is given */
	HM_LINE_NUL,  /* holds a NUL byte */
	HM_LINE_TORN, /* of a durable input: its writer was killed within it */
};

/*
 * The next line that has been read, without its LF, valid until it is
 * committed. Empty lines are passed over. At the end of the input its last
 * line needs no LF.
 */
enum hm_line_kind hm_line_reader_next(struct hm_line_reader *l,
    struct hm_slice *line);

/* The line last given is finished with. */
void hm_line_reader_commit(struct hm_line_reader *l);

/* The number, from 1, of the line last given. */
uint64_t hm_line_reader_number(const struct hm_line_reader *l);

/* Bytes read so far. */
uint64_t hm_line_reader_read(const struct hm_line_reader *l);

/* Waiting */

/* What to poll for. The answer is how long at most, in ms, or -1. */
int hm_line_reader_prepare(const struct hm_line_reader *l, struct pollfd *fd);

/* After that poll: read what is there. False if it cannot be read. */
bool hm_line_reader_ready(struct hm_line_reader *l, short revents);

/* Whether nothing more will be read, and whether all that was is committed. */
bool hm_line_reader_ended(const struct hm_line_reader *l);
bool hm_line_reader_empty(const struct hm_line_reader *l);

/* Durable inputs */

bool hm_line_reader_are_durable(const struct hm_line_reader *l);

/* Whether lines were committed that are not released. */
bool hm_line_reader_unreleased(const struct hm_line_reader *l);

/* Whether so much is not released that the writer will have to wait. */
bool hm_line_reader_pressed(const struct hm_line_reader *l);

/* Take what has been committed out of the pipe. False if that fails. */
bool hm_line_reader_release(struct hm_line_reader *l);

/* Stopping */

/*
 * Read no more than is waiting at this moment, and then, byte by byte, to the
 * end of the line that has begun: the rest is another reader's.
 */
void hm_line_reader_stop(struct hm_line_reader *l);

/* Whether what was to be read after hm_line_reader_stop has been. */
bool hm_line_reader_stopped(const struct hm_line_reader *l);

/*
 * End here, whatever was read and not committed. The answer is how many bytes
 * that loses, which is none if the input is durable.
 */
size_t hm_line_reader_leave(struct hm_line_reader *l);

#endif
