#include <time.h>

#include "base/arena.h"
#include "dialog_private.h"
#include "wire/hmframe.h"

bool
hm_dialog_keep_frame(struct hm_dialog *d, const struct hm_frame *frame)
{
	struct hm_arena *arena = d->options->arena;
	size_t size = hm_frame_header(frame->command) + frame->size;
	uint8_t *out = arena->allocator.alloc(arena, size);

	if (out == NULL) {
		hm_dialog_fail(d, HM_ERR_PROTOCOL, "the reply is too large");
		return false;
	}
	return hm_dialog_keep(d, out, hm_frame_write(frame, out, size));
}

enum hm_turn
hm_dialog_frame_error(struct hm_dialog *d, enum hm_frame_state state)
{
	switch (state) {
	case HM_FRAME_CRC:
		return hm_dialog_fail(d, HM_ERR_CRC,
		    "the reply's CRC is wrong");
	case HM_FRAME_LENGTH:
		return hm_dialog_fail(d, HM_ERR_LENGTH,
		    "the reply's length is impossible");
	default:
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the reply does not begin with HM");
	}
}

/* Skip unsolicited frames, and replies to earlier requests. */
enum hm_turn
hm_dialog_pass_over(struct hm_dialog *d, const struct hm_frame *frame,
    uint16_t awaited)
{
	if (d->held)
		hm_dialog_drop(d, "frame %04x of %zu bytes: no request was "
		    "open", frame->command, frame->size);
	else
		hm_dialog_drop(d, "frame %04x of %zu bytes: requested was "
		    "%04x", frame->command, frame->size, awaited);
	return hm_dialog_skip(d, hm_frame_header(frame->command) +
	    frame->size);
}

size_t
hm_dialog_local_time(const struct hm_dialog *d, char out[HM_LOCAL_TIME])
{
	time_t now = (time_t)d->now;
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return 0;
	return strftime(out, HM_LOCAL_TIME, "%Y-%m-%d %H:%M:%S", &tm);
}
