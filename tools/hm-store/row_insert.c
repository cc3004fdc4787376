#include "row_insert.h"

#include <stdlib.h>

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "db/reading_tables.h"
#include "db/sql.h"
#include "record/device_map.h"
#include "record/record.h"
#include "record/types.h"

#define TEXT_MAX ((size_t)1024)

/*
 * The readings of a device in a batch: only the last becomes a row of _latest.
 */
struct newest {
	struct hm_device_key key; /* its number is the port */
	int64_t first, last; /* times of the readings */
	struct hm_slice values; /* of the last */
};

struct table_rows {
	struct hm_row_columns columns;
	sqlite3_stmt *raw, *latest;
	struct hm_device_map newest; /* in this transaction */
};

/* The key of a device; parts that its table lacks are empty, or 0. */
struct device {
	struct hm_slice dtu, serial;
	int64_t port;
};

struct hm_row_insert {
	sqlite3 *handle;
	struct table_rows readings[HM_SCOPES];
	struct hm_record record;
	sqlite3_stmt *event[5]; /* in the order of `events` */
	char data[HM_LINE_MAX]; /* members that are stored as JSON */
};

static bool
step(struct hm_row_insert *rows, sqlite3_stmt *s, enum hm_row_fate *fate)
{
	bool good = hm_db_step(s);

	*fate = !good ? HM_ROW_FAILED : sqlite3_changes(rows->handle) > 0 ?
	    HM_ROW_NEW : HM_ROW_KNOWN;
	return good;
}

/* Readings */

/* "(NAME, ... KEY, ...) VALUES (?, ... ?PARAMETER, ...)" */
static void
add_values(struct hm_sql *sql, const struct hm_row_columns *c,
    const char *names, const char *values)
{
	hm_sql_add(sql, "(%s", names);
	for (size_t i = 0; i < c->count; i++)
		hm_sql_add(sql, ", %s", c->column[i].key.p);
	hm_sql_add(sql, ") VALUES (%s", values);
	for (size_t i = 0; i < c->count; i++)
		hm_sql_add(sql, ", ?%d", c->column[i].parameter);
	hm_sql_add(sql, ")");
}

static bool
prepare_raw(struct hm_db *db, struct table_rows *t)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT OR IGNORE INTO %s ", t->columns.type->name);
	add_values(&sql, &t->columns, "time", "?1");
	return hm_db_prepare(db, hm_sql_text(&sql), &t->raw);
}

static bool
prepare_latest(struct hm_db *db, struct table_rows *t)
{
	const struct hm_row_columns *c = &t->columns;
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT OR IGNORE INTO %s_latest ", c->type->name);
	add_values(&sql, c, "time, first_seen", "?1, ?2");
	hm_sql_add(&sql, " ON CONFLICT (%s) DO UPDATE SET "
	    "time = max(time, excluded.time), "
	    "first_seen = min(first_seen, excluded.first_seen)",
	    c->type->keys);
	for (size_t i = 0; i < c->count; i++)
		hm_sql_add(&sql, ", %s = iif(excluded.time >= time, "
		    "excluded.%s, %s)", c->column[i].key.p,
		    c->column[i].key.p, c->column[i].key.p);
	hm_sql_add(&sql, " WHERE excluded.time >= time OR "
	    "excluded.first_seen < first_seen");
	return hm_db_prepare(db, hm_sql_text(&sql), &t->latest);
}

static void
bind_one(sqlite3_stmt *s, const struct hm_row_value *value)
{
	switch (value->form) {
	case HM_ROW_INTEGER:
		sqlite3_bind_int64(s, value->parameter, value->integer);
		break;
	case HM_ROW_REAL:
		sqlite3_bind_double(s, value->parameter, value->real);
		break;
	case HM_ROW_TEXT:
		hm_db_bind_slice(s, value->parameter, value->text);
		break;
	case HM_ROW_FORMS:
		break;
	}
}

/* The device is filled in from the values. */
static void
bind_reading(sqlite3_stmt *s, const struct hm_reading_type *type,
    int64_t time, struct hm_slice values, struct device *device)
{
	struct hm_row_value value;

	sqlite3_clear_bindings(s);
	sqlite3_bind_int64(s, HM_ROW_TIME, time);
	while (hm_row_next(&values, &value)) {
		bind_one(s, &value);
		if (value.parameter == HM_ROW_DTU)
			device->dtu = value.text;
		else if (value.parameter == HM_ROW_SERIAL && type->has_serial)
			device->serial = value.text;
		else if (value.parameter == HM_ROW_OWN && type->has_port)
			device->port = value.integer;
	}
}

static bool
note(struct hm_device_map *map, const struct device *device,
    const struct hm_row *row)
{
	struct hm_dtu_key *dtu = hm_device_map_dtu(map, device->dtu);
	struct newest *newest = dtu == NULL ? NULL : hm_device_map_device(map,
	    dtu, device->serial, device->port);

	if (newest == NULL)
		return false;
	if (newest->values.p == NULL || row->time < newest->first)
		newest->first = row->time;
	if (newest->values.p != NULL && row->time < newest->last)
		return true;
	newest->last = row->time;
	newest->values = row->rest;
	return true;
}

static enum hm_row_fate
insert_reading(struct hm_row_insert *rows, const struct hm_row *row)
{
	struct table_rows *t = &rows->readings[row->type->scope];
	struct device device = {.port = 0};
	enum hm_row_fate fate;

	bind_reading(t->raw, row->type, row->time, row->rest, &device);
	if (!step(rows, t->raw, &fate) || fate == HM_ROW_KNOWN)
		return fate;
	return note(&t->newest, &device, row) ? fate : HM_ROW_FAILED;
}

static bool
put_latest(const struct table_rows *t, const struct newest *newest)
{
	struct device device;

	bind_reading(t->latest, t->columns.type, newest->last, newest->values,
	    &device);
	sqlite3_bind_int64(t->latest, HM_ROW_FIRST_SEEN, newest->first);
	return hm_db_step(t->latest);
}

static bool
put_all_latest(const struct table_rows *t)
{
	const struct hm_dtu_key *dtu = hm_device_map_first(&t->newest);

	for (; dtu != NULL; dtu = hm_dtu_next(dtu)) {
		const struct newest *newest = hm_dtu_first_device(dtu);

		for (; newest != NULL; newest = hm_device_next(&newest->key))
			if (!put_latest(t, newest))
				return false;
	}
	return true;
}

bool
hm_row_insert_end(struct hm_row_insert *rows)
{
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (!put_all_latest(&rows->readings[i]))
			return false;
	return true;
}

void
hm_row_insert_begin(struct hm_row_insert *rows)
{
	for (size_t i = 0; i < HM_SCOPES; i++)
		hm_device_map_clear(&rows->readings[i].newest);
}

/* Events */

/* A text that does not fit is too long to be stored. */
static void
bind_text(sqlite3_stmt *s, int column, struct hm_slice text)
{
	char buf[TEXT_MAX];
	size_t n;

	if (hm_string_decode(text, buf, sizeof buf, &n))
		sqlite3_bind_text(s, column, buf, (int)n, SQLITE_TRANSIENT);
}

/* Bind the value of a key, if it has the kind. */
static void
bind_key(sqlite3_stmt *s, int column, const struct hm_record *record,
    const char *key, enum hm_field_kind kind)
{
	struct hm_slice text;
	int64_t number;

	if (kind == HM_CODE) {
		if (hm_record_int(record, key, &number))
			sqlite3_bind_int64(s, column, number);
	} else if (hm_record_string(record, key, &text)) {
		if (kind == HM_LABEL)
			bind_text(s, column, text);
		else if (hm_rfc3339_parse(text, &number))
			sqlite3_bind_int64(s, column, number);
	}
}

/* Bind all members without a column of their own, as JSON. */
static void
bind_data(struct hm_row_insert *rows, sqlite3_stmt *s, int column,
    const struct hm_record *record, const char *const *columns)
{
	struct hm_slice data = {"{}", 2};
	struct hm_json e;

	hm_json_start(&e, rows->data, sizeof rows->data);
	hm_json_object(&e, NULL);
	for (size_t i = 0; i < record->count; i++) {
		const struct hm_member *member = &record->member[i];
		const char *const *key = columns;

		while (*key != NULL && !hm_slice_is(member->key, *key))
			key++;
		if (*key == NULL)
			hm_json_member(&e, member);
	}
	hm_json_object_end(&e);
	hm_json_done(&e, &data);
	hm_db_bind_slice(s, column, data);
}

static void
put_alarm(struct hm_row_insert *rows, sqlite3_stmt *s,
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
put_status(struct hm_row_insert *rows, sqlite3_stmt *s,
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
put_info(struct hm_row_insert *rows, sqlite3_stmt *s,
    const struct hm_record *record)
{
	static const char *const columns[] = {
	    "type", "time", "dtu", "serial", NULL};

	bind_key(s, 2, record, "dtu", HM_LABEL);
	bind_key(s, 3, record, "serial", HM_LABEL);
	bind_data(rows, s, 4, record, columns);
}

static void
put_history(struct hm_row_insert *rows, sqlite3_stmt *s,
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
put_stats(struct hm_row_insert *rows, sqlite3_stmt *s,
    const struct hm_record *record)
{
	static const char *const columns[] = {"type", "time", "tool", NULL};

	bind_key(s, 2, record, "tool", HM_LABEL);
	bind_data(rows, s, 3, record, columns);
}

/*
 * The first parameter of each statement is the time. A repeated record adds no
 * row: alarms are repeated with each list of alarms, states with each failed
 * poll, device information each hour. If a probe of the breaker and its result
 * have the same second, the result is stored.
 */
static const struct event {
	const char *type, *sql;
	void (*put)(struct hm_row_insert *rows, sqlite3_stmt *s,
	    const struct hm_record *record);
} events[] = {
    {"alarm", "INSERT OR IGNORE INTO alarm (time, dtu, serial, port, code, "
        "alert, text, count, start, end) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
        "ON CONFLICT (dtu, coalesce(serial, ''), "
        "coalesce(port, -1), coalesce(code, -1), coalesce(alert, ''), start) "
        "DO UPDATE SET time = excluded.time, end = excluded.end, "
        "count = excluded.count WHERE excluded.time >= time AND "
        "(end IS NOT excluded.end OR count IS NOT excluded.count)",
        put_alarm},
    {"status", "INSERT OR IGNORE INTO status SELECT ?1, ?2, ?3, ?4, ?5, ?6, "
        "?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM (SELECT state, breaker, "
        "error FROM status WHERE dtu = ?2 AND time <= ?1 "
        "ORDER BY time DESC LIMIT 1) "
        "WHERE state IS ?3 AND breaker IS ?4 AND error IS ?6) "
        "ON CONFLICT DO UPDATE SET state = ?3, breaker = ?4, failures = ?5, "
        "error = ?6, text = ?7, hint = ?8, retry_at = ?9", put_status},
    {"info", "INSERT OR IGNORE INTO info (time, dtu, serial, data) "
        "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET "
        "time = excluded.time WHERE excluded.time < time", put_info},
    {"history", "INSERT OR IGNORE INTO history (time, dtu, serial, start, "
        "package, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        "ON CONFLICT DO UPDATE SET time = excluded.time, "
        "data = excluded.data WHERE excluded.time >= time AND "
        "data <> excluded.data", put_history},
    {"stats", "INSERT OR IGNORE INTO stats VALUES (?1, ?2, ?3)", put_stats},
};

#define EVENTS (sizeof events / sizeof *events)

/* The record has been encoded before, so it is valid. */
static enum hm_row_fate
put_event(struct hm_row_insert *rows, struct hm_slice line)
{
	enum hm_row_fate fate = HM_ROW_KNOWN;
	struct hm_slice type, time;
	struct hm_fault fault;
	int64_t seconds;

	if (!hm_record_parse(&rows->record, line, &fault) ||
	    !hm_record_string(&rows->record, "type", &type) ||
	    !hm_record_string(&rows->record, "time", &time) ||
	    !hm_rfc3339_parse(time, &seconds))
		return HM_ROW_KNOWN;
	for (size_t i = 0; i < EVENTS; i++)
		if (hm_slice_is(type, events[i].type)) {
			sqlite3_clear_bindings(rows->event[i]);
			sqlite3_bind_int64(rows->event[i], 1, seconds);
			events[i].put(rows, rows->event[i], &rows->record);
			step(rows, rows->event[i], &fate);
		}
	return fate;
}

enum hm_row_fate
hm_row_insert_put(struct hm_row_insert *rows, struct hm_slice bytes,
    int64_t *reading)
{
	enum hm_row_fate fate;
	struct hm_row row;

	hm_row_read(bytes, &row);
	if (row.type == NULL)
		return put_event(rows, row.rest);
	fate = insert_reading(rows, &row);
	if (fate == HM_ROW_NEW)
		*reading = row.time;
	return fate;
}

/* Setting up */

struct hm_row_insert *
hm_row_insert_new(void)
{
	const struct hm_device_map_options options = {
	    .device_size = sizeof(struct newest)};
	struct hm_row_insert *rows = calloc(1, sizeof *rows);

	if (rows == NULL)
		return NULL;
	for (size_t i = 0; i < HM_SCOPES; i++) {
		hm_row_columns(&rows->readings[i].columns,
		    &hm_reading_types[i]);
		hm_device_map_init(&rows->readings[i].newest, &options);
	}
	return rows;
}

void
hm_row_insert_free(struct hm_row_insert *rows)
{
	if (rows != NULL)
		hm_row_insert_begin(rows);
	free(rows);
}

bool
hm_row_insert_prepare(struct hm_row_insert *rows, struct hm_db *db)
{
	rows->handle = db->handle;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (!prepare_raw(db, &rows->readings[i]) ||
		    !prepare_latest(db, &rows->readings[i]))
			return false;
	for (size_t i = 0; i < EVENTS; i++)
		if (!hm_db_prepare(db, events[i].sql, &rows->event[i]))
			return false;
	return true;
}

void
hm_row_insert_finish(struct hm_row_insert *rows)
{
	for (size_t i = 0; i < HM_SCOPES; i++) {
		sqlite3_finalize(rows->readings[i].raw);
		sqlite3_finalize(rows->readings[i].latest);
		rows->readings[i].raw = rows->readings[i].latest = NULL;
	}
	for (size_t i = 0; i < EVENTS; i++) {
		sqlite3_finalize(rows->event[i]);
		rows->event[i] = NULL;
	}
}
