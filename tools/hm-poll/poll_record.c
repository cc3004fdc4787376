#include "poll_record.h"

#include "base/rfc3339.h"

static void
start(struct hm_emit *e, const char *type, int64_t time,
    const struct hm_dtu *dtu)
{
	char text[HM_TIME_TEXT];

	hm_emit_record(e, type, hm_time_format(time, text));
	hm_emit_text(e, "dtu", dtu->name);
}

void
hm_emit_status(struct hm_emit *e, int64_t time, const struct hm_dtu *dtu,
    const struct hm_status *status)
{
	bool online = status->error == HM_ERR_NONE;
	char text[HM_TIME_TEXT];

	start(e, "status", time, dtu);
	hm_emit_text(e, "state", online ? "online" : "offline");
	hm_emit_text(e, "breaker", hm_breaker_name(status->breaker));
	hm_emit_int(e, "failures", status->failures);
	if (!online) {
		hm_emit_text(e, "error", hm_error_name(status->error));
		hm_emit_text(e, "text", status->text);
		if (status->hint != NULL)
			hm_emit_text(e, "hint", status->hint);
		if (status->retry_at != 0)
			hm_emit_string(e, "retry_at",
			    hm_time_format(status->retry_at, text));
	}
	hm_emit_object_end(e);
}

void
hm_emit_frame(struct hm_emit *e, int64_t time, const struct hm_dtu *dtu,
    const struct hm_dialog *dialog, int64_t took_ms)
{
	start(e, "frame", time, dtu);
	hm_emit_text(e, "transport", hm_transport_name(dtu->transport));
	hm_emit_int(e, "took_ms", took_ms);
	if (hm_dialog_stale(dialog))
		hm_emit_bool(e, "stale", true);
	hm_emit_array(e, "frames");
	for (size_t i = 0; i < hm_dialog_replies(dialog); i++) {
		size_t size;
		const uint8_t *reply = hm_dialog_reply(dialog, i, &size);

		hm_emit_hex(e, NULL, reply, size);
	}
	hm_emit_array_end(e);
	hm_emit_object_end(e);
}
