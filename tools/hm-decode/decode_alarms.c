#include <string.h>

#include "alarms.pb-c.h"
#include "base/arena.h"
#include "base/hex.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "decode_private.h"
#include "device_time.h"
#include "reading.h"
#include "record/alarm_codes.h"
#include "wire/hmframe.h"

/* Bits 12 and 13 of an alarm code distinguish morning and afternoon. */
#define CODE_MASK 0x0fff

/* Some codes use all 16 bits, others have flags above 12 bits. */
static int64_t
code_of(int32_t code)
{
	return hm_alarm_code_text(code) != NULL ? code : code & CODE_MASK;
}

/* The time of the poll, which hm-decode has checked. */
static int64_t
time_of_poll(const struct hm_decoder *d)
{
	int64_t seconds = 0;

	hm_rfc3339_parse(d->origin.time, &seconds);
	return seconds;
}

/* What identifies an alarm, and when it lasted. */
struct alarm {
	char digits[HM_SERIAL_TEXT];
	struct hm_slice serial; /* in digits */
	int64_t code;
	struct hm_device_span span;
};

static void
identify(const struct hm_decoder *d, const Hm__Alarm *sent, int32_t list,
    struct alarm *alarm)
{
	alarm->serial = hm_decode_serial(sent->serial, alarm->digits);
	alarm->code = code_of(sent->code);
	/* Unsigned, times reach from 1970 to 2106. */
	alarm->span = hm_device_span((uint32_t)sent->start,
	    (uint32_t)sent->end, (uint32_t)list, time_of_poll(d));
}

static void
note_times(const Hm__Alarm *sent, const struct alarm *alarm)
{
	if (alarm->span.start != (uint32_t)sent->start ||
	    alarm->span.end != (uint32_t)sent->end)
		hm_log(HM_DEBUG, "alarm %lld of %s: its times %d and %d are "
		    "not used: nobody had set the clock, or they are later "
		    "than the list", (long long)alarm->code, alarm->digits,
		    sent->start, sent->end);
}

static void
emit_alarm(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__Alarm *sent, int32_t list)
{
	struct alarm alarm;
	const char *text;
	struct hm_reading r;

	identify(d, sent, list, &alarm);
	note_times(sent, &alarm);
	text = hm_alarm_code_text_of(alarm.code, alarm.serial);
	hm_decode_start(d, &r, "alarm", alarm.serial);
	hm_json_int(&r.json, "code", alarm.code);
	if (text != NULL)
		hm_json_text(&r.json, "text", text);
	if (sent->count != 0)
		hm_json_int(&r.json, "count", sent->count);
	if (alarm.span.start != 0)
		hm_json_moment(&r.json, "start", alarm.span.start);
	if (alarm.span.over)
		hm_json_moment(&r.json, "end", alarm.span.end);
	hm_decode_end(d, &r, frame);
}

static void
put_lasting(const struct hm_decoder *d, struct hm_reading *r,
    const struct hm_alarm_package *package)
{
	struct alarm alarm;

	for (size_t i = 0; i < package->count; i++) {
		identify(d, package->alarm[i], package->time, &alarm);
		if (alarm.span.over)
			continue;
		hm_json_object(&r->json, NULL);
		hm_json_string(&r->json, "serial", alarm.serial);
		hm_json_int(&r->json, "code", alarm.code);
		if (alarm.span.start != 0)
			hm_json_moment(&r->json, "start", alarm.span.start);
		hm_json_object_end(&r->json);
	}
}

/* The end of a list: an alarm that it does not name has ended. */
static void
emit_list(struct hm_decoder *d, const struct hm_raw_frame *frame)
{
	char text[HM_SERIAL_WORD];
	struct hm_reading r;
	size_t listed = 0;

	hm_decode_start(d, &r, "alarms", hm_serial_word(d->list[0].dtu_serial,
	    text));
	hm_reading_moment(&r, HM_F_DEVICE_TIME, (uint32_t)d->list[0].time);
	for (size_t i = 0; i < d->packages; i++)
		listed += d->list[i].count;
	hm_json_int(&r.json, "listed", (int64_t)listed);
	hm_json_array(&r.json, "lasting");
	for (size_t i = 0; i < d->packages; i++)
		put_lasting(d, &r, &d->list[i]);
	hm_json_array_end(&r.json);
	hm_decode_end(d, &r, frame);
}

/* False, and reported, if the payload has neither layout. */
static bool
unpack(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, struct hm_alarm_package *package)
{
	const struct hm_arena before = d->arena;
	const Hm__Alarms *alarms = hm__alarms__unpack(&d->arena.allocator,
	    parsed->size, parsed->payload);
	const Hm__AlarmsPlain *plain;

	if (alarms != NULL) {
		*package = (struct hm_alarm_package){alarms->dtu_serial,
		    alarms->time, alarms->packages, alarms->n_alarm,
		    alarms->alarm};
		return true;
	}
	hm_arena_return(&d->arena, &before);
	plain = hm_decode_unpack(d, frame, parsed,
	    &hm__alarms_plain__descriptor);
	if (plain == NULL)
		return false;
	*package = (struct hm_alarm_package){plain->dtu_serial, plain->time, 1,
	    plain->n_alarm, plain->alarm};
	return true;
}

/*
 * A package that came twice: a list is whole when it has as many packages as
 * the DTU says, and this one stands for none.
 */
static bool
came_before(const struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	for (const struct hm_raw_frame *other = d->frame; other < frame;
	    other++) {
		struct hm_frame before;
		size_t used;

		if (hm_frame_read(other->bytes, other->size, false, &before,
		    &used) == HM_FRAME_GOOD &&
		    before.command == parsed->command &&
		    before.size == parsed->size &&
		    memcmp(before.payload, parsed->payload, parsed->size) == 0)
			return true;
	}
	return false;
}

void
hm_decode_alarms(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	struct hm_alarm_package package;
	size_t packages;

	if (parsed->size > 0 && came_before(d, frame, parsed)) {
		hm_decode_drop(d, frame, "it came before");
		return;
	}
	if (!unpack(d, frame, parsed, &package))
		return;
	for (size_t i = 0; i < package.count; i++)
		emit_alarm(d, frame, package.alarm[i], package.time);
	/* A warning without a request is no list, nor is an empty reply. */
	if (parsed->command != (HM_FROM_DTU | HM_CMD_ALARMS) ||
	    parsed->size == 0)
		return;
	d->list[d->packages++] = package;
	packages = package.packages > 0 ? (size_t)package.packages : 1;
	if (d->packages == packages)
		emit_list(d, frame);
}
