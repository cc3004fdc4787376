#include "peek.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/record.h"

#define PIPE_SIZE (4 * HM_LINE_MAX)
#define LOOK_AGAIN_MS 1000

struct hm_peek {
	int fd;
	int copy[2]; /* a pipe that takes what tee(2) copies */
	int nowhere; /* /dev/null */
	int epoll;   /* edge triggered: the pipe is readable all the time */
	size_t held, size;
};

/* As far as the system lets us: an ordinary user has bounds. */
static size_t
grow(int fd)
{
	int now = fcntl(fd, F_GETPIPE_SZ), size;

	for (size = (int)PIPE_SIZE; size > now; size /= 2)
		if (fcntl(fd, F_SETPIPE_SZ, size) >= 0)
			return (size_t)size;
	return now > 0 ? (size_t)now : 0;
}

static bool
open_all(struct hm_peek *peek)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	size_t size = grow(peek->fd);

	if (pipe2(peek->copy, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	peek->size = grow(peek->copy[0]);
	if (size < peek->size)
		peek->size = size;
	peek->nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	peek->epoll = epoll_create1(EPOLL_CLOEXEC);
	return peek->size > 0 && peek->nowhere >= 0 && peek->epoll >= 0 &&
	    epoll_ctl(peek->epoll, EPOLL_CTL_ADD, peek->fd, &event) == 0;
}

struct hm_peek *
hm_peek_open(int fd)
{
	struct hm_peek *peek;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISFIFO(st.st_mode)) {
		errno = ESPIPE;
		return NULL;
	}
	peek = malloc(sizeof *peek);
	if (peek == NULL)
		return NULL;
	*peek = (struct hm_peek){.fd = fd, .copy = {-1, -1}, .nowhere = -1,
	    .epoll = -1};
	if (open_all(peek))
		return peek;
	hm_peek_close(peek);
	return NULL;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
hm_peek_close(struct hm_peek *peek)
{
	int error = errno;

	if (peek != NULL) {
		close_if_open(peek->copy[0]);
		close_if_open(peek->copy[1]);
		close_if_open(peek->nowhere);
		close_if_open(peek->epoll);
	}
	free(peek);
	errno = error;
}

/* Throw n bytes away that are there. */
static bool
discard(const struct hm_peek *peek, int fd, size_t n)
{
	while (n > 0) {
		ssize_t gone = splice(fd, NULL, peek->nowhere, NULL, n, 0);

		if (gone < 0 && errno == EINTR)
			continue;
		if (gone <= 0)
			return false;
		n -= (size_t)gone;
	}
	return true;
}

static bool
has_writer(const struct hm_peek *peek)
{
	struct pollfd fd = {.fd = peek->fd, .events = POLLIN};

	return poll(&fd, 1, 0) < 0 || (fd.revents & POLLHUP) == 0;
}

/* Read what was copied behind what had been seen before. */
static ssize_t
read_copy(struct hm_peek *peek, char *buf, size_t copied, bool ended)
{
	size_t seen = copied < peek->held ? copied : peek->held;
	ssize_t n;

	if (!discard(peek, peek->copy[0], seen))
		return -1;
	if (copied == seen) {
		errno = EAGAIN;
		return ended ? 0 : -1;
	}
	n = read(peek->copy[0], buf, copied - seen);
	if (n > 0)
		peek->held += (size_t)n;
	return n;
}

ssize_t
hm_peek_read(struct hm_peek *peek, char *buf, size_t size)
{
	/* Asked before: a writer may add something, and end, in between. */
	bool ended = !has_writer(peek);
	ssize_t copied = tee(peek->fd, peek->copy[1], peek->held + size,
	    SPLICE_F_NONBLOCK);

	return copied > 0 ? read_copy(peek, buf, (size_t)copied, ended) :
	    copied;
}

bool
hm_peek_consume(struct hm_peek *peek, size_t n)
{
	if (n > peek->held || !discard(peek, peek->fd, n))
		return false;
	peek->held -= n;
	return true;
}

size_t
hm_peek_held(const struct hm_peek *peek)
{
	return peek->held;
}

size_t
hm_peek_limit(const struct hm_peek *peek)
{
	return peek->size / 2;
}

int
hm_peek_fd(const struct hm_peek *peek)
{
	return peek->epoll;
}

void
hm_peek_woken(struct hm_peek *peek)
{
	struct epoll_event event;

	/* Whether there was one does not matter: the pipe is looked at. */
	if (epoll_wait(peek->epoll, &event, 1, 0) < 0)
		return;
}

int
hm_peek_patience(const struct hm_peek *peek)
{
	return peek->held > 0 ? LOOK_AGAIN_MS : -1;
}
