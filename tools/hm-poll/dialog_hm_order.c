#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hex.h"
#include "command.pb-c.h"
#include "dialog_private.h"

#define STEPS_MAX 15 /* requests for progress, two seconds apart */
#define SILENT_STEPS 3 /* of those, without a word of the order */
#define KIND_DTU 1
#define PARAMETERS ((size_t)48)

/* docs/protocol.md has the actions, and which command carries them. */
static const struct {
	uint16_t command;
	int32_t code;
} actions[HM_ACTIONS] = {
    [HM_ACTION_LIMIT] = {HM_TO_DTU | HM_CMD_COMMAND, 8},
    [HM_ACTION_LIMIT_TEMPORARY] = {HM_TO_DTU | HM_CMD_COMMAND, 211},
    [HM_ACTION_TURN_ON] = {HM_FROM_CLOUD | HM_CMD_COMMAND, 6},
    [HM_ACTION_TURN_OFF] = {HM_FROM_CLOUD | HM_CMD_COMMAND, 7},
    [HM_ACTION_RESTART_INVERTER] = {HM_FROM_CLOUD | HM_CMD_COMMAND, 3},
    [HM_ACTION_RESTART_DTU] = {HM_FROM_CLOUD | HM_CMD_COMMAND, 1},
    [HM_ACTION_CLEAR_ALARMS] = {HM_TO_DTU | HM_CMD_COMMAND, 42},
};

static bool
is_of_app(const struct hm_dialog *d)
{
	return actions[d->order->order->command.action].command ==
	    (HM_TO_DTU | HM_CMD_COMMAND);
}

unsigned
hm_dialog_hm_order_asks(const struct hm_dialog *d)
{
	switch (d->order->order->command.action) {
	case HM_ACTION_LIMIT:
		return HM_ASK_CONFIG;
	case HM_ACTION_CLEAR_ALARMS:
		return d->order->sent ? HM_ASK_ALARMS : 0;
	default:
		return 0;
	}
}

/* Requests */

static void
write_parameters(const struct hm_command *command, char out[PARAMETERS])
{
	if (command->action == HM_ACTION_LIMIT)
		snprintf(out, PARAMETERS, "A:%" PRId64 ",B:0,C:0\r",
		    command->amount);
	else if (command->action == HM_ACTION_LIMIT_TEMPORARY)
		snprintf(out, PARAMETERS, "S:1,P:%" PRId64 "\r",
		    command->amount);
	else
		out[0] = '\0';
}

enum hm_turn
hm_dialog_hm_order_send(struct hm_dialog *d)
{
	const struct hm_order *order = d->order->order;
	uint16_t command = actions[order->command.action].command;
	Hm__CommandRequest m = HM__COMMAND_REQUEST__INIT;
	char parameters[PARAMETERS];
	int64_t serial;
	size_t size;

	write_parameters(&order->command, parameters);
	d->order->id = d->now;
	m.time = (int32_t)d->now;
	m.action = actions[order->command.action].code;
	m.packages = 1;
	m.id = d->order->id;
	m.data = parameters;
	if (!is_of_app(d) && order->command.action != HM_ACTION_RESTART_DTU)
		m.kind = KIND_DTU;
	if (m.kind == KIND_DTU && order->command.serial[0] != '\0') {
		serial = (int64_t)strtoull(order->command.serial, NULL, 16);
		m.inverter = &serial;
		m.n_inverter = 1;
	}
	size = hm__command_request__pack(&m, d->request + HM_FRAME_HEADER);
	return hm_dialog_hm_send(d, command, size, d->hm.encrypts &&
	    (is_of_app(d) || order->encrypts_2305));
}

static enum hm_turn
ask_progress(struct hm_dialog *d)
{
	Hm__CommandStatusRequest m = HM__COMMAND_STATUS_REQUEST__INIT;
	size_t size;

	d->order->phase = HM_ORDER_PROGRESS;
	d->order->steps++;
	m.time = (int32_t)(d->now + d->order->steps);
	m.action = actions[d->order->order->command.action].code;
	m.id = d->now + d->order->steps;
	size = hm__command_status_request__pack(&m,
	    d->request + HM_FRAME_HEADER);
	return hm_dialog_hm_send(d, HM_TO_DTU | HM_CMD_PROGRESS, size,
	    d->hm.encrypts);
}

/* Replies */

/* Whether the DTU answers an encrypted 2305 so or in plain is not known. */
bool
hm_dialog_hm_order_is_sealed(const struct hm_dialog *d,
    const struct hm_frame *frame)
{
	const struct hm_dialog_order *o = d->order;
	const Hm__CommandReply *plain;

	if (o == NULL || o->phase != HM_ORDER_SENDS || d->held ||
	    !d->hm.encrypts || !o->order->encrypts_2305 ||
	    frame->command != (HM_TO_CLOUD | HM_CMD_COMMAND))
		return false;
	hm_arena_reset(d->options->arena);
	plain = hm__command_reply__unpack(&d->options->arena->allocator,
	    frame->size, frame->payload);
	return plain == NULL ||
	    plain->action != actions[o->order->command.action].code;
}

static enum hm_turn
skip(struct hm_dialog *d, const struct hm_frame *frame)
{
	hm_dialog_drop(d, "frame %04x of %zu bytes: it is about another "
	    "order", frame->command, frame->size);
	return hm_dialog_skip(d, HM_FRAME_HEADER + frame->size);
}

static enum hm_turn
after_order(struct hm_dialog *d, const struct hm_frame *frame)
{
	const Hm__CommandReply *reply = hm__command_reply__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);

	if (reply == NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the reply to the order cannot be unpacked");
	if (reply->action !=
	    actions[d->order->order->command.action].code ||
	    (reply->id != 0 && reply->id != d->order->id))
		return skip(d, frame);
	if (reply->error != 0)
		return hm_dialog_order_end(d, HM_RESULT_REFUSED,
		    "refused_by_dtu", "the DTU refuses the order with error "
		    "%d", reply->error);
	hm_dialog_order_note(d, HM_RESULT_ACCEPTED);
	return is_of_app(d) ? ask_progress(d) : hm_dialog_order_read_back(d);
}

static enum hm_turn
end_with_fault(struct hm_dialog *d, const Hm__CommandStatus *status)
{
	bool has_code = status->n_fault > 0;
	int64_t serial = has_code ? status->fault[0]->serial :
	    status->failed[0];
	char text[HM_SERIAL_TEXT];

	hm_serial_format((uint64_t)serial, 12, text);
	return hm_dialog_order_end(d, HM_RESULT_FAILED, "inverter_failed",
	    "inverter %s has not carried it out: error %lld", text,
	    has_code ? (long long)status->fault[0]->error : 0LL);
}

/* A reply without any list says nothing: it may be too early, or too late. */
static enum hm_turn
after_progress(struct hm_dialog *d, const struct hm_frame *frame)
{
	const Hm__CommandStatus *status = hm__command_status__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);
	bool ours, silent;

	if (status == NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the progress of the order cannot be unpacked");
	if (status->action !=
	    actions[d->order->order->command.action].code)
		return skip(d, frame);
	ours = status->id == d->order->id;
	if (ours && status->n_failed + status->n_fault > 0)
		return end_with_fault(d, status);
	silent = !ours || status->n_done + status->n_under_way == 0;
	if (ours && status->n_under_way > 0)
		hm_dialog_order_note(d, HM_RESULT_UNDER_WAY);
	if (d->order->steps >= (silent ? SILENT_STEPS : STEPS_MAX) ||
	    (!silent && status->n_under_way == 0))
		return hm_dialog_order_read_back(d);
	return ask_progress(d);
}

enum hm_turn
hm_dialog_hm_order_reply(struct hm_dialog *d, const struct hm_frame *frame)
{
	return d->order->phase == HM_ORDER_SENDS ? after_order(d, frame) :
	    after_progress(d, frame);
}
