#include "pipe_room.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool
hm_pipe_claim(int fd)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLK, &all) == 0;
}

size_t
hm_pipe_room(int fd)
{
	int waiting, size;

	if (ioctl(fd, FIONREAD, &waiting) < 0 || waiting != 0)
		return 0;
	size = fcntl(fd, F_GETPIPE_SZ);
	return size / 2 >= PIPE_BUF ? (size_t)size / 2 : 0;
}
