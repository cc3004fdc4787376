#ifndef HM_DURABLE_PIPE_H
#define HM_DURABLE_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A pipe that is looked at with tee(2) and read only later, so that a process
 * that is killed leaves in it what it has not finished. One process at a time
 * may read a pipe in this way.
 */

struct hm_durable_pipe;

/*
 * Enlarges the pipe to what takes the longest line twice, where the system
 * lets us. NULL if the descriptor, which is borrowed, is no pipe (errno is
 * ESPIPE), or if the system refuses. Freed by hm_durable_pipe_close.
 */
struct hm_durable_pipe *hm_durable_pipe_open(int fd);
void hm_durable_pipe_close(struct hm_durable_pipe *pipe);

/*
 * Copy bytes that have not been seen yet. Never waits: -1 with EAGAIN if there
 * are none, 0 if there are none and no writer, -1 on an error.
 */
ssize_t hm_durable_pipe_read(struct hm_durable_pipe *pipe, char *buf,
    size_t size);

/* Take the first n bytes that have been seen out of the pipe. */
bool hm_durable_pipe_consume(struct hm_durable_pipe *pipe, size_t n);

/* Bytes that have been seen and are still in the pipe. */
size_t hm_durable_pipe_held(const struct hm_durable_pipe *pipe);

/*
 * Bytes that may be held without keeping the writer waiting: half of the
 * pipe, for the system counts pages and not all of them are full.
 */
size_t hm_durable_pipe_limit(const struct hm_durable_pipe *pipe);

/* Readable when something has been written since hm_durable_pipe_woken. */
int hm_durable_pipe_fd(const struct hm_durable_pipe *pipe);
void hm_durable_pipe_woken(struct hm_durable_pipe *pipe);

/*
 * How long to wait at most, in ms, -1 for no bound: from 5.5 on some kernels
 * tell nobody of a write into a pipe that is not empty (fixed in 5.14).
 */
int hm_durable_pipe_poll_ms(const struct hm_durable_pipe *pipe);

#endif
