#include "api_private.h"
#include "base/json_writer.h"
#include "live/live_history.h"
#include "shared_bytes.h"

static const char *
reason_of(const struct hm_api_query *q)
{
	if (q->status == HM_API_FORBIDDEN)
		return "{\"error\":\"hm-metrics does not answer to the name "
		    "in this address; add the name to health_allowed_hosts "
		    "(HEALTH_ALLOWED_HOSTS)\"}\n";
	if (q->status == HM_API_NOT_FOUND)
		return "{\"error\":\"not found\"}\n";
	if (q->status == HM_API_BAD_REQUEST)
		return q->bad_host ? "{\"error\":\"the request needs one "
		    "header Host with a name or an address\"}\n" :
		    "{\"error\":\"limit must be a number from 1 to 1000\"}"
		    "\n";
	return "{\"error\":\"it failed; see the log\"}\n";
}

/*
 * The error, which may hold any bytes of the request, and for programs what is
 * lacking; NULL: nothing.
 */
static struct hm_shared_bytes *
error_as_json(const char *error, const char *lack)
{
	char text[6 * HM_LIVE_HISTORY_WHY + 64];
	struct hm_json e;
	struct hm_slice json;

	hm_json_start(&e, text, sizeof text - 1);
	hm_json_object(&e, NULL);
	hm_json_text(&e, "error", error);
	if (lack != NULL)
		hm_json_text(&e, "reason", lack);
	hm_json_object_end(&e);
	if (!hm_json_done(&e, &json))
		return NULL;
	text[json.n] = '\n';
	return hm_shared_bytes_new(hm_slice(text, json.n + 1));
}

struct hm_shared_bytes *
hm_api_refusal(const struct hm_api_query *q)
{
	const struct hm_live_history *history = &q->api->history;

	if (q->status == HM_API_UNAVAILABLE && history->lack != NULL)
		return error_as_json(history->why, history->lack);
	if (q->status == HM_API_BAD_REQUEST && !q->bad_host &&
	    q->reason[0] != '\0')
		return error_as_json(q->reason, NULL);
	return hm_shared_bytes_new(hm_text(reason_of(q)));
}
