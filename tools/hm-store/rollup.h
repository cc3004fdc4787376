#ifndef HM_ROLLUP_H
#define HM_ROLLUP_H

#include "db/db.h"
#include "record/types.h"
#include "rollup_hour.h"

/*
 * Hourly and daily rows from readings. An hour is built from all its readings,
 * and rebuilt whenever it gets new ones, so their order does not matter, and a
 * repeated reading does no harm. The table rollup_due has the hours that are
 * due; it is written in the transaction of the readings. Hours and days are
 * local. Rows whose readings have been pruned do not change.
 */

struct hm_rollup {
	struct hm_db *db;
	int reset_hour;
	sqlite3_stmt *mark;
	struct hm_rollup_statements hour; /* only while hours are due */
	int64_t marked; /* the hour marked last in this transaction, or -1 */
	int64_t marked_end; /* times up to here are in that hour */
};

/*
 * Prepare for an open database that has the schema; days begin at
 * `reset_hour`. False: see hm_db_reason. Call hm_rollup_finish before the
 * database is closed.
 */
bool hm_rollup_prepare(struct hm_rollup *rollup, struct hm_db *db,
    int reset_hour);
void hm_rollup_finish(struct hm_rollup *rollup);

/* A transaction of the caller begins. */
void hm_rollup_begin(struct hm_rollup *rollup);

/* Mark the hour of a new reading as due. `moment` is in seconds since 1970. */
bool hm_rollup_mark(struct hm_rollup *rollup, int64_t moment);

/*
 * In one transaction, build the earliest due hours (unless `all`, never the
 * newest, which may be incomplete), and the days of which no other hour is due.
 * *made counts the hours; *more is whether another one may be due.
 */
bool hm_rollup_make(struct hm_rollup *rollup, bool all, uint64_t *made,
    bool *more);

/*
 * Append ", sum(pv_power_count) ...": one hourly or daily row made of several,
 * in the order of hm_table_add_columns.
 */
void hm_rollup_add_columns(struct hm_sql *sql,
    const struct hm_reading_type *type);

#endif
