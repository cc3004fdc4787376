#include "poll_record.h"

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "record/breaker_state.h"
#include "record/poll_errors.h"
#include "wire/dtu_uri.h"

static void
start(struct hm_json *e, const char *type, int64_t time,
    const struct hm_dtu *dtu)
{
	char text[HM_RFC3339_SIZE];

	hm_json_record(e, type, hm_rfc3339_format(time, text));
	hm_json_text(e, "dtu", dtu->name);
}

void
hm_json_status(struct hm_json *e, int64_t time, const struct hm_dtu *dtu,
    const struct hm_status *status)
{
	bool online = status->error == HM_ERR_NONE;
	char text[HM_RFC3339_SIZE];

	start(e, "status", time, dtu);
	hm_json_text(e, "state", online ? "online" : "offline");
	hm_json_text(e, "breaker", hm_breaker_state_name(status->breaker));
	hm_json_int(e, "failures", status->failures);
	if (!online) {
		hm_json_text(e, "error", hm_poll_error_name(status->error));
		hm_json_text(e, "text", status->text);
		if (status->hint != NULL)
			hm_json_text(e, "hint", status->hint);
		if (status->retry_at != 0)
			hm_json_string(e, "retry_at",
			    hm_rfc3339_format(status->retry_at, text));
	}
	hm_json_text(e, "host", dtu->host);
	hm_json_object_end(e);
}

static void
missing(struct hm_json *e, const struct hm_dialog *dialog)
{
	uint8_t number[HM_DIALOG_PARTS_MAX];
	size_t n = hm_dialog_missing(dialog, number);

	if (n == 0)
		return;
	hm_json_bool(e, "partial", true);
	hm_json_array(e, "missing");
	for (size_t i = 0; i < n; i++)
		hm_json_int(e, NULL, number[i]);
	hm_json_array_end(e);
}

/* Frames of gateways and DTUs differ by their commands. */
static const char *
transport_of(const struct hm_dtu *dtu)
{
	return hm_transport_name(dtu->transport == HM_TRANSPORT_ES ?
	    HM_TRANSPORT_HM : dtu->transport);
}

static void
blocks(struct hm_json *e, const struct hm_dialog *dialog)
{
	if (hm_dialog_replies(dialog) == 0 ||
	    hm_dialog_address(dialog, 0) < 0)
		return;
	hm_json_array(e, "blocks");
	for (size_t i = 0; i < hm_dialog_replies(dialog); i++)
		hm_json_int(e, NULL, hm_dialog_address(dialog, i));
	hm_json_array_end(e);
}

void
hm_json_frame(struct hm_json *e, int64_t time, const struct hm_dtu *dtu,
    const struct hm_dialog *dialog, int64_t took_ms)
{
	start(e, "frame", time, dtu);
	hm_json_text(e, "transport", transport_of(dtu));
	hm_json_int(e, "took_ms", took_ms);
	if (hm_dialog_stale(dialog))
		hm_json_bool(e, "stale", true);
	missing(e, dialog);
	blocks(e, dialog);
	hm_json_array(e, "frames");
	for (size_t i = 0; i < hm_dialog_replies(dialog); i++) {
		size_t size;
		const uint8_t *reply = hm_dialog_reply(dialog, i, &size);

		hm_json_hex(e, NULL, reply, size);
	}
	hm_json_array_end(e);
	hm_json_object_end(e);
}
