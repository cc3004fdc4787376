#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/record.h"

#define SIZE (2 * (HM_LINE_MAX + 1))
#define FILE_CHUNK ((size_t)64 * 1024)

struct hm_output {
	int fd;
	size_t chunk; /* bytes to write at once */
	char *buf;
	size_t start, end;
	void (*save)(void *context);
	void *context;
	size_t unsaved; /* from here on `save` is still to be called */
};

/*
 * A pipe that polls as writable takes PIPE_BUF bytes without blocking, and
 * O_NONBLOCK is not ours to set: the open file is shared. Files never block.
 */
static size_t
chunk_for(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return FILE_CHUNK;
	return PIPE_BUF;
}

struct hm_output *
hm_output_open(int fd)
{
	struct hm_output *o = calloc(1, sizeof *o);

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
hm_output_free(struct hm_output *o)
{
	if (o == NULL)
		return;
	free(o->buf);
	free(o);
}

size_t
hm_output_pending(const struct hm_output *o)
{
	return o->end - o->start;
}

size_t
hm_output_room(const struct hm_output *o)
{
	return SIZE - hm_output_pending(o);
}

size_t
hm_output_line_max(void)
{
	return SIZE - 1;
}

static void
move_to_front(struct hm_output *o)
{
	memmove(o->buf, o->buf + o->start, hm_output_pending(o));
	o->end -= o->start;
	o->unsaved -= o->unsaved < o->start ? o->unsaved : o->start;
	o->start = 0;
}

void
hm_output_add(struct hm_output *o, struct hm_slice line)
{
	if (o->end + line.n + 1 > SIZE)
		move_to_front(o);
	memcpy(o->buf + o->end, line.p, line.n);
	o->end += line.n;
	o->buf[o->end++] = '\n';
}

void
hm_output_before_write(struct hm_output *o, void (*save)(void *context),
    void *context)
{
	o->save = save;
	o->context = context;
}

static enum hm_output_result
result_of_failure(void)
{
	if (errno == EPIPE)
		return HM_OUTPUT_BROKEN;
	return errno == EINTR || errno == EAGAIN ? HM_OUTPUT_AGAIN :
	    HM_OUTPUT_FAILED;
}

/* A line is cut only where a chunk cannot hold it. */
static size_t
next_chunk(const struct hm_output *o)
{
	size_t n = hm_output_pending(o);
	const char *p = o->buf + o->start, *lf;

	if (n <= o->chunk)
		return n;
	lf = memrchr(p, '\n', o->chunk);
	return lf != NULL ? (size_t)(lf - p) + 1 : o->chunk;
}

enum hm_output_result
hm_output_write(struct hm_output *o)
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
	return HM_OUTPUT_WRITTEN;
}

void
hm_output_close(struct hm_output *o)
{
	int none = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (none < 0)
		return;
	dup2(none, o->fd);
	close(none);
}
