#include "line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/heap.h"
#include "descriptors.h"
#include "durable_pipe.h"

#define SIZE (HM_LINE_MAX + (size_t)64 * 1024)

/*
 * The content of the buffer, and of the pipe of a durable input:
 *
 *   buffer         | given |  read, scanned for an LF  |
 *                start                                end
 *   pipe    | done | given |  read                     |  not seen yet  |
 *           |<---- hm_durable_pipe_held() bytes ------>|
 *
 * Of a line that the pipe cannot hold, the first `loose` bytes of the buffer
 * are no longer in the pipe.
 */
struct hm_line_reader {
	int fd;
	char *buf;
	size_t start, end;
	size_t scanned; /* bytes from start that hold no LF */
	size_t given;   /* bytes of the current line, LF included */
	size_t skipped; /* bytes dropped of an overlong line */
	uint64_t total; /* bytes read so far */
	uint64_t number;
	bool ended;

	bool stopping;
	size_t to_drain; /* bytes still to be read after hm_line_reader_stop */

	struct hm_durable_pipe *pipe; /* NULL: not durable */
	bool unseen;          /* the pipe may hold more than was seen */
	size_t done;          /* committed, and still in the pipe */
	size_t loose;         /* not committed, and no longer in the pipe */
};

struct hm_line_reader *
hm_line_reader_open(int fd, bool durable)
{
	struct hm_line_reader *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->fd = fd;
	l->buf = malloc(SIZE);
	if (durable)
		l->pipe = hm_durable_pipe_open(fd);
	l->unseen = l->pipe != NULL;
	/* An input that is not a pipe, or not open, is not durable. */
	if (l->buf != NULL && (l->pipe != NULL || !durable ||
	    errno == ESPIPE || errno == EBADF))
		return l;
	hm_line_reader_close(l);
	return NULL;
}

void
hm_line_reader_close(struct hm_line_reader *l)
{
	if (l == NULL)
		return;
	hm_durable_pipe_close(l->pipe);
	free(l->buf);
	free(l);
}

uint64_t
hm_line_reader_number(const struct hm_line_reader *l)
{
	return l->number;
}

uint64_t
hm_line_reader_read(const struct hm_line_reader *l)
{
	return l->total;
}

bool
hm_line_reader_ended(const struct hm_line_reader *l)
{
	return l->ended;
}

bool
hm_line_reader_empty(const struct hm_line_reader *l)
{
	return l->start == l->end && l->skipped == 0;
}

void
hm_line_reader_trim(struct hm_line_reader *l)
{
	hm_heap_release(l->buf + l->end, SIZE - l->end);
}

/* Lines */

void
hm_line_reader_commit(struct hm_line_reader *l)
{
	size_t loose = l->given < l->loose ? l->given : l->loose;

	if (l->pipe != NULL) {
		l->loose -= loose;
		l->done += l->given - loose;
	}
	l->start += l->given;
	l->given = l->scanned = 0;
	if (l->start == l->end)
		l->start = l->end = 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A line that does not begin and end as an object does was cut. */
static bool
is_torn(const struct hm_line_reader *l, const char *p, size_t n)
{
	while (n > 0 && is_blank(p[n - 1]))
		n--;
	while (n > 0 && is_blank(*p)) {
		p++;
		n--;
	}
	return l->pipe != NULL && n > 0 && (p[0] != '{' || p[n - 1] != '}');
}

/* The kind of the line of n bytes at start; an empty line is HM_LINE_NONE. */
static enum hm_line_kind
kind_of(struct hm_line_reader *l, size_t n, struct hm_slice *line)
{
	const char *p = l->buf + l->start;
	size_t length = n + l->skipped;

	l->number++;
	l->skipped = 0;
	*line = hm_slice(p, length);
	if (length > HM_LINE_MAX)
		return HM_LINE_LONG;
	if (n == 0 || (n == 1 && p[0] == '\r'))
		return HM_LINE_NONE;
	if (memchr(p, '\0', n) != NULL)
		return HM_LINE_NUL;
	return is_torn(l, p, n) ? HM_LINE_TORN : HM_LINE_GOOD;
}

/* An overlong line takes no more memory than others. */
static void
skip_overlong(struct hm_line_reader *l, size_t have)
{
	l->scanned = have;
	if (have <= HM_LINE_MAX)
		return;
	l->skipped += have;
	l->given = have;
	hm_line_reader_commit(l);
}

enum hm_line_kind
hm_line_reader_next(struct hm_line_reader *l, struct hm_slice *line)
{
	while (l->start < l->end || l->skipped > 0) {
		size_t have = l->end - l->start, n;
		const char *lf = memchr(l->buf + l->start + l->scanned, '\n',
		    have - l->scanned);
		enum hm_line_kind kind;

		if (lf == NULL && !l->ended) {
			skip_overlong(l, have);
			return HM_LINE_NONE;
		}
		n = lf != NULL ? (size_t)(lf - (l->buf + l->start)) : have;
		l->given = n + (lf != NULL);
		kind = kind_of(l, n, line);
		if (kind != HM_LINE_NONE)
			return kind;
		hm_line_reader_commit(l);
	}
	return HM_LINE_NONE;
}

/* Reading */

/* Bytes to read at once: after hm_line_reader_stop at most l->to_drain. */
static size_t
read_size(const struct hm_line_reader *l)
{
	size_t room = SIZE - l->end;

	if (!l->stopping)
		return room;
	if (l->to_drain > 0)
		return l->to_drain < room ? l->to_drain : room;
	return 1; /* to the end of the line; the rest is for a successor */
}

/* A line longer than the pipe must be removed before it is complete. */
static bool
is_choked(const struct hm_line_reader *l)
{
	return l->pipe != NULL && l->done == 0 &&
	    l->end - l->start - l->loose >= hm_durable_pipe_limit(l->pipe);
}

static ssize_t
look(struct hm_line_reader *l)
{
	ssize_t n;

	if (is_choked(l)) {
		if (!hm_durable_pipe_consume(l->pipe,
		    hm_durable_pipe_held(l->pipe)))
			return -1;
		l->loose = l->end - l->start;
	}
	n = hm_durable_pipe_read(l->pipe, l->buf + l->end, read_size(l));
	l->unseen = n > 0;
	return n;
}

static void
make_room(struct hm_line_reader *l)
{
	if (l->start == 0 || l->end < SIZE)
		return;
	memmove(l->buf, l->buf + l->start, l->end - l->start);
	l->end -= l->start;
	l->start = 0;
}

static bool
fill(struct hm_line_reader *l)
{
	ssize_t n;

	make_room(l);
	n = l->pipe != NULL ? look(l) :
	    read(l->fd, l->buf + l->end, read_size(l));
	if (n > 0) {
		l->end += (size_t)n;
		l->total += (size_t)n;
		if (l->to_drain > 0)
			l->to_drain -= (size_t)n;
	} else if (n == 0) {
		l->ended = true;
	} else if (errno != EINTR && errno != EAGAIN) {
		l->ended = true;
		return false;
	}
	return true;
}

int
hm_line_reader_prepare(const struct hm_line_reader *l, struct pollfd *fd)
{
	fd->fd = l->fd;
	fd->events = POLLIN;
	if (l->pipe == NULL)
		return -1;
	fd->fd = hm_durable_pipe_fd(l->pipe);
	return l->unseen || is_choked(l) ? 0 : hm_durable_pipe_poll_ms(l->pipe);
}

bool
hm_line_reader_ready(struct hm_line_reader *l, short revents)
{
	if (l->pipe == NULL)
		return revents == 0 || fill(l);
	if (revents != 0)
		hm_durable_pipe_woken(l->pipe);
	return fill(l);
}

/* Durable inputs */

bool
hm_line_reader_are_durable(const struct hm_line_reader *l)
{
	return l->pipe != NULL;
}

bool
hm_line_reader_unreleased(const struct hm_line_reader *l)
{
	return l->done > 0;
}

bool
hm_line_reader_pressed(const struct hm_line_reader *l)
{
	return l->done > 0 && hm_durable_pipe_held(l->pipe) >=
	    hm_durable_pipe_limit(l->pipe);
}

bool
hm_line_reader_release(struct hm_line_reader *l)
{
	size_t done = l->done;

	l->done = 0;
	return done == 0 || hm_durable_pipe_consume(l->pipe, done);
}

/* Stopping */

static size_t
bytes_waiting(int fd)
{
	struct stat st;
	int n;

	/* The rest of a file is not read after a stop. */
	if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode) ||
	    ioctl(fd, FIONREAD, &n) < 0 || n < 0)
		return 0;
	return (size_t)n;
}

void
hm_line_reader_stop(struct hm_line_reader *l)
{
	l->stopping = true;
	l->to_drain = bytes_waiting(l->fd);
}

bool
hm_line_reader_stopped(const struct hm_line_reader *l)
{
	return l->stopping && l->to_drain == 0;
}

size_t
hm_line_reader_leave(struct hm_line_reader *l)
{
	size_t lost = l->pipe == NULL ? l->end - l->start : l->loose;

	l->start = l->end = l->given = l->scanned = l->skipped = 0;
	l->ended = true;
	return lost;
}

void
hm_line_reader_give_up(struct hm_line_reader *l)
{
	if (l->pipe != NULL)
		return;
	hm_line_reader_leave(l);
	hm_descriptor_close(l->fd, O_WRONLY);
}
