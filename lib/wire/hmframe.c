#include "hmframe.h"

#include <string.h>

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* What follows the first ten bytes of a gateway's header, which says so. */
#define GATEWAY_REST (HM_FRAME_HEADER_GATEWAY - HM_FRAME_HEADER)
#define LENGTH_MAX ((size_t)UINT16_MAX)

static uint64_t
get64(const uint8_t *p)
{
	uint64_t value = 0;

	for (size_t i = 0; i < sizeof value; i++)
		value = value << 8 | p[i];
	return value;
}

static void
put64(uint8_t *p, uint64_t value)
{
	for (size_t i = sizeof value; i-- > 0; value >>= 8)
		p[i] = (uint8_t)value;
}

uint16_t
hm_crc16(const uint8_t *p, size_t n)
{
	/* The CRC of each half byte. */
	static const uint16_t table[16] = {
	    0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401,
	    0xa001, 0x6c00, 0x7800, 0xb401, 0x5000, 0x9c01, 0x8801, 0x4400};
	uint16_t crc = 0xffff;

	for (size_t i = 0; i < n; i++) {
		crc = (uint16_t)(crc >> 4 ^ table[(crc ^ p[i]) & 15]);
		crc = (uint16_t)(crc >> 4 ^ table[(crc ^ p[i] >> 4) & 15]);
	}
	return crc;
}

bool
hm_frame_is_gateway(uint16_t command)
{
	switch (command >> 8) {
	case 0xc2:
	case 0xc3:
	case 0xda:
	case 0xdb:
		return true;
	default:
		return false;
	}
}

size_t
hm_frame_header(uint16_t command)
{
	return hm_frame_is_gateway(command) ? HM_FRAME_HEADER_GATEWAY :
	    HM_FRAME_HEADER;
}

bool
hm_frame_is_encrypted(uint16_t command, size_t size)
{
	unsigned kind = command & 0xff00u, number = command & 0xffu;

	return (kind == HM_TO_DTU || kind == HM_FROM_DTU) &&
	    number != HM_CMD_INFO && number != HM_CMD_HEARTBEAT && size > 0;
}

/*
 * No header of a gateway's reply has been published, and other programs read
 * its payload behind 24 bytes whatever is in them: so does hm, and takes the
 * serial number only from the layout that requests have.
 */
static void
read_gateway(const uint8_t *p, struct hm_frame *frame)
{
	if (get16(p) != GATEWAY_REST)
		return;
	frame->serial = get64(p + 2);
	frame->number = get16(p + 12);
}

static void
write_gateway(const struct hm_frame *frame, uint8_t *out)
{
	put16(out, GATEWAY_REST);
	put64(out + 2, frame->serial);
	put16(out + 10, 0);
	put16(out + 12, frame->number);
}

enum hm_frame_state
hm_frame_read(const uint8_t *p, size_t n, bool encrypts,
    struct hm_frame *frame, size_t *used)
{
	size_t header, length, whole;

	if ((n > 0 && p[0] != 'H') || (n > 1 && p[1] != 'M'))
		return HM_FRAME_MAGIC;
	if (n < HM_FRAME_HEADER)
		return HM_FRAME_PART;
	length = get16(p + 8);
	frame->command = get16(p + 2);
	header = hm_frame_header(frame->command);
	if (length < header)
		return HM_FRAME_LENGTH;
	frame->sequence = get16(p + 4);
	frame->payload = p + header;
	frame->size = length - header;
	frame->tag = NULL;
	frame->serial = 0;
	frame->number = 0;
	whole = length;
	if (encrypts && hm_frame_is_encrypted(frame->command, frame->size)) {
		frame->tag = p + length;
		whole += HM_FRAME_TAG;
	}
	if (n < whole)
		return HM_FRAME_PART;
	*used = whole;
	if (header == HM_FRAME_HEADER_GATEWAY)
		read_gateway(p + HM_FRAME_HEADER, frame);
	return hm_crc16(frame->payload, frame->size) == get16(p + 6) ?
	    HM_FRAME_GOOD : HM_FRAME_CRC;
}

size_t
hm_frame_write(const struct hm_frame *frame, uint8_t *out, size_t cap)
{
	size_t header = hm_frame_header(frame->command);
	size_t tag = frame->tag != NULL ? HM_FRAME_TAG : 0;

	if (frame->size > LENGTH_MAX - header ||
	    cap < header + frame->size + tag)
		return 0;
	if (frame->size > 0)
		memmove(out + header, frame->payload, frame->size);
	if (tag > 0)
		memmove(out + header + frame->size, frame->tag, tag);
	memcpy(out, "HM", 2);
	put16(out + 2, frame->command);
	put16(out + 4, frame->sequence);
	put16(out + 6, hm_crc16(out + header, frame->size));
	put16(out + 8, header + frame->size);
	if (header == HM_FRAME_HEADER_GATEWAY)
		write_gateway(frame, out + HM_FRAME_HEADER);
	return header + frame->size + tag;
}
