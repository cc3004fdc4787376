#ifndef HM_ROWS_H
#define HM_ROWS_H

#include "db/db.h"
#include "row.h"

/*
 * The statements that store rows. All functions are to be called within a
 * transaction of the caller.
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

/* A transaction begins: nothing has been told of any device. */
void hm_rows_begin(struct hm_rows *rows);

enum hm_row_fate {
	HM_ROW_NEW,    /* it is a row now */
	HM_ROW_KNOWN,  /* it was one before, or tells nothing new */
	HM_ROW_FAILED, /* see hm_db_reason */
};

/*
 * Store a row, whose bytes are borrowed until the transaction has ended.
 * *reading is its time if it is a new row of a table of readings, otherwise
 * it is left alone.
 */
enum hm_row_fate hm_rows_put(struct hm_rows *rows, struct hm_slice bytes,
    int64_t *reading);

/* Before the commit: write what was last told of each device. */
bool hm_rows_end(struct hm_rows *rows);

#endif
