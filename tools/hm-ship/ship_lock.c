#include "ship_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

const char *
hm_ship_lock(const char *database, const char *name, int *fd)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s.ship-%s", database, name);
	int error;

	*fd = -1;
	if (n < 0 || (size_t)n >= sizeof path)
		return "the name of the database is too long for that of a "
		    "lock";
	if (access(database, F_OK) < 0)
		return "there is no such database; hm-store makes it";
	*fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC, 0600);
	if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return NULL;
	error = errno;
	hm_ship_unlock(*fd);
	*fd = -1;
	return error == EWOULDBLOCK ? "another hm-ship ships to it" :
	    strerror(error);
}

void
hm_ship_unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}
