#ifndef HM_DTU_LOCK_H
#define HM_DTU_LOCK_H

#include <time.h>

#include "wire/dtu_uri.h"

/*
 * One master a DTU: a file for each address, locked while somebody on this
 * machine is connected to it. The lock ends with the process that holds it,
 * however that ends. The files stay: a file that is taken away while another
 * process waits for it would let a third one in beside that.
 */

struct hm_dtu_lock {
	char *path;
	int fd; /* -1 while it is not held */
	bool created;            /* the file, when the lock was taken */
	struct timespec touched; /* the file, when it was released */
};

enum hm_dtu_lock_result {
	HM_DTU_LOCK_HELD,    /* it is ours */
	HM_DTU_LOCK_BUSY,    /* somebody else has it; try again */
	HM_DTU_LOCK_FAILED,  /* the file cannot be used: errno says why */
};

/* /run/lock, or /tmp where that is not there or may not be written to. */
const char *hm_dtu_lock_default_dir(void);

/* False if there is no memory. Freed by hm_dtu_lock_free. */
bool hm_dtu_lock_init(struct hm_dtu_lock *lock, const char *dir,
    const struct hm_dtu *dtu);
void hm_dtu_lock_free(struct hm_dtu_lock *lock);

/*
 * Take the lock without waiting. Whoever may read the file can: a cron job of
 * another user, too. A path that is no plain file is never opened.
 */
enum hm_dtu_lock_result hm_dtu_lock_take(struct hm_dtu_lock *lock);

/*
 * While it is held: how long ago, in ms, another process has released it; -1
 * if none has since we have, or in the last hour. The time of the file tells,
 * by the wall clock; who may not write to the file leaves no trace.
 */
int64_t hm_dtu_lock_idle_ms(const struct hm_dtu_lock *lock);

void hm_dtu_lock_release(struct hm_dtu_lock *lock);

#endif
