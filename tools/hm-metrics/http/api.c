#include "api.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "live/live.h"
#include "live/live_view.h"
#include "out/health.h"
#include "out/live_json.h"
#include "page.h"
#include "shared_bytes.h"
#include "url.h"

#define OK 200
#define BAD_REQUEST 400
#define NOT_FOUND 404
#define FAILED 500
#define UNAVAILABLE 503

#define KEEP_MS 100   /* an answer is as good as new for so long */
#define KEEP_COSTS 10 /* and for so many times as long as it took to make */
#define CHANGE_MS 1000 /* readings grow stale without any record */
#define EVENT_MS 30000 /* an event shows that the connection is alive */
#define JSON_MIN ((size_t)16 * 1024)
#define JSON_MAX ((size_t)64 * 1024 * 1024)
#define KEEP_BYTES ((size_t)1024 * 1024)

#define TYPE_JSON "application/json; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_EVENTS "text/event-stream; charset=utf-8"
#define TYPE_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_OPENMETRICS \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

/* An answer that is kept. */
struct kept {
	struct hm_shared_bytes *body;
	unsigned status;
	uint64_t number; /* of the plant that it shows */
	int64_t made, cost;
};

enum { KEPT_OPENMETRICS = HM_ROUTES, KEPT_EVENT, KEPT };

struct hm_api {
	struct hm_api_options options;
	struct hm_live live; /* a copy */
	struct hm_view view;   /* of it */
	int64_t copied;
	struct kept kept[KEPT];
	struct hm_buffer out; /* the answer in the making */
	size_t json_size;    /* that was enough last time */
	struct hm_live_history history;
	char policy[HM_PAGE_POLICY];
};

/* One question and what becomes of it. */
struct question {
	struct hm_api *answers;
	const struct hm_http_request *request;
	struct hm_url route;
	int limit;
	bool openmetrics;
	unsigned status;
};

struct hm_api *
hm_api_new(const struct hm_api_options *options)
{
	struct hm_api *a = calloc(1, sizeof *a);

	if (a == NULL) {
		hm_log_errno(HM_ERROR, "no memory for answers");
		return NULL;
	}
	if (!hm_page_policy(a->policy)) {
		hm_log(HM_ERROR, "no memory for the page");
		free(a);
		return NULL;
	}
	a->options = *options;
	a->history.path = options->database;
	a->json_size = JSON_MIN;
	return a;
}

void
hm_api_free(struct hm_api *answers)
{
	if (answers == NULL)
		return;
	for (size_t i = 0; i < KEPT; i++)
		hm_shared_bytes_release(answers->kept[i].body);
	hm_live_free(&answers->live);
	hm_buffer_free(&answers->out);
	hm_live_history_close(&answers->history);
	free(answers);
}

/* Look at the plant again, but not more often than anybody would see. */
static bool
look(struct hm_api *a)
{
	const struct hm_moment now = hm_moment_now();

	if (a->live.dtu == NULL || now.steady - a->copied >= KEEP_MS) {
		if (!hm_live_shared_copy(a->options.shared, &a->live))
			return false;
		a->copied = now.steady;
	}
	hm_view_init(&a->view, &a->live, &now);
	return true;
}

/* The answer in the making, which is then empty. */
static struct hm_shared_bytes *
take_out(struct hm_api *a)
{
	struct hm_shared_bytes *body =
	    hm_shared_bytes_new(hm_slice((const char *)a->out.p, a->out.n));

	a->out.n = 0;
	hm_buffer_shrink(&a->out, KEEP_BYTES);
	return body;
}

/* JSON */

typedef bool emitter(struct question *q, struct hm_json *e);

/* Into a buffer that grows until it fits. */
static bool
put_json(struct question *q, emitter *emit)
{
	struct hm_api *a = q->answers;

	for (size_t cap = a->json_size; cap <= JSON_MAX; cap *= 2) {
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
		    (const uint8_t *)json.p, json.n, JSON_MAX);
		free(buf);
		if (whole) {
			a->json_size = cap;
			return true;
		}
	}
	return false;
}

static bool
emit_health(struct question *q, struct hm_json *e)
{
	hm_health_emit(e, &q->answers->view);
	q->status = hm_view_healthy(&q->answers->view) ? OK : UNAVAILABLE;
	return true;
}

static bool
emit_plant(struct question *q, struct hm_json *e)
{
	hm_live_json_page(e, &q->answers->view);
	return true;
}

static bool
emit_inverters(struct question *q, struct hm_json *e)
{
	hm_live_json_inverters(e, &q->answers->view);
	return true;
}

static bool
emit_inverter(struct question *q, struct hm_json *e)
{
	if (hm_live_json_inverter(e, &q->answers->view, q->route.serial))
		return true;
	q->status = NOT_FOUND;
	return false;
}

static bool
emit_ports(struct question *q, struct hm_json *e)
{
	if (hm_live_json_ports(e, &q->answers->view,
	    q->route.serial[0] != '\0' ? q->route.serial : NULL))
		return true;
	q->status = NOT_FOUND;
	return false;
}

static bool
emit_production(struct question *q, struct hm_json *e)
{
	hm_live_json_production(e, &q->answers->view);
	return true;
}

static bool
emit_history(struct question *q, struct hm_json *e)
{
	if (hm_live_history_inverter(&q->answers->history, q->route.serial,
	    q->limit, e))
		return true;
	q->status = UNAVAILABLE;
	return false;
}

/* Without a database the bridge's keys are there all the same. */
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

		hm_json_object(e, tool->name);
		for (size_t k = 0; k < tool->count; k++)
			hm_json_int(e, tool->counter[k].name,
			    tool->counter[k].value);
		hm_json_object_end(e);
	}
	hm_json_object_end(e);
}

static bool
emit_stats(struct question *q, struct hm_json *e)
{
	struct hm_api *a = q->answers;

	hm_json_object(e, NULL);
	if (!hm_live_history_ready(&a->history))
		emit_no_database(e);
	else if (!hm_live_history_stats(&a->history, e))
		return false;
	hm_json_int(e, "dtu_count", (int64_t)a->live.dtus);
	hm_json_int(e, "device_count", (int64_t)a->live.devices);
	hm_json_int(e, "lines_read", (int64_t)a->options.shared->lines);
	hm_json_int(e, "http_requests", (int64_t)q->request->counts.requests);
	emit_tools(e, &a->live);
	hm_json_object_end(e);
	return true;
}

/* Text */

static bool
put_probe(struct question *q)
{
	struct hm_api *a = q->answers;
	struct hm_check check[HM_CHECKS_MAX];
	char text[1024];
	size_t count, n;
	bool good;

	if (q->route.kind == HM_URL_LIVE)
		count = hm_health_live(&a->view, check);
	else
		count = hm_health_ready(&a->view, a->history.path == NULL ||
		    hm_live_history_ready(&a->history), check);
	n = hm_health_text(check, count, q->request->verbose, &good, text,
	    sizeof text);
	q->status = good ? OK : UNAVAILABLE;
	return hm_buffer_append(&a->out, (const uint8_t *)text, n, JSON_MAX);
}

static bool
put_metrics(struct question *q)
{
	struct hm_api *a = q->answers;
	const struct hm_http_counts *counts = &q->request->counts;
	const struct hm_own_figures own = {
	    .lines = a->options.shared->lines,
	    .requests = counts->requests,
	    .connections = counts->connections,
	    .evicted = counts->evicted,
	    .listeners = counts->listeners,
	};
	const struct hm_metrics_options options = {
	    .openmetrics = q->openmetrics,
	    .legacy = a->options.legacy,
	    .http = true,
	    .database = a->options.database,
	    .own = &own,
	};

	return hm_metrics_render(&a->out, &a->view, &options);
}

static bool
put_page(struct question *q)
{
	struct hm_api *a = q->answers;
	struct hm_shared_bytes *json;
	bool good;

	if (!put_json(q, emit_plant))
		return false;
	json = take_out(a);
	good = json != NULL && hm_page_render(&a->out, &a->view,
	    hm_slice(json->data, json->n));
	hm_shared_bytes_release(json);
	return good;
}

/* Answers that are kept */

static bool
is_good(const struct kept *kept, const struct hm_live *live, int64_t now)
{
	int64_t age = now - kept->made;

	return kept->body != NULL && (age < KEEP_MS ||
	    age < KEEP_COSTS * kept->cost ||
	    (kept->number == live->number && age < CHANGE_MS));
}

static struct kept *
kept_for(struct hm_api *a, const struct question *q)
{
	switch (q->route.kind) {
	case HM_URL_METRICS:
		return &a->kept[q->openmetrics ? KEPT_OPENMETRICS :
		    HM_URL_METRICS];
	case HM_URL_READY:
	case HM_URL_LIVE:
	case HM_URL_INVERTER:
	case HM_URL_INVERTER_PORTS:
	case HM_URL_HISTORY:
		return NULL;
	default:
		return &a->kept[q->route.kind];
	}
}

/* Into answers->out. False if q->status says what is wrong. */
static bool
make(struct question *q)
{
	static emitter *const emitters[HM_ROUTES] = {
	    [HM_URL_HEALTH] = emit_health,
	    [HM_URL_STATS] = emit_stats,
	    [HM_URL_PLANT] = emit_plant,
	    [HM_URL_INVERTERS] = emit_inverters,
	    [HM_URL_INVERTER] = emit_inverter,
	    [HM_URL_HISTORY] = emit_history,
	    [HM_URL_INVERTER_PORTS] = emit_ports,
	    [HM_URL_PORTS] = emit_ports,
	    [HM_URL_PRODUCTION] = emit_production,
	};
	struct hm_api *a = q->answers;

	q->status = OK;
	a->out.n = 0;
	if (q->route.kind == HM_URL_METRICS)
		return put_metrics(q);
	if (q->route.kind == HM_URL_PAGE)
		return put_page(q);
	if (q->route.kind == HM_URL_LIVE || q->route.kind == HM_URL_READY)
		return put_probe(q);
	return put_json(q, emitters[q->route.kind]) &&
	    hm_buffer_append(&a->out, (const uint8_t *)"\n", 1, JSON_MAX);
}

static const char *
reason_of(const struct question *q)
{
	if (q->status == NOT_FOUND)
		return "{\"error\":\"not found\"}\n";
	if (q->status == BAD_REQUEST)
		return "{\"error\":\"limit must be a number from 1 to 1000\"}"
		    "\n";
	if (q->status == UNAVAILABLE)
		return "{\"error\":\"there is no database with a history; "
		    "see database_path and hm-store\"}\n";
	return "{\"error\":\"it failed; see the log\"}\n";
}

static void
refuse(struct question *q, unsigned status, struct hm_http_answer *answer)
{
	q->status = status;
	answer->status = status;
	answer->events = false;
	answer->type = TYPE_JSON;
	answer->body = hm_shared_bytes_new(hm_text(reason_of(q)));
}

static void
answer_anew(struct question *q, struct kept *kept,
    struct hm_http_answer *answer)
{
	struct hm_api *a = q->answers;
	int64_t began = hm_monotonic_ms();

	if (!make(q)) {
		refuse(q, q->status != OK ? q->status : FAILED, answer);
		return;
	}
	answer->status = q->status;
	answer->body = take_out(a);
	if (kept == NULL || answer->body == NULL)
		return;
	hm_shared_bytes_release(kept->body);
	*kept = (struct kept){.body = hm_shared_bytes_hold(answer->body),
	    .status = q->status, .number = a->live.number, .made = began,
	    .cost = hm_monotonic_ms() - began};
}

/* Questions */

static const char *
type_of(const struct question *q)
{
	switch (q->route.kind) {
	case HM_URL_PAGE:
		return TYPE_HTML;
	case HM_URL_EVENTS:
		return TYPE_EVENTS;
	case HM_URL_METRICS:
		return q->openmetrics ? TYPE_OPENMETRICS : TYPE_PROMETHEUS;
	case HM_URL_READY:
	case HM_URL_LIVE:
		return TYPE_TEXT;
	default:
		return TYPE_JSON;
	}
}

static bool
is_served(const struct hm_api *a, enum hm_url_kind kind)
{
	return kind == HM_URL_METRICS ? a->options.metrics :
	    a->options.health;
}

static void
answer_question(struct question *q, struct hm_http_answer *answer)
{
	struct hm_api *a = q->answers;
	struct kept *kept = kept_for(a, q);

	if (q->route.kind == HM_URL_PAGE)
		answer->policy = a->policy;
	if (!look(a)) {
		refuse(q, FAILED, answer);
	} else if (kept != NULL && is_good(kept, &a->live,
	    a->view.now.steady)) {
		answer->status = kept->status;
		answer->body = hm_shared_bytes_hold(kept->body);
	} else {
		answer_anew(q, kept, answer);
	}
}

void
hm_api_answer(void *context, const struct hm_http_request *request,
    struct hm_http_answer *answer)
{
	struct hm_url route;
	int limit;
	bool found = hm_url_parse(request->path, &route);
	bool good = hm_url_limit(request->limit, &limit);
	struct question q = {.answers = context, .request = request,
	    .route = route, .limit = limit,
	    .openmetrics = request->accept != NULL && strstr(request->accept,
	        "application/openmetrics-text") != NULL};

	answer->status = OK;
	answer->type = type_of(&q);
	answer->events = found && route.kind == HM_URL_EVENTS &&
	    is_served(context, route.kind);
	if (!found || !is_served(context, route.kind))
		refuse(&q, NOT_FOUND, answer);
	else if (!good)
		refuse(&q, BAD_REQUEST, answer);
	else if (!answer->events)
		answer_question(&q, answer);
}

/* Events */

struct hm_shared_bytes *
hm_api_event(void *context)
{
	static const char before[] = "data: ", after[] = "\n\n";
	struct hm_api *a = context;
	struct kept *last = &a->kept[KEPT_EVENT];
	struct question q = {.answers = a};

	if (!look(a) || (last->made != 0 && a->view.now.steady - last->made <
	    (last->number == a->live.number ? EVENT_MS :
	    KEEP_COSTS * last->cost)))
		return NULL;
	a->out.n = 0;
	last->made = a->view.now.steady;
	last->number = a->live.number;
	if (!hm_buffer_append(&a->out, (const uint8_t *)before,
	    strlen(before), JSON_MAX) || !put_json(&q, emit_plant) ||
	    !hm_buffer_append(&a->out, (const uint8_t *)after, strlen(after),
	    JSON_MAX))
		return NULL;
	last->cost = hm_monotonic_ms() - last->made;
	return take_out(a);
}
