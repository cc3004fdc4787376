#include <string.h>

#include "dialog_private.h"
#include "g3_order.h"
#include "wire/modbus.h"

/*
 * Orders to a HIT-...-G3 or HiOne: its settings are read, changed and written
 * as one block, and read again. A stick may give the registers of another
 * request, so what is read counts once two reads in a row agree.
 */

#define WRITE_REPLY ((size_t)4)
#define READS_MAX 6 /* of the settings, on one connection */

/* Requests */

static enum hm_turn
ask(struct hm_dialog *d, const struct hm_g3_block *block, bool again)
{
	d->order->function = HM_MODBUS_READ_REGISTERS;
	hm_dialog_g3_ask(d, again);
	hm_modbus_request_of(d->request, d->g3.transaction, d->dtu->unit,
	    HM_MODBUS_READ_REGISTERS, block->first, block->count);
	d->request_size = HM_MODBUS_REQUEST;
	return HM_TURN_ASK;
}

static const struct hm_g3_block *
block_in_hand(const struct hm_dialog *d)
{
	return d->order->g3.asks_role ? &hm_g3_role_block :
	    hm_g3_order_block(d->order->order->command.action);
}

static enum hm_turn
ask_block(struct hm_dialog *d)
{
	d->order->g3.asked_again = false;
	return ask(d, block_in_hand(d), false);
}

static enum hm_turn
ask_settings(struct hm_dialog *d)
{
	d->order->g3.asks_role = false;
	d->order->g3.reads = 0;
	return ask_block(d);
}

enum hm_turn
hm_dialog_g3_order_begin(struct hm_dialog *d)
{
	struct hm_dialog_g3_order *g = &d->order->g3;

	if (d->order->phase != HM_ORDER_BEFORE)
		return ask_settings(d);
	g->role = HM_G3_ROLE_UNKNOWN;
	g->asks_role = true;
	g->reads = 0;
	return ask_block(d);
}

enum hm_turn
hm_dialog_g3_order_send(struct hm_dialog *d)
{
	struct hm_dialog_order *o = d->order;
	const struct hm_g3_write *write = &o->g3.write;

	hm_g3_order_write(&o->order->command, o->before.word, &o->g3.write);
	o->function = HM_MODBUS_WRITE_REGISTERS;
	hm_dialog_g3_ask(d, false);
	d->request_size = hm_modbus_request_registers(d->request,
	    d->g3.transaction, d->dtu->unit, write->first, write->word,
	    write->count);
	return HM_TURN_ASK;
}

/* Replies */

static enum hm_turn
ask_again(struct hm_dialog *d)
{
	struct hm_dialog_g3_order *g = &d->order->g3;

	if (g->asked_again)
		return HM_TURN_FAIL;
	g->asked_again = true;
	hm_dialog_drop(d, "settings at %u are asked for again: %s",
	    block_in_hand(d)->first, d->error_text);
	return ask(d, block_in_hand(d), true);
}

/* A stick is silent about registers that it does not have. */
enum hm_turn
hm_dialog_g3_order_lost(struct hm_dialog *d, bool connection)
{
	struct hm_dialog_g3_order *g = &d->order->g3;

	if (connection)
		return HM_TURN_FAIL;
	return g->asks_role && g->asked_again ? ask_settings(d) :
	    ask_again(d);
}

static void
read_words(const struct hm_modbus_reply *reply, uint16_t *words)
{
	for (size_t i = 0; 2 * i + 1 < reply->size; i++)
		words[i] = (uint16_t)(reply->data[2 * i] << 8 |
		    reply->data[2 * i + 1]);
}

/* One more reading of a block: it is known, or read again. */
static enum hm_turn
after_words(struct hm_dialog *d, const uint16_t *words, size_t n)
{
	struct hm_dialog_g3_order *g = &d->order->g3;
	bool known = g->reads > 0 &&
	    memcmp(g->word, words, n * sizeof *words) == 0;

	memcpy(g->word, words, n * sizeof *words);
	if (known && !g->asks_role)
		return HM_TURN_DONE;
	if (known) {
		g->role = hm_g3_role_of(words);
		return ask_settings(d);
	}
	if (++g->reads < READS_MAX)
		return ask_block(d);
	return hm_dialog_fail(d, HM_ERR_PROTOCOL, "settings at %u differ from "
	    "read to read", block_in_hand(d)->first);
}

static enum hm_turn
after_read(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	const struct hm_g3_block *block = block_in_hand(d);
	uint16_t words[HM_G3_SETTINGS_MAX] = {0};

	if (reply->size != 2 * (size_t)block->count) {
		hm_dialog_fail(d, HM_ERR_LENGTH, "settings at %u: %zu bytes "
		    "of registers, asked were %u", block->first, reply->size,
		    2u * block->count);
		return ask_again(d);
	}
	if (reply->wrong_count) {
		hm_dialog_fail(d, HM_ERR_LENGTH, "settings at %u: the reply "
		    "has another number of bytes than it says", block->first);
		return ask_again(d);
	}
	read_words(reply, words);
	if (!d->order->g3.asks_role &&
	    !hm_g3_order_is_sane(d->order->order->command.action, words)) {
		hm_dialog_fail(d, HM_ERR_PROTOCOL, "settings at %u: its "
		    "registers cannot be those", block->first);
		return ask_again(d);
	}
	return after_words(d, words, block->count);
}

static enum hm_turn
after_write(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	const struct hm_g3_write *write = &d->order->g3.write;
	uint16_t words[2];

	if (reply->size != WRITE_REPLY)
		return hm_dialog_fail(d, HM_ERR_LENGTH, "%zu bytes of data "
		    "in the reply to the order", reply->size);
	read_words(reply, words);
	if (words[0] != write->first || words[1] != write->count)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL, "the reply to the "
		    "order is about %u registers at %u, written were %u at %u",
		    words[1], words[0], write->count, write->first);
	hm_dialog_order_note(d, HM_RESULT_ACCEPTED);
	return hm_dialog_order_read_back(d);
}

static enum hm_turn
after_exception(struct hm_dialog *d, uint8_t code)
{
	if (d->order->phase == HM_ORDER_SENDS && hm_modbus_is_refusal(code))
		return hm_dialog_order_end(d, HM_RESULT_REFUSED,
		    "refused_by_dtu", "the inverter refuses the order with "
		    "Modbus exception %u", code);
	if (d->order->phase == HM_ORDER_SENDS)
		return hm_dialog_fail(d, HM_ERR_EXCEPTION, "Modbus exception "
		    "%u to the order, which does not say whether it is "
		    "carried out", code);
	/* Not each device says how it works in parallel. */
	if (d->order->g3.asks_role && code == HM_MODBUS_ILLEGAL_ADDRESS)
		return ask_settings(d);
	hm_dialog_fail(d, HM_ERR_EXCEPTION, "settings at %u: Modbus exception "
	    "%u", block_in_hand(d)->first, code);
	return ask_again(d);
}

enum hm_turn
hm_dialog_g3_order_reply(struct hm_dialog *d,
    const struct hm_modbus_reply *reply)
{
	if (reply->exception != 0)
		return after_exception(d, reply->exception);
	return d->order->phase == HM_ORDER_SENDS ? after_write(d, reply) :
	    after_read(d, reply);
}
