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
