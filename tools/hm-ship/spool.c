#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/history_read.h"
#include "db/schema.h"
#include "db/ship_tables.h"
#include "spool_private.h"

#define BUSY_MS 5000

void
hm_batch_clear(struct hm_batch *batch)
{
	if (batch->file != NULL) {
		fclose(batch->file); /* it was flushed, and is in memory */
		if (batch->pin >= 0)
			close(batch->pin);
	}
	*batch = (struct hm_batch){.file = NULL};
}

bool
hm_spool_init(struct hm_spool *spool, const char *path, const char *name)
{
	*spool = (struct hm_spool){.path = path, .name = name};
	spool->reader = hm_spool_reader_new();
	return spool->reader != NULL;
}

void
hm_spool_free(struct hm_spool *spool)
{
	if (spool->reader != NULL)
		hm_spool_close(spool);
	hm_spool_reader_free(spool->reader);
	spool->reader = NULL;
}

void
hm_spool_close(struct hm_spool *spool)
{
	hm_spool_reader_finish(spool->reader);
	hm_db_rollback(&spool->db);
	hm_db_close(&spool->db);
}

bool
hm_spool_say(struct hm_spool *spool, const char *what, const char *why)
{
	snprintf(spool->why, sizeof spool->why, "%s: %s%s%s", spool->path,
	    what, why[0] != '\0' ? ": " : "", why);
	return false;
}

bool
hm_spool_fail(struct hm_spool *spool, const char *what)
{
	return hm_spool_say(spool, what, hm_db_reason(&spool->db));
}

/* Statements */

/* Run a statement with the destination for its ?1 and a number for ?2. */
static bool
run_for(struct hm_spool *spool, const char *sql, int64_t number)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(&spool->db, sql, &s);

	if (good) {
		hm_db_bind_slice(s, 1, hm_text(spool->name));
		sqlite3_bind_int64(s, 2, number);
		good = sqlite3_step(s) == SQLITE_DONE;
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

static bool
read_cursor(struct hm_spool *spool, const char *name, int64_t *cursor)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(&spool->db,
	    "SELECT seq FROM ship_to WHERE name = ?1", &s);

	if (good) {
		hm_db_bind_slice(s, 1, hm_text(name));
		good = sqlite3_step(s) == SQLITE_ROW;
		*cursor = sqlite3_column_int64(s, 0);
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

/* Opening */

/* Most are known, and need no lock. */
static bool
join(struct hm_spool *spool, const char *name)
{
	sqlite3_stmt *s = NULL;
	int64_t cursor;
	bool good;

	if (read_cursor(spool, name, &cursor))
		return true;
	good = hm_db_prepare(&spool->db, "INSERT OR IGNORE INTO ship_to "
	    "VALUES (?1, 0)", &s);
	if (good) {
		hm_db_bind_slice(s, 1, hm_text(name));
		good = sqlite3_step(s) == SQLITE_DONE;
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

/* Of the settings, too: rows stay for one that starts later. */
static bool
join_all(struct hm_spool *spool)
{
	for (size_t i = 0; i < spool->other_count; i++)
		if (!join(spool, spool->others[i].key))
			return false;
	return join(spool, spool->name);
}

static bool
open_database(struct hm_spool *spool)
{
	const struct hm_db_options options = {
	    .writing = true, .careful = true, .busy_ms = BUSY_MS};
	const char *why = NULL;

	/* hm-store makes the file. */
	if (access(spool->path, F_OK) < 0)
		return hm_spool_say(spool, "cannot open", strerror(errno));
	if (!hm_db_open(&spool->db, spool->path, &options))
		why = hm_db_reason(&spool->db);
	if (why == NULL)
		why = hm_schema_check(&spool->db);
	if (why == NULL)
		why = hm_history_lacks(&spool->db);
	return why == NULL || hm_spool_say(spool, "cannot read", why);
}

static bool
open_all(struct hm_spool *spool, bool create)
{
	if (!open_database(spool))
		return false;
	if (!create && !hm_ship_tables_there(&spool->db))
		return hm_spool_say(spool, "there is no outbox in it: hm-store "
		    "makes it with outbox: true", "");
	if (!hm_ship_tables_create(&spool->db))
		return hm_spool_fail(spool, "cannot make the outbox");
	return (join_all(spool) &&
	    hm_spool_reader_prepare(spool->reader, &spool->db)) ||
	    hm_spool_fail(spool, "cannot read the outbox");
}

bool
hm_spool_open(struct hm_spool *spool, bool create)
{
	if (spool->db.handle != NULL && !hm_db_moved(&spool->db))
		return true;
	hm_spool_close(spool);
	if (open_all(spool, create))
		return true;
	hm_spool_close(spool);
	return false;
}

/* Shipping */

/* A file in memory: a reader sees it whole, or not at all. */
static bool
make_file(struct hm_spool *spool, struct hm_batch *batch)
{
	int fd = memfd_create("hm-ship batch", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	batch->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (batch->file != NULL)
		return true;
	hm_spool_say(spool, "no memory for a batch", strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
}

/* The COMMAND must not change what it gets again after a failure. */
static bool
seal(struct hm_spool *spool, const struct hm_batch *batch)
{
	if (fcntl(fileno(batch->file), F_ADD_SEALS, F_SEAL_SEAL |
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return true;
	return hm_spool_say(spool, "cannot seal a batch", strerror(errno));
}

/* SQLite's locks end when a descriptor is closed, but not one with O_PATH. */
static bool
pin_database(struct hm_spool *spool, struct hm_batch *batch)
{
	batch->pin = open(spool->path, O_PATH | O_CLOEXEC);
	return batch->pin >= 0 ||
	    hm_spool_say(spool, "cannot open", strerror(errno));
}

static bool
is_pinned(const struct hm_spool *spool, const struct hm_batch *batch)
{
	struct stat now, then;

	return stat(spool->path, &now) == 0 && fstat(batch->pin, &then) == 0 &&
	    now.st_dev == then.st_dev && now.st_ino == then.st_ino;
}

static bool
read_batch(struct hm_spool *spool, uint64_t polls, struct hm_batch *batch)
{
	if (!pin_database(spool, batch))
		return false;
	if (!hm_db_run(&spool->db, "BEGIN") ||
	    !read_cursor(spool, spool->name, &batch->cursor))
		return hm_spool_fail(spool, "cannot read the outbox");
	return hm_spool_reader_fill(spool, polls, batch) &&
	    seal(spool, batch) &&
	    (hm_db_run(&spool->db, "COMMIT") ||
	    hm_spool_fail(spool, "cannot read the outbox"));
}

bool
hm_spool_read(struct hm_spool *spool, uint64_t polls, struct hm_batch *batch)
{
	*batch = (struct hm_batch){.pin = -1};
	if (make_file(spool, batch) && read_batch(spool, polls, batch))
		return true;
	hm_batch_clear(batch);
	hm_spool_close(spool);
	return false;
}

/* Whether the batch is what the destination gets next, in this file. */
static bool
is_next(struct hm_spool *spool, const struct hm_batch *batch, bool *next)
{
	int64_t cursor;

	*next = is_pinned(spool, batch) && !hm_db_moved(&spool->db);
	if (*next && !read_cursor(spool, spool->name, &cursor))
		return false;
	*next = *next && cursor == batch->cursor;
	return true;
}

static bool
ship(struct hm_spool *spool, const struct hm_batch *batch, bool *done)
{
	if (!hm_db_run(&spool->db, "BEGIN IMMEDIATE") ||
	    !is_next(spool, batch, done))
		return false;
	if (!*done)
		return hm_db_run(&spool->db, "ROLLBACK");
	return run_for(spool, "UPDATE ship_to SET seq = ?2 WHERE name = ?1",
	    batch->last) &&
	    hm_db_run(&spool->db, "DELETE FROM outbox WHERE seq <= "
	    "(SELECT min(seq) FROM ship_to)") &&
	    hm_db_run(&spool->db, "COMMIT");
}

bool
hm_spool_ship(struct hm_spool *spool, const struct hm_batch *batch, bool *done)
{
	*done = false;
	if (ship(spool, batch, done))
		return true;
	hm_spool_fail(spool, "cannot note what was shipped");
	hm_spool_close(spool);
	return false;
}

bool
hm_spool_waiting(struct hm_spool *spool, uint64_t *count, int64_t *oldest)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(&spool->db, "SELECT count(*), (SELECT time "
	    "FROM outbox WHERE seq > t.seq ORDER BY seq LIMIT 1) FROM outbox, "
	    "(SELECT seq FROM ship_to WHERE name = ?1) AS t "
	    "WHERE outbox.seq > t.seq", &s);

	if (good) {
		hm_db_bind_slice(s, 1, hm_text(spool->name));
		good = sqlite3_step(s) == SQLITE_ROW;
		*count = (uint64_t)sqlite3_column_int64(s, 0);
		*oldest = sqlite3_column_int64(s, 1);
	}
	if (sqlite3_finalize(s) == SQLITE_OK && good)
		return true;
	hm_spool_fail(spool, "cannot read the outbox");
	hm_spool_close(spool);
	return false;
}
