#ifndef HM_ROW_ENCODE_H
#define HM_ROW_ENCODE_H

#include "db/reading_tables.h"
#include "record/record.h"

/*
 * Encodes a reading as the values that its statement binds, so that the thread
 * that waits for the disk has little else to do. Records of other types are few
 * and stay lines. The bytes are valid in this process only.
 */

/* Parameters of every statement for a reading; the fields follow. */
enum {
	HM_ROW_TIME = 1,
	HM_ROW_FIRST_SEEN,
	HM_ROW_DTU,
	HM_ROW_SERIAL,
	HM_ROW_STALE,
	HM_ROW_OWN, /* a column of one type only, such as port */
	HM_ROW_FUTURE, /* of _latest: times after this one are in the future */
	HM_ROW_FIELDS
};

/* A key of a record and the parameter that its value goes to. */
struct hm_row_column {
	struct hm_slice key; /* NUL-terminated */
	enum hm_field_kind kind;
	int parameter;
};

#define HM_ROW_COLUMNS (HM_FIELDS + 4)

struct hm_row_columns {
	const struct hm_reading_type *type;
	struct hm_row_column column[HM_ROW_COLUMNS]; /* in record order */
	size_t count;
};

void hm_row_columns(struct hm_row_columns *columns,
    const struct hm_reading_type *type);

/* Encodes rows. NULL if there is no memory. Freed by hm_row_maker_free. */
struct hm_row_maker;
struct hm_row_maker *hm_row_maker_new(void);
void hm_row_maker_free(struct hm_row_maker *maker);

/* Whether records of a type are stored. */
bool hm_row_takes(struct hm_slice type);

/* The reason for an alarm or a history whose DTU has no clock. */
extern const char hm_row_no_start[];

/*
 * Encode the record in `line` to *row, valid until the next call. NULL, or the
 * reason why it cannot be stored: a part of its key is missing or wrong.
 */
const char *hm_row_make(struct hm_row_maker *maker,
    const struct hm_record *record, struct hm_slice line,
    struct hm_slice *row);

/* Reading rows */

#define HM_ROW_LIVE_S 3600 /* readings that are older are a replay */

struct hm_row {
	const struct hm_reading_type *type; /* NULL: not a reading, see rest */
	int64_t time;                 /* of a reading, s since 1970 */
	struct hm_slice rest;         /* the encoded values, or the line */
};

void hm_row_read(struct hm_slice bytes, struct hm_row *row);

/* Whether the row is a reading of a replay, at a time of the clock. */
bool hm_row_is_replayed(struct hm_slice bytes, int64_t clock);

struct hm_row_value {
	int parameter;
	enum hm_row_form {
		HM_ROW_INTEGER,
		HM_ROW_REAL,
		HM_ROW_TEXT,
		HM_ROW_FORMS
	} form;
	int64_t integer;
	double real;
	struct hm_slice text;
};

/* The next of the values; false at the end. */
bool hm_row_next(struct hm_slice *rest, struct hm_row_value *value);

#endif
