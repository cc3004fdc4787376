#include "base/buffer.h"
#include "dialog_private.h"
#include "wire/modbus.h"

#include <string.h>

#define RECORD_REGISTERS ((uint16_t)(HM_MODBUS_RECORD / 2))
#define SERIAL_REGISTERS ((uint16_t)(HM_MODBUS_SERIAL / 2))
#define ASK_SERIAL (-1)

static enum hm_turn
ask(struct hm_dialog *d)
{
	struct hm_dialog_modbus *m = &d->modbus;
	bool serial = m->record == ASK_SERIAL;
	uint16_t address = serial ? HM_MODBUS_ADDRESS_SERIAL :
	    (uint16_t)(HM_MODBUS_ADDRESS_RECORD +
	    HM_MODBUS_STRIDE * (unsigned)m->record);

	m->transaction++;
	hm_modbus_request(d->request, m->transaction, d->dtu->unit, address,
	    serial ? SERIAL_REGISTERS : RECORD_REGISTERS);
	d->request_size = HM_MODBUS_REQUEST;
	return HM_TURN_ASK;
}

static const char *
exception_text(uint8_t code)
{
	static const char *const text[] = {"unknown", "illegal function",
	    "illegal data address", "illegal data value",
	    "server device failure", "acknowledge", "server device busy"};

	return code < sizeof text / sizeof *text ? text[code] : text[0];
}

static enum hm_turn
check(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	size_t wanted = d->modbus.record == ASK_SERIAL ? HM_MODBUS_SERIAL :
	    HM_MODBUS_RECORD;

	if (reply->unit != d->dtu->unit)
		return hm_dialog_fail(d, HM_ERR_UNIT,
		    "reply of unit %u, asked was unit %u", reply->unit,
		    d->dtu->unit);
	if (reply->exception != 0)
		return hm_dialog_fail(d, HM_ERR_EXCEPTION,
		    "Modbus exception %u: %s", reply->exception,
		    exception_text(reply->exception));
	if (reply->size == 0)
		return hm_dialog_fail(d, HM_ERR_NOT_MAPPED,
		    "the DTU has not mapped its inverters yet");
	if (reply->size != wanted)
		return hm_dialog_fail(d, HM_ERR_LENGTH,
		    "%zu bytes of data, asked were %zu", reply->size, wanted);
	return HM_TURN_DONE;
}

static bool
is_null_serial(const uint8_t *record)
{
	static const uint8_t zeros[HM_MODBUS_SERIAL];

	return memcmp(record + 1, zeros, sizeof zeros) == 0;
}

static enum hm_turn
after(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	struct hm_dialog_modbus *m = &d->modbus;

	if (m->record != ASK_SERIAL && is_null_serial(reply->data)) {
		if (m->record == 0)
			return hm_dialog_fail(d, HM_ERR_NOT_MAPPED,
			    "the DTU lists no inverter");
		return HM_TURN_DONE;
	}
	if (++m->record == HM_MODBUS_RECORDS)
		return HM_TURN_DONE;
	return ask(d);
}

/* The reply to an earlier request, late or sent twice. */
static bool
is_old(const struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	uint16_t age = (uint16_t)(d->modbus.transaction - reply->transaction);

	return age > 0 && age <= HM_MODBUS_RECORDS + 1;
}

enum hm_turn
hm_dialog_modbus_begin(struct hm_dialog *d)
{
	d->modbus.record = ASK_SERIAL;
	return ask(d);
}

enum hm_turn
hm_dialog_modbus_feed(struct hm_dialog *d)
{
	struct hm_modbus_reply reply;
	enum hm_turn turn;
	size_t used;

	for (;;) {
		switch (hm_modbus_read(d->in.p, d->in.n, &reply, &used)) {
		case HM_MODBUS_PART:
			return HM_TURN_READ;
		case HM_MODBUS_PROTOCOL:
			return hm_dialog_fail(d, HM_ERR_PROTOCOL,
			    "the reply is not Modbus TCP");
		case HM_MODBUS_LENGTH:
			return hm_dialog_fail(d, HM_ERR_LENGTH,
			    "the reply's length is impossible");
		case HM_MODBUS_GOOD:
			break;
		}
		if (!is_old(d, &reply))
			break;
		hm_buffer_drop(&d->in, used);
	}
	turn = check(d, &reply);
	if (turn == HM_TURN_DONE)
		turn = hm_dialog_keep(d, d->in.p, used) ? after(d, &reply) :
		    HM_TURN_FAIL;
	hm_buffer_drop(&d->in, used);
	return turn;
}
