#include "spool.h"

#include "db/db.h"
#include "db/reading_tables.h"
#include "db/ship_tables.h"
#include "db/sql.h"
#include "record/types.h"
#include "spool_private.h"

#define HOUR 3600

/* Statements */

bool
hm_spool_run_between(struct hm_db *db, const char *sql, int64_t from,
    int64_t end)
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

bool
hm_spool_next_hour(struct hm_db *db, const char *sql, int64_t after,
    int64_t *hour, bool *more)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(db, sql, &s);

	if (good) {
		sqlite3_bind_int64(s, 1, after);
		good = sqlite3_step(s) == SQLITE_ROW;
		*more = sqlite3_column_type(s, 0) != SQLITE_NULL;
		*hour = sqlite3_column_int64(s, 0);
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

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
list(struct hm_db *db, int64_t from, int64_t end, uint64_t *count)
{
	struct hm_tables tables;
	struct hm_sql sql;

	if (!hm_tables_look(db, &tables))
		return false;
	add_polls(&sql, &tables);
	if (!hm_spool_run_between(db, "DELETE FROM outbox WHERE "
	    HM_OUTBOX_IS_POLL " AND time >= ?1 AND time < ?2", from, end) ||
	    !hm_spool_run_between(db, hm_sql_text(&sql), from, end))
		return false;
	*count = (uint64_t)sqlite3_changes64(db->handle);
	return true;
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
list_between(struct hm_db *db, int64_t from, int64_t end, uint64_t *count)
{
	bool has;

	if (!has_readings(db, from, end, &has))
		return false;
	return !has || (hm_db_run(db, "BEGIN IMMEDIATE") &&
	    list(db, from, end, count) && hm_db_run(db, "COMMIT"));
}

static bool
list_polls(struct hm_spool *spool, struct hm_spool_listing *l, bool *more)
{
	struct hm_db *db = &spool->db;
	uint64_t added = 0;
	int64_t hour;

	if (!l->begun)
		l->after = l->since - l->since % HOUR - HOUR - 1;
	l->begun = true;
	if (!hm_spool_next_hour(db, "SELECT min(hour) FROM reading_hours "
	    "WHERE hour > ?1", l->after, &hour, more) ||
	    (*more && !list_between(db, hour > l->since ? hour : l->since,
	    hour + HOUR, &added)))
		return false;
	l->after = hour;
	l->count += added;
	return true;
}

/* All */

typedef bool hm_list_step(struct hm_spool *spool,
    struct hm_spool_listing *listing, bool *more);

static hm_list_step *const of_polls[] = {
    list_polls, hm_spool_list_events, NULL};
static hm_list_step *const of_hours[] = {
    hm_spool_list_hours, hm_spool_list_days, hm_spool_list_events, NULL};

bool
hm_spool_list(struct hm_spool *spool, struct hm_spool_listing *l, bool *more)
{
	hm_list_step *const *steps = l->hours ? of_hours : of_polls;
	bool more_of_step = true;

	spool->why[0] = '\0';
	if (!steps[l->step](spool, l, &more_of_step)) {
		if (spool->why[0] == '\0')
			hm_spool_fail(spool, "cannot list what is to be "
			    "shipped");
		hm_spool_close(spool);
		return false;
	}
	if (!more_of_step) {
		l->step++;
		l->begun = false;
	}
	*more = steps[l->step] != NULL;
	return true;
}
