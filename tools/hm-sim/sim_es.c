#include "base/arena.h"
#include "sim_dtu.h"
#include "sim_es_private.h"
#include "sim_fault.h"
#include "sim_gateway.h"
#include "wire/hmframe.h"

#define UPTIME 901 /* s, of a gateway at the start */
#define REPLY_FROM_REQUEST 0x100u

const void *
hm_sim_es_unpack(const struct hm_sim_es_answer *a,
    const ProtobufCMessageDescriptor *type)
{
	hm_arena_reset(a->dtu->arena);
	return protobuf_c_message_unpack(type, &a->dtu->arena->allocator,
	    a->request->size, a->request->payload);
}

static void
damage(uint64_t faults, uint8_t *out)
{
	if (faults & HM_SIM_BIT(HM_SIM_CRC))
		out[6] ^= 0xff;
	if (faults & HM_SIM_BIT(HM_SIM_LENGTH)) {
		out[8] = 0;
		out[9] = (uint8_t)(HM_FRAME_HEADER_GATEWAY - 1);
	}
}

size_t
hm_sim_es_reply(struct hm_sim_es_answer *a, const ProtobufCMessage *message)
{
	uint8_t *payload = a->out + HM_FRAME_HEADER_GATEWAY;
	size_t size = protobuf_c_message_get_packed_size(message), whole;
	struct hm_frame frame = {
	    .command = (uint16_t)(a->request->command - REPLY_FROM_REQUEST),
	    .sequence = a->request->sequence,
	    .payload = payload,
	    .size = size,
	    .serial = (uint64_t)a->dtu->serial,
	    .number = a->request->number,
	};

	if (size > HM_SIM_REPLY_MAX - HM_FRAME_HEADER_GATEWAY)
		return 0;
	protobuf_c_message_pack(message, payload);
	if (a->faults & HM_SIM_BIT(HM_SIM_SEQ))
		frame.sequence = (uint16_t)(frame.sequence + 1000);
	whole = hm_frame_write(&frame, a->out, HM_SIM_REPLY_MAX);
	damage(a->faults, a->out);
	return whole;
}

int64_t
hm_sim_es_clock(const struct hm_sim_es_answer *a, int64_t wall)
{
	if (a->faults & HM_SIM_BIT(HM_SIM_NOCLOCK))
		return wall - a->now->began + UPTIME;
	return wall;
}

size_t
hm_sim_es_inverters(const struct hm_sim_es_answer *a)
{
	return (a->faults & HM_SIM_BIT(HM_SIM_UNMAPPED)) != 0 ? 0 :
	    hm_sim_gateway_house(a->gateway)->inverters;
}

static size_t
answer(struct hm_sim_es_answer *a)
{
	switch (a->request->command - REPLY_FROM_REQUEST) {
	case HM_GATEWAY_INFO:
		return (a->faults & HM_SIM_BIT(HM_SIM_NOINFO)) != 0 ? 0 :
		    hm_sim_es_info(a);
	case HM_GATEWAY_NETWORK:
		return hm_sim_es_network(a);
	case HM_GATEWAY_REGISTRY:
		return hm_sim_es_registry(a);
	case HM_GATEWAY_READINGS:
		return hm_sim_es_readings(a);
	case HM_GATEWAY_MODE:
		return hm_sim_es_mode(a);
	default:
		return 0;
	}
}

size_t
hm_sim_es_answer(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, uint64_t faults,
    uint8_t out[HM_SIM_REPLY_MAX])
{
	struct hm_sim_es_answer a = {.dtu = dtu, .gateway = dtu->gateway,
	    .now = now, .faults = faults, .request = request, .out = out};

	hm_sim_dtu_begin_gateway(dtu, now);
	if (faults & HM_SIM_BIT(HM_SIM_GARBAGE))
		return hm_sim_dtu_garbage(out);
	return answer(&a);
}

/* A reply of another command, with the number of no request. */
size_t
hm_sim_es_flood(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, uint8_t out[HM_SIM_REPLY_MAX])
{
	struct hm_frame other = *request;

	other.sequence = (uint16_t)(request->sequence + 1000);
	other.payload = NULL;
	other.size = 0;
	other.command = request->command - REPLY_FROM_REQUEST ==
	    HM_GATEWAY_NETWORK ? HM_GATEWAY_REGISTRY + REPLY_FROM_REQUEST :
	    HM_GATEWAY_NETWORK + REPLY_FROM_REQUEST;
	return hm_sim_es_answer(dtu, &other, now, 0, out);
}
