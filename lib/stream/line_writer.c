#include "line_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "record/record.h"

#define SIZE (2 * (HM_LINE_MAX + 1))
#define FILE_CHUNK ((size_t)64 * 1024)

struct hm_line_writer {
	int fd;
	size_t chunk; /* bytes to write at once */
	char *buf;
	size_t start, end;
	void (*save)(void *context);
	void *context;
	size_t unsaved; /* bytes from here on need a call of `save` */
};

/*
 * A pipe that polls as writable takes PIPE_BUF bytes without blocking.
 * O_NONBLOCK would affect the processes that share the open file. Files never
 * block.
 */
static size_t
chunk_for(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return FILE_CHUNK;
	return PIPE_BUF;
}

struct hm_line_writer *
hm_line_writer_open(int fd)
{
	struct hm_line_writer *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	o->fd = fd;
	o->chunk = chunk_for(fd);
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

static enum hm_line_writer_result
result_of_failure(void)
{
	if (errno == EPIPE)
		return HM_LINE_WRITER_BROKEN;
	return errno == EINTR || errno == EAGAIN ? HM_LINE_WRITER_AGAIN :
	    HM_LINE_WRITER_FAILED;
}

/* A line is cut only where a chunk cannot hold it. */
static size_t
next_chunk(const struct hm_line_writer *o)
{
	size_t n = hm_line_writer_pending(o);
	const char *p = o->buf + o->start, *lf;

	if (n <= o->chunk)
		return n;
	lf = memrchr(p, '\n', o->chunk);
	return lf != NULL ? (size_t)(lf - p) + 1 : o->chunk;
}

enum hm_line_writer_result
hm_line_writer_write(struct hm_line_writer *o)
{
	size_t n = next_chunk(o);
	ssize_t written;

	if (o->save != NULL && o->start + n > o->unsaved) {
		o->save(o->context);
		o->unsaved = o->end;
	}
	written = write(o->fd, o->buf + o->start, n);
	if (written < 0)
		return result_of_failure();
	o->start += (size_t)written;
	if (o->start == o->end)
		o->start = o->end = o->unsaved = 0;
	return HM_LINE_WRITER_WRITTEN;
}

void
hm_line_writer_close(struct hm_line_writer *o)
{
	hm_descriptor_close(o->fd, O_RDONLY);
}
