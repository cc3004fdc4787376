#ifndef HM_READING_TABLES_H
#define HM_READING_TABLES_H

#include "record/fields.h"
#include "record/types.h"
#include "sql.h"

/*
 * The tables of readings: for each row of types.def one of what was read, one
 * of what was read last (_latest), and its hours (_hourly) and days (_daily).
 * Their columns come from the field table.
 */

enum hm_table_form {
	HM_TABLE_RAW,
	HM_TABLE_LATEST,
	HM_TABLE_HOURLY,
	HM_TABLE_DAILY,
	HM_TABLE_FORMS
};

/* The ending of the name: "", "_latest", "_hourly", "_daily". */
const char *hm_table_suffix(enum hm_table_form form);

/* The statement that makes a table unless it is there. */
void hm_table_create(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form);

/* An instant value: hours and days hold how often, mean, least and most. */
bool hm_field_is_gauge(const struct hm_field *field);

/* A counter: hours and days hold the most. */
bool hm_field_is_energy(const struct hm_field *field);

/* Call for each column that a table has by the field table. */
typedef bool hm_column_visitor(void *context, const char *column,
    const char *type);
bool hm_table_columns(const struct hm_reading_type *type,
    enum hm_table_form form, hm_column_visitor *visitor, void *context);

/* Append ", COLUMN" or ", COLUMN = excluded.COLUMN" for each of them. */
void hm_table_add_columns(struct hm_sql *sql,
    const struct hm_reading_type *type, enum hm_table_form form);
void hm_table_add_updates(struct hm_sql *sql,
    const struct hm_reading_type *type, enum hm_table_form form);

#endif
