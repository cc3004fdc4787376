#ifndef HM_HISTORY_QUERY_H
#define HM_HISTORY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/argument.h"

/*
 * What a request asks of the history: /api/days and its like. Dates are local,
 * as days since 1970; those of the database are by hm-store's reset_hour.
 */

enum hm_history_kind {
	HM_HISTORY_DAYS,
	HM_HISTORY_MONTHS,
	HM_HISTORY_YEARS,
	HM_HISTORY_PANELS,
	HM_HISTORY_CURVE,
	HM_HISTORY_EVENTS,
	HM_HISTORY_GAPS,
	HM_HISTORY_RECORDS,
	HM_HISTORY_ORDERS,
};

enum hm_history_span {
	HM_HISTORY_BY_DAY,
	HM_HISTORY_BY_MONTH,
	HM_HISTORY_BY_YEAR,
};

#define HM_HISTORY_SERIAL ((size_t)33)
#define HM_HISTORY_NO_PORT (-1)
#define HM_HISTORY_DAYS_MAX 3700    /* by day */
#define HM_HISTORY_RANGE_MAX 36600  /* by month and year, of the rest */
#define HM_HISTORY_PANEL_DAYS_MAX 366
#define HM_HISTORY_LIMIT_MAX 1000

struct hm_history_query {
	enum hm_history_kind kind;
	enum hm_history_span by;
	bool csv;
	int64_t from, to; /* first and last day */
	int64_t port;     /* or HM_HISTORY_NO_PORT: all */
	int64_t limit;    /* of events and orders */
	char serial[HM_HISTORY_SERIAL]; /* empty: the plant */
};

#define HM_HISTORY_ERROR ((size_t)256)

/*
 * Read the parameters of a request; `today` is the local date. False with a
 * line for people in `error`, which may hold any bytes of the request.
 */
bool hm_history_query_read(struct hm_history_query *query,
    enum hm_history_kind kind, const struct hm_argument *argument,
    size_t count, int64_t today, char error[HM_HISTORY_ERROR]);

#define HM_HISTORY_KEY ((size_t)128)

/* A text that only equal queries have. */
void hm_history_query_key(const struct hm_history_query *query,
    char key[HM_HISTORY_KEY]);

#endif
