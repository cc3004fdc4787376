#include "rollup_energy.h"

/*
 * The lifetime counter minus the day's energy is the total at the start of the
 * day, the same in all hours with energy. If it is not, the counters were not
 * judged by hm-filter, or only one is multiplied: then it is NULL, and nothing
 * is corrected by it. Values that a setting multiplied are not whole.
 */
static const char note_sql[] =
    "INSERT OR REPLACE INTO day_totals (dtu, serial, port, day, start, last) "
    "SELECT dtu, serial, port, hm_day(?1), "
    "CASE WHEN max(today_production) = 0 THEN max(total_production) "
    "WHEN round(max(total_production) - max(today_production), 6) = "
    "min(round(total_production - today_production, 6)) "
    "FILTER (WHERE today_production > 0) "
    "THEN round(max(total_production) - max(today_production), 6) END, "
    "max(total_production) FROM port_hourly "
    "WHERE hour > ?1 - 93600 AND hour < ?1 + 93600 "
    "AND hm_day(hour) = hm_day(?1) GROUP BY dtu, serial, port";

#define SAME_INPUT(a, b) \
	a ".dtu = " b ".dtu AND " a ".serial = " b ".serial AND " \
	a ".port = " b ".port"

/*
 * From each input's day, and from the one before it, to its next day: the total
 * at the start of that (`next`), whether it can be (`known`), and the number of
 * days, which is more than 1 if days between them have no reading.
 */
#define SPANS \
	"WITH RECURSIVE made AS (SELECT dtu, serial, port, day " \
	"FROM port_daily WHERE day = hm_day(?1)), " \
	"due AS (SELECT * FROM made UNION ALL SELECT dtu, serial, port, " \
	"(SELECT max(day) FROM day_totals AS t WHERE " \
	SAME_INPUT("t", "made") " AND t.day < made.day) FROM made), " \
	"pairs AS (SELECT own.*, (SELECT min(day) FROM day_totals AS t WHERE " \
	SAME_INPUT("t", "own") " AND t.day > own.day) AS next_day " \
	"FROM due JOIN day_totals AS own ON " SAME_INPUT("own", "due") \
	" AND own.day = due.day WHERE own.start IS NOT NULL), " \
	"spans AS (SELECT pairs.*, t.start AS next, " \
	"coalesce(t.start >= pairs.last, 0) AS known, CAST(julianday(" \
	"next_day) - julianday(pairs.day) AS INTEGER) AS days " \
	"FROM pairs LEFT JOIN day_totals AS t ON " \
	SAME_INPUT("t", "pairs") " AND t.day = next_day)"

/* In a longer time without readings a clock was wrong. */
#define SPAN_MAX "367"

static const char correct_sql[] = SPANS
    " UPDATE port_daily SET total_production = until, "
    "today_production = round(until - start, 6) FROM (SELECT *, CASE WHEN "
    "known AND (days = 1 OR days > " SPAN_MAX ") THEN next ELSE last END "
    "AS until FROM spans) AS ends WHERE " SAME_INPUT("port_daily", "ends")
    " AND port_daily.day = ends.day";

/* The days between, of which the first has the number 1. */
#define MISSING SPANS ", " \
	"missing AS (SELECT dtu, serial, port, day AS from_day, last, next, " \
	"known, days - 1 AS count, 1 AS n FROM spans " \
	"WHERE days BETWEEN 2 AND " SPAN_MAX " UNION ALL " \
	"SELECT dtu, serial, port, from_day, last, next, known, count, n + 1 " \
	"FROM missing WHERE n < count) "

static const char clear_sql[] = MISSING
    "DELETE FROM port_daily WHERE samples = 0 AND (day, dtu, serial, port) IN "
    "(SELECT date(from_day, n || ' days'), dtu, serial, port FROM missing)";

/* What was made meanwhile, in equal parts. */
static const char fill_sql[] = MISSING
    "INSERT OR IGNORE INTO port_daily (day, dtu, serial, port, samples, "
    "today_production, total_production) "
    "SELECT date(from_day, n || ' days'), dtu, serial, port, 0, "
    "round((next - last) * n / count - (next - last) * (n - 1) / count, 6), "
    "round(last + (next - last) * n / count, 6) FROM missing WHERE known";

bool
hm_rollup_energy_make(struct hm_db *db, int64_t hour)
{
	return hm_db_run_for(db, note_sql, hour) &&
	    hm_db_run_for(db, correct_sql, hour) &&
	    hm_db_run_for(db, clear_sql, hour) &&
	    hm_db_run_for(db, fill_sql, hour);
}
