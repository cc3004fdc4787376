#include "row_insert.h"

#include <stdlib.h>

#include "db/reading_tables.h"
#include "db/sql.h"
#include "known_serials.h"
#include "record/device_map.h"
#include "record/types.h"
#include "retention.h"
#include "row_statements.h"

#define SECONDS 10 /* a second answer is at most so many seconds late */
#define LAST_TIME INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define DEVICES_MAX ((size_t)100000) /* whose last row is known */

/*
 * The readings of a device: only the last of a batch becomes a row of _latest.
 */
struct newest {
	struct hm_device_key key; /* its number is the port */
	SLIST_ENTRY(newest) next;
	int64_t first, last; /* times of the readings */
	int64_t greatest;    /* of these times */
	struct hm_slice values; /* of the last; NULL: none in this batch */
	bool stored;
	int64_t stored_at; /* time of the row that was inserted last */
};

struct table_rows {
	struct hm_row_columns columns;
	struct hm_row_statements sql;
	struct hm_device_map devices;
	SLIST_HEAD(all_newest, newest) newest; /* in this transaction */
	bool made; /* in the last transaction, which may have failed */
	/* Rows later than this one are of this transaction. */
	int64_t end;
	bool end_known;
	struct hm_row waiting[HM_ROWS_AT_ONCE]; /* to be inserted */
	int waiting_count;
};

/* The key of a device; parts that its table lacks are empty, or 0. */
struct device {
	struct hm_slice dtu, serial;
	int64_t port;
};

struct hm_row_insert {
	struct hm_db *db;
	struct table_rows readings[HM_SCOPES];
	struct hm_known_serials known;
	struct hm_row_event *events;
	struct hm_arrival arrival;
	sqlite3_stmt *list_hour;
	int64_t listed; /* the hour that was listed last in this transaction */
};

static bool
step(struct hm_row_insert *rows, sqlite3_stmt *s, enum hm_row_fate *fate)
{
	bool good = hm_db_step(s);

	*fate = !good ? HM_ROW_FAILED : sqlite3_changes(rows->db->handle) > 0 ?
	    HM_ROW_NEW : HM_ROW_KNOWN;
	return good;
}

/* Readings */

static struct device
device_of(const struct hm_row *row)
{
	struct device device = {.port = 0};
	struct hm_slice values = row->rest;
	struct hm_row_value value;

	while (hm_row_next(&values, &value))
		if (value.parameter == HM_ROW_DTU)
			device.dtu = value.text;
		else if (value.parameter == HM_ROW_SERIAL &&
		    row->type->has_serial)
			device.serial = value.text;
		else if (value.parameter == HM_ROW_OWN && row->type->has_port)
			device.port = value.integer;
	return device;
}

static struct newest *
newest_of(struct table_rows *t, const struct device *device)
{
	struct hm_dtu_key *dtu = hm_device_map_dtu(&t->devices, device->dtu);

	return dtu == NULL ? NULL : hm_device_map_device(&t->devices, dtu,
	    device->serial, device->port);
}

static bool
is_future(const struct hm_row_insert *rows, int64_t time)
{
	return time > rows->arrival.clock + HM_ROW_AHEAD;
}

/* As REPLACES. */
static bool
replaces(const struct hm_row_insert *rows, int64_t time, int64_t other)
{
	bool future = is_future(rows, time);

	return future == is_future(rows, other) ? time >= other : !future;
}

static void
note(const struct hm_row_insert *rows, struct table_rows *t,
    struct newest *newest, const struct hm_row *row)
{
	bool first = newest->values.p == NULL;

	if (first)
		SLIST_INSERT_HEAD(&t->newest, newest, next);
	newest->stored = true;
	newest->stored_at = row->time;
	if (first || row->time < newest->first)
		newest->first = row->time;
	if (first || row->time > newest->greatest)
		newest->greatest = row->time;
	if (!first && !replaces(rows, row->time, newest->last))
		return;
	newest->last = row->time;
	newest->values = row->rest;
}

/* Whether a reading whose key is taken may be a second one in its second. */
static bool
may_be_second(const struct hm_row_insert *rows, const struct newest *newest,
    int64_t time)
{
	int64_t age = rows->arrival.clock - time;

	if (time > LAST_TIME - SECONDS)
		return false;
	return (age <= HM_ROW_LIVE_S && age >= -HM_ROW_LIVE_S) ||
	    (newest->stored && time <= newest->stored_at &&
	    newest->stored_at - time <= SECONDS);
}

/* The first time, from that of the row on, with an equal row or with none. */
static bool
find_time(struct table_rows *t, struct hm_row *row, bool *free)
{
	int result;

	hm_row_bind(t->sql.differs, row->time, row->rest);
	for (int later = 0; later <= SECONDS; later++) {
		result = sqlite3_step(t->sql.differs);
		*free = result == SQLITE_DONE;
		if (result != SQLITE_ROW ||
		    sqlite3_column_int(t->sql.differs, 0) == 0)
			break;
		if (sqlite3_reset(t->sql.differs) != SQLITE_OK)
			return false;
		row->time++;
		sqlite3_bind_int64(t->sql.differs, HM_ROW_TIME, row->time);
	}
	return sqlite3_reset(t->sql.differs) == SQLITE_OK;
}

static enum hm_row_fate
insert_second(struct hm_row_insert *rows, struct table_rows *t,
    struct hm_row *row)
{
	enum hm_row_fate fate = HM_ROW_FAILED;
	bool free = false;

	if (!find_time(t, row, &free))
		return HM_ROW_FAILED;
	if (!free)
		return HM_ROW_KNOWN;
	sqlite3_bind_int64(t->sql.raw, HM_ROW_TIME, row->time);
	step(rows, t->sql.raw, &fate);
	return fate;
}

static void
finish(struct table_rows *t)
{
	hm_row_statements_finish(&t->sql);
	t->made = false;
}

/* With the first row of a type, in the transaction of that. */
static bool
make_tables(struct hm_row_insert *rows, struct table_rows *t)
{
	const struct hm_reading_type *type = t->columns.type;
	struct hm_tables tables;

	if (!hm_tables_look(rows->db, &tables))
		return false;
	t->made = !tables.of[type->scope];
	return (!t->made || hm_tables_create(rows->db, type)) &&
	    hm_row_statements_prepare(&t->sql, rows->db, &t->columns);
}

static enum hm_row_fate
insert_one(struct hm_row_insert *rows, struct table_rows *t,
    const struct newest *newest, struct hm_row *row)
{
	enum hm_row_fate fate;

	hm_row_bind(t->sql.raw, row->time, row->rest);
	if (step(rows, t->sql.raw, &fate) && fate == HM_ROW_KNOWN &&
	    may_be_second(rows, newest, row->time))
		fate = insert_second(rows, t, row);
	return fate;
}

/* Rows that wait for others, so that one statement inserts them all */

static bool
insert_waiting(struct hm_row_insert *rows, struct table_rows *t)
{
	int count = t->waiting_count;
	enum hm_row_fate fate;

	t->waiting_count = 0;
	for (int i = 0; i < count; i++) {
		const struct hm_row *row = &t->waiting[i];

		if (count == HM_ROWS_AT_ONCE) {
			hm_row_bind_one_of_many(t->sql.many, &t->columns, i,
			    row->time, row->rest);
			continue;
		}
		hm_row_bind(t->sql.raw, row->time, row->rest);
		if (!step(rows, t->sql.raw, &fate))
			return false;
	}
	return count < HM_ROWS_AT_ONCE || step(rows, t->sql.many, &fate);
}

static bool
insert_all_waiting(struct hm_row_insert *rows)
{
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (!insert_waiting(rows, &rows->readings[i]))
			return false;
	return true;
}

/* The time of the last row in the table, before this transaction. */
static bool
look_for_end(struct table_rows *t)
{
	if (!t->end_known) {
		bool good = sqlite3_step(t->sql.end) == SQLITE_ROW;
		t->end = good ? sqlite3_column_int64(t->sql.end, 0) : 0;
		t->end_known = sqlite3_reset(t->sql.end) == SQLITE_OK && good;
	}
	return t->end_known;
}

/* Whether the table cannot have a row with the key of this one. */
static bool
is_new(const struct table_rows *t, const struct newest *newest,
    const struct hm_row *row)
{
	return row->time > t->end && (newest->values.p == NULL ||
	    row->time > newest->greatest);
}

static enum hm_row_fate
insert_soon(struct hm_row_insert *rows, struct table_rows *t,
    const struct newest *newest, struct hm_row *row)
{
	if (!look_for_end(t))
		return HM_ROW_FAILED;
	if (!is_new(t, newest, row))
		return insert_waiting(rows, t) ?
		    insert_one(rows, t, newest, row) : HM_ROW_FAILED;
	t->waiting[t->waiting_count++] = *row;
	return t->waiting_count < HM_ROWS_AT_ONCE ||
	    insert_waiting(rows, t) ? HM_ROW_NEW : HM_ROW_FAILED;
}

/* The time of the row becomes that at which it is stored. */
static enum hm_row_fate
insert_reading(struct hm_row_insert *rows, struct hm_row *row)
{
	struct table_rows *t = &rows->readings[row->type->scope];
	const struct device device = device_of(row);
	struct newest *newest;
	enum hm_row_fate fate;

	if (t->sql.raw == NULL && !make_tables(rows, t))
		return HM_ROW_FAILED;
	newest = newest_of(t, &device);
	if (newest == NULL)
		return HM_ROW_FAILED;
	fate = t->sql.many != NULL ? insert_soon(rows, t, newest, row) :
	    insert_one(rows, t, newest, row);
	if (fate != HM_ROW_NEW)
		return fate;
	if (row->type->has_serial && !row->type->has_port)
		hm_known_serials_see(&rows->known, device.dtu, device.serial);
	note(rows, t, newest, row);
	return fate;
}

static bool
put_latest(const struct newest *newest, int64_t future,
    sqlite3_stmt *statement)
{
	hm_row_bind(statement, newest->last, newest->values);
	sqlite3_bind_int64(statement, HM_ROW_FIRST_SEEN, newest->first);
	sqlite3_bind_int64(statement, HM_ROW_FUTURE, future);
	return hm_db_step(statement);
}

static bool
put_all_latest(struct hm_db *db, const struct table_rows *t, int64_t future)
{
	const struct newest *newest;

	SLIST_FOREACH(newest, &t->newest, next)
		if (!put_latest(newest, future, t->sql.renew) ||
		    (sqlite3_changes(db->handle) == 0 &&
		    !put_latest(newest, future, t->sql.latest)))
			return false;
	return true;
}

bool
hm_row_insert_end(struct hm_row_insert *rows)
{
	if (!insert_all_waiting(rows))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (!put_all_latest(rows->db, &rows->readings[i],
		    rows->arrival.clock + HM_ROW_AHEAD))
			return false;
	return true;
}

static void
forget_newest(struct table_rows *t)
{
	struct newest *newest;

	while ((newest = SLIST_FIRST(&t->newest)) != NULL) {
		SLIST_REMOVE_HEAD(&t->newest, next);
		newest->values = (struct hm_slice){NULL, 0};
	}
	if (t->devices.entries > DEVICES_MAX)
		hm_device_map_clear(&t->devices);
	if (t->made)
		finish(t);
	t->end_known = false;
	t->waiting_count = 0;
}

void
hm_row_insert_begin(struct hm_row_insert *rows,
    const struct hm_arrival *arrival)
{
	for (size_t i = 0; i < HM_SCOPES; i++)
		forget_newest(&rows->readings[i]);
	rows->arrival = *arrival;
	rows->listed = INT64_MIN;
}

/* List the hour of a row, for retention; see reading_hours. */
static bool
list_hour(struct hm_row_insert *rows, int64_t time)
{
	int64_t hour = hm_retention_hour(time);

	if (hour == rows->listed)
		return true;
	rows->listed = hour;
	sqlite3_bind_int64(rows->list_hour, 1, hour);
	sqlite3_bind_int64(rows->list_hour, 2, rows->arrival.seconds);
	return hm_db_step(rows->list_hour);
}

enum hm_row_fate
hm_row_insert_put(struct hm_row_insert *rows, struct hm_slice bytes,
    int64_t *due)
{
	enum hm_row_fate fate;
	int64_t kept = INT64_MIN;
	struct hm_row row;

	hm_row_read(bytes, &row);
	if (row.type == NULL) {
		/* Records come to the tables in their order. */
		if (!insert_all_waiting(rows))
			return HM_ROW_FAILED;
		fate = hm_row_event_put(rows->events, row.rest, due, &kept);
	} else {
		fate = insert_reading(rows, &row);
		if (fate == HM_ROW_NEW)
			*due = kept = row.time;
	}
	return kept == INT64_MIN || list_hour(rows, kept) ? fate :
	    HM_ROW_FAILED;
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
	rows->events = hm_row_event_new();
	if (rows->events == NULL) {
		free(rows);
		return NULL;
	}
	for (size_t i = 0; i < HM_SCOPES; i++) {
		hm_row_columns(&rows->readings[i].columns,
		    &hm_reading_types[i]);
		hm_device_map_init(&rows->readings[i].devices, &options);
		SLIST_INIT(&rows->readings[i].newest);
	}
	hm_known_serials_init(&rows->known);
	return rows;
}

void
hm_row_insert_free(struct hm_row_insert *rows)
{
	if (rows != NULL) {
		for (size_t i = 0; i < HM_SCOPES; i++)
			hm_device_map_clear(&rows->readings[i].devices);
		hm_known_serials_clear(&rows->known);
		hm_row_event_free(rows->events);
	}
	free(rows);
}

bool
hm_row_insert_prepare(struct hm_row_insert *rows, struct hm_db *db)
{
	struct hm_tables tables;

	rows->db = db;
	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables.of[i] && !hm_row_statements_prepare(
		    &rows->readings[i].sql, db, &rows->readings[i].columns))
			return false;
	/* An hour that gets rows for days is written once an hour. */
	return hm_db_prepare(db, "INSERT INTO reading_hours VALUES (?1, ?2) "
	    "ON CONFLICT DO UPDATE SET arrived = ?2 "
	    "WHERE arrived IS NULL OR arrived < ?2 - 3600",
	    &rows->list_hour) && hm_row_event_prepare(rows->events, db) &&
	    hm_known_serials_load(&rows->known, db);
}

void
hm_row_insert_finish(struct hm_row_insert *rows)
{
	for (size_t i = 0; i < HM_SCOPES; i++)
		finish(&rows->readings[i]);
	sqlite3_finalize(rows->list_hour);
	rows->list_hour = NULL;
	hm_row_event_finish(rows->events);
}
