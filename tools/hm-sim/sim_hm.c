#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "config.pb-c.h"
#include "heartbeat.pb-c.h"
#include "network.pb-c.h"
#include "sim_dtu.h"
#include "sim_fault.h"
#include "sim_hm_private.h"
#include "sim_orders.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"

#define UPTIME 901 /* s, of a DTU at the start */

#define NETWORK_WIFI 1

const void *
hm_sim_hm_unpack(const struct hm_sim_answer *a,
    const ProtobufCMessageDescriptor *type)
{
	hm_arena_reset(a->dtu->arena);
	return protobuf_c_message_unpack(type, &a->dtu->arena->allocator,
	    a->size, a->payload);
}

/* Frames */

static void
damage(uint64_t faults, const struct hm_frame *frame, uint8_t *out)
{
	if (faults & HM_SIM_BIT(HM_SIM_CRC))
		out[6] ^= 0xff;
	if (faults & HM_SIM_BIT(HM_SIM_LENGTH)) {
		out[8] = 0;
		out[9] = (uint8_t)(HM_FRAME_HEADER - 1);
	}
	if (frame->tag != NULL && (faults & HM_SIM_BIT(HM_SIM_TAG)) != 0)
		out[HM_FRAME_HEADER + frame->size] ^= 0xff;
}

size_t
hm_sim_hm_reply(struct hm_sim_answer *a, const ProtobufCMessage *message)
{
	uint8_t *payload = a->out + HM_FRAME_HEADER, tag[HM_FRAME_TAG];
	size_t size = protobuf_c_message_get_packed_size(message);
	struct hm_frame frame = {.command = a->command,
	    .sequence = a->sequence, .payload = payload, .size = size};
	size_t whole;

	if (size > HM_SIM_REPLY_MAX - HM_FRAME_HEADER - HM_FRAME_TAG)
		return 0;
	protobuf_c_message_pack(message, payload);
	if (a->faults & HM_SIM_BIT(HM_SIM_SEQ))
		frame.sequence = (uint16_t)(frame.sequence + 1000);
	if (a->sealed || (a->dtu->encrypts &&
	    hm_frame_is_encrypted(a->command, size))) {
		if (!hm_crypt_seal(a->dtu->random, frame.command,
		    frame.sequence, payload, size, payload, tag))
			return 0;
		frame.tag = tag;
	}
	whole = hm_frame_write(&frame, a->out, HM_SIM_REPLY_MAX);
	damage(a->faults, &frame, a->out);
	return whole;
}

int64_t
hm_sim_hm_clock(const struct hm_sim_answer *a, int64_t wall)
{
	if (a->faults & HM_SIM_BIT(HM_SIM_NOCLOCK))
		return wall - a->now->began + UPTIME;
	return wall;
}

bool
hm_sim_hm_is_mapped(const struct hm_sim_answer *a)
{
	return (a->faults & HM_SIM_BIT(HM_SIM_UNMAPPED)) == 0;
}

/* Pages */

int32_t
hm_sim_hm_page_number(const struct hm_sim_answer *a, int32_t page)
{
	return (a->faults & HM_SIM_BIT(HM_SIM_UNNUMBERED)) != 0 ? 0 : page;
}

int32_t
hm_sim_hm_page_count(size_t items, size_t page_size)
{
	return items == 0 ? 1 : (int32_t)((items - 1) / page_size + 1);
}

bool
hm_sim_hm_page_bounds(int32_t page, size_t items, size_t page_size,
    size_t *first, size_t *end)
{
	if (page < 0 || page >= hm_sim_hm_page_count(items, page_size))
		return false;
	*first = (size_t)page * page_size;
	*end = *first + page_size < items ? *first + page_size : items;
	return true;
}

/* Answers without data of the plant */

static size_t
answer_heartbeat(struct hm_sim_answer *a)
{
	Hm__Heartbeat heartbeat;

	hm__heartbeat__init(&heartbeat);
	heartbeat.time = (int32_t)a->now->wall;
	heartbeat.signal = HM_SIM_SIGNAL;
	heartbeat.dtu_serial = a->serial;
	return hm_sim_hm_reply(a, &heartbeat.base);
}

static size_t
answer_network(struct hm_sim_answer *a)
{
	Hm__Network network;

	hm__network__init(&network);
	network.dtu_serial = a->serial;
	network.time = (uint32_t)a->now->wall;
	network.mode = NETWORK_WIFI;
	network.signal = HM_SIM_SIGNAL;
	return hm_sim_hm_reply(a, &network.base);
}

static size_t
answer_config(struct hm_sim_answer *a)
{
	Hm__Config config;

	hm__config__init(&config);
	config.time = (uint32_t)a->now->wall;
	/* Newer firmware has the limit in its device information. */
	config.power_limit = a->dtu->encrypts ? 0 :
	    (int32_t)hm_sim_orders_limit(&a->dtu->orders);
	config.upload_period = a->dtu->upload_minutes;
	config.dtu_serial = a->serial;
	return hm_sim_hm_reply(a, &config.base);
}

/* Requests */

static size_t
answer_request(struct hm_sim_answer *a, unsigned number)
{
	switch (number) {
	case HM_CMD_INFO:
		if (a->faults & HM_SIM_BIT(HM_SIM_NOINFO))
			return 0;
		/*
		 * A real DTU numbers these replies itself, and repeats the
		 * client's number in all others.
		 */
		a->sequence = a->dtu->sequence++;
		return hm_sim_hm_info(a);
	case HM_CMD_HEARTBEAT:
		return answer_heartbeat(a);
	case HM_CMD_ALARMS:
		return hm_sim_hm_alarms(a);
	case HM_CMD_COMMAND:
		return hm_sim_hm_command(a);
	case HM_CMD_PROGRESS:
		return hm_sim_hm_progress(a);
	case HM_CMD_REAL:
		return hm_sim_hm_real(a);
	case HM_CMD_NETWORK:
		return answer_network(a);
	case HM_CMD_CONFIG:
		return answer_config(a);
	case HM_CMD_HISTORY:
		return hm_sim_hm_history(a);
	case HM_CMD_ENERGIES:
		return hm_sim_hm_energies(a);
	default:
		return 0;
	}
}

void
hm_sim_hm_begin(struct hm_sim_answer *a, struct hm_sim_dtu *dtu,
    const struct hm_sim_time *now)
{
	a->dtu = dtu;
	a->now = now;
	snprintf(a->serial, sizeof a->serial, "%012llX",
	    (unsigned long long)dtu->serial & 0xffffffffffffu);
}

size_t
hm_sim_hm_answer(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, uint64_t faults,
    uint8_t out[HM_SIM_REPLY_MAX], bool *understood)
{
	uint8_t plain[512];
	struct hm_sim_answer a = {.faults = faults,
	    .sequence = request->sequence, .payload = request->payload,
	    .size = request->size, .out = out};
	unsigned number = request->command & 0xffu;

	hm_sim_hm_begin(&a, dtu, now);
	dtu->answered = false;
	a.command = (uint16_t)(HM_FROM_DTU | number);
	*understood = true;
	hm_sim_orders_settle(&dtu->orders, dtu->plant, now->ms);
	if (request->command == (HM_FROM_CLOUD | HM_CMD_COMMAND))
		a.command = HM_TO_CLOUD | HM_CMD_COMMAND;
	else if (request->command != (HM_TO_DTU | number))
		return 0;
	if (request->tag != NULL) {
		*understood = request->size <= sizeof plain &&
		    hm_crypt_open(dtu->random, request->command,
			request->sequence, request->payload, request->size,
			plain, request->tag);
		if (!*understood)
			return 0;
		a.payload = plain;
		a.sealed = true;
	}
	if (faults & HM_SIM_BIT(HM_SIM_GARBAGE))
		return hm_sim_dtu_garbage(out);
	return answer_request(&a, number);
}

size_t
hm_sim_hm_unsolicited(struct hm_sim_dtu *dtu, const struct hm_sim_time *now,
    uint8_t out[HM_SIM_REPLY_MAX])
{
	struct hm_sim_answer a = {.sequence = dtu->sequence++, .out = out};

	hm_sim_hm_begin(&a, dtu, now);
	if (dtu->unsolicited++ % 2 == 0) {
		a.command = HM_TO_CLOUD | HM_CMD_HEARTBEAT;
		return answer_heartbeat(&a);
	}
	a.command = HM_TO_CLOUD | HM_CMD_WARNINGS;
	return hm_sim_hm_warning(&a);
}
