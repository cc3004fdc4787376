#include "decode_private.h"
#include "reading.h"
#include "real.pb-c.h"

/* Zeros of a device that the DTU does not hear are not readings. */

static void
emit_repeater(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__RealRepeater *repeater)
{
	bool heard = repeater->link != 0;
	char text[HM_SERIAL_TEXT];
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "repeater",
	    hm_decode_serial(repeater->serial, text));
	hm_reading_heard(&r, HM_F_RADIO_SIGNAL, repeater->signal, heard);
	hm_reading_heard(&r, HM_F_RADIO_CHANNEL, repeater->channel, heard);
	hm_reading_heard(&r, HM_F_SERVED_INPUTS, repeater->inputs, heard);
	hm_reading_number(&r, HM_F_REACHABLE, heard);
	hm_decode_end(d, &r, frame);
}

static void
emit_shutdown(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__RealShutdown *shutdown)
{
	bool heard = shutdown->link != 0;
	char text[HM_SERIAL_TEXT];
	struct hm_reading r;

	hm_decode_start_reading(d, &r, "shutdown",
	    hm_decode_serial(shutdown->serial, text));
	hm_reading_heard(&r, HM_F_DC_VOLTAGE, shutdown->voltage, heard);
	hm_reading_heard(&r, HM_F_DC_POWER, shutdown->power, heard);
	hm_reading_heard(&r, HM_F_DEVICE_TEMPERATURE, shutdown->temperature,
	    heard);
	hm_reading_heard(&r, HM_F_WARNING_COUNT, shutdown->warnings, heard);
	hm_reading_number(&r, HM_F_REACHABLE, heard);
	hm_decode_end(d, &r, frame);
}

void
hm_decode_extras(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__RealReply *reply)
{
	for (size_t i = 0; i < reply->n_repeater; i++)
		emit_repeater(d, frame, reply->repeater[i]);
	for (size_t i = 0; i < reply->n_shutdown; i++)
		emit_shutdown(d, frame, reply->shutdown[i]);
}
