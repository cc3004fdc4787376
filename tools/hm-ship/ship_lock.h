#ifndef HM_SHIP_LOCK_H
#define HM_SHIP_LOCK_H

/*
 * One hm-ship for each destination of a database: a run by cron that hangs must
 * not be joined by the next. The lock is a file beside the database, and ends
 * with the process.
 */

/*
 * NULL, and *fd is the lock; or why it is not taken, valid until the next call.
 */
const char *hm_ship_lock(const char *database, const char *name, int *fd);

void hm_ship_unlock(int fd);

#endif
