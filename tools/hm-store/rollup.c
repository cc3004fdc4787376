#include "rollup.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "db/plant_days.h"
#include "db/reading_tables.h"
#include "db/sql.h"
#include "record/fields.h"
#include "record/types.h"
#include "rated_power.h"
#include "rollup_energy.h"
#include "rollup_gap.h"
#include "rollup_hour.h"

#define HOUR 3600
#define DAY 86400
#define DAY_TEXT 16
#define TOGETHER_MS 20 /* of hours in one transaction: others wait for it */

/* A date, such as "2026-11-23", from days since 1970. */
static void
format_day(int64_t days, char out[DAY_TEXT])
{
	char time[HM_RFC3339_SIZE];

	snprintf(out, DAY_TEXT, "%.10s", hm_rfc3339_format(days * DAY, time).p);
}

/* hm_day(hour) in statements */
static void
sql_day(sqlite3_context *context, int count, sqlite3_value **value)
{
	const struct hm_rollup *rollup = sqlite3_user_data(context);
	char day[DAY_TEXT];

	(void)count;
	format_day(hm_zone_date(sqlite3_value_int64(value[0]),
	    rollup->reset_hour), day);
	sqlite3_result_text(context, day, -1, SQLITE_TRANSIENT);
}

void
hm_rollup_add_columns(struct hm_sql *sql, const struct hm_reading_type *type)
{
	for (size_t i = 0; i < hm_field_end(type->scope); i++) {
		const char *key = hm_fields[i].key;

		if (!hm_field_stored(&hm_fields[i], type->scope))
			continue;
		if (hm_field_is_gauge(&hm_fields[i]))
			hm_sql_add(sql, ", sum(%s_count), round(sum(%s_avg * "
			    "%s_count) / sum(%s_count), 3), min(%s_min), "
			    "max(%s_max)", key, key, key, key, key, key);
		else if (hm_field_is_energy(&hm_fields[i]))
			hm_sql_add(sql, ", max(%s)", key);
	}
}

/* A day's hours are within 26 hours of any of them. */
static void
add_day_source(struct hm_sql *sql, const struct hm_reading_type *type)
{
	hm_sql_add(sql, " SELECT hm_day(?1), %s%s, sum(samples)",
	    type->keys, type->has_serial ? "" : ", max(serial)");
	hm_sql_add(sql, ", max(filled)");
	hm_rollup_add_columns(sql, type);
	hm_sql_add(sql, " FROM %s_hourly WHERE hour > ?1 - 93600 "
	    "AND hour < ?1 + 93600 AND hm_day(hour) = hm_day(?1) GROUP BY %s",
	    type->name, type->keys);
}

static const char *
day_statement(struct hm_sql *sql, const struct hm_reading_type *type)
{
	hm_sql_start(sql);
	hm_sql_add(sql, "INSERT INTO %s_daily (day, %s%s, samples, filled",
	    type->name, type->keys, type->has_serial ? "" : ", serial");
	hm_table_add_columns(sql, type, HM_TABLE_DAILY);
	hm_sql_add(sql, ")");
	add_day_source(sql, type);
	hm_sql_add(sql, " ON CONFLICT (day, %s) DO UPDATE SET "
	    "serial = excluded.serial, samples = excluded.samples, "
	    "filled = excluded.filled", type->keys);
	hm_table_add_updates(sql, type, HM_TABLE_DAILY);
	return hm_sql_text(sql);
}

/* Whether this is the last due hour of its day. */
static bool
ends_day(struct hm_db *db, int64_t hour, bool *ends)
{
	sqlite3_stmt *find = NULL;
	bool good = hm_db_prepare(db, "SELECT NOT EXISTS (SELECT 1 "
	    "FROM rollup_due WHERE hour > ?1 AND hour < ?1 + 93600 "
	    "AND hm_day(hour) = hm_day(?1))", &find) &&
	    sqlite3_bind_int64(find, 1, hour) == SQLITE_OK &&
	    sqlite3_step(find) == SQLITE_ROW;

	if (good)
		*ends = sqlite3_column_int(find, 0) != 0;
	sqlite3_finalize(find);
	return good;
}

static bool
make_hours(struct hm_rollup *rollup, const struct hm_tables *tables,
    int64_t hour)
{
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables->of[i] && !hm_rollup_hour_make(rollup->db,
		    &hm_reading_types[i], hour, &rollup->hour))
			return false;
	return true;
}

static bool
make_days(struct hm_db *db, const struct hm_tables *tables, int64_t hour)
{
	struct hm_sql sql;

	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables->of[i] && !hm_db_run_for(db, day_statement(&sql,
		    &hm_reading_types[i]), hour))
			return false;
	return true;
}

/* A day is made with the last of its hours that are due. */
static bool
make_tables(struct hm_rollup *rollup, const struct hm_tables *tables,
    int64_t hour)
{
	struct hm_db *db = rollup->db;
	bool ends;

	return ends_day(db, hour, &ends) && make_hours(rollup, tables, hour) &&
	    (!ends || (hm_rollup_energy_note(db, hour) &&
	    hm_rollup_gap_make(db, hour, rollup->reset_hour) &&
	    make_days(db, tables, hour) && hm_rollup_energy_make(db, hour) &&
	    hm_plant_days_make(db) && hm_rated_power_make(db)));
}

/* The number of due hours, at most 2, and the first of them. */
static bool
look_for_due(struct hm_db *db, int64_t *count, int64_t *hour)
{
	return hm_db_ask(db, "SELECT count(*) FROM "
	    "(SELECT 1 FROM rollup_due LIMIT 2)", count) && (*count == 0 ||
	    hm_db_ask(db, "SELECT min(hour) FROM rollup_due", hour));
}

/* Hours up to a last one, or no more than fit into a short time. */
struct due {
	int64_t count, hour; /* as of look_for_due */
	int64_t least; /* hours that are left; the newest may be incomplete */
	int64_t end;   /* monotonic ms */
	int64_t made;
};

static bool
make_due(struct hm_rollup *rollup, struct due *due)
{
	struct hm_db *db = rollup->db;
	struct hm_tables tables;

	if (!hm_tables_look(db, &tables))
		return false;
	do {
		if (!make_tables(rollup, &tables, due->hour) ||
		    !hm_db_run_for(db, "DELETE FROM rollup_due "
		    "WHERE hour = ?1", due->hour) ||
		    !look_for_due(db, &due->count, &due->hour))
			return false;
		due->made++;
	} while (due->count > due->least && hm_monotonic_ms() < due->end);
	return true;
}

bool
hm_rollup_make(struct hm_rollup *rollup, bool all, uint64_t *made,
    bool *more)
{
	struct due due = {
	    .least = all ? 0 : 1,
	    .end = hm_monotonic_ms() + TOGETHER_MS,
	};

	*more = false;
	if (!look_for_due(rollup->db, &due.count, &due.hour))
		return false;
	if (due.count <= due.least) {
		hm_rollup_hour_finish(&rollup->hour);
		return true;
	}
	if (!hm_db_run(rollup->db, "BEGIN IMMEDIATE") ||
	    !make_due(rollup, &due) || !hm_db_run(rollup->db, "COMMIT"))
		return false;
	*made += (uint64_t)due.made;
	/* An hour may make one of the day before it due. */
	*more = true;
	return true;
}

/* Marking */

void
hm_rollup_begin(struct hm_rollup *rollup)
{
	rollup->marked = -1;
}

bool
hm_rollup_mark(struct hm_rollup *rollup, int64_t moment)
{
	if (rollup->marked >= 0 && moment >= rollup->marked &&
	    moment < rollup->marked_end)
		return true;
	rollup->marked = hm_zone_hour(moment);
	rollup->marked_end = hm_zone_is_hour(rollup->marked) ?
	    rollup->marked + HOUR : rollup->marked;
	sqlite3_bind_int64(rollup->mark, 1, rollup->marked);
	return hm_db_step(rollup->mark);
}

bool
hm_rollup_prepare(struct hm_rollup *rollup, struct hm_db *db, int reset_hour)
{
	*rollup = (struct hm_rollup){
	    .db = db, .reset_hour = reset_hour, .marked = -1};
	return sqlite3_create_function(db->handle, "hm_day", 1,
	    SQLITE_UTF8 | SQLITE_DETERMINISTIC, rollup, sql_day, NULL, NULL) ==
	    SQLITE_OK && hm_rated_power_prepare(db) && hm_db_prepare(db,
	    "INSERT OR IGNORE INTO rollup_due VALUES (?)", &rollup->mark);
}

void
hm_rollup_finish(struct hm_rollup *rollup)
{
	sqlite3_finalize(rollup->mark);
	rollup->mark = NULL;
	hm_rollup_hour_finish(&rollup->hour);
}
