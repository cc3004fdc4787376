#ifndef HM_BACKUP_H
#define HM_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copies a database that other processes may be writing to. A copy is made
 * beside its final name, and renamed when it is complete and on the disk.
 */

/*
 * Copy the database at `path` to `to`, which is replaced. Gives up after
 * `most_ms`, -1 for no bound. False, logged, if there is no copy.
 */
bool hm_backup(const char *path, const char *to, int64_t most_ms);

/* Called after each step of a copy, a few MB. */
typedef void hm_backup_step(void *context);

/*
 * Copy it to PATH.vVERSION, before it is upgraded from that version. False,
 * logged, if there is no copy.
 */
bool hm_backup_version(const char *path, int64_t version,
    hm_backup_step *step, void *context);

/*
 * Copy it to STEM_backup_YYYYmmdd_HHMMSS.db beside the database, and remove all
 * such copies except the newest `keep`.
 */
bool hm_backup_rotate(const char *path, size_t keep, int64_t most_ms);

#endif
