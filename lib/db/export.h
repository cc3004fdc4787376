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
 * The same for records that are neither readings nor stats, from `since` on, a
 * line at a time. NULL if it cannot be read. Until hm_export_close the database
 * stays in a transaction, and is used for nothing else.
 */
struct hm_exporter;
struct hm_exporter *hm_export_events(struct hm_db *db, int64_t since,
    char why[HM_EXPORT_WHY]);
void hm_export_close(struct hm_exporter *exporter);

/* The next line, valid until the next call; line->p is NULL at the end. */
bool hm_export_next(struct hm_exporter *exporter, struct hm_slice *line,
    char why[HM_EXPORT_WHY]);

#endif
