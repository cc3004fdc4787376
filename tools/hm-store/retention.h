#ifndef HM_RETENTION_H
#define HM_RETENTION_H

#include "db/db.h"

/*
 * Readings and stats are kept for a time; alarms, states, hours and days stay.
 */

/*
 * Remove rows from before `cutoff`, in seconds since 1970, at most an hour of
 * each table, so that nobody waits long; none whose hour has not been made.
 * *pruned counts them up. *more tells whether there may be others. In a
 * transaction of its own. False: see hm_db_reason.
 */
bool hm_retention_step(struct hm_db *db, int64_t cutoff, uint64_t *pruned,
    bool *more);

/*
 * Give pages that are free back to the file system, if they are many: those
 * that the next day fills again are kept.
 */
bool hm_retention_shrink(struct hm_db *db);

#endif
