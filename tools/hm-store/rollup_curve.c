#include "rollup_curve.h"

#define DAY 86400

/*
 * Packages have the time of their own first value. Should they all have that of
 * the first package, they follow one another.
 */
static const char curve_sql[] = "SELECT h.start, h.package, "
    "json_extract(h.data, '$.step'), c.value "
    "FROM history AS h, json_each(h.data, '$.curve') AS c "
    "WHERE h.start > ?1 AND h.start < ?2 AND h.dtu = ?3 AND h.serial = ?4 "
    "ORDER BY h.start, h.package, c.key";

bool
hm_rollup_curve_read(struct hm_db *db, struct hm_slice dtu,
    struct hm_slice serial, int64_t from, int64_t to,
    struct hm_power_curve *curve)
{
	sqlite3_stmt *rows = NULL;
	int64_t start = INT64_MIN, number = 0;
	int result = SQLITE_ERROR;

	hm_power_curve_start(curve, from);
	if (hm_db_prepare(db, curve_sql, &rows)) {
		sqlite3_bind_int64(rows, 1, from - DAY);
		sqlite3_bind_int64(rows, 2, to);
		hm_db_bind_slice(rows, 3, dtu);
		hm_db_bind_slice(rows, 4, serial);
		while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
			int64_t step = sqlite3_column_int(rows, 2);

			if (sqlite3_column_int64(rows, 0) != start)
				number = 0;
			start = sqlite3_column_int64(rows, 0);
			hm_power_curve_add(curve, start + number++ * step,
			    step, sqlite3_column_double(rows, 3));
		}
	}
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}
