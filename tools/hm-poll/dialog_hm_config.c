#include "base/arena.h"
#include "config.pb-c.h"
#include "dialog_private.h"
#include "wire/hmframe.h"

#define MINUTE_MS 60000
#define HOUR_MINUTES 60

/*
 * When in an hour a DTU uploads is only known of periods that divide the hour:
 * at its multiples.
 */
static int64_t
upload_ms(int32_t minutes)
{
	if (minutes <= 0 || minutes > HOUR_MINUTES ||
	    HOUR_MINUTES % minutes != 0)
		return 0;
	return (int64_t)minutes * MINUTE_MS;
}

/* The record gets the reply without the fields that are not in config.proto. */
static bool
keep(struct hm_dialog *d, const struct hm_frame *frame, Hm__Config *config)
{
	struct hm_arena *arena = d->options->arena;
	struct hm_frame plain = *frame;
	size_t size;
	uint8_t *bytes;

	config->base.n_unknown_fields = 0;
	plain.size = hm__config__get_packed_size(config);
	size = HM_FRAME_HEADER + plain.size;
	bytes = arena->allocator.alloc(arena, plain.size + size);
	if (bytes == NULL)
		return false;
	plain.payload = bytes;
	hm__config__pack(config, bytes);
	return hm_dialog_keep(d, bytes + plain.size,
	    hm_frame_write(&plain, bytes + plain.size, size));
}

void
hm_dialog_hm_config(struct hm_dialog *d, const struct hm_frame *frame)
{
	Hm__Config *config = hm__config__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);

	if (config == NULL) {
		hm_dialog_drop(d, "the configuration cannot be unpacked");
		return;
	}
	d->hm.upload_ms = upload_ms(config->upload_period);
	if (d->hm.upload_ms == 0)
		hm_dialog_drop(d, "an upload period of %d min: when the DTU "
		    "uploads is not known", config->upload_period);
	if (!keep(d, frame, config))
		hm_dialog_drop(d, "the configuration is too large");
}
