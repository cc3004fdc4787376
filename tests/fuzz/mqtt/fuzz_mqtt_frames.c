/*
 * What a broker sends, cut into reads in any way: a packet is refused with the
 * last byte of its length, however the reads are cut. The input is a list of
 * reads: a byte n below 128 and n bytes; or a byte n from 128 for a read of
 * n - 127 KiB, so that large packets come to an end.
 */

#include <stdlib.h>
#include <string.h>

#include "mqtt/mqtt_frames.h"

#define STREAM_MAX ((size_t)2 * HM_MQTT_PACKET_MAX)
#define READS_MAX 8192
#define FILL 127 /* packets of 127 bytes, if it starts one */
#define FOUND(condition) ((condition) ? abort() : (void)0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reads {
	uint8_t bytes[STREAM_MAX];
	size_t n, sizes[READS_MAX], count;
};

/* What the stream must come to, found packet by packet. */
struct outcome {
	bool taken, malformed;
	size_t used; /* bytes until the answer */
	size_t left; /* bytes to come of the last packet */
	bool inside; /* of the type and length of a packet */
};

static void
list_reads(struct reads *r, const uint8_t *data, size_t size)
{
	size_t n;

	r->n = r->count = 0;
	for (size_t at = 0; at < size && r->count < READS_MAX; r->n += n) {
		bool filled = data[at] >= 128;

		n = filled ? (data[at] - 127U) * 1024 : data[at];
		at++;
		if (!filled && n > size - at)
			n = size - at;
		if (n > STREAM_MAX - r->n)
			n = STREAM_MAX - r->n;
		if (filled)
			memset(r->bytes + r->n, FILL, n);
		else
			memcpy(r->bytes + r->n, data + at, n);
		at += filled ? 0 : n;
		r->sizes[r->count++] = n;
	}
}

/* The bytes of a length at p, 0 if it goes on behind them, 5 if too many. */
static size_t
read_length(const uint8_t *p, size_t n, size_t *length)
{
	*length = 0;
	for (size_t i = 0; i < 4; i++) {
		if (i == n)
			return 0;
		*length += (p[i] % 128U) * ((size_t)1 << 7 * i);
		if (p[i] < 128)
			return i + 1;
	}
	return 5;
}

static struct outcome
judge(const struct reads *r)
{
	size_t at = 0, length = 0, digits;

	while (at < r->n) {
		digits = read_length(r->bytes + at + 1, r->n - at - 1,
		    &length);
		if (digits == 0)
			return (struct outcome){true, false, r->n, 0, true};
		if (digits == 5)
			return (struct outcome){false, true, at + 5, 0, true};
		at += 1 + digits;
		if (length > HM_MQTT_PACKET_MAX)
			return (struct outcome){false, false, at, length,
			    false};
		if (length > r->n - at)
			return (struct outcome){true, false, r->n,
			    length - (r->n - at), false};
		at += length;
	}
	return (struct outcome){true, false, r->n, 0, false};
}

static void
check_state(const struct hm_mqtt_frames *f, const struct outcome *o)
{
	FOUND(f->malformed != o->malformed);
	FOUND(o->malformed ? f->digits != 4 : f->left != o->left);
	FOUND(f->typed != o->inside);
	FOUND(!o->taken && !o->malformed && f->size != o->left);
}

/* By the reads of the input; the read that holds the answer is the last. */
static void
check_reads(const struct reads *r, const struct outcome *o)
{
	struct hm_mqtt_frames f = {0};
	size_t at = 0;

	for (size_t i = 0; i < r->count; at += r->sizes[i++]) {
		bool last = !o->taken && at + r->sizes[i] >= o->used;

		FOUND(hm_mqtt_frames_take(&f, r->bytes + at, r->sizes[i]) ==
		    last);
		if (last)
			break;
	}
	check_state(&f, o);
}

/* All but the last byte that is needed, that byte, and all at once. */
static void
check_last(const struct reads *r, const struct outcome *o)
{
	struct hm_mqtt_frames f = {0}, whole = {0};

	FOUND(o->used > r->n);
	if (o->used == 0)
		return;
	FOUND(!hm_mqtt_frames_take(&f, r->bytes, o->used - 1));
	FOUND(hm_mqtt_frames_take(&f, r->bytes + o->used - 1, 1) != o->taken);
	check_state(&f, o);
	FOUND(hm_mqtt_frames_take(&whole, r->bytes, r->n) != o->taken);
	check_state(&whole, o);
}

static void
check_bytes(const struct reads *r, const struct outcome *o)
{
	struct hm_mqtt_frames f = {0};

	for (size_t at = 0; at < o->used; at++)
		FOUND(hm_mqtt_frames_take(&f, r->bytes + at, 1) !=
		    (o->taken || at + 1 < o->used));
	check_state(&f, o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reads reads;
	struct outcome outcome;

	list_reads(&reads, data, size);
	outcome = judge(&reads);
	check_reads(&reads, &outcome);
	check_last(&reads, &outcome);
	if (reads.n <= 4096)
		check_bytes(&reads, &outcome);
	return 0;
}
