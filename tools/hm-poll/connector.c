#include "connector.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A name server can send thousands of addresses; those that fail at once are
 * tried in one turn of the loop.
 */
#define ADDRESSES_MAX 16

enum state {
	IDLE,
	RESOLVING,
	CONNECTING,
};

struct hm_connector {
	struct hm_connector_options options;
	void *context;
	enum state state;
	struct hm_resolve_query *lookup;
	struct addrinfo *addresses, *address; /* address: being tried */
	int tried; /* addresses */
	int fd;
	ev_io io;
	ev_timer timer;
};

static void on_io(struct ev_loop *loop, ev_io *io, int events);
static void on_timer(struct ev_loop *loop, ev_timer *timer, int events);

struct hm_connector *
hm_connector_new(const struct hm_connector_options *options, void *context)
{
	struct hm_connector *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->options = *options;
	c->context = context;
	c->fd = -1;
	ev_init(&c->timer, on_timer);
	ev_init(&c->io, on_io);
	c->timer.data = c->io.data = c;
	return c;
}

void
hm_connector_free(struct hm_connector *c)
{
	if (c == NULL)
		return;
	hm_connector_cancel(c);
	free(c);
}

static void
close_socket(struct hm_connector *c)
{
	ev_io_stop(c->options.loop, &c->io);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void
hm_connector_cancel(struct hm_connector *c)
{
	ev_timer_stop(c->options.loop, &c->timer);
	close_socket(c);
	hm_resolve_cancel(c->lookup);
	c->lookup = NULL;
	if (c->addresses != NULL)
		freeaddrinfo(c->addresses);
	c->addresses = c->address = NULL;
	c->state = IDLE;
}

static void
finish(struct hm_connector *c, const struct hm_connect_result *result)
{
	hm_connector_cancel(c);
	c->options.done(c->context, result);
}

static void
fail(struct hm_connector *c, enum hm_poll_error error, const char *text)
{
	const struct hm_connect_result result = {-1, error, text, false};

	finish(c, &result);
}

static void
fail_with_errno(struct hm_connector *c, int error)
{
	const struct hm_connect_result result = {
	    .fd = -1,
	    .error = error == ECONNREFUSED ? HM_ERR_REFUSED :
	        HM_ERR_UNREACHABLE,
	    .text = strerror(error),
	    .no_descriptor = error == EMFILE || error == ENFILE,
	};

	finish(c, &result);
}

static void
succeed(struct hm_connector *c)
{
	const struct hm_connect_result result = {c->fd, HM_ERR_NONE, "", false};

	ev_io_stop(c->options.loop, &c->io);
	c->fd = -1;
	finish(c, &result);
}

static void
set_timer(struct hm_connector *c)
{
	ev_timer_stop(c->options.loop, &c->timer);
	/* The loop's time is old if a write to stdout has blocked. */
	ev_now_update(c->options.loop);
	ev_timer_set(&c->timer, (double)c->options.timeout_ms / 1000, 0);
	ev_timer_start(c->options.loop, &c->timer);
}

/* 0: connected or under way; otherwise an errno. */
static int
try_address(struct hm_connector *c)
{
	c->fd = socket(c->address->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return errno;
	if (connect(c->fd, c->address->ai_addr, c->address->ai_addrlen) < 0 &&
	    errno != EINPROGRESS)
		return errno;
	c->state = CONNECTING;
	ev_io_set(&c->io, c->fd, EV_WRITE);
	ev_io_start(c->options.loop, &c->io);
	return 0;
}

/* Try addresses from c->address on; `error` is that of the previous one. */
static void
try_addresses(struct hm_connector *c, int error)
{
	for (; c->address != NULL && c->tried < ADDRESSES_MAX;
	    c->address = c->address->ai_next) {
		c->tried++;
		error = try_address(c);
		if (error == 0)
			return;
		close_socket(c);
	}
	fail_with_errno(c, error);
}

static void
check_connection(struct hm_connector *c)
{
	int error = 0;
	socklen_t n = sizeof error;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	if (error == 0) {
		succeed(c);
		return;
	}
	close_socket(c);
	c->address = c->address->ai_next;
	try_addresses(c, error);
}

static void
on_address(void *context, struct addrinfo *list, const char *error)
{
	struct hm_connector *c = context;
	char text[160];

	c->lookup = NULL;
	if (list == NULL) {
		snprintf(text, sizeof text, "cannot look up the host: %s",
		    error);
		fail(c, HM_ERR_RESOLVE, text);
		return;
	}
	c->addresses = c->address = list;
	c->tried = 0;
	try_addresses(c, EHOSTUNREACH);
}

static void
on_io(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	check_connection(io->data);
}

static bool
is_connected(const struct hm_connector *c)
{
	struct pollfd out = {.fd = c->fd, .events = POLLOUT};

	return poll(&out, 1, 0) > 0;
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_connector *c = timer->data;
	char text[80];

	(void)loop;
	(void)events;
	if (c->state == RESOLVING) {
		fail(c, HM_ERR_RESOLVE, "the host's name was not looked up "
		    "in time");
		return;
	}
	/* It may have connected in time while this process was blocked. */
	if (is_connected(c)) {
		set_timer(c);
		check_connection(c);
		return;
	}
	snprintf(text, sizeof text, "no connection within %lld ms",
	    (long long)c->options.timeout_ms);
	fail(c, HM_ERR_TIMEOUT_CONNECT, text);
}

void
hm_connector_start(struct hm_connector *c, const char *host, uint16_t port)
{
	struct hm_resolve_query *lookup;

	if (c->state != IDLE)
		return;
	c->state = RESOLVING;
	set_timer(c);
	lookup = hm_resolve(c->options.resolver, host, port, on_address, c);
	if (lookup != NULL)
		c->lookup = lookup;
}
