/*
 * Any records, one a line: the plant is always written as valid JSON and valid
 * metrics.
 */

#include <stdlib.h>

#include "http/page.h"
#include "out/health.h"
#include "out/live_json.h"
#include "out/plant_json.h"
#include "out/metrics.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)
#define JSON ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hm_record record;

static void
take(struct hm_live *live, struct hm_slice line, struct hm_moment *now)
{
	struct hm_fault fault;
	struct hm_slice type;

	if (!hm_record_parse(&record, line, &fault) ||
	    !hm_record_string(&record, "type", &type))
		return;
	now->steady += 7000;
	now->wall += 7000;
	if (hm_live_takes(type))
		hm_live_record(live, type, &record, now);
	hm_live_sample(live, now);
}

/* NAME{LABELS} VALUE, with quotes that end, or a comment. */
static bool
is_sample(struct hm_slice line)
{
	size_t i = 0;
	struct hm_decimal value;
	bool quoted = false;

	if (line.n > 2 && memcmp(line.p, "# ", 2) == 0)
		return true;
	while (i < line.n && line.p[i] != '{' && line.p[i] != ' ')
		i++;
	if (i < line.n && line.p[i] == '{')
		for (; i < line.n && (quoted || line.p[i] != '}'); i++) {
			if (quoted && line.p[i] == '\\')
				i++;
			else if (line.p[i] == '"')
				quoted = !quoted;
		}
	if (i < line.n && line.p[i] == '}')
		i++;
	return i + 1 < line.n && line.p[i] == ' ' &&
	    hm_decimal_parse(hm_slice(line.p + i + 1, line.n - i - 1), &value);
}

static void
look_at_metrics(const struct hm_view *view, bool openmetrics)
{
	const struct hm_metrics_own own = {0};
	const struct hm_metrics_options options = {.openmetrics = openmetrics,
	    .legacy = true, .http = true, .own = &own};
	struct hm_buffer out = {0};
	const char *p, *end;

	FOUND(!hm_metrics_render(&out, view, &options));
	p = (const char *)out.p;
	end = p + out.n;
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		FOUND(lf == NULL);
		FOUND(!is_sample(hm_slice(p, (size_t)(lf - p))));
		p = lf + 1;
	}
	hm_buffer_free(&out);
}

static void
look_at_json(const struct hm_view *view)
{
	char *buf = malloc(JSON);
	struct hm_buffer page = {0};
	struct hm_json e;
	struct hm_slice json;

	FOUND(buf == NULL);
	hm_json_start(&e, buf, JSON);
	hm_plant_json(&e, view);
	FOUND(!hm_json_done(&e, &json));
	FOUND(!hm_page_render(&page, &hm_page_texts[0], view, json));
	hm_buffer_free(&page);
	hm_json_start(&e, buf, JSON);
	hm_live_json_inverters(&e, view);
	FOUND(!hm_json_done(&e, &json));
	hm_json_start(&e, buf, JSON);
	hm_health_json(&e, view);
	FOUND(!hm_json_done(&e, &json));
	free(buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hm_dtus dtus = {NULL, 0};
	const struct hm_live_options options = {.dtus = &dtus,
	    .query_period_ms = 60000, .offline_ms = 300000,
	    .ask_period_ms = 3600000, .stats_period_ms = 60000};
	struct hm_moment now = {1, 1782036000000};
	static struct hm_live live;
	struct hm_view view;
	const char *p = (const char *)data, *end = p + size;

	FOUND(!hm_live_init(&live, &options, &now));
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((lf != NULL ? lf : end) - p);

		take(&live, hm_slice(p, n), &now);
		p += n + (lf != NULL);
	}
	hm_view_init(&view, &live, &now);
	look_at_metrics(&view, false);
	look_at_metrics(&view, true);
	look_at_json(&view);
	hm_live_free(&live);
	return 0;
}
