/*
 * Polls of a hostile DTU, or an order to it, which is sent at most once. The
 * first byte sets the transport, the extras to ask for and the order, or that
 * the second byte chooses it. Steps follow, each of an action, a length in two
 * bytes and so many bytes. The action feeds the bytes as they are, or as the
 * payload of the expected reply; or it ignores them and is a silence, the next
 * poll, or the begin or end of a pause.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialog_private.h"

#define PAYLOAD_MAX ((size_t)4096)
#define UNIT 1

enum action {
	FEED,
	ANSWER,
	GIVE_UP,
	NEXT_POLL,
	HOLD,
	ACTIONS
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char text[] = "roof";

static bool
is_modbus(const struct hm_dialog *d)
{
	return d->dtu->transport == HM_TRANSPORT_MODBUS ||
	    d->dtu->transport == HM_TRANSPORT_MODBUS_G3;
}

static enum hm_modbus_function
reads_by(const struct hm_dialog *d)
{
	return d->dtu->transport == HM_TRANSPORT_MODBUS_G3 ?
	    HM_MODBUS_READ_INPUTS : HM_MODBUS_READ_REGISTERS;
}

static void
check_replies(const struct hm_dialog *d)
{
	size_t sum = 0;

	if (hm_dialog_replies(d) == 0 || hm_dialog_replies(d) > HM_REPLIES_MAX)
		abort();
	for (size_t i = 0; i < hm_dialog_replies(d); i++) {
		size_t size, used = 0;
		const uint8_t *p = hm_dialog_reply(d, i, &size);
		struct hm_modbus_reply modbus;
		struct hm_frame frame;
		bool good = !is_modbus(d) ?
		    hm_frame_read(p, size, false, &frame, &used) ==
		    HM_FRAME_GOOD :
		    hm_modbus_read_reply(p, size, reads_by(d), &modbus,
		    &used) == HM_MODBUS_GOOD;

		if (!good || used != size)
			abort();
		sum += size;
	}
	if (sum > HM_REPLIES_BYTES)
		abort();
}

/* The order that has a tag against the rule. */
static bool
is_sealed_2305(const struct hm_dialog *d, const struct hm_frame *frame)
{
	return hm_dialog_sends_order(d) && d->hm.encrypts &&
	    d->order->order->encrypts_2305 && frame->command >> 8 == 0x23;
}

static void
check_request(const struct hm_dialog *d)
{
	size_t size, used;
	const uint8_t *p = hm_dialog_request(d, &size);
	struct hm_frame frame;

	if (size == 0 || size > HM_REQUEST_MAX)
		abort();
	if (is_modbus(d))
		return;
	if (hm_frame_read(p, size, d->hm.encrypts, &frame, &used) !=
	    HM_FRAME_GOOD)
		abort();
	if (is_sealed_2305(d, &frame))
		used += HM_FRAME_TAG;
	if (used != size)
		abort();
}

static void
check_missing(const struct hm_dialog *d)
{
	uint8_t missing[HM_DIALOG_PARTS_MAX];
	size_t n = hm_dialog_missing(d, missing);

	if (n > HM_DIALOG_PARTS_MAX)
		abort();
	for (size_t i = 1; i < n; i++)
		if (missing[i - 1] >= missing[i])
			abort();
}

static void
on_dropped(const struct hm_dtu *dtu, const char *reason)
{
	if (dtu->name != text || reason[0] == '\0')
		abort();
}

/* An order is the request in hand once, and its result says something. */
static void
check_order(const struct hm_dialog *d, enum hm_turn turn, int *sent)
{
	if ((turn == HM_TURN_ASK || turn == HM_TURN_RECONNECT) &&
	    hm_dialog_sends_order(d) && ++*sent > 1)
		abort();
	if (d->order->ended && (!hm_result_is_final(d->order->result.state) ||
	    d->order->text[0] == '\0'))
		abort();
	if (d->order->ended != (hm_dialog_order_pause_ms(d) < 0))
		abort();
}

static void
check(const struct hm_dialog *d, enum hm_turn turn)
{
	check_missing(d);
	switch (turn) {
	case HM_TURN_ASK:
	case HM_TURN_RECONNECT:
		check_request(d);
		break;
	case HM_TURN_READ:
		break;
	case HM_TURN_DONE:
		if (d->order == NULL)
			check_replies(d);
		break;
	case HM_TURN_FAIL:
		if (hm_dialog_error(d) == HM_ERR_NONE ||
		    hm_dialog_error_text(d)[0] == '\0')
			abort();
		break;
	}
}

static enum hm_turn
answer_modbus(struct hm_dialog *d, const uint8_t *p, size_t n)
{
	uint16_t number = reads_by(d) == HM_MODBUS_READ_INPUTS ?
	    d->g3.transaction : d->modbus.transaction;
	uint8_t out[HM_MODBUS_REPLY_MAX] = {(uint8_t)(number >> 8),
	    (uint8_t)number, 0, 0, 0, 0, UNIT,
	    d->order != NULL && (hm_dialog_order_asks(d) ||
	    reads_by(d) == HM_MODBUS_READ_INPUTS) ?
	    (uint8_t)d->order->function : (uint8_t)reads_by(d)};

	n = n < sizeof out - 9 ? n : sizeof out - 9;
	out[4] = (uint8_t)((n + 3) >> 8);
	out[5] = (uint8_t)(n + 3);
	out[8] = (uint8_t)n;
	memcpy(out + 9, p, n);
	return hm_dialog_feed(d, out, n + 9);
}

static enum hm_turn
answer_hm(struct hm_dialog *d, const uint8_t *p, size_t n)
{
	static uint8_t out[HM_FRAME_HEADER_GATEWAY + PAYLOAD_MAX +
	    HM_FRAME_TAG];
	uint8_t sealed[PAYLOAD_MAX], tag[HM_FRAME_TAG];
	struct hm_frame frame = {
	    .command = d->es != NULL ? d->es->awaited : d->hm.awaited,
	    .sequence = d->hm.sequence, .payload = p,
	    .size = n < PAYLOAD_MAX ? n : PAYLOAD_MAX};

	if (d->hm.encrypts &&
	    hm_frame_is_encrypted(frame.command, frame.size)) {
		if (!hm_crypt_seal(d->hm.random, frame.command,
		    frame.sequence, p, frame.size, sealed, tag))
			abort();
		frame.payload = sealed;
		frame.tag = tag;
	}
	return hm_dialog_feed(d, out, hm_frame_write(&frame, out, sizeof out));
}

static enum hm_turn
step(struct hm_dialog *d, enum action action, const uint8_t *p, size_t n,
    int64_t moment)
{
	switch (action) {
	case FEED:
		return hm_dialog_feed(d, p, n);
	case ANSWER:
		if (is_modbus(d))
			return answer_modbus(d, p, n);
		return answer_hm(d, p, n);
	case GIVE_UP:
		return hm_dialog_give_up(d, n % 2 == 0 ? HM_ERR_CLOSED :
		    HM_ERR_TIMEOUT_READ);
	case HOLD:
		hm_dialog_hold(d, n % 2 != 0);
		return HM_TURN_READ;
	default:
		return hm_dialog_begin(d, 1646929028 + moment, moment);
	}
}

static void
talk(struct hm_dialog *d, const uint8_t *data, size_t size)
{
	int64_t moment = 0;
	int sent = 0;
	enum hm_turn turn = hm_dialog_begin(d, 1646929028, 0);

	check(d, turn);
	while (size >= 3) {
		enum action action = data[0] % ACTIONS;
		size_t n = (size_t)(data[1] << 8 | data[2]);

		data += 3;
		size -= 3;
		n = n < size ? n : size;
		/* After its end a dialog can only start the next poll. */
		if (turn == HM_TURN_DONE || turn == HM_TURN_FAIL)
			action = NEXT_POLL;
		if (action == NEXT_POLL)
			moment += (int64_t)n;
		turn = step(d, action, data, n, moment);
		check(d, turn);
		if (d->order != NULL)
			check_order(d, turn, &sent);
		data += n;
		size -= n;
	}
}

static bool
chooses_order(const uint8_t *data, size_t size)
{
	return size > 1 && (data[0] & 0xa0) == 0xa0;
}

/* To a hybrid inverter. */
static void
choose_told(uint8_t byte, struct hm_order *order)
{
	static const enum hm_action actions[] = {HM_ACTION_SET_MODE,
	    HM_ACTION_SET_SOC_LIMITS, HM_ACTION_SET_EXPORT_LIMIT,
	    HM_ACTION_SET_MODE};
	struct hm_command *command = &order->command;

	command->action = actions[byte & 3];
	order->allows_unproven = (byte & 4) != 0;
	if (command->action == HM_ACTION_SET_SOC_LIMITS) {
		hm_told_put(&command->told, HM_TOLD_SOC_MAX, 90);
	} else if (command->action == HM_ACTION_SET_MODE) {
		hm_told_put(&command->told, HM_TOLD_MODE, byte >> 3 & 7);
		hm_told_put(&command->told, HM_TOLD_RESERVE_SOC, 70);
	}
}

/* A limit, or another order with its options. */
static struct hm_order
order_of(const uint8_t *data, size_t size)
{
	struct hm_order order = {.uses_old_map = true, .command = {
	    .has_action = true, .action = HM_ACTION_LIMIT,
	    .unit = HM_COMMAND_PERCENT, .amount = 600}};

	if ((data[0] & 0xc0) == 0x80)
		order.command.action = HM_ACTION_TURN_OFF;
	if (!chooses_order(data, size))
		return order;
	if ((data[1] & 0x80) != 0) {
		choose_told(data[1], &order);
		return order;
	}
	order.command.action = (enum hm_action)((data[1] & 0x07) %
	    HM_ACTION_SET_MODE);
	order.encrypts_2305 = (data[1] & 0x08) != 0;
	order.uses_old_map = (data[1] & 0x10) != 0;
	if ((data[1] & 0x20) != 0)
		order.command.unit = HM_COMMAND_WATTS;
	if ((data[1] & 0x40) != 0)
		snprintf(order.command.serial, sizeof order.command.serial,
		    "116172207281");
	return order;
}

/* Gateways and a HIT-...-G3 take orders of their own. */
static enum hm_transport
transport_of(const uint8_t *data, size_t size)
{
	uint8_t byte = data[0];

	if (chooses_order(data, size) && (data[1] & 0x80) != 0)
		return (byte & 0x10) != 0 ? HM_TRANSPORT_MODBUS_G3 :
		    HM_TRANSPORT_ES;
	if ((byte & 0xe0) == 0x60)
		return HM_TRANSPORT_ES;
	if ((byte & 0xe0) == 0x40)
		return HM_TRANSPORT_MODBUS_G3;
	return (byte & 0x10) != 0 ? HM_TRANSPORT_MODBUS : HM_TRANSPORT_HM;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hm_arena arena;
	struct hm_dtu dtu = {.name = text, .host = text, .port = 10081,
	    .unit = UNIT};
	struct hm_dialog_options options = {.ask_period = 3600,
	    .arena = &arena, .dropped = on_dropped};
	struct hm_order order;
	struct hm_dialog *d;
	size_t skipped;

	if (size == 0 || (arena.memory == NULL &&
	    !hm_arena_init(&arena, HM_ARENA_SIZE)))
		return 0;
	dtu.transport = transport_of(data, size);
	options.ask = data[0] & 0x0f;
	options.es_keep_connection = (data[0] & 0x08) != 0;
	d = hm_dialog_new(&dtu, &options);
	if (d == NULL)
		return 0;
	order = order_of(data, size);
	skipped = chooses_order(data, size) ? 2 : 1;
	if ((data[0] & 0x80) != 0 && !hm_dialog_order(d, &order))
		abort();
	talk(d, data + skipped, size - skipped);
	hm_dialog_drop_order(d);
	hm_dialog_free(d);
	return 0;
}
