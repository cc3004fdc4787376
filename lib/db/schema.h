#ifndef HM_SCHEMA_H
#define HM_SCHEMA_H

#include "db.h"

/*
 * The schema of the database, which any tool can create. user_version has its
 * version. A new field adds a column, a new type of readings adds tables;
 * neither changes the version.
 * The tables of a type that is on_demand come with its first row.
 */

#define HM_SCHEMA_VERSION 2

/*
 * Create the schema of a database that was opened for writing, or add to it
 * what is missing; the rows of an older version stay as they are. NULL, or why
 * it cannot be used: a newer version or another program made it (it is then
 * unchanged), or it could not be written. The caller closes it. The text is
 * valid until the next call of SQLite.
 */
const char *hm_schema_bring_up(struct hm_db *db);

/* Copy the file at `path`, which has `version`. False, logged: no copy. */
typedef bool hm_schema_saver(void *context, const char *path, int64_t version);

/*
 * After hm_schema_bring_up: change the rows of an older version to those of
 * this one. Before that, `save` is called while no other process can write.
 * NULL, or why the database cannot be used; it is then unchanged once the
 * caller closes it.
 */
const char *hm_schema_migrate(struct hm_db *db, hm_schema_saver *save,
    void *context);

/*
 * NULL, or why the file must not be used: a newer version or another program
 * made it. Static text.
 */
const char *hm_schema_refuse(struct hm_db *db);

/* NULL, or why a database that was opened for reading cannot be read. */
const char *hm_schema_check(struct hm_db *db);

/* Whether no column is missing: a file of an older version may lack some. */
bool hm_schema_is_whole(struct hm_db *db);

#endif
