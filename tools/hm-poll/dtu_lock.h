#ifndef HM_DTU_LOCK_H
#define HM_DTU_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "lock_holder.h"
#include "wire/dtu_uri.h"

/*
 * At most one process on this machine is connected to a DTU: each address has a
 * file, which is locked during a connection. The lock ends with the process
 * that holds it, however that ends. The files are never removed: if one were
 * removed while a process waits for it, a third could create and lock a new
 * one.
 */

struct hm_dtu_lock {
	char *path;
	int fd; /* -1 while it is not held */
	bool created;            /* the file, when the lock was taken */
	struct timespec touched; /* the file, when it was released */
	int64_t busy_since; /* monotonic ms; 0: the last attempt got it */
	struct stat busy;   /* the file, at the last attempt that did not */
};

enum hm_dtu_lock_result {
	HM_DTU_LOCK_HELD,    /* it is ours */
	HM_DTU_LOCK_BUSY,    /* another process has it; try again */
	HM_DTU_LOCK_FAILED,  /* the file cannot be used: errno says why */
};

/* /run/lock, or /tmp if that does not exist or is not world-writable. */
const char *hm_dtu_lock_default_dir(void);

/* False if there is no memory. Freed by hm_dtu_lock_free. */
bool hm_dtu_lock_init(struct hm_dtu_lock *lock, const char *dir,
    const struct hm_dtu *dtu);
void hm_dtu_lock_free(struct hm_dtu_lock *lock);

/*
 * Take the lock without waiting. Read permission is enough, so that a cron job
 * of another user can take it. A path that is no plain file is refused.
 */
enum hm_dtu_lock_result hm_dtu_lock_take(struct hm_dtu_lock *lock);

/*
 * While the lock is held: how long ago, in ms, another process released it; -1
 * if none did since we released it, or in the last hour. This is read from the
 * file's time, by the wall clock; a process that may not write to the file
 * leaves no trace.
 */
int64_t hm_dtu_lock_idle_ms(const struct hm_dtu_lock *lock);

/*
 * After HM_DTU_LOCK_BUSY: whether the lock protects the DTU from nobody, so
 * that it should be passed over. A live hm-poll releases it between its polls,
 * and each release shows in the file's time. So the lock is stuck if its holder
 * is known to be no live hm-poll, and has had it for 3 periods; or if the
 * holder is unknown and there was no release for 10 periods, and 5 minutes.
 * `holder` is the process that holds it; its pid is 0 if that is unknown.
 */
bool hm_dtu_lock_is_stuck(const struct hm_dtu_lock *lock, int64_t period_ms,
    struct hm_lock_holder *holder);

/*
 * While it is held for longer than a poll: show other processes, as a release
 * does, that its holder is alive.
 */
void hm_dtu_lock_touch(struct hm_dtu_lock *lock);

void hm_dtu_lock_release(struct hm_dtu_lock *lock);

#endif
