#ifndef HM_ROW_STATEMENTS_H
#define HM_ROW_STATEMENTS_H

#include "db/db.h"
#include "row_encode.h"

/* The statements that store the readings of a type, and their parameters. */

/* Rows that one statement inserts, where none of them can be there already. */
#define HM_ROWS_AT_ONCE 4

struct hm_row_statements {
	sqlite3_stmt *raw, *differs;
	/* The first one may change nothing: then the second one is due. */
	sqlite3_stmt *renew, *latest;
	/* Only of a type of parts, or else NULL. */
	sqlite3_stmt *many;
	sqlite3_stmt *end; /* the time of the last row of the table */
};

/* Prepare them. False: see hm_db_reason. */
bool hm_row_statements_prepare(struct hm_row_statements *statements,
    struct hm_db *db, const struct hm_row_columns *columns);
void hm_row_statements_finish(struct hm_row_statements *statements);

/* Bind a reading's time and values. */
void hm_row_bind(sqlite3_stmt *statement, int64_t time,
    struct hm_slice values);

/* Bind the reading that stands in a place of the statement `many`. */
void hm_row_bind_one_of_many(sqlite3_stmt *statement,
    const struct hm_row_columns *columns, int place, int64_t time,
    struct hm_slice values);

#endif
