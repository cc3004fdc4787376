#include "live/live_view.h"
#include "metrics.h"
#include "prometheus_text.h"

#define COUNTER HM_PROMETHEUS_COUNTER
#define GAUGE HM_PROMETHEUS_GAUGE

/*
 * The counters in the stats records of the chain's tools, as metrics. Rows of
 * one metric follow each other.
 */

/* Counters that every tool has; the metric is labelled with the tool. */
static const struct {
	const char *counter, *metric;
	enum hm_prometheus_type type;
	unsigned scale; /* decimals: 3 for a counter of milliseconds */
	const char *help;
} every_tool[] = {
    {"uptime", "hoymiles_tool_uptime_seconds", GAUGE, 0,
        "how long the tool has run"},
    {"records_in", "hoymiles_tool_lines_read_total", COUNTER, 0,
        "lines that the tool has read"},
    {"records_out", "hoymiles_tool_lines_written_total", COUNTER, 0,
        "lines that the tool has written"},
    {"bad_lines", "hoymiles_tool_bad_lines_total", COUNTER, 0,
        "lines that the tool has rejected"},
    {"cpu_ms", "hoymiles_tool_cpu_seconds_total", COUNTER, 3,
        "user and system CPU time of the tool"},
    {"memory", "hoymiles_tool_resident_memory_bytes", GAUGE, 0,
        "resident memory of the tool"},
    {"fds", "hoymiles_tool_open_fds", GAUGE, 0,
        "open file descriptors of the tool"},
};

/* Counters of one tool. */
static const struct {
	const char *tool, *counter, *metric;
	enum hm_prometheus_type type;
	unsigned scale;
	const char *label, *value; /* NULL: none */
	const char *help;
} one_tool[] = {
    {"hm-subscribe", "connected", "hoymiles_subscribe_connected", GAUGE, 0,
        NULL, NULL, "1 while hm-subscribe is connected to the broker"},
    {"hm-subscribe", "connections", "hoymiles_subscribe_connections_total",
        COUNTER, 0, NULL, NULL, "connections of hm-subscribe to the broker"},
    {"hm-subscribe", "commands", "hoymiles_subscribe_commands_total", COUNTER,
        0, NULL, NULL, "commands that hm-subscribe has written"},
    {"hm-subscribe", "messages", "hoymiles_subscribe_messages_total", COUNTER,
        0, NULL, NULL, "messages that hm-subscribe has written"},
    {"hm-subscribe", "queued", "hoymiles_subscribe_queue_records", GAUGE, 0,
        NULL, NULL, "commands and messages that hm-subscribe has not yet "
        "written"},
    {"hm-subscribe", "refused", "hoymiles_subscribe_dropped_total", COUNTER, 0,
        "reason", "refused",
        "commands and messages that hm-subscribe did not write, by reason"},
    {"hm-subscribe", "retained", "hoymiles_subscribe_dropped_total", COUNTER, 0,
        "reason", "retained", NULL},
    {"hm-subscribe", "foreign", "hoymiles_subscribe_dropped_total", COUNTER, 0,
        "reason", "foreign", NULL},
    {"hm-subscribe", "expired", "hoymiles_subscribe_dropped_total", COUNTER, 0,
        "reason", "expired", NULL},
    {"hm-subscribe", "unreadable", "hoymiles_subscribe_dropped_total", COUNTER,
        0, "reason", "unreadable", NULL},
    {"hm-subscribe", "dropped", "hoymiles_subscribe_dropped_total", COUNTER, 0,
        "reason", "room", NULL},
    {"hm-poll", "retries", "hoymiles_poll_retries_total", COUNTER, 0, NULL,
        NULL, "retries within polls, each after a failed attempt"},
    {"hm-poll", "stale_polls", "hoymiles_polls_stale_total", COUNTER, 0, NULL,
        NULL, "good polls that repeated the readings of the previous poll"},
    {"hm-poll", "skipped_polls", "hoymiles_polls_skipped_total", COUNTER, 0,
        "reason", "busy", "polls that hm-poll skipped, by reason"},
    {"hm-poll", "open_polls", "hoymiles_polls_skipped_total", COUNTER, 0,
        "reason", "breaker", NULL},
    {"hm-poll", "quiet_polls", "hoymiles_polls_skipped_total", COUNTER, 0,
        "reason", "quiet", NULL},
    {"hm-poll", "locked_polls", "hoymiles_polls_skipped_total", COUNTER, 0,
        "reason", "locked", NULL},
    {"hm-poll", "max_late_ms", "hoymiles_poll_late_max_seconds", GAUGE, 3, NULL,
        NULL, "longest delay of a poll's start"},
    {"hm-decode", "readings", "hoymiles_readings_decoded_total", COUNTER, 0,
        NULL, NULL, "readings that hm-decode has written"},
    {"hm-decode", "bad_frames", "hoymiles_bad_frames_total", COUNTER, 0, NULL,
        NULL, "replies that hm-decode could not decode"},
    {"hm-filter", "refused_zeros", "hoymiles_readings_rejected_total", COUNTER,
        0, "reason", "zero",
        "energy values that hm-filter rejected, by reason"},
    {"hm-filter", "refused_falls", "hoymiles_readings_rejected_total", COUNTER,
        0, "reason", "fall", NULL},
    {"hm-filter", "refused_spikes", "hoymiles_readings_rejected_total", COUNTER,
        0, "reason", "spike", NULL},
    {"hm-filter", "began_anew", "hoymiles_counters_began_anew_total", COUNTER,
        0, NULL, NULL, "resets of energy counters of inputs"},
    {"hm-filter", "dropped", "hoymiles_records_dropped_total", COUNTER, 0, NULL,
        NULL, "records that hm-filter dropped"},
    {"hm-filter", "unmultiplied", "hoymiles_values_unmultiplied_total", COUNTER,
        0, NULL, NULL,
        "values that hm-filter dropped because their product is not exact"},
    {"hm-filter", "unsaved_writes", "hoymiles_ledger_unsaved_total", COUNTER, 0,
        NULL, NULL,
        "writes of records whose energies hm-filter could not save first"},
    {"hm-alert", "alarms", "hoymiles_alerts_begun_total", COUNTER, 0, NULL,
        NULL, "alerts that hm-alert has raised"},
    {"hm-alert", "active", "hoymiles_alerts_lasting", GAUGE, 0, NULL, NULL,
        "alerts of hm-alert that are active"},
    {"hm-alert", "refused", "hoymiles_alerts_refused_total", COUNTER, 0, NULL,
        NULL, "records that hm-alert did not check because a table was full"},
    {"hm-store", "rows", "hoymiles_db_rows_written_total", COUNTER, 0, NULL,
        NULL, "rows that hm-store has written"},
    {"hm-store", "known", "hoymiles_db_rows_known_total", COUNTER, 0, NULL,
        NULL, "records that were already in the database"},
    {"hm-store", "batches", "hoymiles_db_transactions_total", COUNTER, 0, NULL,
        NULL, "transactions of hm-store"},
    {"hm-store", "hours", "hoymiles_db_summaries_total", COUNTER, 0, NULL, NULL,
        "hourly rows that hm-store has made from readings"},
    {"hm-store", "pruned", "hoymiles_db_rows_pruned_total", COUNTER, 0, NULL,
        NULL, "rows that hm-store removed because they were too old"},
    {"hm-store", "unshipped", "hoymiles_db_polls_unshipped_total", COUNTER, 0,
        NULL, NULL, "polls and other records that hm-store removed before "
        "hm-ship had shipped them"},
    {"hm-store", "failures", "hoymiles_db_failures_total", COUNTER, 0, NULL,
        NULL, "attempts to write to the database that failed"},
    {"hm-store", "failing", "hoymiles_db_failing", GAUGE, 0, NULL, NULL,
        "1 while the database cannot be written"},
    {"hm-store", "queued", "hoymiles_db_queue_records", GAUGE, 0, NULL, NULL,
        "records that wait to be written to the database"},
    {"hm-store", "lost", "hoymiles_db_lost_total", COUNTER, 0, NULL, NULL,
        "records that hm-store dropped because its backlog was full"},
    {"hm-ship", "batches", "hoymiles_ship_batches_total", COUNTER, 0, NULL,
        NULL, "batches that hm-ship has shipped"},
    {"hm-ship", "shipped", "hoymiles_ship_polls_total", COUNTER, 0, NULL, NULL,
        "polls and other records that hm-ship has shipped"},
    {"hm-ship", "lines", "hoymiles_ship_lines_total", COUNTER, 0, NULL, NULL,
        "lines that hm-ship has shipped"},
    {"hm-ship", "waiting", "hoymiles_ship_queue_polls", GAUGE, 0, NULL, NULL,
        "polls and other records that wait for hm-ship"},
    {"hm-ship", "oldest", "hoymiles_ship_oldest_seconds", GAUGE, 0, NULL, NULL,
        "how long ago the first of them was read"},
    {"hm-ship", "failures", "hoymiles_ship_failures_total", COUNTER, 0, NULL,
        NULL, "attempts to ship that failed"},
    {"hm-ship", "failing", "hoymiles_ship_failing", GAUGE, 0, NULL, NULL,
        "1 while nothing can be shipped"},
    {"hm-ha-discovery", "announcements", "hoymiles_ha_announcements_total",
        COUNTER, 0, NULL, NULL,
        "discovery messages that hm-ha-discovery has written"},
    {"hm-ha-discovery", "states", "hoymiles_ha_states_total", COUNTER, 0, NULL,
        NULL, "state messages that hm-ha-discovery has written"},
    {"hm-ha-discovery", "refused", "hoymiles_ha_refused_total", COUNTER, 0,
        NULL, NULL, "records without entities because a table was full"},
    {"hm-publish", "connected", "hoymiles_mqtt_connected", GAUGE, 0, NULL, NULL,
        "1 while hm-publish is connected to the broker"},
    {"hm-publish", "connections", "hoymiles_mqtt_connections_total", COUNTER, 0,
        NULL, NULL, "connections made to the broker"},
    {"hm-publish", "births", "hoymiles_ha_births_total", COUNTER, 0, NULL, NULL,
        "starts of Home Assistant seen by hm-publish"},
    {"hm-publish", "queued", "hoymiles_mqtt_queue_messages", GAUGE, 0, NULL,
        NULL, "messages not yet delivered to the broker"},
    {"hm-publish", "published", "hoymiles_mqtt_published_total", COUNTER, 0,
        NULL, NULL, "messages delivered to the broker"},
    {"hm-publish", "replaced", "hoymiles_mqtt_dropped_total", COUNTER, 0,
        "reason", "replaced",
        "messages that hm-publish did not send, by reason"},
    {"hm-publish", "dropped", "hoymiles_mqtt_dropped_total", COUNTER, 0,
        "reason", "room", NULL},
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
put_int(struct hm_prometheus *e, const char *tool, int64_t value)
{
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "tool", tool);
	hm_prometheus_int(e, value);
}

static void
put_reports(struct hm_prometheus *e, const struct hm_view *view)
{
	bool begun = false;

	for (size_t i = 0; i < view->live->tools; i++) {
		const struct hm_live_tool *tool = &view->live->tool[i];

		if (tool->count == 0)
			continue;
		if (!begun)
			hm_prometheus_family(e,
			    "hoymiles_tool_report_timestamp_seconds",
			    HM_PROMETHEUS_GAUGE,
			    "Unix time of the last stats record of the tool");
		begun = true;
		put_int(e, tool->name, tool->time);
	}
}

static bool
has_died(const struct hm_live *live, const char *tool)
{
	for (size_t i = 0; i < live->dead; i++)
		if (strcmp(live->died[i].tool, tool) == 0)
			return true;
	return false;
}

/* Also 0, so that Prometheus sees an increase from it. */
static void
put_deaths(struct hm_prometheus *e, const struct hm_live *live)
{
	if (live->tools + live->dead > 0)
		hm_prometheus_family(e, "hoymiles_tool_deaths_total",
		    HM_PROMETHEUS_COUNTER,
		    "times that the tool ended unexpectedly");
	for (size_t i = 0; i < live->dead; i++)
		put_int(e, live->died[i].tool, (int64_t)live->died[i].count);
	for (size_t i = 0; i < live->tools; i++)
		if (!has_died(live, live->tool[i].name))
			put_int(e, live->tool[i].name, 0);
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
		/* A stats record has all counters of its tool or none. */
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
