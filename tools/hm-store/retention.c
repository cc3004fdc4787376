#include "retention.h"

#include "db/reading_tables.h"
#include "db/sql.h"
#include "record/types.h"
#include "store_outbox.h"

#define HOUR 3600
#define HOUR_TEXT "3600"

/* The tables whose rows are kept for a time. */
struct kept {
	const char *table[HM_SCOPES + 1];
	size_t count;
};

static bool
list_kept(struct hm_db *db, struct kept *kept)
{
	struct hm_tables tables;

	kept->count = 0;
	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables.of[i])
			kept->table[kept->count++] = hm_reading_types[i].name;
	kept->table[kept->count++] = "stats";
	return true;
}

/* Removing */

static bool
prune(struct hm_db *db, const char *table, const char *condition,
    int64_t hour, uint64_t *pruned)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "DELETE FROM %s WHERE time >= ?1 AND time < ?1 + "
	    HOUR_TEXT "%s", table, condition);
	if (!hm_db_run_for(db, hm_sql_text(&sql), hour))
		return false;
	*pruned += (uint64_t)sqlite3_changes64(db->handle);
	return true;
}

/* The earliest hour to remove, unless a local hour in it is still due. */
static bool
find_hour(struct hm_db *db, int64_t arrived, int64_t *hour, bool *found)
{
	sqlite3_stmt *find = NULL;
	int result;

	if (!hm_db_prepare(db, "SELECT min(hour) FROM reading_hours AS h "
	    "WHERE arrived <= ?1 AND NOT EXISTS (SELECT 1 FROM rollup_due "
	    "WHERE hour > h.hour - " HOUR_TEXT " AND hour < h.hour + "
	    HOUR_TEXT ")", &find))
		return false;
	sqlite3_bind_int64(find, 1, arrived);
	result = sqlite3_step(find);
	*found = result == SQLITE_ROW &&
	    sqlite3_column_type(find, 0) != SQLITE_NULL;
	*hour = *found ? sqlite3_column_int64(find, 0) : 0;
	return sqlite3_finalize(find) == SQLITE_OK && result == SQLITE_ROW;
}

/* The ids of the commands of an hour, while these are removed. */
#define IDS "temp.pruned_ids"
#define GOES "(action IS 'limit_temporary' OR "
#define NEVER_DONE "state IN ('refused', 'failed')"

static bool
prune_listed(struct hm_db *db, const char *table, uint64_t *pruned)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "DELETE FROM %s WHERE id IN " IDS, table);
	if (!hm_db_run(db, hm_sql_text(&sql)))
		return false;
	*pruned += (uint64_t)sqlite3_changes64(db->handle);
	return true;
}

/*
 * Commands to DTUs stay, unless they were not carried out or were temporary
 * limits: whoever may send commands could fill the disk with the former, and a
 * controller makes hundreds of the latter a day. The time of a command may be
 * far from those of its results, whose hours may be gone already.
 */
static bool
prune_commands(struct hm_db *db, int64_t hour, uint64_t *pruned)
{
	return hm_db_run(db, "CREATE TEMP TABLE IF NOT EXISTS pruned_ids "
	    "(id TEXT PRIMARY KEY) WITHOUT ROWID") &&
	    hm_db_run_for(db, "INSERT INTO " IDS " SELECT id FROM commands "
	    "WHERE time >= ?1 AND time < ?1 + " HOUR_TEXT " AND " GOES
	    "EXISTS (SELECT 1 FROM results WHERE id = commands.id "
	    "AND " NEVER_DONE "))", hour) &&
	    prune_listed(db, "results", pruned) &&
	    prune_listed(db, "commands", pruned) &&
	    hm_db_run(db, "DELETE FROM " IDS) &&
	    prune(db, "results", " AND " GOES NEVER_DONE ") AND NOT EXISTS "
	    "(SELECT 1 FROM commands WHERE id = results.id)", hour, pruned);
}

static bool
prune_hour(struct hm_db *db, int64_t hour, struct hm_pruned *pruned)
{
	struct kept kept;

	if (!list_kept(db, &kept))
		return false;
	/* In all these tables time is the first column of a key. */
	for (size_t i = 0; i < kept.count; i++)
		if (!prune(db, kept.table[i], "", hour, &pruned->rows))
			return false;
	if (!prune_commands(db, hour, &pruned->rows) ||
	    !hm_store_outbox_prune(db, hour, &pruned->unshipped))
		return false;
	return hm_db_run_for(db, "DELETE FROM reading_hours WHERE hour = ?1",
	    hour);
}

bool
hm_retention_step(struct hm_db *db, int64_t arrived, struct hm_pruned *pruned,
    bool *more)
{
	struct hm_pruned removed = {.rows = 0};
	int64_t hour;

	*more = false;
	if (!hm_db_run(db, "BEGIN IMMEDIATE") ||
	    !find_hour(db, arrived, &hour, more) ||
	    (*more && !prune_hour(db, hour, &removed)) ||
	    !hm_db_run(db, "COMMIT"))
		return false;
	pruned->rows += removed.rows;
	pruned->unshipped += removed.unshipped;
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

/* The hours that have rows */

int64_t
hm_retention_hour(int64_t time)
{
	return time - (time % HOUR + HOUR) % HOUR;
}

/* "the hour of `time`", for any time before or after 1970 */
#define HOUR_OF(time) \
	time " - (" time " % " HOUR_TEXT " + " HOUR_TEXT ") % " HOUR_TEXT

/* Whether the first row of a table is in an hour that is not listed. */
static bool
lacks(struct hm_db *db, const char *table, bool *lacking)
{
	struct hm_sql sql;
	int64_t missing = 0;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT count(*) FROM (SELECT time FROM %s "
	    "ORDER BY time LIMIT 1) WHERE ", table);
	hm_sql_add(&sql, "%s NOT IN (SELECT hour FROM reading_hours)",
	    HOUR_OF("time"));
	if (!hm_db_ask(db, hm_sql_text(&sql), &missing))
		return false;
	*lacking = *lacking || missing > 0;
	return true;
}

/* Skips from hour to hour; the rows in between are not read. */
static bool
list_hours(struct hm_db *db, const char *table)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT OR IGNORE INTO reading_hours (hour) "
	    "WITH RECURSIVE h(hour) AS (SELECT (SELECT %s FROM %s "
	    "ORDER BY time LIMIT 1) UNION ALL SELECT (SELECT %s FROM %s "
	    "WHERE time >= h.hour + " HOUR_TEXT " ORDER BY time LIMIT 1) "
	    "FROM h WHERE hour IS NOT NULL) "
	    "SELECT hour FROM h WHERE hour IS NOT NULL",
	    HOUR_OF("time"), table, HOUR_OF("time"), table);
	return hm_db_run(db, hm_sql_text(&sql));
}

bool
hm_retention_list(struct hm_db *db, int64_t seconds)
{
	bool lacking = false;
	struct kept kept;

	if (!list_kept(db, &kept))
		return false;
	for (size_t i = 0; i < kept.count; i++)
		if (!lacks(db, kept.table[i], &lacking))
			return false;
	if (!lacking)
		return true;
	for (size_t i = 0; i < kept.count; i++)
		if (!list_hours(db, kept.table[i]))
			return false;
	return hm_db_run_for(db, "UPDATE reading_hours "
	    "SET arrived = ?1 - 86400 * n FROM (SELECT hour AS h, "
	    "dense_rank() OVER (ORDER BY hour / 86400 DESC) - 1 AS n "
	    "FROM reading_hours) WHERE hour = h AND arrived IS NULL", seconds);
}
