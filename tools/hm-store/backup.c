#include "backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "db/db.h"
#include "db/schema.h"

#define BUSY_MS 5000
#define PAGES_AT_ONCE 2000
#define PATH_SIZE 4096
#define MEGABYTE 1000000
#define INFIX "_backup_"
#define SUFFIX ".db"
#define STAMP_CHARS ((size_t)15) /* YYYYmmdd_HHMMSS */

struct copy {
	struct hm_db from, to;
	int64_t end; /* monotonic ms, -1: none */
	hm_backup_step *step; /* or NULL */
	void *context;
	char why[256];
};

/* Copy SQLite's reason: the next call overwrites it. */
static bool
fail(struct copy *c, const char *why)
{
	snprintf(c->why, sizeof c->why, "%s", why);
	return false;
}

static bool
step_all(struct copy *c, sqlite3_backup *backup)
{
	int result = SQLITE_OK;

	while (result == SQLITE_OK) {
		if (c->end >= 0 && hm_monotonic_ms() >= c->end)
			return fail(c, "it took too long");
		result = sqlite3_backup_step(backup, PAGES_AT_ONCE);
		if (c->step != NULL)
			c->step(c->context);
	}
	return result == SQLITE_DONE || fail(c, sqlite3_errstr(result));
}

/*
 * The source is read in one transaction, so that writes of other processes do
 * not restart the copy.
 */
static bool
copy_pages(struct copy *c)
{
	sqlite3_backup *backup;
	bool good;

	if (!hm_db_run(&c->from, "BEGIN; SELECT count(*) FROM sqlite_schema"))
		return fail(c, hm_db_reason(&c->from));
	backup = sqlite3_backup_init(c->to.handle, "main", c->from.handle,
	    "main");
	if (backup == NULL)
		return fail(c, hm_db_reason(&c->to));
	good = step_all(c, backup);
	if (sqlite3_backup_finish(backup) != SQLITE_OK && good)
		good = fail(c, hm_db_reason(&c->to));
	return good;
}

/* The directory of a path, without a slash at its end. */
static void
directory_of(const char *path, char out[PATH_SIZE])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) : 0;

	if (slash == NULL)
		snprintf(out, PATH_SIZE, ".");
	else if (n == 0)
		snprintf(out, PATH_SIZE, "/");
	else
		snprintf(out, PATH_SIZE, "%.*s", (int)n, path);
}

/*
 * A copy that would fill the disk before it fails costs other programs their
 * room. A file system that does not say how much it has is tried.
 */
static bool
has_room(struct copy *c, const char *to)
{
	char directory[PATH_SIZE];
	struct statvfs disk;
	int64_t pages, size;
	uint64_t room;

	directory_of(to, directory);
	if (!hm_db_ask(&c->from, "PRAGMA page_count", &pages) ||
	    !hm_db_ask(&c->from, "PRAGMA page_size", &size))
		return fail(c, hm_db_reason(&c->from));
	if (statvfs(directory, &disk) < 0 || disk.f_blocks == 0)
		return true;
	room = (uint64_t)disk.f_bavail * disk.f_frsize;
	if ((uint64_t)pages * (uint64_t)size <= room)
		return true;
	snprintf(c->why, sizeof c->why, "no room: it needs %llu MB, and the "
	    "disk has %llu MB", (unsigned long long)pages *
	    (unsigned long long)size / MEGABYTE + 1,
	    (unsigned long long)room / MEGABYTE);
	return false;
}

/* A copy must not replace the database itself: others may have it open. */
static bool
is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino;
}

static bool
open_both(struct copy *c, const char *path, const char *to)
{
	const struct hm_db_options reading = {.busy_ms = BUSY_MS};
	const struct hm_db_options writing = {
	    .writing = true, .careful = true, .busy_ms = BUSY_MS};
	const char *why;

	if (!hm_db_open(&c->from, path, &reading))
		return fail(c, hm_db_reason(&c->from));
	why = hm_schema_check(&c->from);
	if (why != NULL)
		return fail(c, why);
	return has_room(c, to) && (hm_db_open(&c->to, to, &writing) ||
	    fail(c, hm_db_reason(&c->to)));
}

/* Files */

static bool
sync_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	return (fd < 0 || close(fd) == 0) && good;
}

static void
remove_beside(const char *path, const char *suffix)
{
	char name[PATH_SIZE];
	int n = snprintf(name, sizeof name, "%s%s", path, suffix);

	if (n > 0 && (size_t)n < sizeof name)
		unlink(name);
}

static bool
finish_file(struct copy *c, const char *part, const char *to)
{
	char directory[PATH_SIZE];

	directory_of(to, directory);
	if (!sync_file(part, O_RDWR))
		return fail(c, strerror(errno));
	/*
	 * A write-ahead log of the replaced file must not be applied to the
	 * copy.
	 */
	remove_beside(to, "-wal");
	remove_beside(to, "-shm");
	return (rename(part, to) == 0 &&
	    sync_file(directory, O_RDONLY | O_DIRECTORY)) ||
	    fail(c, strerror(errno));
}

static bool
make_copy(struct copy *c, const char *path, const char *to)
{
	char part[PATH_SIZE];
	int n = snprintf(part, sizeof part, "%s.part", to);
	bool good;

	if (n < 0 || (size_t)n >= sizeof part) {
		hm_log(HM_ERROR, "%s: no backup: its name is too long", to);
		return false;
	}
	unlink(part);
	if (is_same_file(path, to))
		good = fail(c, "that is the database itself");
	else
		good = open_both(c, path, part) && copy_pages(c);
	hm_db_close(&c->to);
	hm_db_close(&c->from);
	good = good && finish_file(c, part, to);
	if (good) {
		hm_log_facts(HM_INFO, HM_FACTS(hm_fact("file", path),
		    hm_fact("backup", to)), "%s: backup made: %s", path, to);
		return true;
	}
	unlink(part);
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", path),
	    hm_fact("reason", c->why)), "%s: no backup to %s: %s", path, to,
	    c->why);
	return false;
}

bool
hm_backup(const char *path, const char *to, int64_t most_ms)
{
	struct copy c = {
	    .end = most_ms >= 0 ? hm_monotonic_ms() + most_ms : -1};

	return make_copy(&c, path, to);
}

bool
hm_backup_version(const char *path, int64_t version, hm_backup_step *step,
    void *context)
{
	struct copy c = {.end = -1, .step = step, .context = context};
	char to[PATH_SIZE];
	int n = snprintf(to, sizeof to, "%s.v%lld", path, (long long)version);

	if (n < 0 || (size_t)n >= sizeof to) {
		hm_log(HM_ERROR, "%s: no backup: its name is too long", path);
		return false;
	}
	if (!make_copy(&c, path, to))
		return false;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", path),
	    hm_fact("backup", to)), "%s: is upgraded from version %lld; as it "
	    "was, it is in %s", path, (long long)version, to);
	return true;
}

/* Numbered copies */

struct series {
	char directory[PATH_SIZE];
	char stem[NAME_MAX + 1]; /* the database's name without .db */
};

static void
find_series(struct series *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t n = strlen(name), end = strlen(SUFFIX);

	directory_of(path, s->directory);
	if (n > end && strcmp(name + n - end, SUFFIX) == 0)
		n -= end;
	snprintf(s->stem, sizeof s->stem, "%.*s", (int)n, name);
}

static bool
is_copy(const struct series *s, const char *name)
{
	size_t stem = strlen(s->stem), infix = strlen(INFIX);

	return strlen(name) == stem + infix + STAMP_CHARS + strlen(SUFFIX) &&
	    strncmp(name, s->stem, stem) == 0 &&
	    strncmp(name + stem, INFIX, infix) == 0 &&
	    strspn(name + stem + infix, "0123456789_") == STAMP_CHARS &&
	    strcmp(name + stem + infix + STAMP_CHARS, SUFFIX) == 0;
}

/* Count the copies, and find the oldest: names sort by time. */
static bool
look_through(const struct series *s, size_t *count, char oldest[NAME_MAX + 1])
{
	DIR *directory = opendir(s->directory);
	const struct dirent *entry;

	*count = 0;
	if (directory == NULL)
		return false;
	while ((entry = readdir(directory)) != NULL)
		if (is_copy(s, entry->d_name) && (++*count == 1 ||
		    strcmp(entry->d_name, oldest) < 0))
			snprintf(oldest, NAME_MAX + 1, "%s", entry->d_name);
	closedir(directory);
	return true;
}

static bool
remove_oldest(const struct series *s, size_t keep)
{
	char path[PATH_SIZE + NAME_MAX + 2], name[NAME_MAX + 1];
	size_t count;

	while (look_through(s, &count, name)) {
		if (count <= keep)
			return true;
		snprintf(path, sizeof path, "%s/%s", s->directory, name);
		if (unlink(path) < 0)
			break;
	}
	hm_log_errno(HM_WARNING, "%s: cannot remove old backups",
	    s->directory);
	return false;
}

bool
hm_backup_rotate(const char *path, size_t keep, int64_t most_ms)
{
	char to[2 * PATH_SIZE], time[HM_RFC3339_SIZE];
	const char *t = hm_rfc3339_format(hm_clock_now(), time).p;
	struct series s;

	find_series(&s, path);
	snprintf(to, sizeof to, "%s/%s" INFIX
	    "%.4s%.2s%.2s_%.2s%.2s%.2s" SUFFIX, s.directory, s.stem, t, t + 5,
	    t + 8, t + 11, t + 14, t + 17);
	return hm_backup(path, to, most_ms) && remove_oldest(&s, keep);
}
