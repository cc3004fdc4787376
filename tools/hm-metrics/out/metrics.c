#include "metrics.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "base/process_usage.h"
#include "record/command.h"

/* A family of one sample without labels. */
static void
put_one(struct hm_prometheus *e, const char *name, enum hm_prometheus_type type,
    struct hm_decimal value, const char *help)
{
	hm_prometheus_family(e, name, type, help);
	hm_prometheus_sample(e, "");
	hm_prometheus_decimal(e, value);
}

static void
put_count(struct hm_prometheus *e, const char *name, uint64_t value,
    const char *help)
{
	put_one(e, name, HM_PROMETHEUS_COUNTER, hm_decimal((int64_t)value, 0),
	    help);
}

static void
put_gauge(struct hm_prometheus *e, const char *name, int64_t value,
    const char *help)
{
	put_one(e, name, HM_PROMETHEUS_GAUGE, hm_decimal(value, 0), help);
}

static void
put_messages(struct hm_prometheus *e, const struct hm_live *live)
{
	hm_prometheus_family(e, "hoymiles_mqtt_messages_total",
	    HM_PROMETHEUS_COUNTER,
	    "MQTT messages in the stream, for hm-publish to send");
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "message_type", "config");
	hm_prometheus_int(e, (int64_t)live->announcements);
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "message_type", "state");
	hm_prometheus_int(e, (int64_t)live->states);
}

/* Most plants have no commands. With the first all states get a sample. */
static void
put_results(struct hm_prometheus *e, const struct hm_live *live)
{
	uint64_t sum = 0;

	for (int i = 0; i < HM_RESULT_STATES; i++)
		sum += live->results[i];
	if (sum == 0)
		return;
	hm_prometheus_family(e, "hoymiles_command_results_total",
	    HM_PROMETHEUS_COUNTER,
	    "results of commands to DTUs in the stream, by state");
	for (int i = 0; i < HM_RESULT_STATES; i++) {
		hm_prometheus_sample(e, "");
		hm_prometheus_label(e, "state",
		    hm_result_state_name((enum hm_result_state)i));
		hm_prometheus_int(e, (int64_t)live->results[i]);
	}
}

static void
put_own(struct hm_prometheus *e, const struct hm_metrics_options *options)
{
	const struct hm_metrics_own *own = options->own;

	put_count(e, "hoymiles_metrics_lines_total", own->lines,
	    "lines that hm-metrics has read");
	if (!options->http)
		return;
	put_count(e, "hoymiles_http_requests_total", own->requests,
	    "HTTP requests answered by hm-metrics");
	put_count(e, "hoymiles_http_evicted_total", own->evicted,
	    "HTTP connections closed because they were slow or all were in "
	    "use");
	put_gauge(e, "hoymiles_http_connections", (int64_t)own->connections,
	    "HTTP connections that are open");
	put_gauge(e, "hoymiles_http_listeners", (int64_t)own->listeners,
	    "browsers that show the live page");
}

static void
put_database(struct hm_prometheus *e, const char *path)
{
	struct stat file;

	if (path != NULL && stat(path, &file) == 0)
		put_gauge(e, "hoymiles_db_size_bytes", file.st_size,
		    "size of the database file");
}

static void
put_process(struct hm_prometheus *e, const struct hm_live *live)
{
	struct hm_process_usage process;
	struct rlimit limit;

	hm_process_usage_read(&process);
	if (process.cpu_ms >= 0)
		put_one(e, "process_cpu_seconds_total", HM_PROMETHEUS_COUNTER,
		    hm_decimal(process.cpu_ms, 3),
		    "user and system CPU time spent");
	if (process.memory >= 0)
		put_gauge(e, "process_resident_memory_bytes", process.memory,
		    "resident memory size");
	if (process.fds >= 0)
		put_gauge(e, "process_open_fds", process.fds,
		    "number of open file descriptors");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		put_gauge(e, "process_max_fds", (int64_t)limit.rlim_cur,
		    "maximum number of open file descriptors");
	put_one(e, "process_start_time_seconds", HM_PROMETHEUS_GAUGE,
	    hm_decimal(live->started.wall / 10, 2),
	    "Unix time of the start of the process");
}

static void
put_build(struct hm_prometheus *e)
{
	hm_prometheus_family(e, "hoymiles_build_info", HM_PROMETHEUS_INFO,
	    "version of hm-metrics");
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "version", HM_VERSION);
	hm_prometheus_int(e, 1);
}

bool
hm_metrics_render(struct hm_buffer *out, const struct hm_view *view,
    const struct hm_metrics_options *options)
{
	struct hm_prometheus e;

	hm_prometheus_start(&e, out, options->openmetrics);
	hm_metrics_dtus(&e, view);
	hm_metrics_fields(&e, view);
	hm_metrics_tools(&e, view);
	put_messages(&e, view->live);
	put_results(&e, view->live);
	put_count(&e, "hoymiles_metrics_refused_total", view->live->refused,
	    "records not shown because of a bad name or a full table");
	put_database(&e, options->database);
	put_own(&e, options);
	if (options->legacy)
		hm_metrics_legacy(&e, view);
	put_build(&e);
	/* node_exporter, which shows the text file, adds its own process. */
	if (options->http)
		put_process(&e, view->live);
	return hm_prometheus_end(&e);
}
