#include "spool.h"

#include "db/db.h"
#include "db/reading_tables.h"
#include "db/ship_tables.h"
#include "db/sql.h"
#include "record/types.h"
#include "spool_private.h"

#define HOUR 3600
#define DAY 86400
#define MONTH (30 * (int64_t)DAY)

/* A local day and that of UTC begin at most 14 hours apart. */
#define DAY_BEFORE (14 * (int64_t)HOUR)

/*
 * Append a SELECT of each type that has tables: its name stands between the
 * texts `start` and `end`.
 */
static bool
add_types(struct hm_sql *sql, struct hm_db *db, const char *between,
    const char *start, const char *end)
{
	struct hm_tables tables;
	const char *before = "";

	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++) {
		if (!tables.of[i])
			continue;
		hm_sql_add(sql, "%s%s%s%s", before, start,
		    hm_reading_types[i].name, end);
		before = between;
	}
	return true;
}

/* Hours */

static bool
find_hour(struct hm_db *db, int64_t after, int64_t *hour, bool *more)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT min(hour) FROM (");
	if (!add_types(&sql, db, " UNION ALL ", "SELECT min(hour) AS hour "
	    "FROM ", "_hourly WHERE hour > ?1"))
		return false;
	hm_sql_add(&sql, ")");
	return hm_spool_next_hour(db, hm_sql_text(&sql), after, hour, more);
}

static bool
add_hours(struct hm_db *db, int64_t from, uint64_t *added)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT INTO outbox (time, span) "
	    "SELECT hour, '" HM_SPAN_HOUR "' FROM (");
	if (!add_types(&sql, db, " UNION ", "SELECT hour FROM ", "_hourly "
	    "WHERE hour >= ?1 AND hour < ?2"))
		return false;
	hm_sql_add(&sql, ") ORDER BY hour");
	if (!hm_db_run(db, "BEGIN IMMEDIATE") ||
	    !hm_spool_run_between(db, "DELETE FROM outbox WHERE span = '"
	    HM_SPAN_HOUR "' AND time >= ?1 AND time < ?2", from,
	    from + MONTH) ||
	    !hm_spool_run_between(db, hm_sql_text(&sql), from, from + MONTH))
		return false;
	*added = (uint64_t)sqlite3_changes64(db->handle);
	return hm_db_run(db, "COMMIT");
}

bool
hm_spool_list_hours(struct hm_spool *spool, struct hm_spool_listing *l,
    bool *more)
{
	uint64_t added = 0;
	int64_t hour;

	if (!l->begun)
		l->after = l->since - HOUR;
	l->begun = true;
	if (!find_hour(&spool->db, l->after, &hour, more) ||
	    (*more && !add_hours(&spool->db, hour, &added)))
		return false;
	l->after = hour + MONTH - 1;
	l->count += added;
	return true;
}

/* Days, and the last poll of each DTU */

static bool
add_days(struct hm_db *db, int64_t after)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT INTO outbox (time, span) SELECT "
	    "CAST(strftime('%%s', day) AS INTEGER) AS time, '" HM_SPAN_DAY
	    "' FROM (");
	if (!add_types(&sql, db, " UNION ", "SELECT day FROM ", "_daily "
	    "WHERE day > date(?1, 'unixepoch')"))
		return false;
	hm_sql_add(&sql, ") ORDER BY time");
	return hm_db_run_for(db, "DELETE FROM outbox WHERE span = '"
	    HM_SPAN_DAY "' AND time > ?1", after) &&
	    hm_db_run_for(db, hm_sql_text(&sql), after);
}

static bool
add_latest(struct hm_db *db, int64_t since)
{
	return hm_db_run_for(db, "DELETE FROM outbox WHERE " HM_OUTBOX_IS_POLL
	    " AND (time, dtu) IN (SELECT time, dtu FROM dtu_latest "
	    "WHERE time >= ?1)", since) &&
	    hm_db_run_for(db, "INSERT INTO outbox (time, dtu) SELECT time, dtu "
	    "FROM dtu_latest WHERE time >= ?1 ORDER BY time, dtu", since);
}

bool
hm_spool_list_days(struct hm_spool *spool, struct hm_spool_listing *l,
    bool *more)
{
	struct hm_db *db = &spool->db;
	int64_t added;

	*more = false;
	if (!hm_db_run(db, "BEGIN IMMEDIATE") ||
	    !add_days(db, l->since - DAY - DAY_BEFORE))
		return false;
	added = sqlite3_changes64(db->handle);
	if (!add_latest(db, l->since))
		return false;
	added += sqlite3_changes64(db->handle);
	l->count += (uint64_t)added;
	return hm_db_run(db, "COMMIT");
}
