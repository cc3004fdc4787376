#include "base/hex.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "config.pb-c.h"
#include "decode_private.h"
#include "device_time.h"
#include "firmware_version.h"
#include "energies.pb-c.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "network.pb-c.h"
#include "reading.h"
#include "record/models.h"
#include "wire/hmcrypt.h"

#define POWER_SCALE 1
#define PERMILLE 1000
#define DAY_MINUTES 1440
#define DBM_MIN (-130)
#define DBM_MAX (-10)
#define DIGITS_MAX ((size_t)6)

/* A time by the DTU's clock, if it is one. */
static void
moment(struct hm_reading *r, const char *key, int64_t seconds)
{
	char text[HM_RFC3339_SIZE];

	if (hm_device_time_known(seconds))
		hm_json_string(&r->json, key, hm_rfc3339_format(seconds, text));
	else if (seconds != 0)
		hm_log(HM_DEBUG, "%s is left out: %lld is no time", key,
		    (long long)seconds);
}

/* Some DTUs send dBm, which are negative, instead of percent. -1 is none. */
static void
network_signal(struct hm_reading *r, int32_t strength)
{
	if (strength > 0)
		hm_reading_number(r, HM_F_SIGNAL, strength);
	else if (strength >= DBM_MIN && strength <= DBM_MAX)
		hm_reading_number(r, HM_F_SIGNAL_DBM, strength);
}

/*
 * Read a number of digits that ends before a comma or at the end of the text or
 * line. False if there are none or too many.
 */
static bool
read_number(const char *text, int64_t *number)
{
	size_t n = strspn(text, "0123456789");

	*number = 0;
	if (n == 0 || n > DIGITS_MAX || strchr(",\r\n", text[n]) == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		*number = *number * 10 + (text[i] - '0');
	return true;
}

/*
 * Newer firmware reports the limit of active power as a feature,
 * "1,A:1000,B:0,C:0" for 100.0 %. Its key is 8; others may be used.
 */
static bool
power_limit(struct hm_reading *r, const Hm__InfoReply *info)
{
	for (size_t i = 0; i < info->n_feature; i++) {
		const char *value = info->feature[i]->value;
		const char *limit = strstr(value, ",A:");
		int64_t permille;

		if (limit != NULL && read_number(limit + 3, &permille) &&
		    permille <= PERMILLE) {
			hm_reading_number(r, HM_F_POWER_LIMIT_ALL, permille);
			return true;
		}
		hm_log(HM_DEBUG, "feature %d of a DTU is left out: it is no "
		    "power limit", info->feature[i]->key);
	}
	return false;
}

/* No DTU starts after it has answered. */
static void
boot_time(struct hm_reading *r, int64_t seconds, int64_t sent)
{
	int64_t past = hm_device_past(seconds, sent);

	if (past != 0 || !hm_device_time_known(seconds))
		hm_reading_moment(r, HM_F_BOOT_TIME,
		    past != 0 ? past : seconds);
	else
		hm_log(HM_DEBUG, "boot_time is left out: %lld is later than "
		    "the reply", (long long)seconds);
}

static void
emit_dtu(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__InfoReply *info)
{
	char word[HM_SERIAL_WORD], text[HM_FIRMWARE_VERSION_TEXT];
	struct hm_slice serial = hm_serial_word(info->dtu_serial, word);
	const Hm__InfoDtu *dtu = info->dtu;
	struct hm_reading r;

	hm_decode_start_info(d, &r, serial, "dtu", hm_model_dtu(serial));
	if (dtu != NULL) {
		hm_reading_text(&r, HM_F_FIRMWARE,
		    hm_firmware_version_dtu(dtu->software, text));
		hm_reading_text(&r, HM_F_HARDWARE,
		    hm_firmware_version_dtu_hardware(dtu->hardware, text));
		network_signal(&r, dtu->signal);
		boot_time(&r, (uint32_t)dtu->boot_time,
		    (uint32_t)info->time);
		hm_decode_text(&r, "wifi_version", dtu->wifi_version);
		hm_decode_text(&r, "gprs_version", dtu->gprs_version);
		hm_json_bool(&r.json, "encrypted",
		    (dtu->features & HM_CRYPT_DFS_BIT) != 0);
		if (dtu->error != 0)
			hm_reading_number(&r, HM_F_ERROR_CODE,
			    dtu->error);
	}
	d->limit_known = power_limit(&r, info) || d->limit_known;
	hm_json_int(&r.json, "devices", info->devices);
	hm_json_int(&r.json, "inputs", info->inputs);
	hm_decode_end(d, &r, frame);
}

static void
emit_inverter(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const Hm__InfoInverter *inverter)
{
	char serial_text[HM_SERIAL_TEXT], text[HM_FIRMWARE_VERSION_TEXT];
	struct hm_slice serial = hm_decode_serial(inverter->serial,
	    serial_text);
	const char *model = hm_model_part((uint32_t)inverter->hardware_part);
	struct hm_reading r;

	hm_decode_start_info(d, &r, serial, "inverter",
	    model != NULL ? model : hm_model_inverter(serial));
	hm_decode_label(&r, serial);
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
		struct hm_slice serial = hm_decode_serial(
		    info->meter[i]->serial, text);

		hm_decode_start_info(d, &r, serial, "meter",
		    hm_model_meter(serial, 0));
		hm_decode_end(d, &r, frame);
	}
	for (size_t i = 0; i < info->n_repeater; i++) {
		hm_decode_start_info(d, &r,
		    hm_decode_serial(info->repeater[i]->serial, text),
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

void
hm_decode_network(struct hm_decoder *d, const struct hm_raw_frame *frame,
    struct hm_slice serial, int32_t mode, int32_t strength)
{
	struct hm_reading r;

	hm_decode_start_info(d, &r, serial, "dtu", hm_model_dtu(serial));
	hm_decode_text(&r, "network", network_mode(mode));
	network_signal(&r, strength);
	hm_decode_end(d, &r, frame);
}

static void
decode_network(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	Hm__Network *network = hm_decode_unpack(d, frame, parsed,
	    &hm__network__descriptor);
	char word[HM_SERIAL_WORD];

	if (network != NULL)
		hm_decode_network(d, frame, hm_serial_word(
		    network->dtu_serial, word), network->mode,
		    network->signal);
}

/*
 * Newer firmware keeps an old limit in the configuration: its features have the
 * limit. Without one the field is 0.
 */
static void
config_limit(struct hm_decoder *d, struct hm_reading *r, int32_t permille)
{
	if (d->limit_known || permille <= 0 || permille > PERMILLE)
		hm_log(HM_DEBUG, "a power limit of %d permille in the "
		    "configuration is left out", permille);
	else
		hm_reading_number(r, HM_F_POWER_LIMIT_ALL, permille);
}

static void
decode_config(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	Hm__Config *config = hm_decode_unpack(d, frame, parsed,
	    &hm__config__descriptor);
	char word[HM_SERIAL_WORD];
	struct hm_slice serial;
	struct hm_reading r;

	if (config == NULL)
		return;
	serial = hm_serial_word(config->dtu_serial, word);
	hm_decode_start_info(d, &r, serial, "dtu", hm_model_dtu(serial));
	config_limit(d, &r, config->power_limit);
	if (config->upload_period > 0 && config->upload_period <= DAY_MINUTES)
		hm_json_int(&r.json, "upload_period",
		    (int64_t)config->upload_period * 60);
	hm_decode_end(d, &r, frame);
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
	hm_decode_start(d, &r, "history", hm_decode_serial(history->serial,
	    text));
	hm_json_int(&r.json, "package", package_of(d, history));
	moment(&r, "start", history->absolute_start);
	hm_json_int(&r.json, "step", history->step);
	/* The energy of the day may be 0, that since installation is not. */
	if (history->today != 0 || history->total != 0)
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

/* A day without a time is no day, and all bits set are no energy. */
static void
decode_energies(struct hm_decoder *d, const struct hm_raw_frame *frame,
    const struct hm_frame *parsed)
{
	const Hm__Energies *energies = hm_decode_unpack(d, frame, parsed,
	    &hm__energies__descriptor);
	char text[HM_SERIAL_TEXT];
	struct hm_reading r;

	if (energies == NULL)
		return;
	hm_decode_start(d, &r, "energies", hm_decode_serial(energies->serial,
	    text));
	hm_json_array(&r.json, "days");
	for (size_t i = 0; i < energies->n_days; i++) {
		if (!hm_device_time_known(energies->days[i]->time) ||
		    energies->days[i]->energy == UINT32_MAX) {
			hm_log(HM_DEBUG, "energy %u of a day at %u is left "
			    "out: one of them is none",
			    energies->days[i]->energy,
			    energies->days[i]->time);
			continue;
		}
		hm_json_object(&r.json, NULL);
		moment(&r, "time", energies->days[i]->time);
		hm_json_int(&r.json, "energy", energies->days[i]->energy);
		hm_json_object_end(&r.json);
	}
	hm_json_array_end(&r.json);
	hm_decode_end(d, &r, frame);
}

/* Commands whose frames give no record. */
static bool
is_silent(const struct hm_raw_frame *frame, uint16_t command)
{
	static const uint16_t silent[] = {0xa202, 0xa205, 0x2201, 0x2202,
	    0x220c, 0x220d};

	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
		if (silent[i] == command) {
			hm_log(HM_DEBUG, "frame %zu is left out: command "
			    "%04x has no readings of this poll",
			    frame->number, command);
			return true;
		}
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
	case HM_FROM_DTU | HM_CMD_CONFIG:
		decode_config(d, frame, parsed);
		return true;
	case HM_FROM_DTU | HM_CMD_ALARMS:
	case HM_TO_CLOUD | HM_CMD_WARNINGS:
		hm_decode_alarms(d, frame, parsed);
		return true;
	case HM_FROM_DTU | HM_CMD_HISTORY:
		decode_history(d, frame, parsed);
		return true;
	case HM_FROM_DTU | HM_CMD_ENERGIES:
		decode_energies(d, frame, parsed);
		return true;
	default:
		return is_silent(frame, parsed->command);
	}
}
