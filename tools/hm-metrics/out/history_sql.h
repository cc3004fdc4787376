#ifndef HM_HISTORY_SQL_H
#define HM_HISTORY_SQL_H

#include <stdbool.h>

#include "history_query.h"

/*
 * The statements of the history. Their parameters, each where it is needed:
 * :from and :to are dates, :chars is the length of the part of a date that is
 * asked for, :start and :end are the moments of local midnight around the
 * dates, :step are seconds, :serial, :port and :limit are those of the query.
 */
struct hm_history_sql {
	/* The rows, with a column for each member; NULL: no statement alone. */
	const char *rows;
	/*
	 * The name of the array of rows in JSON; NULL: each column is an array.
	 */
	const char *list;
	bool coarse; /* of hours, not of readings */
};

/*
 * `coarse` is whether a curve is made of hours, because the readings of its day
 * have been pruned.
 */
struct hm_history_sql hm_history_sql(const struct hm_history_query *query,
    bool coarse);

/* Asks whether the readings of a day no longer cover its hours. */
extern const char hm_history_coarse_sql[];

#endif
