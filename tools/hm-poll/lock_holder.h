#ifndef HM_LOCK_HOLDER_H
#define HM_LOCK_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Which process has an flock(2) on a file, as Linux tells in /proc. */

#define HM_LOCK_HOLDER_NAME ((size_t)17)

struct hm_lock_holder {
	pid_t pid; /* that took it; a child may have it from there */
	char name[HM_LOCK_HOLDER_NAME]; /* "" if it has ended */
	bool runs; /* it is neither stopped nor dead */
	int64_t age_ms; /* since it was started; 0 if it has ended */
};

/* False if the system does not tell: other users' processes may be hidden. */
bool hm_lock_holder_find(const struct stat *file,
    struct hm_lock_holder *holder);

#endif
