#ifndef HM_EXPORT_H
#define HM_EXPORT_H

#include "db/db.h"

/*
 * Call `put` with a line for each record that is stored whose time is from
 * `since` up to, but not with, `until`, in seconds since 1970, in the order
 * of time; it ends the export by answering false. What hm-store makes of
 * these lines in a new database is what there is in this one. False if the
 * database cannot be read: see hm_db_reason.
 */
typedef bool hm_export_put(void *context, struct hm_slice line);
bool hm_export(struct hm_db *db, int64_t since, int64_t until,
    hm_export_put *put, void *context);

#endif
