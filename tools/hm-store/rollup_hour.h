#ifndef HM_ROLLUP_HOUR_H
#define HM_ROLLUP_HOUR_H

#include "db/db.h"
#include "db/reading_tables.h"

/*
 * Build the rows of a local hour from all readings of a type, in the caller's
 * transaction. False: see hm_db_reason. If only a part of an hour's pruned
 * readings is replayed, the old row has more samples than the new one; then it
 * stays.
 */
bool hm_rollup_hour_make(struct hm_db *db, const struct hm_reading_type *type,
    int64_t hour);

#endif
