#ifndef HM_DURABLE_PIPE_H
#define HM_DURABLE_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A pipe whose bytes are copied with tee(2) and removed only later, so that a
 * killed process leaves unfinished bytes in the pipe. Only one process at a
 * time may read a pipe in this way.
 */

struct hm_durable_pipe;

/*
 * Enlarges the pipe to hold the longest line twice, if the system allows it.
 * NULL, with errno, if the descriptor, which is borrowed, is no pipe (ESPIPE),
 * or if the system refuses. Freed by hm_durable_pipe_close.
 */
struct hm_durable_pipe *hm_durable_pipe_open(int fd);
void hm_durable_pipe_close(struct hm_durable_pipe *pipe);

/*
 * Copy new bytes. Never waits: without new bytes it returns -1 with EAGAIN, or
 * 0 if there is no writer; -1 on an error.
 */
ssize_t hm_durable_pipe_read(struct hm_durable_pipe *pipe, char *buf,
    size_t size);

/* Remove the first n copied bytes from the pipe. False if that fails. */
bool hm_durable_pipe_consume(struct hm_durable_pipe *pipe, size_t n);

/* Copied bytes that are still in the pipe. */
size_t hm_durable_pipe_held(const struct hm_durable_pipe *pipe);

/*
 * Bytes that can be held before the writer may have to wait: half of the pipe,
 * because the system counts pages, and not all of them are full.
 */
size_t hm_durable_pipe_limit(const struct hm_durable_pipe *pipe);

/* Readable after a write to the pipe, until hm_durable_pipe_woken. */
int hm_durable_pipe_fd(const struct hm_durable_pipe *pipe);
void hm_durable_pipe_woken(struct hm_durable_pipe *pipe);

/*
 * The longest wait in ms, -1 for no bound: from 5.5 on some kernels do not
 * report a write into a pipe that is not empty (fixed in 5.14).
 */
int hm_durable_pipe_poll_ms(const struct hm_durable_pipe *pipe);

#endif
