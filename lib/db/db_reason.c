#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"

/* What SQLite does not say: why it can neither open nor write a file. */

/* Why the process may not do with the path what `mode` says, or NULL. */
static const char *
find_refusal(const char *path, int mode, const char *no_permission)
{
	if (access(path, mode) == 0)
		return NULL;
	switch (errno) {
	case EROFS:
		return "the file system is read-only";
	case EACCES:
	case EPERM:
		return no_permission;
	default:
		return NULL;
	}
}

static const char *
judge_directory(const char *directory)
{
	static const char no_entry[] = "no permission to enter its directory";
	static const char no_directory[] = "no such directory; create it first";
	struct stat found;

	if (stat(directory, &found) < 0)
		return errno == EACCES ? no_entry : no_directory;
	return S_ISDIR(found.st_mode) ?
	    find_refusal(directory, X_OK, no_entry) : no_directory;
}

static const char *
judge_file(const struct hm_db *db)
{
	const char *why;
	struct stat found;

	if (stat(db->path, &found) < 0)
		return errno == ENOENT && !db->writing ? "no such file" : NULL;
	if (S_ISDIR(found.st_mode))
		return "it is a directory";
	why = find_refusal(db->path, R_OK, "no permission to read it");
	if (why == NULL && db->writing)
		why = find_refusal(db->path, W_OK, "no permission to write it");
	return why;
}

static const char *
judge(const struct hm_db *db)
{
	char *copy = strdup(db->path);
	const char *directory, *why;

	if (copy == NULL)
		return NULL;
	directory = dirname(copy);
	why = judge_directory(directory);
	if (why == NULL)
		why = judge_file(db);
	/* SQLite makes files beside the database, also to read it. */
	if (why == NULL)
		why = find_refusal(directory, W_OK,
		    "no permission to write to its directory");
	free(copy);
	return why;
}

/* Why a write failed where there is room on the disk, or NULL. */
static const char *
judge_limit(const struct hm_db *db)
{
	int error = sqlite3_extended_errcode(db->handle);
	struct rlimit limit;

	if ((error != SQLITE_IOERR_WRITE && error != SQLITE_IOERR_SHMSIZE) ||
	    getrlimit(RLIMIT_FSIZE, &limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return NULL;
	return "a file has reached the size that this process may write "
	    "(ulimit -f)";
}

bool
hm_db_damaged(const struct hm_db *db)
{
	int error = sqlite3_errcode(db->handle);

	return error == SQLITE_CORRUPT || error == SQLITE_NOTADB;
}

const char *
hm_db_reason(const struct hm_db *db)
{
	const char *why = NULL;
	int error = sqlite3_errcode(db->handle);

	if (error == SQLITE_CORRUPT)
		return "it is damaged; hm-store --verify shows where, and "
		    "--restore puts a backup in its place";
	if (error == SQLITE_CANTOPEN || error == SQLITE_READONLY)
		why = judge(db);
	else if (error == SQLITE_IOERR)
		why = judge_limit(db);
	return why != NULL ? why : sqlite3_errmsg(db->handle);
}
