#ifndef HM_DB_H
#define HM_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "sql.h"

/*
 * An SQLite database, for one thread at a time. If a function returns false,
 * hm_db_reason has the reason.
 */
struct hm_db {
	sqlite3 *handle; /* NULL while closed */
	char *path;
	bool writing; /* opened to write; a file without permission to write
	                 can be open all the same */
};

struct hm_db_options {
	bool writing; /* create the file if needed; false: read only */
	bool careful; /* a commit is on the disk when it returns */
	bool still;   /* with writing false: no process writes to the file, so
	                 take no lock and make no file beside it */
	int busy_ms;  /* how long to wait for other writers */
};

/*
 * Leave out of SQLite what costs more than it gives: the statistics of its
 * memory, which take a lock for each allocation, and most of the 120 kB that
 * each connection sets aside for small pieces. Call it before any database is
 * opened.
 */
void hm_db_lean(void);

/*
 * Open the database at `path`; `db` is all zero, or a database to be closed
 * first. Even after a failure hm_db_close must be called.
 */
bool hm_db_open(struct hm_db *db, const char *path,
    const struct hm_db_options *options);

/*
 * Whether no log is beside the file, as with a backup: then no process has it
 * open as hm does, and it can be opened with `still`.
 */
bool hm_db_still(const char *path);

/*
 * All statements must have been finalized. `db` may be closed already. After
 * the last writer has closed a database, all of it is in its one file, even if
 * others still have it open to read.
 */
void hm_db_close(struct hm_db *db);

/*
 * Why the last call failed; valid until the next. Where SQLite only says that
 * it cannot open or write the file, the reason is looked for in the file
 * system. Of a damaged file it also says what to do.
 */
const char *hm_db_reason(const struct hm_db *db);

/* Whether the last call failed because the file is damaged. */
bool hm_db_damaged(const struct hm_db *db);

/* Log "PATH: WHAT: REASON" as an error. */
void hm_db_complain(const struct hm_db *db, const char *what);

/* Switch to a write-ahead log, so that readers never wait for writers. */
bool hm_db_use_wal(struct hm_db *db);

bool hm_db_run(struct hm_db *db, const char *sql);

/* Prepare a statement for repeated use; false, too, if `sql` is NULL. */
bool hm_db_prepare(struct hm_db *db, const char *sql, sqlite3_stmt **out);

/* The number in the first row of a query. */
bool hm_db_ask(struct hm_db *db, const char *sql, int64_t *number);

/* Whether a table, view, index or trigger was made by this statement. */
bool hm_db_has_object(struct hm_db *db, const char *create);

/* Run one statement that returns no rows, with a number for its ?1. */
bool hm_db_run_for(struct hm_db *db, const char *sql, int64_t number);

/* Run a statement that returns no rows, and reset it. */
bool hm_db_step(sqlite3_stmt *statement);

/* Roll back the transaction, if there is one. */
void hm_db_rollback(struct hm_db *db);

/* The file has been removed, or another one is in its place. */
bool hm_db_moved(const struct hm_db *db);

void hm_db_bind_slice(sqlite3_stmt *statement, int column,
    struct hm_slice text);

/* The text of a column of the current row; empty if it is NULL. */
struct hm_slice hm_db_column_text(sqlite3_stmt *row, int column);

#endif
