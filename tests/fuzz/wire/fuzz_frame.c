/*
 * The frame reader and the cipher. A frame that was read must be the same bytes
 * when it is written. A sealed frame must open, but not if a bit has changed.
 */

#include <stdlib.h>
#include <string.h>

#include "wire/hmcrypt.h"
#include "wire/hmframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t random_bytes[HM_CRYPT_RANDOM] = "sixteen of these";

/* Whether what a gateway's header ends with is what hm writes. */
static bool
is_usual(const uint8_t *data, const struct hm_frame *frame)
{
	return !hm_frame_is_gateway(frame->command) || (data[10] == 0 &&
	    data[11] == 14 && data[20] == 0 && data[21] == 0);
}

static void
check_written(const uint8_t *data, const struct hm_frame *frame, size_t used)
{
	static uint8_t out[HM_FRAME_HEADER + HM_FRAME_PAYLOAD_MAX +
	    HM_FRAME_TAG];

	if (hm_frame_write(frame, out, sizeof out) != used ||
	    memcmp(out, data, HM_FRAME_HEADER) != 0 ||
	    (is_usual(data, frame) && memcmp(out, data, used) != 0) ||
	    hm_frame_write(frame, out, used - 1) != 0)
		abort();
}

static void
check_parts(const uint8_t *data, bool encrypts, size_t whole)
{
	struct hm_frame frame;
	size_t used;

	for (size_t part = 0; part < whole; part++)
		if (hm_frame_read(data, part, encrypts, &frame, &used) !=
		    HM_FRAME_PART)
			abort();
}

static void
check_cipher(const struct hm_frame *frame)
{
	static uint8_t out[HM_FRAME_PAYLOAD_MAX];
	uint8_t tag[HM_FRAME_TAG];

	if (frame->size == 0)
		return;
	if (frame->tag != NULL && hm_crypt_open(random_bytes, frame->command,
	    frame->sequence, frame->payload, frame->size, out, frame->tag))
		abort(); /* a random tag is never right */
	if (!hm_crypt_seal(random_bytes, frame->command, frame->sequence,
	    frame->payload, frame->size, out, tag) ||
	    !hm_crypt_open(random_bytes, frame->command, frame->sequence,
	    out, frame->size, out, tag) ||
	    memcmp(out, frame->payload, frame->size) != 0)
		abort();
	tag[frame->payload[0] % HM_FRAME_TAG] ^= 1;
	if (hm_crypt_open(random_bytes, frame->command, frame->sequence, out,
	    frame->size, out, tag))
		abort();
}

static void
read_frame(const uint8_t *data, size_t size, bool encrypts)
{
	struct hm_frame frame;
	size_t used = 0;

	if (hm_frame_read(data, size, encrypts, &frame, &used) !=
	    HM_FRAME_GOOD)
		return;
	if (used > size || (frame.tag != NULL) != (encrypts &&
	    hm_frame_is_encrypted(frame.command, frame.size)))
		abort();
	check_written(data, &frame, used);
	check_parts(data, encrypts, used);
	check_cipher(&frame);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_frame(data, size, false);
	read_frame(data, size, true);
	return 0;
}
