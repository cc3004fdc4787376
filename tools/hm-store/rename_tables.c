#include "rename.h"

#include <stdio.h>
#include <string.h>

#include "db/db.h"
#include "db/reading_tables.h"
#include "db/sql.h"
#include "record/types.h"
#include "rollup.h"

#define TABLES_MAX 128
#define NAME_SIZE 64

/* Statements */

static bool
bind_names(sqlite3_stmt *s, const struct hm_rename *r)
{
	int count = sqlite3_bind_parameter_count(s);

	if (count >= 1)
		hm_db_bind_slice(s, 1, r->from);
	if (count >= 2)
		hm_db_bind_slice(s, 2, r->to);
	return true;
}

bool
hm_rename_run(struct hm_rename *r, const char *sql)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(r->db, sql, &s) && bind_names(s, r) &&
	    sqlite3_step(s) == SQLITE_DONE;

	return sqlite3_finalize(s) == SQLITE_OK && good;
}

bool
hm_rename_ask(struct hm_rename *r, const char *sql, int64_t *number)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(r->db, sql, &s) && bind_names(s, r) &&
	    sqlite3_step(s) == SQLITE_ROW;

	if (good)
		*number = sqlite3_column_int64(s, 0);
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

void
hm_rename_same(struct hm_sql *sql, const struct hm_rename *r, bool has_serial,
    bool has_port, const char *a, const char *b)
{
	bool of_dtu = strcmp(r->column, "dtu") == 0;

	if (!of_dtu)
		hm_sql_add(sql, " AND %s.dtu = %s.dtu", a, b);
	else if (has_serial)
		hm_sql_add(sql, " AND %s.serial = %s.serial", a, b);
	if (has_port)
		hm_sql_add(sql, " AND %s.port = %s.port", a, b);
}

/* Rows that both have */

/* "INSERT OR REPLACE INTO port_hourly (hour, dtu, serial, port, samples ..." */
static void
add_target(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form, const char *moment)
{
	hm_sql_start(sql);
	hm_sql_add(sql, "INSERT OR REPLACE INTO %s%s (%s, dtu, serial%s, "
	    "samples, filled", type->name, hm_table_suffix(form), moment,
	    type->has_port ? ", port" : "");
	hm_table_add_columns(sql, type, form);
	hm_sql_add(sql, ")");
}

/* An hour or a day of which both have a part. */
static bool
merge_rollups(struct hm_rename *r, const struct hm_reading_type *type,
    enum hm_table_form form)
{
	bool of_dtu = strcmp(r->column, "dtu") == 0;
	const char *moment = form == HM_TABLE_HOURLY ? "hour" : "day";
	struct hm_sql sql;

	add_target(&sql, type, form, moment);
	hm_sql_add(&sql, " SELECT %s, %s, %s%s, sum(samples)", moment,
	    of_dtu ? "?2" : "dtu", !type->has_serial ? "max(serial)" :
	    of_dtu ? "serial" : "?2", type->has_port ? ", port" : "");
	/* One of the two has readings of the hour. */
	hm_sql_add(&sql, ", %s(filled)",
	    form == HM_TABLE_HOURLY ? "min" : "max");
	hm_rollup_add_columns(&sql, type);
	hm_sql_add(&sql, " FROM %s%s WHERE %s IN (?1, ?2) GROUP BY %s",
	    type->name, hm_table_suffix(form), r->column, moment);
	if (!of_dtu || type->has_serial)
		hm_sql_add(&sql, ", %s", of_dtu ? "serial" : "dtu");
	hm_sql_add(&sql, "%s HAVING count(*) > 1",
	    type->has_port ? ", port" : "");
	return hm_rename_run(r, hm_sql_text(&sql));
}

/* The newer one stays, with the first_seen of the older one. */
static bool
merge_latest(struct hm_rename *r, const struct hm_reading_type *type)
{
	struct hm_sql seen, older;

	hm_sql_start(&seen);
	hm_sql_add(&seen, "UPDATE %s_latest SET first_seen = (SELECT "
	    "min(first_seen) FROM %s_latest AS o WHERE o.%s IN (?1, ?2)",
	    type->name, type->name, r->column);
	hm_sql_start(&older);
	hm_sql_add(&older, "DELETE FROM %s_latest WHERE %s = ?2 AND EXISTS "
	    "(SELECT 1 FROM %s_latest AS o WHERE o.%s = ?1 "
	    "AND o.time > %s_latest.time", type->name, r->column, type->name,
	    r->column, type->name);
	for (int i = 0; i < 2; i++) {
		struct hm_sql *sql = i == 0 ? &seen : &older;
		char name[NAME_SIZE];

		snprintf(name, sizeof name, "%s_latest", type->name);
		hm_rename_same(sql, r, type->has_serial, type->has_port, "o",
		    name);
		hm_sql_add(sql, ")");
	}
	hm_sql_add(&seen, " WHERE %s IN (?1, ?2)", r->column);
	return hm_rename_run(r, hm_sql_text(&seen)) &&
	    hm_rename_run(r, hm_sql_text(&older));
}

/*
 * A day begins with the older one if that produced energy on it; otherwise it
 * was only still listed.
 */
static bool
merge_day_totals(struct hm_rename *r)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "UPDATE day_totals AS n SET start = iif(o.start "
	    "IS NOT NULL AND (n.start IS NULL OR o.last > o.start), o.start, "
	    "n.start), last = max(coalesce(n.last, o.last), "
	    "coalesce(o.last, n.last)) FROM day_totals AS o WHERE n.%s = ?2 "
	    "AND o.%s = ?1 AND n.day = o.day", r->column, r->column);
	hm_rename_same(&sql, r, true, true, "o", "n");
	return hm_rename_run(r, hm_sql_text(&sql));
}

/* Build the days around the change again, when hm-store runs next. */
static bool
mark_due(struct hm_rename *r)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT OR IGNORE INTO rollup_due "
	    "SELECT iif(%s = ?1, max(hour), min(hour)) FROM port_hourly "
	    "WHERE %s IN (?1, ?2) AND EXISTS (SELECT 1 FROM port_hourly "
	    "WHERE %s = ?2) GROUP BY dtu, serial, port", r->column, r->column,
	    r->column);
	return hm_rename_run(r, hm_sql_text(&sql));
}

/*
 * An alarm of a device that is gone has ended. If a DTU has had its new name
 * for a while, an alarm that lasts stands under that, too.
 */
static bool
end_alarms(struct hm_rename *r)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "UPDATE alarm SET end = time WHERE %s = ?1 "
	    "AND end IS NULL%s", r->column, strcmp(r->column, "dtu") != 0 ?
	    "" : " AND EXISTS (SELECT 1 FROM dtu_latest WHERE dtu = ?2 "
	    "UNION ALL SELECT 1 FROM inverter_latest WHERE dtu = ?2)");
	return hm_rename_run(r, hm_sql_text(&sql));
}

static bool
merge_type(struct hm_rename *r, const struct hm_reading_type *type)
{
	return merge_rollups(r, type, HM_TABLE_HOURLY) &&
	    merge_rollups(r, type, HM_TABLE_DAILY) && merge_latest(r, type);
}

static bool
merge(struct hm_rename *r)
{
	bool of_dtu = strcmp(r->column, "dtu") == 0;
	struct hm_tables tables;

	if (!hm_tables_look(r->db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables.of[i] &&
		    (of_dtu || hm_reading_types[i].has_serial) &&
		    !merge_type(r, &hm_reading_types[i]))
			return false;
	return merge_day_totals(r) && end_alarms(r);
}

/* All tables */

struct names {
	char name[TABLES_MAX][NAME_SIZE];
	size_t count;
};

/* The serial number of a DTU stands in rows of its name. */
static bool
is_left_alone(const struct hm_rename *r, struct hm_slice table)
{
	const struct hm_reading_type *dtu = &hm_reading_types[HM_SCOPE_DTU];
	size_t n = strlen(dtu->name);

	return strcmp(r->column, "dtu") != 0 && table.n >= n &&
	    memcmp(table.p, dtu->name, n) == 0 &&
	    (table.n == n || table.p[n] == '_');
}

/* Every table with the column, also of a later version, or of the user. */
static bool
list_tables(struct hm_rename *r, struct names *names)
{
	sqlite3_stmt *rows = NULL;
	bool good = hm_db_prepare(r->db, "SELECT m.name FROM sqlite_schema "
	    "AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' "
	    "AND c.name = ? AND m.name NOT GLOB '*[^a-zA-Z0-9_]*'", &rows);
	int result = SQLITE_DONE;

	names->count = 0;
	if (good)
		hm_db_bind_slice(rows, 1, hm_text(r->column));
	while (good && names->count < TABLES_MAX &&
	    (result = sqlite3_step(rows)) == SQLITE_ROW) {
		struct hm_slice table = hm_db_column_text(rows, 0);

		if (table.n < NAME_SIZE && !is_left_alone(r, table))
			snprintf(names->name[names->count++], NAME_SIZE,
			    "%.*s", (int)table.n, table.p);
	}
	sqlite3_finalize(rows);
	return good && (result == SQLITE_DONE || result == SQLITE_ROW);
}

/* A row for which there is one of the new name already goes. */
static bool
rename_table(struct hm_rename *r, const char *table)
{
	struct hm_sql update, delete;

	hm_sql_start(&update);
	hm_sql_add(&update, "UPDATE OR IGNORE %s SET %s = ?2 WHERE %s = ?1",
	    table, r->column, r->column);
	hm_sql_start(&delete);
	hm_sql_add(&delete, "DELETE FROM %s WHERE %s = ?1", table, r->column);
	if (!hm_rename_run(r, hm_sql_text(&update)))
		return false;
	r->rows += sqlite3_changes64(r->db->handle);
	if (!hm_rename_run(r, hm_sql_text(&delete)))
		return false;
	r->merged += sqlite3_changes64(r->db->handle);
	return true;
}

bool
hm_rename_tables(struct hm_rename *r)
{
	struct names names;

	r->rows = r->merged = 0;
	if (!mark_due(r) || !merge(r) || !list_tables(r, &names))
		return false;
	for (size_t i = 0; i < names.count; i++)
		if (!rename_table(r, names.name[i]))
			return false;
	return true;
}
