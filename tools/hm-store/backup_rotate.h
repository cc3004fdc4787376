#ifndef HM_BACKUP_ROTATE_H
#define HM_BACKUP_ROTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy the database at `path` to STEM_backup_YYYYmmdd_HHMMSS.db beside it, and
 * remove all such copies except the newest `keep`, this one among them. Gives
 * up after `most_ms`. False, logged, if there is no copy: the others then stay.
 *
 * If the copy is damaged, STEM_backup_failed is made; the next good copy
 * removes it, with a warning. A copy to be removed whose history begins earlier
 * than that of the new one becomes STEM_backup_kept.db, in place of one that
 * begins later.
 */
bool hm_backup_rotate(const char *path, size_t keep, int64_t most_ms);

#endif
