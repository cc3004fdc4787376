#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "copy.h"
#include "db/db.h"
#include "files.h"
#include "print_record.h"
#include "record/record.h"
#include "restore_energy.h"
#include "verify_action.h"

#define RESULT_SIZE (3 * 6 * HM_PATH_SIZE + 1024)

/*
 * The bytes that SQLite locks ("Database File Format", "The Lock-Byte Page"):
 * whoever has the database open in WAL mode holds a lock among them.
 */
#define LOCKS_START 0x40000000
#define LOCKS_SIZE 512

#define BUSY_MS 1000

/* To wait for programs that have opened the old file and look for a lock. */
#define CLOSE_MS 10000
#define CLOSE_STEP_US 20000

struct restore {
	char path[HM_PATH_SIZE]; /* the file, also if it has a link */
	const char *backup;
	char part[HM_PATH_SIZE];
	char kept[HM_PATH_SIZE]; /* empty: there is no old file */
	int old;                 /* descriptor of the old file, locked; -1 */
	enum hm_restored_energy energies;
	struct hm_verify found;
};

static int
cannot(const struct restore *r, const char *why)
{
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", r->path),
	    hm_fact("backup", r->backup), hm_fact("reason", why)),
	    "%s: cannot restore %s: %s", r->path, r->backup, why);
	return HM_EXIT_IO;
}

/* The old file */

static bool
can_read(struct hm_db *db, const char *path, const struct hm_db_options *how)
{
	int64_t tables;
	bool good = hm_db_open(db, path, how) && hm_db_ask(db,
	    "SELECT count(*) FROM sqlite_schema", &tables);

	hm_db_close(db);
	return good;
}

/*
 * Bring the log into the old file, as each program that opens it does, so that
 * the file alone is whole. If the file alone cannot be read, the log stays, and
 * is kept with it.
 */
static void
empty_log(const struct restore *r)
{
	const struct hm_db_options alone = {.still = true};
	const struct hm_db_options writing = {
	    .writing = true, .careful = true, .busy_ms = BUSY_MS};
	struct hm_db db = {.handle = NULL};

	if (can_read(&db, r->path, &alone))
		can_read(&db, r->path, &writing);
}

/* A damaged file cannot be locked through SQLite. */
static bool
lock_old(const struct restore *r)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = LOCKS_START, .l_len = LOCKS_SIZE};

	return fcntl(r->old, F_OFD_SETLK, &lock) == 0;
}

static int
lock_only(struct restore *r)
{
	r->old = open(r->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (r->old < 0)
		return errno == ENOENT ? HM_EXIT_OK :
		    cannot(r, strerror(errno));
	if (lock_old(r))
		return HM_EXIT_OK;
	if (errno != EAGAIN && errno != EACCES)
		return cannot(r, strerror(errno));
	cannot(r, "another program has the database open: stop hm, then try "
	    "again");
	return HM_EXIT_TEMP;
}

/* The lock is one against SQLite in this process, too. */
static int
open_old(struct restore *r)
{
	int status = lock_only(r);

	if (status != HM_EXIT_OK || r->old < 0 || hm_db_still(r->path))
		return status;
	close(r->old);
	empty_log(r);
	return lock_only(r);
}

/*
 * A program that opened the old file a moment ago waits for the lock, and would
 * then use the log of the new one: keep the lock until it has given up. A lease
 * is granted when no other program has the file open.
 */
static void
close_old(struct restore *r)
{
	int64_t end = hm_monotonic_ms() + CLOSE_MS;

	if (r->old < 0)
		return;
	while (fcntl(r->old, F_SETLEASE, F_WRLCK) < 0 && errno == EAGAIN &&
	    hm_monotonic_ms() < end)
		usleep(CLOSE_STEP_US);
	close(r->old);
}

/* The new file has the owner and the mode of the old one, or of the backup. */
static bool
take_owner(const struct restore *r)
{
	struct stat wanted, found;

	if (stat(r->old >= 0 ? r->path : r->backup, &wanted) < 0 ||
	    stat(r->part, &found) < 0)
		return false;
	if ((wanted.st_uid != found.st_uid || wanted.st_gid != found.st_gid) &&
	    chown(r->part, wanted.st_uid, wanted.st_gid) < 0)
		return false;
	return chmod(r->part, wanted.st_mode & 0777) == 0;
}

/* Exchange */

/* Rename PATH followed by the suffix to KEPT followed by it, or back. */
static bool
move_beside(const struct restore *r, const char *suffix, bool back)
{
	char from[HM_PATH_SIZE + 16], to[HM_PATH_SIZE + 16];

	snprintf(from, sizeof from, "%s%s", r->path, suffix);
	snprintf(to, sizeof to, "%s%s", r->kept, suffix);
	return rename(back ? to : from, back ? from : to) == 0 ||
	    errno == ENOENT;
}

/* A second name, so that PATH is there all the time. */
static bool
name_old(const struct restore *r)
{
	return link(r->path, r->kept) == 0 || ((errno == EPERM ||
	    errno == ENOSYS || errno == EOPNOTSUPP) &&
	    rename(r->path, r->kept) == 0);
}

static void
undo(const struct restore *r)
{
	if (r->kept[0] == '\0')
		return;
	move_beside(r, "-wal", true);
	move_beside(r, "-journal", true);
	if (hm_file_same(r->path, r->kept))
		unlink(r->kept);
	else
		move_beside(r, "", true);
}

/*
 * The logs go first: one of the old file beside the new one would be applied to
 * it. SQLite makes the -shm file again from the log.
 */
static bool
exchange(const struct restore *r)
{
	if (r->kept[0] != '\0' && (!name_old(r) ||
	    !move_beside(r, "-wal", false) ||
	    !move_beside(r, "-journal", false)))
		return false;
	if (r->kept[0] == '\0') {
		hm_file_remove(r->path, "-wal");
		hm_file_remove(r->path, "-journal");
	}
	hm_file_remove(r->path, "-shm");
	return hm_file_sync_directory(r->path) &&
	    rename(r->part, r->path) == 0 && hm_file_sync_directory(r->path);
}

static int
put_in_place(const struct restore *r)
{
	char why[128];

	if (take_owner(r) && hm_file_sync(r->part) && exchange(r))
		return HM_EXIT_OK;
	snprintf(why, sizeof why, "%s", strerror(errno));
	undo(r);
	return cannot(r, why);
}

/* The action */

/* A name that no earlier restore has used. */
static bool
name_kept(struct restore *r)
{
	int64_t time = hm_clock_now();
	char stamp[HM_STAMP_SIZE], suffix[64];

	do {
		hm_file_stamp(time++, stamp);
		snprintf(suffix, sizeof suffix, ".before-restore-%s", stamp);
		if (!hm_file_name(r->kept, r->path, suffix))
			return false;
	} while (access(r->kept, F_OK) == 0);
	return true;
}

static bool
make_names(struct restore *r, const char *path)
{
	char *real = realpath(path, NULL);
	bool good = hm_file_name(r->path, real != NULL ? real : path, "");

	free(real);
	if (!good || !hm_file_name(r->part, r->path, ".part"))
		return false;
	return access(r->path, F_OK) < 0 || name_kept(r);
}

static int
print_result(const struct restore *r, bool dry_run)
{
	static char buf[RESULT_SIZE];
	char time[HM_RFC3339_SIZE];
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "restore", hm_rfc3339_format(hm_clock_now(), time));
	hm_json_text(&e, "database_path", r->path);
	hm_json_text(&e, "backup", r->backup);
	hm_json_bool(&e, "dry_run", dry_run);
	hm_json_int(&e, "schema_version", r->found.version);
	if (r->kept[0] != '\0')
		hm_json_text(&e, "kept", r->kept);
	if (!dry_run)
		hm_json_bool(&e, "energies_kept",
		    r->energies == HM_ENERGIES_KEPT);
	return hm_print_record(&e);
}

static int
copy_backup(struct restore *r)
{
	struct hm_copy c = {.end = -1, .still = hm_db_still(r->backup)};

	return hm_copy_make(&c, r->backup, r->part) ? HM_EXIT_OK :
	    cannot(r, c.why);
}

/* A file of another program, or a damaged one, has none that can be read. */
static void
keep_energies(struct restore *r)
{
	if (r->old < 0)
		return;
	r->energies = hm_restore_energy(r->path, r->part);
	if (r->energies == HM_ENERGIES_LOST)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", r->path)),
		    "%s: its energies cannot be read, so those of the backup "
		    "are shown: they may fall, and Home Assistant may count "
		    "energy of this day twice", r->path);
}

static int
run(struct restore *r, bool dry_run)
{
	int status = hm_verify_log(r->backup, &r->found);

	if (status == HM_EXIT_OK && hm_file_same(r->path, r->backup))
		status = cannot(r, "that is the database itself");
	if (status == HM_EXIT_OK && !dry_run)
		status = open_old(r);
	if (status == HM_EXIT_OK && !dry_run)
		status = copy_backup(r);
	if (status == HM_EXIT_OK && !dry_run) {
		keep_energies(r);
		status = put_in_place(r);
	}
	return status;
}

int
hm_restore_action(const char *path, const char *backup, bool dry_run)
{
	struct restore r = {.backup = backup, .old = -1};
	int status;

	if (!make_names(&r, path))
		return HM_EXIT_IO;
	status = run(&r, dry_run);
	if (!dry_run)
		unlink(r.part);
	close_old(&r);
	return status == HM_EXIT_OK ? print_result(&r, dry_run) : status;
}
