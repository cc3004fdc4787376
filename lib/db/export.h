#ifndef HM_EXPORT_H
#define HM_EXPORT_H

#include "db.h"

/*
 * Call `put` with a line for each stored record with since <= time < until, in
 * seconds since 1970, in order of time; `put` ends the export by returning
 * false. Storing these lines in a new database gives the same rows. False, with
 * the reason in `why`, if the database cannot be read.
 */
#define HM_EXPORT_WHY 256
typedef bool hm_export_put(void *context, struct hm_slice line);
bool hm_export(struct hm_db *db, int64_t since, int64_t until,
    hm_export_put *put, void *context, char why[HM_EXPORT_WHY]);

/*
 * The same, in the caller's transaction, for records that are neither readings
 * nor stats, from `since` on. `put` may write to other tables.
 */
bool hm_export_events(struct hm_db *db, int64_t since, hm_export_put *put,
    void *context, char why[HM_EXPORT_WHY]);

#endif
