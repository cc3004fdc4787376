#include "base/hex.h"
#include "base/json_writer.h"
#include "decode_private.h"
#include "reading.h"
#include "record/alarm_codes.h"
#include "record/models.h"
#include "wire/modbus.h"

/* The record of one input; docs/protocol.md has its bytes. */
struct port {
	uint64_t serial;
	int64_t number, voltage, current, grid_voltage, frequency, power;
	int64_t today, total, temperature, status, alarm, alarms, link;
	const struct hm_raw_frame *frame;
};

struct plant {
	uint64_t dtu_serial;
	const struct hm_raw_frame *dtu_frame;
	struct port port[HM_MODBUS_RECORDS];
	size_t ports;
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
read_port(const uint8_t *p, struct port *port)
{
	port->serial = serial_at(p + 1);
	port->number = p[7];
	port->voltage = u16(p + 8);
	port->current = is_mi(port->serial) ? u16(p + 10) * 10 : u16(p + 10);
	port->grid_voltage = u16(p + 12);
	port->frequency = u16(p + 14);
	port->power = u16(p + 16);
	port->today = u16(p + 18);
	port->total = u16(p + 20) << 16 | u16(p + 22);
	port->temperature = (int16_t)u16(p + 24);
	port->status = u16(p + 26);
	port->alarm = u16(p + 28);
	port->alarms = u16(p + 30);
	port->link = p[32];
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

const char *
hm_decode_open_modbus(const struct hm_raw_frame *frame,
    enum hm_modbus_function function, struct hm_modbus_reply *reply)
{
	size_t used;
	const char *why = state_text(hm_modbus_read_reply(frame->bytes,
	    frame->size, function, reply, &used));

	if (why != NULL)
		return why;
	if (used != frame->size)
		return "bytes follow its end";
	return reply->exception != 0 ? "it is a Modbus exception" : NULL;
}

static bool
is_listed(const struct plant *plant, const struct port *port)
{
	for (size_t i = 0; i < plant->ports; i++)
		if (plant->port[i].serial == port->serial &&
		    plant->port[i].number == port->number)
			return true;
	return false;
}

static void
add_port(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const uint8_t *record, struct plant *plant)
{
	struct port port = {.frame = frame};

	read_port(record, &port);
	if (is_listed(plant, &port))
		hm_decode_drop(d, frame, "its input was listed before");
	else if (plant->ports == HM_MODBUS_RECORDS)
		hm_decode_bad(d, frame, "too many inputs");
	else
		plant->port[plant->ports++] = port;
}

static void
read_frame(struct hm_decoder *d, const struct hm_raw_frame *frame,
    struct plant *plant)
{
	struct hm_modbus_reply reply;
	const char *why = hm_decode_open_modbus(frame,
	    HM_MODBUS_READ_REGISTERS, &reply);

	if (why != NULL) {
		hm_decode_bad(d, frame, why);
	} else if (reply.size == 0) {
		hm_decode_bad(d, frame,
		    "it is empty: inverters are not mapped yet");
	} else if (reply.size == HM_MODBUS_SERIAL) {
		plant->dtu_serial = serial_at(reply.data);
		plant->dtu_frame = frame;
	} else if (reply.size < HM_MODBUS_RECORD) {
		hm_decode_bad(d, frame,
		    "it holds neither a serial number nor a record");
	} else if (serial_at(reply.data + 1) != 0) { /* not the list's end */
		add_port(d, frame, reply.data, plant);
	}
}

static bool
is_first_of_inverter(const struct plant *plant, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (plant->port[j].serial == plant->port[i].serial)
			return false;
	return true;
}

static bool
is_awake(const struct port *port)
{
	return port->link != 0 && port->status != 0;
}

/*
 * Whether zeros are values. A DTU writes zeros for an inverter that it does not
 * hear; one that is heard while it is off has a grid voltage.
 */
static bool
is_heard(const struct port *port)
{
	return port->link != 0 &&
	    (port->status != 0 || port->grid_voltage != 0);
}

/* A DTU loses both counters at once. */
static bool
is_today_known(const struct port *port)
{
	return port->total != 0 && (is_heard(port) || port->today != 0);
}

struct totals {
	int64_t power, today, total, inverters, online;
	bool power_known, today_known, total_known, alarm;
};

static struct totals
add_up(const struct plant *plant, bool whole)
{
	struct totals t = {.power_known = whole && plant->ports > 0,
	    .today_known = whole && plant->ports > 0,
	    .total_known = whole && plant->ports > 0};

	for (size_t i = 0; i < plant->ports; i++) {
		const struct port *port = &plant->port[i];

		if (is_first_of_inverter(plant, i)) {
			t.inverters++;
			t.online += port->link != 0;
		}
		/* The record of a sleeping inverter may be an old one. */
		if (is_awake(port))
			t.power += port->power;
		if (port->link != 0 && port->alarm != 0)
			t.alarm = true;
		t.today += port->today;
		t.total += port->total;
		if (port->total == 0)
			t.total_known = false;
		if (!is_today_known(port))
			t.today_known = false;
	}
	return t;
}

static void
emit_dtu(struct hm_decoder *d, const struct plant *plant)
{
	/* A sum without one of its parts is not a sum. */
	int64_t missing = d->missing + d->bad_frames;
	bool whole = missing == 0;
	struct totals t = add_up(plant, whole);
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_slice("", 0);
	struct hm_reading r;

	if (plant->dtu_frame != NULL)
		serial = hm_serial_format(plant->dtu_serial, HM_SERIAL_WIDTH,
		    text);
	hm_decode_start_dtu(d, &r, serial, missing);
	hm_reading_text(&r, HM_F_MODEL, hm_model_dtu(serial));
	if (t.power_known)
		hm_reading_number(&r, HM_F_PV_POWER, t.power);
	if (t.today_known)
		hm_reading_number(&r, HM_F_TODAY_PRODUCTION, t.today);
	if (t.total_known)
		hm_reading_number(&r, HM_F_TOTAL_PRODUCTION, t.total);
	if (whole || t.alarm)
		hm_reading_flag(&r, HM_F_ALARM_FLAG, t.alarm);
	if (whole) {
		hm_reading_number(&r, HM_F_INVERTERS, t.inverters);
		hm_reading_number(&r, HM_F_INVERTERS_ONLINE, t.online);
	}
	hm_decode_end(d, &r, plant->dtu_frame);
}

static void
emit_inverter(struct hm_decoder *d, const struct port *port)
{
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_serial_format(port->serial, HM_SERIAL_WIDTH,
	    text);
	bool heard = is_heard(port);
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "inverter", serial);
	hm_decode_label(&r, serial);
	hm_reading_text(&r, HM_F_MODEL, hm_model_inverter(serial));
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE, port->grid_voltage, heard);
	hm_reading_heard(&r, HM_F_GRID_FREQUENCY, port->frequency, heard);
	hm_reading_heard(&r, HM_F_TEMPERATURE, port->temperature, heard);
	hm_reading_number(&r, HM_F_OPERATING_STATUS, port->status);
	hm_reading_number(&r, HM_F_ALARM_CODE, port->alarm);
	if (port->alarm != 0)
		hm_reading_text(&r, HM_F_ALARM_TEXT,
		    hm_alarm_code_text_of(port->alarm, serial));
	hm_reading_number(&r, HM_F_ALARM_COUNT, port->alarms);
	hm_reading_number(&r, HM_F_LINK_STATUS, port->link);
	hm_decode_end(d, &r, port->frame);
}

static void
emit_port(struct hm_decoder *d, const struct port *port)
{
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_serial_format(port->serial, HM_SERIAL_WIDTH,
	    text);
	bool heard = is_heard(port);
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "port", serial);
	hm_json_int(&r.json, "port", port->number);
	hm_reading_heard(&r, HM_F_PV_VOLTAGE, port->voltage, heard);
	hm_reading_heard(&r, HM_F_PV_CURRENT, port->current, heard);
	hm_reading_heard(&r, HM_F_PV_POWER, port->power, heard);
	/* A total of 0 Wh means that the DTU does not know it. */
	if (is_today_known(port))
		hm_reading_number(&r, HM_F_TODAY_PRODUCTION, port->today);
	if (port->total != 0)
		hm_reading_number(&r, HM_F_TOTAL_PRODUCTION, port->total);
	hm_reading_number(&r, HM_F_OPERATING_STATUS, port->status);
	hm_reading_number(&r, HM_F_LINK_STATUS, port->link);
	hm_decode_end(d, &r, port->frame);
}

void
hm_decode_modbus(struct hm_decoder *d)
{
	struct plant plant = {.dtu_frame = NULL, .ports = 0};

	for (size_t i = 0; i < d->frames; i++)
		read_frame(d, &d->frame[i], &plant);
	if (plant.dtu_frame == NULL && plant.ports == 0)
		return;
	for (size_t i = 0; i < plant.ports; i++)
		if (is_first_of_inverter(&plant, i))
			emit_inverter(d, &plant.port[i]);
	for (size_t i = 0; i < plant.ports; i++)
		emit_port(d, &plant.port[i]);
	/* Last, because hm-filter computes its sums from the other records. */
	emit_dtu(d, &plant);
}
