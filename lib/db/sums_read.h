#ifndef HM_SUMS_READ_H
#define HM_SUMS_READ_H

#include "base/json_writer.h"
#include "db.h"
#include "reading_tables.h"

/*
 * Hours and days as records, whose types are the names of their tables:
 * {"type":"port_hourly","time":...,"hour":...,"dtu":...}. `form` is
 * HM_TABLE_HOURLY or HM_TABLE_DAILY.
 */

/*
 * Build a query for the rows of an hour or a day, whose ?1 is the time of
 * outbox: when the hour begins, or the date as a time of UTC.
 */
void hm_sums_select(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form);

/* Emit the members of a record from a row of that query. */
void hm_sums_emit(struct hm_json *e, const struct hm_reading_type *type,
    enum hm_table_form form, sqlite3_stmt *row);

#endif
