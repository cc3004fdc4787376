#include "history.h"

#include <time.h>

#include "db/schema.h"
#include "run_suite.h"
#include "xorshift.h"

/* The views of days and months; SQLite computes, the test counts again. */

#define INPUTS 8

static struct hm_db db;

static void
setup(void)
{
	make_scratch();
	setenv("TZ", "UTC", 1);
	tzset();
	open_history(&db, "views.db");
}

static void
teardown(void)
{
	hm_db_close(&db);
	remove_scratch();
}

static void
add_day(const char *day, const char *dtu, int port, int64_t energy)
{
	char sql[300];

	snprintf(sql, sizeof sql, "INSERT INTO port_daily (day, dtu, serial, "
	    "port, samples, today_production) VALUES ('%s', '%s', '1161', %d, "
	    "9, nullif(%lld, -1))", day, dtu, port, (long long)energy);
	run(&db, sql);
}

static void
add_meter(const char *day, int64_t taken, int64_t given)
{
	char sql[300];

	snprintf(sql, sizeof sql, "INSERT INTO meter_daily (day, dtu, serial, "
	    "samples, energy_import, energy_export) VALUES ('%s', 'roof', "
	    "'37ff', 9, %lld, %lld)", day, (long long)taken, (long long)given);
	run(&db, sql);
}

static int
compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Twice the median of the inputs with energy but `self`; -1: there are none. */
static int64_t
median_twice(const int64_t *energy, size_t count, size_t self)
{
	int64_t other[INPUTS];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (i != self && energy[i] > 0)
			other[n++] = energy[i];
	if (n == 0)
		return -1;
	qsort(other, n, sizeof *other, compare);
	return other[(n - 1) / 2] + other[n / 2];
}

static void
expect_others(const char *day, const int64_t *energy, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char sql[200];

		snprintf(sql, sizeof sql, "SELECT coalesce(CAST(2 * others AS "
		    "INTEGER), -1) FROM panel_performance WHERE day = '%s' "
		    "AND port = %zu", day, i + 1);
		ck_assert_int_eq(number(&db, sql),
		    median_twice(energy, count, i));
	}
}

/* 240 days of one to eight inputs, with equal energies, none, and NULL. */
START_TEST(an_input_is_compared_with_the_median_of_the_others)
{
	uint64_t seed = 88172645463325252;
	char day[16];

	for (int d = 0; d < 240; d++) {
		int64_t energy[INPUTS];
		size_t count = (size_t)d % INPUTS + 1;

		snprintf(day, sizeof day, "2020-%02d-%02d", d / 28 % 12 + 1,
		    d % 28 + 1);
		for (size_t i = 0; i < count; i++) {
			energy[i] = (int64_t)(next_random(&seed) % 12) - 2;
			energy[i] = energy[i] < -1 ? 0 : energy[i];
			add_day(day, "roof", (int)i + 1, energy[i]);
		}
		add_day(day, "other DTU", 99, 1000000);
		expect_others(day, energy, count);
	}
}
END_TEST

START_TEST(days_have_what_the_house_used)
{
	add_day("2026-05-01", "roof", 1, 4000);
	add_day("2026-05-01", "barn", 1, 1500);
	add_day("2026-05-02", "roof", 1, 3000);
	add_day("2026-05-03", "roof", 1, -1);
	add_day("2026-05-05", "roof", 1, 2000);
	add_day("2026-05-06", "roof", 1, 2000);
	add_day("9999-01-01", "roof", 1, 9999999);
	add_meter("2026-05-01", 100, 200);
	add_meter("2026-05-02", 1100, 2700);
	add_meter("2026-05-03", 1200, 2800);
	/* After a day without readings, and after the meter was replaced. */
	add_meter("2026-05-05", 1300, 3000);
	add_meter("2026-05-06", 0, 0);
	ck_assert_str_eq(answer(&db, "SELECT * FROM plant_days"),
	    "2026-05-01|5.5|||\n"
	    "2026-05-02|3.0|2.5|1.0|0.5\n"
	    "2026-05-03||0.1|0.1|\n"
	    "2026-05-05|2.0|||\n"
	    "2026-05-06|2.0|||");
	ck_assert_str_eq(answer(&db, "SELECT * FROM months"),
	    "2026-05|4|12.5|3.125|2.6|1.1|0.5");
	ck_assert_str_eq(answer(&db, "SELECT * FROM years"),
	    "2026|4|12.5|3.125|2.6|1.1|0.5");
}
END_TEST

/* Of a leap year 29 February has no day to be compared with. */
START_TEST(a_month_is_compared_with_the_same_days)
{
	add_day("2023-02-27", "roof", 1, 5000);
	add_day("2023-02-28", "roof", 1, 1000);
	add_day("2024-02-28", "roof", 1, 1500);
	add_day("2024-02-29", "roof", 1, 7000);
	add_day("2024-03-01", "roof", 1, 7000);
	ck_assert_str_eq(answer(&db, "SELECT * FROM same_month"),
	    "2024-02|1|1.5|1.0|50.0");
}
END_TEST

START_TEST(gaps_are_days_without_readings)
{
	run(&db, "INSERT INTO dtu_daily (day, dtu, samples) VALUES "
	    "('2026-05-01', 'roof', 9), ('2026-05-02', 'roof', 0), "
	    "('2026-05-04', 'roof', 9), ('2026-05-05', 'roof', 9), "
	    "('2026-05-01', 'barn', 9), ('2026-05-02', 'barn', 9), "
	    "('9999-12-31', 'barn', 9)");
	add_day("2026-05-02", "roof", 1, 1200);
	add_day("2026-05-03", "roof", 1, 300);
	add_day("2026-05-03", "barn", 1, 5000);
	ck_assert_str_eq(answer(&db, "SELECT * FROM gaps"),
	    "roof|2026-05-02|2026-05-03|2|1.5");
}
END_TEST

START_TEST(records_are_the_first_of_equal_ones)
{
	ck_assert_str_eq(answer(&db, "SELECT * FROM records"), "");
	add_day("2025-05-01", "roof", 1, 4000);
	add_day("2025-06-01", "roof", 1, 4000);
	add_day("2026-05-01", "roof", 1, 3000);
	run(&db, "INSERT INTO dtu_hourly (hour, dtu, samples, pv_power_max) "
	    "VALUES (1795694400, 'roof', 9, 700), "
	    "(1795694400, 'barn', 9, 300.5), (1795698000, 'roof', 9, 1000), "
	    "(1795701600, 'roof', 9, NULL), (99999999999, 'roof', 9, 5000)");
	ck_assert_str_eq(answer(&db, "SELECT * FROM records"),
	    "best day|2025-05-01|4.0|kWh\n"
	    "best month|2025-05|4.0|kWh\n"
	    "best year|2025|8.0|kWh\n"
	    "highest power|2026-11-26T12:00:00Z|1000.5|W");
}
END_TEST

/* 2026-03-29 01:00 UTC: the hour of 3 o'clock follows that of 1 o'clock. */
START_TEST(panel_hours_are_local)
{
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	run(&db, "INSERT INTO port_hourly (hour, dtu, serial, port, samples, "
	    "pv_power_count, pv_power_avg) VALUES "
	    "(1774742400, 'roof', '1161', 1, 4, 4, 100), "
	    "(1774746000, 'roof', '1161', 1, 4, 1, 100), "
	    "(1774832400, 'roof', '1161', 1, 4, 0, NULL), "
	    "(1774828800, 'roof', '1161', 1, 4, 4, 50), "
	    "(1774836000, 'roof', '1161', 1, 0, 4, 900), "
	    "(1772000000, 'roof', '1161', 1, 4, 4, 900)");
	ck_assert_str_eq(answer(&db, "SELECT o_clock, hours, watts "
	    "FROM panel_hours"), "1|1|100.0\n2|1|50.0\n3|2|12.5");
}
END_TEST

START_TEST(the_plant_today_counts_what_is_unknown)
{
	add_day("2026-05-01", "roof", 1, 4000);
	add_day("2026-05-02", "roof", 1, 1200);
	add_day("2026-05-02", "roof", 2, 300);
	add_day("2026-05-02", "barn", 1, -1);
	ck_assert_str_eq(answer(&db, "SELECT * FROM plant_today"),
	    "2026-05-02|1.5|2|1");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("views");
	TCase *tcase = tcase_create("views");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
	    an_input_is_compared_with_the_median_of_the_others);
	tcase_add_test(tcase, days_have_what_the_house_used);
	tcase_add_test(tcase, a_month_is_compared_with_the_same_days);
	tcase_add_test(tcase, gaps_are_days_without_readings);
	tcase_add_test(tcase, records_are_the_first_of_equal_ones);
	tcase_add_test(tcase, panel_hours_are_local);
	tcase_add_test(tcase, the_plant_today_counts_what_is_unknown);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
