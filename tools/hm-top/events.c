#include "events.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define PAUSE_MS 1000
#define PAUSE_MAX_MS 10000
#define CONNECT_MS 5000
#define ANSWER_MS 10000 /* from the connection to the events */
#define BLOCK ((size_t)16 * 1024)

/* Seconds after which a silent connection is tested, and then given up. */
#define KEEP_IDLE 20
#define KEEP_INTERVAL 5
#define KEEP_COUNT 3

bool
hm_events_open(struct hm_events *e)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV};
	int error = getaddrinfo(e->url.host, e->url.port, &hints,
	    &e->addresses);

	e->fd = -1;
	if (error != 0) {
		hm_log(HM_ERROR, "cannot look up %s: %s", e->url.host,
		    gai_strerror(error));
		e->addresses = NULL;
		return false;
	}
	/* With 1.0 the events come as they are, without chunks. */
	snprintf(e->request, sizeof e->request, "GET %s HTTP/1.0\r\n"
	    "Host: %s\r\nAccept: text/event-stream\r\n"
	    "User-Agent: hm-top/%s\r\n\r\n", e->url.path, e->url.authority,
	    HM_VERSION);
	e->pause = PAUSE_MS;
	return true;
}

static void
disconnect(struct hm_events *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	e->connecting = false;
	e->asked = 0;
	hm_sse_reset(&e->sse);
}

void
hm_events_close(struct hm_events *e)
{
	if (e->addresses == NULL)
		return;
	disconnect(e);
	freeaddrinfo(e->addresses);
	e->addresses = NULL;
	hm_sse_free(&e->sse);
}

static bool
fail(struct hm_events *e, int64_t now, const char *why)
{
	snprintf(e->error, sizeof e->error, "no readings from %s: %s",
	    e->url.authority, why);
	disconnect(e);
	/* The other addresses of the host are tried at once. */
	if (e->next != NULL)
		e->next = e->next->ai_next;
	e->retry_at = now;
	if (e->next == NULL) {
		e->retry_at = now + e->pause;
		e->pause = e->pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS :
		    e->pause * 2;
	}
	return false;
}

/* A server that vanishes without a word is noticed. */
static void
keep_alive(int fd)
{
	const int on = 1, idle = KEEP_IDLE, interval = KEEP_INTERVAL;
	const int count = KEEP_COUNT;

	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
	    sizeof interval) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count) < 0)
		hm_log_errno(HM_DEBUG, "cannot watch the connection");
}

static void
connect_next(struct hm_events *e, int64_t now)
{
	const struct addrinfo *to;

	if (e->next == NULL)
		e->next = e->addresses;
	to = e->next;
	e->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, to->ai_protocol);
	if (e->fd < 0) {
		fail(e, now, strerror(errno));
		return;
	}
	keep_alive(e->fd);
	if (connect(e->fd, to->ai_addr, to->ai_addrlen) < 0 &&
	    errno != EINPROGRESS) {
		fail(e, now, strerror(errno));
		return;
	}
	e->connecting = true;
	e->retry_at = now + CONNECT_MS;
}

int
hm_events_prepare(struct hm_events *e, int64_t now, short *events)
{
	if (e->fd < 0 && now >= e->retry_at)
		connect_next(e, now);
	if (e->fd >= 0 && e->sse.state != HM_SSE_BODY && now >= e->retry_at)
		fail(e, now, e->connecting ? "no connection within 5 s" :
		    "no answer within 10 s");
	*events = e->connecting || e->request[e->asked] != '\0' ? POLLOUT :
	    POLLIN;
	if (e->fd >= 0 && e->sse.state == HM_SSE_BODY)
		return -1;
	return e->retry_at > now ? (int)(e->retry_at - now) : 0;
}

static bool
send_request(struct hm_events *e, int64_t now)
{
	size_t left = strlen(e->request + e->asked);
	ssize_t n = send(e->fd, e->request + e->asked, left, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return fail(e, now, strerror(errno));
	e->asked += n > 0 ? (size_t)n : 0;
	return true;
}

static bool
read_events(struct hm_events *e, int64_t now,
    void (*take)(void *context, struct hm_slice event), void *context)
{
	char block[BLOCK];
	ssize_t n = recv(e->fd, block, sizeof block, 0);
	struct hm_slice bytes = hm_slice(block, n > 0 ? (size_t)n : 0), event;
	enum hm_sse_result result;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? true :
		    fail(e, now, strerror(errno));
	if (n == 0)
		return fail(e, now, "the connection was closed");
	while ((result = hm_sse_take(&e->sse, &bytes, &event)) ==
	    HM_SSE_EVENT) {
		e->error[0] = '\0';
		e->pause = PAUSE_MS;
		take(context, event);
	}
	return result == HM_SSE_MORE || fail(e, now, e->sse.error);
}

static bool
finish_connect(struct hm_events *e, int64_t now)
{
	int error = 0;
	socklen_t n = sizeof error;

	if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	if (error != 0)
		return fail(e, now, strerror(error));
	e->connecting = false;
	e->retry_at = now + ANSWER_MS;
	return true;
}

bool
hm_events_ready(struct hm_events *e, int64_t now,
    void (*take)(void *context, struct hm_slice event), void *context)
{
	if (e->fd < 0)
		return false;
	if (e->connecting && !finish_connect(e, now))
		return false;
	if (e->request[e->asked] != '\0')
		return send_request(e, now);
	return read_events(e, now, take, context);
}
