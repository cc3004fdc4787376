#include <string.h>

#include "sim_dtu.h"
#include "sim_fault.h"
#include "sim_gateway.h"
#include "sim_orders.h"
#include "sim_server_private.h"
#include "wire/hmframe.h"

/* What was told, and the energies of the readings that were sent. */
static void
report(struct hm_sim_endpoint *ep)
{
	const struct hm_sim_options *o = &ep->server->options;
	const struct hm_sim_gateway *gateway = ep->dtu.gateway;

	for (size_t i = 0; i < o->house.inverters; i++) {
		if (!hm_sim_set_has(&ep->dtu.told, i))
			continue;
		ep->server->counters.orders++;
		o->told(o->context, hm_sim_gateway_inverter_serial(gateway,
		    i), ep->dtu.telling, hm_sim_gateway_told(gateway, i));
	}
	if (ep->dtu.read != HM_SIM_NONE_READ)
		o->counted(o->context, hm_sim_gateway_inverter_serial(gateway,
		    ep->dtu.read), hm_sim_gateway_inverter(gateway,
		    ep->dtu.read));
}

static void
answer_es(struct hm_sim_endpoint *ep, const struct hm_frame *request)
{
	struct hm_sim_server *server = ep->server;
	const struct hm_sim_time *now = hm_sim_server_now(server);
	uint64_t faults = hm_sim_requests_faults(ep);
	size_t size;

	if (faults & HM_SIM_BIT(HM_SIM_HANG))
		return;
	if (faults & HM_SIM_BIT(HM_SIM_FLOOD)) {
		size = hm_sim_es_flood(&ep->dtu, request, now, server->buffer);
		hm_sim_connection_flood(ep, server->buffer, size);
		return;
	}
	size = hm_sim_es_answer(&ep->dtu, request, now, faults,
	    server->buffer);
	if (size > 0) {
		server->counters.replies++;
		hm_sim_connection_send(ep, server->buffer, size, faults);
	}
	report(ep);
}

size_t
hm_sim_gateway_take_es(struct hm_sim_endpoint *ep)
{
	struct hm_frame frame;
	size_t used = 0;

	switch (hm_frame_read(ep->in, ep->in_size, false, &frame, &used)) {
	case HM_FRAME_GOOD:
		answer_es(ep, &frame);
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

/*
 * HM_SIM_LATE: a reply is kept until the next request has come. The replies to
 * send are then in server->buffer, one after another; returns their size.
 */
static size_t
delay(struct hm_sim_endpoint *ep, uint64_t faults, size_t size)
{
	uint8_t *out = ep->server->buffer;
	size_t before = ep->late_size;
	bool late = (faults & HM_SIM_BIT(HM_SIM_LATE)) != 0 &&
	    size <= sizeof ep->late;

	if (before > 0)
		memmove(out + before, out, size);
	memcpy(out, ep->late, before);
	ep->late_size = 0;
	if (!late)
		return before + size;
	memcpy(ep->late, out + before, size);
	ep->late_size = size;
	return before;
}

static void
answer_g3(struct hm_sim_endpoint *ep, size_t request_size)
{
	struct hm_sim_server *server = ep->server;
	uint64_t faults = hm_sim_requests_faults(ep);
	size_t size;

	if (faults & HM_SIM_BIT(HM_SIM_HANG))
		return;
	if (faults & HM_SIM_BIT(HM_SIM_FLOOD)) {
		size = hm_sim_g3_flood(ep->in, request_size, server->buffer);
		hm_sim_connection_flood(ep, server->buffer, size);
		return;
	}
	size = hm_sim_g3_answer(&ep->dtu, ep->in, request_size,
	    hm_sim_server_now(server), faults, server->buffer);
	size = delay(ep, faults, size);
	if (size > 0) {
		server->counters.replies++;
		hm_sim_connection_send(ep, server->buffer, size, faults);
	}
	report(ep);
}

size_t
hm_sim_gateway_take_g3(struct hm_sim_endpoint *ep)
{
	size_t size;

	if (!hm_sim_modbus_whole(ep->in, ep->in_size, &size))
		hm_sim_connection_close(ep);
	else if (size > 0)
		answer_g3(ep, size);
	return size;
}
