#ifndef HM_ROLLUP_H
#define HM_ROLLUP_H

#include "db/db.h"

/*
 * Hours and days from readings. An hour is built from all its rows, again
 * whenever it gets new ones, so that their order does not matter, nor whether a
 * row comes twice. The table rollup_due has the hours that are due; it is
 * written in the transaction of the rows. Hours and days are local; those whose
 * readings have been pruned stay as they are.
 */

struct hm_rollup {
	struct hm_db *db;
	int reset_hour;
	sqlite3_stmt *mark;
	int64_t marked; /* the hour marked last in this transaction, or -1 */
	int64_t marked_end; /* times up to here are in that hour */
};

/*
 * Prepare for an open database that has the schema; days begin at
 * `reset_hour`. False: see hm_db_reason. To be finished before the database
 * is closed.
 */
bool hm_rollup_prepare(struct hm_rollup *rollup, struct hm_db *db,
    int reset_hour);
void hm_rollup_finish(struct hm_rollup *rollup);

/* A transaction of the caller begins. */
void hm_rollup_begin(struct hm_rollup *rollup);

/* A row of this time, in seconds since 1970, was inserted. */
bool hm_rollup_mark(struct hm_rollup *rollup, int64_t moment);

/*
 * In one transaction, build the earliest due hour (unless `all`, never the
 * newest, which may be incomplete), and its day if no other hour of that day is
 * due. *made counts it; *more is whether another hour may be due.
 */
bool hm_rollup_make(struct hm_rollup *rollup, bool all, uint64_t *made,
    bool *more);

#endif
