#ifndef HM_SHIP_TABLES_H
#define HM_SHIP_TABLES_H

#include "db.h"

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

#endif
