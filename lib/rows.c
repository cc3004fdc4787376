#include "rows.h"

#include <stdlib.h>

#include "tables.h"
#include "timefmt.h"

#define TEXT_MAX ((size_t)1024)

/* Parameters of every statement for a reading; the fields follow. */
enum { TIME = 1, DTU, SERIAL, STALE, PORT, FIRST_FIELD };

struct table_rows {
	const struct hm_table *table;
	sqlite3_stmt *raw, *latest;
};

struct hm_rows {
	sqlite3 *handle;
	struct table_rows readings[HM_TABLES];
	sqlite3_stmt *event[5]; /* in the order of `events` */
	char data[HM_LINE_MAX]; /* members that are kept as JSON */
};

/* Binding */

/* What cannot be told from escapes is longer than any text that we know. */
static void
bind_text(sqlite3_stmt *s, int column, struct hm_slice text)
{
	char buf[TEXT_MAX];
	size_t n;

	if (memchr(text.p, '\\', text.n) == NULL)
		hm_db_bind_slice(s, column, text);
	else if (hm_string_decode(text, buf, sizeof buf, &n))
		sqlite3_bind_text(s, column, buf, (int)n, SQLITE_TRANSIENT);
}

static void
bind_moment(sqlite3_stmt *s, int column, struct hm_slice text)
{
	int64_t seconds;

	if (hm_time_parse(text, &seconds))
		sqlite3_bind_int64(s, column, seconds);
}

/*
 * Exact for all that fits into 15 digits: both numbers are, and a division is
 * rounded once.
 */
static void
bind_number(sqlite3_stmt *s, int column, struct hm_slice text)
{
	struct hm_dec number;
	int64_t units;
	double tens = 1;

	if (!hm_dec_parse(text, &number))
		return;
	if (hm_dec_rescale(number, 0, &units)) {
		sqlite3_bind_int64(s, column, units);
		return;
	}
	for (unsigned i = 0; i < number.scale; i++)
		tens *= 10;
	sqlite3_bind_double(s, column, (double)number.units / tens);
}

/* A value of another kind than its field has is left out. */
static void
bind_value(sqlite3_stmt *s, int column, const struct hm_value *value,
    enum hm_field_kind kind)
{
	bool text = kind == HM_LABEL || kind == HM_MOMENT;

	if (kind == HM_FLAG && (value->kind == HM_TRUE ||
	    value->kind == HM_FALSE))
		sqlite3_bind_int(s, column, value->kind == HM_TRUE);
	else if (kind == HM_LABEL && value->kind == HM_STRING)
		bind_text(s, column, value->text);
	else if (kind == HM_MOMENT && value->kind == HM_STRING)
		bind_moment(s, column, value->text);
	else if (kind != HM_FLAG && !text && value->kind == HM_NUMBER)
		bind_number(s, column, value->text);
}

/* The value under `key`, as the kind of a field. */
static void
bind_key(sqlite3_stmt *s, int column, const struct hm_record *record,
    const char *key, enum hm_field_kind kind)
{
	bind_value(s, column, hm_record_get(record, key), kind);
}

static bool
step(struct hm_rows *rows, sqlite3_stmt *s, enum hm_row *row)
{
	bool good = hm_db_step(s);

	*row = !good ? HM_ROW_FAILED : sqlite3_changes(rows->handle) > 0 ?
	    HM_ROW_NEW : HM_ROW_KNOWN;
	return good;
}

/* Readings */

/* Call for each field of a table with the number of its parameter. */
#define EACH_FIELD(table, i, column) \
	for (size_t i = 0, column = FIRST_FIELD; i < HM_FIELDS; \
	    column += (hm_fields[i++].scopes & (table)->scope) != 0) \
		if ((hm_fields[i].scopes & (table)->scope) != 0)

static void
add_columns(struct hm_sql *sql, const struct hm_table *table,
    const char *first)
{
	hm_sql_add(sql, "(%sdtu, serial, stale", first);
	if (table->has_port)
		hm_sql_add(sql, ", port");
	EACH_FIELD(table, i, column)
		hm_sql_add(sql, ", %s", hm_fields[i].key);
	hm_sql_add(sql, ") VALUES (");
}

static void
add_values(struct hm_sql *sql, const struct hm_table *table)
{
	hm_sql_add(sql, "?%d, ?%d, ?%d", DTU, SERIAL, STALE);
	if (table->has_port)
		hm_sql_add(sql, ", ?%d", PORT);
	EACH_FIELD(table, i, column)
		hm_sql_add(sql, ", ?%zu", column);
	hm_sql_add(sql, ")");
}

static bool
prepare_raw(struct hm_db *db, struct table_rows *rows)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT OR IGNORE INTO %s ", rows->table->name);
	add_columns(&sql, rows->table, "time, ");
	hm_sql_add(&sql, "?%d, ", TIME);
	add_values(&sql, rows->table);
	return hm_db_prepare(db, hm_sql_text(&sql), &rows->raw);
}

static bool
prepare_latest(struct hm_db *db, struct table_rows *rows)
{
	const struct hm_table *table = rows->table;
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT OR IGNORE INTO %s_latest ", table->name);
	add_columns(&sql, table, "time, first_seen, ");
	hm_sql_add(&sql, "?%d, ?%d, ", TIME, TIME);
	add_values(&sql, table);
	hm_sql_add(&sql, " ON CONFLICT (%s) DO UPDATE SET "
	    "time = excluded.time, serial = excluded.serial, "
	    "stale = excluded.stale", table->device);
	EACH_FIELD(table, i, column)
		hm_sql_add(&sql, ", %s = excluded.%s", hm_fields[i].key,
		    hm_fields[i].key);
	hm_sql_add(&sql, " WHERE excluded.time >= time");
	return hm_db_prepare(db, hm_sql_text(&sql), &rows->latest);
}

/*
 * The field of a key and its column. Records have their fields in the order
 * of the table, so the search begins behind the last one found.
 */
static bool
find_column(const struct hm_table *table, struct hm_slice key, size_t *field,
    int *column)
{
	size_t from = *field;
	int at = *column;

	for (size_t n = 0; n < HM_FIELDS; n++) {
		if (from == HM_FIELDS) {
			from = 0;
			at = FIRST_FIELD;
		}
		if ((hm_fields[from].scopes & table->scope) != 0) {
			if (hm_slice_is(key, hm_fields[from].key)) {
				*field = from;
				*column = at;
				return true;
			}
			at++;
		}
		from++;
	}
	return false;
}

static void
bind_reading(sqlite3_stmt *s, const struct hm_table *table,
    const struct hm_record *record, int64_t time)
{
	size_t field = 0;
	int column = FIRST_FIELD;

	sqlite3_clear_bindings(s);
	sqlite3_bind_int64(s, TIME, time);
	bind_key(s, DTU, record, "dtu", HM_LABEL);
	bind_key(s, SERIAL, record, "serial", HM_LABEL);
	if (table->has_port)
		bind_key(s, PORT, record, "port", HM_CODE);
	if (hm_record_get(record, "stale")->kind == HM_TRUE)
		sqlite3_bind_int(s, STALE, 1);
	for (size_t i = 0; i < record->count; i++)
		if (find_column(table, record->member[i].key, &field,
		    &column))
			bind_value(s, column, &record->member[i].value,
			    hm_fields[field].kind);
}

static enum hm_row
put_reading(struct hm_rows *rows, const struct table_rows *of,
    const struct hm_record *record, int64_t time)
{
	enum hm_row row, latest;

	bind_reading(of->raw, of->table, record, time);
	if (!step(rows, of->raw, &row) || row == HM_ROW_KNOWN)
		return row;
	bind_reading(of->latest, of->table, record, time);
	return step(rows, of->latest, &latest) ? row : latest;
}

/* Events */

/* All members but the keys that have columns, as JSON. */
static void
bind_data(struct hm_rows *rows, sqlite3_stmt *s, int column,
    const struct hm_record *record, const char *const *columns)
{
	struct hm_slice data = {"{}", 2};
	struct hm_emit e;

	hm_emit_start(&e, rows->data, sizeof rows->data);
	hm_emit_object(&e, NULL);
	for (size_t i = 0; i < record->count; i++) {
		const struct hm_member *member = &record->member[i];
		const char *const *key = columns;

		while (*key != NULL && !hm_slice_is(member->key, *key))
			key++;
		if (*key == NULL)
			hm_emit_member(&e, member);
	}
	hm_emit_object_end(&e);
	hm_emit_done(&e, &data);
	hm_db_bind_slice(s, column, data);
}

static void
put_alarm(struct hm_rows *rows, sqlite3_stmt *s,
    const struct hm_record *record)
{
	(void)rows;
	bind_key(s, 2, record, "dtu", HM_LABEL);
	bind_key(s, 3, record, "serial", HM_LABEL);
	bind_key(s, 4, record, "port", HM_CODE);
	bind_key(s, 5, record, "code", HM_CODE);
	bind_key(s, 6, record, "alert", HM_LABEL);
	bind_key(s, 7, record, "text", HM_LABEL);
	bind_key(s, 8, record, "count", HM_CODE);
	bind_key(s, 9, record, "start", HM_MOMENT);
	bind_key(s, 10, record, "end", HM_MOMENT);
}

static void
put_status(struct hm_rows *rows, sqlite3_stmt *s,
    const struct hm_record *record)
{
	(void)rows;
	bind_key(s, 2, record, "dtu", HM_LABEL);
	bind_key(s, 3, record, "state", HM_LABEL);
	bind_key(s, 4, record, "breaker", HM_LABEL);
	bind_key(s, 5, record, "failures", HM_CODE);
	bind_key(s, 6, record, "error", HM_LABEL);
	bind_key(s, 7, record, "text", HM_LABEL);
	bind_key(s, 8, record, "hint", HM_LABEL);
	bind_key(s, 9, record, "retry_at", HM_MOMENT);
}

static void
put_info(struct hm_rows *rows, sqlite3_stmt *s,
    const struct hm_record *record)
{
	static const char *const columns[] = {
	    "type", "time", "dtu", "serial", NULL};

	bind_key(s, 2, record, "dtu", HM_LABEL);
	bind_key(s, 3, record, "serial", HM_LABEL);
	bind_data(rows, s, 4, record, columns);
}

static void
put_history(struct hm_rows *rows, sqlite3_stmt *s,
    const struct hm_record *record)
{
	static const char *const columns[] = {
	    "type", "time", "dtu", "serial", "start", "package", NULL};

	bind_key(s, 2, record, "dtu", HM_LABEL);
	bind_key(s, 3, record, "serial", HM_LABEL);
	bind_key(s, 4, record, "start", HM_MOMENT);
	bind_key(s, 5, record, "package", HM_CODE);
	bind_data(rows, s, 6, record, columns);
}

static void
put_stats(struct hm_rows *rows, sqlite3_stmt *s,
    const struct hm_record *record)
{
	static const char *const columns[] = {"type", "time", "tool", NULL};

	bind_key(s, 2, record, "tool", HM_LABEL);
	bind_data(rows, s, 3, record, columns);
}

/*
 * The first parameter of each is the time. What a record repeats is no new
 * row: alarms come with each list that they are in, states with each poll
 * that fails, and what is known of a device each hour.
 */
static const struct event {
	const char *type, *sql;
	void (*put)(struct hm_rows *rows, sqlite3_stmt *s,
	    const struct hm_record *record);
	const char *keys[5]; /* what it must have */
} events[] = {
    {"alarm", "INSERT OR IGNORE INTO alarm (time, dtu, serial, port, code, alert, "
        "text, count, start, end) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
        "?9, ?10) ON CONFLICT (dtu, coalesce(serial, ''), "
        "coalesce(port, -1), coalesce(code, -1), coalesce(alert, ''), start) "
        "DO UPDATE SET time = excluded.time, end = excluded.end, "
        "count = excluded.count WHERE excluded.time >= time AND "
        "(end IS NOT excluded.end OR count IS NOT excluded.count)",
        put_alarm, {"dtu", "start"}},
    {"status", "INSERT OR IGNORE INTO status SELECT ?1, ?2, ?3, ?4, ?5, ?6, "
        "?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM (SELECT state, breaker, "
        "error FROM status WHERE dtu = ?2 AND time <= ?1 "
        "ORDER BY time DESC LIMIT 1) "
        "WHERE state IS ?3 AND breaker IS ?4 AND error IS ?6)",
        put_status, {"dtu"}},
    {"info", "INSERT OR IGNORE INTO info VALUES (?1, ?2, ?3, ?4)", put_info,
        {"dtu", "serial"}},
    {"history", "INSERT OR IGNORE INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        "ON CONFLICT DO UPDATE SET time = excluded.time, "
        "data = excluded.data WHERE excluded.time >= time AND "
        "data <> excluded.data", put_history,
        {"dtu", "serial", "start", "package"}},
    {"stats", "INSERT OR IGNORE INTO stats VALUES (?1, ?2, ?3)", put_stats,
        {"tool"}},
};

#define EVENTS (sizeof events / sizeof *events)

/* The event of a type, or EVENTS. */
static size_t
event_of(struct hm_slice type)
{
	size_t i = 0;

	while (i < EVENTS && !hm_slice_is(type, events[i].type))
		i++;
	return i;
}

static enum hm_row
put_event(struct hm_rows *rows, size_t event, const struct hm_record *record,
    int64_t time)
{
	sqlite3_stmt *s = rows->event[event];
	enum hm_row row;

	sqlite3_clear_bindings(s);
	sqlite3_bind_int64(s, 1, time);
	events[event].put(rows, s, record);
	step(rows, s, &row);
	return row;
}

/* All records */

bool
hm_rows_takes(struct hm_slice type)
{
	return hm_table_of(type) != NULL || event_of(type) < EVENTS;
}

/* A key that every row of a type has: what is wrong with it, or NULL. */
static const char *
refuse_key(const struct hm_record *record, const char *key)
{
	static const struct {
		const char *key;
		enum hm_kind kind;
		const char *missing;
	} keys[] = {
	    {"dtu", HM_STRING, "no dtu"},
	    {"serial", HM_STRING, "no serial"},
	    {"port", HM_NUMBER, "no port"},
	    {"start", HM_STRING, "no start"},
	    {"package", HM_NUMBER, "no package"},
	    {"tool", HM_STRING, "no tool"},
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i].key, key) == 0 &&
		    hm_record_get(record, key)->kind != keys[i].kind)
			return keys[i].missing;
	return NULL;
}

static const char *
refuse_reading(const struct hm_table *table, const struct hm_record *record)
{
	const char *why = refuse_key(record, "dtu");

	if (why == NULL && table->has_serial)
		why = refuse_key(record, "serial");
	if (why == NULL && table->has_port)
		why = refuse_key(record, "port");
	return why;
}

static bool
read_time(const struct hm_record *record, const char *key, int64_t *time)
{
	struct hm_slice text;

	return hm_record_string(record, key, &text) &&
	    hm_time_parse(text, time);
}

const char *
hm_rows_refuse(const struct hm_record *record)
{
	const struct hm_table *table;
	const char *why = NULL;
	struct hm_slice type;
	int64_t time;
	size_t event;

	if (!hm_record_string(record, "type", &type) || !hm_rows_takes(type))
		return "not a type that is stored";
	if (!read_time(record, "time", &time))
		return "no time like 2026-11-23T10:15:00Z";
	table = hm_table_of(type);
	if (table != NULL)
		return refuse_reading(table, record);
	event = event_of(type);
	for (size_t i = 0; events[event].keys[i] != NULL && why == NULL; i++)
		why = refuse_key(record, events[event].keys[i]);
	return why;
}

enum hm_row
hm_rows_put(struct hm_rows *rows, const struct hm_record *record,
    int64_t *reading)
{
	const struct hm_table *table;
	struct hm_slice type;
	enum hm_row row;
	int64_t time;

	if (!hm_record_string(record, "type", &type) ||
	    !read_time(record, "time", &time))
		return HM_ROW_KNOWN;
	table = hm_table_of(type);
	if (table == NULL)
		return put_event(rows, event_of(type), record, time);
	row = put_reading(rows, &rows->readings[table - hm_tables], record,
	    time);
	if (row == HM_ROW_NEW)
		*reading = time;
	return row;
}

/* Setting up */

struct hm_rows *
hm_rows_new(void)
{
	struct hm_rows *rows = calloc(1, sizeof *rows);

	for (size_t i = 0; rows != NULL && i < HM_TABLES; i++)
		rows->readings[i].table = &hm_tables[i];
	return rows;
}

void
hm_rows_free(struct hm_rows *rows)
{
	free(rows);
}

bool
hm_rows_prepare(struct hm_rows *rows, struct hm_db *db)
{
	rows->handle = db->handle;
	for (size_t i = 0; i < HM_TABLES; i++)
		if (!prepare_raw(db, &rows->readings[i]) ||
		    !prepare_latest(db, &rows->readings[i]))
			return false;
	for (size_t i = 0; i < EVENTS; i++)
		if (!hm_db_prepare(db, events[i].sql, &rows->event[i]))
			return false;
	return true;
}

void
hm_rows_finish(struct hm_rows *rows)
{
	for (size_t i = 0; i < HM_TABLES; i++) {
		sqlite3_finalize(rows->readings[i].raw);
		sqlite3_finalize(rows->readings[i].latest);
		rows->readings[i].raw = rows->readings[i].latest = NULL;
	}
	for (size_t i = 0; i < EVENTS; i++) {
		sqlite3_finalize(rows->event[i]);
		rows->event[i] = NULL;
	}
}
