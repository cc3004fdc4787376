#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "sim_clock.h"
#include "sim_dtu.h"
#include "sim_fault.h"
#include "sim_server_private.h"
#include "wire/hmframe.h"

void
hm_sim_requests_report(const struct hm_sim_endpoint *ep)
{
	const struct hm_sim_options *o = &ep->server->options;

	if (o->numbers && ep->dtu.answered)
		o->answered(o->context, ep->dtu.serial, ep->dtu.number);
}

uint64_t
hm_sim_requests_faults(struct hm_sim_endpoint *ep)
{
	uint64_t faults = 0;

	ep->requests++;
	ep->server->counters.requests++;
	if (ep->faults != NULL)
		faults = hm_sim_faults_at(ep->faults, ep->requests,
		    hm_sim_server_now(ep->server)->simulated) &
		    hm_sim_faults_of(ep->transport);
	ep->server->counters.faults += faults != 0;
	return faults;
}

/* An order is carried out when the DTU gets a request after it. */
static void
count_orders(struct hm_sim_endpoint *ep)
{
	struct hm_sim_counters *counters = &ep->server->counters;
	const struct hm_sim_options *o = &ep->server->options;

	if (ep->dtu.orders.taken != ep->orders_counted)
		o->ordered(o->context, ep->dtu.serial,
		    &ep->dtu.orders.current);
	counters->orders += ep->dtu.orders.taken - ep->orders_counted;
	counters->flash_writes += ep->dtu.orders.flash_writes -
	    ep->writes_counted;
	ep->orders_counted = ep->dtu.orders.taken;
	ep->writes_counted = ep->dtu.orders.flash_writes;
}

static void
restart(struct hm_sim_endpoint *ep)
{
	ep->dtu.restarts = false;
	ep->dtu.booted = hm_sim_server_now(ep->server)->wall;
	hm_sim_server_restart(ep);
}

static void
answer_hm(struct hm_sim_endpoint *ep, const struct hm_frame *request)
{
	struct hm_sim_server *server = ep->server;
	uint64_t faults = hm_sim_requests_faults(ep);
	bool joined = (faults & HM_SIM_BIT(HM_SIM_JOINED)) != 0, understood;
	uint8_t *reply = server->buffer;
	size_t unsolicited = 0, size;

	if (faults & HM_SIM_BIT(HM_SIM_HANG))
		return;
	if (faults & HM_SIM_BIT(HM_SIM_FLOOD)) {
		size = hm_sim_hm_flood(&ep->dtu, request,
		    hm_sim_server_now(server), reply);
		hm_sim_connection_flood(ep, reply, size);
		return;
	}
	if (joined || server->options.unsolicited)
		unsolicited = hm_sim_hm_unsolicited(&ep->dtu,
		    hm_sim_server_now(server), reply);
	size = hm_sim_hm_answer(&ep->dtu, request, hm_sim_server_now(server),
	    faults, reply + unsolicited, &understood);
	count_orders(ep);
	if (!understood) {
		hm_log(HM_DEBUG, "a request did not decrypt");
		hm_sim_connection_close(ep);
		return;
	}
	if (size == 0)
		return;
	server->counters.replies++;
	if (unsolicited > 0 && !joined) {
		hm_sim_connection_send(ep, reply, unsolicited, 0);
		reply += unsolicited;
		unsolicited = 0;
	}
	if (ep->connection.fd >= 0)
		hm_sim_connection_send(ep, reply, unsolicited + size, faults);
	hm_sim_requests_report(ep);
	if (ep->dtu.restarts)
		restart(ep);
}

/*
 * Some apps encrypt the orders that others send plain: what follows such a
 * frame, and is no frame, is its tag.
 */
static void
take_tag(const struct hm_sim_endpoint *ep, struct hm_frame *frame,
    size_t *used)
{
	const uint8_t *next = ep->in + *used;

	if (!ep->dtu.encrypts || frame->tag != NULL ||
	    frame->command != (HM_FROM_CLOUD | HM_CMD_COMMAND) ||
	    ep->in_size - *used < HM_FRAME_TAG ||
	    (next[0] == 'H' && next[1] == 'M'))
		return;
	frame->tag = next;
	*used += HM_FRAME_TAG;
}

/* The size of the first request in `in`, 0 if it is not complete. */
static size_t
take_hm(struct hm_sim_endpoint *ep)
{
	struct hm_frame frame;
	size_t used = 0;

	switch (hm_frame_read(ep->in, ep->in_size, ep->dtu.encrypts, &frame,
	    &used)) {
	case HM_FRAME_GOOD:
		take_tag(ep, &frame, &used);
		answer_hm(ep, &frame);
		break;
	case HM_FRAME_MAGIC:
	case HM_FRAME_LENGTH:
		hm_sim_connection_close(ep);
		break;
	case HM_FRAME_PART:
	case HM_FRAME_CRC:
		break;
	}
	return used;
}

/* True if the reply to a request is a flood. */
static bool
flood_modbus(struct hm_sim_endpoint *ep)
{
	size_t input;

	if (!hm_sim_modbus_input(ep->in, &input) || input == 0 ||
	    ep->first_size == 0)
		return false;
	hm_sim_connection_flood(ep, ep->first, ep->first_size);
	return true;
}

static void
keep_first(struct hm_sim_endpoint *ep, const uint8_t *reply, size_t size)
{
	size_t input;

	if (!hm_sim_modbus_input(ep->in, &input) || input != 0 ||
	    size > sizeof ep->first)
		return;
	memcpy(ep->first, reply, size);
	ep->first_size = size;
}

static void
answer_modbus(struct hm_sim_endpoint *ep, size_t request_size)
{
	struct hm_sim_server *server = ep->server;
	uint64_t faults = hm_sim_requests_faults(ep);
	size_t size;

	if (faults & HM_SIM_BIT(HM_SIM_HANG))
		return;
	if ((faults & HM_SIM_BIT(HM_SIM_FLOOD)) != 0 && flood_modbus(ep))
		return;
	size = hm_sim_modbus_answer(&ep->dtu, ep->in, request_size,
	    hm_sim_server_now(server), faults, server->buffer);
	count_orders(ep);
	if (size == 0)
		return;
	server->counters.replies++;
	keep_first(ep, server->buffer, size);
	hm_sim_connection_send(ep, server->buffer, size, faults);
	hm_sim_requests_report(ep);
}

static size_t
take_modbus(struct hm_sim_endpoint *ep)
{
	size_t size;

	if (!hm_sim_modbus_whole(ep->in, ep->in_size, &size))
		hm_sim_connection_close(ep);
	else if (size > 0)
		answer_modbus(ep, size);
	return size;
}

static size_t
take(struct hm_sim_endpoint *ep)
{
	switch (ep->transport) {
	case HM_SIM_OVER_HM:
		return take_hm(ep);
	case HM_SIM_OVER_MODBUS:
		return take_modbus(ep);
	case HM_SIM_OVER_ES:
		return hm_sim_gateway_take_es(ep);
	case HM_SIM_OVER_G3:
		return hm_sim_gateway_take_g3(ep);
	case HM_SIM_TRANSPORTS:
		break;
	}
	return 0;
}

void
hm_sim_requests_take(struct hm_sim_endpoint *ep)
{
	while (ep->connection.fd >= 0 && ep->out.n == 0) {
		size_t used = take(ep);

		if (used == 0)
			break;
		/* Closing the connection empties `in`. */
		if (ep->in_size >= used) {
			ep->in_size -= used;
			memmove(ep->in, ep->in + used, ep->in_size);
		}
	}
	if (ep->connection.fd >= 0 && ep->in_size == sizeof ep->in &&
	    ep->out.n == 0)
		hm_sim_connection_close(ep);
}

static void
receive(struct hm_sim_endpoint *ep)
{
	ssize_t n = recv(ep->connection.fd, ep->in + ep->in_size,
	    sizeof ep->in - ep->in_size, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hm_sim_connection_close(ep);
		return;
	}
	ep->in_size += (size_t)n;
	hm_sim_requests_take(ep);
}

void
hm_sim_requests_on_ready(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	if (events & EV_WRITE)
		hm_sim_connection_send_pending(io->data);
	else
		receive(io->data);
}
