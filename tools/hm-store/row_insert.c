#include "row_insert.h"

#include <stdlib.h>

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "db/reading_tables.h"
#include "db/sql.h"
#include "known_serials.h"
#include "record/device_map.h"
#include "record/record.h"
#include "record/types.h"

#define TEXT_MAX ((size_t)1024)
#define NOON 43200

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
	struct hm_known_serials known;
	struct hm_record record;
	sqlite3_stmt *event[7]; /* in the order of `events` */
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
	if (row->type->has_serial && !row->type->has_port)
		hm_known_serials_see(&rows->known, device.dtu, device.serial);
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

/* A member with a column of its own. */
struct column {
	const char *key;
	enum hm_field_kind kind;
};

#define COLUMNS_MAX ((size_t)9)

/*
 * The parameters of each statement are the time, the columns and the data, if
 * any. A repeated record adds no row: alarms are repeated with each list of
 * alarms, states with each failed poll, device information each hour. A list
 * ends the alarms that it lacks. If a probe of the breaker and its result have
 * the same second, the result is stored.
 */
static const struct event {
	const char *type, *sql;
	bool has_data; /* the other members, as JSON */
	struct column columns[COLUMNS_MAX + 1]; /* ended by no key */
} events[] = {
    {"alarm", "INSERT OR IGNORE INTO alarm (time, dtu, serial, port, code, "
        "alert, text, count, start, end) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
        "ON CONFLICT (dtu, coalesce(serial, ''), "
        "coalesce(port, -1), coalesce(code, -1), coalesce(alert, ''), start) "
        "DO UPDATE SET time = excluded.time, end = excluded.end, "
        "count = excluded.count WHERE excluded.time >= time AND "
        "(end IS NOT excluded.end OR count IS NOT excluded.count)", false,
        {{"dtu", HM_LABEL}, {"serial", HM_LABEL}, {"port", HM_CODE},
        {"code", HM_CODE}, {"alert", HM_LABEL}, {"text", HM_LABEL},
        {"count", HM_CODE}, {"start", HM_MOMENT}, {"end", HM_MOMENT}}},
    {"alarms", "UPDATE alarm SET end = ?1, time = ?1 WHERE dtu = ?2 AND "
        "code IS NOT NULL AND end IS NULL AND time < ?1 AND NOT EXISTS "
        "(SELECT 1 FROM json_each(?3, '$.lasting') WHERE "
        "json_extract(value, '$.serial') IS serial AND "
        "json_extract(value, '$.code') = code AND "
        "unixepoch(json_extract(value, '$.start')) = start)", true,
        {{"dtu", HM_LABEL}}},
    {"status", "INSERT OR IGNORE INTO status SELECT ?1, ?2, ?3, ?4, ?5, ?6, "
        "?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM (SELECT state, breaker, "
        "error FROM status WHERE dtu = ?2 AND time <= ?1 "
        "ORDER BY time DESC LIMIT 1) "
        "WHERE state IS ?3 AND breaker IS ?4 AND error IS ?6) "
        "ON CONFLICT DO UPDATE SET state = ?3, breaker = ?4, failures = ?5, "
        "error = ?6, text = ?7, hint = ?8, retry_at = ?9", false,
        {{"dtu", HM_LABEL}, {"state", HM_LABEL}, {"breaker", HM_LABEL},
        {"failures", HM_CODE}, {"error", HM_LABEL}, {"text", HM_LABEL},
        {"hint", HM_LABEL}, {"retry_at", HM_MOMENT}}},
    {"info", "INSERT OR IGNORE INTO info (time, dtu, serial, data) "
        "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET "
        "time = excluded.time WHERE excluded.time < time", true,
        {{"dtu", HM_LABEL}, {"serial", HM_LABEL}}},
    {"history", "INSERT OR IGNORE INTO history (time, dtu, serial, start, "
        "package, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        "ON CONFLICT DO UPDATE SET time = excluded.time, "
        "data = excluded.data WHERE excluded.time >= time AND "
        "data <> excluded.data", true,
        {{"dtu", HM_LABEL}, {"serial", HM_LABEL}, {"start", HM_MOMENT},
        {"package", HM_CODE}}},
    {"energies", "INSERT OR IGNORE INTO past_days (dtu, serial, moment, "
        "energy, time) SELECT ?2, ?3, hm_noon(unixepoch(json_extract("
        "value, '$.time'))) AS moment, "
        "json_extract(value, '$.energy') AS energy, ?1 "
        "FROM json_each(?4, '$.days') WHERE moment NOT NULL "
        "AND typeof(energy) = 'integer' AND energy >= 0 "
        "ON CONFLICT DO UPDATE SET time = excluded.time, "
        "energy = excluded.energy WHERE excluded.time >= time AND "
        "energy <> excluded.energy", true,
        {{"dtu", HM_LABEL}, {"serial", HM_LABEL}}},
    {"stats", "INSERT OR IGNORE INTO stats VALUES (?1, ?2, ?3)", true,
        {{"tool", HM_LABEL}}},
};

#define EVENTS (sizeof events / sizeof *events)

/* A text that does not fit is too long to be stored. */
static void
bind_text(sqlite3_stmt *s, int column, struct hm_slice text)
{
	char buf[TEXT_MAX];
	size_t n;

	if (hm_string_decode(text, buf, sizeof buf, &n))
		sqlite3_bind_text(s, column, buf, (int)n, SQLITE_TRANSIENT);
}

/* Bind the value of a column's key, if it has the kind. */
static void
bind_column(sqlite3_stmt *s, int parameter, const struct hm_record *record,
    const struct column *column)
{
	struct hm_slice text;
	int64_t number;

	if (column->kind == HM_CODE) {
		if (hm_record_int(record, column->key, &number))
			sqlite3_bind_int64(s, parameter, number);
	} else if (hm_record_string(record, column->key, &text)) {
		if (column->kind == HM_LABEL)
			bind_text(s, parameter, text);
		else if (hm_rfc3339_parse(text, &number))
			sqlite3_bind_int64(s, parameter, number);
	}
}

static bool
has_column(const struct event *event, struct hm_slice key)
{
	for (const struct column *c = event->columns; c->key != NULL; c++)
		if (hm_slice_is(key, c->key))
			return true;
	return hm_slice_is(key, "type") || hm_slice_is(key, "time");
}

/* Bind all members without a column of their own, as JSON. */
static void
bind_data(struct hm_row_insert *rows, sqlite3_stmt *s, int parameter,
    const struct event *event)
{
	const struct hm_record *record = &rows->record;
	struct hm_slice data = {"{}", 2};
	struct hm_json e;

	hm_json_start(&e, rows->data, sizeof rows->data);
	hm_json_object(&e, NULL);
	for (size_t i = 0; i < record->count; i++)
		if (!has_column(event, record->member[i].key))
			hm_json_member(&e, &record->member[i]);
	hm_json_object_end(&e);
	hm_json_done(&e, &data);
	hm_db_bind_slice(s, parameter, data);
}

static void
bind_event(struct hm_row_insert *rows, sqlite3_stmt *s,
    const struct event *event, int64_t time)
{
	int parameter = 1;

	sqlite3_clear_bindings(s);
	sqlite3_bind_int64(s, parameter++, time);
	for (const struct column *c = event->columns; c->key != NULL; c++)
		bind_column(s, parameter++, &rows->record, c);
	if (event->has_data)
		bind_data(rows, s, parameter, event);
}

/* A new part of a power curve may fill hours of its day, up to its time. */
static void
read_start(const struct hm_record *record, struct hm_slice type, int64_t time,
    int64_t *start)
{
	struct hm_slice text;
	int64_t seconds;

	if (hm_slice_is(type, "history") &&
	    hm_record_string(record, "start", &text) &&
	    hm_rfc3339_parse(text, &seconds) && seconds <= time)
		*start = seconds;
}

/* The record has been encoded before, so it is valid. */
static enum hm_row_fate
put_event(struct hm_row_insert *rows, struct hm_slice line, int64_t *due)
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
			bind_event(rows, rows->event[i], &events[i], seconds);
			step(rows, rows->event[i], &fate);
		}
	if (fate == HM_ROW_NEW)
		read_start(&rows->record, type, seconds, due);
	return fate;
}

enum hm_row_fate
hm_row_insert_put(struct hm_row_insert *rows, struct hm_slice bytes,
    int64_t *due)
{
	enum hm_row_fate fate;
	struct hm_row row;

	hm_row_read(bytes, &row);
	if (row.type == NULL)
		return put_event(rows, row.rest, due);
	fate = insert_reading(rows, &row);
	if (fate == HM_ROW_NEW)
		*due = row.time;
	return fate;
}

/* Setting up */

/* hm_noon(moment) in statements: noon of its local date */
static void
sql_noon(sqlite3_context *context, int count, sqlite3_value **value)
{
	int64_t noon = sqlite3_value_int64(value[0]);

	(void)count;
	if (sqlite3_value_type(value[0]) == SQLITE_NULL)
		return;
	/* Twice, since clocks may have changed between the moment and noon. */
	for (int i = 0; i < 2; i++)
		noon += NOON - hm_zone_local(noon).second;
	sqlite3_result_int64(context, noon);
}

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
	hm_known_serials_init(&rows->known);
	return rows;
}

void
hm_row_insert_free(struct hm_row_insert *rows)
{
	if (rows != NULL) {
		hm_row_insert_begin(rows);
		hm_known_serials_clear(&rows->known);
	}
	free(rows);
}

bool
hm_row_insert_prepare(struct hm_row_insert *rows, struct hm_db *db)
{
	rows->handle = db->handle;
	if (sqlite3_create_function(db->handle, "hm_noon", 1, SQLITE_UTF8 |
	    SQLITE_DETERMINISTIC, NULL, sql_noon, NULL, NULL) != SQLITE_OK)
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (!prepare_raw(db, &rows->readings[i]) ||
		    !prepare_latest(db, &rows->readings[i]))
			return false;
	for (size_t i = 0; i < EVENTS; i++)
		if (!hm_db_prepare(db, events[i].sql, &rows->event[i]))
			return false;
	return hm_known_serials_load(&rows->known, db);
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
