#ifndef HM_HISTORY_PANELS_H
#define HM_HISTORY_PANELS_H

#include "base/buffer.h"
#include "db/db.h"

/*
 * The inputs of the plant beside each other, for /api/panels. It is calculated
 * here and not in SQL, because a year of a large plant has 90,000 rows: they
 * come in the order of their key, in which nothing has to be sorted.
 */

struct hm_history_panels {
	const char *from, *to; /* dates of the first and the last day */
	int64_t first, days;   /* the first day, since 1970; their number */
	int64_t start, end;    /* moments of midnight around them */
	size_t max;            /* bytes that `out` may hold */
};

/*
 * Append a JSON array of panels, ordered by DTU, serial number and port.
 * False if the database cannot be read, or there is no memory.
 */
bool hm_history_panels(struct hm_buffer *out, struct hm_db *db,
    const struct hm_history_panels *query);

#endif
