#ifndef HM_SHIP_LOCK_H
#define HM_SHIP_LOCK_H

#include <stdbool.h>

/*
 * One hm-ship for each destination of a database: a run by cron that hangs must
 * not be joined by the next. The lock is a file beside the database, and ends
 * with the process.
 */

#define HM_SHIP_LOCK_WHY 512

struct hm_ship_lock {
	int fd; /* -1: not held */
	char why[HM_SHIP_LOCK_WHY]; /* it is not taken */
};

/*
 * Take the lock. False with the reason in lock->why. A file that root makes
 * belongs to the owner of the database, whose hm-ship locks it, too.
 */
bool hm_ship_lock(const char *database, const char *name,
    struct hm_ship_lock *lock);

void hm_ship_unlock(struct hm_ship_lock *lock);

#endif
