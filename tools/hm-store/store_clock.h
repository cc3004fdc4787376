#ifndef HM_STORE_CLOCK_H
#define HM_STORE_CLOCK_H

#include "running_time.h"

/*
 * The running time of a database while hm-store writes to it, and what is said
 * of a wall clock that does not fit.
 */
struct hm_store_clock {
	struct hm_running_time time; /* as of the last tick */
	char own[HM_BOOT_SIZE];      /* names a boot if nothing else does */
	bool warned; /* of a reading in the future, in this run */
};

void hm_store_clock_init(struct hm_store_clock *clock);

/*
 * Add the time that has passed since the last tick of any hm-store, save it if
 * it is ten minutes, and warn of a clock that has jumped ahead by more than a
 * day, or has been set back and is behind readings of the database. The first
 * tick of a database also lists its rows. In a transaction of its own. False:
 * see hm_db_reason.
 */
bool hm_store_clock_tick(struct hm_store_clock *clock, struct hm_db *db);

/* Warn, once in a run, of a reading of this time, which is in the future. */
void hm_store_clock_future(struct hm_store_clock *clock, const char *path,
    int64_t time);

#endif
