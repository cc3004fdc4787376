#include "sums_read.h"

#include <stdio.h>

#include "base/decimal.h"
#include "base/rfc3339.h"
#include "base/slice.h"
#include "history_read.h"
#include "sql.h"

/* Columns of the query; the port, `samples` and the fields follow. */
enum { TIME, MOMENT, DTU, SERIAL, FILLED, FIRST_NUMBER };

static bool
add_name(void *context, const char *column, const char *type)
{
	(void)type;
	hm_sql_add(context, ", %s", column);
	return true;
}

void
hm_sums_select(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form)
{
	bool hourly = form == HM_TABLE_HOURLY;

	hm_sql_start(sql);
	hm_sql_add(sql, "SELECT ?1, %s, dtu, serial, " HM_FILLED "%s, samples",
	    hourly ? "hour" : "day", type->has_port ? ", port" : "");
	hm_table_columns(type, form, add_name, sql);
	hm_sql_add(sql, " FROM %s%s WHERE %s ORDER BY %s", type->name,
	    hm_table_suffix(form), hourly ? "hour = ?1" :
	    "day = date(?1, 'unixepoch')", type->keys);
}

static void
emit_number(struct hm_json *e, sqlite3_stmt *row, int column)
{
	struct hm_decimal number;

	if (hm_history_number(row, column, &number))
		hm_json_decimal(e, sqlite3_column_name(row, column), number);
}

void
hm_sums_emit(struct hm_json *e, const struct hm_reading_type *type,
    enum hm_table_form form, sqlite3_stmt *row)
{
	char name[64], time[HM_RFC3339_SIZE];
	struct hm_slice moment = hm_rfc3339_format(
	    sqlite3_column_int64(row, TIME), time);

	snprintf(name, sizeof name, "%s%s", type->name, hm_table_suffix(form));
	hm_json_text(e, "type", name);
	hm_json_string(e, "time", moment);
	if (form == HM_TABLE_HOURLY)
		hm_json_string(e, "hour", moment);
	else
		hm_json_string(e, "day", hm_db_column_text(row, MOMENT));
	hm_json_string(e, "dtu", hm_db_column_text(row, DTU));
	if (sqlite3_column_type(row, SERIAL) != SQLITE_NULL)
		hm_json_string(e, "serial", hm_db_column_text(row, SERIAL));
	hm_json_bool(e, HM_FILLED, sqlite3_column_int(row, FILLED) != 0);
	for (int i = FIRST_NUMBER; i < sqlite3_column_count(row); i++)
		emit_number(e, row, i);
}
