#ifndef HM_SHIP_TABLES_H
#define HM_SHIP_TABLES_H

#include "db.h"
#include "record/record.h"

/*
 * The tables that hm-store fills and hm-ship empties. A database has them only
 * if one of the two was asked for it.
 *
 * outbox: a row for each poll (dtu, time) with new readings, and one, with the
 * record in `line`, for each other record that changed a row. A poll that gets
 * another reading is deleted and inserted again. So `seq` is the order of
 * commits, and what is stored late has a number that no reader has passed.
 *
 * ship_to: the last seq that each destination has. Rows up to the least of them
 * are deleted.
 */

/* Create the tables, if they are missing. False: see hm_db_reason. */
bool hm_ship_tables_create(struct hm_db *db);

/* Whether the database has them. False, too, if it cannot be read. */
bool hm_ship_tables_there(struct hm_db *db);

/* Prepare a statement for hm_ship_line_add. The caller finalizes it. */
bool hm_ship_line_prepare(struct hm_db *db, sqlite3_stmt **add);

/* List `record`, which is no reading, as its line and its time. */
bool hm_ship_line_add(sqlite3_stmt *add, const struct hm_record *record,
    int64_t time, struct hm_slice line);

#endif
