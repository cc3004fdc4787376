#include "decode_private.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/hex.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "power_factor.h"
#include "record/fields.h"
#include "record/serial_label.h"

struct hm_decoder *
hm_decoder_new(const struct hm_decode_output *output)
{
	struct hm_decoder *d = malloc(sizeof *d);

	if (d == NULL)
		return NULL;
	d->output = output;
	if (!hm_arena_init(&d->arena, HM_ARENA_SIZE)) {
		free(d);
		return NULL;
	}
	return d;
}

void
hm_decoder_free(struct hm_decoder *d)
{
	if (d == NULL)
		return;
	hm_arena_free(&d->arena);
	free(d);
}

void
hm_decode_bad(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const char *why)
{
	d->bad_frames++;
	d->output->bad(d->output->context, frame != NULL ? frame->number : 0,
	    why);
}

void
hm_decode_drop(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const char *why)
{
	d->output->dropped(d->output->context, frame->number, why);
}

void
hm_decode_start(struct hm_decoder *d, struct hm_reading *r, const char *type,
    struct hm_slice serial)
{
	hm_reading_start(r, d->line, sizeof d->line, type, &d->origin,
	    serial);
}

void
hm_decode_start_info(struct hm_decoder *d, struct hm_reading *r,
    struct hm_slice serial, const char *kind, const char *model)
{
	hm_decode_start(d, r, "info", serial);
	hm_json_text(&r->json, "kind", kind);
	hm_reading_text(r, HM_F_MODEL, model);
}

void
hm_decode_start_reading(struct hm_decoder *d, struct hm_reading *r,
    const char *type, struct hm_slice serial)
{
	hm_decode_start(d, r, type, serial);
	if (d->stale)
		hm_json_bool(&r->json, "stale", true);
}

void
hm_decode_start_dtu(struct hm_decoder *d, struct hm_reading *r,
    struct hm_slice serial, int64_t missing)
{
	hm_decode_start_reading(d, r, "dtu", serial);
	if (d->took_ms >= 0)
		hm_json_int(&r->json, "took_ms", d->took_ms);
	if (missing > 0)
		hm_json_int(&r->json, "missing_parts", missing);
}

void
hm_decode_text(struct hm_reading *r, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		hm_json_text(&r->json, key, text);
}

void
hm_decode_end(struct hm_decoder *d, struct hm_reading *r,
    const struct hm_raw_frame *frame)
{
	struct hm_slice line;

	if (hm_reading_end(r, &line))
		d->output->reading(d->output->context, line);
	else
		hm_decode_bad(d, frame, "its reading is too long");
}

void *
hm_decode_unpack(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, const ProtobufCMessageDescriptor *type)
{
	const struct hm_arena before = d->arena;
	void *message = protobuf_c_message_unpack(type, &d->arena.allocator,
	    parsed->size, parsed->payload);

	if (message == NULL) {
		/* The frames after it have the same room as without it. */
		hm_arena_return(&d->arena, &before);
		hm_decode_bad(d, frame, "its payload cannot be unpacked");
	}
	return message;
}

struct hm_slice
hm_decode_serial(int64_t serial, char buf[HM_SERIAL_TEXT])
{
	return hm_serial_format((uint64_t)serial, HM_SERIAL_WIDTH, buf);
}

void
hm_decode_label(struct hm_reading *r, struct hm_slice serial)
{
	char label[HM_SERIAL_LABEL];

	if (hm_serial_label(serial, label))
		hm_reading_text(r, HM_F_LABEL, label);
}

void
hm_decode_power_factor(struct hm_reading *r, enum hm_field_id field,
    const struct hm_power_reading *reading, int64_t raw)
{
	int64_t factor;

	if (hm_power_factor(reading, raw, &factor))
		hm_reading_number(r, field, factor);
	else if (raw != 0)
		hm_log(HM_DEBUG, "%s: %lld thousandths is left out: it "
		    "disagrees with power, voltage and current",
		    hm_fields[field].key, (long long)raw);
}

static bool
read_frames(struct hm_decoder *d, struct hm_slice rest)
{
	struct hm_value item;
	size_t used = 0;

	d->frames = 0;
	for (size_t number = 1; hm_array_next(&rest, &item); number++) {
		struct hm_raw_frame *frame = &d->frame[d->frames];
		size_t n;

		if (d->frames == HM_FRAMES_MAX) {
			hm_decode_bad(d, NULL, "too many frames");
			return false;
		}
		*frame = (struct hm_raw_frame){d->bytes + used, 0, number};
		if (item.kind != HM_STRING || !hm_hex_read(item.text,
		    d->bytes + used, sizeof d->bytes - used, &n)) {
			hm_decode_bad(d, frame, "it is not hex");
			continue;
		}
		frame->size = n;
		used += n;
		d->frames++;
	}
	return true;
}

static int64_t
count_missing(const struct hm_record *record)
{
	const struct hm_value *missing = hm_record_get(record, "missing");
	struct hm_slice rest = missing->text;
	struct hm_value item;
	int64_t n = 0;

	if (hm_record_get(record, "partial")->kind != HM_TRUE)
		return 0;
	while (missing->kind == HM_ARRAY && hm_array_next(&rest, &item))
		n++;
	return n > 0 ? n : 1;
}

/* Read the members that a frame record must have. NULL, or the problem. */
static const char *
read_origin(struct hm_decoder *d, const struct hm_record *record)
{
	int64_t seconds;

	if (!hm_record_string(record, "time", &d->origin.time) ||
	    !hm_rfc3339_parse(d->origin.time, &seconds))
		return "no time like 2026-11-23T10:15:00Z";
	if (!hm_record_string(record, "dtu", &d->origin.dtu))
		return "no dtu";
	if (hm_record_get(record, "frames")->kind != HM_ARRAY)
		return "no frames";
	d->stale = hm_record_get(record, "stale")->kind == HM_TRUE;
	d->missing = count_missing(record);
	if (!hm_record_int(record, "took_ms", &d->took_ms))
		d->took_ms = -1;
	return NULL;
}

void
hm_decode(struct hm_decoder *d, const struct hm_record *record)
{
	const char *missing = read_origin(d, record);
	struct hm_slice transport;

	d->bad_frames = 0;
	d->histories = 0;
	d->limit_known = false;
	if (missing != NULL) {
		hm_decode_bad(d, NULL, missing);
		return;
	}
	hm_arena_reset(&d->arena);
	d->packages = 0;
	if (!read_frames(d, hm_record_get(record, "frames")->text))
		return;
	if (!hm_record_string(record, "transport", &transport))
		hm_decode_bad(d, NULL, "no transport");
	else if (hm_slice_is(transport, "modbus"))
		hm_decode_modbus(d);
	else if (hm_slice_is(transport, "hm"))
		hm_decode_hm(d);
	else if (hm_slice_is(transport, "modbus-g3"))
		hm_decode_g3(d, hm_record_get(record, "blocks"));
	else
		hm_decode_bad(d, NULL, "unknown transport, allowed are "
		    "modbus, hm and modbus-g3");
}
