#ifndef HM_SCHEMA_H
#define HM_SCHEMA_H

#include "db.h"

/*
 * What is in the database, whichever tool opens it first. The version is in
 * user_version; a new field of the field table is a new column, a new type of
 * readings a new table, and neither is a new version.
 */

#define HM_SCHEMA_VERSION 1

/*
 * Create or upgrade the schema of a database that was opened for writing. NULL,
 * or why it cannot be used: it is from a newer version or another program, and
 * has not been touched, or it could not be written; then close it. The text is
 * valid until the next call of SQLite.
 */
const char *hm_schema_bring_up(struct hm_db *db);

/*
 * NULL, or why the file is not ours: it is from a newer version or another
 * program. Static text.
 */
const char *hm_schema_refuse(struct hm_db *db);

/* NULL, or why a database that was opened for reading cannot be read. */
const char *hm_schema_check(struct hm_db *db);

/* Whether all columns are there: a file of an older version may lack some. */
bool hm_schema_is_whole(struct hm_db *db);

#endif
