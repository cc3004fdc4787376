#ifndef HM_ROW_EVENT_H
#define HM_ROW_EVENT_H

#include "db/db.h"

/*
 * The statements that store records without readings, such as alarms, in a
 * transaction of the caller.
 */

enum hm_row_fate {
	HM_ROW_NEW,    /* inserted or changed */
	HM_ROW_KNOWN,  /* the database has it already */
	HM_ROW_FAILED, /* see hm_db_reason */
};

struct hm_row_event;

/* NULL if there is no memory. Freed by hm_row_event_free. */
struct hm_row_event *hm_row_event_new(void);
void hm_row_event_free(struct hm_row_event *event);

/*
 * Prepare the statements for an open database that has the schema. False:
 * see hm_db_reason. Call hm_row_event_finish before the database is closed.
 */
bool hm_row_event_prepare(struct hm_row_event *event, struct hm_db *db);
void hm_row_event_finish(struct hm_row_event *event);

/*
 * Store the record in `line`, which hm_row_make has accepted. If it is a new
 * part of a power curve, *due is set to the start of that, and if retention may
 * remove it, such as stats, *kept is set to its time.
 *
 * The id of a command is that of no other command, and a command has one final
 * result. Of several the first stays, and each other one is logged. But a
 * refused result gives way to the first that is not, which is HM_ROW_NEW.
 */
enum hm_row_fate hm_row_event_put(struct hm_row_event *event,
    struct hm_slice line, int64_t *due, int64_t *kept);

#endif
