#include "poller.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define READ_CHUNK ((size_t)4096)
/* More than a second, because the clock of files is coarse. */
#define APART_MS 1100

enum state {
	IDLE,
	RESOLVING,
	CONNECTING,
	PAUSING, /* the gap between two requests */
	READING,
};

struct hm_poller {
	const struct hm_dtu *dtu;
	const struct hm_poller_options *options;
	void *context;
	struct hm_dialog *dialog;
	enum state state;
	struct hm_resolve_query *lookup;
	struct addrinfo *addresses, *address; /* address: being tried */
	int fd;
	ev_io io;
	ev_timer timer;
	int64_t started, last_request; /* monotonic ms */
	bool requested_before;
	bool succeeds_other; /* another process sent the last request */
	bool resumes; /* the connection is not the first of the poll */
	size_t sent; /* bytes of the request */
};

static void on_io(struct ev_loop *loop, ev_io *io, int events);
static void on_timer(struct ev_loop *loop, ev_timer *timer, int events);
static void reconnect(struct hm_poller *p);

struct hm_poller *
hm_poller_new(const struct hm_dtu *dtu,
    const struct hm_poller_options *options, void *context)
{
	struct hm_poller *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->dtu = dtu;
	p->options = options;
	p->context = context;
	p->fd = -1;
	ev_init(&p->timer, on_timer);
	ev_init(&p->io, on_io);
	p->timer.data = p->io.data = p;
	p->dialog = hm_dialog_new(dtu, &options->dialog);
	if (p->dialog == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

static void
close_socket(struct hm_poller *p)
{
	ev_io_stop(p->options->loop, &p->io);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void
release(struct hm_poller *p)
{
	ev_timer_stop(p->options->loop, &p->timer);
	close_socket(p);
	hm_resolve_cancel(p->lookup);
	p->lookup = NULL;
	if (p->addresses != NULL)
		freeaddrinfo(p->addresses);
	p->addresses = p->address = NULL;
	p->state = IDLE;
}

void
hm_poller_free(struct hm_poller *p)
{
	if (p == NULL)
		return;
	release(p);
	hm_dialog_free(p->dialog);
	free(p);
}

static void
finish_with(struct hm_poller *p, const struct hm_poll_result *result)
{
	release(p);
	p->options->done(p->context, p, result);
	if (p->state == IDLE)
		hm_dialog_end(p->dialog);
}

static void
finish(struct hm_poller *p, enum hm_poll_error error, const char *text)
{
	const struct hm_poll_result result = {error, text,
	    hm_monotonic_ms() - p->started, false};

	finish_with(p, &result);
}

static void
finish_not_made(struct hm_poller *p, const char *text)
{
	const struct hm_poll_result result = {HM_ERR_UNREACHABLE, text, 0,
	    true};

	finish_with(p, &result);
}

static void
set_timer(struct hm_poller *p, int64_t ms)
{
	ev_timer_stop(p->options->loop, &p->timer);
	/* The loop's time is old if a write to stdout has blocked. */
	ev_now_update(p->options->loop);
	ev_timer_set(&p->timer, (double)ms / 1000, 0);
	ev_timer_start(p->options->loop, &p->timer);
}

static void
watch(struct hm_poller *p, int events)
{
	ev_io_stop(p->options->loop, &p->io);
	ev_io_set(&p->io, p->fd, events);
	ev_io_start(p->options->loop, &p->io);
}

/* The dialog */

static void
send_more(struct hm_poller *p)
{
	size_t size;
	const uint8_t *request = hm_dialog_request(p->dialog, &size);
	ssize_t n = send(p->fd, request + p->sent, size - p->sent,
	    MSG_NOSIGNAL);

	if (n >= 0) {
		p->sent += (size_t)n;
		watch(p, p->sent < size ? EV_READ | EV_WRITE : EV_READ);
	} else if (errno != EAGAIN && errno != EINTR) {
		finish(p, HM_ERR_CLOSED, strerror(errno));
	}
}

static void
send_request(struct hm_poller *p)
{
	p->state = READING;
	p->sent = 0;
	hm_dialog_hold(p->dialog, false);
	p->last_request = hm_monotonic_ms();
	p->requested_before = true;
	p->succeeds_other = false;
	set_timer(p, p->options->read_timeout_ms);
	send_more(p);
}

/*
 * The gap between two requests spans connections, too. Two readings within one
 * second would have the same time, and so the same key.
 */
static int64_t
gap_of(const struct hm_poller *p)
{
	int64_t gap = hm_dialog_gap_ms(p->dialog);

	return p->succeeds_other && gap < APART_MS ? APART_MS : gap;
}

static void
ask(struct hm_poller *p)
{
	int64_t gap = gap_of(p);
	int64_t since = hm_monotonic_ms() - p->last_request;

	if (!p->requested_before || since >= gap) {
		send_request(p);
		return;
	}
	p->state = PAUSING;
	hm_dialog_hold(p->dialog, true);
	set_timer(p, gap - since);
	watch(p, EV_READ);
}

static void
take_turn(struct hm_poller *p, enum hm_turn turn)
{
	switch (turn) {
	case HM_TURN_ASK:
		ask(p);
		break;
	case HM_TURN_READ:
		break;
	case HM_TURN_RECONNECT:
		reconnect(p);
		break;
	case HM_TURN_DONE:
		finish(p, HM_ERR_NONE, "");
		break;
	case HM_TURN_FAIL:
		finish(p, hm_dialog_error(p->dialog),
		    hm_dialog_error_text(p->dialog));
		break;
	}
}

static void
receive(struct hm_poller *p)
{
	uint8_t chunk[READ_CHUNK];
	ssize_t n = recv(p->fd, chunk, sizeof chunk, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Feed it in a pause, too: an unsolicited frame may end there. */
	if (n <= 0)
		take_turn(p, hm_dialog_give_up(p->dialog, HM_ERR_CLOSED));
	else
		take_turn(p, hm_dialog_feed(p->dialog, chunk, (size_t)n));
}

static bool
has_input(const struct hm_poller *p)
{
	uint8_t byte;

	return recv(p->fd, &byte, 1, MSG_PEEK) >= 0;
}

/* Connecting */

static enum hm_poll_error
connect_error(int error)
{
	return error == ECONNREFUSED ? HM_ERR_REFUSED : HM_ERR_UNREACHABLE;
}

static void
connected(struct hm_poller *p)
{
	int one = 1;

	/* Requests are small, and nothing follows until the reply. */
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	take_turn(p, p->resumes ? HM_TURN_ASK : hm_dialog_begin(p->dialog,
	    hm_clock_now(), hm_monotonic_ms() / 1000));
}

/* 0: connected or under way; otherwise an errno. */
static int
try_address(struct hm_poller *p)
{
	p->fd = socket(p->address->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return errno;
	if (connect(p->fd, p->address->ai_addr, p->address->ai_addrlen) < 0 &&
	    errno != EINPROGRESS)
		return errno;
	p->state = CONNECTING;
	watch(p, EV_WRITE);
	return 0;
}

/* Try addresses from p->address on; `error` is that of the previous one. */
static void
try_addresses(struct hm_poller *p, int error)
{
	for (; p->address != NULL; p->address = p->address->ai_next) {
		error = try_address(p);
		if (error == 0)
			return;
		close_socket(p);
	}
	if (error == EMFILE || error == ENFILE)
		finish_not_made(p, strerror(error));
	else
		finish(p, connect_error(error), strerror(error));
}

static void
reconnect(struct hm_poller *p)
{
	close_socket(p);
	p->resumes = true;
	set_timer(p, p->options->connect_timeout_ms);
	try_addresses(p, EHOSTUNREACH);
}

static void
check_connection(struct hm_poller *p)
{
	int error = 0;
	socklen_t n = sizeof error;

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	if (error == 0) {
		connected(p);
		return;
	}
	close_socket(p);
	p->address = p->address->ai_next;
	try_addresses(p, error);
}

static bool
is_connected(const struct hm_poller *p)
{
	struct pollfd out = {.fd = p->fd, .events = POLLOUT};

	return poll(&out, 1, 0) > 0;
}

static void
on_address(void *context, struct addrinfo *list, const char *error)
{
	struct hm_poller *p = context;
	char text[160];

	p->lookup = NULL;
	if (list == NULL) {
		snprintf(text, sizeof text, "cannot look up the host: %s",
		    error);
		finish(p, HM_ERR_RESOLVE, text);
		return;
	}
	p->addresses = p->address = list;
	try_addresses(p, EHOSTUNREACH);
}

/* Events */

static void
on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct hm_poller *p = io->data;

	(void)loop;
	if (p->state == CONNECTING)
		check_connection(p);
	else if ((events & EV_READ) != 0)
		receive(p);
	else
		send_more(p);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_poller *p = timer->data;
	char text[80];

	(void)loop;
	(void)events;
	switch (p->state) {
	case PAUSING:
		send_request(p);
		break;
	case READING:
		/*
		 * The DTU may have replied in time while this process was
		 * blocked: read the bytes first.
		 */
		while (p->state == READING && has_input(p))
			receive(p);
		if (p->state == READING && !ev_is_active(&p->timer))
			take_turn(p, hm_dialog_give_up(p->dialog,
			    HM_ERR_TIMEOUT_READ));
		break;
	case RESOLVING:
		finish(p, HM_ERR_RESOLVE, "the host's name was not looked up "
		    "in time");
		break;
	case CONNECTING:
		if (is_connected(p)) {
			set_timer(p, p->options->connect_timeout_ms);
			check_connection(p);
			break;
		}
		snprintf(text, sizeof text, "no connection within %lld ms",
		    (long long)p->options->connect_timeout_ms);
		finish(p, HM_ERR_TIMEOUT_CONNECT, text);
		break;
	case IDLE:
		break;
	}
}

void
hm_poller_asked_before(struct hm_poller *p, int64_t ms)
{
	int64_t at = hm_monotonic_ms() - ms;

	if (!p->requested_before || at > p->last_request)
		p->last_request = at;
	p->requested_before = p->succeeds_other = true;
}

bool
hm_poller_start(struct hm_poller *p)
{
	if (p->state != IDLE)
		return false;
	p->started = hm_monotonic_ms();
	p->resumes = false;
	p->state = RESOLVING;
	set_timer(p, p->options->connect_timeout_ms);
	p->lookup = hm_resolve(p->options->resolver, p->dtu->host,
	    p->dtu->port, on_address, p);
	return true;
}

const struct hm_dtu *
hm_poller_dtu(const struct hm_poller *p)
{
	return p->dtu;
}

const struct hm_dialog *
hm_poller_dialog(const struct hm_poller *p)
{
	return p->dialog;
}
