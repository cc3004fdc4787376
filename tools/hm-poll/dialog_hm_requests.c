#include "dialog_private.h"

#include <string.h>

#include "alarms.pb-c.h"
#include "command.pb-c.h"
#include "config.pb-c.h"
#include "energies.pb-c.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "network.pb-c.h"
#include "real.pb-c.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"

#define ACTION_ALARM_LIST 50

static size_t
pack_info(const struct hm_dialog *d, ProtobufCBinaryData when, uint8_t *out)
{
	Hm__InfoRequest m = HM__INFO_REQUEST__INIT;

	m.local_time = when;
	m.offset = HM_APP_OFFSET;
	m.package = d->hm.package;
	m.time = (uint32_t)d->now;
	return hm__info_request__pack(&m, out);
}

static size_t
pack_real(const struct hm_dialog *d, ProtobufCBinaryData when, uint8_t *out)
{
	Hm__RealRequest m = HM__REAL_REQUEST__INIT;

	m.local_time = when;
	m.package = d->hm.package;
	m.offset = HM_APP_OFFSET;
	m.time = (int32_t)d->now;
	return hm__real_request__pack(&m, out);
}

static size_t
pack_alarms(const struct hm_dialog *d, ProtobufCBinaryData when, uint8_t *out)
{
	Hm__AlarmsRequest m = HM__ALARMS_REQUEST__INIT;

	m.local_time = when;
	m.package = d->hm.package;
	m.offset = HM_APP_OFFSET;
	m.time = (int32_t)d->now;
	return hm__alarms_request__pack(&m, out);
}

static size_t
pack_command(const struct hm_dialog *d, uint8_t *out)
{
	Hm__CommandRequest m = HM__COMMAND_REQUEST__INIT;

	m.time = (int32_t)d->now;
	m.action = ACTION_ALARM_LIST;
	m.packages = 1;
	m.id = d->now;
	return hm__command_request__pack(&m, out);
}

static size_t
pack_network(const struct hm_dialog *d, uint8_t *out)
{
	Hm__NetworkRequest m = HM__NETWORK_REQUEST__INIT;

	m.offset = HM_APP_OFFSET;
	m.time = (uint32_t)d->now;
	return hm__network_request__pack(&m, out);
}

static size_t
pack_config(const struct hm_dialog *d, uint8_t *out)
{
	Hm__ConfigRequest m = HM__CONFIG_REQUEST__INIT;

	m.offset = HM_APP_OFFSET;
	m.time = (uint32_t)d->now;
	return hm__config_request__pack(&m, out);
}

static size_t
pack_history(const struct hm_dialog *d, uint8_t *out)
{
	Hm__HistoryRequest m = HM__HISTORY_REQUEST__INIT;

	m.package = d->hm.package;
	m.offset = HM_APP_OFFSET;
	m.time = (uint32_t)d->now;
	return hm__history_request__pack(&m, out);
}

static size_t
pack_energies(const struct hm_dialog *d, uint8_t *out)
{
	Hm__EnergiesRequest m = HM__ENERGIES_REQUEST__INIT;

	m.offset = HM_APP_OFFSET;
	m.time = (uint32_t)d->now;
	return hm__energies_request__pack(&m, out);
}

/* Each payload is shorter than 64 bytes, so HM_REQUEST_MAX is enough. */
static size_t
pack(const struct hm_dialog *d, uint8_t *out)
{
	char text[HM_LOCAL_TIME];
	size_t n = hm_dialog_local_time(d, text);
	ProtobufCBinaryData when = {n, (uint8_t *)text};

	switch (d->hm.command) {
	case HM_CMD_INFO:
		return pack_info(d, when, out);
	case HM_CMD_ALARMS:
		return pack_alarms(d, when, out);
	case HM_CMD_COMMAND:
		return pack_command(d, out);
	case HM_CMD_NETWORK:
		return pack_network(d, out);
	case HM_CMD_HISTORY:
		return pack_history(d, out);
	case HM_CMD_ENERGIES:
		return pack_energies(d, out);
	case HM_CMD_CONFIG:
		return pack_config(d, out);
	default:
		return pack_real(d, when, out);
	}
}

enum hm_turn
hm_dialog_hm_send(struct hm_dialog *d, uint16_t command, size_t size,
    bool encrypts)
{
	struct hm_dialog_hm *hm = &d->hm;
	uint8_t *payload = d->request + HM_FRAME_HEADER, tag[HM_FRAME_TAG];
	struct hm_frame frame = {.command = command, .payload = payload,
	    .size = size};

	hm->command = (uint8_t)command;
	/* The app's a3 xx is answered by a2 xx, the cloud's 23 xx by 22 xx. */
	hm->awaited = (uint16_t)(command - (HM_TO_DTU - HM_FROM_DTU));
	d->skipped = d->skipped_bytes = 0;
	hm->sequence++;
	frame.sequence = hm->sequence;
	if (encrypts) {
		if (!hm_crypt_seal(hm->random, frame.command, frame.sequence,
		    payload, frame.size, payload, tag))
			return hm_dialog_fail(d, HM_ERR_DECRYPT,
			    "the request is too long for a frame");
		frame.tag = tag;
	}
	d->request_size = hm_frame_write(&frame, d->request,
	    sizeof d->request);
	return HM_TURN_ASK;
}

enum hm_turn
hm_dialog_hm_ask(struct hm_dialog *d, uint8_t command, int32_t package)
{
	uint16_t whole = (uint16_t)(HM_TO_DTU | command);
	size_t size;

	d->hm.command = command;
	d->hm.package = package;
	size = pack(d, d->request + HM_FRAME_HEADER);
	return hm_dialog_hm_send(d, whole, size, d->hm.encrypts &&
	    hm_frame_is_encrypted(whole, size));
}
