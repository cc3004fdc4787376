#ifndef HM_ROLLUP_HOUR_H
#define HM_ROLLUP_HOUR_H

#include "db/db.h"
#include "db/reading_tables.h"
#include "record/types.h"

/* Statements that are kept from hour to hour; all zeros: none yet. */
struct hm_rollup_statements {
	sqlite3_stmt *read[HM_SCOPES], *write[HM_SCOPES];
};

/*
 * Build the rows of a local hour from all readings of a type, in the caller's
 * transaction. False: see hm_db_reason. If only a part of an hour's pruned
 * readings is replayed, the old row has more samples than the new one; then it
 * stays.
 */
bool hm_rollup_hour_make(struct hm_db *db, const struct hm_reading_type *type,
    int64_t hour, struct hm_rollup_statements *statements);

/* Free the statements and their memory. */
void hm_rollup_hour_finish(struct hm_rollup_statements *statements);

#endif
