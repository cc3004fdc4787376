#include "spool.h"

#include <stdlib.h>

#include "base/rfc3339.h"
#include "db/db.h"
#include "db/export.h"
#include "db/reading_tables.h"
#include "db/ship_tables.h"
#include "db/sql.h"
#include "record/record.h"
#include "record/types.h"
#include "spool_private.h"

#define HOUR 3600

/* Polls */

static void
add_polls(struct hm_sql *sql, const struct hm_tables *tables)
{
	const char *between = "";

	hm_sql_start(sql);
	hm_sql_add(sql, "INSERT INTO outbox (dtu, time) SELECT dtu, time "
	    "FROM (");
	for (size_t i = 0; i < HM_SCOPES; i++) {
		if (!tables->of[i])
			continue;
		hm_sql_add(sql, "%sSELECT dtu, time FROM %s WHERE time >= ?1 "
		    "AND time < ?2", between, hm_reading_types[i].name);
		between = " UNION ";
	}
	hm_sql_add(sql, ") ORDER BY time, dtu");
}

static bool
run_between(struct hm_db *db, const char *sql, int64_t from, int64_t end)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(db, sql, &s);

	if (good) {
		sqlite3_bind_int64(s, 1, from);
		sqlite3_bind_int64(s, 2, end);
		good = sqlite3_step(s) == SQLITE_DONE;
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

static bool
list(struct hm_db *db, int64_t from, int64_t end, uint64_t *count)
{
	struct hm_tables tables;
	struct hm_sql sql;

	if (!hm_tables_look(db, &tables))
		return false;
	add_polls(&sql, &tables);
	if (!run_between(db, "DELETE FROM outbox WHERE line IS NULL "
	    "AND time >= ?1 AND time < ?2", from, end) ||
	    !run_between(db, hm_sql_text(&sql), from, end))
		return false;
	*count = (uint64_t)sqlite3_changes64(db->handle);
	return true;
}

static bool
next_hour(struct hm_spool *spool, int64_t after, int64_t *hour, bool *more)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(&spool->db, "SELECT min(hour) FROM "
	    "reading_hours WHERE hour > ?1", &s);

	if (good) {
		sqlite3_bind_int64(s, 1, after);
		good = sqlite3_step(s) == SQLITE_ROW;
		*more = sqlite3_column_type(s, 0) != SQLITE_NULL;
		*hour = sqlite3_column_int64(s, 0);
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

static void
ask_for_readings(struct hm_sql *sql, const struct hm_tables *tables)
{
	hm_sql_start(sql);
	hm_sql_add(sql, "SELECT false");
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables->of[i])
			hm_sql_add(sql, " OR EXISTS (SELECT 1 FROM %s WHERE "
			    "time >= ?1 AND time < ?2)",
			    hm_reading_types[i].name);
}

static bool
has_readings(struct hm_db *db, int64_t from, int64_t end, bool *has)
{
	struct hm_tables tables;
	struct hm_sql sql;
	sqlite3_stmt *s = NULL;
	bool good;

	if (!hm_tables_look(db, &tables))
		return false;
	ask_for_readings(&sql, &tables);
	good = hm_db_prepare(db, hm_sql_text(&sql), &s);
	if (good) {
		sqlite3_bind_int64(s, 1, from);
		sqlite3_bind_int64(s, 2, end);
		good = sqlite3_step(s) == SQLITE_ROW;
		*has = sqlite3_column_int(s, 0) != 0;
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

/* What has no readings needs no lock. */
static bool
list_hour(struct hm_db *db, int64_t from, int64_t end, uint64_t *count)
{
	bool has;

	if (!has_readings(db, from, end, &has))
		return false;
	return !has || (hm_db_run(db, "BEGIN IMMEDIATE") &&
	    list(db, from, end, count) && hm_db_run(db, "COMMIT"));
}

bool
hm_spool_list(struct hm_spool *spool, int64_t since, int64_t after,
    int64_t *hour, bool *more, uint64_t *count)
{
	uint64_t added = 0;
	bool good = next_hour(spool, after, hour, more) && (!*more ||
	    list_hour(&spool->db, *hour > since ? *hour : since,
	    *hour + HOUR, &added));

	if (good) {
		*count += added;
		return true;
	}
	hm_spool_fail(spool, "cannot list what is to be shipped");
	hm_spool_close(spool);
	return false;
}

/* Other records */

struct listing {
	sqlite3_stmt *add;
	struct hm_record record;
	uint64_t count;
	bool failed;
};

static bool
add_event(void *context, struct hm_slice line)
{
	struct listing *l = context;
	struct hm_slice text;
	struct hm_fault fault;
	int64_t time = 0;

	if (hm_record_parse(&l->record, line, &fault) &&
	    hm_record_string(&l->record, "time", &text))
		hm_rfc3339_parse(text, &time);
	l->failed = !hm_ship_line_add(l->add, &l->record, time, line);
	l->count += !l->failed;
	return !l->failed;
}

static bool
add_events(struct hm_spool *spool, int64_t since, struct listing *l)
{
	char why[HM_EXPORT_WHY];
	bool good = hm_db_run(&spool->db, "BEGIN IMMEDIATE") &&
	    hm_ship_line_prepare(&spool->db, &l->add) &&
	    hm_export_events(&spool->db, since, add_event, l, why) &&
	    !l->failed;

	sqlite3_finalize(l->add);
	return good && hm_db_run(&spool->db, "COMMIT");
}

bool
hm_spool_list_events(struct hm_spool *spool, int64_t since, uint64_t *count)
{
	struct listing *l = calloc(1, sizeof *l);
	bool good = l != NULL && add_events(spool, since, l);

	if (good)
		*count += l->count;
	free(l);
	if (good)
		return true;
	hm_spool_fail(spool, "cannot list what is to be shipped");
	hm_spool_close(spool);
	return false;
}
