#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "sim_fault.h"
#include "sim_server_private.h"

#define SLOW_PIECE ((size_t)1)
#define SLOW_PAUSE 0.05 /* s */
#define SMALL_PIECE ((size_t)16)
#define SMALL_PAUSE 0.002
#define FLOOD_BYTES HM_SIM_REPLY_MAX /* to send at a time, or a bit more */

void
hm_sim_connection_close(struct hm_sim_endpoint *ep)
{
	if (ep->connection.fd < 0)
		return;
	ev_io_stop(ep->server->loop, &ep->connection);
	ev_timer_stop(ep->server->loop, &ep->pace);
	close(ep->connection.fd);
	ep->connection.fd = -1;
	hm_buffer_free(&ep->out);
	ep->floods = false;
	ep->in_size = ep->late_size = 0;
}

static void
watch(struct hm_sim_endpoint *ep, int events)
{
	int fd = ep->connection.fd;

	ev_io_stop(ep->server->loop, &ep->connection);
	ev_io_set(&ep->connection, fd, events);
	ev_io_start(ep->server->loop, &ep->connection);
}

/* Returns how many bytes were sent; closes a connection that fails. */
static size_t
send_some(struct hm_sim_endpoint *ep, const uint8_t *p, size_t n)
{
	ssize_t sent = send(ep->connection.fd, p, n, MSG_NOSIGNAL);

	if (sent >= 0)
		return (size_t)sent;
	if (errno != EAGAIN && errno != EINTR)
		hm_sim_connection_close(ep);
	return 0;
}

static void
go_on_flooding(struct hm_sim_endpoint *ep)
{
	ep->flooded += send_some(ep, ep->out.p + ep->flooded,
	    ep->out.n - ep->flooded);
	if (ep->flooded == ep->out.n)
		ep->flooded = 0;
}

void
hm_sim_connection_send_pending(struct hm_sim_endpoint *ep)
{
	size_t n = ep->out.n, sent;

	if (ep->floods) {
		go_on_flooding(ep);
		return;
	}
	if (ep->piece > 0 && n > ep->piece)
		n = ep->piece;
	sent = send_some(ep, ep->out.p, n);
	if (ep->connection.fd < 0)
		return;
	hm_buffer_drop(&ep->out, sent);
	if (ep->out.n > 0)
		return;
	if (ep->close_after) {
		hm_sim_connection_close(ep);
		return;
	}
	ev_timer_stop(ep->server->loop, &ep->pace);
	watch(ep, EV_READ);
	hm_sim_requests_take(ep);
}

void
hm_sim_connection_on_pace(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	hm_sim_connection_send_pending(timer->data);
}

/* Append to the bytes that are not sent yet, and arrange to send them. */
static void
keep(struct hm_sim_endpoint *ep, const uint8_t *p, size_t n)
{
	if (!hm_buffer_append(&ep->out, p, n, 2 * HM_SIM_REPLY_MAX)) {
		hm_log(HM_ERROR, "no memory for a reply");
		hm_sim_connection_close(ep);
		return;
	}
	if (ep->piece == 0) {
		watch(ep, EV_WRITE);
		return;
	}
	/* Requests are not read until the reply has been sent. */
	ev_io_stop(ep->server->loop, &ep->connection);
	ep->pace.repeat = ep->piece == SLOW_PIECE ? SLOW_PAUSE : SMALL_PAUSE;
	ev_timer_again(ep->server->loop, &ep->pace);
}

void
hm_sim_connection_send(struct hm_sim_endpoint *ep, const uint8_t *p,
    size_t n, uint64_t faults)
{
	size_t sent = 0;

	ep->close_after = (faults & HM_SIM_BIT(HM_SIM_CLOSE)) != 0;
	if (ep->close_after || (faults & HM_SIM_BIT(HM_SIM_TRUNCATED)) != 0)
		n /= 2;
	ep->piece = (faults & HM_SIM_BIT(HM_SIM_SLOW)) != 0 ? SLOW_PIECE :
	    (faults & HM_SIM_BIT(HM_SIM_PIECES)) != 0 ? SMALL_PIECE : 0;
	if (ep->out.n == 0 && ep->piece == 0)
		sent = send_some(ep, p, n);
	if (ep->connection.fd < 0)
		return;
	if (sent < n)
		keep(ep, p + sent, n - sent);
	else if (ep->close_after)
		hm_sim_connection_close(ep);
}

void
hm_sim_connection_flood(struct hm_sim_endpoint *ep, const uint8_t *p, size_t n)
{
	ep->floods = true;
	ep->flooded = ep->piece = 0;
	do {
		keep(ep, p, n);
	} while (ep->connection.fd >= 0 && ep->out.n + n <= FLOOD_BYTES);
}
