#include "history_read.h"

#include <stdio.h>

#include "base/rfc3339.h"
#include "reading_tables.h"
#include "record/fields.h"
#include "record/types.h"
#include "schema.h"
#include "sql.h"

#define BUSY_MS 1000

/* Columns of every query for readings; type->own and the fields follow. */
enum { TIME, DTU, SERIAL, STALE, FIRST_FIELD };

bool
hm_history_open_old(struct hm_db *db, const char *path, const char **why)
{
	const struct hm_db_options options = {.busy_ms = BUSY_MS};

	*why = hm_db_open(db, path, &options) ? hm_schema_check(db) :
	    hm_db_reason(db);
	return *why == NULL;
}

const char *
hm_history_lacks(struct hm_db *db)
{
	return hm_schema_is_whole(db) ? NULL : "it is of an older version of "
	    "hm; hm-store brings it up to date when it opens it";
}

bool
hm_history_open(struct hm_db *db, const char *path, const char **why)
{
	if (hm_history_open_old(db, path, why))
		*why = hm_history_lacks(db);
	return *why == NULL;
}

bool
hm_history_number(sqlite3_stmt *row, int column, struct hm_decimal *number)
{
	char text[40];
	int n;

	switch (sqlite3_column_type(row, column)) {
	case SQLITE_INTEGER:
		*number = hm_decimal(sqlite3_column_int64(row, column), 0);
		return true;
	case SQLITE_FLOAT:
		/* With 15 digits the stored number comes back unchanged. */
		n = snprintf(text, sizeof text, "%.15g",
		    sqlite3_column_double(row, column));
		return n > 0 && hm_decimal_parse(hm_slice(text, (size_t)n),
		    number);
	default:
		return false;
	}
}

/* Readings */

void
hm_history_select(struct hm_sql *sql, const struct hm_reading_type *type)
{
	hm_sql_start(sql);
	hm_sql_add(sql, "SELECT time, dtu, serial, stale");
	if (type->own != NULL)
		hm_sql_add(sql, ", %s", type->own);
	for (size_t i = 0; i < hm_field_end(type->scope); i++)
		if (hm_field_stored(&hm_fields[i], type->scope))
			hm_sql_add(sql, ", %s", hm_fields[i].key);
	hm_sql_add(sql, " FROM %s", type->name);
}

static void
emit_moment(struct hm_json *e, const char *key, sqlite3_stmt *row, int column)
{
	char time[HM_RFC3339_SIZE];

	hm_json_string(e, key, hm_rfc3339_format(sqlite3_column_int64(row,
	    column), time));
}

static void
emit_field(struct hm_json *e, const struct hm_field *field, sqlite3_stmt *row,
    int column)
{
	struct hm_decimal number;

	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return;
	if (field->kind == HM_LABEL)
		hm_json_string(e, field->key, hm_db_column_text(row, column));
	else if (field->kind == HM_MOMENT)
		emit_moment(e, field->key, row, column);
	else if (field->kind == HM_FLAG)
		hm_json_bool(e, field->key, sqlite3_column_int(row, column));
	else if (hm_history_number(row, column, &number))
		hm_json_decimal(e, field->key, number);
}

/* The keys of a reading in JSON. */
struct names {
	const char *time, *dtu, *serial, *port;
};

static const struct names of_records = {"time", "dtu", "serial", "port"};

/* As in the replaced program. */
static const struct names of_rows = {
    "timestamp", "dtu_name", "serial_number", "port_number"};

static void
emit_reading(struct hm_json *e, const struct hm_reading_type *type,
    sqlite3_stmt *row, const struct names *names)
{
	int column = FIRST_FIELD;
	struct hm_decimal own;

	emit_moment(e, names->time, row, TIME);
	hm_json_string(e, names->dtu, hm_db_column_text(row, DTU));
	if (sqlite3_column_type(row, SERIAL) != SQLITE_NULL)
		hm_json_string(e, names->serial,
		    hm_db_column_text(row, SERIAL));
	if (type->own != NULL && hm_history_number(row, column++, &own))
		hm_json_decimal(e, type->has_port ? names->port : type->own,
		    own);
	if (sqlite3_column_type(row, STALE) != SQLITE_NULL)
		hm_json_bool(e, "stale", sqlite3_column_int(row, STALE) != 0);
	for (size_t i = 0; i < hm_field_end(type->scope); i++)
		if (hm_field_stored(&hm_fields[i], type->scope))
			emit_field(e, &hm_fields[i], row, column++);
}

void
hm_history_emit(struct hm_json *e, const struct hm_reading_type *type,
    sqlite3_stmt *row)
{
	hm_json_text(e, "type", type->name);
	emit_reading(e, type, row, &of_records);
}

bool
hm_history_readings(struct hm_db *db, const struct hm_reading_type *type,
    struct hm_slice serial, int64_t limit, struct hm_json *e)
{
	sqlite3_stmt *rows = NULL;
	struct hm_sql sql;
	int result;

	hm_history_select(&sql, type);
	/* The subquery makes an unknown serial number return at once. */
	hm_sql_add(&sql, " WHERE serial = ?1 AND time <= (SELECT max(time) "
	    "FROM %s_latest WHERE serial = ?1) ORDER BY time DESC LIMIT ?2",
	    type->name);
	if (!hm_db_prepare(db, hm_sql_text(&sql), &rows))
		return false;
	hm_db_bind_slice(rows, 1, serial);
	sqlite3_bind_int64(rows, 2, limit);
	while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
		hm_json_object(e, NULL);
		emit_reading(e, type, rows, &of_rows);
		hm_json_object_end(e);
	}
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

/* Power */

bool
hm_history_power(struct hm_db *db, int64_t since, int64_t step,
    hm_power_visitor *visit, void *context)
{
	sqlite3_stmt *rows = NULL;
	struct hm_decimal watts;
	int result;

	if (!hm_db_prepare(db, "SELECT ?1 + (time - ?1) / ?2 * ?2, dtu, "
	    "round(avg(pv_power), 1) FROM dtu WHERE time >= ?1 "
	    "GROUP BY 1, 2 ORDER BY 1, 2", &rows))
		return false;
	sqlite3_bind_int64(rows, 1, since);
	sqlite3_bind_int64(rows, 2, step);
	while ((result = sqlite3_step(rows)) == SQLITE_ROW)
		if (hm_history_number(rows, 2, &watts))
			visit(context, sqlite3_column_int64(rows, 0),
			    hm_db_column_text(rows, 1), watts);
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

/* Energies */

/* A time in the future, by a wrong clock, is newer than no other. */
#define ENERGIES(today, total, day, join) \
    "WITH cache AS (SELECT *, min(e_total_time, ?1) AS heard " \
    "FROM production_cache), " \
    "followed AS (SELECT *, max(e_day) OVER (PARTITION BY dtu) AS " \
    "dtu_day, max(heard) OVER (PARTITION BY dtu) AS dtu_time, " \
    "max(heard) OVER () AS newest FROM cache), " \
    "counted AS (SELECT * FROM followed WHERE e_day >= dtu_day - 1 " \
    "AND (total_production IS NOT NULL OR ?1 - e_pending_time <= 86400)), " \
    "sums AS (SELECT dtu, CASE count(*) WHEN count(today_production) " \
    "THEN sum(today_production) END AS today, " \
    "CASE count(*) WHEN count(total_production) " \
    "THEN sum(total_production) END AS total, min(e_day) AS day, " \
    "max(heard) AS heard, max(newest) AS newest FROM counted GROUP BY dtu) " \
    "SELECT dtu, '' AS serial, 0 AS port, " today ", " total ", " day \
    ", s.heard, s.newest FROM sums AS s " join \
    " UNION ALL SELECT dtu, serial, port, today_production, " \
    "total_production, e_day, heard, newest FROM counted " \
    "WHERE total_production IS NOT NULL AND heard > dtu_time - 86400 " \
    "ORDER BY dtu, serial, port"

static const char energies_sql[] =
    ENERGIES("iif(c.total_production IS NULL, s.today, c.today_production)",
    "coalesce(c.total_production, s.total)", "coalesce(c.day, s.day)",
    "LEFT JOIN dtu_cache AS c USING (dtu)");

/* A file of an older version has no energies of DTUs. */
static const char older_energies_sql[] =
    ENERGIES("s.today", "s.total", "s.day", "");

static int64_t
energy_at(sqlite3_stmt *row, int column)
{
	return sqlite3_column_type(row, column) == SQLITE_INTEGER ?
	    sqlite3_column_int64(row, column) : -1;
}

bool
hm_history_energies(struct hm_db *db, int64_t now, hm_energy_visitor *visit,
    void *context)
{
	sqlite3_stmt *rows = NULL;
	int result;

	if (!hm_db_prepare(db, energies_sql, &rows) &&
	    !hm_db_prepare(db, older_energies_sql, &rows))
		return false;
	sqlite3_bind_int64(rows, 1, now);
	while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
		const struct hm_history_energy energy = {
		    .dtu = hm_db_column_text(rows, 0),
		    .serial = hm_db_column_text(rows, 1),
		    .port = sqlite3_column_int64(rows, 2),
		    .today = energy_at(rows, 3),
		    .total = energy_at(rows, 4),
		    .day = sqlite3_column_int64(rows, 5),
		    .time = sqlite3_column_int64(rows, 6),
		    .newest = sqlite3_column_int64(rows, 7),
		};

		visit(context, &energy);
	}
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

/* Figures */

static const struct figure {
	const char *key, *sql;
} before_readings[] = {
    {"database_size_bytes", "SELECT page_count * page_size "
        "FROM pragma_page_count, pragma_page_size"},
    {"free_bytes", "SELECT freelist_count * page_size "
        "FROM pragma_freelist_count, pragma_page_size"},
    {"schema_version", "PRAGMA user_version"},
    {"production_cache_entries", "SELECT count(*) FROM production_cache"},
    {"config_cache_entries", "SELECT count(*) FROM config"},
    {"metrics_entries", "SELECT count(*) FROM stats"},
    {"inverters_count", "SELECT count(*) FROM inverter_latest"},
}, after_readings[] = {
    {"alarm_entries", "SELECT count(*) FROM alarm"},
    {"status_entries", "SELECT count(*) FROM status"},
    {"daily_entries", "SELECT count(*) FROM port_daily"},
};

static bool
emit_figures(struct hm_db *db, struct hm_json *e, const struct figure *figure,
    size_t count)
{
	int64_t number;

	for (size_t i = 0; i < count; i++) {
		if (!hm_db_ask(db, figure[i].sql, &number))
			return false;
		hm_json_int(e, figure[i].key, number);
	}
	return true;
}

/* Two counts keep the names that they had in the replaced program. */
static void
emit_count(struct hm_json *e, const struct hm_reading_type *type,
    int64_t count)
{
	bool replaced = type->scope == HM_SCOPE_INVERTER ||
	    type->scope == HM_SCOPE_PORT;
	char key[64];

	snprintf(key, sizeof key, "%s%s_entries", type->name,
	    replaced ? "_data" : "");
	hm_json_int(e, key, count);
}

/* Count the readings of every type that has tables; *sum is their total. */
static bool
emit_counts(struct hm_db *db, struct hm_json *e, int64_t *sum)
{
	struct hm_tables tables;
	struct hm_sql sql;
	int64_t count;

	*sum = 0;
	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++) {
		if (!tables.of[i])
			continue;
		hm_sql_start(&sql);
		hm_sql_add(&sql, "SELECT count(*) FROM %s",
		    hm_reading_types[i].name);
		if (!hm_db_ask(db, hm_sql_text(&sql), &count))
			return false;
		emit_count(e, &hm_reading_types[i], count);
		*sum += count;
	}
	return true;
}

bool
hm_history_stats(struct hm_db *db, struct hm_json *e)
{
	int64_t readings;

	hm_json_text(e, "database_type", "sqlite");
	hm_json_text(e, "database_path", db->path);
	if (!emit_figures(db, e, before_readings,
	    sizeof before_readings / sizeof *before_readings) ||
	    !emit_counts(db, e, &readings) ||
	    !emit_figures(db, e, after_readings,
	    sizeof after_readings / sizeof *after_readings))
		return false;
	hm_json_int(e, "total_records", readings);
	return true;
}
