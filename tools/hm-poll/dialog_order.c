#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control_rules.h"
#include "dialog_private.h"
#include "g3_order.h"
#include "order.h"
#include "record/poll_errors.h"

#define READ_BACK_MS 2000  /* after the order */
#define READ_AGAIN_MS 8000 /* after a reading that does not show it yet */

static void
remember_poll(struct hm_dialog_order *o, const struct hm_dialog *d)
{
	const struct hm_dialog_hm *hm = &d->hm;

	o->has_es = d->es != NULL;
	if (o->has_es)
		o->es = *d->es;
	if (d->protocol != &hm_protocol_hm)
		return;
	o->time = hm->time;
	o->time_before = hm->time_before;
	o->info_at = hm->info_at;
	o->readings_done = hm->readings_done;
	o->info_kept = hm->info_kept;
	o->info_lost = hm->info_lost;
}

bool
hm_dialog_order(struct hm_dialog *d, const struct hm_order *order)
{
	struct hm_dialog_order *o = calloc(1, sizeof *o);

	if (o == NULL)
		return false;
	hm_dialog_drop_order(d);
	d->order = o;
	o->order = order;
	o->phase = HM_ORDER_BEFORE;
	o->result = hm_result(HM_RESULT_UNKNOWN, o->error, o->text);
	remember_poll(o, d);
	return true;
}

void
hm_dialog_drop_order(struct hm_dialog *d)
{
	const struct hm_dialog_order *o = d->order;

	if (o != NULL && o->has_es) {
		/* The numbers of requests go on. */
		uint16_t sequence = d->es->sequence;

		*d->es = o->es;
		d->es->sequence = sequence;
	}
	if (o != NULL && d->protocol == &hm_protocol_hm) {
		d->hm.time = o->time;
		d->hm.time_before = o->time_before;
		d->hm.info_at = o->info_at;
		d->hm.readings_done = o->readings_done;
		d->hm.info_kept = o->info_kept;
		d->hm.info_lost = o->info_lost;
	}
	free(d->order);
	d->order = NULL;
}

bool
hm_dialog_sends_order(const struct hm_dialog *d)
{
	return d->order != NULL && d->order->phase == HM_ORDER_SENDS &&
	    !d->order->ended;
}

bool
hm_dialog_order_sent(const struct hm_dialog *d)
{
	return d->order != NULL && d->order->sent;
}

const struct hm_result *
hm_dialog_order_result(const struct hm_dialog *d)
{
	return &d->order->result;
}

bool
hm_dialog_order_asks(const struct hm_dialog *d)
{
	enum hm_order_phase phase = d->order != NULL ? d->order->phase :
	    HM_ORDER_BEFORE;

	return phase == HM_ORDER_PROBE || phase == HM_ORDER_SENDS ||
	    phase == HM_ORDER_PROGRESS || phase == HM_ORDER_CHECK;
}

int64_t
hm_dialog_order_pause_ms(const struct hm_dialog *d)
{
	const struct hm_dialog_order *o = d->order;

	if (o->ended)
		return -1;
	return o->rounds == 0 ? READ_BACK_MS : READ_AGAIN_MS;
}

/* Results */

static void
set_result(struct hm_dialog_order *o, const struct hm_result *result)
{
	snprintf(o->error, sizeof o->error, "%s",
	    result->error != NULL ? result->error : "");
	if (result->text != o->text)
		snprintf(o->text, sizeof o->text, "%s",
		    result->text != NULL ? result->text : "");
	o->result = *result;
	o->result.error = o->error;
	o->result.text = o->text;
}

enum hm_turn
hm_dialog_order_end(struct hm_dialog *d, enum hm_result_state state,
    const char *error, const char *format, ...)
{
	struct hm_result result = hm_result(state, error, d->order->text);
	va_list args;

	va_start(args, format);
	if (vsnprintf(d->order->text, sizeof d->order->text, format, args) < 0)
		d->order->text[0] = '\0';
	va_end(args);
	set_result(d->order, &result);
	d->order->ended = true;
	return HM_TURN_DONE;
}

void
hm_dialog_order_note(struct hm_dialog *d, enum hm_result_state state)
{
	struct hm_result result = hm_result(state, NULL, NULL);

	set_result(d->order, &result);
}

enum hm_turn
hm_dialog_order_read_back(struct hm_dialog *d)
{
	d->order->phase = HM_ORDER_AFTER;
	d->order->paused = true;
	return HM_TURN_DONE;
}

/* A gateway sends nothing that shows the working mode. */
void
hm_dialog_order_settle(struct hm_dialog *d)
{
	struct hm_dialog_order *o = d->order;

	if (d->protocol != &hm_protocol_es || !o->sent || o->ended)
		return;
	if (o->result.state == HM_RESULT_ACCEPTED)
		hm_dialog_order_end(d, HM_RESULT_UNKNOWN, "no_readback",
		    "the gateway says that it was done, but nothing that it "
		    "sends shows the working mode");
	o->ended = true;
}

/* Turns */

static enum hm_turn
end_as_shown(struct hm_dialog *d)
{
	struct hm_dialog_order *o = d->order;
	struct hm_result shown = hm_result(HM_RESULT_DONE, NULL, NULL);
	char text[HM_G3_SHOWN];

	hm_g3_order_show(o->order->command.action, o->before.word, &shown,
	    text);
	hm_dialog_order_end(d, HM_RESULT_DONE, NULL, "the inverter shows %s "
	    "already, nothing was sent", text);
	o->result.percent = shown.percent;
	o->result.told = shown.told;
	return HM_TURN_DONE;
}

/*
 * Whether a map of orders over Modbus shows what the inverters have, or what
 * was last written, is not known.
 */
static enum hm_turn
end_as_already(struct hm_dialog *d)
{
	const struct hm_control_device *device = &d->order->before.device;

	if (device->kind == HM_CONTROL_REGISTERS)
		return end_as_shown(d);
	if (device->is_modbus)
		hm_dialog_order_end(d, HM_RESULT_UNKNOWN, "no_readback",
		    "the DTU shows this limit already, nothing was sent; over "
		    "Modbus that does not prove that the inverters have it");
	else
		hm_dialog_order_end(d, HM_RESULT_DONE, NULL, "the inverters "
		    "have this limit already, nothing was sent");
	d->order->result.percent = device->limit;
	return HM_TURN_DONE;
}

/* The DTU and its inverters are known: send the order, or do not. */
static enum hm_turn
decide(struct hm_dialog *d)
{
	struct hm_dialog_order *o = d->order;
	const struct hm_control_device *device = &o->before.device;
	struct hm_control_verdict verdict;

	hm_control_fit(&o->order->command, device, &verdict);
	if (verdict.answer == HM_CONTROL_REFUSE)
		return hm_dialog_order_end(d, HM_RESULT_REFUSED,
		    verdict.error, "%s", verdict.text);
	if (verdict.answer == HM_CONTROL_ALREADY)
		return end_as_already(d);
	o->phase = HM_ORDER_SENDS;
	o->sent = true;
	switch (device->kind) {
	case HM_CONTROL_GATEWAY:
		return hm_dialog_es_order_send(d);
	case HM_CONTROL_REGISTERS:
		return hm_dialog_g3_order_send(d);
	case HM_CONTROL_DTU:
		break;
	}
	return device->is_modbus ? hm_dialog_modbus_order_send(d) :
	    hm_dialog_hm_order_send(d);
}

static enum hm_turn
judge(struct hm_dialog *d)
{
	struct hm_dialog_order *o = d->order;
	struct hm_order_judgement j;

	o->rounds++;
	hm_order_judge(o->order, &o->before, &o->after, &j);
	set_result(o, &j.result);
	o->ended = j.final;
	return hm_dialog_order_read_back(d);
}

static enum hm_turn
after_done(struct hm_dialog *d)
{
	struct hm_dialog_order *o = d->order;
	bool is_modbus = d->protocol == &hm_protocol_modbus;

	switch (o->phase) {
	case HM_ORDER_BEFORE:
		hm_dialog_order_look(d, &o->before);
		if (!is_modbus)
			return decide(d);
		o->phase = HM_ORDER_PROBE;
		return hm_dialog_modbus_order_probe(d);
	case HM_ORDER_PROBE:
		return decide(d);
	case HM_ORDER_AFTER:
		hm_dialog_order_look(d, &o->after);
		if (!is_modbus)
			return judge(d);
		o->phase = HM_ORDER_CHECK;
		return hm_dialog_modbus_order_probe(d);
	case HM_ORDER_CHECK:
		return judge(d);
	case HM_ORDER_SENDS:
	case HM_ORDER_PROGRESS:
		break;
	}
	return hm_dialog_order_read_back(d);
}

/* Without a reply to the order it may have been carried out. */
static enum hm_turn
after_failure(struct hm_dialog *d)
{
	struct hm_dialog_order *o = d->order;
	struct hm_result result = hm_result(HM_RESULT_UNKNOWN,
	    hm_poll_error_name(d->error), d->error_text);

	if (!o->sent) {
		hm_dialog_order_end(d, HM_RESULT_FAILED, result.error,
		    "nothing was sent: %s", d->error_text);
		return HM_TURN_FAIL;
	}
	if (o->phase == HM_ORDER_SENDS && d->error != HM_ERR_EXCEPTION)
		result.error = "no_reply";
	if (o->phase == HM_ORDER_AFTER || o->phase == HM_ORDER_CHECK)
		o->rounds++;
	if (o->phase != HM_ORDER_PROGRESS)
		set_result(o, &result);
	hm_dialog_order_read_back(d);
	return HM_TURN_FAIL;
}

enum hm_turn
hm_dialog_order_turn(struct hm_dialog *d, enum hm_turn turn)
{
	if (d->order == NULL || d->order->ended || d->order->paused)
		return turn;
	if (turn == HM_TURN_DONE)
		return after_done(d);
	return turn == HM_TURN_FAIL ? after_failure(d) : turn;
}
