#ifndef HM_DECODE_PRIVATE_H
#define HM_DECODE_PRIVATE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/hex.h"
#include "decode.h"
#include "power_factor.h"
#include "wire/hmframe.h"
#include "wire/modbus.h"

/* Of protobuf-c: a source that does not use them need not be made again. */
struct Hm__Alarm;
struct Hm__HybridReply;
struct Hm__RealMeter;
struct Hm__RealReply;

/* Shared by the files decode*.c. */

#define HM_FRAMES_MAX 256 /* in one record */
#define HM_SERIAL_WIDTH 12 /* digits on a label */

struct hm_raw_frame {
	const uint8_t *bytes;
	size_t size;
	size_t number; /* position in the record, from 1 */
};

/* A package of the list of alarms, in the arena. */
struct hm_alarm_package {
	const char *dtu_serial;
	int32_t time, packages; /* packages: of the whole list */
	size_t count;
	struct Hm__Alarm **alarm;
};

struct hm_decoder {
	const struct hm_decode_output *output;
	struct hm_arena arena;
	struct hm_origin origin;
	bool stale; /* the DTU repeated its last readings */
	int64_t missing; /* parts of the DTU's list that could not be read */
	int64_t bad_frames; /* of the record */
	size_t histories;   /* of the record */
	bool limit_known;   /* by the record's device information */
	int64_t took_ms; /* duration of the poll; negative if unknown */
	struct hm_raw_frame frame[HM_FRAMES_MAX];
	size_t frames;
	struct hm_alarm_package list[HM_FRAMES_MAX]; /* of alarms, so far */
	size_t packages; /* in that list */
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
 * parts that are missing, _info what kind of device it is and its model, NULL
 * if unknown. hm_decode_end passes the record to the output.
 */
void hm_decode_start(struct hm_decoder *d, struct hm_reading *r,
    const char *type, struct hm_slice serial);
void hm_decode_start_reading(struct hm_decoder *d, struct hm_reading *r,
    const char *type, struct hm_slice serial);
void hm_decode_start_dtu(struct hm_decoder *d, struct hm_reading *r,
    struct hm_slice serial, int64_t missing);
void hm_decode_start_info(struct hm_decoder *d, struct hm_reading *r,
    struct hm_slice serial, const char *kind, const char *model);
void hm_decode_end(struct hm_decoder *d, struct hm_reading *r,
    const struct hm_raw_frame *frame);

/* Write a text that is no field, unless it is NULL or empty. */
void hm_decode_text(struct hm_reading *r, const char *key, const char *text);

/*
 * Unpack a payload into the arena. NULL, with the frame reported as bad, if
 * that fails.
 */
void *hm_decode_unpack(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, const ProtobufCMessageDescriptor *type);

/* decode.c: a serial number of the hm protocol, as text. */
struct hm_slice hm_decode_serial(int64_t serial, char buf[HM_SERIAL_TEXT]);

/* decode.c: what the label of an inverter shows instead of the serial number */
void hm_decode_label(struct hm_reading *r, struct hm_slice serial);

/* decode.c: a power factor, unless the reading refutes it. */
void hm_decode_power_factor(struct hm_reading *r, enum hm_field_id field,
    const struct hm_power_reading *reading, int64_t raw);

/* decode_meter.c */
void hm_decode_meter(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct Hm__RealMeter *meter);

/* decode_extras.c: repeaters and rapid shutdown devices */
void hm_decode_extras(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct Hm__RealReply *reply);

/* The hybrid inverters behind a gateway, as far as a record has been read. */
struct hm_hybrids {
	const struct hm_raw_frame *frame; /* of the first readings, if any */
	uint64_t gateway; /* its serial number; 0: not known */
	int64_t time; /* of the first readings, by the gateway's clock */
	int64_t pv_power, active_power; /* sums, W */
	int64_t today;                  /* sum, Wh; negative: unknown */
	size_t inputs, count, listed;   /* listed: by the registry, 0: none */
	int64_t serial[HM_FRAMES_MAX];  /* of the inverters that were read */
};

/* decode_gateway.c: a reply of a gateway, and the DTU's record after all. */
void hm_decode_gateway(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, struct hm_hybrids *hybrids);
void hm_decode_gateway_end(struct hm_decoder *d,
    const struct hm_hybrids *hybrids);

/*
 * decode_hybrid.c: the records of one inverter, and its part of the sums.
 */
void hm_decode_hybrid(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct Hm__HybridReply *reply, struct hm_hybrids *hybrids);

/* decode_hybrid_parts.c: the records of what is behind an inverter. */
void hm_decode_hybrid_parts(struct hm_decoder *d,
    const struct hm_raw_frame *frame, const struct Hm__HybridReply *reply,
    struct hm_slice serial);

/*
 * The number of a phase, 0 to 2, from that on the wire, from 1; if that is 0,
 * it is the position in the list. HM_PHASES: the phase is none, or came before.
 * `seen` has a bit for each phase before.
 */
#define HM_PHASES ((size_t)3)
size_t hm_decode_phase(int32_t number, size_t position, unsigned *seen);

/*
 * decode_modbus.c, decode_hm.c, decode_g3.c: all frames of the record. `blocks`
 * is its member of that name.
 */
void hm_decode_modbus(struct hm_decoder *d);
void hm_decode_hm(struct hm_decoder *d);
void hm_decode_g3(struct hm_decoder *d, const struct hm_value *blocks);

/*
 * decode_modbus.c: open the reply to a function, which may be empty. Returns
 * why it cannot be used, or NULL.
 */
const char *hm_decode_open_modbus(const struct hm_raw_frame *frame,
    enum hm_modbus_function function, struct hm_modbus_reply *reply);

/*
 * decode_alarms.c: a package of the list of alarms, or a warning. An "alarms"
 * record follows the last package.
 */
void hm_decode_alarms(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed);

/*
 * decode_info.c: one frame without readings. False if its command is unknown;
 * else its records have been passed to the output.
 */
bool hm_decode_info(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed);

/* The same file: the network of a DTU or gateway, and its signal. */
void hm_decode_network(struct hm_decoder *d, const struct hm_raw_frame *frame,
    struct hm_slice serial, int32_t mode, int32_t strength);

#endif
