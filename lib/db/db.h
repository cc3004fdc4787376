#ifndef HM_DB_H
#define HM_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "sql.h"

/*
 * An SQLite database, for one thread at a time. Functions that answer false
 * leave the reason to hm_db_reason.
 */
struct hm_db {
	sqlite3 *handle; /* NULL while closed */
	char *path;
};

struct hm_db_options {
	bool writing; /* make the file if there is none; otherwise read only */
	bool careful; /* a commit is on the disk when it returns */
	int busy_ms;  /* how long to wait for other writers */
};

/*
 * Do without SQLite's statistics of memory, which cost a lock for each piece.
 * For a process that opens no database before.
 */
void hm_db_lean(void);

/* To be closed by hm_db_close in any case. `db` may be closed or all zero. */
bool hm_db_open(struct hm_db *db, const char *path,
    const struct hm_db_options *options);

/* Statements are to be finalized before. Takes what is closed, too. */
void hm_db_close(struct hm_db *db);

/* Why the last call failed; valid until the next. */
const char *hm_db_reason(const struct hm_db *db);

/* Log "PATH: WHAT: REASON" as an error. */
void hm_db_complain(const struct hm_db *db, const char *what);

/*
 * Keep a write-ahead log from now on, so that those who read never wait for
 * those who write.
 */
bool hm_db_use_wal(struct hm_db *db);

bool hm_db_run(struct hm_db *db, const char *sql);

/* Prepare a statement that is kept; false, too, if `sql` is NULL. */
bool hm_db_prepare(struct hm_db *db, const char *sql, sqlite3_stmt **out);

/* The number that a query answers in its first row. */
bool hm_db_ask(struct hm_db *db, const char *sql, int64_t *number);

/* Run a statement that answers no rows, and make it ready for the next time. */
bool hm_db_step(sqlite3_stmt *statement);

/* Undo the transaction if there is one. */
void hm_db_rollback(struct hm_db *db);

/* The file has been removed, or another one is in its place. */
bool hm_db_moved(const struct hm_db *db);

void hm_db_bind_slice(sqlite3_stmt *statement, int column,
    struct hm_slice text);

/* The text of a column of the row at hand; empty if it is NULL. */
struct hm_slice hm_db_column_text(sqlite3_stmt *row, int column);

#endif
