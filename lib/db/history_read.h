#ifndef HM_HISTORY_READ_H
#define HM_HISTORY_READ_H

#include "base/decimal.h"
#include "base/json_writer.h"
#include "db.h"
#include "reading_tables.h"

/*
 * Reads what hm-store has written. If a function returns false, hm_db_reason
 * has the reason, and the JSON that it has written is incomplete.
 */

/*
 * Open a database for reading. False with *why set, valid until the database
 * is used again; to be closed by hm_db_close in any case.
 */
bool hm_history_open(struct hm_db *db, const char *path, const char **why);

/* A number that a row holds; false if it is NULL or no number. */
bool hm_history_number(sqlite3_stmt *row, int column,
    struct hm_decimal *number);

/*
 * A query for the readings of a type, with hm_history_emit for its rows; the
 * caller adds WHERE and ORDER BY.
 */
void hm_history_select(struct hm_sql *sql, const struct hm_reading_type *type);

/* The members of a record from a row: type, time, dtu, ..., the fields. */
void hm_history_emit(struct hm_json *e, const struct hm_reading_type *type,
    sqlite3_stmt *row);

/*
 * Emit the newest `limit` readings of a serial number, newest first, as the
 * objects of an array that the caller has opened. Their keys are those of the
 * rows that the replaced program gave: timestamp, dtu_name, serial_number,
 * port_number, the fields.
 */
bool hm_history_readings(struct hm_db *db, const struct hm_reading_type *type,
    struct hm_slice serial, int64_t limit, struct hm_json *e);

/*
 * The power of the whole plant, DTU by DTU: `visit` is called for each span of
 * `step` seconds from `since` on that has readings, with its first second,
 * the DTU, and the mean of its pv_power in W.
 */
typedef void hm_power_visitor(void *context, int64_t time,
    struct hm_slice dtu, struct hm_decimal watts);
bool hm_history_power(struct hm_db *db, int64_t since, int64_t step,
    hm_power_visitor *visit, void *context);

/*
 * Emit members about the database into an open object: its path, bytes, and
 * the rows of each table, under the names that the replaced program used for
 * those that it had.
 */
bool hm_history_stats(struct hm_db *db, struct hm_json *e);

#endif
