#include "row_insert.h"

#include <stdlib.h>

#include "db/reading_tables.h"
#include "db/sql.h"
#include "known_serials.h"
#include "record/device_map.h"
#include "record/types.h"

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
	struct hm_row_event *events;
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

enum hm_row_fate
hm_row_insert_put(struct hm_row_insert *rows, struct hm_slice bytes,
    int64_t *due)
{
	enum hm_row_fate fate;
	struct hm_row row;

	hm_row_read(bytes, &row);
	if (row.type == NULL)
		return hm_row_event_put(rows->events, row.rest, due);
	fate = insert_reading(rows, &row);
	if (fate == HM_ROW_NEW)
		*due = row.time;
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
	rows->events = hm_row_event_new();
	if (rows->events == NULL) {
		free(rows);
		return NULL;
	}
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
		hm_row_event_free(rows->events);
	}
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
	return hm_row_event_prepare(rows->events, db) &&
	    hm_known_serials_load(&rows->known, db);
}

void
hm_row_insert_finish(struct hm_row_insert *rows)
{
	for (size_t i = 0; i < HM_SCOPES; i++) {
		sqlite3_finalize(rows->readings[i].raw);
		sqlite3_finalize(rows->readings[i].latest);
		rows->readings[i].raw = rows->readings[i].latest = NULL;
	}
	hm_row_event_finish(rows->events);
}
