#include "outbox_spans.h"

#include "db/reading_tables.h"
#include "db/ship_tables.h"
#include "db/sql.h"

#define HOUR_TEXT "3600"
/* Rows of the last minutes of an hour come after its end. */
#define LATE_TEXT "120"

/* Watching */

static bool
add_change(void *context, const char *column, const char *type)
{
	(void)type;
	hm_sql_add(context, " OR new.%s IS NOT old.%s", column, column);
	return true;
}

/* A row that is made again as it was need not be shipped. */
static void
add_condition(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form)
{
	hm_sql_add(sql, " WHEN new.samples IS NOT old.samples "
	    "OR new." HM_FILLED " IS NOT old." HM_FILLED);
	hm_table_columns(type, form, add_change, sql);
}

static void
start_trigger(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form, const char *event)
{
	const char *suffix = hm_table_suffix(form);

	hm_sql_start(sql);
	hm_sql_add(sql, "CREATE TEMP TRIGGER outbox_%s%s_%s AFTER %s "
	    "ON main.%s%s", type->name, suffix, event, event, type->name,
	    suffix);
}

static bool
add_trigger(struct hm_db *db, const struct hm_reading_type *type,
    enum hm_table_form form, const char *event)
{
	struct hm_sql sql;

	start_trigger(&sql, type, form, event);
	if (event[0] == 'U')
		add_condition(&sql, type, form);
	/* Not OR IGNORE: the statement that fires it overrides that. */
	hm_sql_add(&sql, " BEGIN INSERT INTO outbox_due SELECT span, time FROM "
	    "(SELECT %s) WHERE (span, time) NOT IN outbox_due "
	    "AND time < (SELECT until FROM outbox_hours); END",
	    form == HM_TABLE_HOURLY ? "'" HM_SPAN_HOUR "' AS span, "
	    "new.hour AS time" : "'" HM_SPAN_DAY "' AS span, "
	    "CAST(strftime('%s', new.day) AS INTEGER) AS time");
	return hm_db_run(db, hm_sql_text(&sql));
}

/* A day that was filled, and is not any more, has no row that could be read. */
static bool
add_removal(struct hm_db *db, const struct hm_reading_type *type)
{
	struct hm_sql sql;

	start_trigger(&sql, type, HM_TABLE_DAILY, "DELETE");
	hm_sql_add(&sql, " WHEN old.samples = 0 BEGIN "
	    "INSERT INTO outbox (time, dtu, line) SELECT time, old.dtu, line "
	    "FROM (SELECT CAST(strftime('%%s', old.day) AS INTEGER) AS time, "
	    "json_patch('{}', json_object('type', '%s%s', "
	    "'time', old.day || 'T00:00:00Z', 'day', old.day, "
	    "'dtu', old.dtu, 'serial', old.serial%s, "
	    "'removed', json('true'))) AS line) "
	    "WHERE time < (SELECT until FROM outbox_hours); END", type->name,
	    hm_table_suffix(HM_TABLE_DAILY),
	    type->has_port ? ", 'port', old.port" : "");
	return hm_db_run(db, hm_sql_text(&sql));
}

static bool
watch(struct hm_db *db, const struct hm_reading_type *type)
{
	return add_trigger(db, type, HM_TABLE_HOURLY, "INSERT") &&
	    add_trigger(db, type, HM_TABLE_HOURLY, "UPDATE") &&
	    add_trigger(db, type, HM_TABLE_DAILY, "INSERT") &&
	    add_trigger(db, type, HM_TABLE_DAILY, "UPDATE") &&
	    add_removal(db, type);
}

bool
hm_outbox_spans_prepare(struct hm_db *db, bool shipped, int64_t now,
    bool *watched)
{
	int64_t rows;
	bool good = shipped ?
	    hm_db_run_for(db, "INSERT INTO outbox_hours SELECT ?1 "
	    "WHERE NOT EXISTS (SELECT 1 FROM outbox_hours)", INT64_MAX) &&
	    hm_db_run_for(db, "UPDATE outbox_hours SET until = ?1 "
	    "WHERE until < ?1", INT64_MAX) :
	    hm_db_run_for(db, "UPDATE outbox_hours SET until = ?1 "
	    "WHERE until > ?1", now);

	if (!good || !hm_db_ask(db, "SELECT count(*) FROM outbox_hours", &rows))
		return false;
	*watched = rows > 0;
	return true;
}

bool
hm_outbox_spans_watch(struct hm_outbox_spans *spans, struct hm_db *db)
{
	struct hm_tables tables;

	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++) {
		if (!tables.of[i] || spans->watched[i])
			continue;
		if (!watch(db, &hm_reading_types[i]))
			return false;
		spans->watched[i] = true;
	}
	return true;
}

/* Listing */

/* Also what lies in the future: the clock was wrong, or is. */
#define IS_OVER "due.span = '" HM_SPAN_HOUR "' AND (due.time <= ?1 - " \
	HOUR_TEXT " - " LATE_TEXT " OR due.time > ?1 + " LATE_TEXT ")"
#define IS_READY "(due.span = '" HM_SPAN_DAY "' OR " IS_OVER ")"

#define LAST_POLLS "SELECT max(dtu.time) AS time, dtu.dtu AS dtu " \
	"FROM outbox_due AS due JOIN dtu ON dtu.time >= due.time " \
	"AND dtu.time < due.time + " HOUR_TEXT " WHERE " IS_OVER \
	" GROUP BY due.time, dtu.dtu"

/* As new rows: a place that has been passed does not come again. */
static const char *const list_sql[] = {
    "DELETE FROM outbox WHERE span IS NOT NULL AND (span, time) IN "
    "(SELECT span, time FROM outbox_due AS due WHERE " IS_READY ")",
    "INSERT INTO outbox (time, span) SELECT time, span FROM outbox_due "
    "AS due WHERE " IS_READY " ORDER BY span DESC, time",
    "DELETE FROM outbox WHERE " HM_OUTBOX_IS_POLL " AND (time, dtu) IN "
    "(" LAST_POLLS ")",
    "INSERT INTO outbox (time, dtu) SELECT time, dtu FROM (" LAST_POLLS ") "
    "ORDER BY time, dtu",
    "DELETE FROM outbox_due AS due WHERE " IS_READY,
};

static bool
is_due(struct hm_db *db, int64_t now, bool *due)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(db, "SELECT EXISTS (SELECT 1 FROM outbox_due "
	    "AS due WHERE " IS_OVER ")", &s) &&
	    sqlite3_bind_int64(s, 1, now) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW;

	*due = good && sqlite3_column_int(s, 0) != 0;
	sqlite3_finalize(s);
	return good;
}

bool
hm_outbox_spans_list(struct hm_db *db, int64_t now)
{
	bool due;

	if (!is_due(db, now, &due))
		return false;
	if (!due)
		return true;
	if (!hm_db_run(db, "BEGIN IMMEDIATE"))
		return false;
	for (size_t i = 0; i < sizeof list_sql / sizeof *list_sql; i++)
		if (!hm_db_run_for(db, list_sql[i], now))
			return false;
	return hm_db_run(db, "COMMIT");
}
