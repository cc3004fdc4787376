#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "connector.h"
#include "log_bytes.h"
#include "poller_private.h"
#include "record/poll_errors.h"

#define READ_CHUNK ((size_t)4096)
#define LATE_READS 32 /* chunks; the largest reply has half of them */
/* More than a second, because the clock of files is coarse. */
#define APART_MS 1100

static void on_io(struct ev_loop *loop, ev_io *io, int events);
static void on_timer(struct ev_loop *loop, ev_timer *timer, int events);
static void on_turn(void *context);

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
	p->connector = hm_poller_connector(p);
	if (p->dialog != NULL && p->connector != NULL)
		return p;
	hm_dialog_free(p->dialog);
	hm_connector_free(p->connector);
	free(p);
	return NULL;
}

static void
rest(struct hm_poller *p)
{
	ev_timer_stop(p->options->loop, &p->timer);
	ev_io_stop(p->options->loop, &p->io);
	hm_paced_queue_remove(p->options->floods, &p->flood);
	hm_connector_cancel(p->connector);
	p->state = HM_POLLER_IDLE;
}

void
hm_poller_cut(struct hm_poller *p)
{
	rest(p);
	hm_poller_close(p);
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
	if (result->error == HM_ERR_NONE &&
	    hm_dialog_keeps_connection(p->dialog))
		rest(p);
	else
		hm_poller_cut(p);
	p->options->done(p->context, p, result);
	if (p->state == HM_POLLER_IDLE)
		hm_dialog_end(p->dialog);
}

void
hm_poller_finish(struct hm_poller *p, enum hm_poll_error error,
    const char *text)
{
	int64_t now = hm_monotonic_ms();
	const struct hm_poll_result result = {error, text, now - p->started,
	    false};

	p->failed = error != HM_ERR_NONE;
	p->failed_at = now;
	hm_log(HM_DEBUG, "%s: the attempt ends after %lld ms: %s%s%s",
	    p->dtu->name, (long long)result.took_ms,
	    error == HM_ERR_NONE ? "the replies are complete" :
	    hm_poll_error_name(error), text[0] != '\0' ? ": " : "", text);
	finish_with(p, &result);
}

void
hm_poller_finish_not_made(struct hm_poller *p, const char *text)
{
	const struct hm_poll_result result = {HM_ERR_UNREACHABLE, text, 0,
	    true};

	finish_with(p, &result);
}

void
hm_poller_set_timer(struct hm_poller *p, int64_t ms)
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
	return p->state == HM_POLLER_READING && p->sent < size ?
	    EV_READ | EV_WRITE : EV_READ;
}

/*
 * The connection has ended. If it is that of the last poll, the device may have
 * closed it since then. A gateway may close it after each reply: the request
 * that waits for the end of the pause was not sent, so no reply is lost.
 */
static void
lose(struct hm_poller *p)
{
	bool pauses = p->state == HM_POLLER_PAUSING &&
	    hm_dialog_is_gateway(p->dialog);

	if (pauses)
		hm_dialog_drop_input(p->dialog);
	if (p->reuses || pauses)
		hm_poller_reconnect(p);
	else
		hm_poller_take_turn(p, hm_dialog_give_up(p->dialog,
		    HM_ERR_CLOSED));
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
	} else if (p->reuses || hm_dialog_sends_order(p->dialog) ||
	    hm_dialog_is_gateway(p->dialog)) {
		lose(p);
	} else {
		hm_poller_finish(p, HM_ERR_CLOSED, strerror(errno));
	}
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
		hm_poller_finish(p, HM_ERR_NONE, "");
		return;
	}
	if (hm_dialog_sends_order(p->dialog))
		drop_at_close(p, true);
	p->state = HM_POLLER_READING;
	p->sent = 0;
	hm_dialog_hold(p->dialog, false);
	p->last_request = hm_monotonic_ms();
	p->requested_before = true;
	p->succeeds_other = false;
	hm_log_bytes(p->dtu, "request of", request, size, HM_LOGGED_BYTES);
	hm_poller_set_timer(p, p->options->read_timeout_ms);
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

int64_t
hm_poller_rest_of_gap(const struct hm_poller *p)
{
	int64_t rest = p->last_request + gap_of(p) - hm_monotonic_ms();

	return p->requested_before && rest > 0 ? rest : 0;
}

static void
ask(struct hm_poller *p)
{
	int64_t rest = hm_poller_rest_of_gap(p);

	if (rest == 0) {
		send_request(p);
		return;
	}
	p->state = HM_POLLER_PAUSING;
	hm_dialog_hold(p->dialog, true);
	hm_poller_set_timer(p, rest);
	watch(p, EV_READ);
}

void
hm_poller_take_turn(struct hm_poller *p, enum hm_turn turn)
{
	switch (turn) {
	case HM_TURN_ASK:
		ask(p);
		break;
	case HM_TURN_READ:
		break;
	case HM_TURN_RECONNECT:
		hm_poller_reconnect(p);
		break;
	case HM_TURN_DONE:
		hm_poller_finish(p, HM_ERR_NONE, "");
		break;
	case HM_TURN_FAIL:
		hm_poller_finish(p, hm_dialog_error(p->dialog),
		    hm_dialog_error_text(p->dialog));
		break;
	}
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
		/* One that is next has another connection, or is sent. */
		drop_at_close(p, turn == HM_TURN_READ &&
		    hm_dialog_sends_order(p->dialog));
		p->options->heard(p->context, p);
	}
	hm_poller_take_turn(p, turn);
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
		lose(p);
		return;
	}
	p->reuses = false;
	hm_log_bytes(p->dtu, "reply: received", chunk, (size_t)n,
	    hm_dialog_public_bytes(p->dialog));
	hm_peer_note(&p->first, chunk, (size_t)n);
	feed(p, chunk, (size_t)n);
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

	for (int i = 0; i < LATE_READS && p->state == HM_POLLER_READING &&
	    !p->flood.waits && recv(p->fd, &byte, 1, MSG_PEEK) >= 0; i++)
		receive(p);
	if (p->state == HM_POLLER_READING && !ev_is_active(&p->timer))
		hm_poller_take_turn(p, hm_dialog_give_up(p->dialog,
		    HM_ERR_TIMEOUT_READ));
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_poller *p = timer->data;

	(void)loop;
	(void)events;
	switch (p->state) {
	case HM_POLLER_RESTING:
		hm_poller_connect(p);
		break;
	case HM_POLLER_PAUSING:
		send_request(p);
		break;
	case HM_POLLER_READING:
		end_read(p);
		break;
	case HM_POLLER_CONNECTING:
	case HM_POLLER_IDLE:
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
	if (p->state != HM_POLLER_IDLE)
		return false;
	p->started = hm_monotonic_ms();
	p->resumes = false;
	p->reuses = hm_poller_reuses(p);
	if (p->reuses) {
		hm_poller_begin(p);
		return true;
	}
	hm_poller_close(p);
	hm_poller_connect_after_rest(p);
	return true;
}

bool
hm_poller_is_connected(const struct hm_poller *p)
{
	return p->fd >= 0;
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
	return hm_peer_of(p->first.bytes, p->first.n);
}
