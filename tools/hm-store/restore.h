#ifndef HM_RESTORE_H
#define HM_RESTORE_H

#include <stdbool.h>

/*
 * hm-store --restore: put the database at `backup` in the place of that at
 * `path`, which is kept beside it. A crash or a power cut on the way leaves the
 * one or the other, whole. With `dry_run` only verify the backup. Returns the
 * exit status.
 */
int hm_restore_action(const char *path, const char *backup, bool dry_run);

#endif
