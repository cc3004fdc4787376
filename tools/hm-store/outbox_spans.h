#ifndef HM_OUTBOX_SPANS_H
#define HM_OUTBOX_SPANS_H

#include "db/db.h"
#include "record/types.h"

/*
 * Lists for hm-ship the hours and days whose rows have changed: see
 * db/ship_tables.h. Whatever changes such a row, on the connection that is
 * watched, is noted in outbox_due in the same transaction.
 */

struct hm_outbox_spans {
	bool watched[HM_SCOPES]; /* all false for a connection that is new */
};

/*
 * Note whether hours are shipped from now on, or polls; `now` is in seconds
 * since 1970. Changes of hours that were shipped, or will be, must be watched:
 * *watched is whether there are any. False: see hm_db_reason.
 */
bool hm_outbox_spans_prepare(struct hm_db *db, bool shipped, int64_t now,
    bool *watched);

/*
 * Note from now on what changes in the tables of hours and days that are there.
 * Call it before rows are made in tables that may be new. False: see
 * hm_db_reason.
 */
bool hm_outbox_spans_watch(struct hm_outbox_spans *spans, struct hm_db *db);

/*
 * In a transaction of its own, list the hours that are over by the clock at
 * `now`, in seconds since 1970, and with them the days that have changed, and
 * the last poll of each DTU in each of these hours. Without such an hour take
 * no lock. False: see hm_db_reason.
 */
bool hm_outbox_spans_list(struct hm_db *db, int64_t now);

#endif
