#include "line_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/heap.h"
#include "descriptors.h"
#include "pipe_room.h"
#include "record/record.h"

#define SIZE (2 * (HM_LINE_MAX + 1))
#define FILE_CHUNK ((size_t)64 * 1024)

struct hm_line_writer {
	int fd;
	bool is_file; /* or /dev/null; it never blocks */
	bool is_ours; /* see hm_pipe_claim */
	bool nowait;  /* the system may know RWF_NOWAIT for it */
	char *buf;
	size_t start, end;
	void (*save)(void *context);
	void *context;
	size_t unsaved; /* bytes from here on need a call of `save` */
};

/* Linux gives it these numbers for ever. */
static bool
is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

struct hm_line_writer *
hm_line_writer_open(int fd)
{
	struct hm_line_writer *o = calloc(1, sizeof *o);
	struct stat st;

	if (o == NULL)
		return NULL;
	o->fd = fd;
	o->is_file = fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) ||
	    is_null(&st));
	o->is_ours = hm_descriptor_is_pipe(fd) && hm_pipe_claim(fd);
	o->nowait = !o->is_file;
	o->buf = malloc(SIZE);
	if (o->buf != NULL)
		return o;
	free(o);
	return NULL;
}

void
hm_line_writer_free(struct hm_line_writer *o)
{
	if (o == NULL)
		return;
	free(o->buf);
	free(o);
}

size_t
hm_line_writer_pending(const struct hm_line_writer *o)
{
	return o->end - o->start;
}

size_t
hm_line_writer_room(const struct hm_line_writer *o)
{
	return SIZE - hm_line_writer_pending(o);
}

size_t
hm_line_writer_line_max(void)
{
	return SIZE - 1;
}

void
hm_line_writer_trim(struct hm_line_writer *o)
{
	hm_heap_release(o->buf + o->end, SIZE - o->end);
}

static void
move_to_front(struct hm_line_writer *o)
{
	memmove(o->buf, o->buf + o->start, hm_line_writer_pending(o));
	o->end -= o->start;
	o->unsaved -= o->unsaved < o->start ? o->unsaved : o->start;
	o->start = 0;
}

void
hm_line_writer_add(struct hm_line_writer *o, struct hm_slice line)
{
	if (o->end + line.n + 1 > SIZE)
		move_to_front(o);
	memcpy(o->buf + o->end, line.p, line.n);
	o->end += line.n;
	o->buf[o->end++] = '\n';
}

void
hm_line_writer_before_write(struct hm_line_writer *o,
    void (*save)(void *context), void *context)
{
	o->save = save;
	o->context = context;
}

bool
hm_line_writer_saves(const struct hm_line_writer *o)
{
	return o->save != NULL;
}

static enum hm_line_writer_result
result_of_failure(void)
{
	if (errno == EPIPE)
		return HM_LINE_WRITER_BROKEN;
	return errno == EINTR || errno == EAGAIN ? HM_LINE_WRITER_AGAIN :
	    HM_LINE_WRITER_FAILED;
}

/*
 * How many bytes may be written now, 0 if only poll(2) can tell. A pipe that
 * polls as writable takes PIPE_BUF bytes; O_NONBLOCK would affect the processes
 * that share the open file. More than these another writer's lines could cut,
 * but not in a pipe that is ours: there the others write no more than these.
 */
static size_t
chunk(const struct hm_line_writer *o, bool polled)
{
	size_t sure = polled || o->nowait ? PIPE_BUF : 0, room;

	if (o->is_file)
		return FILE_CHUNK;
	if (!o->is_ours ||
	    (sure > 0 && hm_line_writer_pending(o) <= sure))
		return sure;
	room = hm_pipe_room(o->fd);
	return room > sure ? room : sure;
}

/* A line is cut only where a chunk cannot hold it. */
static size_t
lines_within(const struct hm_line_writer *o, size_t most)
{
	size_t n = hm_line_writer_pending(o);
	const char *p = o->buf + o->start, *lf;

	if (n <= most)
		return n;
	lf = memrchr(p, '\n', most);
	return lf != NULL ? (size_t)(lf - p) + 1 : most;
}

static bool
is_unknown(int error)
{
	return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL ||
	    error == EPERM;
}

static ssize_t
write_now(struct hm_line_writer *o, size_t n, bool polled)
{
	struct iovec bytes = {o->buf + o->start, n};
	ssize_t written;

	if (o->nowait) {
		written = pwritev2(o->fd, &bytes, 1, -1, RWF_NOWAIT);
		if (written >= 0 || !is_unknown(errno))
			return written;
		o->nowait = false;
		errno = EAGAIN;
		if (!polled)
			return -1;
	}
	return write(o->fd, bytes.iov_base, n);
}

enum hm_line_writer_result
hm_line_writer_write(struct hm_line_writer *o, bool polled)
{
	size_t n = lines_within(o, chunk(o, polled));
	ssize_t written;

	if (n == 0)
		return HM_LINE_WRITER_AGAIN;
	if (o->save != NULL && o->start + n > o->unsaved) {
		o->save(o->context);
		o->unsaved = o->end;
	}
	written = write_now(o, n, polled);
	if (written < 0)
		return result_of_failure();
	o->start += (size_t)written;
	if (o->start == o->end)
		o->start = o->end = o->unsaved = 0;
	return HM_LINE_WRITER_WRITTEN;
}

struct hm_slice
hm_line_writer_waiting(const struct hm_line_writer *o)
{
	return hm_slice(o->buf + o->start, hm_line_writer_pending(o));
}

void
hm_line_writer_close(struct hm_line_writer *o)
{
	hm_descriptor_close(o->fd, O_RDONLY);
}
