#include "ship_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

static bool
fail(struct hm_ship_lock *lock, const char *why)
{
	snprintf(lock->why, sizeof lock->why, "%s", why);
	hm_ship_unlock(lock);
	return false;
}

/* A file that was there stays as it is: it may be a link to any other. */
static int
make_file(const char *path, const struct stat *database)
{
	int fd = open(path, FLAGS | O_CREAT | O_EXCL, 0600), error;

	if (fd < 0 || geteuid() != 0 ||
	    fchown(fd, database->st_uid, database->st_gid) == 0)
		return fd;
	error = errno;
	unlink(path);
	close(fd);
	errno = error;
	return -1;
}

static int
open_file(const char *path, const struct stat *database)
{
	int fd = open(path, FLAGS);

	if (fd < 0 && errno == ENOENT)
		fd = make_file(path, database);
	/* Another hm-ship has just made it. */
	if (fd < 0 && errno == EEXIST)
		fd = open(path, FLAGS);
	return fd;
}

bool
hm_ship_lock(const char *database, const char *name, struct hm_ship_lock *lock)
{
	char path[PATH_MAX];
	struct stat status;
	int n = snprintf(path, sizeof path, "%s.ship-%s", database, name);

	lock->fd = -1;
	if (n < 0 || (size_t)n >= sizeof path)
		return fail(lock, "the name of the database is too long for "
		    "that of a lock");
	if (stat(database, &status) < 0)
		return fail(lock, "there is no such database; hm-store makes "
		    "it");
	lock->fd = open_file(path, &status);
	if (lock->fd >= 0 && flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
		return fail(lock, "another hm-ship ships to it");
	snprintf(lock->why, sizeof lock->why, "cannot lock %.400s: %s", path,
	    strerror(errno));
	hm_ship_unlock(lock);
	return false;
}

void
hm_ship_unlock(struct hm_ship_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
