#ifndef HM_ROLLUP_HOUR_H
#define HM_ROLLUP_HOUR_H

#include "db/db.h"
#include "db/reading_tables.h"

/*
 * Make the rows of a local hour of a type, from all its readings.
 * In the transaction of the caller. False: see hm_db_reason. Readings of an
 * hour that has been pruned may come again, but perhaps not all of them: a
 * row that was made of more samples stays.
 */
bool hm_rollup_hour_make(struct hm_db *db, const struct hm_reading_type *type,
    int64_t hour);

#endif
