#ifndef HM_HMFRAME_H
#define HM_HMFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The frame of the DTU protocol on TCP port 10081, all integers big endian:
 * "HM", command, sequence number, CRC of the payload, length of header and
 * payload. Gateways of hybrid inverters have 14 bytes more: their length, a
 * serial number of 8 bytes, two bytes of 0, and a number of two bytes.
 * docs/protocol.md has the sources.
 */

#define HM_FRAME_HEADER ((size_t)10)
#define HM_FRAME_HEADER_GATEWAY ((size_t)24)
/* Follows an encrypted payload and is not counted in the length field. */
#define HM_FRAME_TAG ((size_t)16)
#define HM_FRAME_PAYLOAD_MAX ((size_t)65535 - HM_FRAME_HEADER)

enum hm_frame_command {
	HM_CMD_INFO = 0x01,
	HM_CMD_HEARTBEAT = 0x02,
	HM_CMD_REAL_OLD = 0x03,
	HM_CMD_ALARMS = 0x04,
	HM_CMD_COMMAND = 0x05,
	HM_CMD_PROGRESS = 0x06, /* of such a command */
	HM_CMD_CONFIG = 0x09,
	HM_CMD_WARNINGS = 0x0b, /* unsolicited, DTU to cloud */
	HM_CMD_REAL = 0x11,
	HM_CMD_NETWORK = 0x14,
	HM_CMD_HISTORY = 0x15,
	HM_CMD_ENERGIES = 0x16, /* of past days */
};

/* Replies of a gateway of hybrid inverters. */
enum hm_gateway_reply {
	HM_GATEWAY_INFO = 0xda01,
	HM_GATEWAY_NETWORK = 0xda06,
	HM_GATEWAY_REGISTRY = 0xc202, /* what is behind the gateway */
	HM_GATEWAY_READINGS = 0xc203, /* of one inverter */
	HM_GATEWAY_MODE = 0xc208,     /* the working mode was set */
};

#define HM_GATEWAY_ASK 0x100 /* a request is its reply and so much */

#define HM_TO_DTU 0xa300u   /* requests of an app */
#define HM_FROM_DTU 0xa200u /* their replies */
#define HM_TO_CLOUD 0x2200u /* unsolicited, but sent to a client, too */
#define HM_FROM_CLOUD 0x2300u /* also sent by apps, for some orders */

struct hm_frame {
	uint16_t command, sequence;
	const uint8_t *payload; /* borrowed from the bytes that were read */
	size_t size;            /* of the payload, without a tag */
	const uint8_t *tag;     /* NULL, or HM_FRAME_TAG bytes */
	/* Of a gateway's header; 0 if its last 14 bytes have another layout. */
	uint64_t serial; /* its hex digits are on the label */
	uint16_t number; /* 0xff or 1 in the requests that were seen */
};

enum hm_frame_state {
	HM_FRAME_GOOD,
	HM_FRAME_PART,   /* valid so far; more bytes are to come */
	HM_FRAME_MAGIC,  /* does not begin with "HM" */
	HM_FRAME_LENGTH, /* the length field is less than the header */
	HM_FRAME_CRC,    /* the payload does not match its CRC */
};

/*
 * Read the frame at the start of n bytes. With `encrypts` the DTU is known to
 * encrypt, so that a tag follows the payload of every reply that
 * hm_frame_is_encrypted names. *used is the size of the whole frame, tag
 * included, for HM_FRAME_GOOD and HM_FRAME_CRC.
 */
enum hm_frame_state hm_frame_read(const uint8_t *p, size_t n, bool encrypts,
    struct hm_frame *frame, size_t *used);

/*
 * Whether a frame of the command has a gateway's header: requests db and c3,
 * and their replies da and c2.
 */
bool hm_frame_is_gateway(uint16_t command);

/* The size of the header of a frame of the command. */
size_t hm_frame_header(uint16_t command);

/*
 * Whether a DTU that encrypts encrypts this command: an app's requests and
 * their replies, except information and heartbeat, and no empty payload.
 */
bool hm_frame_is_encrypted(uint16_t command, size_t size);

/*
 * Write a frame, with the header that its command has; tag may be NULL. Returns
 * its size, or 0 if it does not fit into cap bytes or is longer than its length
 * field can say. The payload may already be at its place, behind the header.
 */
size_t hm_frame_write(const struct hm_frame *frame, uint8_t *out, size_t cap);

/* CRC-16/MODBUS: polynomial 8005 reflected, start ffff. */
uint16_t hm_crc16(const uint8_t *p, size_t n);

#endif
