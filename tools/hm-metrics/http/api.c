#include "api.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_private.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/zone.h"
#include "host_rule.h"
#include "live/live.h"
#include "live/live_history.h"
#include "live/live_shared.h"
#include "live/live_view.h"
#include "out/health.h"
#include "out/history_query.h"
#include "out/metrics.h"
#include "page.h"
#include "page_language.h"
#include "page_text.h"
#include "shared_bytes.h"
#include "url.h"

/*
 * Cache an answer for 100 ms, or for 10 times its build time, or for 1 s while
 * no record comes; not longer, because readings become stale.
 */
#define CACHE_MS 100
#define CACHE_TIMES 10
#define CACHE_UNCHANGED_MS 1000

#define EVENT_MS 30000 /* between events; shows that the connection lives */
#define KEEP_BYTES ((size_t)1024 * 1024)

#define TYPE_JSON "application/json; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_CSV "text/csv; charset=utf-8; header=present"
#define TYPE_EVENTS "text/event-stream; charset=utf-8"
#define TYPE_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_OPENMETRICS \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

struct hm_api *
hm_api_new(const struct hm_api_options *options)
{
	struct hm_api *a = calloc(1, sizeof *a);

	if (a == NULL) {
		hm_log_errno(HM_ERROR, "no memory for answers");
		return NULL;
	}
	a->pages = calloc(hm_page_languages, sizeof *a->pages);
	if (a->pages == NULL) {
		hm_log_errno(HM_ERROR, "no memory for the page");
		free(a);
		return NULL;
	}
	a->options = *options;
	a->history.path = options->database;
	a->json_size = HM_API_JSON_MIN;
	return a;
}

void
hm_api_free(struct hm_api *api)
{
	if (api == NULL)
		return;
	for (size_t i = 0; i < HM_API_CACHED; i++)
		hm_api_cached_free(&api->cache[i]);
	for (size_t i = 0; i < hm_page_languages; i++)
		hm_api_cached_free(&api->pages[i]);
	free(api->pages);
	hm_api_past_free(api);
	hm_live_free(&api->live);
	hm_buffer_free(&api->out);
	hm_live_history_close(&api->history);
	free(api);
}

/* Copy the live state, unless the copy is younger than `age` ms. */
static bool
update_view(struct hm_api *a, int64_t age)
{
	const struct hm_moment now = hm_moment_now();

	if (a->live.dtu == NULL || now.steady - a->copied >= age) {
		if (!hm_live_shared_copy(a->options.shared, &a->live))
			return false;
		a->copied = now.steady;
	}
	hm_view_init(&a->view, &a->live, &now);
	a->view.names = a->options.names;
	a->view.facts = a->options.facts;
	return true;
}

/* Take the answer from api->out. NULL if there is no memory. */
static struct hm_shared_bytes *
take_answer(struct hm_api *a)
{
	struct hm_shared_bytes *bytes =
	    hm_shared_bytes_new(hm_slice((const char *)a->out.p, a->out.n));

	a->out.n = 0;
	hm_buffer_shrink(&a->out, KEEP_BYTES);
	return bytes;
}

static bool
append(struct hm_api *a, struct hm_slice text)
{
	return hm_buffer_append(&a->out, (const uint8_t *)text.p, text.n,
	    HM_API_ANSWER_MAX);
}

/* Text */

static bool
put_probe(struct hm_api_query *q)
{
	struct hm_api *a = q->api;
	struct hm_health_check check[HM_HEALTH_CHECKS_MAX];
	char text[1024];
	size_t count, n;
	bool good;

	if (q->url.kind == HM_URL_LIVE)
		count = hm_health_live(&a->view, check);
	else
		count = hm_health_ready(&a->view, a->history.path == NULL ||
		    hm_live_history_open(&a->history), check);
	n = hm_health_text(check, count, q->request->verbose, &good, text,
	    sizeof text);
	q->status = good ? HM_API_OK : HM_API_UNAVAILABLE;
	return append(a, hm_slice(text, n));
}

static bool
put_metrics(struct hm_api_query *q)
{
	struct hm_api *a = q->api;
	const struct hm_http_counts *counts = &q->request->counts;
	const struct hm_metrics_own own = {
	    .lines = hm_live_shared_lines(a->options.shared),
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
put_page(struct hm_api_query *q)
{
	struct hm_api *a = q->api;
	struct hm_shared_bytes *json;
	bool good;

	if (!hm_api_json(q, HM_URL_PLANT))
		return false;
	json = take_answer(a);
	good = json != NULL && hm_page_render(&a->out,
	    &hm_page_texts[q->page], &a->view,
	    hm_slice(json->data, json->n));
	hm_shared_bytes_release(json);
	return good;
}

/* The cache */

static bool
is_current(const struct hm_api_cached *cached, const struct hm_live *live,
    int64_t now)
{
	int64_t age = now - cached->built;

	return cached->bytes != NULL && (age < CACHE_MS ||
	    age < CACHE_TIMES * cached->took ||
	    (cached->number == live->number && age < CACHE_UNCHANGED_MS));
}

static struct hm_api_cached *
cache_for(struct hm_api *a, const struct hm_api_query *q)
{
	switch (q->url.kind) {
	case HM_URL_METRICS:
		return &a->cache[q->openmetrics ? HM_API_OPENMETRICS :
		    HM_URL_METRICS];
	case HM_URL_PAGE:
		return &a->pages[q->page];
	case HM_URL_READY:
	case HM_URL_LIVE:
	case HM_URL_INVERTER:
	case HM_URL_INVERTER_PORTS:
	case HM_URL_HISTORY:
	case HM_URL_PAST:
		return NULL;
	default:
		return &a->cache[q->url.kind];
	}
}

/* Build the answer in api->out. False, with q->status, if that fails. */
static bool
build(struct hm_api_query *q)
{
	struct hm_api *a = q->api;

	q->status = HM_API_OK;
	a->out.n = 0;
	if (q->url.kind == HM_URL_METRICS)
		return put_metrics(q);
	if (q->url.kind == HM_URL_PAGE)
		return put_page(q);
	if (q->url.kind == HM_URL_PAST)
		return hm_api_past_build(q);
	if (q->url.kind == HM_URL_LIVE || q->url.kind == HM_URL_READY)
		return put_probe(q);
	return hm_api_json(q, q->url.kind) && append(a, hm_text("\n"));
}

static void
refuse(struct hm_api_query *q, unsigned status,
    struct hm_http_answer *answer)
{
	q->status = status;
	answer->status = status;
	answer->events = false;
	answer->type = TYPE_JSON;
	answer->bytes = hm_api_refusal(q);
}

static void
answer_new(struct hm_api_query *q, struct hm_api_cached *cached,
    struct hm_http_answer *answer)
{
	struct hm_api *a = q->api;
	int64_t began = hm_monotonic_ms();

	if (!build(q)) {
		refuse(q, q->status != HM_API_OK ? q->status :
		    HM_API_FAILED, answer);
		if (answer->bytes != NULL && q->url.kind == HM_URL_PAST)
			hm_api_past_keep(q, answer->bytes, began);
		return;
	}
	answer->status = q->status;
	answer->bytes = take_answer(a);
	if (answer->bytes != NULL && q->url.kind == HM_URL_PAST)
		hm_api_past_keep(q, answer->bytes, began);
	if (cached != NULL && answer->bytes != NULL)
		hm_api_cached_set(cached, q, answer->bytes, began);
}

/* Requests */

static const char *
type_of(const struct hm_api_query *q)
{
	switch (q->url.kind) {
	case HM_URL_PAGE:
		return TYPE_HTML;
	case HM_URL_EVENTS:
		return TYPE_EVENTS;
	case HM_URL_METRICS:
		return q->openmetrics ? TYPE_OPENMETRICS : TYPE_PROMETHEUS;
	case HM_URL_PAST:
		return q->past.csv ? TYPE_CSV : TYPE_JSON;
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
answer_query(struct hm_api_query *q, struct hm_http_answer *answer)
{
	struct hm_api *a = q->api;
	struct hm_api_cached *cached = cache_for(a, q);

	if (q->url.kind == HM_URL_PAGE) {
		answer->policy = hm_page_texts[q->page].policy;
		answer->language = hm_page_texts[q->page].language;
	}
	if (q->url.kind == HM_URL_PAST) {
		answer->bytes = hm_api_past_find(q);
		if (answer->bytes == NULL)
			answer_new(q, NULL, answer);
		else
			answer->status = q->status;
		if (answer->status != HM_API_OK)
			answer->type = TYPE_JSON;
	} else if (!update_view(a, CACHE_MS)) {
		refuse(q, HM_API_FAILED, answer);
	} else if (cached != NULL && is_current(cached, &a->live,
	    a->view.now.steady)) {
		answer->status = cached->status;
		answer->bytes = hm_shared_bytes_hold(cached->bytes);
		q->kept = cached;
	} else {
		answer_new(q, cached, answer);
	}
}

/* Once, because anybody can make such requests. */
static void
log_refused_host(struct hm_api *a, const char *host)
{
	if (a->host_logged)
		return;
	a->host_logged = true;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("found", host)), "a request "
	    "for \"%.200s\" was refused: if that is this machine, add the "
	    "name to health_allowed_hosts; no more are logged", host);
}

/* Probes and metrics answer to any name: see hm_host_rule. */
static bool
is_for_any_host(enum hm_url_kind kind)
{
	return kind == HM_URL_LIVE || kind == HM_URL_READY ||
	    kind == HM_URL_METRICS;
}

/* HM_API_OK, or the status of the refusal. */
static unsigned
check_host(struct hm_api_query *q)
{
	struct hm_api *a = q->api;
	char own[HOST_NAME_MAX + 1] = "";

	/* Asked for each time: a machine may get its name after the start. */
	if (gethostname(own, sizeof own - 1) < 0)
		own[0] = '\0';
	switch (hm_host_rule(q->request, own, a->options.hosts)) {
	case HM_HOST_ANSWERED:
		return HM_API_OK;
	case HM_HOST_REFUSED:
		log_refused_host(a, q->request->host);
		return HM_API_FORBIDDEN;
	case HM_HOST_INVALID:
		break;
	}
	q->bad_host = true;
	return HM_API_BAD_REQUEST;
}

/* HM_API_OK, or the status with which the request is refused. */
static unsigned
check_query(struct hm_api_query *q, bool found, bool good)
{
	unsigned status = found && is_for_any_host(q->url.kind) ? HM_API_OK :
	    check_host(q);

	if (status != HM_API_OK)
		return status;
	if (!found || !is_served(q->api, q->url.kind))
		return HM_API_NOT_FOUND;
	return good ? HM_API_OK : HM_API_BAD_REQUEST;
}

static bool
read_arguments(struct hm_api_query *q)
{
	const struct hm_http_request *r = q->request;
	int64_t today;

	if (q->url.kind != HM_URL_PAST)
		return hm_url_limit(r->limit, &q->limit);
	today = hm_zone_local(hm_moment_now().wall / 1000).day;
	return hm_history_query_read(&q->past, q->url.past, r->argument,
	    r->arguments, today, q->reason);
}

void
hm_api_answer(void *context, const struct hm_http_request *request,
    struct hm_http_answer *answer)
{
	struct hm_api_query q = {.api = context, .request = request,
	    .openmetrics = request->accept != NULL && strstr(request->accept,
	        "application/openmetrics-text") != NULL,
	    .page = hm_page_choose(request->languages)};
	bool found = hm_url_parse(request->path, &q.url);
	unsigned status = check_query(&q, found, read_arguments(&q));

	answer->status = HM_API_OK;
	answer->type = type_of(&q);
	answer->events = status == HM_API_OK && q.url.kind == HM_URL_EVENTS;
	if (status != HM_API_OK)
		refuse(&q, status, answer);
	else if (!answer->events)
		answer_query(&q, answer);
	hm_api_compress(&q, answer);
}

/* Events */

/* With new records an event is due soon, without them every EVENT_MS. */
static bool
is_event_due(const struct hm_api *a)
{
	const struct hm_api_cached *last = &a->cache[HM_API_EVENT];
	int64_t pause = last->number == a->live.number ? EVENT_MS :
	    CACHE_TIMES * last->took;

	return last->built == 0 || a->view.now.steady - last->built >= pause;
}

struct hm_shared_bytes *
hm_api_event(void *context)
{
	struct hm_api *a = context;
	struct hm_api_cached *last = &a->cache[HM_API_EVENT];
	struct hm_api_query q = {.api = a};

	if (!update_view(a, HM_HTTP_SETTLE_MS) || !is_event_due(a))
		return NULL;
	a->out.n = 0;
	last->built = a->view.now.steady;
	last->number = a->live.number;
	if (!append(a, hm_text("data: ")) || !hm_api_json(&q, HM_URL_PLANT) ||
	    !append(a, hm_text("\n\n")))
		return NULL;
	last->took = hm_monotonic_ms() - last->built;
	return take_answer(a);
}
