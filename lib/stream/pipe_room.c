#include "pipe_room.h"

#include <fcntl.h>
#include <sys/ioctl.h>

size_t
hm_pipe_room(int fd)
{
	int waiting, size;

	if (ioctl(fd, FIONREAD, &waiting) < 0 || waiting != 0)
		return 0;
	size = fcntl(fd, F_GETPIPE_SZ);
	return size > 0 ? (size_t)size / 2 : 0;
}
