#ifndef HM_RETENTION_H
#define HM_RETENTION_H

#include "db/db.h"

/*
 * Readings and stats are kept for a time; alarms, states, hours and days stay.
 */

/*
 * In one transaction, delete rows older than `cutoff`, in seconds since 1970:
 * at most an hour of each table, so that no other process waits long. A row
 * whose hourly rollup is still due stays. Adds their number to *pruned; *more
 * is set if there may be other old rows. False: see hm_db_reason.
 */
bool hm_retention_step(struct hm_db *db, int64_t cutoff, uint64_t *pruned,
    bool *more);

/*
 * Return free pages to the file system if they are many; a few are kept,
 * because the next day fills them again. False: see hm_db_reason.
 */
bool hm_retention_shrink(struct hm_db *db);

#endif
