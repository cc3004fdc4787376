#ifndef HM_READING_TABLES_H
#define HM_READING_TABLES_H

#include "db.h"
#include "record/fields.h"
#include "record/types.h"
#include "sql.h"

/*
 * The tables of readings. Each row of types.def has one of all readings, one of
 * the last readings (_latest), and those of hours (_hourly) and days (_daily).
 * Their columns come from fields.def.
 */

enum hm_table_form {
	HM_TABLE_RAW,
	HM_TABLE_LATEST,
	HM_TABLE_HOURLY,
	HM_TABLE_DAILY,
	HM_TABLE_FORMS
};

/* Whether a row of an hour or a day was not made of readings alone. */
#define HM_FILLED "filled"
#define HM_FILLED_TYPE "INTEGER NOT NULL DEFAULT 0"

/* The ending of the name: "", "_latest", "_hourly", "_daily". */
const char *hm_table_suffix(enum hm_table_form form);

/* The statement that creates a table if it does not exist. */
void hm_table_create(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form);

/* Create those tables of a type that do not exist. */
bool hm_tables_create(struct hm_db *db, const struct hm_reading_type *type);

/*
 * The types whose tables are there, or must be: all but those on_demand that
 * the database has had no row of. Tables stay once they are there.
 */
struct hm_tables {
	bool of[HM_SCOPES];
};

/* Look for them. False: see hm_db_reason. */
bool hm_tables_look(struct hm_db *db, struct hm_tables *tables);

/* An instant value: hours and days have its count, mean, minimum, maximum. */
bool hm_field_is_gauge(const struct hm_field *field);

/* A counter: hours and days have its maximum. */
bool hm_field_is_energy(const struct hm_field *field);

/* Visit each column of a table that comes from fields.def. */
typedef bool hm_column_visitor(void *context, const char *column,
    const char *type);
bool hm_table_columns(const struct hm_reading_type *type,
    enum hm_table_form form, hm_column_visitor *visitor, void *context);

/* Append ", COLUMN" or ", COLUMN = excluded.COLUMN" for each such column. */
void hm_table_add_columns(struct hm_sql *sql,
    const struct hm_reading_type *type, enum hm_table_form form);
void hm_table_add_updates(struct hm_sql *sql,
    const struct hm_reading_type *type, enum hm_table_form form);

#endif
