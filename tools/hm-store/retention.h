#ifndef HM_RETENTION_H
#define HM_RETENTION_H

#include "db/db.h"

/*
 * Readings, stats, and commands that were temporary limits or were not carried
 * out are kept for a time; alarms, states, hours, days and other commands stay.
 * Their age does not depend on the clock, which may be wrong: `reading_hours`
 * has, for each hour of UTC with rows, the running time (running_time.h) at
 * which one of them arrived last, or up to an hour before.
 */

/* The beginning of an hour of UTC, in seconds since 1970. */
int64_t hm_retention_hour(int64_t time);

/*
 * In the caller's transaction, list the hours of a database whose rows an
 * older version has written; `seconds` is the running time. Each day with rows
 * after an hour counts as a day of its age. False: see hm_db_reason.
 */
bool hm_retention_list(struct hm_db *db, int64_t seconds);

/* What retention has removed. */
struct hm_pruned {
	uint64_t rows;
	uint64_t unshipped; /* polls of the outbox */
};

/*
 * In one transaction, delete the rows of one hour, the earliest of those that
 * got their last row at a running time of at most `arrived`. An hour whose
 * rollup is still due stays. Adds to the numbers of *pruned; *more is set if
 * there may be other such hours. False: see hm_db_reason.
 */
bool hm_retention_step(struct hm_db *db, int64_t arrived,
    struct hm_pruned *pruned, bool *more);

/*
 * Return free pages to the file system if they are many; a few are kept,
 * because the next day fills them again. False: see hm_db_reason.
 */
bool hm_retention_shrink(struct hm_db *db);

#endif
