#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/hex.h"
#include "dialog_private.h"
#include "wire/hmframe.h"
#include "working_mode.pb-c.h"

/*
 * The working mode of an inverter behind a gateway, command c308. A gateway
 * says that it has set it, or an error; no reading shows it.
 */

#define FIRST_MODE 1 /* as c308 counts */

/* The inverter that the order is for: there is one. */
static int64_t
serial_of(const struct hm_dialog *d)
{
	const char *wanted = d->order->order->command.serial;

	for (size_t i = 0; i < d->es->inverters; i++) {
		int64_t serial = d->es->inverter[i].serial;
		char text[HM_SERIAL_TEXT];

		hm_serial_format((uint64_t)serial, 12, text);
		if (wanted[0] == '\0' || strcmp(text, wanted) == 0)
			return serial;
	}
	return 0;
}

static int32_t
value_of(const struct hm_dialog *d, enum hm_told_part part)
{
	return (int32_t)d->order->order->command.told.value[part];
}

/* As from.hours << 24 | from.minutes << 16 | to.hours << 8 | to.minutes. */
static int32_t
range(unsigned from, unsigned to)
{
	return (int32_t)(from / 60 << 24 | from % 60 << 16 | to / 60 << 8 |
	    to % 60);
}

struct hours {
	Hm__WorkingModeHours item[HM_TOLD_HOURS_MAX];
	Hm__WorkingModeHours *list[HM_TOLD_HOURS_MAX];
};

static void
put_hours(const struct hm_told *told, struct hours *hours, Hm__WorkingMode *m)
{
	m->n_hours = (size_t)told->value[HM_TOLD_HOURS];
	m->hours = hours->list;
	for (size_t i = 0; i < m->n_hours; i++) {
		const struct hm_told_hours *h = &told->hours[i];
		Hm__WorkingModeHours *item = &hours->item[i];

		hm__working_mode_hours__init(item);
		item->charge = range(h->charge_from, h->charge_to);
		item->charge_power = h->charge_power;
		item->discharge = range(h->discharge_from, h->discharge_to);
		item->discharge_power = h->discharge_power;
		item->charge_min = h->soc_min;
		item->charge_max = h->soc_max;
		hours->list[i] = item;
	}
}

/* With all its numbers and hours the payload is shorter than 200 bytes. */
enum hm_turn
hm_dialog_es_order_send(struct hm_dialog *d)
{
	Hm__WorkingMode m = HM__WORKING_MODE__INIT;
	int64_t serial = serial_of(d);
	struct hours hours = {.list = {NULL}};

	d->order->id = d->now;
	m.time = (int32_t)d->now;
	m.id = d->order->id;
	m.serial = &serial;
	m.n_serial = 1;
	m.mode = value_of(d, HM_TOLD_MODE) + FIRST_MODE;
	m.reserve = value_of(d, HM_TOLD_RESERVE_SOC);
	m.max_power = value_of(d, HM_TOLD_MAX_POWER);
	m.peak_charge = value_of(d, HM_TOLD_PEAK_SOC);
	m.peak_power = value_of(d, HM_TOLD_PEAK_POWER);
	put_hours(&d->order->order->command.told, &hours, &m);
	hm_dialog_es_send(d, HM_GATEWAY_MODE, hm__working_mode__pack(&m,
	    d->request + HM_FRAME_HEADER_GATEWAY));
	return hm_dialog_es_reconnect(d, false);
}

enum hm_turn
hm_dialog_es_order_reply(struct hm_dialog *d, const struct hm_frame *frame)
{
	const Hm__WorkingModeReply *reply = hm__working_mode_reply__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);

	if (reply == NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the reply to the order cannot be unpacked");
	if (reply->id != d->order->id) {
		hm_dialog_drop(d, "a reply to the order %" PRId64 ": sent was "
		    "%" PRId64, reply->id, d->order->id);
		return hm_dialog_skip(d, HM_FRAME_HEADER_GATEWAY +
		    frame->size);
	}
	if (reply->error != 0)
		return hm_dialog_order_end(d, HM_RESULT_REFUSED,
		    "refused_by_dtu", "the gateway refuses the order with "
		    "error %" PRId32, reply->error);
	hm_dialog_order_note(d, HM_RESULT_ACCEPTED);
	return hm_dialog_order_read_back(d);
}
