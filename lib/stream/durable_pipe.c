#include "durable_pipe.h"

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

struct hm_durable_pipe {
	int fd;
	int copy[2]; /* a pipe, the target of tee(2) */
	int nowhere; /* /dev/null */
	int epoll;   /* edge triggered: held bytes keep the pipe readable */
	size_t held, size;
};

/* Returns the new size: the system limits pipes of ordinary users. */
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
open_all(struct hm_durable_pipe *pipe)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	size_t size = grow(pipe->fd);

	if (pipe2(pipe->copy, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	pipe->size = grow(pipe->copy[0]);
	if (size < pipe->size)
		pipe->size = size;
	pipe->nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pipe->epoll = epoll_create1(EPOLL_CLOEXEC);
	return pipe->size > 0 && pipe->nowhere >= 0 && pipe->epoll >= 0 &&
	    epoll_ctl(pipe->epoll, EPOLL_CTL_ADD, pipe->fd, &event) == 0;
}

struct hm_durable_pipe *
hm_durable_pipe_open(int fd)
{
	struct hm_durable_pipe *pipe;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISFIFO(st.st_mode)) {
		errno = ESPIPE;
		return NULL;
	}
	pipe = malloc(sizeof *pipe);
	if (pipe == NULL)
		return NULL;
	*pipe = (struct hm_durable_pipe){.fd = fd, .copy = {-1, -1},
	    .nowhere = -1, .epoll = -1};
	if (open_all(pipe))
		return pipe;
	hm_durable_pipe_close(pipe);
	return NULL;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
hm_durable_pipe_close(struct hm_durable_pipe *pipe)
{
	int error = errno;

	if (pipe != NULL) {
		close_if_open(pipe->copy[0]);
		close_if_open(pipe->copy[1]);
		close_if_open(pipe->nowhere);
		close_if_open(pipe->epoll);
	}
	free(pipe);
	errno = error;
}

/* Discard n bytes that are in a pipe. */
static bool
discard(const struct hm_durable_pipe *pipe, int fd, size_t n)
{
	while (n > 0) {
		ssize_t gone = splice(fd, NULL, pipe->nowhere, NULL, n, 0);

		if (gone < 0 && errno == EINTR)
			continue;
		if (gone <= 0)
			return false;
		n -= (size_t)gone;
	}
	return true;
}

static bool
has_writer(const struct hm_durable_pipe *pipe)
{
	struct pollfd fd = {.fd = pipe->fd, .events = POLLIN};

	return poll(&fd, 1, 0) < 0 || (fd.revents & POLLHUP) == 0;
}

/* Read the new bytes of a copy, which begins with the held bytes. */
static ssize_t
read_copy(struct hm_durable_pipe *pipe, char *buf, size_t copied, bool ended)
{
	size_t seen = copied < pipe->held ? copied : pipe->held;
	ssize_t n;

	if (!discard(pipe, pipe->copy[0], seen))
		return -1;
	if (copied == seen) {
		errno = EAGAIN;
		return ended ? 0 : -1;
	}
	n = read(pipe->copy[0], buf, copied - seen);
	if (n > 0)
		pipe->held += (size_t)n;
	return n;
}

ssize_t
hm_durable_pipe_read(struct hm_durable_pipe *pipe, char *buf, size_t size)
{
	/* Before the copy: after it a writer may add bytes and end. */
	bool ended = !has_writer(pipe);
	ssize_t copied = tee(pipe->fd, pipe->copy[1], pipe->held + size,
	    SPLICE_F_NONBLOCK);

	return copied > 0 ? read_copy(pipe, buf, (size_t)copied, ended) :
	    copied;
}

bool
hm_durable_pipe_consume(struct hm_durable_pipe *pipe, size_t n)
{
	if (n > pipe->held || !discard(pipe, pipe->fd, n))
		return false;
	pipe->held -= n;
	return true;
}

size_t
hm_durable_pipe_held(const struct hm_durable_pipe *pipe)
{
	return pipe->held;
}

size_t
hm_durable_pipe_limit(const struct hm_durable_pipe *pipe)
{
	return pipe->size / 2;
}

int
hm_durable_pipe_fd(const struct hm_durable_pipe *pipe)
{
	return pipe->epoll;
}

void
hm_durable_pipe_woken(struct hm_durable_pipe *pipe)
{
	struct epoll_event event;

	/* Whether there was an event does not matter: the pipe is read. */
	if (epoll_wait(pipe->epoll, &event, 1, 0) < 0)
		return;
}

int
hm_durable_pipe_poll_ms(const struct hm_durable_pipe *pipe)
{
	return pipe->held > 0 ? LOOK_AGAIN_MS : -1;
}
