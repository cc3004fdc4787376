#include <string.h>

#include "base/buffer.h"
#include "dialog_private.h"
#include "wire/g3.h"
#include "wire/modbus.h"

/* HIT-...-G3 and HiOne: the blocks of their registers, one after another. */

#define GAP_MS 150
#define RECONNECT_MS 10000
#define FUNCTION_AT 7 /* byte of a reply */
#define EXCEPTION 0x80

_Static_assert(HM_DIALOG_PARTS_MAX >= HM_G3_BLOCKS,
    "each block may be missing");

enum hm_turn
hm_dialog_g3_ask(struct hm_dialog *d, bool again)
{
	d->skipped = d->skipped_bytes = 0;
	d->g3.transaction++;
	if (!again)
		d->g3.first = d->g3.transaction;
	return HM_TURN_ASK;
}

static enum hm_turn
ask(struct hm_dialog *d, size_t block)
{
	struct hm_dialog_g3 *g = &d->g3;

	g->block = block;
	hm_dialog_g3_ask(d, g->asked_again);
	hm_modbus_request_of(d->request, g->transaction, d->dtu->unit,
	    HM_MODBUS_READ_INPUTS, hm_g3_blocks[block].first,
	    hm_g3_blocks[block].count);
	d->request_size = HM_MODBUS_REQUEST;
	return HM_TURN_ASK;
}

static enum hm_turn
ask_next(struct hm_dialog *d)
{
	d->g3.asked_again = false;
	return d->g3.block + 1 < HM_G3_BLOCKS ? ask(d, d->g3.block + 1) :
	    HM_TURN_DONE;
}

/*
 * There is no usable reply: a stick loses some, and answers others late or
 * with the registers of another request. So each block is asked for twice.
 */
static enum hm_turn
ask_again(struct hm_dialog *d)
{
	if (!d->g3.asked_again) {
		d->g3.asked_again = true;
		hm_dialog_drop(d, "block %u is asked for again: %s",
		    hm_g3_blocks[d->g3.block].first, d->error_text);
		return ask(d, d->g3.block);
	}
	/* Nothing is known without the first one. */
	return d->g3.block == 0 ? HM_TURN_FAIL : ask_next(d);
}

static size_t
find_missing(const struct hm_dialog *d, uint8_t missing[HM_DIALOG_PARTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < HM_G3_BLOCKS; i++)
		if (!d->g3.settled[i])
			missing[n++] = (uint8_t)(i + 1);
	return n;
}

static int32_t
find_address(const struct hm_dialog *d, size_t reply)
{
	return hm_g3_blocks[d->g3.kept[reply]].first;
}

/* Replies */

/* Not each device has each block. */
static enum hm_turn
after_exception(struct hm_dialog *d, uint8_t code)
{
	struct hm_dialog_g3 *g = &d->g3;
	unsigned first = hm_g3_blocks[g->block].first;

	if (code == HM_MODBUS_ILLEGAL_ADDRESS && g->block > 0) {
		hm_dialog_drop(d, "block %u: the device does not have it",
		    first);
		g->settled[g->block] = true;
		return ask_next(d);
	}
	hm_dialog_fail(d, HM_ERR_EXCEPTION, "block %u: Modbus exception %u",
	    first, code);
	return code == HM_MODBUS_ILLEGAL_ADDRESS ? HM_TURN_FAIL : ask_again(d);
}

static enum hm_turn
check(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	const struct hm_g3_block *block = &hm_g3_blocks[d->g3.block];

	if (reply->size != 2 * (size_t)block->count)
		return hm_dialog_fail(d, HM_ERR_LENGTH, "block %u: %zu bytes "
		    "of registers, asked were %u", block->first, reply->size,
		    2u * block->count);
	if (hm_g3_judge(d->g3.block, reply->data) == HM_G3_FOREIGN)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL, "block %u: its "
		    "registers are those of another block", block->first);
	return HM_TURN_DONE;
}

static enum hm_turn
after(struct hm_dialog *d, const struct hm_modbus_reply *reply, size_t used)
{
	struct hm_dialog_g3 *g = &d->g3;

	if (reply->unit != d->dtu->unit)
		return hm_dialog_fail(d, HM_ERR_UNIT,
		    "reply of unit %u, asked was unit %u", reply->unit,
		    d->dtu->unit);
	if (d->order != NULL)
		return hm_dialog_g3_order_reply(d, reply);
	if (reply->exception != 0)
		return after_exception(d, reply->exception);
	if (check(d, reply) == HM_TURN_FAIL)
		return ask_again(d);
	g->kept[d->reply_count] = (uint8_t)g->block;
	if (!hm_dialog_keep(d, d->in.p, used))
		return HM_TURN_FAIL;
	g->settled[g->block] = true;
	return ask_next(d);
}

/*
 * A stick repeats the numbers of requests, and answers some of them late. A
 * late reply about the block in hand is as good as that to the second request.
 */
static bool
is_awaited(const struct hm_dialog *d, uint16_t transaction)
{
	return !d->held && (transaction == d->g3.transaction ||
	    transaction == d->g3.first);
}

static bool
is_other_reply(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	const struct hm_dialog_g3 *g = &d->g3;

	if (d->held)
		hm_dialog_drop(d, "reply %u: no request was open",
		    reply->transaction);
	else if (!is_awaited(d, reply->transaction))
		hm_dialog_drop(d, "reply %u: requested was %u",
		    reply->transaction, g->transaction);
	else
		return false;
	return true;
}

static enum hm_turn
on_reply(struct hm_dialog *d, const struct hm_modbus_reply *reply, size_t used)
{
	enum hm_turn turn = is_other_reply(d, reply) ?
	    hm_dialog_skip(d, used) : after(d, reply, used);

	hm_buffer_drop(&d->in, used);
	return turn;
}

/* A late reply is that to another function where orders are sent. */
static enum hm_modbus_function
function_of_reply(const struct hm_dialog *d)
{
	const uint8_t *p = d->in.p;

	if (d->in.n >= FUNCTION_AT + 1 &&
	    !is_awaited(d, (uint16_t)(p[0] << 8 | p[1])))
		return (enum hm_modbus_function)(p[FUNCTION_AT] & ~EXCEPTION);
	return d->order != NULL ? d->order->function : HM_MODBUS_READ_INPUTS;
}

static enum hm_turn
feed(struct hm_dialog *d)
{
	enum hm_turn turn = HM_TURN_READ;

	while (turn == HM_TURN_READ) {
		struct hm_modbus_reply reply;
		size_t used;

		switch (hm_modbus_read_reply(d->in.p, d->in.n,
		    function_of_reply(d), &reply, &used)) {
		case HM_MODBUS_PART:
			return HM_TURN_READ;
		case HM_MODBUS_LENGTH:
			return hm_dialog_fail(d, HM_ERR_LENGTH,
			    "the reply's length is impossible");
		case HM_MODBUS_PROTOCOL:
			return hm_dialog_fail(d, HM_ERR_PROTOCOL,
			    "the reply is not Modbus TCP");
		case HM_MODBUS_GOOD:
			turn = on_reply(d, &reply, used);
			break;
		}
	}
	return turn;
}

/* Polls */

static enum hm_turn
begin(struct hm_dialog *d)
{
	struct hm_dialog_g3 *g = &d->g3;

	if (d->order != NULL)
		return hm_dialog_g3_order_begin(d);
	g->asked_again = false;
	memset(g->settled, 0, sizeof g->settled);
	return ask(d, 0);
}

/* After two silences in a row the rest is left to another connection. */
static enum hm_turn
lose(struct hm_dialog *d, bool connection)
{
	if (d->order != NULL)
		return hm_dialog_g3_order_lost(d, connection);
	if (connection || d->g3.asked_again)
		return HM_TURN_FAIL;
	return ask_again(d);
}

const struct hm_dialog_protocol hm_protocol_g3 = {
    .begin = begin,
    .feed = feed,
    .lost = lose,
    .missing = find_missing,
    .address = find_address,
    .gap_ms = GAP_MS,
    .part = "block",
    .keeps_connection = true,
    .reconnect_ms = RECONNECT_MS,
};
