#ifndef HM_RUNNING_TIME_H
#define HM_RUNNING_TIME_H

#include "db/db.h"

/*
 * How long the machine has certainly run since the database was made. Only
 * time counts that two clocks agree on, the wall clock and the uptime of one
 * boot, and a gap between two runs of hm-store counts as a day at most. So a
 * wrong clock, a restart or a move to another machine can make the time too
 * short, and never too long.
 */

#define HM_BOOT_SIZE ((size_t)40)

struct hm_running_time {
	char boot[HM_BOOT_SIZE]; /* names a boot of a machine */
	int64_t uptime;  /* since that boot, in s */
	int64_t clock;   /* the wall clock, in s since 1970 */
	int64_t seconds; /* the time that has certainly passed */
};

/*
 * Read the clocks. Without /proc the boot is named by `own`, which should be
 * unique to the process, and the uptime is the monotonic clock.
 */
void hm_running_time_now(const char *own, struct hm_running_time *now);

/* The seconds that have certainly passed between the two. */
int64_t hm_running_time_passed(const struct hm_running_time *then,
    const struct hm_running_time *now);

/*
 * How far the wall clock has gone ahead of the time that is known to have
 * passed, in seconds; negative: it has been set back. After another boot that
 * includes the time in which the machine was off.
 */
int64_t hm_running_time_jump(const struct hm_running_time *then,
    const struct hm_running_time *now);

/*
 * Read what the database has, in the caller's transaction. A database without
 * it leaves *then as it is, and *found false. False: see hm_db_reason.
 */
bool hm_running_time_load(struct hm_db *db, struct hm_running_time *then,
    bool *found);

/* Replace it, in the caller's transaction. */
bool hm_running_time_save(struct hm_db *db, const struct hm_running_time *now);

#endif
