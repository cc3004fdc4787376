#ifndef HM_PEEK_H
#define HM_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A pipe that is looked at with tee(2) and read only later, so that a process
 * that is killed leaves in it what it has not finished. One process at a time
 * may read a pipe in this way.
 */

struct hm_peek;

/*
 * Enlarges the pipe to what takes the longest line twice, where the system
 * lets us. NULL if the descriptor, which is borrowed, is no pipe (errno is
 * ESPIPE), or if the system refuses. Freed by hm_peek_close.
 */
struct hm_peek *hm_peek_open(int fd);
void hm_peek_close(struct hm_peek *peek);

/*
 * Copy bytes that have not been seen yet. Never waits: -1 with EAGAIN if there
 * are none, 0 if there are none and no writer, -1 on an error.
 */
ssize_t hm_peek_read(struct hm_peek *peek, char *buf, size_t size);

/* Take the first n bytes that have been seen out of the pipe. */
bool hm_peek_consume(struct hm_peek *peek, size_t n);

/* Bytes that have been seen and are still in the pipe. */
size_t hm_peek_held(const struct hm_peek *peek);

/*
 * Bytes that may be held without keeping the writer waiting: half of the
 * pipe, for the system counts pages and not all of them are full.
 */
size_t hm_peek_limit(const struct hm_peek *peek);

/* Readable when something has been written since hm_peek_woken. */
int hm_peek_fd(const struct hm_peek *peek);
void hm_peek_woken(struct hm_peek *peek);

/*
 * How long to wait at most, in ms, -1 for no bound: from 5.5 on some kernels
 * tell nobody of a write into a pipe that is not empty (fixed in 5.14).
 */
int hm_peek_patience(const struct hm_peek *peek);

#endif
