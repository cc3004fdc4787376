#include "retention.h"

#include "db/sql.h"
#include "record/types.h"

#define HOUR_TEXT "3600"

/* The time of the first row to delete; false if there is no such row. */
static bool
first_of(struct hm_db *db, const char *table, int64_t cutoff, int64_t *first)
{
	int64_t due = INT64_MAX;
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT time FROM %s ORDER BY time LIMIT 1", table);
	if (!hm_db_ask(db, hm_sql_text(&sql), first) || *first >= cutoff)
		return false;
	return !hm_db_ask(db, "SELECT hour FROM rollup_due "
	    "ORDER BY hour LIMIT 1", &due) || *first < due;
}

static bool
prune(struct hm_db *db, const char *table, int64_t cutoff, uint64_t *pruned,
    bool *more)
{
	sqlite3_stmt *statement = NULL;
	struct hm_sql sql;
	int64_t first;
	bool good;

	if (!first_of(db, table, cutoff, &first))
		return true;
	hm_sql_start(&sql);
	hm_sql_add(&sql, "DELETE FROM %s WHERE time < min(?1, ?2 + " HOUR_TEXT
	    ", coalesce((SELECT min(hour) FROM rollup_due), ?1))", table);
	good = hm_db_prepare(db, hm_sql_text(&sql), &statement) &&
	    sqlite3_bind_int64(statement, 1, cutoff) == SQLITE_OK &&
	    sqlite3_bind_int64(statement, 2, first) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_DONE;
	if (good)
		*pruned += (uint64_t)sqlite3_changes64(db->handle);
	*more = true;
	return sqlite3_finalize(statement) == SQLITE_OK && good;
}

bool
hm_retention_step(struct hm_db *db, int64_t cutoff, uint64_t *pruned,
    bool *more)
{
	uint64_t removed = 0;

	*more = false;
	if (!hm_db_run(db, "BEGIN IMMEDIATE"))
		return false;
	/* In all these tables time is the first column of the key. */
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (!prune(db, hm_reading_types[i].name, cutoff, &removed,
		    more))
			return false;
	if (!prune(db, "stats", cutoff, &removed, more) ||
	    !hm_db_run(db, "COMMIT"))
		return false;
	*pruned += removed;
	return true;
}

bool
hm_retention_shrink(struct hm_db *db)
{
	int64_t pages, unused;

	if (!hm_db_ask(db, "PRAGMA page_count", &pages) ||
	    !hm_db_ask(db, "PRAGMA freelist_count", &unused))
		return false;
	return unused <= pages / 8 ||
	    hm_db_run(db, "PRAGMA incremental_vacuum(256)");
}
