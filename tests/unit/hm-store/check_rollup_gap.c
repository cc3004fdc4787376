#include "kept.h"

#include <math.h>

#include "base/zone.h"
#include "run_suite.h"
#include "xorshift.h"

/* Hours without readings, filled from the power curves that DTUs keep. */

#define MINUTE 60
#define HOUR 3600
#define MORNING INT64_C(1781071200) /* 2026-06-10T06:00:00Z */
#define DAYLIGHT ((int64_t)720)     /* minutes */

static struct keeper *k;

static void
setup(void)
{
	make_scratch();
	ck_assert(hm_zone_use("UTC"));
	k = keep_open("a.db", 0);
}

static void
teardown(void)
{
	keep_close(k);
	remove_scratch();
}

static void
make_all(void)
{
	make_hours(k, true);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM rollup_due"), 0);
}

/* A poll of a DTU with two inputs; the second makes a third of the first. */
static void
keep_poll(const char *dtu, const char *time, int today)
{
	keep(k, "dtu", time, "\"dtu\":\"%s\",\"serial\":\"D-%s\","
	    "\"pv_power\":400,\"today_production\":%d,"
	    "\"total_production\":%d", dtu, dtu, today + today / 3,
	    7000 + today + today / 3);
	for (int port = 1; port <= 2; port++) {
		int energy = port == 1 ? today : today / 3;

		keep_input(k, dtu, time, port, energy,
		    (port == 1 ? 5000 : 2000) + energy);
	}
}

/* A package of a curve with one power for `count` minutes. */
static void
keep_curve(const char *dtu, const char *start, int package, int count,
    double watts)
{
	char text[3700];
	int n = 0;

	for (int i = 0; i < count; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s%.1f",
		    i == 0 ? "" : ",", watts);
	ck_assert_int_lt(n, (int)sizeof text - 1);
	keep(k, "history", "2026-06-12T20:00:00Z", "\"dtu\":\"%s\","
	    "\"serial\":\"D-%s\",\"package\":%d,\"start\":\"%s\","
	    "\"step\":60,\"curve\":[%s]", dtu, dtu, package, start, text);
}

static const char filled_sql[] = "SELECT substr(datetime(hour, "
    "'unixepoch'), 9, 5), port, today_production, total_production "
    "FROM port_hourly WHERE filled = 1 AND samples = 0 ORDER BY port, hour";

static const char filled_dtu_sql[] = "SELECT dtu, substr(datetime(hour, "
    "'unixepoch'), 9, 5), serial, samples, pv_power_count, pv_power_avg, "
    "pv_power_min, pv_power_max, today_production, total_production "
    "FROM dtu_hourly WHERE filled = 1 ORDER BY dtu, hour";

static const char all_sql[] = "SELECT * FROM (SELECT hour, dtu, '' AS serial, "
    "0 AS port, samples, filled, today_production, total_production "
    "FROM dtu_hourly UNION ALL SELECT hour, dtu, serial, port, samples, "
    "filled, today_production, total_production FROM port_hourly "
    "UNION ALL SELECT day, dtu, '', 0, samples, filled, today_production, "
    "total_production FROM dtu_daily UNION ALL SELECT day, dtu, serial, "
    "port, samples, filled, today_production, total_production "
    "FROM port_daily) ORDER BY hour, dtu, serial, port";

/* Away from 8:30 to 11:10; 800 W, of which 600 by the first input. */
static void
keep_away(const char *dtu)
{
	keep_poll(dtu, "2026-06-10T07:00:00Z", 600);
	keep_poll(dtu, "2026-06-10T08:30:00Z", 1500);
	/* The next reading confirms what this one has. */
	keep_poll(dtu, "2026-06-10T11:09:00Z", 1500);
	keep_poll(dtu, "2026-06-10T11:10:00Z", 3100);
	keep_poll(dtu, "2026-06-10T12:00:00Z", 3600);
}

START_TEST(fills_hours)
{
	char before[4000];

	keep_away("roof");
	keep_curve("roof", "2026-06-10T06:00:00Z", 0, 200, 800);
	keep_curve("roof", "2026-06-10T09:20:00Z", 1, 140, 800);
	make_all();
	/* Of 160 minutes the first 90 end at 10:00. */
	ck_assert_str_eq(answer(&k->db, filled_sql),
	    "10 06|1|600|5600\n10 09|1|2400|7400\n10 10|1|3000|8000\n"
	    "10 06|2|200|2200\n10 09|2|799|2799\n10 10|2|999|2999");
	ck_assert_str_eq(answer(&k->db, filled_dtu_sql),
	    "roof|10 06|D-roof|0|0|800.0|800.0|800.0|800|\n"
	    "roof|10 09|D-roof|0|0|799.875|799.9|799.9|3199|10199\n"
	    "roof|10 10|D-roof|0|0|799.875|799.9|799.9|3999|10999");
	ck_assert_str_eq(answer(&k->db, "SELECT day, samples, filled, "
	    "pv_power_avg, pv_power_max, today_production FROM dtu_daily"),
	    "2026-06-10|5|1|400.0|800.0|4800");
	ck_assert_str_eq(answer(&k->db, "SELECT port, samples, filled, "
	    "today_production FROM port_daily"), "1|5|1|3600\n2|5|1|1200");
	/* Another time nothing changes. */
	snprintf(before, sizeof before, "%s", answer(&k->db, all_sql));
	run(&k->db, "INSERT OR IGNORE INTO rollup_due "
	    "SELECT hour FROM dtu_hourly");
	make_all();
	ck_assert_str_eq(answer(&k->db, all_sql), before);
}
END_TEST

/* The hours and days next to a gap have no `filled`. */
START_TEST(marks_what_is_filled)
{
	keep_away("roof");
	keep_away("shed");
	keep_curve("roof", "2026-06-10T06:00:00Z", 0, 340, 800);
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT dtu, day, filled "
	    "FROM dtu_daily"), "roof|2026-06-10|1\nshed|2026-06-10|0");
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM dtu_hourly "
	    "WHERE filled <> (samples = 0)"), 0);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM port_hourly "
	    "WHERE filled AND dtu = 'shed'"), 0);
}
END_TEST

/* A reading of a filled hour comes after all. */
START_TEST(prefers_readings)
{
	keep_away("roof");
	keep_curve("roof", "2026-06-10T07:00:00Z", 0, 280, 800);
	make_all();
	keep_poll("roof", "2026-06-10T09:40:00Z", 2100);
	make_all();
	/* From there on 80 minutes of the rest are until 11:00. */
	ck_assert_str_eq(answer(&k->db, "SELECT hour / 3600 % 24, samples, "
	    "filled, today_production FROM port_hourly WHERE port = 1"),
	    "7|1|0|600\n8|1|0|1500\n9|1|0|2100\n10|0|1|2988\n11|2|0|3100\n"
	    "12|1|0|3600");
	keep_poll("roof", "2026-06-10T10:40:00Z", 2700);
	make_all();
	ck_assert_int_eq(number(&k->db, "SELECT sum(filled) FROM port_hourly"),
	    0);
	ck_assert_int_eq(number(&k->db, "SELECT sum(filled) FROM dtu_daily"),
	    0);
}
END_TEST

/* The evening of a day is filled when the next day has begun. */
START_TEST(fills_an_evening)
{
	keep_poll("roof", "2026-06-10T15:00:00Z", 2700);
	keep_poll("roof", "2026-06-10T15:30:00Z", 3000);
	keep_curve("roof", "2026-06-10T15:00:00Z", 0, 210, 800);
	make_all();
	ck_assert_str_eq(answer(&k->db, filled_sql), "");
	/* 1800 and 600 Wh were made until 18:30, and seen in the morning. */
	keep_input(k, "roof", "2026-06-11T07:00:00Z", 1, 0, 8000);
	keep_input(k, "roof", "2026-06-11T07:01:00Z", 1, 9, 9809);
	keep_input(k, "roof", "2026-06-11T07:01:00Z", 2, 3, 3603);
	make_all();
	ck_assert_str_eq(answer(&k->db, filled_sql),
	    "10 16|1|3900|8900\n10 17|1|4500|9500\n10 18|1|4800|9800\n"
	    "10 16|2|1300|3300\n10 17|2|1500|3500\n10 18|2|1600|3600");
	ck_assert_str_eq(answer(&k->db, "SELECT day, port, filled, "
	    "today_production, total_production FROM port_daily"),
	    "2026-06-10|1|1|4800|9800\n2026-06-10|2|1|1600|3600\n"
	    "2026-06-11|1|0|9|9809\n2026-06-11|2|0|3|3603");
}
END_TEST

/* The DTU's total of the evening before has 500 of an inverter that left. */
START_TEST(continues_the_total_of_the_day_before)
{
	keep_poll("roof", "2026-06-10T18:00:00Z", 3000);
	keep(k, "dtu", "2026-06-10T18:01:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-roof\",\"total_production\":11500");
	/* 800 were made after it, and 1600 until 9:00. */
	keep(k, "dtu", "2026-06-11T09:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-roof\",\"total_production\":13900");
	keep_input(k, "roof", "2026-06-11T09:00:00Z", 1, 1200, 9800);
	keep_input(k, "roof", "2026-06-11T09:00:00Z", 2, 400, 3600);
	keep_curve("roof", "2026-06-11T07:00:00Z", 0, 120, 800);
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT hour / 3600 % 24, "
	    "today_production, total_production FROM dtu_hourly "
	    "WHERE filled"), "7|800|13100\n8|1600|13900");
}
END_TEST

/* Nothing is known of the energy, or of its distribution. */
START_TEST(fills_nothing_by_guess)
{
	keep_poll("roof", "2026-06-10T07:00:00Z", 0);
	keep_poll("roof", "2026-06-10T08:30:00Z", 900);
	keep_curve("roof", "2026-06-10T07:00:00Z", 0, 400, 800);
	make_all();
	ck_assert_str_eq(answer(&k->db, filled_sql), "");
	/* Nine times as much as the curve has: it is of something else. */
	keep_poll("roof", "2026-06-10T13:30:00Z", 900 + 9 * 3000);
	make_all();
	ck_assert_str_eq(answer(&k->db, filled_sql), "");
	/* A curve of another DTU that had the name. */
	run(&k->db, "DELETE FROM port");
	run(&k->db, "UPDATE history SET serial = 'D-0'");
	keep_poll("roof", "2026-06-10T14:30:00Z", 900 + 9 * 3000);
	make_all();
	ck_assert_str_eq(answer(&k->db, filled_sql), "");
}
END_TEST

/* Retention has removed the readings before and after the gap. */
START_TEST(keeps_filled_hours)
{
	keep_away("roof");
	keep_curve("roof", "2026-06-10T06:00:00Z", 0, 340, 800);
	make_all();
	run(&k->db, "DELETE FROM port");
	run(&k->db, "DELETE FROM dtu");
	run(&k->db, "INSERT OR IGNORE INTO rollup_due VALUES (1781089200)");
	make_all();
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM port_hourly "
	    "WHERE filled"), 6);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM (SELECT "
	    "total_production - lag(total_production) OVER (PARTITION BY port "
	    "ORDER BY hour) AS made FROM port_hourly) WHERE made < 0"), 0);
}
END_TEST

/* Days without readings: each DTU has the sums of its inputs. */
START_TEST(fills_days)
{
	keep_poll("roof", "2026-06-10T07:00:00Z", 900);
	/* An inverter that has left made 500. */
	keep(k, "dtu", "2026-06-10T07:01:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-roof\",\"total_production\":8700");
	for (int port = 1; port <= 2; port++)
		keep_input(k, "roof", "2026-06-13T07:00:00Z", port, 30,
		    9030);
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT day, serial, samples, filled, "
	    "today_production, total_production FROM dtu_daily"),
	    "2026-06-10|D-roof|2|0|1200|8700\n"
	    "2026-06-11|D-roof|0|1|4900|13600\n"
	    "2026-06-12|D-roof|0|1|4900|18500");
	ck_assert_str_eq(answer(&k->db, "SELECT day, samples, filled "
	    "FROM port_daily WHERE port = 1"), "2026-06-10|1|0\n"
	    "2026-06-11|0|1\n2026-06-12|0|1\n2026-06-13|1|0");
	keep(k, "dtu", "2026-06-12T07:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-roof\"");
	for (int port = 1; port <= 2; port++)
		keep_input(k, "roof", "2026-06-12T07:00:00Z", port, 30,
		    8030);
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT day, samples, filled "
	    "FROM dtu_daily"), "2026-06-10|2|0\n2026-06-11|0|1\n"
	    "2026-06-12|1|0");
}
END_TEST

/* Three days without readings, in which the first input made 1000 Wh. */
static void
keep_days(void)
{
	keep_poll("roof", "2026-06-10T07:00:00Z", 900);
	for (int port = 1; port <= 2; port++)
		keep_input(k, "roof", "2026-06-14T07:00:00Z", port, 30,
		    port == 1 ? 6930 : 2433);
}

static const char days_sql[] = "SELECT day, port, filled, today_production, "
    "total_production FROM port_daily WHERE samples = 0 ORDER BY port, day";

/* In the proportions that the DTU gives, if it gives those of all days. */
START_TEST(shares_by_the_energies_of_the_dtu)
{
	static const char equal[] =
	    "2026-06-11|1|1|333|6233\n2026-06-12|1|1|333|6566\n"
	    "2026-06-13|1|1|334|6900\n2026-06-11|2|1|34|2334\n"
	    "2026-06-12|2|1|34|2368\n2026-06-13|2|1|35|2403";

	keep_days();
	keep(k, "energies", "2026-06-14T07:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-roof\",\"days\":[{\"time\":"
	    "\"2026-06-11T12:00:00Z\",\"energy\":150},{\"time\":"
	    "\"2026-06-12T12:00:00Z\",\"energy\":1200},"
	    "{\"time\":null,\"energy\":7},{\"energy\":7},7,{\"time\":"
	    "\"2026-06-13T12:00:00Z\",\"energy\":-1}]");
	make_all();
	ck_assert_str_eq(answer(&k->db, days_sql), equal);
	/* The third, a newer value of the first, and one of another DTU. */
	keep(k, "energies", "2026-06-14T08:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-roof\",\"days\":[{\"time\":"
	    "\"2026-06-13T12:00:00Z\",\"energy\":700},{\"time\":"
	    "\"2026-06-11T12:00:00Z\",\"energy\":100}]");
	keep(k, "energies", "2026-06-14T08:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-0\",\"days\":[{\"time\":"
	    "\"2026-06-13T12:00:00Z\",\"energy\":9999}]");
	run(&k->db, "INSERT INTO rollup_due VALUES (1781420400)");
	make_all();
	ck_assert_str_eq(answer(&k->db, days_sql),
	    "2026-06-11|1|1|50|5950\n2026-06-12|1|1|600|6550\n"
	    "2026-06-13|1|1|350|6900\n2026-06-11|2|1|5|2305\n"
	    "2026-06-12|2|1|61|2366\n2026-06-13|2|1|37|2403");
	run(&k->db, "UPDATE past_days SET energy = 0");
	run(&k->db, "INSERT INTO rollup_due VALUES (1781420400)");
	make_all();
	ck_assert_str_eq(answer(&k->db, days_sql), equal);
}
END_TEST

/* A DTU gives the time of the poll on each day, and is polled again. */
START_TEST(keeps_a_past_day_once)
{
	ck_assert(hm_zone_use("Europe/Berlin"));
	/* Clocks change on the 29th. */
	keep(k, "energies", "2026-03-30T00:30:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-roof\",\"days\":[{\"time\":"
	    "\"2026-03-28T23:30:00Z\",\"energy\":5},{\"time\":"
	    "\"2026-03-28T22:30:00Z\",\"energy\":6}]");
	keep(k, "energies", "2026-03-30T20:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"D-roof\",\"days\":[{\"time\":"
	    "\"2026-03-29T20:00:00Z\",\"energy\":7},{\"time\":"
	    "\"2026-03-28T20:00:00Z\",\"energy\":6}]");
	ck_assert_str_eq(answer(&k->db, "SELECT datetime(moment, 'unixepoch'), "
	    "energy FROM past_days"),
	    "2026-03-28 11:00:00|6\n2026-03-29 10:00:00|7");
	for (int hour = 0; hour < 24; hour++) {
		k->rollup.reset_hour = hour;
		ck_assert_str_eq(answer(&k->db, "SELECT group_concat("
		    "hm_day(moment)) FROM past_days"), "2026-03-28,2026-03-29");
	}
	ck_assert(hm_zone_use("UTC"));
}
END_TEST

/* Random gaps */

#define INPUTS 3
#define LEFT 500 /* Wh that an inverter made that has left */

struct plant {
	double sum[INPUTS];            /* Wh so far */
	int made[INPUTS][721];         /* Wh up to a minute of the day */
	double watts[720];
	bool is_away[720];
};

static void
make_plant(struct plant *p, uint64_t *seed)
{
	*p = (struct plant){.sum = {0}};
	for (int m = 0; m < (int)DAYLIGHT; m++) {
		double sun = sin(3.14159 * m / (double)DAYLIGHT) *
		    (double)(40 + next_random(seed) % 60);

		for (int i = 0; i < INPUTS; i++) {
			p->sum[i] += sun * (i + 1) / 60;
			p->made[i][m + 1] = (int)p->sum[i];
			p->watts[m] += sun * (i + 1);
		}
	}
}

static void
make_gaps(struct plant *p, uint64_t *seed)
{
	for (int gap = 0; gap < 3; gap++) {
		int first = 20 + (int)(next_random(seed) % 600);
		int end = first + (int)(next_random(seed) % 300);

		for (int m = first; m < end && m < (int)DAYLIGHT; m++)
			p->is_away[m] = true;
	}
}

/* What a poll in a minute reads is the energy until the minute before. */
static void
put_poll(const struct plant *p, int m)
{
	char time[HM_RFC3339_SIZE], line[300];
	int total = LEFT;

	hm_rfc3339_format(MORNING + m * MINUTE, time);
	for (int i = 0; i < INPUTS; i++) {
		snprintf(line, sizeof line, "{\"type\":\"port\",\"time\":"
		    "\"%s\",\"dtu\":\"roof\",\"serial\":\"1\",\"port\":%d,"
		    "\"today_production\":%d,\"total_production\":%d}", time,
		    i + 1, p->made[i][m], 1000 + p->made[i][m]);
		keep_line(k, hm_text(line));
		total += 1000 + p->made[i][m];
	}
	snprintf(line, sizeof line, "{\"type\":\"dtu\",\"time\":\"%s\","
	    "\"dtu\":\"roof\",\"serial\":\"D-roof\","
	    "\"total_production\":%d}", time, total);
	keep_line(k, hm_text(line));
}

static void
put_curve(const struct plant *p, int from, int to, int package)
{
	char time[HM_RFC3339_SIZE], line[4000];
	int n = snprintf(line, sizeof line, "{\"type\":\"history\",\"time\":"
	    "\"2026-06-10T19:00:00Z\",\"dtu\":\"roof\",\"serial\":\"D-roof\","
	    "\"package\":%d,\"start\":\"%s\",\"step\":60,\"curve\":[", package,
	    hm_rfc3339_format(MORNING + from * MINUTE, time).p);

	for (int m = from; m < to; m++)
		n += snprintf(line + n, sizeof line - (size_t)n, "%s%.1f",
		    m == from ? "" : ",", p->watts[m]);
	snprintf(line + n, sizeof line - (size_t)n, "]}");
	keep_line(k, hm_text(line));
}

static void
keep_day(const struct plant *p)
{
	keep_begin(k);
	for (int m = 0; m < (int)DAYLIGHT; m += 3)
		if (!p->is_away[m])
			put_poll(p, m);
	keep_end(k);
	keep_begin(k);
	for (int m = 0; m < (int)DAYLIGHT; m += 240)
		put_curve(p, m, m + 240, m / 240);
	keep_end(k);
}

/* Each filled hour against the plant. */
static void
compare_hours(const struct plant *p)
{
	sqlite3_stmt *row = NULL;

	ck_assert(hm_db_prepare(&k->db, "SELECT hour, port, today_production "
	    "FROM port_hourly WHERE filled", &row));
	while (sqlite3_step(row) == SQLITE_ROW) {
		int64_t minute = (sqlite3_column_int64(row, 0) + HOUR -
		    MORNING) / MINUTE;

		ck_assert_int_le(minute, DAYLIGHT);
		ck_assert_int_le(llabs(sqlite3_column_int64(row, 2) -
		    p->made[sqlite3_column_int(row, 1) - 1][minute]), 3);
	}
	sqlite3_finalize(row);
}

START_TEST(fills_any_gaps)
{
	uint64_t seed = 4711 + (uint64_t)_i;
	struct plant plant;
	char before[8000];

	make_plant(&plant, &seed);
	make_gaps(&plant, &seed);
	keep_day(&plant);
	make_all();
	compare_hours(&plant);
	/* All hours up to the last reading, once each, and none falls. */
	ck_assert_int_eq(number(&k->db, "SELECT (max(hour) - min(hour)) / 3600 "
	    "+ 1 - count(*) FROM dtu_hourly"), 0);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM (SELECT "
	    "total_production - lag(total_production) OVER (PARTITION BY port "
	    "ORDER BY hour) AS made FROM port_hourly) WHERE made < 0"), 0);
	/* What the hours made is what the counter grew. */
	ck_assert_int_eq(number(&k->db, "SELECT sum(today_production) - "
	    "(SELECT sum(made) FROM (SELECT today_production - "
	    "coalesce(lag(today_production) OVER (PARTITION BY port "
	    "ORDER BY hour), 0) AS made FROM port_hourly)) FROM port_daily"),
	    0);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM dtu_hourly AS d "
	    "WHERE filled AND total_production IS NOT (SELECT "
	    "500 + sum(total_production) FROM port_hourly AS p "
	    "WHERE p.hour = d.hour)"), 0);
	snprintf(before, sizeof before, "%s", answer(&k->db, all_sql));
	run(&k->db, "INSERT OR IGNORE INTO rollup_due "
	    "SELECT hour FROM dtu_hourly");
	make_all();
	ck_assert_str_eq(answer(&k->db, all_sql), before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rollup_gap");
	TCase *tcase = tcase_create("rollup_gap");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, fills_hours);
	tcase_add_test(tcase, marks_what_is_filled);
	tcase_add_test(tcase, prefers_readings);
	tcase_add_test(tcase, fills_an_evening);
	tcase_add_test(tcase, continues_the_total_of_the_day_before);
	tcase_add_test(tcase, fills_nothing_by_guess);
	tcase_add_test(tcase, keeps_filled_hours);
	tcase_add_test(tcase, fills_days);
	tcase_add_test(tcase, shares_by_the_energies_of_the_dtu);
	tcase_add_test(tcase, keeps_a_past_day_once);
	tcase_add_loop_test(tcase, fills_any_gaps, 0, 30);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
