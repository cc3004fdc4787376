#include <string.h>

#include "base/hex.h"
#include "base/json_writer.h"
#include "decode_private.h"
#include "firmware_version.h"
#include "power_factor.h"
#include "reading.h"
#include "real.pb-c.h"
#include "record/models.h"
#include "wire/hmframe.h"

/*
 * One package of real data. Scales are those of the field table, except where
 * docs/protocol.md says otherwise.
 */
struct package {
	Hm__RealReply *reply;
	const struct hm_raw_frame *frame;
};

struct plant {
	struct package package[HM_FRAMES_MAX];
	size_t packages;
};

/* Whether the DTU hears an inverter: 1 or 0, or -1 if it does not list it. */
static int
link_of(const struct plant *plant, int64_t serial)
{
	for (size_t i = 0; i < plant->packages; i++) {
		const Hm__RealReply *reply = plant->package[i].reply;

		for (size_t j = 0; j < reply->n_single; j++)
			if (reply->single[j]->serial == serial)
				return reply->single[j]->link != 0;
		for (size_t j = 0; j < reply->n_three; j++)
			if (reply->three[j]->serial == serial)
				return reply->three[j]->link != 0;
	}
	return -1;
}

struct totals {
	int64_t pv_power, active_power, today, total;
	int64_t ports, inverters, online;
	bool today_known, total_known;
};

static void
add_inverter(struct totals *t, int64_t active_power, bool heard)
{
	t->inverters++;
	if (!heard)
		return;
	t->online++;
	t->active_power += active_power;
}

/*
 * A DTU loses both counters at once. A zero is not a reading if the DTU does
 * not hear the inverter.
 */
static bool
is_today_known(const Hm__RealInput *input, int link)
{
	return input->total != 0 && (link == 1 || input->today != 0);
}

static void
add_port(struct totals *t, const Hm__RealInput *input, int link)
{
	t->ports++;
	/* Without a link the power may be old. */
	if (link != 0)
		t->pv_power += input->power;
	t->today += input->today;
	t->total += input->total;
	if (input->total == 0)
		t->total_known = false;
	if (!is_today_known(input, link))
		t->today_known = false;
}

/* How many packages of readings are not there. */
static int64_t
count_missing(const struct hm_decoder *d, const struct plant *plant)
{
	int64_t missing = d->missing;

	for (size_t i = 0; i < plant->packages; i++) {
		int64_t lacks = plant->package[i].reply->packages -
		    (int64_t)plant->packages;

		if (missing < lacks)
			missing = lacks;
	}
	return missing;
}

static struct totals
add_up(const struct plant *plant)
{
	struct totals t = {.today_known = true, .total_known = true};

	for (size_t i = 0; i < plant->packages; i++) {
		const Hm__RealReply *p = plant->package[i].reply;

		for (size_t j = 0; j < p->n_single; j++)
			add_inverter(&t, p->single[j]->active_power,
			    p->single[j]->link != 0);
		for (size_t j = 0; j < p->n_three; j++)
			add_inverter(&t, p->three[j]->active_power,
			    p->three[j]->link != 0);
		for (size_t j = 0; j < p->n_input; j++)
			add_port(&t, p->input[j],
			    link_of(plant, p->input[j]->serial));
	}
	return t;
}

static void
write_sums(struct hm_reading *r, const struct plant *plant)
{
	struct totals t = add_up(plant);

	if (t.ports > 0)
		hm_reading_number(r, HM_F_PV_POWER, t.pv_power);
	if (t.inverters > 0)
		hm_reading_number(r, HM_F_ACTIVE_POWER, t.active_power);
	if (t.ports > 0 && t.today_known)
		hm_reading_number(r, HM_F_TODAY_PRODUCTION, t.today);
	if (t.ports > 0 && t.total_known)
		hm_reading_number(r, HM_F_TOTAL_PRODUCTION, t.total);
	hm_reading_number(r, HM_F_INVERTERS, t.inverters);
	hm_reading_number(r, HM_F_INVERTERS_ONLINE, t.online);
}

static void
emit_dtu(struct hm_decoder *d, const struct plant *plant)
{
	const struct package *first = &plant->package[0];
	char text[HM_SERIAL_WORD];
	struct hm_slice serial = hm_serial_word(first->reply->dtu_serial,
	    text);
	int64_t missing = count_missing(d, plant);
	struct hm_reading r;

	hm_decode_start_dtu(d, &r, serial, missing);
	hm_reading_text(&r, HM_F_MODEL, hm_model_dtu(serial));
	/* Unsigned, it reaches from 1970 to 2106. */
	hm_reading_moment(&r, HM_F_DEVICE_TIME,
	    (uint32_t)first->reply->time);
	/* A sum without one of its parts is not a sum. */
	if (missing == 0)
		write_sums(&r, plant);
	hm_decode_end(d, &r, first->frame);
}

/* Real versions have five digits; some DTUs send a meaningless 1. */
static void
firmware(struct hm_reading *r, int32_t version)
{
	char text[HM_FIRMWARE_VERSION_TEXT];

	if (version >= 10000)
		hm_reading_text(r, HM_F_FIRMWARE,
		    hm_firmware_version_inverter(version, text));
}

static void
start_inverter(struct hm_decoder *d, struct hm_reading *r, int64_t digits,
    int32_t version)
{
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_decode_serial(digits, text);

	hm_decode_start_reading(d, r, "inverter", serial);
	hm_decode_label(r, serial);
	hm_reading_text(r, HM_F_MODEL, hm_model_inverter(serial));
	firmware(r, version);
}

/*
 * A DTU-Pro counts the polls that it sent to an inverter in the high half, and
 * the answers in the low half. A DTU-Lite-S sends 100.
 */
static void
radio_counters(struct hm_reading *r, int32_t radio)
{
	uint32_t counters = (uint32_t)radio;

	if (counters >> 16 == 0)
		return;
	hm_reading_number(r, HM_F_RADIO_POLLS, counters >> 16);
	hm_reading_number(r, HM_F_RADIO_ANSWERS, counters & 0xffff);
}

/* The units of hm_power_factor. */
#define VOLTAGE(tenths) ((int64_t)(tenths) * 10)

static void
emit_single(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__RealSingle *s)
{
	struct hm_power_reading power = {
	    .power = s->active_power,
	    .step = 1,
	    .reactive = s->reactive_power,
	    .voltage = {VOLTAGE(s->voltage)},
	    .current = {s->current},
	};
	bool heard = s->link != 0;
	struct hm_reading r;

	start_inverter(d, &r, s->serial, s->firmware);
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE, s->voltage, heard);
	hm_reading_heard(&r, HM_F_GRID_FREQUENCY, s->frequency, heard);
	hm_reading_heard(&r, HM_F_ACTIVE_POWER, s->active_power, heard);
	hm_reading_heard(&r, HM_F_REACTIVE_POWER, s->reactive_power, heard);
	hm_reading_heard(&r, HM_F_AC_CURRENT, s->current, heard);
	hm_decode_power_factor(&r, HM_F_POWER_FACTOR, &power, s->power_factor);
	hm_reading_heard(&r, HM_F_TEMPERATURE, s->temperature, heard);
	/* 0 means that the DTU does not report the limit. */
	hm_reading_heard(&r, HM_F_POWER_LIMIT, s->power_limit, false);
	hm_reading_heard(&r, HM_F_ALARM_COUNT, s->warnings, heard);
	hm_reading_number(&r, HM_F_LINK_STATUS, s->link);
	radio_counters(&r, s->radio);
	hm_decode_end(d, &r, frame);
}

static void
emit_three(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__RealThree *t)
{
	struct hm_power_reading power = {
	    .power = t->active_power,
	    .step = 1,
	    .reactive = t->reactive_power,
	    .voltage = {VOLTAGE(t->voltage_a), VOLTAGE(t->voltage_b),
	        VOLTAGE(t->voltage_c)},
	    .current = {t->current_a, t->current_b, t->current_c},
	};
	bool heard = t->link != 0;
	struct hm_reading r;

	start_inverter(d, &r, t->serial, t->firmware);
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE_A, t->voltage_a, heard);
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE_B, t->voltage_b, heard);
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE_C, t->voltage_c, heard);
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE_AB, t->voltage_ab, heard);
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE_BC, t->voltage_bc, heard);
	hm_reading_heard(&r, HM_F_GRID_VOLTAGE_CA, t->voltage_ca, heard);
	hm_reading_heard(&r, HM_F_GRID_FREQUENCY, t->frequency, heard);
	hm_reading_heard(&r, HM_F_ACTIVE_POWER, t->active_power, heard);
	hm_reading_heard(&r, HM_F_REACTIVE_POWER, t->reactive_power, heard);
	hm_reading_heard(&r, HM_F_AC_CURRENT_A, t->current_a, heard);
	hm_reading_heard(&r, HM_F_AC_CURRENT_B, t->current_b, heard);
	hm_reading_heard(&r, HM_F_AC_CURRENT_C, t->current_c, heard);
	hm_decode_power_factor(&r, HM_F_POWER_FACTOR, &power, t->power_factor);
	hm_reading_heard(&r, HM_F_TEMPERATURE, t->temperature, heard);
	hm_reading_heard(&r, HM_F_ALARM_COUNT, t->warnings, heard);
	hm_reading_number(&r, HM_F_LINK_STATUS, t->link);
	radio_counters(&r, t->radio);
	hm_decode_end(d, &r, frame);
}

static void
emit_port(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__RealInput *input, int link)
{
	char text[HM_SERIAL_TEXT];
	bool heard = link == 1;
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "port",
	    hm_decode_serial(input->serial, text));
	hm_json_int(&r.json, "port", input->port);
	hm_reading_heard(&r, HM_F_PV_VOLTAGE, input->voltage, heard);
	hm_reading_heard(&r, HM_F_PV_CURRENT, input->current, heard);
	hm_reading_heard(&r, HM_F_PV_POWER, input->power, heard);
	/* A total of 0 Wh means that the DTU does not know it. */
	if (is_today_known(input, link))
		hm_reading_number(&r, HM_F_TODAY_PRODUCTION, input->today);
	if (input->total != 0)
		hm_reading_number(&r, HM_F_TOTAL_PRODUCTION, input->total);
	if (link >= 0)
		hm_reading_number(&r, HM_F_LINK_STATUS, link);
	hm_reading_heard(&r, HM_F_ERROR_CODE, input->error, heard);
	hm_decode_end(d, &r, frame);
}

static void
emit_plant(struct hm_decoder *d, const struct plant *plant)
{
	for (size_t i = 0; i < plant->packages; i++) {
		const struct package *p = &plant->package[i];

		for (size_t j = 0; j < p->reply->n_single; j++)
			emit_single(d, p->frame, p->reply->single[j]);
		for (size_t j = 0; j < p->reply->n_three; j++)
			emit_three(d, p->frame, p->reply->three[j]);
	}
	for (size_t i = 0; i < plant->packages; i++) {
		const struct package *p = &plant->package[i];

		for (size_t j = 0; j < p->reply->n_input; j++)
			emit_port(d, p->frame, p->reply->input[j],
			    link_of(plant, p->reply->input[j]->serial));
		for (size_t j = 0; j < p->reply->n_meter; j++)
			hm_decode_meter(d, p->frame, p->reply->meter[j]);
		hm_decode_extras(d, p->frame, p->reply);
	}
	/* Last, because hm-filter computes its sums from the other records. */
	emit_dtu(d, plant);
}

static const char *
state_text(enum hm_frame_state state)
{
	switch (state) {
	case HM_FRAME_GOOD:
		return NULL;
	case HM_FRAME_PART:
		return "it is cut short";
	case HM_FRAME_MAGIC:
		return "it does not begin with HM";
	case HM_FRAME_LENGTH:
		return "its length is impossible";
	case HM_FRAME_CRC:
		break;
	}
	return "its CRC is wrong";
}

/* The old or the new command for real data; both replies have one layout. */
static bool
is_real_data(uint16_t command)
{
	return command == (HM_FROM_DTU | HM_CMD_REAL) ||
	    command == (HM_FROM_DTU | HM_CMD_REAL_OLD);
}

/* A package that came twice. */
static bool
is_known(const struct plant *plant, const struct hm_raw_frame *frame)
{
	for (size_t i = 0; i < plant->packages; i++) {
		const struct hm_raw_frame *other = plant->package[i].frame;

		if (other->size == frame->size &&
		    memcmp(other->bytes + HM_FRAME_HEADER,
			frame->bytes + HM_FRAME_HEADER,
			frame->size - HM_FRAME_HEADER) == 0)
			return true;
	}
	return false;
}

static bool
lists_input(const struct plant *plant, const Hm__RealInput *input)
{
	for (size_t i = 0; i < plant->packages; i++) {
		const Hm__RealReply *reply = plant->package[i].reply;

		for (size_t j = 0; j < reply->n_input; j++)
			if (reply->input[j]->serial == input->serial &&
			    reply->input[j]->port == input->port)
				return true;
	}
	return false;
}

/*
 * Add a package to the plant, without what was listed before: its lists are
 * emptied and filled again.
 */
static void
add_package(struct hm_decoder *d, const struct hm_raw_frame *frame,
    Hm__RealReply *reply, struct plant *plant)
{
	size_t singles = reply->n_single, threes = reply->n_three,
	    inputs = reply->n_input;

	reply->n_single = reply->n_three = reply->n_input = 0;
	plant->package[plant->packages++] = (struct package){reply, frame};
	for (size_t i = 0; i < singles; i++)
		if (link_of(plant, reply->single[i]->serial) < 0)
			reply->single[reply->n_single++] = reply->single[i];
	for (size_t i = 0; i < threes; i++)
		if (link_of(plant, reply->three[i]->serial) < 0)
			reply->three[reply->n_three++] = reply->three[i];
	for (size_t i = 0; i < inputs; i++)
		if (!lists_input(plant, reply->input[i]))
			reply->input[reply->n_input++] = reply->input[i];
	if (reply->n_single < singles || reply->n_three < threes)
		hm_decode_drop(d, frame, "an inverter was listed before");
	if (reply->n_input < inputs)
		hm_decode_drop(d, frame, "an input was listed before");
}

static void
read_frame(struct hm_decoder *d, const struct hm_raw_frame *frame,
    struct plant *plant, struct hm_hybrids *hybrids)
{
	struct hm_frame parsed;
	size_t used;
	const char *why = state_text(hm_frame_read(frame->bytes, frame->size,
	    false, &parsed, &used));
	Hm__RealReply *reply;

	if (why == NULL && used != frame->size)
		why = "bytes follow its end";
	if (why != NULL) {
		hm_decode_bad(d, frame, why);
		return;
	}
	if (hm_frame_is_gateway(parsed.command)) {
		hm_decode_gateway(d, frame, &parsed, hybrids);
		return;
	}
	if (!is_real_data(parsed.command)) {
		if (!hm_decode_info(d, frame, &parsed))
			hm_decode_bad(d, frame, "its command is unknown");
		return;
	}
	if (is_known(plant, frame)) {
		hm_decode_drop(d, frame, "it came before");
		return;
	}
	reply = hm_decode_unpack(d, frame, &parsed,
	    &hm__real_reply__descriptor);
	if (reply != NULL)
		add_package(d, frame, reply, plant);
}

void
hm_decode_hm(struct hm_decoder *d)
{
	struct hm_hybrids hybrids = {.count = 0};
	struct plant plant;

	plant.packages = 0;
	for (size_t i = 0; i < d->frames; i++)
		read_frame(d, &d->frame[i], &plant, &hybrids);
	hm_decode_gateway_end(d, &hybrids);
	if (plant.packages > 0)
		emit_plant(d, &plant);
}
