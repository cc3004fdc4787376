#include "live/live_view.h"
#include "metrics.h"
#include "prometheus_text.h"

/*
 * What the tools of the chain say of themselves in their stats records, as
 * metrics. Rows of one metric follow each other.
 */

/* Of every tool, labelled with its name. */
static const struct {
	const char *counter, *metric;
	enum hm_prometheus_type type;
	unsigned scale; /* decimals: 3 for what counts milliseconds */
	const char *help;
} every_tool[] = {
    {"uptime", "hoymiles_tool_uptime_seconds", HM_PROMETHEUS_GAUGE, 0,
        "how long the tool has run"},
    {"records_in", "hoymiles_tool_lines_read_total", HM_PROMETHEUS_COUNTER, 0,
        "lines that the tool has read"},
    {"records_out", "hoymiles_tool_lines_written_total", HM_PROMETHEUS_COUNTER,
    0,
        "lines that the tool has written"},
    {"bad_lines", "hoymiles_tool_bad_lines_total", HM_PROMETHEUS_COUNTER, 0,
        "lines that the tool has refused"},
    {"cpu_ms", "hoymiles_tool_cpu_seconds_total", HM_PROMETHEUS_COUNTER, 3,
        "user and system CPU time of the tool"},
    {"memory", "hoymiles_tool_resident_memory_bytes", HM_PROMETHEUS_GAUGE, 0,
        "resident memory of the tool"},
    {"fds", "hoymiles_tool_open_fds", HM_PROMETHEUS_GAUGE, 0,
        "open file descriptors of the tool"},
};

/* Of one tool. */
static const struct {
	const char *tool, *counter, *metric;
	enum hm_prometheus_type type;
	unsigned scale;
	const char *label, *value; /* NULL: none */
	const char *help;
} one_tool[] = {
    {"hm-poll", "retries", "hoymiles_poll_retries_total", HM_PROMETHEUS_COUNTER,
    0,
        NULL, NULL, "attempts after a failed one, within polls"},
    {"hm-poll", "stale_polls", "hoymiles_polls_stale_total",
    HM_PROMETHEUS_COUNTER,
        0, NULL, NULL, "good polls whose readings were those of before"},
    {"hm-poll", "skipped_polls", "hoymiles_polls_skipped_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "busy",
        "polls that were not made by reason"},
    {"hm-poll", "open_polls", "hoymiles_polls_skipped_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "breaker", NULL},
    {"hm-poll", "quiet_polls", "hoymiles_polls_skipped_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "quiet", NULL},
    {"hm-poll", "locked_polls", "hoymiles_polls_skipped_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "locked", NULL},
    {"hm-poll", "max_late_ms", "hoymiles_poll_late_max_seconds",
        HM_PROMETHEUS_GAUGE, 3, NULL, NULL, "how late a poll ever began"},
    {"hm-decode", "readings", "hoymiles_readings_decoded_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "readings that hm-decode has made"},
    {"hm-decode", "bad_frames", "hoymiles_bad_frames_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "replies that hm-decode passed over"},
    {"hm-filter", "refused_zeros", "hoymiles_readings_rejected_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "zero",
        "energies that hm-filter did not believe by reason"},
    {"hm-filter", "refused_falls", "hoymiles_readings_rejected_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "fall", NULL},
    {"hm-filter", "refused_spikes", "hoymiles_readings_rejected_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "spike", NULL},
    {"hm-filter", "began_anew", "hoymiles_counters_began_anew_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "energy counters of inputs that began anew"},
    {"hm-filter", "dropped", "hoymiles_records_dropped_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "records that hm-filter left out"},
    {"hm-filter", "unmultiplied", "hoymiles_values_unmultiplied_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "values that hm-filter left out for want of digits"},
    {"hm-filter", "unsaved_writes", "hoymiles_ledger_unsaved_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "writes of energies that hm-filter could not save before"},
    {"hm-alert", "alarms", "hoymiles_alerts_begun_total", HM_PROMETHEUS_COUNTER,
        0, NULL, NULL, "alerts of hm-alert that began"},
    {"hm-alert", "active", "hoymiles_alerts_lasting", HM_PROMETHEUS_GAUGE, 0,
    NULL,
        NULL, "alerts of hm-alert that last"},
    {"hm-alert", "refused", "hoymiles_alerts_refused_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "records without alerts for want of room"},
    {"hm-store", "rows", "hoymiles_db_rows_written_total",
    HM_PROMETHEUS_COUNTER,
        0, NULL, NULL, "rows that hm-store has written"},
    {"hm-store", "known", "hoymiles_db_rows_known_total", HM_PROMETHEUS_COUNTER,
    0,
        NULL, NULL, "records that the database held before"},
    {"hm-store", "batches", "hoymiles_db_transactions_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL, "transactions of hm-store"},
    {"hm-store", "hours", "hoymiles_db_summaries_total", HM_PROMETHEUS_COUNTER,
    0,
        NULL, NULL, "hours of devices that hm-store has summed up"},
    {"hm-store", "pruned", "hoymiles_db_rows_pruned_total",
    HM_PROMETHEUS_COUNTER,
        0, NULL, NULL, "rows that were too old to keep"},
    {"hm-store", "failures", "hoymiles_db_failures_total",
    HM_PROMETHEUS_COUNTER,
        0, NULL, NULL, "times that the database could not be written"},
    {"hm-store", "failing", "hoymiles_db_failing", HM_PROMETHEUS_GAUGE, 0, NULL,
        NULL, "1 while the database cannot be written"},
    {"hm-store", "queued", "hoymiles_db_queue_records", HM_PROMETHEUS_GAUGE, 0,
        NULL, NULL, "records that wait for the database"},
    {"hm-store", "lost", "hoymiles_db_lost_total", HM_PROMETHEUS_COUNTER, 0,
    NULL,
        NULL, "records that could not be stored"},
    {"hm-ha-discovery", "announcements", "hoymiles_ha_announcements_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "discovery messages that hm-ha-discovery has made"},
    {"hm-ha-discovery", "states", "hoymiles_ha_states_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "state messages that hm-ha-discovery has made"},
    {"hm-ha-discovery", "refused", "hoymiles_ha_refused_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "records without entities for want of room"},
    {"hm-publish", "connected", "hoymiles_mqtt_connected", HM_PROMETHEUS_GAUGE,
    0,
        NULL, NULL, "1 while the broker takes messages"},
    {"hm-publish", "connections", "hoymiles_mqtt_connections_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL, "connections made to the broker"},
    {"hm-publish", "births", "hoymiles_ha_births_total", HM_PROMETHEUS_COUNTER,
    0,
        NULL, NULL, "starts of Home Assistant"},
    {"hm-publish", "queued", "hoymiles_mqtt_queue_messages",
    HM_PROMETHEUS_GAUGE,
        0, NULL, NULL, "messages that wait for the broker"},
    {"hm-publish", "published", "hoymiles_mqtt_published_total",
        HM_PROMETHEUS_COUNTER, 0, NULL, NULL,
        "messages that the broker has taken"},
    {"hm-publish", "replaced", "hoymiles_mqtt_dropped_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "replaced",
        "messages that were not sent by reason"},
    {"hm-publish", "dropped", "hoymiles_mqtt_dropped_total",
        HM_PROMETHEUS_COUNTER, 0, "reason", "room", NULL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void
put_every_tool(struct hm_prometheus *e, const struct hm_view *view, size_t row)
{
	bool begun = false;
	int64_t value;

	for (size_t i = 0; i < view->live->tools; i++) {
		const char *name = view->live->tool[i].name;

		if (!hm_view_counter(view, name, every_tool[row].counter,
		    &value))
			continue;
		if (!begun)
			hm_prometheus_family(e, every_tool[row].metric,
			    every_tool[row].type, every_tool[row].help);
		begun = true;
		hm_prometheus_sample(e, "");
		hm_prometheus_label(e, "tool", name);
		hm_prometheus_decimal(e,
		    hm_decimal(value, every_tool[row].scale));
	}
}

static void
put_reports(struct hm_prometheus *e, const struct hm_view *view)
{
	if (view->live->tools > 0)
		hm_prometheus_family(e,
		    "hoymiles_tool_report_timestamp_seconds",
		    HM_PROMETHEUS_GAUGE,
		    "when the tool last spoke of itself, since "
		    "1970");
	for (size_t i = 0; i < view->live->tools; i++) {
		hm_prometheus_sample(e, "");
		hm_prometheus_label(e, "tool", view->live->tool[i].name);
		hm_prometheus_int(e, view->live->tool[i].time);
	}
}

static void
put_deaths_of(struct hm_prometheus *e, const char *tool, uint64_t count)
{
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "tool", tool);
	hm_prometheus_int(e, (int64_t)count);
}

static bool
has_died(const struct hm_live *live, const char *tool)
{
	for (size_t i = 0; i < live->dead; i++)
		if (strcmp(live->died[i].tool, tool) == 0)
			return true;
	return false;
}

/* From 0 on, so that an increase shows. */
static void
put_deaths(struct hm_prometheus *e, const struct hm_live *live)
{
	if (live->tools + live->dead > 0)
		hm_prometheus_family(e, "hoymiles_tool_deaths_total",
		    HM_PROMETHEUS_COUNTER, "times that the tool ended unasked");
	for (size_t i = 0; i < live->dead; i++)
		put_deaths_of(e, live->died[i].tool, live->died[i].count);
	for (size_t i = 0; i < live->tools; i++)
		if (!has_died(live, live->tool[i].name))
			put_deaths_of(e, live->tool[i].name, 0);
}

static void
put_one_tool(struct hm_prometheus *e, const struct hm_view *view)
{
	const char *begun = "";
	int64_t value;

	for (size_t i = 0; i < COUNT(one_tool); i++) {
		if (!hm_view_counter(view, one_tool[i].tool,
		    one_tool[i].counter, &value))
			continue;
		/* A tool tells all of its counters or none. */
		if (strcmp(begun, one_tool[i].metric) != 0)
			hm_prometheus_family(e, one_tool[i].metric,
			    one_tool[i].type, one_tool[i].help != NULL ?
			    one_tool[i].help : "see the documentation");
		begun = one_tool[i].metric;
		hm_prometheus_sample(e, "");
		if (one_tool[i].label != NULL)
			hm_prometheus_label(e, one_tool[i].label,
			    one_tool[i].value);
		hm_prometheus_decimal(e, hm_decimal(value, one_tool[i].scale));
	}
}

void
hm_metrics_tools(struct hm_prometheus *e, const struct hm_view *view)
{
	put_reports(e, view);
	for (size_t row = 0; row < COUNT(every_tool); row++)
		put_every_tool(e, view, row);
	put_deaths(e, view->live);
	put_one_tool(e, view);
}
