#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "control_journal_private.h"
#include "record/record.h"
#include "stream/line_reader.h"

#define ROTATE_MIN ((size_t)256 * 1024)
#define PATH_SIZE ((size_t)4096)
#define OPEN_TRIES 10

/* Whether the path still leads to the open file. */
static bool
is_current(const char *path, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A rename or a creation is on the disk once its directory is. */
static bool
sync_directory(const char *path)
{
	char dir[PATH_SIZE];
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);
	bool good;
	int fd;

	snprintf(dir, sizeof dir, "%.*s", n == 0 ? 1 : (int)n,
	    slash == NULL ? "." : path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = fsync(fd) == 0;
	return close(fd) == 0 && good;
}

/* The file may be renamed between open and flock. */
static int
open_locked(const char *path)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC |
		    O_NOFOLLOW | O_NONBLOCK, 0600);
		int error;

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		    is_current(path, fd))
			return fd;
		error = errno;
		close(fd);
		errno = error;
		if (error == EWOULDBLOCK)
			return -1;
	}
	return -1;
}

static void
take_line(struct hm_control_journal *j, struct hm_slice line)
{
	struct hm_record record;
	struct hm_fault fault;

	/* A line that a crash has cut is no record. */
	if (hm_record_parse(&record, line, &fault))
		hm_control_journal_take(j, &record);
}

static bool
read_file(struct hm_control_journal *j)
{
	struct hm_line_reader *l = hm_line_reader_open(j->fd, false);
	bool good = true;

	if (l == NULL)
		return false;
	while (good && !hm_line_reader_ended(l)) {
		struct hm_slice line;
		enum hm_line_kind kind;

		good = hm_line_reader_ready(l, POLLIN);
		while ((kind = hm_line_reader_next(l, &line)) !=
		    HM_LINE_NONE) {
			if (kind == HM_LINE_GOOD)
				take_line(j, line);
			hm_line_reader_commit(l);
		}
	}
	hm_line_reader_close(l);
	return good;
}

/* End a line that a crash has cut. */
static bool
end_last_line(struct hm_control_journal *j)
{
	char last = '\n';

	if (j->size > 0 && pread(j->fd, &last, 1, (off_t)j->size - 1) != 1)
		return false;
	if (last == '\n')
		return true;
	j->size++;
	return write(j->fd, "\n", 1) == 1;
}

bool
hm_control_journal_open_file(struct hm_control_journal *j)
{
	struct stat status;

	j->rotate = ROTATE_MIN;
	j->fd = open_locked(j->path);
	if (j->fd < 0 || fstat(j->fd, &status) < 0)
		return false;
	if (!S_ISREG(status.st_mode)) {
		errno = EINVAL;
		return false;
	}
	j->size = (size_t)status.st_size;
	return read_file(j) && end_last_line(j) && fsync(j->fd) == 0 &&
	    sync_directory(j->path);
}

/* Writing */

static bool
write_record(int fd, const struct hm_json *e, size_t *size)
{
	char buf[HM_CONTROL_LINE + 1];
	struct hm_slice line;
	ssize_t n;

	if (!hm_json_done(e, &line) || line.n >= sizeof buf) {
		errno = EMSGSIZE;
		return false;
	}
	memcpy(buf, line.p, line.n);
	buf[line.n] = '\n';
	n = write(fd, buf, line.n + 1);
	if (n < 0)
		return false;
	if ((size_t)n == line.n + 1) {
		*size += (size_t)n;
		return true;
	}
	errno = ENOSPC;
	return false;
}

static bool
write_all(struct hm_control_journal *j, int fd, size_t *size)
{
	bool empty;

	for (size_t step = 0;; step++) {
		char buf[HM_CONTROL_LINE];
		struct hm_json e;

		hm_json_start(&e, buf, sizeof buf);
		if (!hm_control_journal_write(j, step, &e, &empty))
			return true;
		if (!empty && !write_record(fd, &e, size))
			return false;
	}
}

/* The new file is locked before it takes the place of the old one. */
static bool
rotate(struct hm_control_journal *j)
{
	char path[PATH_SIZE];
	size_t size = 0;
	int fd;

	if (snprintf(path, sizeof path, "%s.new", j->path) >=
	    (int)sizeof path)
		return false;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !write_all(j, fd, &size) ||
	    fsync(fd) < 0 || rename(path, j->path) < 0) {
		unlink(path);
		close(fd);
		return false;
	}
	close(j->fd);
	j->fd = fd;
	j->size = size;
	j->rotate = 2 * size > ROTATE_MIN ? 2 * size : ROTATE_MIN;
	return sync_directory(j->path);
}

bool
hm_control_journal_append(struct hm_control_journal *j,
    const struct hm_json *e, bool safe)
{
	size_t before = j->size;

	if (!write_record(j->fd, e, &j->size)) {
		int error = errno;

		/* If this fails, too, the next start ends the torn line. */
		if (ftruncate(j->fd, (off_t)before) < 0)
			j->size = before;
		errno = error;
		return false;
	}
	if (safe && fdatasync(j->fd) < 0)
		return false;
	/* A file that cannot be rewritten yet grows. */
	if (j->size >= j->rotate && !rotate(j))
		j->rotate += ROTATE_MIN;
	return true;
}
