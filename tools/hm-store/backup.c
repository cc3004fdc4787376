#include "backup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "copy.h"
#include "files.h"

static bool
fail(struct hm_copy *c, const char *why)
{
	snprintf(c->why, sizeof c->why, "%s", why);
	return false;
}

static bool
put_in_place(struct hm_copy *c, const char *part, const char *to)
{
	/*
	 * A write-ahead log of the replaced file must not be applied to the
	 * copy.
	 */
	hm_file_remove(to, "-wal");
	hm_file_remove(to, "-shm");
	if (rename(part, to) == 0 && hm_file_sync_directory(to))
		return true;
	fail(c, strerror(errno));
	unlink(part);
	return false;
}

/* A copy must not replace the database itself: others may have it open. */
static bool
make(struct hm_copy *c, const char *path, const char *to)
{
	char part[HM_PATH_SIZE];

	if (!hm_file_name(part, to, ".part"))
		return false;
	if (hm_file_same(path, to) ?
	    fail(c, "that is the database itself") :
	    hm_copy_make(c, path, part) && put_in_place(c, part, to)) {
		hm_log_facts(HM_INFO, HM_FACTS(hm_fact("file", path),
		    hm_fact("backup", to)), "%s: backup made: %s", path, to);
		return true;
	}
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", path),
	    hm_fact("reason", c->why)), "%s: no backup to %s: %s", path, to,
	    c->why);
	return false;
}

bool
hm_backup(const char *path, const char *to, int64_t most_ms, bool *damaged)
{
	struct hm_copy c = {
	    .end = most_ms >= 0 ? hm_monotonic_ms() + most_ms : -1};
	bool made = make(&c, path, to);

	if (damaged != NULL)
		*damaged = c.damaged;
	return made;
}

bool
hm_backup_version(const char *path, int64_t version, hm_copy_step *step,
    void *context)
{
	struct hm_copy c = {.end = -1, .step = step, .context = context};
	char to[HM_PATH_SIZE], suffix[32];

	snprintf(suffix, sizeof suffix, ".v%lld", (long long)version);
	if (!hm_file_name(to, path, suffix) || !make(&c, path, to))
		return false;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", path),
	    hm_fact("backup", to)), "%s: is upgraded from version %lld; as it "
	    "was, it is in %s", path, (long long)version, to);
	return true;
}
