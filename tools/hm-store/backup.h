#ifndef HM_BACKUP_H
#define HM_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copies of a database that others may go on writing. A copy is made beside
 * its name and renamed when it is whole and on the disk.
 */

/*
 * Copy the database at `path` to `to`, replacing what is there. Given up
 * after `most_ms`, -1 for no bound. False, logged, if there is no copy.
 */
bool hm_backup(const char *path, const char *to, int64_t most_ms);

/*
 * The same to a name of its own beside the database,
 * STEM_backup_YYYYmmdd_HHMMSS.db; of such copies the newest `keep` stay.
 */
bool hm_backup_rotate(const char *path, size_t keep, int64_t most_ms);

#endif
