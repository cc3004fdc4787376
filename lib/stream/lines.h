#ifndef HM_LINES_H
#define HM_LINES_H

#include <poll.h>

#include "record/record.h"

/*
 * Lines out of a descriptor, in bounded memory. From a durable input, which is
 * a pipe, lines are taken only when they are released: a process that is
 * killed leaves to its successor what it has not finished.
 */

struct hm_lines;

/*
 * NULL if the system refuses; errno says why. `durable` asks for a durable
 * input where the descriptor, which is borrowed, is a pipe. Freed by
 * hm_lines_close.
 */
struct hm_lines *hm_lines_open(int fd, bool durable);
void hm_lines_close(struct hm_lines *l);

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
enum hm_line_kind hm_lines_next(struct hm_lines *l, struct hm_slice *line);

/* The line last given is finished with. */
void hm_lines_commit(struct hm_lines *l);

/* The number, from 1, of the line last given. */
uint64_t hm_lines_number(const struct hm_lines *l);

/* Bytes read so far. */
uint64_t hm_lines_read(const struct hm_lines *l);

/* Waiting */

/* What to poll for. The answer is how long at most, in ms, or -1. */
int hm_lines_prepare(const struct hm_lines *l, struct pollfd *fd);

/* After that poll: read what is there. False if it cannot be read. */
bool hm_lines_ready(struct hm_lines *l, short revents);

/* Whether nothing more will be read, and whether all that was is committed. */
bool hm_lines_ended(const struct hm_lines *l);
bool hm_lines_empty(const struct hm_lines *l);

/* Durable inputs */

bool hm_lines_are_durable(const struct hm_lines *l);

/* Whether lines were committed that are not released. */
bool hm_lines_unreleased(const struct hm_lines *l);

/* Whether so much is not released that the writer will have to wait. */
bool hm_lines_pressed(const struct hm_lines *l);

/* Take what has been committed out of the pipe. False if that fails. */
bool hm_lines_release(struct hm_lines *l);

/* Stopping */

/*
 * Read no more than is waiting at this moment, and then, byte by byte, to the
 * end of the line that has begun: the rest is another reader's.
 */
void hm_lines_stop(struct hm_lines *l);

/* Whether what was to be read after hm_lines_stop has been. */
bool hm_lines_stopped(const struct hm_lines *l);

/*
 * End here, whatever was read and not committed. The answer is how many bytes
 * that loses, which is none if the input is durable.
 */
size_t hm_lines_leave(struct hm_lines *l);

#endif
