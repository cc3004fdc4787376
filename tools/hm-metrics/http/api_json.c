#include <stdlib.h>

#include "api_private.h"
#include "base/buffer.h"
#include "base/json_writer.h"
#include "live/live.h"
#include "live/live_history.h"
#include "live/live_shared.h"
#include "live/live_view.h"
#include "out/health.h"
#include "out/live_json.h"
#include "out/plant_json.h"
#include "out/system_json.h"

typedef bool emitter(struct hm_api_query *q, struct hm_json *e);

/* Emit into a buffer, and again into a larger one until it fits. */
static bool
put_json(struct hm_api_query *q, emitter *emit)
{
	struct hm_api *a = q->api;

	for (size_t cap = a->json_size; cap <= HM_API_ANSWER_MAX; cap *= 2) {
		char *buf = malloc(cap);
		struct hm_slice json;
		struct hm_json e;
		bool whole;

		if (buf == NULL)
			return false;
		hm_json_start(&e, buf, cap);
		if (!emit(q, &e)) {
			free(buf);
			return false;
		}
		whole = hm_json_done(&e, &json) && hm_buffer_append(&a->out,
		    (const uint8_t *)json.p, json.n, HM_API_ANSWER_MAX);
		free(buf);
		if (whole) {
			a->json_size = cap;
			return true;
		}
	}
	return false;
}

static bool
emit_health(struct hm_api_query *q, struct hm_json *e)
{
	hm_health_json(e, &q->api->view);
	q->status = hm_view_healthy(&q->api->view) ? HM_API_OK :
	    HM_API_UNAVAILABLE;
	return true;
}

static bool
emit_plant(struct hm_api_query *q, struct hm_json *e)
{
	hm_plant_json(e, &q->api->view);
	return true;
}

static bool
emit_system(struct hm_api_query *q, struct hm_json *e)
{
	struct hm_api *a = q->api;

	hm_system_json(e, &a->view, &a->history, a->options.config);
	return true;
}

static bool
emit_inverters(struct hm_api_query *q, struct hm_json *e)
{
	hm_live_json_inverters(e, &q->api->view);
	return true;
}

static bool
emit_inverter(struct hm_api_query *q, struct hm_json *e)
{
	if (hm_live_json_inverter(e, &q->api->view, q->url.serial))
		return true;
	q->status = HM_API_NOT_FOUND;
	return false;
}

static bool
emit_ports(struct hm_api_query *q, struct hm_json *e)
{
	if (hm_live_json_ports(e, &q->api->view,
	    q->url.serial[0] != '\0' ? q->url.serial : NULL))
		return true;
	q->status = HM_API_NOT_FOUND;
	return false;
}

static bool
emit_production(struct hm_api_query *q, struct hm_json *e)
{
	hm_live_json_production(e, &q->api->view);
	return true;
}

static bool
emit_history(struct hm_api_query *q, struct hm_json *e)
{
	if (hm_live_history_inverter(&q->api->history, q->url.serial,
	    q->limit, e))
		return true;
	q->status = HM_API_UNAVAILABLE;
	return false;
}

/* Clients of the old bridge expect these keys also without a database. */
static void
emit_no_database(struct hm_json *e)
{
	static const char *const keys[] = {"database_size_bytes",
	    "production_cache_entries", "config_cache_entries",
	    "metrics_entries"};

	hm_json_null(e, "database_path");
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		hm_json_null(e, keys[i]);
}

static void
emit_tools(struct hm_json *e, const struct hm_live *live)
{
	hm_json_object(e, "tools");
	for (size_t i = 0; i < live->tools; i++) {
		const struct hm_live_tool *tool = &live->tool[i];

		if (tool->count == 0)
			continue;
		hm_json_object(e, tool->name);
		for (size_t k = 0; k < tool->count; k++)
			hm_json_int(e, tool->counter[k].name,
			    tool->counter[k].value);
		hm_json_object_end(e);
	}
	hm_json_object_end(e);
}

static bool
emit_stats(struct hm_api_query *q, struct hm_json *e)
{
	struct hm_api *a = q->api;

	hm_json_object(e, NULL);
	if (!hm_live_history_ready(&a->history))
		emit_no_database(e);
	else if (!hm_live_history_stats(&a->history, e))
		return false;
	hm_json_int(e, "dtu_count", (int64_t)a->live.dtus);
	hm_json_int(e, "device_count", (int64_t)a->live.devices);
	hm_json_int(e, "lines_read",
	    (int64_t)hm_live_shared_lines(a->options.shared));
	hm_json_int(e, "http_requests", (int64_t)q->request->counts.requests);
	emit_tools(e, &a->live);
	hm_json_object_end(e);
	return true;
}

bool
hm_api_json(struct hm_api_query *q, enum hm_url_kind kind)
{
	static emitter *const emitters[HM_URLS] = {
	    [HM_URL_HEALTH] = emit_health,
	    [HM_URL_STATS] = emit_stats,
	    [HM_URL_PLANT] = emit_plant,
	    [HM_URL_SYSTEM] = emit_system,
	    [HM_URL_INVERTERS] = emit_inverters,
	    [HM_URL_INVERTER] = emit_inverter,
	    [HM_URL_HISTORY] = emit_history,
	    [HM_URL_INVERTER_PORTS] = emit_ports,
	    [HM_URL_PORTS] = emit_ports,
	    [HM_URL_PRODUCTION] = emit_production,
	};

	return put_json(q, emitters[kind]);
}
