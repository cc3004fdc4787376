#ifndef HM_ROW_INSERT_H
#define HM_ROW_INSERT_H

#include "db/db.h"
#include "row_encode.h"
#include "row_event.h"

/*
 * The statements that store rows, in a transaction of the caller.
 */

struct hm_row_insert;

/* NULL if there is no memory. Freed by hm_row_insert_free. */
struct hm_row_insert *hm_row_insert_new(void);
void hm_row_insert_free(struct hm_row_insert *rows);

/*
 * Prepare the statements for an open database that has the schema. False:
 * see hm_db_reason. Call hm_row_insert_finish before the database is closed.
 */
bool hm_row_insert_prepare(struct hm_row_insert *rows, struct hm_db *db);
void hm_row_insert_finish(struct hm_row_insert *rows);

/* When the rows of a transaction arrive. */
struct hm_arrival {
	int64_t clock;   /* the wall clock, in s since 1970 */
	int64_t seconds; /* the running time, see running_time.h */
};

/* A row that is dated later than the clock by more than this, in s, is in the
   future. */
#define HM_ROW_AHEAD 60

/* A transaction begins: no device has a reading yet. */
void hm_row_insert_begin(struct hm_row_insert *rows,
    const struct hm_arrival *arrival);

/*
 * Store a row, whose bytes are borrowed until the transaction has ended. If it
 * is a new reading, *due is set to its time, and if it is a new part of a
 * power curve, to the start of that: the hours of this moment are to be made.
 *
 * A second answer of a DTU within a second has the key of the first. A reading
 * is one, and not a repetition of the stored row, if a value that no other
 * tool changes differs from that of the row (energies and texts do not count),
 * and the row is of the last hour or was inserted by `rows`. It is stored at
 * the next second that is free, at most 10 s later.
 */
enum hm_row_fate hm_row_insert_put(struct hm_row_insert *rows,
    struct hm_slice bytes, int64_t *due);

/* Call it before the commit: it writes the last reading of each device. */
bool hm_row_insert_end(struct hm_row_insert *rows);

#endif
