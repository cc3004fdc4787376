#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "connector.h"
#include "dialog.h"
#include "log_bytes.h"
#include "paced_queue.h"
#include "poller_private.h"

#define CHUNK ((size_t)4096)
#define CHUNKS 32 /* that may have come since the last poll */

void
hm_poller_close(struct hm_poller *p)
{
	ev_io_stop(p->options->loop, &p->io);
	hm_paced_queue_remove(p->options->floods, &p->flood);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void
hm_poller_begin(struct hm_poller *p)
{
	hm_poller_take_turn(p, hm_dialog_begin(p->dialog, hm_clock_now(),
	    hm_monotonic_ms() / 1000));
}

/* The next connection is tried after the gap, as if this one had been asked. */
static void
on_not_connected(struct hm_poller *p, const struct hm_connect_result *result)
{
	enum hm_turn turn;

	if (!p->resumes) {
		hm_poller_finish(p, result->error, result->text);
		return;
	}
	turn = hm_dialog_not_connected(p->dialog, result->error,
	    result->text);
	if (turn == HM_TURN_RECONNECT)
		p->last_request = hm_monotonic_ms();
	hm_poller_take_turn(p, turn);
}

static void
on_connected(void *context, const struct hm_connect_result *result)
{
	struct hm_poller *p = context;
	int one = 1;

	/* What an earlier connection has read still counts. */
	if (result->no_descriptor && !p->resumes) {
		hm_poller_finish_not_made(p, result->text);
		return;
	}
	if (result->fd < 0) {
		on_not_connected(p, result);
		return;
	}
	p->fd = result->fd;
	/* Requests are small, and nothing follows until the reply. */
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (p->resumes)
		hm_poller_take_turn(p, HM_TURN_ASK);
	else
		hm_poller_begin(p);
}

struct hm_connector *
hm_poller_connector(struct hm_poller *p)
{
	const struct hm_connector_options options = {
	    .loop = p->options->loop,
	    .resolver = p->options->resolver,
	    .timeout_ms = p->options->connect_timeout_ms,
	    .done = on_connected,
	};

	return hm_connector_new(&options, p);
}

void
hm_poller_connect(struct hm_poller *p)
{
	p->state = HM_POLLER_CONNECTING;
	p->first.n = 0;
	hm_connector_start(p->connector, p->dtu->host, p->dtu->port);
}

/* The device needs a while after a connection that failed. */
static int64_t
rest_of_failure(const struct hm_poller *p)
{
	return p->failed ? p->failed_at + hm_dialog_reconnect_ms(p->dialog) -
	    hm_monotonic_ms() : 0;
}

/*
 * A device that ends connections in the gap, or refuses them, gets no other one
 * before its end.
 */
void
hm_poller_connect_after_rest(struct hm_poller *p)
{
	bool rests = hm_dialog_rests_closed(p->dialog) ||
	    p->state == HM_POLLER_PAUSING || p->state == HM_POLLER_CONNECTING;
	int64_t rest = rests ? hm_poller_rest_of_gap(p) : 0;

	if (rest < rest_of_failure(p))
		rest = rest_of_failure(p);
	if (rest <= 0) {
		hm_poller_connect(p);
		return;
	}
	p->state = HM_POLLER_RESTING;
	hm_poller_set_timer(p, rest);
}

void
hm_poller_reconnect(struct hm_poller *p)
{
	hm_poller_close(p);
	p->resumes = true;
	p->reuses = false;
	hm_poller_connect_after_rest(p);
}

bool
hm_poller_reuses(struct hm_poller *p)
{
	uint8_t chunk[CHUNK];
	ssize_t n = -1;

	if (p->fd < 0)
		return false;
	for (int i = 0; i < CHUNKS; i++) {
		n = recv(p->fd, chunk, sizeof chunk, 0);
		if (n <= 0)
			break;
		hm_log_bytes(p->dtu, "dropped: received between two polls",
		    chunk, (size_t)n, HM_LOGGED_BYTES);
	}
	return n < 0 && errno == EAGAIN;
}
