#include "poller.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "connector.h"
#include "log_bytes.h"
#include "record/poll_errors.h"
#include "wire/hmframe.h"

#define READ_CHUNK ((size_t)4096)
#define LATE_READS 32 /* chunks; the largest reply has half of them */
/* More than a second, because the clock of files is coarse. */
#define APART_MS 1100

enum state {
	IDLE,
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
	struct hm_connector *connector;
	int fd; /* -1 while there is no connection */
	ev_io io;
	struct hm_paced_work flood; /* the rest of what is no reply */
	ev_timer timer;
	int64_t started, last_request; /* monotonic ms */
	bool requested_before;
	bool succeeds_other; /* another process sent the last request */
	bool resumes; /* the connection is not the first of the poll */
	size_t sent; /* bytes of the request */
	uint8_t first[HM_PEER_BYTES]; /* received on this connection */
	size_t first_size;
};

static void on_io(struct ev_loop *loop, ev_io *io, int events);
static void on_timer(struct ev_loop *loop, ev_timer *timer, int events);
static void on_turn(void *context);
static void reconnect(struct hm_poller *p);
static void take_turn(struct hm_poller *p, enum hm_turn turn);
static void on_connected(void *context, const struct hm_connect_result *result);

static struct hm_connector *
new_connector(struct hm_poller *p)
{
	const struct hm_connector_options options = {
	    .loop = p->options->loop,
	    .resolver = p->options->resolver,
	    .timeout_ms = p->options->connect_timeout_ms,
	    .done = on_connected,
	};

	return hm_connector_new(&options, p);
}

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
	p->flood = (struct hm_paced_work){.run = on_turn, .context = p};
	p->dialog = hm_dialog_new(dtu, &options->dialog);
	p->connector = new_connector(p);
	if (p->dialog != NULL && p->connector != NULL)
		return p;
	hm_dialog_free(p->dialog);
	hm_connector_free(p->connector);
	free(p);
	return NULL;
}

static void
close_socket(struct hm_poller *p)
{
	ev_io_stop(p->options->loop, &p->io);
	hm_paced_queue_remove(p->options->floods, &p->flood);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void
hm_poller_cut(struct hm_poller *p)
{
	ev_timer_stop(p->options->loop, &p->timer);
	close_socket(p);
	hm_connector_cancel(p->connector);
	p->state = IDLE;
}

void
hm_poller_free(struct hm_poller *p)
{
	if (p == NULL)
		return;
	hm_poller_cut(p);
	hm_connector_free(p->connector);
	hm_dialog_free(p->dialog);
	free(p);
}

static void
finish_with(struct hm_poller *p, const struct hm_poll_result *result)
{
	hm_poller_cut(p);
	p->options->done(p->context, p, result);
	if (p->state == IDLE)
		hm_dialog_end(p->dialog);
}

static void
finish(struct hm_poller *p, enum hm_poll_error error, const char *text)
{
	const struct hm_poll_result result = {error, text,
	    hm_monotonic_ms() - p->started, false};

	hm_log(HM_DEBUG, "%s: the attempt ends after %lld ms: %s%s%s",
	    p->dtu->name, (long long)result.took_ms,
	    error == HM_ERR_NONE ? "the replies are complete" :
	    hm_poll_error_name(error), text[0] != '\0' ? ": " : "", text);
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
	hm_paced_queue_remove(p->options->floods, &p->flood);
	ev_io_stop(p->options->loop, &p->io);
	ev_io_set(&p->io, p->fd, events);
	ev_io_start(p->options->loop, &p->io);
}

/* The dialog */

static int
wanted(const struct hm_poller *p)
{
	size_t size;

	hm_dialog_request(p->dialog, &size);
	return p->state == READING && p->sent < size ? EV_READ | EV_WRITE :
	    EV_READ;
}

static void
send_more(struct hm_poller *p)
{
	size_t size;
	const uint8_t *request = hm_dialog_request(p->dialog, &size);
	ssize_t n = send(p->fd, request + p->sent, size - p->sent,
	    MSG_NOSIGNAL);

	if (n >= 0) {
		p->sent += (size_t)n;
		watch(p, wanted(p));
	} else if (errno == EAGAIN || errno == EINTR) {
		return;
	} else if (hm_dialog_sends_order(p->dialog)) {
		take_turn(p, hm_dialog_give_up(p->dialog, HM_ERR_CLOSED));
	} else {
		finish(p, HM_ERR_CLOSED, strerror(errno));
	}
}

/*
 * The bytes of a chunk that may be logged. Replies of hm DTUs have keys and
 * passwords, but not in the header of a frame.
 */
static size_t
public_bytes(const struct hm_poller *p)
{
	if (p->dtu->transport == HM_TRANSPORT_MODBUS ||
	    p->dtu->transport == HM_TRANSPORT_MODBUS_G3)
		return HM_LOGGED_BYTES;
	return hm_dialog_in_frame(p->dialog) ? 0 : HM_FRAME_HEADER;
}

/*
 * The system goes on sending for minutes what a closed connection has left. An
 * order without a reply must not reach the DTU then, after a newer one.
 */
static void
drop_at_close(const struct hm_poller *p, bool drops)
{
	const struct linger linger = {.l_onoff = drops};

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void
send_request(struct hm_poller *p)
{
	size_t size;
	const uint8_t *request = hm_dialog_request(p->dialog, &size);

	if (hm_dialog_sends_order(p->dialog) &&
	    !p->options->sends(p->context, p)) {
		finish(p, HM_ERR_NONE, "");
		return;
	}
	if (hm_dialog_sends_order(p->dialog))
		drop_at_close(p, true);
	p->state = READING;
	p->sent = 0;
	hm_dialog_hold(p->dialog, false);
	p->last_request = hm_monotonic_ms();
	p->requested_before = true;
	p->succeeds_other = false;
	hm_log_bytes(p->dtu, "request of", request, size, HM_LOGGED_BYTES);
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
keep_first_bytes(struct hm_poller *p, const uint8_t *bytes, size_t n)
{
	size_t room = sizeof p->first - p->first_size;

	n = n < room ? n : room;
	memcpy(p->first + p->first_size, bytes, n);
	p->first_size += n;
}

/*
 * A DTU that sends what is no reply waits for its next turn: however many do
 * that, the replies of others come first.
 */
static void
feed(struct hm_poller *p, const uint8_t *chunk, size_t n)
{
	size_t skipped = hm_dialog_skipped(p->dialog);
	enum hm_turn turn = hm_dialog_feed(p->dialog, chunk, n);
	bool skips = hm_dialog_skipped(p->dialog) > skipped;

	if (hm_dialog_order_sent(p->dialog)) {
		drop_at_close(p, hm_dialog_sends_order(p->dialog));
		p->options->heard(p->context, p);
	}
	take_turn(p, turn);
	if (turn != HM_TURN_READ || !skips)
		return;
	ev_io_stop(p->options->loop, &p->io);
	hm_paced_queue_add(p->options->floods, &p->flood);
}

/* One chunk in a turn of the loop. */
static void
receive(struct hm_poller *p)
{
	uint8_t chunk[READ_CHUNK];
	ssize_t n = recv(p->fd, chunk, sizeof chunk, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Feed it in a pause, too: an unsolicited frame may end there. */
	if (n <= 0) {
		take_turn(p, hm_dialog_give_up(p->dialog, HM_ERR_CLOSED));
		return;
	}
	hm_log_bytes(p->dtu, "reply: received", chunk, (size_t)n,
	    public_bytes(p));
	keep_first_bytes(p, chunk, (size_t)n);
	feed(p, chunk, (size_t)n);
}

/* Connecting */

static void
on_connected(void *context, const struct hm_connect_result *result)
{
	struct hm_poller *p = context;
	int one = 1;

	/* What an earlier connection has read still counts. */
	if (result->no_descriptor && !p->resumes) {
		finish_not_made(p, result->text);
		return;
	}
	if (result->fd < 0) {
		finish(p, result->error, result->text);
		return;
	}
	p->fd = result->fd;
	/* Requests are small, and nothing follows until the reply. */
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	take_turn(p, p->resumes ? HM_TURN_ASK : hm_dialog_begin(p->dialog,
	    hm_clock_now(), hm_monotonic_ms() / 1000));
}

static void
connect_to_dtu(struct hm_poller *p)
{
	p->state = CONNECTING;
	p->first_size = 0;
	hm_connector_start(p->connector, p->dtu->host, p->dtu->port);
}

static void
reconnect(struct hm_poller *p)
{
	close_socket(p);
	p->resumes = true;
	connect_to_dtu(p);
}

/* Events */

static void
on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct hm_poller *p = io->data;

	(void)loop;
	if ((events & EV_READ) != 0)
		receive(p);
	else
		send_more(p);
}

static void
on_turn(void *context)
{
	struct hm_poller *p = context;

	watch(p, wanted(p));
	receive(p);
}

/*
 * The DTU may have replied in time while this process was blocked: read the
 * bytes first. What a DTU that never stops sends is left.
 */
static void
end_read(struct hm_poller *p)
{
	uint8_t byte;

	for (int i = 0; i < LATE_READS && p->state == READING &&
	    !p->flood.waits && recv(p->fd, &byte, 1, MSG_PEEK) >= 0; i++)
		receive(p);
	if (p->state == READING && !ev_is_active(&p->timer))
		take_turn(p, hm_dialog_give_up(p->dialog,
		    HM_ERR_TIMEOUT_READ));
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_poller *p = timer->data;

	(void)loop;
	(void)events;
	switch (p->state) {
	case PAUSING:
		send_request(p);
		break;
	case READING:
		end_read(p);
		break;
	case CONNECTING:
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
	connect_to_dtu(p);
	return true;
}

const struct hm_dtu *
hm_poller_dtu(const struct hm_poller *p)
{
	return p->dtu;
}

struct hm_dialog *
hm_poller_dialog(const struct hm_poller *p)
{
	return p->dialog;
}

enum hm_peer
hm_poller_peer(const struct hm_poller *p)
{
	return hm_peer_of(p->first, p->first_size);
}
