#include <stdio.h>

#include "base/decimal.h"
#include "base/hex.h"
#include "decode_g3.h"
#include "decode_private.h"
#include "record/record.h"
#include "wire/g3.h"
#include "wire/g3_serial.h"
#include "wire/modbus.h"

/* The registers of a HIT-...-G3 or HiOne. docs/hybrids.md has the sources. */

#define NAME_MAX_SIZE ((size_t)1024) /* of a DTU, in bytes */
#define WHY_MAX ((size_t)120)
#define FOUND_MAX ((size_t)80)

/* Frames */

/* The first register of the block in a frame; false if there is none. */
static bool
first_of(const struct hm_value *blocks, const struct hm_raw_frame *frame,
    uint16_t *first)
{
	struct hm_slice rest = blocks->text;
	struct hm_value item = {.kind = HM_ABSENT};
	int64_t number;

	if (blocks->kind != HM_ARRAY)
		return false;
	for (size_t i = 0; i < frame->number; i++)
		if (!hm_array_next(&rest, &item))
			return false;
	if (item.kind != HM_NUMBER ||
	    !hm_decimal_whole(item.text, 0, UINT16_MAX, &number))
		return false;
	*first = (uint16_t)number;
	return true;
}

static void
bad_block(const struct hm_g3_plant *p, const struct hm_raw_frame *frame,
    uint16_t first, const char *why)
{
	char text[WHY_MAX];

	snprintf(text, sizeof text, "block %u: %s", first, why);
	hm_decode_bad(p->d, frame, text);
}

static void
add_block(struct hm_g3_plant *p, const struct hm_raw_frame *frame, size_t place,
    const uint8_t *words)
{
	uint16_t first = hm_g3_blocks[place].first;

	switch (hm_g3_judge(place, words)) {
	case HM_G3_FOREIGN:
		bad_block(p, frame, first,
		    "its registers are those of another block");
		return;
	case HM_G3_NOTHING:
		hm_decode_drop(p->d, frame, "all its registers are 0");
		break;
	case HM_G3_GOOD:
		hm_g3_add(&p->words, place, words);
		break;
	}
	if (p->frame == NULL)
		p->frame = frame;
}

static void
read_block(struct hm_g3_plant *p, const struct hm_raw_frame *frame,
    uint16_t first, const struct hm_modbus_reply *reply)
{
	size_t place = hm_g3_block_at(first);
	char why[FOUND_MAX];

	if (place == HM_G3_BLOCKS) {
		bad_block(p, frame, first, "no block begins there, allowed "
		    "are 0, 123, 1000, 1800, 2000, 2123 and 30000");
	} else if (reply->size != 2 * (size_t)hm_g3_blocks[place].count) {
		snprintf(why, sizeof why, "found %zu bytes, allowed are the "
		    "%u of its registers", reply->size,
		    2u * hm_g3_blocks[place].count);
		bad_block(p, frame, first, why);
	} else if (p->words.block[place] != NULL) {
		hm_decode_drop(p->d, frame, "its block was listed before");
	} else {
		add_block(p, frame, place, reply->data);
	}
}

static bool
is_setting(const struct hm_raw_frame *frame)
{
	return frame->size > 7 && frame->bytes[7] == HM_MODBUS_READ_REGISTERS;
}

static void
read_frame(struct hm_g3_plant *p, const struct hm_raw_frame *frame,
    const struct hm_value *blocks)
{
	struct hm_modbus_reply reply;
	const char *why;
	uint16_t first;

	if (is_setting(frame)) {
		hm_decode_drop(p->d, frame, "settings are no readings");
		return;
	}
	why = hm_decode_open_modbus(frame, HM_MODBUS_READ_INPUTS, &reply);
	if (why == NULL && !first_of(blocks, frame, &first))
		why = "\"blocks\" has no register from 0 to 65535 for it";
	if (why != NULL)
		hm_decode_bad(p->d, frame, why);
	else
		read_block(p, frame, first, &reply);
}

static struct hm_slice
serial_of(const struct hm_decoder *d, char buf[HM_SERIAL_TEXT])
{
	char name[NAME_MAX_SIZE];
	size_t n;

	if (!hm_string_decode(d->origin.dtu, name, sizeof name, &n))
		return hm_g3_serial(d->origin.dtu, buf);
	return hm_g3_serial(hm_slice(name, n), buf);
}

void
hm_decode_g3(struct hm_decoder *d, const struct hm_value *blocks)
{
	char serial[HM_SERIAL_TEXT];
	struct hm_g3_plant p = {.d = d, .serial = serial_of(d, serial)};

	for (size_t i = 0; i < d->frames; i++)
		read_frame(&p, &d->frame[i], blocks);
	if (p.frame != NULL)
		hm_decode_g3_records(&p);
}
