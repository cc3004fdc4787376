#include "export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "history_read.h"
#include "reading_tables.h"
#include "record/record.h"
#include "record/types.h"
#include "sql.h"

#define RANGE " WHERE time >= ?1 AND time < ?2 ORDER BY time"

enum form { TEXT, NUMBER, DECIMAL, FLAG, MOMENT, MEMBERS };

struct column {
	const char *key;
	enum form form;
};

/* Record types that are not readings. The first column is the time. */
static const struct event_query {
	const char *type, *sql;
	struct column columns[11];
} events[] = {
    {"status", "SELECT time, dtu, state, breaker, failures, error, text, "
        "hint, retry_at FROM status" RANGE ", dtu",
        {{"dtu", TEXT}, {"state", TEXT}, {"breaker", TEXT},
        {"failures", NUMBER}, {"error", TEXT}, {"text", TEXT},
        {"hint", TEXT}, {"retry_at", MOMENT}}},
    {"info", "SELECT time, dtu, serial, data FROM info" RANGE ", dtu, serial",
        {{"dtu", TEXT}, {"serial", TEXT}, {NULL, MEMBERS}}},
    {"alarm", "SELECT time, dtu, serial, port, code, alert, text, count, "
        "start, end FROM alarm" RANGE ", rowid",
        {{"dtu", TEXT}, {"serial", TEXT}, {"port", NUMBER},
        {"code", NUMBER}, {"alert", TEXT}, {"text", TEXT},
        {"count", NUMBER}, {"start", MOMENT}, {"end", MOMENT}}},
    {"history", "SELECT time, dtu, serial, start, package, data FROM history"
        RANGE ", dtu, serial, start, package",
        {{"dtu", TEXT}, {"serial", TEXT}, {"start", MOMENT},
        {"package", NUMBER}, {NULL, MEMBERS}}},
    {"energies", "SELECT time, dtu, serial, json_object('days', "
        "json_group_array(json_object('time', strftime("
        "'%Y-%m-%dT%H:%M:%SZ', moment, 'unixepoch'), 'energy', energy))) "
        "FROM past_days WHERE time >= ?1 AND time < ?2 "
        "GROUP BY time, dtu, serial ORDER BY time, dtu, serial",
        {{"dtu", TEXT}, {"serial", TEXT}, {NULL, MEMBERS}}},
    {"stats", "SELECT time, tool, data FROM stats" RANGE ", tool",
        {{"tool", TEXT}, {NULL, MEMBERS}}},
    {"command", "SELECT time, id, dtu, serial, action, percent, watts, "
        "source, data FROM commands" RANGE ", id",
        {{"id", TEXT}, {"dtu", TEXT}, {"serial", TEXT}, {"action", TEXT},
        {"percent", DECIMAL}, {"watts", DECIMAL}, {"from", TEXT},
        {NULL, MEMBERS}}},
    {"result", "SELECT time, id, dtu, serial, action, state, error, text, "
        "percent, watts, is_on FROM results" RANGE ", id, stage",
        {{"id", TEXT}, {"dtu", TEXT}, {"serial", TEXT}, {"action", TEXT},
        {"state", TEXT}, {"error", TEXT}, {"text", TEXT},
        {"percent", DECIMAL}, {"watts", DECIMAL}, {"on", FLAG}}},
};

#define EVENTS (sizeof events / sizeof *events)

/* A table that is being exported. */
struct row_source {
	const struct hm_reading_type *type; /* NULL: a table of events */
	const struct event_query *event;
	sqlite3_stmt *rows;
	bool ended;
};

struct hm_exporter {
	struct hm_db *db;
	struct row_source source[HM_SCOPES + EVENTS];
	size_t sources;
	struct row_source *current; /* its row has been emitted */
	struct hm_record record; /* the members stored as JSON */
	char line[HM_LINE_MAX];
	bool too_long; /* a row does not fit into it */
};

static bool
advance(struct row_source *source)
{
	int result = sqlite3_step(source->rows);

	source->ended = result != SQLITE_ROW;
	return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool
open_source(struct hm_exporter *x, struct row_source *source, const char *sql,
    int64_t since, int64_t until)
{
	return hm_db_prepare(x->db, sql, &source->rows) &&
	    sqlite3_bind_int64(source->rows, 1, since) == SQLITE_OK &&
	    sqlite3_bind_int64(source->rows, 2, until) == SQLITE_OK &&
	    advance(source);
}

/* A dtu record follows the records of its inverters, as in the stream. */
static const struct hm_reading_type *
table_in_order(size_t i)
{
	return &hm_reading_types[(i + 1) % HM_SCOPES];
}

static bool
open_events(struct hm_exporter *x, bool with_stats, int64_t since,
    int64_t until)
{
	for (size_t i = 0; i < EVENTS; i++) {
		struct row_source *source = &x->source[x->sources];

		if (!with_stats && strcmp(events[i].type, "stats") == 0)
			continue;
		source->event = &events[i];
		x->sources++;
		if (!open_source(x, source, events[i].sql, since, until))
			return false;
	}
	return true;
}

static bool
open_readings(struct hm_exporter *x, int64_t since, int64_t until)
{
	struct hm_tables tables;
	struct hm_sql sql;

	if (!hm_tables_look(x->db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++) {
		struct row_source *source = &x->source[x->sources];

		source->type = table_in_order(i);
		if (!tables.of[source->type->scope])
			continue;
		x->sources++;
		hm_history_select(&sql, source->type);
		hm_sql_add(&sql, RANGE ", %s", source->type->keys);
		if (!open_source(x, source, hm_sql_text(&sql), since, until))
			return false;
	}
	return true;
}

/* The source with the oldest row, or NULL at the end. */
static struct row_source *
next_source(struct hm_exporter *x)
{
	struct row_source *next = NULL;

	for (size_t i = 0; i < x->sources; i++) {
		struct row_source *source = &x->source[i];

		if (!source->ended && (next == NULL ||
		    sqlite3_column_int64(source->rows, 0) <
		    sqlite3_column_int64(next->rows, 0)))
			next = source;
	}
	return next;
}

static void
emit_members(struct hm_exporter *x, struct hm_json *e, struct hm_slice data)
{
	struct hm_fault fault;

	if (!hm_record_parse(&x->record, data, &fault))
		return;
	for (size_t i = 0; i < x->record.count; i++)
		hm_json_member(e, &x->record.member[i]);
}

static void
emit_column(struct hm_exporter *x, struct hm_json *e,
    const struct column *column, sqlite3_stmt *row, int at)
{
	char time[HM_RFC3339_SIZE];
	struct hm_decimal number;

	if (sqlite3_column_type(row, at) == SQLITE_NULL)
		return;
	switch (column->form) {
	case TEXT:
		hm_json_string(e, column->key, hm_db_column_text(row, at));
		break;
	case NUMBER:
		hm_json_int(e, column->key, sqlite3_column_int64(row, at));
		break;
	case DECIMAL:
		if (hm_history_number(row, at, &number))
			hm_json_decimal(e, column->key, number);
		break;
	case FLAG:
		hm_json_bool(e, column->key, sqlite3_column_int(row, at) != 0);
		break;
	case MOMENT:
		hm_json_string(e, column->key, hm_rfc3339_format(
		    sqlite3_column_int64(row, at), time));
		break;
	case MEMBERS:
		emit_members(x, e, hm_db_column_text(row, at));
		break;
	}
}

static void
emit_event(struct hm_exporter *x, struct hm_json *e,
    const struct row_source *source)
{
	char time[HM_RFC3339_SIZE];

	hm_json_text(e, "type", source->event->type);
	hm_json_string(e, "time", hm_rfc3339_format(
	    sqlite3_column_int64(source->rows, 0), time));
	for (int i = 1; i < sqlite3_column_count(source->rows); i++)
		emit_column(x, e, &source->event->columns[i - 1],
		    source->rows, i);
}

static bool
emit_row(struct hm_exporter *x, const struct row_source *source,
    struct hm_slice *line)
{
	struct hm_json e;

	hm_json_start(&e, x->line, sizeof x->line);
	hm_json_object(&e, NULL);
	if (source->type != NULL)
		hm_history_emit(&e, source->type, source->rows);
	else
		emit_event(x, &e, source);
	hm_json_object_end(&e);
	return hm_json_done(&e, line);
}

static bool
next_line(struct hm_exporter *x, struct hm_slice *line)
{
	*line = (struct hm_slice){NULL, 0};
	if (x->current != NULL && !advance(x->current))
		return false;
	x->current = next_source(x);
	if (x->current == NULL)
		return true;
	x->too_long = !emit_row(x, x->current, line);
	return !x->too_long;
}

static bool
emit_all(struct hm_exporter *x, hm_export_put *put, void *context)
{
	struct hm_slice line;

	while (next_line(x, &line))
		if (line.p == NULL || !put(context, line))
			return true;
	return false;
}

/* Before the statements are finalized: that would overwrite it. */
static void
note_reason(const struct hm_exporter *x, char why[HM_EXPORT_WHY])
{
	snprintf(why, HM_EXPORT_WHY, "%s", x->too_long ? "a row is longer "
	    "than a line may be" : hm_db_reason(x->db));
}

static struct hm_exporter *
new_export(struct hm_db *db, char why[HM_EXPORT_WHY])
{
	struct hm_exporter *x = calloc(1, sizeof *x);

	if (x == NULL)
		snprintf(why, HM_EXPORT_WHY, "no memory");
	else
		x->db = db;
	return x;
}

void
hm_export_close(struct hm_exporter *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->sources; i++)
		sqlite3_finalize(x->source[i].rows);
	hm_db_rollback(x->db);
	free(x);
}

bool
hm_export(struct hm_db *db, int64_t since, int64_t until, hm_export_put *put,
    void *context, char why[HM_EXPORT_WHY])
{
	struct hm_exporter *x = new_export(db, why);
	bool good;

	if (x == NULL)
		return false;
	/* One transaction, so that all tables are from the same moment. */
	good = hm_db_run(db, "BEGIN") && open_events(x, true, since, until) &&
	    open_readings(x, since, until) && emit_all(x, put, context);
	if (!good)
		note_reason(x, why);
	hm_export_close(x);
	return good;
}

struct hm_exporter *
hm_export_events(struct hm_db *db, int64_t since, char why[HM_EXPORT_WHY])
{
	struct hm_exporter *x = new_export(db, why);

	if (x == NULL || (hm_db_run(db, "BEGIN") &&
	    open_events(x, false, since, INT64_MAX)))
		return x;
	note_reason(x, why);
	hm_export_close(x);
	return NULL;
}

bool
hm_export_next(struct hm_exporter *x, struct hm_slice *line,
    char why[HM_EXPORT_WHY])
{
	if (next_line(x, line))
		return true;
	note_reason(x, why);
	return false;
}
