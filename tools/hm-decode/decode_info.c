#include "alarms.pb-c.h"
#include "base/hex.h"
#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "decode_private.h"
#include "firmware_version.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "network.pb-c.h"
#include "reading.h"
#include "record/alarm_codes.h"
#include "record/models.h"
#include "wire/hmcrypt.h"

/* Bits 12 and 13 of an alarm code distinguish morning and afternoon. */
#define ALARM_CODE_MASK 0x0fff
#define POWER_SCALE 1

static struct hm_slice
label(int64_t serial, char buf[HM_SERIAL_TEXT])
{
	return hm_serial_format((uint64_t)serial, HM_SERIAL_WIDTH, buf);
}

static void
text_unless_empty(struct hm_reading *r, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		hm_json_text(&r->json, key, text);
}

static void
moment(struct hm_reading *r, const char *key, int64_t seconds)
{
	char text[HM_RFC3339_SIZE];

	if (seconds > 0)
		hm_json_string(&r->json, key, hm_rfc3339_format(seconds, text));
}

static void
start_info(struct hm_decoder *d, struct hm_reading *r, struct hm_slice serial,
    const char *kind, const char *model)
{
	hm_decode_start(d, r, "info", serial);
	hm_json_text(&r->json, "kind", kind);
	hm_reading_text(r, HM_F_MODEL, model);
}

static void
emit_dtu(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__InfoReply *info)
{
	char word[HM_SERIAL_WORD], text[HM_FIRMWARE_VERSION_TEXT];
	struct hm_slice serial = hm_serial_word(info->dtu_serial, word);
	const Hm__InfoDtu *dtu = info->dtu;
	struct hm_reading r;

	start_info(d, &r, serial, "dtu", hm_model_dtu(serial));
	if (dtu != NULL) {
		hm_reading_text(&r, HM_F_FIRMWARE,
		    hm_firmware_version_dtu(dtu->software, text));
		hm_reading_text(&r, HM_F_HARDWARE,
		    hm_firmware_version_dtu_hardware(dtu->hardware, text));
		if (dtu->signal > 0)
			hm_reading_number(&r, HM_F_SIGNAL, dtu->signal);
		text_unless_empty(&r, "wifi_version", dtu->wifi_version);
		text_unless_empty(&r, "gprs_version", dtu->gprs_version);
		hm_json_bool(&r.json, "encrypted",
		    (dtu->features & HM_CRYPT_DFS_BIT) != 0);
		if (dtu->error != 0)
			hm_reading_number(&r, HM_F_ERROR_CODE,
			    dtu->error);
	}
	hm_json_int(&r.json, "devices", info->devices);
	hm_json_int(&r.json, "inputs", info->inputs);
	hm_decode_end(d, &r, frame);
}

static void
emit_inverter(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__InfoInverter *inverter)
{
	char serial_text[HM_SERIAL_TEXT], text[HM_FIRMWARE_VERSION_TEXT];
	struct hm_slice serial = label(inverter->serial, serial_text);
	const char *model = hm_model_part((uint32_t)inverter->hardware_part);
	struct hm_reading r;

	start_info(d, &r, serial, "inverter",
	    model != NULL ? model : hm_model_inverter(serial));
	hm_reading_text(&r, HM_F_FIRMWARE,
	    hm_firmware_version_inverter(inverter->software, text));
	hm_reading_text(&r, HM_F_HARDWARE,
	    hm_firmware_version_inverter_hardware(inverter->hardware, text));
	hm_json_int(&r.json, "grid_profile", inverter->grid_profile);
	hm_decode_end(d, &r, frame);
}

static void
decode_info(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	Hm__InfoReply *info = hm_decode_unpack(d, frame, parsed,
	    &hm__info_reply__descriptor);
	char text[HM_SERIAL_TEXT];
	struct hm_reading r;

	if (info == NULL)
		return;
	emit_dtu(d, frame, info);
	for (size_t i = 0; i < info->n_inverter; i++)
		emit_inverter(d, frame, info->inverter[i]);
	for (size_t i = 0; i < info->n_meter; i++) {
		struct hm_slice serial = label(info->meter[i]->serial, text);

		start_info(d, &r, serial, "meter", hm_model_meter(serial));
		hm_decode_end(d, &r, frame);
	}
	for (size_t i = 0; i < info->n_repeater; i++) {
		start_info(d, &r, label(info->repeater[i]->serial, text),
		    "repeater", NULL);
		hm_decode_end(d, &r, frame);
	}
}

static const char *
network_mode(int32_t mode)
{
	static const char *const names[] = {NULL, "wifi", "mobile",
	    "ethernet"};

	return mode > 0 && mode < (int32_t)(sizeof names / sizeof *names) ?
	    names[mode] : NULL;
}

static void
decode_network(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	Hm__Network *network = hm_decode_unpack(d, frame, parsed,
	    &hm__network__descriptor);
	char word[HM_SERIAL_WORD];
	struct hm_slice serial;
	struct hm_reading r;

	if (network == NULL)
		return;
	serial = hm_serial_word(network->dtu_serial, word);
	start_info(d, &r, serial, "dtu", hm_model_dtu(serial));
	text_unless_empty(&r, "network", network_mode(network->mode));
	if (network->signal > 0)
		hm_reading_number(&r, HM_F_SIGNAL, network->signal);
	hm_decode_end(d, &r, frame);
}

/* Some codes use all 16 bits, others have flags above 12 bits. */
static int64_t
alarm_code(int32_t code)
{
	return hm_alarm_code_text(code) != NULL ? code : code & ALARM_CODE_MASK;
}

static void
decode_alarms(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	Hm__Alarms *alarms = hm_decode_unpack(d, frame, parsed,
	    &hm__alarms__descriptor);
	char text[HM_SERIAL_TEXT];
	struct hm_reading r;

	if (alarms == NULL)
		return;
	for (size_t i = 0; i < alarms->n_alarm; i++) {
		const Hm__Alarm *alarm = alarms->alarm[i];
		int64_t code = alarm_code(alarm->code);

		hm_decode_start(d, &r, "alarm", label(alarm->serial, text));
		hm_json_int(&r.json, "code", code);
		text_unless_empty(&r, "text", hm_alarm_code_text(code));
		if (alarm->count != 0)
			hm_json_int(&r.json, "count", alarm->count);
		moment(&r, "start", alarm->start);
		moment(&r, "end", alarm->end);
		hm_decode_end(d, &r, frame);
	}
}

/* Some DTUs number every package 0; then the order of the frames counts. */
static int64_t
package_of(struct hm_decoder *d, const Hm__History *history)
{
	size_t before = d->histories++;

	return history->packages > 1 && history->package == 0 ?
	    (int64_t)before : history->package;
}

static void
decode_history(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	Hm__History *history = hm_decode_unpack(d, frame, parsed,
	    &hm__history__descriptor);
	char text[HM_SERIAL_TEXT];
	struct hm_reading r;

	if (history == NULL)
		return;
	hm_decode_start(d, &r, "history", label(history->serial, text));
	hm_json_int(&r.json, "package", package_of(d, history));
	moment(&r, "start", history->absolute_start);
	hm_json_int(&r.json, "step", history->step);
	if (history->today != 0)
		hm_reading_number(&r, HM_F_TODAY_PRODUCTION, history->today);
	if (history->total != 0)
		hm_reading_number(&r, HM_F_TOTAL_PRODUCTION, history->total);
	hm_json_array(&r.json, "curve");
	for (size_t i = 0; i < history->n_power; i++)
		hm_json_decimal(&r.json, NULL,
		    hm_decimal(history->power[i], POWER_SCALE));
	hm_json_array_end(&r.json);
	hm_decode_end(d, &r, frame);
}

/* Commands whose frames give no record. */
static bool
is_silent(uint16_t command)
{
	static const uint16_t silent[] = {0xa202, 0xa205, 0x2201, 0x2202,
	    0x220c, 0x220d};

	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
		if (silent[i] == command)
			return true;
	return false;
}

bool
hm_decode_info(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	switch (parsed->command) {
	case HM_FROM_DTU | HM_CMD_INFO:
		decode_info(d, frame, parsed);
		return true;
	case HM_FROM_DTU | HM_CMD_NETWORK:
		decode_network(d, frame, parsed);
		return true;
	case HM_FROM_DTU | HM_CMD_ALARMS:
	case HM_TO_CLOUD | HM_CMD_WARNINGS:
		decode_alarms(d, frame, parsed);
		return true;
	case HM_FROM_DTU | HM_CMD_HISTORY:
		decode_history(d, frame, parsed);
		return true;
	default:
		if (!is_silent(parsed->command))
			return false;
		hm_decode_drop(d, frame, "its command gives no record");
		return true;
	}
}
