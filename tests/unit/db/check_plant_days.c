#include "history.h"

#include <time.h>

#include "db/plant_days.h"
#include "db/schema.h"
#include "run_suite.h"
#include "xorshift.h"

/*
 * The view plant_days, which reads sums that are kept, against the same
 * computed from all rows, after any changes of the tables.
 */

#define STEPS 2000

static const char scratch_sql[] =
    "SELECT day, round(sum(today_production) / 1000.0, 3), "
    "round(given / 1000.0, 3), round(taken / 1000.0, 3), "
    "round(max(sum(today_production) - given, 0) / 1000.0, 3) "
    "FROM port_daily LEFT JOIN (SELECT day, "
    "sum(iif(given >= 0, given, NULL)) AS given, "
    "sum(iif(taken >= 0, taken, NULL)) AS taken "
    "FROM grid_energy WHERE days = 1 GROUP BY day) USING (day) "
    "WHERE day <= date('now', 'localtime', '+1 day') GROUP BY day";
static const char view_sql[] = "SELECT * FROM plant_days ORDER BY day";

static struct hm_db db;

static void
setup(void)
{
	make_scratch();
	setenv("TZ", "UTC", 1);
	tzset();
	open_history(&db, "days.db");
}

static void
teardown(void)
{
	hm_db_close(&db);
	remove_scratch();
}

static uint64_t seed;

static unsigned
below(unsigned bound)
{
	return (unsigned)(next_random(&seed) % bound);
}

/* Days around the ends of two months, and one of a wrong clock. */
static const char *
any_day(void)
{
	static const char *const days[] = {"2024-02-28", "2024-02-29",
	    "2024-03-01", "2024-03-02", "2024-12-31", "2025-01-01",
	    "2025-01-03", "2999-01-01"};

	return days[below(sizeof days / sizeof *days)];
}

/* A statement about an input, with OR REPLACE, OR IGNORE or neither. */
static void
change_input(char sql[400])
{
	static const char *const verbs[] = {"OR REPLACE", "OR IGNORE"};
	const char *day = any_day(), *verb = verbs[below(2)];
	unsigned port = below(3) + 1, energy = below(5000);

	switch (below(6)) {
	case 0:
		snprintf(sql, 400, "DELETE FROM port_daily WHERE day = '%s' "
		    "AND port = %u", day, port);
		return;
	case 1:
		snprintf(sql, 400, "UPDATE %s port_daily SET day = '%s' "
		    "WHERE day = '%s' AND port = %u", verb, any_day(), day,
		    port);
		return;
	case 2:
		snprintf(sql, 400, "UPDATE port_daily SET today_production = "
		    "nullif(%u, 0) WHERE day = '%s'", energy * below(2), day);
		return;
	case 3:
		snprintf(sql, 400, "UPDATE %s port_daily SET dtu = '%s' "
		    "WHERE port = %u", verb, below(2) == 0 ? "roof" : "barn",
		    port);
		return;
	case 4:
		snprintf(sql, 400, "INSERT INTO port_daily (day, dtu, serial, "
		    "port, samples, today_production) VALUES ('%s', 'roof', "
		    "'1161', %u, 9, %u) ON CONFLICT DO UPDATE SET "
		    "today_production = excluded.today_production", day, port,
		    energy);
		return;
	default:
		snprintf(sql, 400, "INSERT %s INTO port_daily (day, dtu, "
		    "serial, port, samples, today_production) VALUES "
		    "('%s', '%s', '1161', %u, 9, %u.%u)", verb, day,
		    below(2) == 0 ? "roof" : "barn", port, energy, below(10));
	}
}

static void
change_meter(char sql[400])
{
	const char *day = any_day();

	switch (below(3)) {
	case 0:
		snprintf(sql, 400, "DELETE FROM meter_daily WHERE day = '%s'",
		    day);
		return;
	case 1:
		snprintf(sql, 400, "UPDATE OR IGNORE meter_daily SET day = "
		    "'%s' WHERE day = '%s'", any_day(), day);
		return;
	default:
		snprintf(sql, 400, "INSERT OR REPLACE INTO meter_daily (day, "
		    "dtu, serial, samples, energy_import, energy_export) "
		    "VALUES ('%s', 'roof', '%u', 9, nullif(%u, 0), "
		    "nullif(%u, 0))", day, below(2), below(4) * 1000,
		    below(4) * 700);
	}
}

static void
expect_equal(const char *last)
{
	static char expected[1 << 14];

	COPY_TEXT(expected, answer(&db, scratch_sql));
	ck_assert_msg(strcmp(answer(&db, view_sql), expected) == 0,
	    "after %s: found\n%s\nexpected\n%s", last, answer(&db, view_sql),
	    expected);
}

static void
add_up(void)
{
	run(&db, "BEGIN");
	ck_assert(hm_plant_days_make(&db));
	run(&db, "COMMIT");
	ck_assert_int_eq(number(&db, "SELECT count(*) FROM plant_due"), 0);
}

START_TEST(sums_are_those_of_the_rows)
{
	char sql[400];
	unsigned added = 0;

	seed = 88172645463325252;
	for (int i = 0; i < STEPS; i++) {
		if (below(3) > 0)
			change_input(sql);
		else
			change_meter(sql);
		run(&db, sql);
		expect_equal(sql);
		if (below(4) > 0)
			continue;
		add_up();
		expect_equal("add_up");
		added += number(&db, "SELECT count(*) FROM plant_sums") > 3;
	}
	ck_assert_uint_gt(added, STEPS / 10);
}
END_TEST

START_TEST(a_change_makes_only_its_days_due)
{
	run(&db, "INSERT INTO port_daily (day, dtu, serial, port, samples, "
	    "today_production) VALUES ('2024-02-28', 'roof', '1', 1, 9, 5), "
	    "('2024-02-29', 'roof', '1', 1, 9, 6)");
	add_up();
	run(&db, "UPDATE port_daily SET samples = 8");
	ck_assert_str_eq(answer(&db, "SELECT * FROM plant_due"), "");
	run(&db, "UPDATE port_daily SET today_production = 7 "
	    "WHERE day = '2024-02-29'");
	ck_assert_str_eq(answer(&db, "SELECT * FROM plant_due"), "2024-02-29");
	run(&db, "INSERT INTO meter_daily (day, dtu, serial, samples) "
	    "VALUES ('2024-02-29', 'roof', '37', 9)");
	ck_assert_str_eq(answer(&db, "SELECT * FROM plant_due"),
	    "2024-02-29\n2024-03-01");
	ck_assert_str_eq(answer(&db, "SELECT * FROM plant_sums"),
	    "2024-02-28|5||\n2024-02-29|6||");
}
END_TEST

/* The days of a file of an older version are due. */
START_TEST(tables_come_with_all_days)
{
	run(&db, "INSERT INTO port_daily (day, dtu, serial, port, samples, "
	    "today_production) VALUES ('2024-02-28', 'roof', '1', 1, 9, 5), "
	    "('2024-02-28', 'roof', '1', 2, 9, 5), "
	    "('2024-02-29', 'roof', '1', 1, 9, 6)");
	ck_assert(hm_plant_days_are_current(&db));
	run(&db, "DROP TRIGGER port_day_changed");
	ck_assert(!hm_plant_days_are_current(&db));
	run(&db, "UPDATE port_daily SET today_production = 1");
	ck_assert_ptr_null(hm_schema_bring_up(&db));
	ck_assert(hm_plant_days_are_current(&db));
	ck_assert_str_eq(answer(&db, "SELECT * FROM plant_due"),
	    "2024-02-28\n2024-02-29");
	expect_equal("bring_up");
	add_up();
	expect_equal("add_up");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("plant_days");
	TCase *tcase = tcase_create("plant_days");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, sums_are_those_of_the_rows);
	tcase_add_test(tcase, a_change_makes_only_its_days_due);
	tcase_add_test(tcase, tables_come_with_all_days);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
