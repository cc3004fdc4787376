#ifndef HM_TOP_TABLE_H
#define HM_TOP_TABLE_H

#include "plant.h"

/*
 * The table of hm-top: which columns fit, in which order its rows stand, and
 * which of them are seen. Nothing here writes.
 */

enum hm_column {
	HM_COLUMN_NAME,
	HM_COLUMN_DTU,
	HM_COLUMN_POWER,
	HM_COLUMN_TODAY,
	HM_COLUMN_TOTAL,
	HM_COLUMN_VOLTAGE,
	HM_COLUMN_CURRENT,     /* of inputs */
	HM_COLUMN_TEMPERATURE, /* of inverters */
	HM_COLUMN_INPUTS,      /* of inverters: the power of each input */
	HM_COLUMNS
};

#define HM_INPUT_WIDTH ((size_t)6) /* of one input in HM_COLUMN_INPUTS */

/* Columns in their order on the screen; the width of an absent one is 0. */
struct hm_columns {
	size_t width[HM_COLUMNS];
};

/*
 * The columns for a screen of so many character columns, at least 40: the more
 * there is room, the more are shown. `inputs` is the most inputs that an
 * inverter has; 0 for a table of inputs.
 */
struct hm_columns hm_columns_fit(size_t cols, size_t dtus, size_t inputs);

enum hm_sort {
	HM_SORT_ARRIVAL, /* as the records came in */
	HM_SORT_NAME,
	HM_SORT_POWER, /* the largest first, as the following */
	HM_SORT_TODAY,
	HM_SORT_TEMPERATURE,
	HM_SORTS
};

const char *hm_sort_name(enum hm_sort sort);

struct hm_table {
	enum hm_sort sort;
	bool reverse;
	bool inputs;  /* a row is an input, not an inverter */
	size_t first; /* the first row that is seen */
	size_t seen;  /* rows that are seen, as far as known */
	size_t *order; /* of all rows: indices of inverters or inputs */
	size_t rows, room;
};

/* Sort the rows of the plant. False if there is no memory. */
bool hm_table_sort(struct hm_table *table, const struct hm_top_plant *plant);

/* Say that so many rows are seen, and scroll back behind no rows. */
void hm_table_see(struct hm_table *table, size_t rows);

/* Scroll by rows, up if negative; hm_table_see bounds it. */
void hm_table_scroll(struct hm_table *table, long rows);

void hm_table_free(struct hm_table *table);

#endif
