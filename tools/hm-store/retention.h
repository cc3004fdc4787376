#ifndef HM_RETENTION_H
#define HM_RETENTION_H

#include "db/db.h"

/*
 * Readings and stats are kept for a time; alarms, states, hours and days stay.
 */

/*
 * Delete rows from before `cutoff`, in seconds since 1970, at most an hour of
 * each table, so that no other process waits long; none whose hour is still
 * due. Adds their number to *pruned; *more is whether there may be others. In
 * its own transaction. False: see hm_db_reason.
 */
bool hm_retention_step(struct hm_db *db, int64_t cutoff, uint64_t *pruned,
    bool *more);

/*
 * Return free pages to the file system if they are many; a few are kept,
 * because the next day fills them again.
 */
bool hm_retention_shrink(struct hm_db *db);

#endif
