#include "rollup_gap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "day_hours.h"
#include "power_curve.h"
#include "rollup_curve.h"

#define DAY 86400
#define INPUTS_MAX ((size_t)1000)
#define SERIAL_SIZE ((size_t)32)
/* How long after a gap an input's counter may stand still. */
#define CONFIRMED_AFTER 7200
/* The curve and the counters may differ by half, and by so much an input. */
#define SLACK 20.0 /* Wh */
/* A DTU's total from longer than this before the day is not continued. */
#define TOTAL_AGE (2 * (int64_t)DAY)

/* An input with a lifetime counter. */
struct input {
	char serial[SERIAL_SIZE];
	int64_t port;
	bool has_start;
	double start; /* the counter at the start of the day */
	struct hm_curve_span span; /* of the gap */
	double limit; /* the counter in the hours after the gap */
	double base; /* the counter at the DTU's last total */
};

struct gaps {
	struct hm_db *db;
	int64_t hour; /* of the day */
	int64_t begin[HM_DAY_HOURS_MAX + 1]; /* of hours, and the day's end */
	bool has_readings[HM_DAY_HOURS_MAX];
	size_t hours;
	struct hm_slice dtu, serial;
	struct hm_power_curve curve;
	struct input input[INPUTS_MAX];
	size_t inputs;
	int64_t until; /* the latest `to` of the spans */
	double growth; /* of all spans, in Wh */
	double total; /* the DTU's last before the gap; NAN: none */
};

/* Statements */

/* Prepare, with ?1 and ?2 two times and ?3 the DTU. */
static bool
prepare(const struct gaps *g, const char *sql, int64_t from, int64_t to,
    sqlite3_stmt **out)
{
	if (!hm_db_prepare(g->db, sql, out))
		return false;
	sqlite3_bind_int64(*out, 1, from);
	sqlite3_bind_int64(*out, 2, to);
	hm_db_bind_slice(*out, 3, g->dtu);
	return true;
}

/* With ?4 and ?5 an input, too. */
static bool
prepare_input(const struct gaps *g, const struct input *input, const char *sql,
    int64_t from, int64_t to, sqlite3_stmt **out)
{
	if (!prepare(g, sql, from, to, out))
		return false;
	hm_db_bind_slice(*out, 4, hm_text(input->serial));
	sqlite3_bind_int64(*out, 5, input->port);
	return true;
}

/* The first column of the only row; NAN if it is NULL or there is no row. */
static bool
ask_input(const struct gaps *g, const struct input *input, const char *sql,
    int64_t from, int64_t to, double *out)
{
	sqlite3_stmt *ask = NULL;
	bool good = prepare_input(g, input, sql, from, to, &ask);
	int result = good ? sqlite3_step(ask) : SQLITE_ERROR;

	*out = NAN;
	if (result == SQLITE_ROW &&
	    sqlite3_column_type(ask, 0) != SQLITE_NULL)
		*out = sqlite3_column_double(ask, 0);
	sqlite3_finalize(ask);
	return result == SQLITE_ROW || result == SQLITE_DONE;
}

/* The day */

static int64_t
end_of_day(const struct gaps *g)
{
	return g->begin[g->hours];
}

static bool
find_readings(struct gaps *g)
{
	sqlite3_stmt *rows = NULL;
	int result = SQLITE_ERROR;

	for (size_t i = 0; i < g->hours; i++)
		g->has_readings[i] = false;
	if (prepare(g, "SELECT hour FROM dtu_hourly WHERE hour >= ?1 "
	    "AND hour < ?2 AND dtu = ?3 AND filled = 0", g->begin[0],
	    end_of_day(g), &rows))
		while ((result = sqlite3_step(rows)) == SQLITE_ROW)
			for (size_t i = 0; i < g->hours; i++)
				if (g->begin[i] ==
				    sqlite3_column_int64(rows, 0))
					g->has_readings[i] = true;
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

static void
add_input(struct gaps *g, sqlite3_stmt *row)
{
	struct hm_slice serial = hm_db_column_text(row, 0);
	struct input *input = &g->input[g->inputs++];

	snprintf(input->serial, sizeof input->serial, "%.*s",
	    serial.n < SERIAL_SIZE ? (int)serial.n : 0, serial.p);
	input->port = sqlite3_column_int64(row, 1);
	input->has_start = sqlite3_column_type(row, 2) != SQLITE_NULL;
	input->start = sqlite3_column_double(row, 2);
}

static bool
find_inputs(struct gaps *g)
{
	sqlite3_stmt *rows = NULL;
	int result = SQLITE_ERROR;

	g->inputs = 0;
	if (prepare(g, "SELECT serial, port, start FROM port_latest "
	    "JOIN day_totals AS t USING (dtu, serial, port) "
	    "WHERE dtu = ?3 AND t.day = hm_day(?1) AND last IS NOT NULL",
	    g->hour, 0, &rows))
		while ((result = sqlite3_step(rows)) == SQLITE_ROW &&
		    g->inputs < INPUTS_MAX)
			add_input(g, rows);
	sqlite3_finalize(rows);
	return result == SQLITE_DONE || result == SQLITE_ROW;
}

/* The counters around a gap */

/* Time of the DTU's last reading before a gap, from `first` on in the day. */
static bool
find_last_reading(const struct gaps *g, size_t first, int64_t *time)
{
	sqlite3_stmt *find = NULL;
	bool good = prepare(g, "SELECT max(time) FROM dtu WHERE time >= ?1 "
	    "AND time < ?2 AND dtu = ?3 AND stale IS NOT 1", g->begin[0],
	    g->begin[first], &find) && sqlite3_step(find) == SQLITE_ROW;

	/* Without one it has been pruned, or the day begins with the gap. */
	*time = g->begin[first];
	if (good && sqlite3_column_type(find, 0) != SQLITE_NULL)
		*time = sqlite3_column_int64(find, 0);
	else if (first == 0)
		*time = g->begin[0];
	sqlite3_finalize(find);
	return good;
}

static bool
find_before(const struct gaps *g, struct input *input, size_t first)
{
	if (!ask_input(g, input, "SELECT max(total_production) "
	    "FROM port_hourly WHERE hour >= ?1 AND hour < ?2 AND dtu = ?3 "
	    "AND serial = ?4 AND port = ?5 AND filled = 0", g->begin[0],
	    g->begin[first], &input->span.first))
		return false;
	if (isnan(input->span.first) && input->has_start)
		input->span.first = input->start;
	return true;
}

/*
 * The first reading that shows what was made: hm-filter shows a reading when
 * the next one has confirmed it.
 */
static bool
find_grown(const struct gaps *g, struct input *input, int64_t end)
{
	sqlite3_stmt *find = NULL;
	bool good = prepare_input(g, input, "SELECT time, total_production "
	    "FROM port WHERE time >= ?1 AND time < ?2 AND dtu = ?3 "
	    "AND serial = ?4 AND port = ?5 AND stale IS NOT 1 "
	    "AND total_production > ?6 ORDER BY time LIMIT 1", end,
	    end + CONFIRMED_AFTER < end_of_day(g) ? end + CONFIRMED_AFTER :
	    end_of_day(g), &find);
	int result = SQLITE_ERROR;

	if (good) {
		sqlite3_bind_double(find, 6, input->span.first);
		result = sqlite3_step(find);
	}
	if (result == SQLITE_ROW) {
		input->span.to = sqlite3_column_int64(find, 0);
		input->span.last = sqlite3_column_double(find, 1);
	}
	sqlite3_finalize(find);
	return result == SQLITE_ROW || result == SQLITE_DONE;
}

/* `end` is the number of the first hour after the gap. */
static bool
find_after(const struct gaps *g, struct input *input, size_t end)
{
	struct hm_curve_span *span = &input->span;
	int64_t from = g->begin[end];

	if (end == g->hours) {
		input->limit = INFINITY;
		span->to = end_of_day(g);
		return ask_input(g, input, "SELECT start FROM day_totals "
		    "WHERE ?2 AND dtu = ?3 AND serial = ?4 AND port = ?5 "
		    "AND day = date(hm_day(?1), '1 day')", g->hour, 1,
		    &span->last);
	}
	if (!ask_input(g, input, "SELECT min(total_production) "
	    "FROM port_hourly WHERE hour >= ?1 AND hour < ?2 AND dtu = ?3 "
	    "AND serial = ?4 AND port = ?5 AND filled = 0", from,
	    end_of_day(g), &input->limit))
		return false;
	/* If the readings have been pruned, the next hour's total will do. */
	span->to = g->begin[end + 1];
	span->last = input->limit;
	return find_grown(g, input, from);
}

/* The counter of each input at the time of the DTU's last total. */
static bool
find_bases(struct gaps *g, int64_t hour)
{
	for (size_t i = 0; i < g->inputs; i++) {
		struct input *input = &g->input[i];

		input->base = NAN;
		if (hour < g->begin[0] && !ask_input(g, input,
		    "SELECT total_production FROM port_hourly WHERE ?2 "
		    "AND hour = ?1 AND dtu = ?3 AND serial = ?4 "
		    "AND port = ?5 AND filled = 0", hour, 1, &input->base))
			return false;
		if (isnan(input->base))
			input->base = input->span.first;
	}
	return true;
}

static bool
find_total(struct gaps *g, size_t first)
{
	sqlite3_stmt *find = NULL;
	int64_t hour = INT64_MIN;
	bool good = prepare(g, "SELECT hour, total_production FROM dtu_hourly "
	    "WHERE hour >= ?1 AND hour < ?2 AND dtu = ?3 AND filled = 0 "
	    "AND total_production IS NOT NULL ORDER BY hour DESC LIMIT 1",
	    g->begin[0] - TOTAL_AGE, g->begin[first], &find);
	int result = good ? sqlite3_step(find) : SQLITE_ERROR;

	g->total = NAN;
	if (result == SQLITE_ROW) {
		hour = sqlite3_column_int64(find, 0);
		g->total = sqlite3_column_double(find, 1);
	}
	sqlite3_finalize(find);
	return (result == SQLITE_ROW || result == SQLITE_DONE) &&
	    find_bases(g, hour);
}

/* Find the spans of a gap. *known is whether every input has one. */
static bool
find_spans(struct gaps *g, size_t first, size_t end, bool *known)
{
	int64_t from;

	*known = g->inputs > 0;
	g->growth = 0;
	g->until = 0;
	if (!find_last_reading(g, first, &from))
		return false;
	for (size_t i = 0; i < g->inputs; i++) {
		struct hm_curve_span *span = &g->input[i].span;

		span->from = from;
		if (!find_before(g, &g->input[i], first) ||
		    !find_after(g, &g->input[i], end))
			return false;
		/* Not if one is NAN, either. */
		*known = *known && span->last >= span->first;
		g->growth += span->last - span->first;
		if (span->to > g->until)
			g->until = span->to;
	}
	return true;
}

/* Writing */

static bool
write_input(const struct gaps *g, const struct input *input, size_t hour,
    double counter)
{
	sqlite3_stmt *write = NULL;
	bool good = prepare_input(g, input, "INSERT INTO port_hourly (hour, "
	    "dtu, serial, port, samples, filled, total_production, "
	    "today_production) VALUES (?1, ?3, ?4, ?5, ?2, 1, ?6, ?7) "
	    "ON CONFLICT (hour, dtu, serial, port) DO UPDATE SET "
	    "total_production = excluded.total_production, "
	    "today_production = excluded.today_production WHERE filled = 1",
	    g->begin[hour], 0, &write);

	if (good) {
		sqlite3_bind_double(write, 6, counter);
		if (input->has_start)
			sqlite3_bind_double(write, 7, counter - input->start);
		good = hm_db_step(write);
	}
	sqlite3_finalize(write);
	return good;
}

/* The DTU's counters; NAN: not known. */
static bool
write_dtu(const struct gaps *g, size_t hour, double total, double today)
{
	struct hm_curve_part part = hm_power_curve_part(&g->curve,
	    g->begin[hour], g->begin[hour + 1]);
	double energy = hm_power_curve_energy(&g->curve,
	    g->input[0].span.from, g->until);
	double scale = energy > 0 ? g->growth / energy : 1;
	sqlite3_stmt *write = NULL;
	bool good = prepare(g, "INSERT INTO dtu_hourly (hour, dtu, serial, "
	    "samples, filled, total_production, today_production, "
	    "pv_power_count, pv_power_avg, pv_power_min, pv_power_max) "
	    "VALUES (?1, ?3, ?4, ?2, 1, ?5, ?6, ?2, round(?7, 3), "
	    "round(?8, 1), round(?9, 1)) ON CONFLICT (hour, dtu) DO UPDATE "
	    "SET total_production = excluded.total_production, "
	    "today_production = excluded.today_production, "
	    "pv_power_avg = excluded.pv_power_avg, "
	    "pv_power_min = excluded.pv_power_min, "
	    "pv_power_max = excluded.pv_power_max WHERE filled = 1",
	    g->begin[hour], 0, &write);

	if (good) {
		hm_db_bind_slice(write, 4, g->serial);
		/* SQLite stores NAN as NULL. */
		sqlite3_bind_double(write, 5, total);
		sqlite3_bind_double(write, 6, today);
		sqlite3_bind_double(write, 7, part.mean * scale);
		sqlite3_bind_double(write, 8, part.least * scale);
		sqlite3_bind_double(write, 9, part.most * scale);
		good = hm_db_step(write);
	}
	sqlite3_finalize(write);
	return good;
}

static bool
write_hour(const struct gaps *g, size_t hour)
{
	double total = g->total, today = 0;

	for (size_t i = 0; i < g->inputs; i++) {
		const struct input *input = &g->input[i];
		double counter = fmin(input->limit, hm_power_curve_counter(
		    &g->curve, &input->span, g->begin[hour + 1]));

		if (!write_input(g, input, hour, counter))
			return false;
		total += counter - input->base;
		today += input->has_start ? counter - input->start : NAN;
	}
	return write_dtu(g, hour, total, today);
}

/* A curve that differs much from the counters is of other inverters. */
static bool
fits(const struct gaps *g)
{
	double energy = hm_power_curve_energy(&g->curve,
	    g->input[0].span.from, g->until);
	double slack = SLACK * (double)g->inputs;

	return g->growth <= energy * 2 + slack &&
	    g->growth >= energy / 2 - slack;
}

static bool
fill_gap(struct gaps *g, size_t first, size_t end)
{
	bool known;

	if (!find_spans(g, first, end, &known))
		return false;
	if (!known || !fits(g))
		return true;
	if (!find_total(g, first))
		return false;
	for (size_t i = first; i < end; i++)
		if (hm_power_curve_part(&g->curve, g->begin[i],
		    g->begin[i + 1]).count > 0 && !write_hour(g, i))
			return false;
	return true;
}

/* A gap ends with a reading, of the day or of a later one. */
static bool
has_gap(const struct gaps *g, bool is_over)
{
	size_t end = g->hours;

	while (!is_over && end > 0 && !g->has_readings[end - 1])
		end--;
	for (size_t i = 0; i < end; i++)
		if (!g->has_readings[i])
			return true;
	return false;
}

static bool
has_curve(const struct gaps *g, size_t first, size_t end)
{
	return hm_power_curve_part(&g->curve, g->begin[first],
	    g->begin[end]).count > 0;
}

static bool
fill_gaps(struct gaps *g)
{
	for (size_t i = 0, end; i < g->hours; i = end + 1) {
		end = i;
		while (end < g->hours && !g->has_readings[end])
			end++;
		if (end > i && has_curve(g, i, end) && !fill_gap(g, i, end))
			return false;
	}
	return true;
}

static bool
fill_dtus(struct gaps *g)
{
	sqlite3_stmt *dtus = NULL;
	int result = SQLITE_ERROR;

	if (prepare(g, "SELECT dtu, serial, EXISTS (SELECT 1 "
	    "FROM port_latest AS p WHERE p.dtu = l.dtu AND p.time >= ?2) "
	    "FROM dtu_latest AS l WHERE EXISTS "
	    "(SELECT 1 FROM history AS h WHERE h.dtu = l.dtu "
	    "AND h.serial = l.serial AND start > ?1 AND start < ?2)",
	    g->begin[0] - DAY, end_of_day(g), &dtus))
		while ((result = sqlite3_step(dtus)) == SQLITE_ROW) {
			g->dtu = hm_db_column_text(dtus, 0);
			g->serial = hm_db_column_text(dtus, 1);
			if (!find_readings(g))
				break;
			if (!has_gap(g, sqlite3_column_int(dtus, 2)))
				continue;
			if (!hm_rollup_curve_read(g->db, g->dtu, g->serial,
			    g->begin[0], end_of_day(g), &g->curve) ||
			    !find_inputs(g) || !fill_gaps(g))
				break;
		}
	sqlite3_finalize(dtus);
	return result == SQLITE_DONE;
}

bool
hm_rollup_gap_make(struct hm_db *db, int64_t hour, int reset_hour)
{
	struct gaps *g = calloc(1, sizeof *g);
	bool good;

	if (g == NULL)
		return false;
	g->db = db;
	g->hour = hour;
	g->hours = hm_day_hours(hour, reset_hour, g->begin);
	good = g->hours > 0 && fill_dtus(g);
	free(g);
	return good;
}
