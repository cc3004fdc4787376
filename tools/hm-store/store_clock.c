#include "store_clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "db/db.h"
#include "db/reading_tables.h"
#include "db/sql.h"
#include "record/types.h"
#include "retention.h"
#include "row_insert.h"

#define SAVE_S 600 /* of running time, between two writes */
#define STEP_S 60  /* a clock that goes less wrong is not noted */
#define DAY 86400

void
hm_store_clock_init(struct hm_store_clock *c)
{
	struct hm_moment now = hm_moment_now();

	*c = (struct hm_store_clock){.warned = false};
	snprintf(c->own, sizeof c->own, "%llx-%llx-%lx",
	    (unsigned long long)now.wall, (unsigned long long)now.steady,
	    (unsigned long)getpid());
}

/* Warnings */

static void
warn_jump(const struct hm_db *db, int64_t jump, bool booted)
{
	int64_t days = jump / DAY;

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", db->path),
	    hm_fact_int("seconds", jump)), booted ?
	    "%s: by the clock hm-store last ran %lld days ago: either the "
	    "machine was off, or the clock is wrong; no reading is removed "
	    "because of these days" :
	    "%s: the clock has jumped %lld days ahead; no reading is removed "
	    "because of these days", db->path, (long long)days);
}

void
hm_store_clock_future(struct hm_store_clock *c, const char *path, int64_t time)
{
	char text[HM_RFC3339_SIZE];

	if (c->warned)
		return;
	c->warned = true;
	hm_rfc3339_format(time, text);
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", path),
	    hm_fact("time", text)), "%s: a reading is dated %s, which is in "
	    "the future by the clock of this machine; readings that come "
	    "later replace it as the latest", path, text);
}

static void
warn_future(const struct hm_db *db, int64_t rows, int64_t newest)
{
	char text[HM_RFC3339_SIZE];

	hm_rfc3339_format(newest, text);
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", db->path),
	    hm_fact_int("rows", rows), hm_fact("time", text)), "%s: %lld "
	    "readings, up to %s, are dated later than the clock: it is wrong "
	    "now, or was when they were stored; readings that come now replace "
	    "them as the latest", db->path, (long long)rows, text);
}

/* Add the rows of a table that are later than a time, and look for the last. */
static bool
count_later(struct hm_db *db, const char *table, int64_t time, int64_t *rows,
    int64_t *newest)
{
	sqlite3_stmt *s = NULL;
	struct hm_sql sql;
	bool good;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT count(*), max(time) FROM %s WHERE time > ?1",
	    table);
	good = hm_db_prepare(db, hm_sql_text(&sql), &s) &&
	    sqlite3_bind_int64(s, 1, time) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW;
	if (good && sqlite3_column_int64(s, 0) > 0) {
		*rows += sqlite3_column_int64(s, 0);
		if (sqlite3_column_int64(s, 1) > *newest)
			*newest = sqlite3_column_int64(s, 1);
	}
	sqlite3_finalize(s);
	return good;
}

/* Report readings that are later than the clock. */
static bool
check_future(struct hm_db *db, int64_t clock)
{
	int64_t rows = 0, newest = clock;
	struct hm_tables tables;

	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables.of[i] && !count_later(db, hm_reading_types[i].name,
		    clock + HM_ROW_AHEAD, &rows, &newest))
			return false;
	if (rows > 0)
		warn_future(db, rows, newest);
	return true;
}

/* Ticks */

static bool
is_step(int64_t jump)
{
	return jump > STEP_S || jump < -STEP_S;
}

/* In a transaction. */
static bool
advance(struct hm_store_clock *c, struct hm_db *db)
{
	struct hm_running_time then = {.seconds = 0}, now = then;
	int64_t passed, jump;
	bool found, booted;

	hm_running_time_now(c->own, &now);
	if (!hm_running_time_load(db, &then, &found))
		return false;
	if (!found)
		then = now;
	passed = hm_running_time_passed(&then, &now);
	jump = hm_running_time_jump(&then, &now);
	booted = strcmp(then.boot, now.boot) != 0;
	now.seconds = then.seconds + passed;
	if (!hm_retention_list(db, now.seconds) ||
	    ((!found || jump < -STEP_S) && !check_future(db, now.clock)))
		return false;
	if (jump > DAY)
		warn_jump(db, jump, booted);
	c->time = now;
	return (found && !booted && passed < SAVE_S && !is_step(jump)) ||
	    hm_running_time_save(db, &now);
}

bool
hm_store_clock_tick(struct hm_store_clock *c, struct hm_db *db)
{
	return hm_db_run(db, "BEGIN IMMEDIATE") && advance(c, db) &&
	    hm_db_run(db, "COMMIT");
}
