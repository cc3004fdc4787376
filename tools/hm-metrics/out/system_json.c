#include "system_json.h"

#include "base/decimal.h"
#include "config/config_show.h"
#include "config/dtu_list.h"
#include "db/db.h"
#include "live_json.h"
#include "record/breaker_state.h"
#include "record/fields.h"
#include "wire/dtu_uri.h"

/* A number from the last stats record of a tool; null if it is silent. */
static void
emit_counter(struct hm_json *e, const struct hm_view *view, const char *tool,
    const char *counter, const char *key)
{
	int64_t value;

	if (hm_view_counter(view, tool, counter, &value))
		hm_json_int(e, key, value);
	else
		hm_json_null(e, key);
}

/* The same for 0 and 1. */
static void
emit_state(struct hm_json *e, const struct hm_view *view, const char *tool,
    const char *counter, bool good, const char *key)
{
	int64_t value;

	if (hm_view_counter(view, tool, counter, &value))
		hm_json_bool(e, key, (value != 0) == good);
	else
		hm_json_null(e, key);
}

static const struct hm_live_tool *
find_tool(const struct hm_live *live, const char *name)
{
	for (size_t i = 0; i < live->tools; i++)
		if (strcmp(live->tool[i].name, name) == 0)
			return &live->tool[i];
	return NULL;
}

/* DTUs */

static void
emit_address(struct hm_json *e, const struct hm_live_dtu *dtu)
{
	hm_live_json_text(e, "host", dtu->host);
	if (dtu->configured == NULL) {
		hm_json_null(e, "port");
		hm_json_null(e, "transport");
		return;
	}
	hm_json_int(e, "port", dtu->configured->port);
	hm_json_text(e, "transport",
	    hm_transport_name(dtu->configured->transport));
}

static void
emit_device(struct hm_json *e, const struct hm_view *view, size_t number)
{
	const struct hm_live_device *d = hm_view_device_of(view, number,
	    HM_SCOPE_DTU, NULL);
	struct hm_decimal signal;

	hm_live_json_text(e, "serial", d != NULL ? d->serial : "");
	hm_live_json_text(e, hm_fields[HM_F_MODEL].key,
	    d != NULL ? d->model : "");
	hm_live_json_text(e, hm_fields[HM_F_FIRMWARE].key,
	    d != NULL ? d->firmware : "");
	if (d != NULL && hm_view_value(view, d, HM_F_SIGNAL, &signal))
		hm_json_decimal(e, hm_fields[HM_F_SIGNAL].key, signal);
	else
		hm_json_null(e, hm_fields[HM_F_SIGNAL].key);
}

static void
emit_polls(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_dtu *dtu)
{
	bool offline = dtu->state == HM_LIVE_OFFLINE;

	hm_json_text(e, "status", hm_view_status(view, dtu));
	hm_json_moment(e, "answered", dtu->answered_time);
	hm_json_int(e, "polls", (int64_t)(dtu->good + dtu->failed));
	hm_json_int(e, "failed", (int64_t)dtu->failed);
	hm_live_json_text(e, "breaker", dtu->breaker_known ?
	    hm_breaker_state_name(dtu->breaker) : "");
	hm_json_moment(e, "retry_at", offline ? dtu->retry_time : 0);
	hm_live_json_text(e, "reason", offline ? dtu->reason : "");
	hm_live_json_text(e, "hint", offline ? dtu->hint : "");
}

static void
emit_dtus(struct hm_json *e, const struct hm_view *view)
{
	hm_json_array(e, "dtus");
	for (size_t i = 0; i < view->live->dtus; i++) {
		const char *title = hm_view_dtu_name(view, i);

		hm_json_object(e, NULL);
		hm_json_text(e, "name", view->live->dtu[i].name);
		hm_live_json_text(e, "title", title != NULL ? title : "");
		emit_address(e, &view->live->dtu[i]);
		emit_device(e, view, i);
		emit_polls(e, view, &view->live->dtu[i]);
		hm_json_object_end(e);
	}
	hm_json_array_end(e);
}

/* The broker and the database */

static void
emit_mqtt(struct hm_json *e, const struct hm_view *view)
{
	static const char tool[] = "hm-publish";

	if (find_tool(view->live, tool) == NULL) {
		hm_json_null(e, "mqtt");
		return;
	}
	hm_json_object(e, "mqtt");
	emit_state(e, view, tool, "connected", true, "connected");
	emit_counter(e, view, tool, "connections", "connections");
	emit_counter(e, view, tool, "published", "sent");
	emit_counter(e, view, tool, "queued", "queued");
	emit_counter(e, view, tool, "replaced", "replaced");
	emit_counter(e, view, tool, "dropped", "dropped");
	hm_json_object_end(e);
}

static const char *const database_sql[][2] = {
    {"bytes", "SELECT page_count * page_size FROM pragma_page_count, "
        "pragma_page_size"},
    {"free", "SELECT freelist_count * page_size FROM pragma_freelist_count, "
        "pragma_page_size"},
    {"schema", "PRAGMA user_version"},
};

/* Moments, of days whose dates may be those of a wrong clock. */
static const char *const moments_sql[][2] = {
    {"first_day", "SELECT min(day) FROM dtu_daily"},
    {"last_day", "SELECT max(day) FROM dtu_daily WHERE "
        "day <= date('now', 'localtime', '+1 day')"},
};

static void
emit_day(struct hm_json *e, struct hm_db *db, const char *key,
    const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (hm_db_prepare(db, sql, &s) && sqlite3_step(s) == SQLITE_ROW &&
	    sqlite3_column_type(s, 0) == SQLITE_TEXT)
		hm_json_string(e, key, hm_db_column_text(s, 0));
	else
		hm_json_null(e, key);
	sqlite3_finalize(s);
}

static void
emit_file(struct hm_json *e, struct hm_live_history *history)
{
	bool ready = hm_live_history_ready(history);
	int64_t number;

	for (size_t i = 0; i < sizeof database_sql / sizeof *database_sql; i++)
		if (ready && hm_db_ask(&history->db, database_sql[i][1],
		    &number))
			hm_json_int(e, database_sql[i][0], number);
		else
			hm_json_null(e, database_sql[i][0]);
	for (size_t i = 0; i < sizeof moments_sql / sizeof *moments_sql; i++)
		if (ready)
			emit_day(e, &history->db, moments_sql[i][0],
			    moments_sql[i][1]);
		else
			hm_json_null(e, moments_sql[i][0]);
}

static void
emit_database(struct hm_json *e, const struct hm_view *view,
    struct hm_live_history *history)
{
	static const char tool[] = "hm-store";

	if (history->path == NULL) {
		hm_json_null(e, "database");
		return;
	}
	hm_json_object(e, "database");
	hm_json_text(e, "path", history->path);
	emit_file(e, history);
	emit_state(e, view, tool, "failing", false, "writing");
	emit_counter(e, view, tool, "rows", "rows");
	emit_counter(e, view, tool, "queued", "queued");
	emit_counter(e, view, tool, "lost", "lost");
	hm_json_object_end(e);
}

/* Tools */

static int64_t
deaths_of(const struct hm_live *live, const char *tool)
{
	for (size_t i = 0; i < live->dead; i++)
		if (strcmp(live->died[i].tool, tool) == 0)
			return (int64_t)live->died[i].count;
	return 0;
}

static void
emit_tool(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_tool *tool)
{
	static const char *const counters[] = {"uptime", "memory", "cpu_ms",
	    "records_in", "records_out", "bad_lines"};
	bool silent = hm_view_silent(view, tool);

	hm_json_object(e, NULL);
	hm_json_text(e, "name", tool->name);
	hm_live_json_text(e, "version", tool->version);
	hm_json_moment(e, "time", tool->time);
	hm_json_bool(e, "silent", silent);
	hm_json_bool(e, "moving", tool->moving && !silent);
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		emit_counter(e, view, tool->name, counters[i], counters[i]);
	hm_json_int(e, "deaths", deaths_of(view->live, tool->name));
	hm_json_object_end(e);
}

static void
emit_tools(struct hm_json *e, const struct hm_view *view)
{
	hm_json_array(e, "tools");
	for (size_t i = 0; i < view->live->tools; i++)
		emit_tool(e, view, &view->live->tool[i]);
	hm_json_array_end(e);
}

/* Settings */

static void
emit_setting(void *context, const char *name, const char *value,
    const char *source)
{
	struct hm_json *e = context;

	hm_json_object(e, NULL);
	hm_json_text(e, "name", name);
	hm_json_text(e, "value", value);
	hm_json_text(e, "source", source);
	hm_json_object_end(e);
}

static void
emit_settings(struct hm_json *e, const struct hm_config *config)
{
	hm_json_array(e, "settings");
	if (!hm_config_show(config, emit_setting, e))
		e->failed = true;
	hm_json_array_end(e);
}

void
hm_system_json(struct hm_json *e, const struct hm_view *view,
    struct hm_live_history *history, const struct hm_config *config)
{
	hm_json_object(e, NULL);
	hm_json_moment(e, "time", view->now.wall / 1000);
	hm_json_text(e, "version", HM_VERSION);
	hm_json_moment(e, "started", view->live->started.wall / 1000);
	emit_dtus(e, view);
	emit_mqtt(e, view);
	emit_database(e, view, history);
	emit_tools(e, view);
	emit_settings(e, config);
	hm_json_object_end(e);
}
