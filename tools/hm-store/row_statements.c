#include "row_statements.h"

#include <inttypes.h>

#include "db/sql.h"

/* The parameters of a row, the first of which is 1. */
static int
parameters_of(const struct hm_row_columns *c)
{
	return c->column[c->count - 1].parameter;
}

/* "(NAME, ... KEY, ...)" */
static void
add_names(struct hm_sql *sql, const struct hm_row_columns *c,
    const char *names)
{
	hm_sql_add(sql, "(%s", names);
	for (size_t i = 0; i < c->count; i++)
		hm_sql_add(sql, ", %s", c->column[i].key.p);
	hm_sql_add(sql, ")");
}

/* ", ?PARAMETER, ...)" */
static void
add_parameters(struct hm_sql *sql, const struct hm_row_columns *c, int before)
{
	for (size_t i = 0; i < c->count; i++)
		hm_sql_add(sql, ", ?%d", before + c->column[i].parameter);
	hm_sql_add(sql, ")");
}

static bool
prepare_raw(struct hm_db *db, const struct hm_row_columns *c, int rows,
    sqlite3_stmt **out)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT OR IGNORE INTO %s ", c->type->name);
	add_names(&sql, c, "time");
	for (int i = 0; i < rows; i++) {
		int before = i * parameters_of(c);

		hm_sql_add(&sql, "%s (?%d", i == 0 ? " VALUES" : ",",
		    before + HM_ROW_TIME);
		add_parameters(&sql, c, before);
	}
	return hm_db_prepare(db, hm_sql_text(&sql), out);
}

/* Whether a column is part of the key of a device. */
static bool
is_key(const struct hm_row_columns *c, int parameter)
{
	return parameter == HM_ROW_DTU ||
	    (parameter == HM_ROW_SERIAL && c->type->has_serial) ||
	    (parameter == HM_ROW_OWN && c->type->has_port);
}

static void
add_device(struct hm_sql *sql, const struct hm_row_columns *c)
{
	const char *word = "";

	for (size_t i = 0; i < c->count; i++)
		if (is_key(c, c->column[i].parameter)) {
			hm_sql_add(sql, "%s%s = ?%d", word,
			    c->column[i].key.p, c->column[i].parameter);
			word = " AND ";
		}
}

/*
 * Whether a value differs that both have: filters may leave out a value, but
 * change only energies and texts.
 */
static bool
prepare_differs(struct hm_db *db, const struct hm_row_columns *c,
    sqlite3_stmt **out)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT 0");
	for (size_t i = 0; i < c->count; i++)
		if (c->column[i].parameter != HM_ROW_STALE &&
		    c->column[i].kind != HM_LABEL &&
		    c->column[i].kind != HM_DAILY &&
		    c->column[i].kind != HM_COUNTER)
			hm_sql_add(&sql, " OR coalesce(%s <> ?%d, 0)",
			    c->column[i].key.p, c->column[i].parameter);
	hm_sql_add(&sql, " FROM %s WHERE time = ?%d AND ", c->type->name,
	    HM_ROW_TIME);
	add_device(&sql, c);
	return hm_db_prepare(db, hm_sql_text(&sql), out);
}

/*
 * The reading that is later replaces the other, unless it is in the future: a
 * clock was wrong, and the reading would stand until its time comes.
 */
#define REPLACES "(excluded.time <= ?%d, excluded.time) >= (time <= ?%d, time)"

static bool
prepare_latest(struct hm_db *db, const struct hm_row_columns *c,
    sqlite3_stmt **out)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT OR IGNORE INTO %s_latest ", c->type->name);
	add_names(&sql, c, "time, first_seen");
	hm_sql_add(&sql, " VALUES (?%d, ?%d", HM_ROW_TIME, HM_ROW_FIRST_SEEN);
	add_parameters(&sql, c, 0);
	hm_sql_add(&sql, " ON CONFLICT (%s) DO UPDATE SET "
	    "first_seen = min(first_seen, excluded.first_seen), "
	    "time = iif(" REPLACES ", excluded.time, time)",
	    c->type->keys, HM_ROW_FUTURE, HM_ROW_FUTURE);
	for (size_t i = 0; i < c->count; i++)
		hm_sql_add(&sql, ", %s = iif(" REPLACES ", excluded.%s, %s)",
		    c->column[i].key.p, HM_ROW_FUTURE, HM_ROW_FUTURE,
		    c->column[i].key.p, c->column[i].key.p);
	hm_sql_add(&sql, " WHERE " REPLACES " OR "
	    "excluded.first_seen < first_seen", HM_ROW_FUTURE, HM_ROW_FUTURE);
	return hm_db_prepare(db, hm_sql_text(&sql), out);
}

/*
 * What `latest` does with a reading that is later than the one that stands, as
 * most are, in less than half of the time.
 */
static bool
prepare_renew(struct hm_db *db, const struct hm_row_columns *c,
    sqlite3_stmt **out)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "UPDATE %s_latest SET time = ?%d", c->type->name,
	    HM_ROW_TIME);
	for (size_t i = 0; i < c->count; i++)
		if (!is_key(c, c->column[i].parameter))
			hm_sql_add(&sql, ", %s = ?%d", c->column[i].key.p,
			    c->column[i].parameter);
	hm_sql_add(&sql, " WHERE ");
	add_device(&sql, c);
	hm_sql_add(&sql, " AND time <= ?%d AND ?%d <= ?%d AND "
	    "first_seen <= ?%d", HM_ROW_TIME, HM_ROW_TIME, HM_ROW_FUTURE,
	    HM_ROW_FIRST_SEEN);
	return hm_db_prepare(db, hm_sql_text(&sql), out);
}

/* An empty table ends before all times. */
static bool
prepare_end(struct hm_db *db, const struct hm_row_columns *c,
    sqlite3_stmt **out)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT coalesce(max(time), %" PRId64 ") FROM %s",
	    INT64_MIN, c->type->name);
	return hm_db_prepare(db, hm_sql_text(&sql), out);
}

static bool
prepare_many(struct hm_db *db, const struct hm_row_columns *c,
    struct hm_row_statements *s)
{
	return prepare_raw(db, c, HM_ROWS_AT_ONCE, &s->many) &&
	    prepare_end(db, c, &s->end);
}

bool
hm_row_statements_prepare(struct hm_row_statements *s, struct hm_db *db,
    const struct hm_row_columns *c)
{
	return prepare_raw(db, c, 1, &s->raw) &&
	    (!c->type->has_port || prepare_many(db, c, s)) &&
	    prepare_differs(db, c, &s->differs) &&
	    prepare_renew(db, c, &s->renew) &&
	    prepare_latest(db, c, &s->latest);
}

void
hm_row_statements_finish(struct hm_row_statements *s)
{
	sqlite3_finalize(s->raw);
	sqlite3_finalize(s->many);
	sqlite3_finalize(s->end);
	sqlite3_finalize(s->renew);
	sqlite3_finalize(s->latest);
	sqlite3_finalize(s->differs);
	*s = (struct hm_row_statements){.raw = NULL};
}

/* Binding */

static void
bind_one(sqlite3_stmt *s, int before, const struct hm_row_value *value)
{
	int parameter = before + value->parameter;

	switch (value->form) {
	case HM_ROW_INTEGER:
		sqlite3_bind_int64(s, parameter, value->integer);
		break;
	case HM_ROW_REAL:
		sqlite3_bind_double(s, parameter, value->real);
		break;
	case HM_ROW_TEXT:
		hm_db_bind_slice(s, parameter, value->text);
		break;
	case HM_ROW_FORMS:
		break;
	}
}

static void
bind_all(sqlite3_stmt *s, int before, int64_t time, struct hm_slice values)
{
	struct hm_row_value value;

	if (before == 0)
		sqlite3_clear_bindings(s);
	sqlite3_bind_int64(s, before + HM_ROW_TIME, time);
	while (hm_row_next(&values, &value))
		bind_one(s, before, &value);
}

void
hm_row_bind(sqlite3_stmt *s, int64_t time, struct hm_slice values)
{
	bind_all(s, 0, time, values);
}

void
hm_row_bind_one_of_many(sqlite3_stmt *s, const struct hm_row_columns *columns,
    int place, int64_t time, struct hm_slice values)
{
	bind_all(s, place * parameters_of(columns), time, values);
}
