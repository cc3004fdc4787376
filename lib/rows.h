#ifndef HM_ROWS_H
#define HM_ROWS_H

#include "db.h"
#include "record.h"

/*
 * Records as rows of the database: which record goes into which table and
 * column. All functions are to be called within a transaction of the caller.
 */

struct hm_rows;

/* NULL if there is no memory. Freed by hm_rows_free. */
struct hm_rows *hm_rows_new(void);
void hm_rows_free(struct hm_rows *rows);

/*
 * Prepare the statements for an open database that has the schema. False:
 * see hm_db_reason. To be finished before the database is closed.
 */
bool hm_rows_prepare(struct hm_rows *rows, struct hm_db *db);
void hm_rows_finish(struct hm_rows *rows);

/* Whether records of a type are stored. */
bool hm_rows_takes(struct hm_slice type);

/*
 * Why a record of such a type cannot be stored: what it lacks to be told from
 * others. NULL if nothing.
 */
const char *hm_rows_refuse(const struct hm_record *record);

enum hm_row {
	HM_ROW_NEW,    /* it is a row now */
	HM_ROW_KNOWN,  /* it was one before, or tells nothing new */
	HM_ROW_FAILED, /* see hm_db_reason */
};

/*
 * Store a record that is not refused. *reading is its time if it is a new row
 * of a table of readings, otherwise it is left alone.
 */
enum hm_row hm_rows_put(struct hm_rows *rows, const struct hm_record *record,
    int64_t *reading);

#endif
