#ifndef HM_RENAME_ACTION_H
#define HM_RENAME_ACTION_H

#include "config/config.h"

/*
 * --rename-dtu OLD=NEW and --replace-inverter OLD=NEW. No other program may
 * have the database open: hm-filter keeps the names in memory. The database is
 * copied first, and changed in one transaction. With dry_run only what would
 * be done is printed, while others may write. Returns the exit status.
 */
int hm_rename_action(const struct hm_config *config);

#endif
