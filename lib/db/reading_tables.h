#ifndef HM_READING_TABLES_H
#define HM_READING_TABLES_H

#include "record/fields.h"
#include "sql.h"

/*
 * The tables of readings: for each type of record one of what was read, one
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

struct hm_table {
	enum hm_scope scope;
	const char *name;   /* also the type of its records */
	const char *device; /* the keys of a device: "dtu, serial, port" */
	bool has_serial;    /* it is one of them */
	bool has_port;
	const char *own;    /* an integer that is in its records only and no
	                       field, or NULL */
};

#define HM_TABLES 4

extern const struct hm_table hm_tables[HM_TABLES];

/* The table of a type of record, or NULL. */
const struct hm_table *hm_table_of(struct hm_slice type);

/* What is added to the name: "", "_latest", "_hourly", "_daily". */
const char *hm_table_suffix(enum hm_table_form form);

/* The statement that makes a table. */
void hm_table_create(struct hm_sql *sql, const struct hm_table *table,
    enum hm_table_form form);

/* An instant value: hours and days hold how often, mean, least and most. */
bool hm_field_is_gauge(const struct hm_field *field);

/* A counter: hours and days hold the most. */
bool hm_field_is_energy(const struct hm_field *field);

/* Call for each column that a table has by the field table. */
typedef bool hm_column_visitor(void *context, const char *column,
    const char *type);
bool hm_table_columns(const struct hm_table *table, enum hm_table_form form,
    hm_column_visitor *visitor, void *context);

/* Append ", COLUMN" or ", COLUMN = excluded.COLUMN" for each of them. */
void hm_table_add_columns(struct hm_sql *sql, const struct hm_table *table,
    enum hm_table_form form);
void hm_table_add_updates(struct hm_sql *sql, const struct hm_table *table,
    enum hm_table_form form);

#endif
