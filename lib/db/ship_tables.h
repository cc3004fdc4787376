#ifndef HM_SHIP_TABLES_H
#define HM_SHIP_TABLES_H

#include "db.h"
#include "record/record.h"

/*
 * The tables that hm-store fills and hm-ship empties. A database has them only
 * if one of the two was asked for it.
 *
 * outbox: a row for each poll (dtu, time) with new readings, and one, with the
 * record in `line`, for each other record that changed a row. Where hours are
 * shipped it has a row for each hour or day (`span`, time) whose rows have
 * changed: `time` is when the hour begins, or the date as a time of UTC. A poll
 * or hour that changes again is deleted and inserted again. So `seq` is the
 * order of commits, and what is stored late has a number that no reader has
 * passed.
 *
 * outbox_due: the hours and days that have changed and are not listed yet.
 *
 * outbox_hours: one row once hours have been shipped, else none. Hours that
 * begin before `until` are shipped as hours; while all are, it is INT64_MAX.
 *
 * ship_to: the last seq that each destination has. Rows up to the least of them
 * are deleted.
 */

/* The values of `span`. */
#define HM_SPAN_HOUR "hour"
#define HM_SPAN_DAY "day"

/* Whether a row of outbox is a poll, also in the tables of older versions. */
#define HM_OUTBOX_IS_POLL "line IS NULL AND dtu IS NOT NULL"

/*
 * Create the tables, if they are missing, and add what those of an older
 * version lack. False: see hm_db_reason.
 */
bool hm_ship_tables_create(struct hm_db *db);

/* Whether the database has them. False, too, if it cannot be read. */
bool hm_ship_tables_there(struct hm_db *db);

/* Prepare a statement for hm_ship_line_add. The caller finalizes it. */
bool hm_ship_line_prepare(struct hm_db *db, sqlite3_stmt **add);

/* List `record`, which is no reading, as its line and its time. */
bool hm_ship_line_add(sqlite3_stmt *add, const struct hm_record *record,
    int64_t time, struct hm_slice line);

#endif
