#include "reading_tables.h"

#include <stdio.h>

#define COLUMN_MAX 64

const char *
hm_table_suffix(enum hm_table_form form)
{
	static const char *const suffixes[HM_TABLE_FORMS] = {
	    "", "_latest", "_hourly", "_daily"};

	return suffixes[form];
}

/*
 * The time column of each form. It comes first, so that new rows go to the end.
 */
static const char *
moment_of(enum hm_table_form form)
{
	switch (form) {
	case HM_TABLE_RAW:
		return "time INTEGER NOT NULL, ";
	case HM_TABLE_HOURLY:
		return "hour INTEGER NOT NULL, ";
	case HM_TABLE_DAILY:
		return "day TEXT NOT NULL, ";
	default:
		return "";
	}
}

static const char *
order_of(enum hm_table_form form)
{
	switch (form) {
	case HM_TABLE_RAW:
		return "time, ";
	case HM_TABLE_HOURLY:
		return "hour, ";
	case HM_TABLE_DAILY:
		return "day, ";
	default:
		return "";
	}
}

/* The columns beside keys and fields. */
static const char *
extras_of(enum hm_table_form form)
{
	switch (form) {
	case HM_TABLE_RAW:
		return "stale INTEGER, ";
	case HM_TABLE_LATEST:
		return "time INTEGER NOT NULL, first_seen INTEGER NOT NULL, "
		    "stale INTEGER, ";
	default:
		return "samples INTEGER NOT NULL, "
		    HM_FILLED " " HM_FILLED_TYPE ", ";
	}
}

bool
hm_field_is_gauge(const struct hm_field *field)
{
	return field->kind == HM_GAUGE;
}

bool
hm_field_is_energy(const struct hm_field *field)
{
	return field->kind == HM_DAILY || field->kind == HM_COUNTER;
}

static const char *
type_of(const struct hm_field *field)
{
	switch (field->kind) {
	case HM_GAUGE:
		return "REAL";
	case HM_LABEL:
		return "TEXT";
	default:
		return "INTEGER";
	}
}

static bool
visit_gauge(const char *key, hm_column_visitor *visitor, void *context)
{
	static const char *const parts[] = {"count", "avg", "min", "max"};
	char column[COLUMN_MAX];

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		snprintf(column, sizeof column, "%s_%s", key, parts[i]);
		if (!visitor(context, column, i == 0 ? "INTEGER" : "REAL"))
			return false;
	}
	return true;
}

static bool
visit_field(const struct hm_field *field, enum hm_table_form form,
    hm_column_visitor *visitor, void *context)
{
	if (form == HM_TABLE_RAW || form == HM_TABLE_LATEST)
		return visitor(context, field->key, type_of(field));
	if (hm_field_is_gauge(field))
		return visit_gauge(field->key, visitor, context);
	return !hm_field_is_energy(field) ||
	    visitor(context, field->key, "INTEGER");
}

bool
hm_table_columns(const struct hm_reading_type *type, enum hm_table_form form,
    hm_column_visitor *visitor, void *context)
{
	for (size_t i = 0; i < hm_field_end(type->scope); i++)
		if (hm_field_stored(&hm_fields[i], type->scope) &&
		    !visit_field(&hm_fields[i], form, visitor, context))
			return false;
	return true;
}

static bool
has_own(const struct hm_reading_type *type, enum hm_table_form form)
{
	return type->own != NULL && (type->has_port ||
	    form == HM_TABLE_RAW || form == HM_TABLE_LATEST);
}

static bool
add_column(void *context, const char *column, const char *type)
{
	hm_sql_add(context, "%s %s, ", column, type);
	return true;
}

void
hm_table_create(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form)
{
	hm_sql_start(sql);
	hm_sql_add(sql, "CREATE TABLE IF NOT EXISTS %s%s "
	    "(%sdtu TEXT NOT NULL, ", type->name, hm_table_suffix(form),
	    moment_of(form));
	/* A DTU is identified by its name; its serial number may be missing. */
	hm_sql_add(sql, "serial TEXT%s, ",
	    type->has_serial ? " NOT NULL" : "");
	if (has_own(type, form))
		hm_sql_add(sql, "%s INTEGER%s, ", type->own,
		    type->has_port ? " NOT NULL" : "");
	hm_sql_add(sql, "%s", extras_of(form));
	hm_table_columns(type, form, add_column, sql);
	hm_sql_add(sql, "PRIMARY KEY (%s%s)) WITHOUT ROWID", order_of(form),
	    type->keys);
}

bool
hm_tables_create(struct hm_db *db, const struct hm_reading_type *type)
{
	struct hm_sql sql;

	for (int form = 0; form < HM_TABLE_FORMS; form++) {
		hm_table_create(&sql, type, (enum hm_table_form)form);
		if (!hm_db_run(db, hm_sql_text(&sql)))
			return false;
	}
	return true;
}

bool
hm_tables_look(struct hm_db *db, struct hm_tables *tables)
{
	sqlite3_stmt *rows = NULL;
	int result = SQLITE_ERROR;

	for (size_t i = 0; i < HM_SCOPES; i++)
		tables->of[i] = !hm_reading_types[i].on_demand;
	if (hm_db_prepare(db, "SELECT name FROM sqlite_schema "
	    "WHERE type = 'table'", &rows))
		while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
			const struct hm_reading_type *type =
			    hm_reading_type_of(hm_db_column_text(rows, 0));

			if (type != NULL)
				tables->of[type->scope] = true;
		}
	/* This also keeps the reason of a failure. */
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

static bool
add_name(void *context, const char *column, const char *type)
{
	(void)type;
	hm_sql_add(context, ", %s", column);
	return true;
}

static bool
add_update(void *context, const char *column, const char *type)
{
	(void)type;
	hm_sql_add(context, ", %s = excluded.%s", column, column);
	return true;
}

void
hm_table_add_columns(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form)
{
	hm_table_columns(type, form, add_name, sql);
}

void
hm_table_add_updates(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form)
{
	hm_table_columns(type, form, add_update, sql);
}
