#ifndef HM_ROLLUP_H
#define HM_ROLLUP_H

#include "db/db.h"

/*
 * Hours and days from readings. An hour is made whole, from all its rows, as
 * often as rows come to it, so that it does not matter in which order they
 * came and whether twice. Which hours are to be made stands in the table
 * rollup_due, which is written together with the rows. Hours and days are
 * local ones; those whose readings have been pruned stay as they are.
 */

struct hm_rollup {
	struct hm_db *db;
	int reset_hour;
	sqlite3_stmt *mark;
	int64_t marked; /* the hour marked last in this transaction, or -1 */
	int64_t marked_end; /* moments up to here are surely of it */
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

/* A row of a moment, in seconds since 1970, has come. */
bool hm_rollup_mark(struct hm_rollup *rollup, int64_t moment);

/*
 * Make an hour that is due, and its day if no later hour of it is, in a
 * transaction of its own: the
 * first of all, or of all but the last, which may still be going on. *made
 * counts it; *more tells whether another one may be due.
 */
bool hm_rollup_make(struct hm_rollup *rollup, bool all, uint64_t *made,
    bool *more);

#endif
