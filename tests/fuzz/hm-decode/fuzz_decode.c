/*
 * Readings from hostile frames. An input that begins with '{' is a record. In
 * any other, the first byte is the transport, 'm' for modbus and 'g' for
 * modbus-g3, and frames follow, each after its length in two bytes; their
 * magic, CRC and length are made valid, so that the fuzzer reaches the payload.
 * All output must be records, and the same again for the same input.
 */

#include <stdio.h>
#include <stdlib.h>

#include "decode.h"
#include "wire/g3.h"
#include "wire/hmframe.h"
#include "wire/modbus.h"

#define FRAME_MAX ((size_t)4096)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t readings, bad;
	uint64_t hash;
};

static struct hm_record record;

static void
on_reading(void *context, struct hm_slice line)
{
	struct seen *seen = context;
	struct hm_fault fault;
	struct hm_slice type;

	if (line.n > HM_LINE_MAX || !hm_record_type(line, &type) ||
	    !hm_record_parse(&record, line, &fault)) {
		fprintf(stderr, "not a record: %.*s\n", (int)line.n, line.p);
		abort();
	}
	seen->readings++;
	for (size_t i = 0; i < line.n; i++)
		seen->hash = seen->hash * 31 + (unsigned char)line.p[i];
}

static void
on_dropped(void *context, size_t frame, const char *why)
{
	(void)context;
	if (frame == 0 || why[0] == '\0')
		abort();
}

static void
on_bad(void *context, size_t frame, const char *why)
{
	struct seen *seen = context;

	seen->bad++;
	seen->hash = seen->hash * 31 + frame + strlen(why);
}

static void
put_right_modbus(uint8_t *frame, size_t n, bool g3)
{
	if (n < 6)
		return;
	frame[2] = frame[3] = 0;
	frame[4] = (uint8_t)((n - 6) >> 8);
	frame[5] = (uint8_t)(n - 6);
	if (!g3 || n < 9)
		return;
	frame[7] = HM_MODBUS_READ_INPUTS;
	frame[8] = (uint8_t)(n - 9);
}

static void
put_right_hm(uint8_t *frame, size_t n)
{
	struct hm_frame header;
	uint16_t command;
	size_t size;

	if (n < HM_FRAME_HEADER)
		return;
	command = (uint16_t)(frame[2] << 8 | frame[3]);
	size = hm_frame_header(command);
	if (n < size)
		return;
	header = (struct hm_frame){.command = command,
	    .sequence = (uint16_t)(frame[4] << 8 | frame[5]),
	    .payload = frame + size, .size = n - size,
	    .serial = UINT64_C(0x430122480861), .number = 1};
	hm_frame_write(&header, frame, n);
}

static void
emit_frames(struct hm_json *e, const uint8_t *data, size_t size, char kind)
{
	static uint8_t frame[FRAME_MAX];

	while (size >= 2) {
		size_t n = (size_t)(data[0] << 8 | data[1]) % FRAME_MAX;

		data += 2;
		size -= 2;
		n = n < size ? n : size;
		memcpy(frame, data, n);
		if (kind == 'm' || kind == 'g')
			put_right_modbus(frame, n, kind == 'g');
		else
			put_right_hm(frame, n);
		hm_json_hex(e, NULL, frame, n);
		data += n;
		size -= n;
	}
}

static const char *
transport_of(char kind)
{
	return kind == 'm' ? "modbus" : kind == 'g' ? "modbus-g3" : "hm";
}

static bool
make_line(const uint8_t *data, size_t size, struct hm_slice *line)
{
	static char buf[HM_LINE_MAX];
	char kind = (char)data[0];
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "frame", hm_text("2022-03-10T16:17:08Z"));
	hm_json_text(&e, "dtu", "roof");
	hm_json_text(&e, "transport", transport_of(kind));
	if (kind == 'g') {
		hm_json_array(&e, "blocks");
		for (size_t i = 0; i < HM_G3_BLOCKS; i++)
			hm_json_int(&e, NULL, hm_g3_blocks[i].first);
		hm_json_array_end(&e);
	}
	hm_json_array(&e, "frames");
	emit_frames(&e, data + 1, size - 1, kind);
	hm_json_array_end(&e);
	hm_json_object_end(&e);
	return hm_json_done(&e, line);
}

static struct seen
decode(struct hm_slice line)
{
	static struct hm_decoder *decoder;
	static struct seen seen;
	static const struct hm_decode_output output = {&seen, on_reading,
	    on_bad, on_dropped};
	static struct hm_record frames;
	struct hm_fault fault;

	if (decoder == NULL)
		decoder = hm_decoder_new(&output);
	if (decoder == NULL)
		abort();
	seen = (struct seen){0};
	if (hm_record_parse(&frames, line, &fault))
		hm_decode(decoder, &frames);
	return seen;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_slice line = hm_slice((const char *)data, size);
	struct seen first, second;

	if (size == 0 || size > HM_LINE_MAX ||
	    (data[0] != '{' && !make_line(data, size, &line)))
		return 0;
	first = decode(line);
	second = decode(line);
	if (first.readings != second.readings || first.bad != second.bad ||
	    first.hash != second.hash)
		abort();
	return 0;
}
