/*
 * A frame of the protobuf protocol: whatever is called good lies within the
 * bytes, and is the same when it is written again.
 */

#include <stdlib.h>
#include <string.h>

#include "hmcrypt.h"
#include "hmframe.h"

static void
write_again(const struct hm_frame *frame, const uint8_t *data, size_t used)
{
	static uint8_t out[UINT16_MAX + 64];

	if (hm_frame_write(frame, out, sizeof out) != used ||
	    memcmp(out, data, 6) != 0 || memcmp(out + HM_FRAME_HEADER,
	    data + HM_FRAME_HEADER, used - HM_FRAME_HEADER) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t random[HM_CRYPT_RANDOM];
	static uint8_t plain[UINT16_MAX];
	struct hm_frame frame;
	size_t used;

	for (int encrypts = 0; encrypts < 2; encrypts++) {
		if (hm_frame_read(data, size, encrypts, &frame, &used) !=
		    HM_FRAME_GOOD)
			continue;
		if (used > size || frame.payload + frame.size > data + used)
			abort();
		write_again(&frame, data, used);
		if (frame.tag != NULL)
			hm_crypt_open(random, frame.command, frame.sequence,
			    frame.payload, frame.size, plain, frame.tag);
	}
	return 0;
}
