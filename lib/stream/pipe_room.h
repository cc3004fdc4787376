#ifndef HM_PIPE_ROOM_H
#define HM_PIPE_ROOM_H

#include <stddef.h>

/*
 * How many bytes the pipe of a descriptor takes at once if no other process
 * writes to it: none of them waits for a reader. That is half of a pipe that
 * is empty. 0 if it is not empty, since the system counts its pages, of which
 * any may be filled in part; 0 also for what is no pipe, and for a small one.
 */
size_t hm_pipe_room(int fd);

#endif
