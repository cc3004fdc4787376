/* hm-metrics: serve metrics, health and a page about the plant over HTTP. */

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "config/device_names.h"
#include "config/dtu_list.h"
#include "config/quiet_hours.h"
#include "config/settings.h"
#include "db/db.h"
#include "http/api.h"
#include "http/host_rule.h"
#include "http/http.h"
#include "live/live.h"
#include "live/live_history.h"
#include "live/live_shared.h"
#include "live/live_view.h"
#include "live/plant_facts.h"
#include "out/metrics.h"
#include "out/metrics_file.h"
#include "stream/stream.h"
#include "stream/tool.h"

#define SAMPLE_MS 10000 /* between two samples of the day's curve */

static bool
check_hosts(const struct hm_config *config)
{
	struct hm_slice wrong;

	return hm_host_rule_check(hm_config_text(config,
	    HM_SET_HEALTH_ALLOWED_HOSTS), &wrong) ||
	    hm_config_refuse_word(config, HM_SET_HEALTH_ALLOWED_HOSTS, wrong,
	    "are names and addresses, without http:// and without a port");
}

static int
check(const struct hm_config *config)
{
	bool good = hm_config_use_zone(config);
	struct hm_dtus dtus;
	int status;

	good = hm_quiet_hours_check(config) && good;
	good = check_hosts(config) && good;
	good = hm_device_names_check(config, HM_SET_NAMES, true) && good;
	good = hm_plant_facts_check(config) && good;
	status = hm_dtus_configured(&dtus, config);
	hm_dtus_free(&dtus);
	return status != 0 ? status : good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

struct work {
	const struct hm_config *config;
	struct hm_stream *stream;
	struct hm_dtus dtus;
	struct hm_device_names names;
	struct hm_plant_facts facts;
	struct hm_quiet_hours night;
	struct hm_live_shared shared;
	struct hm_api *answers;
	struct hm_http *http;         /* NULL: no HTTP */
	struct hm_metrics_file *textfile; /* NULL: no text file */
	struct hm_live copy;         /* for the text file */
	struct hm_live_history history; /* its path is NULL once it is read */
	int64_t next_sample;
	struct hm_http_counts counts;
	bool news;                   /* records of which HTTP does not know */
	uint64_t refused;
	struct hm_record record;
};

/* Records */

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	struct hm_slice type;

	hm_live_shared_count(&work->shared);
	if (hm_stream_pass(work->stream, line, hm_live_takes, &work->record,
	    &type)) {
		hm_live_shared_record(&work->shared, type, &work->record);
		work->news = true;
	}
}

/*
 * Before the start of hm-metrics the plant is as the database has it. It may be
 * created, or brought up to date, a little later.
 */
static void
read_history(struct work *work)
{
	struct hm_live_history *history = &work->history;
	int64_t now = hm_moment_now().wall / 1000;
	struct hm_day_curve curve = {.day = 0};

	if (history->path == NULL ||
	    !hm_live_history_curve(history, now, &curve) ||
	    !hm_live_history_energies(history, now, hm_live_shared_energy,
	    &work->shared))
		return;
	hm_live_shared_curve(&work->shared, &curve);
	hm_live_history_close(history);
	history->path = NULL;
}

/* The clock is the side of the stream, whose waits end bursts of records. */

static int
on_prepare(void *context, struct pollfd *fd)
{
	struct work *work = context;
	int64_t left = work->next_sample - hm_moment_now().steady;

	if (work->news && work->http != NULL)
		hm_http_news(work->http);
	work->news = false;
	fd->fd = -1;
	return left > 0 ? (int)left : 0;
}

static void
on_ready(void *context, short revents)
{
	struct work *work = context;
	int64_t now = hm_moment_now().steady;

	(void)revents;
	if (now < work->next_sample)
		return;
	work->next_sample = now + SAMPLE_MS;
	hm_live_shared_tick(&work->shared);
	read_history(work);
	work->refused = work->shared.live.refused;
	if (work->http != NULL)
		work->counts = hm_http_counts(work->http);
}

/* The text file */

static uint64_t
number_of_plant(void *context)
{
	struct work *work = context;

	(void)hm_live_shared_copy(&work->shared, &work->copy);
	return work->copy.number;
}

static bool
render(void *context, struct hm_buffer *out)
{
	struct work *work = context;
	const struct hm_metrics_own own = {
	    .lines = hm_live_shared_lines(&work->shared)};
	const struct hm_moment now = hm_moment_now();
	const struct hm_metrics_options options = {
	    .legacy = hm_config_flag(work->config, HM_SET_METRICS_LEGACY),
	    .database = hm_config_database_to_read(work->config),
	    .own = &own,
	};
	struct hm_view view;

	if (!hm_live_shared_copy(&work->shared, &work->copy))
		return false;
	hm_view_init(&view, &work->copy, &now);
	return hm_metrics_render(out, &view, &options);
}

/* Setting up */

/*
 * In a supervised chain a list of its tools stands beside the FIFO that
 * HM_DURABLE names. So one that hangs before its first record is missed, too.
 */
static void
expect_chain(struct work *work)
{
	const char *held = hm_config_text(work->config, HM_SET_DURABLE);
	const char *slash = held != NULL ? strrchr(held, '/') : NULL;
	char path[PATH_MAX], name[HM_LIVE_SERIAL] = "hm-";
	FILE *list;

	if (slash == NULL || snprintf(path, sizeof path, "%.*s/chain",
	    (int)(slash - held), held) >= (int)sizeof path)
		return;
	list = fopen(path, "re");
	if (list == NULL)
		return;
	while (fscanf(list, "%20s", name + strlen("hm-")) == 1)
		if (hm_tool_of_name(name) != NULL &&
		    strcmp(name, hm_log_tool()) != 0)
			hm_live_shared_expect_tool(&work->shared, name);
	fclose(list);
}

static bool
open_plant(struct work *work)
{
	const struct hm_config *c = work->config;
	const struct hm_live_options options = {
	    .dtus = &work->dtus,
	    .query_period_ms = hm_config_ms(c, HM_SET_QUERY_PERIOD),
	    .night = hm_quiet_hours_read(c, &work->night),
	    .night_period_ms = hm_config_ms(c, HM_SET_NIGHT_PERIOD),
	    .offline_ms = hm_config_ms(c, HM_SET_DTU_OFFLINE_THRESHOLD),
	    .ask_period_ms = hm_config_ms(c, HM_SET_ASK_PERIOD),
	    .stats_period_ms = hm_config_ms(c, HM_SET_STATS_PERIOD),
	    .same_stats_period = hm_config_has(c, HM_SET_DURABLE),
	    .reset_hour = (int)hm_config_int(c, HM_SET_RESET_HOUR),
	};

	if (!hm_live_shared_init(&work->shared, &options))
		return false;
	work->history.path = hm_config_database_to_read(c);
	read_history(work);
	expect_chain(work);
	return true;
}

/* With a text file, HTTP is served only if its address is set. */
static bool
wants_http(const struct hm_config *config)
{
	if (!hm_config_flag(config, HM_SET_HEALTH_ENABLED) &&
	    !hm_config_flag(config, HM_SET_METRICS_ENABLED))
		return false;
	return !hm_config_has(config, HM_SET_METRICS_TEXTFILE) ||
	    hm_config_given(config, HM_SET_HEALTH_HOST) ||
	    hm_config_given(config, HM_SET_HEALTH_PORT);
}

static bool
open_http(struct work *work)
{
	const struct hm_config *c = work->config;
	const struct hm_api_options answers = {
	    .shared = &work->shared,
	    .database = hm_config_database_to_read(c),
	    .hosts = hm_config_text(c, HM_SET_HEALTH_ALLOWED_HOSTS),
	    .names = &work->names,
	    .facts = &work->facts,
	    .config = c,
	    .health = hm_config_flag(c, HM_SET_HEALTH_ENABLED),
	    .metrics = hm_config_flag(c, HM_SET_METRICS_ENABLED),
	    .legacy = hm_config_flag(c, HM_SET_METRICS_LEGACY),
	};
	struct hm_http_options http = {
	    .host = hm_config_text(c, HM_SET_HEALTH_HOST),
	    .port = (uint16_t)hm_config_int(c, HM_SET_HEALTH_PORT),
	    .answer = hm_api_answer,
	    .event = hm_api_event,
	};

	work->answers = hm_api_new(&answers);
	if (work->answers == NULL)
		return false;
	http.context = work->answers;
	work->http = hm_http_new(&http);
	return work->http != NULL;
}

static bool
open_textfile(struct work *work)
{
	const struct hm_metrics_file_options options = {
	    .path = hm_config_text(work->config, HM_SET_METRICS_TEXTFILE),
	    .context = work,
	    .render = render,
	    .number = number_of_plant,
	};

	if (options.path != NULL)
		work->textfile = hm_metrics_file_new(&options);
	return options.path == NULL || work->textfile != NULL;
}

static int
open_dtus(void *context, const struct hm_config *config)
{
	struct work *work = context;
	int status = hm_dtus_configured(&work->dtus, config);

	hm_db_lean();
	work->config = config;
	work->facts = hm_plant_facts_read(config);
	if (status == 0 && !hm_device_names_read(&work->names, config,
	    HM_SET_NAMES))
		status = HM_EXIT_OS;
	return status != 0 ? status : HM_TOOL_GO_ON;
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;
	const struct hm_stream_side side = {.context = work,
	    .prepare = on_prepare, .ready = on_ready};

	work->stream = stream;
	hm_stream_counter(stream, "requests", &work->counts.requests);
	hm_stream_counter(stream, "evicted", &work->counts.evicted);
	hm_stream_counter(stream, "refused", &work->refused);
	hm_stream_side(stream, &side);
	if (open_plant(work) && (!wants_http(work->config) ||
	    open_http(work)) && open_textfile(work))
		return HM_TOOL_GO_ON;
	return HM_EXIT_OS;
}

static int
finish(void *context)
{
	struct work *work = context;
	bool good;

	hm_http_free(work->http);
	work->http = NULL;
	good = hm_metrics_file_free(work->textfile);
	return good ? HM_EXIT_OK : HM_EXIT_IO;
}

static bool
free_all(void *context)
{
	struct work *work = context;

	hm_http_free(work->http);
	hm_api_free(work->answers);
	hm_live_history_close(&work->history);
	hm_live_free(&work->copy);
	hm_live_shared_free(&work->shared);
	hm_dtus_free(&work->dtus);
	hm_device_names_free(&work->names);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_dtus,
	    .start = start,
	    .wants_readings = true,
	    .line = on_line,
	    .finish = finish,
	    .free = free_all,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_METRICS, &ops, &work, argc, argv);
}
