#ifndef HM_DECODE_PRIVATE_H
#define HM_DECODE_PRIVATE_H

#include <stdint.h>

#include "base/arena.h"
#include "decode.h"
#include "wire/hmframe.h"

/* Shared by decode.c, decode_hm.c, decode_info.c and decode_modbus.c. */

#define HM_FRAMES_MAX 256 /* in one record */
#define HM_SERIAL_WIDTH 12 /* digits on a label */

struct hm_raw_frame {
	const uint8_t *bytes;
	size_t size;
	size_t number; /* position in the record, from 1 */
};

struct hm_decoder {
	const struct hm_decode_output *output;
	struct hm_arena arena;
	struct hm_origin origin;
	bool stale; /* the DTU repeated its last readings */
	int64_t missing; /* parts of the DTU's list that could not be read */
	int64_t bad_frames; /* of the record */
	size_t histories;   /* of the record */
	int64_t took_ms; /* duration of the poll; negative if unknown */
	struct hm_raw_frame frame[HM_FRAMES_MAX];
	size_t frames;
	uint8_t bytes[HM_LINE_MAX / 2];
	char line[HM_LINE_MAX];
};

void hm_decode_bad(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const char *why);

/* Report what is well-formed and gives no reading, and why. */
void hm_decode_drop(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const char *why);

/*
 * Start a record about `serial` in the decoder's line buffer: _reading adds the
 * mark of a stale reading, _dtu also the duration of the poll and the number of
 * parts that are missing. hm_decode_end passes the record to the output.
 */
void hm_decode_start(struct hm_decoder *d, struct hm_reading *r,
    const char *type, struct hm_slice serial);
void hm_decode_start_reading(struct hm_decoder *d, struct hm_reading *r,
    const char *type, struct hm_slice serial);
void hm_decode_start_dtu(struct hm_decoder *d, struct hm_reading *r,
    struct hm_slice serial, int64_t missing);
void hm_decode_end(struct hm_decoder *d, struct hm_reading *r,
    const struct hm_raw_frame *frame);

/*
 * Unpack a payload into the arena. NULL, with the frame reported as bad, if
 * that fails.
 */
void *hm_decode_unpack(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, const ProtobufCMessageDescriptor *type);

/* decode_modbus.c, decode_hm.c: all frames of the record. */
void hm_decode_modbus(struct hm_decoder *d);
void hm_decode_hm(struct hm_decoder *d);

/*
 * decode_info.c: one frame without readings. False if its command is unknown;
 * else its records have been passed to the output.
 */
bool hm_decode_info(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed);

#endif
