#include "row_event.h"

#include <stdlib.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "record/command.h"
#include "record/fields.h"
#include "record/record.h"

#define TEXT_MAX ((size_t)1024)
#define NOON 43200

/* A member with a column of its own. */
struct column {
	const char *key;
	enum hm_field_kind kind;
};

#define COLUMNS_MAX ((size_t)10)

/* The number in a result's key: 3 for a final one. */
#define STAGE \
	"CASE ?3 WHEN 'accepted' THEN 1 WHEN 'under_way' THEN 2 ELSE 3 END"
#define UTC "strftime('%Y-%m-%dT%H:%M:%SZ', time, 'unixepoch')"

/*
 * The parameters of each statement are the time, the columns and the data, if
 * any. A repeated record adds no row: alarms are repeated with each list of
 * alarms, states with each failed poll, device information each hour. A list
 * ends the alarms that it lacks. If a probe of the breaker and its result have
 * the same second, the result is stored. A refused command must not hide the
 * order with its id that was carried out, whichever result comes first.
 */
static const struct event {
	const char *type, *sql;
	bool has_data; /* the other members, as JSON */
	struct column columns[COLUMNS_MAX + 1]; /* ended by no key */
	bool pruned;   /* retention may remove its rows */
	/* Names the row because of which another record is not stored; NULL:
	   there is never one. */
	const char *rival;
} events[] = {
    {"alarm", "INSERT OR IGNORE INTO alarm (time, dtu, serial, port, code, "
        "alert, text, count, start, end) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
        "ON CONFLICT (dtu, coalesce(serial, ''), "
        "coalesce(port, -1), coalesce(code, -1), coalesce(alert, ''), start) "
        "DO UPDATE SET time = excluded.time, end = excluded.end, "
        "count = excluded.count WHERE excluded.time >= time AND "
        "(end IS NOT excluded.end OR count IS NOT excluded.count)", false,
        .columns = {{"dtu", HM_LABEL}, {"serial", HM_LABEL}, {"port", HM_CODE},
        {"code", HM_CODE}, {"alert", HM_LABEL}, {"text", HM_LABEL},
        {"count", HM_CODE}, {"start", HM_MOMENT}, {"end", HM_MOMENT}}},
    {"alarms", "UPDATE alarm SET end = ?1, time = ?1 WHERE dtu = ?2 AND "
        "code IS NOT NULL AND end IS NULL AND time < ?1 AND NOT EXISTS "
        "(SELECT 1 FROM json_each(?3, '$.lasting') WHERE "
        "json_extract(value, '$.serial') IS serial AND "
        "json_extract(value, '$.code') = code AND "
        "unixepoch(json_extract(value, '$.start')) = start)", true,
        .columns = {{"dtu", HM_LABEL}}},
    {"status", "INSERT OR IGNORE INTO status SELECT ?1, ?2, ?3, ?4, ?5, ?6, "
        "?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM (SELECT state, breaker, "
        "error FROM status WHERE dtu = ?2 AND time <= ?1 "
        "ORDER BY time DESC LIMIT 1) "
        "WHERE state IS ?3 AND breaker IS ?4 AND error IS ?6) "
        "ON CONFLICT DO UPDATE SET state = ?3, breaker = ?4, failures = ?5, "
        "error = ?6, text = ?7, hint = ?8, retry_at = ?9", false,
        .columns = {{"dtu", HM_LABEL}, {"state", HM_LABEL},
        {"breaker", HM_LABEL}, {"failures", HM_CODE}, {"error", HM_LABEL},
        {"text", HM_LABEL}, {"hint", HM_LABEL}, {"retry_at", HM_MOMENT}}},
    {"info", "INSERT OR IGNORE INTO info (time, dtu, serial, data) "
        "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET "
        "time = excluded.time WHERE excluded.time < time", true,
        .columns = {{"dtu", HM_LABEL}, {"serial", HM_LABEL}}},
    {"history", "INSERT OR IGNORE INTO history (time, dtu, serial, start, "
        "package, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        "ON CONFLICT DO UPDATE SET time = excluded.time, "
        "data = excluded.data WHERE excluded.time >= time AND "
        "data <> excluded.data", true,
        .columns = {{"dtu", HM_LABEL}, {"serial", HM_LABEL},
        {"start", HM_MOMENT}, {"package", HM_CODE}}},
    {"energies", "INSERT OR IGNORE INTO past_days (dtu, serial, moment, "
        "energy, time) SELECT ?2, ?3, hm_noon(unixepoch(json_extract("
        "value, '$.time'))) AS moment, "
        "json_extract(value, '$.energy') AS energy, ?1 "
        "FROM json_each(?4, '$.days') WHERE moment NOT NULL "
        "AND typeof(energy) = 'integer' AND energy >= 0 "
        "ON CONFLICT DO UPDATE SET time = excluded.time, "
        "energy = excluded.energy WHERE excluded.time >= time AND "
        "energy <> excluded.energy", true,
        .columns = {{"dtu", HM_LABEL}, {"serial", HM_LABEL}}},
    {"stats", "INSERT OR IGNORE INTO stats VALUES (?1, ?2, ?3)", true,
        .columns = {{"tool", HM_LABEL}}, .pruned = true},
    {"command", "INSERT OR IGNORE INTO commands (time, id, dtu, serial, "
        "action, percent, watts, source, data) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", true,
        .columns = {{"id", HM_LABEL}, {"dtu", HM_LABEL}, {"serial", HM_LABEL},
        {"action", HM_LABEL}, {"percent", HM_GAUGE}, {"watts", HM_GAUGE},
        {"from", HM_LABEL}}, .pruned = true,
        .rival = "SELECT 'another one of ' || " UTC " FROM commands "
        "WHERE id = ?2 AND (dtu IS NOT ?3 OR serial IS NOT ?4 OR "
        "action IS NOT ?5 OR percent IS NOT ?6 OR watts IS NOT ?7 OR "
        "time <> ?1)"},
    {"result", "INSERT OR IGNORE INTO results (time, id, stage, state, dtu, "
        "serial, action, error, text, percent, watts, is_on) VALUES (?1, ?2, "
        STAGE ", ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
        "ON CONFLICT DO UPDATE SET time = ?1, state = ?3, dtu = ?4, "
        "serial = ?5, action = ?6, error = ?7, text = ?8, percent = ?9, "
        "watts = ?10, is_on = ?11 "
        "WHERE state = 'refused' AND ?3 <> 'refused'", false,
        .columns = {{"id", HM_LABEL}, {"state", HM_LABEL}, {"dtu", HM_LABEL},
        {"serial", HM_LABEL}, {"action", HM_LABEL}, {"error", HM_LABEL},
        {"text", HM_LABEL}, {"percent", HM_GAUGE}, {"watts", HM_GAUGE},
        {"on", HM_FLAG}}, .pruned = true,
        .rival = "SELECT state || ' of ' || " UTC " FROM results "
        "WHERE id = ?2 AND stage = 3 AND " STAGE " = 3 AND "
        "(state IS NOT ?3 OR error IS NOT ?7 OR time <> ?1)"},
};

#define EVENTS (sizeof events / sizeof *events)

struct hm_row_event {
	sqlite3 *handle;
	struct hm_record record;
	sqlite3_stmt *statement[EVENTS]; /* in the order of `events` */
	sqlite3_stmt *rival[EVENTS];     /* the same; NULL: none */
	char data[HM_LINE_MAX]; /* members that are stored as JSON */
};

static enum hm_row_fate
step(struct hm_row_event *e, sqlite3_stmt *s)
{
	if (!hm_db_step(s))
		return HM_ROW_FAILED;
	return sqlite3_changes(e->handle) > 0 ? HM_ROW_NEW : HM_ROW_KNOWN;
}

/* A text that does not fit is too long to be stored. */
static void
bind_text(sqlite3_stmt *s, int column, struct hm_slice text)
{
	char buf[TEXT_MAX];
	size_t n;

	if (hm_string_decode(text, buf, sizeof buf, &n))
		sqlite3_bind_text(s, column, buf, (int)n, SQLITE_TRANSIENT);
}

static void
bind_number(sqlite3_stmt *s, int parameter, struct hm_decimal number)
{
	int64_t whole;

	if (hm_decimal_rescale(number, 0, &whole))
		sqlite3_bind_int64(s, parameter, whole);
	else
		sqlite3_bind_double(s, parameter, hm_decimal_double(number));
}

static void
bind_flag(sqlite3_stmt *s, int parameter, const struct hm_value *value)
{
	if (value->kind == HM_TRUE || value->kind == HM_FALSE)
		sqlite3_bind_int(s, parameter, value->kind == HM_TRUE);
}

/* Bind the value of a column's key, if it has the kind. */
static void
bind_column(sqlite3_stmt *s, int parameter, const struct hm_record *record,
    const struct column *column)
{
	struct hm_decimal decimal;
	struct hm_slice text;
	int64_t number;

	if (column->kind == HM_CODE) {
		if (hm_record_int(record, column->key, &number))
			sqlite3_bind_int64(s, parameter, number);
	} else if (column->kind == HM_GAUGE) {
		if (hm_record_decimal(record, column->key, &decimal))
			bind_number(s, parameter, decimal);
	} else if (column->kind == HM_FLAG) {
		bind_flag(s, parameter, hm_record_get(record, column->key));
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
bind_data(struct hm_row_event *e, sqlite3_stmt *s, int parameter,
    const struct event *event)
{
	const struct hm_record *record = &e->record;
	struct hm_slice data = {"{}", 2};
	struct hm_json json;

	hm_json_start(&json, e->data, sizeof e->data);
	hm_json_object(&json, NULL);
	for (size_t i = 0; i < record->count; i++)
		if (!has_column(event, record->member[i].key))
			hm_json_member(&json, &record->member[i]);
	hm_json_object_end(&json);
	hm_json_done(&json, &data);
	hm_db_bind_slice(s, parameter, data);
}

static void
bind_event(struct hm_row_event *e, sqlite3_stmt *s,
    const struct event *event, int64_t time)
{
	int parameter = 1;

	sqlite3_clear_bindings(s);
	sqlite3_bind_int64(s, parameter++, time);
	for (const struct column *c = event->columns; c->key != NULL; c++)
		bind_column(s, parameter++, &e->record, c);
	if (event->has_data)
		bind_data(e, s, parameter, event);
}

/* Log that a record is not stored because of another with its key. */
static bool
look_for_rival(struct hm_row_event *e, size_t i, int64_t time)
{
	char id[HM_COMMAND_ID_MAX + 1];
	int result;

	bind_event(e, e->rival[i], &events[i], time);
	result = sqlite3_step(e->rival[i]);
	if (result == SQLITE_ROW) {
		hm_record_text(&e->record, "id", id, sizeof id);
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("id", id)),
		    "a %s of the id \"%s\" is not stored: there is %s",
		    events[i].type, id,
		    (const char *)sqlite3_column_text(e->rival[i], 0));
	}
	return sqlite3_reset(e->rival[i]) == SQLITE_OK &&
	    (result == SQLITE_ROW || result == SQLITE_DONE);
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

enum hm_row_fate
hm_row_event_put(struct hm_row_event *e, struct hm_slice line, int64_t *due,
    int64_t *kept)
{
	enum hm_row_fate fate;
	struct hm_slice type, time;
	struct hm_fault fault;
	int64_t seconds;
	size_t i = 0;

	if (!hm_record_parse(&e->record, line, &fault) ||
	    !hm_record_string(&e->record, "type", &type) ||
	    !hm_record_string(&e->record, "time", &time) ||
	    !hm_rfc3339_parse(time, &seconds))
		return HM_ROW_KNOWN;
	while (i < EVENTS && !hm_slice_is(type, events[i].type))
		i++;
	if (i == EVENTS)
		return HM_ROW_KNOWN;
	bind_event(e, e->statement[i], &events[i], seconds);
	fate = step(e, e->statement[i]);
	if (fate == HM_ROW_KNOWN && e->rival[i] != NULL &&
	    !look_for_rival(e, i, seconds))
		return HM_ROW_FAILED;
	if (fate == HM_ROW_NEW)
		read_start(&e->record, type, seconds, due);
	if (fate == HM_ROW_NEW && events[i].pruned)
		*kept = seconds;
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

struct hm_row_event *
hm_row_event_new(void)
{
	return calloc(1, sizeof(struct hm_row_event));
}

void
hm_row_event_free(struct hm_row_event *e)
{
	free(e);
}

bool
hm_row_event_prepare(struct hm_row_event *e, struct hm_db *db)
{
	e->handle = db->handle;
	if (sqlite3_create_function(db->handle, "hm_noon", 1, SQLITE_UTF8 |
	    SQLITE_DETERMINISTIC, NULL, sql_noon, NULL, NULL) != SQLITE_OK)
		return false;
	for (size_t i = 0; i < EVENTS; i++)
		if (!hm_db_prepare(db, events[i].sql, &e->statement[i]) ||
		    (events[i].rival != NULL && !hm_db_prepare(db,
		    events[i].rival, &e->rival[i])))
			return false;
	return true;
}

void
hm_row_event_finish(struct hm_row_event *e)
{
	for (size_t i = 0; i < EVENTS; i++) {
		sqlite3_finalize(e->statement[i]);
		sqlite3_finalize(e->rival[i]);
		e->statement[i] = e->rival[i] = NULL;
	}
}
