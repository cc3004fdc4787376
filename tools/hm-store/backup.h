#ifndef HM_BACKUP_H
#define HM_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "copy.h"

/*
 * Copies a database that other processes may be writing to. A copy is made
 * beside its final name, checked, and renamed when it is on the disk.
 */

/*
 * Copy the database at `path` to `to`, which is replaced. Gives up after
 * `most_ms`, -1 for no bound. False, logged, if there is no copy; *damaged,
 * unless it is NULL, says whether the copy would be damaged.
 */
bool hm_backup(const char *path, const char *to, int64_t most_ms,
    bool *damaged);

/*
 * Copy it to PATH.vVERSION, before it is upgraded from that version. False,
 * logged, if there is no copy. `step` is called after each step, of a few MB,
 * unless it is NULL.
 */
bool hm_backup_version(const char *path, int64_t version, hm_copy_step *step,
    void *context);

#endif
