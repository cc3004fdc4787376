#include "dtu_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "lock_holder.h"

#define IDLE_MAX 3600 /* seconds */
#define KNOWN_PERIODS 3
#define UNKNOWN_PERIODS 10
#define UNKNOWN_MS 300000 /* a reading of a large plant takes 2 minutes */
#define HOST_MAX 200 /* characters of the host in the name of the file */

const char *
hm_dtu_lock_default_dir(void)
{
	struct stat status;

	/*
	 * All users must use the same directory, or their locks have no effect.
	 */
	return stat("/run/lock", &status) == 0 &&
	    S_ISDIR(status.st_mode) && (status.st_mode & S_IWOTH) != 0 ?
	    "/run/lock" : "/tmp";
}

/*
 * Two hosts may so get the same lock. They take turns, unless the connection to
 * one of them is kept: then the other is not polled.
 */
static char
file_name_character(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	    c == '-' ? c : '_';
}

bool
hm_dtu_lock_init(struct hm_dtu_lock *lock, const char *dir,
    const struct hm_dtu *dtu)
{
	char host[HOST_MAX + 1];
	size_t n = strnlen(dtu->host, HOST_MAX);

	for (size_t i = 0; i < n; i++)
		host[i] = file_name_character(dtu->host[i]);
	host[n] = '\0';
	*lock = (struct hm_dtu_lock){.fd = -1};
	if (asprintf(&lock->path, "%s/hm-poll-%s-%u.lock", dir, host,
	    dtu->port) < 0)
		lock->path = NULL;
	return lock->path != NULL;
}

void
hm_dtu_lock_free(struct hm_dtu_lock *lock)
{
	hm_dtu_lock_release(lock);
	free(lock->path);
	lock->path = NULL;
}

/*
 * The file is always empty, and the umask must not keep other users from it. If
 * this fails, their hm-poll reports it.
 */
static void
open_to_all(int fd)
{
	(void)!fchmod(fd, 0666);
}

/*
 * In two steps: in a world-writable directory Linux may refuse O_CREAT for the
 * file of another user.
 */
static int
open_file(struct hm_dtu_lock *lock)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = open(lock->path, flags);

	lock->created = false;
	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = open(lock->path, flags | O_CREAT | O_EXCL, 0666);
	lock->created = fd >= 0;
	if (fd >= 0)
		open_to_all(fd);
	if (fd >= 0 || errno != EEXIST)
		return fd;
	return open(lock->path, flags);
}

static bool
is_plain_file(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	if (S_ISREG(status.st_mode))
		return true;
	errno = EINVAL;
	return false;
}

static bool
same_moment(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* A release in between starts the time again. */
static void
note_busy(struct hm_dtu_lock *lock)
{
	struct stat status;

	if (fstat(lock->fd, &status) < 0)
		return;
	if (lock->busy_since == 0 ||
	    !same_moment(status.st_mtim, lock->busy.st_mtim))
		lock->busy_since = hm_monotonic_ms();
	lock->busy = status;
}

enum hm_dtu_lock_result
hm_dtu_lock_take(struct hm_dtu_lock *lock)
{
	int error;

	if (lock->fd >= 0)
		return HM_DTU_LOCK_HELD;
	lock->fd = open_file(lock);
	if (lock->fd < 0)
		return HM_DTU_LOCK_FAILED;
	if (is_plain_file(lock->fd) &&
	    flock(lock->fd, LOCK_EX | LOCK_NB) == 0) {
		lock->busy_since = 0;
		return HM_DTU_LOCK_HELD;
	}
	error = errno;
	if (error == EWOULDBLOCK)
		note_busy(lock);
	close(lock->fd);
	lock->fd = -1;
	errno = error;
	return error == EWOULDBLOCK ? HM_DTU_LOCK_BUSY : HM_DTU_LOCK_FAILED;
}

/* The time of the last release by a process that may write to the file. */
static struct timespec
released_at(const struct hm_dtu_lock *lock)
{
	struct stat status;

	if (fstat(lock->fd, &status) < 0)
		return lock->touched;
	return status.st_mtim;
}

int64_t
hm_dtu_lock_idle_ms(const struct hm_dtu_lock *lock)
{
	struct timespec now, then;
	int64_t ms;

	if (lock->fd < 0 || lock->created)
		return -1;
	then = released_at(lock);
	if (same_moment(then, lock->touched))
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	if (then.tv_sec < now.tv_sec - IDLE_MAX || then.tv_sec > now.tv_sec)
		return -1;
	ms = ((int64_t)now.tv_sec - (int64_t)then.tv_sec) * 1000 +
	    (now.tv_nsec - then.tv_nsec) / 1000000;
	return ms >= 0 ? ms : -1;
}

/* Since the last release that is known, by the wall clock. */
static int64_t
unreleased_ms(const struct hm_dtu_lock *lock)
{
	return (hm_clock_now() - (int64_t)lock->busy.st_mtim.tv_sec) * 1000;
}

bool
hm_dtu_lock_is_stuck(const struct hm_dtu_lock *lock, int64_t period_ms,
    struct hm_lock_holder *holder)
{
	int64_t busy = hm_monotonic_ms() - lock->busy_since, known;

	if (lock->busy_since == 0)
		return false;
	known = KNOWN_PERIODS * period_ms;
	if (!hm_lock_holder_find(&lock->busy, holder)) {
		holder->pid = 0;
		return busy >= UNKNOWN_MS &&
		    busy >= UNKNOWN_PERIODS * period_ms;
	}
	if (holder->runs && strcmp(holder->name, "hm-poll") == 0)
		return false;
	/* It had the lock before this process came. */
	if (holder->age_ms >= known && unreleased_ms(lock) >= known)
		return true;
	return busy >= known;
}

void
hm_dtu_lock_touch(struct hm_dtu_lock *lock)
{
	if (lock->fd < 0)
		return;
	futimens(lock->fd, NULL);
	lock->touched = released_at(lock);
}

void
hm_dtu_lock_release(struct hm_dtu_lock *lock)
{
	if (lock->fd < 0)
		return;
	hm_dtu_lock_touch(lock);
	close(lock->fd);
	lock->fd = -1;
}
