#include "db.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define WAL_TRIES 50
#define WAL_WAIT_MS 100

/* Of SQLite's 100 pieces a statement that is kept uses few. */
#define LOOKASIDE_SIZE 1200
#define LOOKASIDE_COUNT 16

void
hm_db_complain(const struct hm_db *db, const char *what)
{
	const char *reason = hm_db_reason(db);

	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", db->path),
	    hm_fact("reason", reason)), "%s: %s: %s", db->path, what, reason);
}

bool
hm_db_run(struct hm_db *db, const char *sql)
{
	return sql != NULL &&
	    sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK;
}

bool
hm_db_prepare(struct hm_db *db, const char *sql, sqlite3_stmt **out)
{
	return sql != NULL && sqlite3_prepare_v3(db->handle, sql, -1,
	    SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK;
}

bool
hm_db_ask(struct hm_db *db, const char *sql, int64_t *number)
{
	sqlite3_stmt *statement = NULL;
	bool good = hm_db_prepare(db, sql, &statement) &&
	    sqlite3_step(statement) == SQLITE_ROW;

	if (good)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return good;
}

bool
hm_db_has_object(struct hm_db *db, const char *create)
{
	sqlite3_stmt *find = NULL;
	bool there;

	if (!hm_db_prepare(db, "SELECT 1 FROM sqlite_schema WHERE sql = ?",
	    &find))
		return false;
	hm_db_bind_slice(find, 1, hm_text(create));
	there = sqlite3_step(find) == SQLITE_ROW;
	sqlite3_finalize(find);
	return there;
}

bool
hm_db_run_for(struct hm_db *db, const char *sql, int64_t number)
{
	sqlite3_stmt *statement = NULL;
	bool good = hm_db_prepare(db, sql, &statement) &&
	    sqlite3_bind_int64(statement, 1, number) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_DONE;

	return sqlite3_finalize(statement) == SQLITE_OK && good;
}

bool
hm_db_step(sqlite3_stmt *statement)
{
	bool good = sqlite3_step(statement) == SQLITE_DONE;

	return sqlite3_reset(statement) == SQLITE_OK && good;
}

void
hm_db_rollback(struct hm_db *db)
{
	if (db->handle != NULL && !sqlite3_get_autocommit(db->handle))
		hm_db_run(db, "ROLLBACK");
}

bool
hm_db_moved(const struct hm_db *db)
{
	int moved = 0;

	return sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_HAS_MOVED,
	    &moved) == SQLITE_OK && moved != 0;
}

void
hm_db_bind_slice(sqlite3_stmt *statement, int column, struct hm_slice text)
{
	sqlite3_bind_text(statement, column, text.p, (int)text.n,
	    SQLITE_STATIC);
}

struct hm_slice
hm_db_column_text(sqlite3_stmt *row, int column)
{
	const unsigned char *text = sqlite3_column_text(row, column);

	return hm_slice(text != NULL ? (const char *)text : "",
	    (size_t)sqlite3_column_bytes(row, column));
}

/* Opening */

static bool
uses_wal(struct hm_db *db)
{
	sqlite3_stmt *mode = NULL;
	bool wal = hm_db_prepare(db, "PRAGMA journal_mode", &mode) &&
	    sqlite3_step(mode) == SQLITE_ROW &&
	    hm_slice_is(hm_db_column_text(mode, 0), "wal");

	sqlite3_finalize(mode);
	return wal;
}

/* SQLite does not wait when two processes switch a new file at once: retry. */
bool
hm_db_use_wal(struct hm_db *db)
{
	if (uses_wal(db))
		return true;
	/* auto_vacuum must be set before the first table is created. */
	if (!hm_db_run(db, "PRAGMA auto_vacuum = INCREMENTAL"))
		return false;
	for (int tries = WAL_TRIES; tries > 0; tries--) {
		if (hm_db_run(db, "PRAGMA journal_mode = WAL"))
			return true;
		if (sqlite3_errcode(db->handle) != SQLITE_BUSY)
			return false;
		sqlite3_sleep(WAL_WAIT_MS);
	}
	return false;
}

void
hm_db_lean(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, LOOKASIDE_SIZE,
	    LOOKASIDE_COUNT);
}

/* Every byte of the path is escaped: it may hold a % or a ?. */
static bool
open_still(struct hm_db *db, int flags)
{
	static const char digits[] = "0123456789abcdef";
	static const char start[] = "file:", end[] = "?immutable=1";
	size_t n = strlen(db->path);
	char *uri = malloc(sizeof start + 3 * n + sizeof end);
	char *to = uri;
	bool good;

	if (uri == NULL)
		return false;
	memcpy(to, start, strlen(start));
	to += strlen(start);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)db->path[i];

		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	memcpy(to, end, sizeof end);
	good = sqlite3_open_v2(uri, &db->handle, flags | SQLITE_OPEN_URI,
	    NULL) == SQLITE_OK;
	free(uri);
	return good;
}

bool
hm_db_still(const char *path)
{
	static const char end[] = "-wal";
	char *log = malloc(strlen(path) + sizeof end);
	bool still;

	if (log == NULL)
		return false;
	memcpy(log, path, strlen(path));
	memcpy(log + strlen(path), end, sizeof end);
	still = access(log, F_OK) < 0;
	free(log);
	return still;
}

static bool
open_file(struct hm_db *db, int flags, bool still)
{
	return still ? open_still(db, flags) :
	    sqlite3_open_v2(db->path, &db->handle, flags, NULL) == SQLITE_OK;
}

bool
hm_db_open(struct hm_db *db, const char *path,
    const struct hm_db_options *options)
{
	int flags = SQLITE_OPEN_NOMUTEX | (options->writing ?
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
	char *copy = strdup(path); /* path may be db->path, freed next */

	hm_db_close(db);
	db->path = copy;
	db->writing = options->writing;
	return db->path != NULL && open_file(db, flags, options->still) &&
	    sqlite3_busy_timeout(db->handle, options->busy_ms) == SQLITE_OK &&
	    hm_db_run(db, options->careful ? "PRAGMA synchronous = FULL" :
	    "PRAGMA synchronous = NORMAL");
}

/*
 * SQLite does this when the last connection is closed, but not if that is one
 * that only reads. A busy database is left as it is, at once: nothing is lost,
 * and the wait for readers would keep other writers out.
 */
static void
empty_wal(struct hm_db *db)
{
	if (db->handle == NULL || !db->writing)
		return;
	sqlite3_busy_timeout(db->handle, 0);
	sqlite3_wal_checkpoint_v2(db->handle, NULL,
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

void
hm_db_close(struct hm_db *db)
{
	empty_wal(db);
	if (sqlite3_close(db->handle) != SQLITE_OK)
		hm_db_complain(db, "cannot close the database");
	free(db->path);
	*db = (struct hm_db){.handle = NULL};
}
