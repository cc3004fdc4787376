#ifndef HM_STORE_OUTBOX_H
#define HM_STORE_OUTBOX_H

#include "db/db.h"

/*
 * Lists for hm-ship what the rows of a transaction have changed: see
 * db/ship_tables.h.
 */

struct hm_store_outbox;

/*
 * With `hours` list hours, days and the last poll of each hour, not every poll.
 * NULL if there is no memory. Freed by hm_store_outbox_free.
 */
struct hm_store_outbox *hm_store_outbox_new(bool hours);
void hm_store_outbox_free(struct hm_store_outbox *outbox);

/*
 * Create the tables in an open database that has the schema, and prepare the
 * statements. Alarms that change on this connection are listed from now on,
 * also those that no record names: a reading or a list has begun or ended them.
 * False: see hm_db_reason. Call hm_store_outbox_finish before the database is
 * closed.
 */
bool hm_store_outbox_prepare(struct hm_store_outbox *outbox,
    struct hm_db *db);
void hm_store_outbox_finish(struct hm_store_outbox *outbox);

/* A transaction begins. */
void hm_store_outbox_begin(struct hm_store_outbox *outbox);

/*
 * In the transaction, list a row that hm_row_insert_put has stored as new; a
 * reading was stored at `time`. `row` is borrowed until the transaction has
 * ended. Records of stats are not listed. False: see hm_db_reason.
 */
bool hm_store_outbox_put(struct hm_store_outbox *outbox, struct hm_slice row,
    int64_t time);

/*
 * Around the making of hours and days, outside of a transaction: _watch before,
 * _list after. `now` is by the clock, in seconds since 1970. Hours that have
 * changed are also listed if every poll is by now. False: see hm_db_reason.
 */
bool hm_store_outbox_watch(struct hm_store_outbox *outbox, struct hm_db *db);
bool hm_store_outbox_list(struct hm_db *db, int64_t now);

/*
 * In a transaction of retention, delete the polls of an hour, whose readings
 * are deleted, and its other records, and add their number to *unshipped. Hours
 * and days stay, as their rows do. False: see hm_db_reason.
 */
bool hm_store_outbox_prune(struct hm_db *db, int64_t hour,
    uint64_t *unshipped);

#endif
