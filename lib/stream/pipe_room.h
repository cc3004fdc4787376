#ifndef HM_PIPE_ROOM_H
#define HM_PIPE_ROOM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Several processes may write to a pipe. Only one of them can claim it, until
 * it ends, by an advisory lock: it may write more than PIPE_BUF bytes at once,
 * the others may not. False if another process has claimed it, and where pipes
 * have no locks.
 */
bool hm_pipe_claim(int fd);

/*
 * How many bytes the pipe of a descriptor takes at once from the process that
 * has claimed it: none of them waits for a reader. That is half of a pipe that
 * is empty; the rest is for the others. 0 if it is not empty, since the system
 * counts its pages, of which any may be filled in part; 0 also for what is no
 * pipe, and for a small one.
 */
size_t hm_pipe_room(int fd);

#endif
