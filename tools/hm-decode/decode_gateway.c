#include "base/hex.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "decode_private.h"
#include "firmware_version.h"
#include "gateway.pb-c.h"
#include "hybrid.pb-c.h"
#include "reading.h"
#include "record/models.h"

/* Replies of a gateway of hybrid inverters; docs/protocol.md. */

#define DEVICE_INVERTER 6 /* in the list of devices */
#define TENTHS 10         /* of a watt; sums are in whole watts */

static void
field_unless_empty(struct hm_reading *r, enum hm_field_id field,
    const char *text)
{
	if (text[0] != '\0')
		hm_reading_text(r, field, text);
}

/* The gateway itself */

static void
emit_gateway(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__GatewayReply *reply)
{
	char digits[HM_SERIAL_TEXT], text[HM_FIRMWARE_VERSION_TEXT];
	struct hm_slice serial = hm_decode_serial(reply->serial, digits);
	struct hm_reading r;

	hm_decode_start_info(d, &r, serial, "dtu", hm_model_dtu(serial));
	if (reply->n_gateway > 0) {
		const Hm__GatewayInfo *info = reply->gateway[0];

		hm_reading_text(&r, HM_F_FIRMWARE,
		    hm_firmware_version_dtu(info->software, text));
		hm_reading_text(&r, HM_F_HARDWARE,
		    hm_firmware_version_dtu_hardware(info->hardware, text));
		hm_decode_text(&r, "wifi_version", info->wifi_version);
		hm_decode_text(&r, "gprs_version", info->gprs_version);
	}
	hm_json_int(&r.json, "devices", (int64_t)reply->n_device);
	hm_decode_end(d, &r, frame);
}

static void
decode_info(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, struct hm_hybrids *hybrids)
{
	Hm__GatewayReply *reply = hm_decode_unpack(d, frame, parsed,
	    &hm__gateway_reply__descriptor);
	char text[HM_SERIAL_TEXT];
	struct hm_reading r;

	if (reply == NULL)
		return;
	if (reply->serial != 0)
		hybrids->gateway = (uint64_t)reply->serial;
	emit_gateway(d, frame, reply);
	for (size_t i = 0; i < reply->n_device; i++) {
		struct hm_slice serial = hm_decode_serial(
		    reply->device[i]->serial, text);

		if (reply->device[i]->type != DEVICE_INVERTER) {
			hm_log(HM_DEBUG, "device %.*s is left out: its type "
			    "%d is not known", (int)serial.n, serial.p,
			    reply->device[i]->type);
			continue;
		}
		hm_decode_start_info(d, &r, serial, "inverter",
		    hm_model_inverter(serial));
		hm_decode_end(d, &r, frame);
	}
}

static void
decode_network(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	Hm__GatewayNetworkReply *reply = hm_decode_unpack(d, frame, parsed,
	    &hm__gateway_network_reply__descriptor);
	char text[HM_SERIAL_TEXT];

	if (reply == NULL)
		return;
	if (reply->serial == 0)
		reply->serial = (int64_t)parsed->serial;
	hm_decode_network(d, frame, hm_decode_serial(reply->serial, text),
	    reply->mode, reply->signal);
}

/* What is behind it */

static void
emit_inverter(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__RegistryInverter *inverter)
{
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_decode_serial(inverter->serial, text);
	struct hm_reading r;

	hm_decode_start_info(d, &r, serial, "inverter",
	    inverter->model[0] != '\0' ? inverter->model :
	    hm_model_inverter(serial));
	field_unless_empty(&r, HM_F_FIRMWARE, inverter->software_main);
	hm_decode_text(&r, "firmware_second", inverter->software_second);
	hm_decode_text(&r, "firmware_system", inverter->software_system);
	field_unless_empty(&r, HM_F_HARDWARE, inverter->hardware);
	hm_decode_text(&r, "battery_serial", inverter->battery_serial);
	hm_decode_text(&r, "battery_firmware", inverter->battery_software);
	hm_decode_text(&r, "battery_hardware", inverter->battery_hardware);
	if (inverter->inputs > 0)
		hm_json_int(&r.json, "inputs", inverter->inputs);
	hm_decode_end(d, &r, frame);
}

static void
decode_registry(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, struct hm_hybrids *hybrids)
{
	Hm__RegistryReply *reply = hm_decode_unpack(d, frame, parsed,
	    &hm__registry_reply__descriptor);
	char word[HM_SERIAL_WORD];
	struct hm_reading r;

	if (reply == NULL)
		return;
	hybrids->listed = reply->n_inverter;
	for (size_t i = 0; i < reply->n_inverter; i++)
		emit_inverter(d, frame, reply->inverter[i]);
	for (size_t i = 0; i < reply->n_meter; i++) {
		struct hm_slice serial = hm_serial_word(
		    reply->meter[i]->serial, word);

		if (serial.n == 0)
			continue;
		hm_decode_start_info(d, &r, serial, "meter",
		    hm_model_meter(serial, 0));
		hm_decode_end(d, &r, frame);
	}
}

/* Readings */

static bool
is_known(const struct hm_hybrids *hybrids, int64_t serial)
{
	for (size_t i = 0; i < hybrids->count; i++)
		if (hybrids->serial[i] == serial)
			return true;
	return false;
}

static void
decode_readings(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, struct hm_hybrids *hybrids)
{
	Hm__HybridReply *reply = hm_decode_unpack(d, frame, parsed,
	    &hm__hybrid_reply__descriptor);

	if (reply == NULL)
		return;
	if (reply->serial == 0) {
		hm_decode_bad(d, frame, "it does not name its inverter");
		return;
	}
	if (is_known(hybrids, reply->serial)) {
		hm_decode_drop(d, frame, "an inverter was listed before");
		return;
	}
	if (hybrids->count == 0) {
		hybrids->frame = frame;
		hybrids->time = (uint32_t)reply->time;
		hybrids->pv_power = hybrids->active_power = 0;
		hybrids->today = 0;
		hybrids->inputs = 0;
	}
	/* No gateway has the serial number of an inverter behind it. */
	if (hybrids->gateway == 0 && parsed->serial != (uint64_t)reply->serial)
		hybrids->gateway = parsed->serial;
	hm_decode_hybrid(d, frame, reply, hybrids);
	hybrids->serial[hybrids->count++] = reply->serial;
}

void
hm_decode_gateway(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed, struct hm_hybrids *hybrids)
{
	switch (parsed->command) {
	case HM_GATEWAY_INFO:
		decode_info(d, frame, parsed, hybrids);
		break;
	case HM_GATEWAY_REGISTRY:
		decode_registry(d, frame, parsed, hybrids);
		break;
	case HM_GATEWAY_READINGS:
		decode_readings(d, frame, parsed, hybrids);
		break;
	case HM_GATEWAY_NETWORK:
		decode_network(d, frame, parsed);
		break;
	case HM_GATEWAY_MODE:
		hm_log(HM_DEBUG, "frame %zu is left out: command %04x has no "
		    "readings of this poll", frame->number, parsed->command);
		break;
	default:
		hm_decode_bad(d, frame, "its command is unknown");
		break;
	}
}

/* The gateway's own record: sums over its inverters */

static int64_t
count_missing(const struct hm_decoder *d, const struct hm_hybrids *hybrids)
{
	int64_t missing = d->missing;
	int64_t lacks = (int64_t)hybrids->listed - (int64_t)hybrids->count;

	if (d->bad_frames > missing)
		missing = d->bad_frames;
	return missing > lacks ? missing : lacks;
}

static void
write_sums(struct hm_reading *r, const struct hm_hybrids *hybrids)
{
	int64_t count = (int64_t)hybrids->count;

	if (hybrids->inputs > 0)
		hm_reading_number(r, HM_F_PV_POWER,
		    hybrids->pv_power * TENTHS);
	hm_reading_number(r, HM_F_ACTIVE_POWER,
	    hybrids->active_power * TENTHS);
	if (hybrids->inputs > 0 && hybrids->today >= 0)
		hm_reading_number(r, HM_F_TODAY_PRODUCTION, hybrids->today);
	hm_reading_number(r, HM_F_INVERTERS, count);
	hm_reading_number(r, HM_F_INVERTERS_ONLINE, count);
}

void
hm_decode_gateway_end(struct hm_decoder *d, const struct hm_hybrids *hybrids)
{
	int64_t missing;
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = {NULL, 0};
	struct hm_reading r;

	if (hybrids->count == 0)
		return;
	missing = count_missing(d, hybrids);
	if (hybrids->gateway != 0)
		serial = hm_serial_format(hybrids->gateway, HM_SERIAL_WIDTH,
		    text);
	hm_decode_start_dtu(d, &r, serial, missing);
	hm_reading_text(&r, HM_F_MODEL, hm_model_dtu(serial));
	hm_reading_moment(&r, HM_F_DEVICE_TIME, hybrids->time);
	if (missing == 0)
		write_sums(&r, hybrids);
	hm_decode_end(d, &r, hybrids->frame);
}
