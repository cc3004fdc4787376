#ifndef HM_PIPE_ROOM_H
#define HM_PIPE_ROOM_H

#include <stddef.h>

/*
 * How many bytes the pipe of a descriptor takes at once for sure: none of them
 * waits for a reader, and nothing of another writer comes between them. That is
 * half of a pipe that is empty: the other half is for what others write in this
 * moment. 0 if the pipe is not empty, since the system counts its pages, of
 * which any may be filled in part; 0 also for what is no pipe.
 */
size_t hm_pipe_room(int fd);

#endif
