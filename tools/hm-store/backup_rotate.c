#include "backup_rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "db/db.h"
#include "files.h"

#define INFIX "_backup_"
#define SUFFIX ".db"
#define FAILED "_backup_failed"
#define KEPT "_backup_kept.db"
#define STAMP_CHARS ((size_t)HM_STAMP_SIZE - 1)
#define NAME_SIZE (HM_PATH_SIZE + NAME_MAX + 64)

struct series {
	char directory[HM_PATH_SIZE];
	char stem[NAME_MAX + 1]; /* the database's name without .db */
};

static void
find_series(struct series *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t n = strlen(name), end = strlen(SUFFIX);

	hm_file_directory(path, s->directory);
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

static bool
is_older(const char *name, const char *than)
{
	return than[0] == '\0' || strcmp(name, than) < 0;
}

/*
 * Count the copies, and find the oldest other than `made`: names sort by time.
 * One that a wrong clock has dated far ahead must not make new copies the
 * oldest for years.
 */
static bool
look_through(const struct series *s, const char *made, size_t *count,
    char oldest[NAME_MAX + 1])
{
	DIR *directory = opendir(s->directory);
	const struct dirent *entry;

	*count = 0;
	oldest[0] = '\0';
	if (directory == NULL)
		return false;
	while ((entry = readdir(directory)) != NULL) {
		const char *name = entry->d_name;

		if (!is_copy(s, name))
			continue;
		++*count;
		if (strcmp(name, made) != 0 && is_older(name, oldest))
			snprintf(oldest, NAME_MAX + 1, "%s", name);
	}
	closedir(directory);
	return true;
}

/* A history that begins later must not replace one that begins earlier */

#define DAY_SIZE 16

/* The first day in a copy; empty if it has none, or cannot be read. */
static void
find_first_day(const char *path, char day[DAY_SIZE])
{
	const struct hm_db_options options = {.still = true};
	struct hm_db db = {.handle = NULL};
	sqlite3_stmt *row = NULL;

	day[0] = '\0';
	if (hm_db_open(&db, path, &options) &&
	    hm_db_prepare(&db, "SELECT min(day) FROM (SELECT min(day) AS day "
	    "FROM dtu_daily UNION ALL SELECT min(day) FROM port_daily)",
	    &row) && sqlite3_step(row) == SQLITE_ROW) {
		struct hm_slice text = hm_db_column_text(row, 0);

		snprintf(day, DAY_SIZE, "%.*s", (int)text.n, text.p);
	}
	sqlite3_finalize(row);
	hm_db_close(&db);
}

static bool
begins_earlier(const char *a, const char *b)
{
	char first[DAY_SIZE], other[DAY_SIZE];

	find_first_day(a, first);
	find_first_day(b, other);
	return first[0] != '\0' &&
	    (other[0] == '\0' || strcmp(first, other) < 0);
}

/*
 * Remove the copy, or keep it under another name if it has days that the new
 * one lacks, because the database has been lost and begun again.
 */
static bool
drop(const struct series *s, const char *path, const char *made)
{
	char kept[NAME_SIZE];

	snprintf(kept, sizeof kept, "%s/%s" KEPT, s->directory, s->stem);
	if (!begins_earlier(path, made) ||
	    (access(kept, F_OK) == 0 && !begins_earlier(path, kept)))
		return unlink(path) == 0;
	if (rename(path, kept) < 0)
		return false;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("backup", kept)),
	    "%s: this backup has days that the database no longer has, so it "
	    "is kept under this name; remove it when you do not need it",
	    kept);
	return true;
}

static bool
remove_oldest(const struct series *s, const char *made, size_t keep)
{
	char path[NAME_SIZE], name[NAME_MAX + 1];
	const char *own = strrchr(made, '/') + 1;
	size_t count;

	while (look_through(s, own, &count, name)) {
		if (count <= keep || name[0] == '\0')
			return true;
		snprintf(path, sizeof path, "%s/%s", s->directory, name);
		if (!drop(s, path, made))
			break;
	}
	hm_log_errno(HM_WARNING, "%s: cannot remove old backups",
	    s->directory);
	return false;
}

/* Damage is noted in a file, so that a later run can say that it is over */

static void
note_damage(const struct series *s, const char *note)
{
	int fd = open(note, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST)
		return;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", note)), "%s: the "
	    "older backups %s_backup_* stay until the database is good again: "
	    "hm-store --restore puts one in its place", s->directory,
	    s->stem);
	if (fd < 0 || close(fd) < 0)
		hm_log_errno(HM_WARNING, "%s: cannot be made", note);
}

static void
end_damage(const char *path, const char *note)
{
	char time[HM_RFC3339_SIZE];
	struct stat found;

	if (lstat(note, &found) < 0)
		return;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", path)), "%s: the "
	    "database is good again, and backups are made; there was none "
	    "since %s", path, hm_rfc3339_format(found.st_mtime, time).p);
	if (unlink(note) < 0)
		hm_log_errno(HM_WARNING, "%s: cannot be removed", note);
}

bool
hm_backup_rotate(const char *path, size_t keep, int64_t most_ms)
{
	char to[NAME_SIZE], note[NAME_SIZE], stamp[HM_STAMP_SIZE];
	struct series s;
	bool damaged;

	find_series(&s, path);
	hm_file_stamp(hm_clock_now(), stamp);
	snprintf(to, sizeof to, "%s/%s" INFIX "%s" SUFFIX, s.directory, s.stem,
	    stamp);
	snprintf(note, sizeof note, "%s/%s" FAILED, s.directory, s.stem);
	if (hm_backup(path, to, most_ms, &damaged)) {
		end_damage(path, note);
		return remove_oldest(&s, to, keep);
	}
	if (damaged)
		note_damage(&s, note);
	return false;
}
