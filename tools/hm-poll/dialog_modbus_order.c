#include "base/buffer.h"
#include "dialog_private.h"
#include "wire/modbus.h"

/*
 * Orders to all inverters of a DTU over Modbus. docs/protocol.md has both maps
 * and their sources; which of them a DTU has is found by reading the new one.
 */

#define NEW_ON 0xd000u
#define NEW_TEMPORARY 0xd001u
#define NEW_KEPT 0xd002u
#define NEW_PLACES 3u
#define OLD_ON 0xc000u
#define OLD_LIMIT 0xc001u
#define COILS 8u
#define COIL_ON 0xff00u
#define WRITE_REPLY ((size_t)4)

/* Requests */

static void
begin(struct hm_dialog *d, enum hm_modbus_function function)
{
	d->order->function = function;
	d->skipped = d->skipped_bytes = 0;
	d->modbus.transaction++;
}

static enum hm_turn
ask(struct hm_dialog *d, enum hm_modbus_function function, unsigned address,
    unsigned value)
{
	begin(d, function);
	hm_modbus_request_of(d->request, d->modbus.transaction, d->dtu->unit,
	    function, (uint16_t)address, (uint16_t)value);
	d->request_size = HM_MODBUS_REQUEST;
	return HM_TURN_ASK;
}

static bool
has_old_map(const struct hm_dialog *d)
{
	return d->order->before.device.has_old_map;
}

/* The limit of the old map is read only to see what an order has done. */
enum hm_turn
hm_dialog_modbus_order_probe(struct hm_dialog *d)
{
	bool limit = d->order->order->command.action == HM_ACTION_LIMIT;

	if (!has_old_map(d))
		return ask(d, HM_MODBUS_READ_REGISTERS, NEW_ON, NEW_PLACES);
	if (limit)
		return ask(d, HM_MODBUS_READ_COILS, OLD_LIMIT, COILS);
	return hm_dialog_order_turn(d, HM_TURN_DONE);
}

static enum hm_turn
send_old(struct hm_dialog *d)
{
	const struct hm_command *command = &d->order->order->command;

	if (command->action != HM_ACTION_LIMIT)
		return ask(d, HM_MODBUS_WRITE_COIL, OLD_ON,
		    command->action == HM_ACTION_TURN_ON ? COIL_ON : 0);
	begin(d, HM_MODBUS_WRITE_COILS);
	hm_modbus_request_coils(d->request, d->modbus.transaction,
	    d->dtu->unit, OLD_LIMIT, (uint8_t)(command->amount / 10));
	d->request_size = HM_MODBUS_REQUEST_COILS;
	return HM_TURN_ASK;
}

enum hm_turn
hm_dialog_modbus_order_send(struct hm_dialog *d)
{
	const struct hm_command *command = &d->order->order->command;
	unsigned percent = (unsigned)(command->amount / 10);

	if (has_old_map(d))
		return send_old(d);
	switch (command->action) {
	case HM_ACTION_LIMIT:
		return ask(d, HM_MODBUS_WRITE_REGISTER, NEW_KEPT, percent);
	case HM_ACTION_LIMIT_TEMPORARY:
		return ask(d, HM_MODBUS_WRITE_REGISTER, NEW_TEMPORARY,
		    percent);
	default:
		return ask(d, HM_MODBUS_WRITE_REGISTER, NEW_ON,
		    command->action == HM_ACTION_TURN_ON);
	}
}

/* Replies */

static int64_t
percent_at(const uint8_t *p)
{
	int64_t value = p[0] << 8 | p[1];

	return value <= 100 ? 10 * value : -1;
}

/* Values that make no sense are not known. */
static void
look_at_registers(const uint8_t *data, struct hm_order_seen *seen)
{
	unsigned on = (unsigned)(data[0] << 8 | data[1]);

	seen->on = on <= 1 ? (int)on : -1;
	seen->temporary = percent_at(data + 2);
	seen->device.limit = percent_at(data + 4);
}

static enum hm_turn
look(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	struct hm_order_seen *seen = d->order->phase == HM_ORDER_PROBE ?
	    &d->order->before : &d->order->after;
	size_t size = has_old_map(d) ? COILS / 8 : 2 * (size_t)NEW_PLACES;

	if (reply->size != size)
		return hm_dialog_fail(d, HM_ERR_LENGTH, "%zu bytes of data in "
		    "the map of orders, expected are %zu", reply->size, size);
	if (!has_old_map(d))
		look_at_registers(reply->data, seen);
	else if (reply->data[0] <= 100)
		seen->device.limit = 10 * (int64_t)reply->data[0];
	return HM_TURN_DONE;
}

static enum hm_turn
after_missing_map(struct hm_dialog *d)
{
	if (!d->order->order->uses_old_map)
		return hm_dialog_order_end(d, HM_RESULT_REFUSED,
		    "not_supported", "the DTU has no registers for orders at "
		    "0xD000; if its firmware is old, control_map old uses the "
		    "coils at 0xC000");
	d->order->before.device.has_old_map = true;
	return hm_dialog_order_turn(d, HM_TURN_DONE);
}

static enum hm_turn
after_exception(struct hm_dialog *d, uint8_t code)
{
	if (d->order->phase == HM_ORDER_PROBE &&
	    code == HM_MODBUS_ILLEGAL_ADDRESS)
		return after_missing_map(d);
	if (d->order->phase != HM_ORDER_SENDS)
		return hm_dialog_fail(d, HM_ERR_EXCEPTION, "Modbus exception "
		    "%u to a look at the map of orders", code);
	if (hm_modbus_is_refusal(code))
		return hm_dialog_order_end(d, HM_RESULT_REFUSED,
		    "refused_by_dtu", "the DTU refuses the order with Modbus "
		    "exception %u", code);
	return hm_dialog_fail(d, HM_ERR_EXCEPTION, "Modbus exception %u to the "
	    "order, which does not say whether it is carried out", code);
}

static enum hm_turn
after(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	if (reply->unit != d->dtu->unit)
		return hm_dialog_fail(d, HM_ERR_UNIT, "reply of unit %u, "
		    "asked was unit %u", reply->unit, d->dtu->unit);
	if (reply->exception != 0)
		return after_exception(d, reply->exception);
	if (d->order->phase != HM_ORDER_SENDS)
		return look(d, reply);
	if (reply->size != WRITE_REPLY)
		return hm_dialog_fail(d, HM_ERR_LENGTH, "%zu bytes of data "
		    "in the reply to the order", reply->size);
	hm_dialog_order_note(d, HM_RESULT_ACCEPTED);
	return hm_dialog_order_read_back(d);
}

static enum hm_turn
fail(struct hm_dialog *d, enum hm_modbus_state state)
{
	if (state == HM_MODBUS_LENGTH)
		return hm_dialog_fail(d, HM_ERR_LENGTH,
		    "the reply's length is impossible");
	return hm_dialog_fail(d, HM_ERR_PROTOCOL,
	    "the reply is not Modbus TCP, or to another function");
}

enum hm_turn
hm_dialog_modbus_order_feed(struct hm_dialog *d)
{
	enum hm_turn turn = HM_TURN_READ;

	while (turn == HM_TURN_READ) {
		struct hm_modbus_reply reply;
		size_t used;
		enum hm_modbus_state state = hm_modbus_read_reply(d->in.p,
		    d->in.n, d->order->function, &reply, &used);

		if (state == HM_MODBUS_PART)
			return HM_TURN_READ;
		if (state != HM_MODBUS_GOOD)
			return fail(d, state);
		if (d->held || (!d->modbus.foreign &&
		    reply.transaction != d->modbus.transaction))
			turn = hm_dialog_skip(d, used);
		else
			turn = after(d, &reply);
		hm_buffer_drop(&d->in, used);
	}
	return turn;
}
