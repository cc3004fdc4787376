#include "base/hex.h"
#include "base/json_writer.h"
#include "decode_private.h"
#include "reading.h"
#include "record/alarm_codes.h"
#include "record/models.h"
#include "wire/modbus.h"

/* One input's record; docs/protocol.md has the bytes. */
struct input {
	uint64_t serial;
	int64_t port, voltage, current, grid_voltage, frequency, power;
	int64_t today, total, temperature, status, alarm, alarms, link;
	const struct hm_raw_frame *frame;
};

struct plant {
	uint64_t dtu_serial;
	const struct hm_raw_frame *dtu_frame;
	struct input input[HM_MODBUS_RECORDS];
	size_t inputs;
};

static int64_t
u16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint64_t
serial_at(const uint8_t *p)
{
	uint64_t serial = 0;

	for (size_t i = 0; i < HM_MODBUS_SERIAL; i++)
		serial = serial << 8 | p[i];
	return serial;
}

/* MI inverters, whose serials begin with 10, send tenths of an ampere. */
static bool
is_mi(uint64_t serial)
{
	return serial >> 40 == 0x10;
}

static void
read_input(const uint8_t *p, struct input *in)
{
	in->serial = serial_at(p + 1);
	in->port = p[7];
	in->voltage = u16(p + 8);
	in->current = is_mi(in->serial) ? u16(p + 10) * 10 : u16(p + 10);
	in->grid_voltage = u16(p + 12);
	in->frequency = u16(p + 14);
	in->power = u16(p + 16);
	in->today = u16(p + 18);
	in->total = u16(p + 20) << 16 | u16(p + 22);
	in->temperature = (int16_t)u16(p + 24);
	in->status = u16(p + 26);
	in->alarm = u16(p + 28);
	in->alarms = u16(p + 30);
	in->link = p[32];
}

static const char *
state_text(enum hm_modbus_state state)
{
	switch (state) {
	case HM_MODBUS_GOOD:
		return NULL;
	case HM_MODBUS_PART:
		return "it is cut short";
	case HM_MODBUS_LENGTH:
		return "its length is impossible";
	case HM_MODBUS_PROTOCOL:
		break;
	}
	return "it is not Modbus TCP";
}

/* Open a reply. Returns why it cannot be used, or NULL. */
static const char *
open_reply(const struct hm_raw_frame *frame, struct hm_modbus_reply *reply)
{
	size_t used;
	const char *why = state_text(hm_modbus_read(frame->bytes, frame->size,
	    reply, &used));

	if (why != NULL)
		return why;
	if (used != frame->size)
		return "bytes follow its end";
	if (reply->exception != 0)
		return "it is a Modbus exception";
	if (reply->size == 0)
		return "it is empty: inverters are not mapped yet";
	return NULL;
}

static void
read_frame(struct hm_decoder *d, const struct hm_raw_frame *frame,
    struct plant *plant)
{
	struct hm_modbus_reply reply;
	const char *why = open_reply(frame, &reply);
	struct input *in = &plant->input[plant->inputs];

	if (why != NULL) {
		hm_decode_bad(d, frame, why);
	} else if (reply.size == HM_MODBUS_SERIAL) {
		plant->dtu_serial = serial_at(reply.data);
		plant->dtu_frame = frame;
	} else if (reply.size < HM_MODBUS_RECORD) {
		hm_decode_bad(d, frame,
		    "it holds neither a serial number nor a record");
	} else if (serial_at(reply.data + 1) == 0) {
		return; /* the end of the list */
	} else if (plant->inputs == HM_MODBUS_RECORDS) {
		hm_decode_bad(d, frame, "too many inputs");
	} else {
		read_input(reply.data, in);
		in->frame = frame;
		plant->inputs++;
	}
}

static bool
is_first_of_inverter(const struct plant *plant, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (plant->input[j].serial == plant->input[i].serial)
			return false;
	return true;
}

static bool
is_awake(const struct input *in)
{
	return in->link != 0 && in->status != 0;
}

/*
 * A DTU loses both counters at once. A zero of a sleeping inverter is no
 * reading.
 */
static bool
is_today_known(const struct input *in)
{
	return in->total != 0 && (is_awake(in) || in->today != 0);
}

struct totals {
	int64_t power, today, total, inverters, online;
	bool today_known, total_known, alarm;
};

static struct totals
add_up(const struct plant *plant)
{
	struct totals t = {.today_known = plant->inputs > 0,
	    .total_known = plant->inputs > 0};

	for (size_t i = 0; i < plant->inputs; i++) {
		const struct input *in = &plant->input[i];

		if (is_first_of_inverter(plant, i)) {
			t.inverters++;
			t.online += in->link != 0;
		}
		/* The record of a sleeping inverter may be an old one. */
		if (is_awake(in))
			t.power += in->power;
		if (in->link != 0 && in->alarm != 0)
			t.alarm = true;
		t.today += in->today;
		t.total += in->total;
		if (in->total == 0)
			t.total_known = false;
		if (!is_today_known(in))
			t.today_known = false;
	}
	return t;
}

static void
emit_dtu(struct hm_decoder *d, const struct plant *plant)
{
	struct totals t = add_up(plant);
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_slice("", 0);
	struct hm_reading r;

	if (plant->dtu_frame != NULL)
		serial = hm_serial_format(plant->dtu_serial, HM_SERIAL_WIDTH,
		    text);
	hm_decode_start_dtu(d, &r, serial);
	hm_reading_text(&r, HM_F_MODEL, hm_model_dtu(serial));
	if (plant->inputs > 0)
		hm_reading_number(&r, HM_F_PV_POWER, t.power);
	if (t.today_known)
		hm_reading_number(&r, HM_F_TODAY_PRODUCTION, t.today);
	if (t.total_known)
		hm_reading_number(&r, HM_F_TOTAL_PRODUCTION, t.total);
	hm_reading_flag(&r, HM_F_ALARM_FLAG, t.alarm);
	hm_reading_number(&r, HM_F_INVERTERS, t.inverters);
	hm_reading_number(&r, HM_F_INVERTERS_ONLINE, t.online);
	hm_decode_end(d, &r, plant->dtu_frame);
}

static void
emit_inverter(struct hm_decoder *d, const struct input *in)
{
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_serial_format(in->serial, HM_SERIAL_WIDTH,
	    text);
	bool awake = is_awake(in);
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "inverter", serial);
	hm_reading_text(&r, HM_F_MODEL, hm_model_inverter(serial));
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE, in->grid_voltage, awake);
	hm_reading_heard(&r, HM_F_GRID_FREQUENCY, in->frequency, awake);
	hm_reading_heard(&r, HM_F_TEMPERATURE, in->temperature, awake);
	hm_reading_number(&r, HM_F_OPERATING_STATUS, in->status);
	hm_reading_number(&r, HM_F_ALARM_CODE, in->alarm);
	if (in->alarm != 0)
		hm_reading_text(&r, HM_F_ALARM_TEXT,
		    hm_alarm_code_text(in->alarm));
	hm_reading_number(&r, HM_F_ALARM_COUNT, in->alarms);
	hm_reading_number(&r, HM_F_LINK_STATUS, in->link);
	hm_decode_end(d, &r, in->frame);
}

static void
emit_port(struct hm_decoder *d, const struct input *in)
{
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_serial_format(in->serial, HM_SERIAL_WIDTH,
	    text);
	bool awake = is_awake(in);
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "port", serial);
	hm_json_int(&r.json, "port", in->port);
	hm_reading_heard(&r, HM_F_PV_VOLTAGE, in->voltage, awake);
	hm_reading_heard(&r, HM_F_PV_CURRENT, in->current, awake);
	hm_reading_heard(&r, HM_F_PV_POWER, in->power, awake);
	/* A total of 0 Wh means that the DTU does not know it. */
	if (is_today_known(in))
		hm_reading_number(&r, HM_F_TODAY_PRODUCTION, in->today);
	if (in->total != 0)
		hm_reading_number(&r, HM_F_TOTAL_PRODUCTION, in->total);
	hm_reading_number(&r, HM_F_OPERATING_STATUS, in->status);
	hm_reading_number(&r, HM_F_LINK_STATUS, in->link);
	hm_decode_end(d, &r, in->frame);
}

void
hm_decode_modbus(struct hm_decoder *d)
{
	struct plant plant = {.dtu_frame = NULL, .inputs = 0};

	for (size_t i = 0; i < d->frames; i++)
		read_frame(d, &d->frame[i], &plant);
	if (plant.dtu_frame == NULL && plant.inputs == 0)
		return;
	for (size_t i = 0; i < plant.inputs; i++)
		if (is_first_of_inverter(&plant, i))
			emit_inverter(d, &plant.input[i]);
	for (size_t i = 0; i < plant.inputs; i++)
		emit_port(d, &plant.input[i]);
	/* Last: hm-filter makes its sums from the records before it. */
	emit_dtu(d, &plant);
}
