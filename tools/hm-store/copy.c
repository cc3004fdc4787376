#include "copy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/db.h"
#include "db/schema.h"
#include "files.h"
#include "verify.h"

#define BUSY_MS 5000
#define PAGES_AT_ONCE 2000
#define MEGABYTE 1000000

struct work {
	struct hm_copy *c;
	struct hm_db from, to;
};

/* Copy SQLite's reason: the next call overwrites it. */
static bool
fail(struct hm_copy *c, const char *why)
{
	snprintf(c->why, sizeof c->why, "%s", why);
	return false;
}

static bool
fail_db(struct hm_copy *c, const struct hm_db *db)
{
	c->damaged = hm_db_damaged(db);
	return fail(c, hm_db_reason(db));
}

/* Whether there is time for more. */
static bool
take_step(void *context)
{
	const struct hm_copy *c = context;

	if (c->step != NULL)
		c->step(c->context);
	return c->end < 0 || hm_monotonic_ms() < c->end;
}

static bool
step_all(struct hm_copy *c, sqlite3_backup *backup)
{
	int result;

	do {
		if (!take_step(c))
			return fail(c, "it took too long");
		result = sqlite3_backup_step(backup, PAGES_AT_ONCE);
	} while (result == SQLITE_OK);
	c->damaged = result == SQLITE_CORRUPT;
	return result == SQLITE_DONE || fail(c, sqlite3_errstr(result));
}

/*
 * The source is read in one transaction, so that writes of other processes do
 * not restart the copy.
 */
static bool
copy_pages(struct work *w)
{
	sqlite3_backup *backup;
	bool good;

	if (!hm_db_run(&w->from, "BEGIN; SELECT count(*) FROM sqlite_schema"))
		return fail_db(w->c, &w->from);
	backup = sqlite3_backup_init(w->to.handle, "main", w->from.handle,
	    "main");
	if (backup == NULL)
		return fail_db(w->c, &w->to);
	good = step_all(w->c, backup);
	if (sqlite3_backup_finish(backup) != SQLITE_OK && good)
		good = fail_db(w->c, &w->to);
	return good;
}

/*
 * A copy that would fill the disk before it fails costs other programs their
 * room. A file system that does not say how much it has is tried.
 */
static bool
has_room(struct work *w, const char *to)
{
	char directory[HM_PATH_SIZE];
	struct statvfs disk;
	int64_t pages, size;
	uint64_t room;

	hm_file_directory(to, directory);
	if (!hm_db_ask(&w->from, "PRAGMA page_count", &pages) ||
	    !hm_db_ask(&w->from, "PRAGMA page_size", &size))
		return fail_db(w->c, &w->from);
	if (statvfs(directory, &disk) < 0 || disk.f_blocks == 0)
		return true;
	room = (uint64_t)disk.f_bavail * disk.f_frsize;
	if ((uint64_t)pages * (uint64_t)size <= room)
		return true;
	snprintf(w->c->why, sizeof w->c->why, "no room: it needs %llu MB, and "
	    "the disk has %llu MB", (unsigned long long)pages *
	    (unsigned long long)size / MEGABYTE + 1,
	    (unsigned long long)room / MEGABYTE);
	return false;
}

static bool
open_both(struct work *w, const char *path, const char *to)
{
	const struct hm_db_options reading = {
	    .busy_ms = BUSY_MS, .still = w->c->still};
	const struct hm_db_options writing = {
	    .writing = true, .careful = true, .busy_ms = BUSY_MS};
	const char *why;

	if (!hm_db_open(&w->from, path, &reading))
		return fail_db(w->c, &w->from);
	why = hm_schema_check(&w->from);
	if (why != NULL) {
		w->c->damaged = hm_db_damaged(&w->from);
		return fail(w->c, why);
	}
	return has_room(w, to) && (hm_db_open(&w->to, to, &writing) ||
	    fail_db(w->c, &w->to));
}

/* Pages are copied as they are, damaged ones, too. */
static bool
check_copy(struct work *w)
{
	struct hm_problems problems = {.count = 0};
	bool done = hm_verify_pages(&w->to, true, take_step, w->c, &problems);

	if (problems.count > 0) {
		w->c->damaged = true;
		snprintf(w->c->why, sizeof w->c->why, "the copy is damaged, "
		    "so look at the database with hm-store --verify: %.100s",
		    problems.text[0]);
		return false;
	}
	if (!done && !take_step(w->c))
		return fail(w->c, "it took too long to check it");
	return done || fail_db(w->c, &w->to);
}

bool
hm_copy_make(struct hm_copy *c, const char *path, const char *part)
{
	struct work w = {.c = c};
	bool good;

	unlink(part);
	good = open_both(&w, path, part) && copy_pages(&w) && check_copy(&w);
	hm_db_close(&w.to);
	hm_db_close(&w.from);
	if (good && !hm_file_sync(part))
		good = fail(c, strerror(errno));
	if (!good)
		unlink(part);
	return good;
}
