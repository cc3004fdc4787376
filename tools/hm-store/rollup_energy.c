#include "rollup_energy.h"

/*
 * The lifetime counter minus the day's energy is the total at the start of the
 * day, the same in all hours with energy. If it is not, the counters were not
 * judged by hm-filter, or only one is multiplied: then it is NULL, and nothing
 * is corrected by it. Values that a setting multiplied are not whole.
 */
#define TOTALS \
	"INSERT INTO day_totals (dtu, serial, port, day, start, last) " \
	"SELECT dtu, serial, port, hm_day(?1), " \
	"CASE WHEN max(today_production) = 0 THEN max(total_production) " \
	"WHEN round(max(total_production) - max(today_production), 6) = " \
	"min(round(total_production - today_production, 6)) " \
	"FILTER (WHERE today_production > 0) " \
	"THEN round(max(total_production) - max(today_production), 6) END, " \
	"max(total_production) FROM port_hourly " \
	"WHERE hour > ?1 - 93600 AND hour < ?1 + 93600 " \
	"AND hm_day(hour) = hm_day(?1) AND filled = 0 " \
	"GROUP BY dtu, serial, port " \
	"ON CONFLICT (dtu, serial, port, day) DO UPDATE SET "

static const char note_start_sql[] =
    TOTALS "start = excluded.start WHERE start IS NOT excluded.start";
static const char note_last_sql[] =
    TOTALS "last = excluded.last WHERE last IS NOT excluded.last";

/* The start of a day is the end of a gap that began on the day before. */
static const char due_before_sql[] =
    "INSERT OR IGNORE INTO rollup_due SELECT max(hour) FROM dtu_hourly "
    "WHERE hour > ?1 - 176400 AND hour < ?1 AND filled = 0 "
    "AND hm_day(hour) < hm_day(?1) HAVING max(hour) IS NOT NULL "
    "AND EXISTS (SELECT 1 FROM history JOIN dtu_latest USING (dtu, serial) "
    "WHERE start > ?1 - 176400)";

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

/* What was known, and is so no longer: a reading that came late says else. */
static const char clear_sql[] = MISSING
    "DELETE FROM port_daily WHERE samples = 0 AND (day, dtu, serial, port) IN "
    "(SELECT date(from_day, n || ' days'), dtu, serial, port FROM missing "
    "WHERE NOT known)";

/* A row that is made again as it was is left alone. */
#define REPLACE_ENERGIES " DO UPDATE SET " \
	"today_production = excluded.today_production, " \
	"total_production = excluded.total_production WHERE samples = 0 AND " \
	"(today_production IS NOT excluded.today_production OR " \
	"total_production IS NOT excluded.total_production)"

/*
 * What was made meanwhile, in the proportions of the DTU's own energies of
 * these days if it knows them all, or else in equal parts: the total at the end
 * of a day (`until`), and of the day before it (`since`).
 */
static const char fill_sql[] = MISSING
    ", weighted AS (SELECT *, date(from_day, n || ' days') AS day, "
    "(SELECT max(energy) FROM past_days AS e JOIN dtu_latest AS l "
    "ON l.dtu = e.dtu AND l.serial = e.serial WHERE e.dtu = missing.dtu "
    "AND hm_day(e.moment) = date(from_day, n || ' days')) AS weight "
    "FROM missing WHERE known), "
    "parts AS (SELECT *, iif(count(weight) OVER all_days = count "
    "AND sum(weight) OVER all_days > 0, sum(weight) OVER days_so_far, n) "
    "AS part, iif(count(weight) OVER all_days = count "
    "AND sum(weight) OVER all_days > 0, sum(weight) OVER all_days, count) "
    "AS whole FROM weighted WINDOW "
    "all_days AS (PARTITION BY dtu, serial, port, from_day), "
    "days_so_far AS (PARTITION BY dtu, serial, port, from_day ORDER BY n)), "
    "ends AS (SELECT *, last + (next - last) * part / whole AS until, "
    "last + (next - last) * coalesce(lag(part) OVER (PARTITION BY "
    "dtu, serial, port, from_day ORDER BY n), 0) / whole AS since FROM parts) "
    "INSERT INTO port_daily (day, dtu, serial, port, samples, "
    "filled, today_production, total_production) "
    "SELECT day, dtu, serial, port, 0, 1, round(until - since, 6), "
    "round(until, 6) FROM ends WHERE true "
    "ON CONFLICT (day, dtu, serial, port)" REPLACE_ENERGIES;

/*
 * On days of a whole DTU without readings its energy is the sum of those of its
 * inputs. Its total, which may include inverters that have left, grows by what
 * theirs have grown since its last day with readings (`base`).
 */
static const char clear_dtu_sql[] = MISSING
    "DELETE FROM dtu_daily WHERE samples = 0 AND (day, dtu) IN "
    "(SELECT date(from_day, n || ' days'), dtu FROM missing) "
    "AND NOT EXISTS (SELECT 1 FROM port_daily AS p WHERE p.samples = 0 "
    "AND p.day = dtu_daily.day AND p.dtu = dtu_daily.dtu)";

static const char fill_dtu_sql[] = MISSING
    ", empty AS (SELECT *, (SELECT max(day) FROM dtu_daily AS d "
    "WHERE d.dtu = own.dtu AND d.day < own.day AND d.samples > 0) AS base "
    "FROM port_daily AS own WHERE samples = 0 AND (day, dtu) IN "
    "(SELECT date(from_day, n || ' days'), dtu FROM missing)), "
    "grown AS (SELECT *, total_production - (SELECT p.total_production "
    "FROM port_daily AS p WHERE " SAME_INPUT("p", "empty")
    " AND p.day <= base AND p.samples > 0 ORDER BY p.day DESC LIMIT 1) "
    "AS growth FROM empty) "
    "INSERT INTO dtu_daily (day, dtu, serial, samples, filled, "
    "today_production, total_production) "
    "SELECT day, dtu, (SELECT serial FROM dtu_latest AS l "
    "WHERE l.dtu = grown.dtu), 0, 1, round(sum(today_production), 6), "
    "round((SELECT total_production FROM dtu_daily AS d "
    "WHERE d.dtu = grown.dtu AND d.day = base) + sum(growth), 6) "
    "FROM grown WHERE true GROUP BY day, dtu "
    "ON CONFLICT (day, dtu)" REPLACE_ENERGIES;

bool
hm_rollup_energy_note(struct hm_db *db, int64_t hour)
{
	return hm_db_run_for(db, note_start_sql, hour) &&
	    (sqlite3_changes(db->handle) == 0 ||
	    hm_db_run_for(db, due_before_sql, hour)) &&
	    hm_db_run_for(db, note_last_sql, hour);
}

bool
hm_rollup_energy_make(struct hm_db *db, int64_t hour)
{
	return hm_db_run_for(db, correct_sql, hour) &&
	    hm_db_run_for(db, clear_sql, hour) &&
	    hm_db_run_for(db, fill_sql, hour) &&
	    hm_db_run_for(db, clear_dtu_sql, hour) &&
	    hm_db_run_for(db, fill_dtu_sql, hour);
}
