#include "kept.h"

#include "base/zone.h"
#include "rated_power.h"
#include "run_suite.h"

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

static const char *
rated(void)
{
	ck_assert(hm_rated_power_make(&k->db));
	return answer(&k->db, "SELECT serial, model, inputs, power, "
	    "input_power FROM rated_power");
}

static void
add_inverter(const char *serial, const char *model, int ports)
{
	char sql[300];

	snprintf(sql, sizeof sql, "INSERT INTO inverter_latest (time, dtu, "
	    "serial, model, first_seen) VALUES (1, 'roof', '%s', %s, 1)",
	    serial, model);
	run(&k->db, sql);
	for (int port = 1; port <= ports; port++) {
		snprintf(sql, sizeof sql, "INSERT INTO port_latest (time, "
		    "dtu, serial, port, first_seen) VALUES (1, 'roof', '%s', "
		    "%d, 1)", serial, port);
		run(&k->db, sql);
	}
}

START_TEST(the_model_is_of_the_readings_or_the_serial_number)
{
	add_inverter("116100000001", "NULL", 4);
	add_inverter("116100000002", "'no such model'", 3);
	add_inverter("116400000001", "NULL", 0);
	add_inverter("114100000001", "'HM-600'", 2);
	add_inverter("999900000001", "NULL", 2);
	ck_assert_str_eq(rated(),
	    "114100000001|HM-600|2|600|300\n"
	    "116100000001|HM-1000/1200/1500|4|1500|375\n"
	    "116100000002|HM-1000/1200/1500|3|1500|500\n"
	    "116400000001|HMS-1600/1800/2000-4T|4|2000|500");
}
END_TEST

START_TEST(an_info_record_has_the_exact_model)
{
	add_inverter("116100000001", "NULL", 4);
	ck_assert_str_eq(rated(), "116100000001|HM-1000/1200/1500|4|1500|375");
	run(&k->db, "INSERT INTO info (time, dtu, serial, data) VALUES "
	    "(1, 'roof', '116100000001', '{\"model\":\"HM-1200\"}'), "
	    "(2, 'roof', '116100000001', '{\"firmware\":\"V1\"}'), "
	    "(3, 'roof', '116100000001', 'no JSON')");
	ck_assert_str_eq(rated(), "116100000001|HM-1200|4|1200|300");
}
END_TEST

START_TEST(an_hour_makes_it)
{
	keep(k, "inverter", "2026-11-23T10:15:00Z",
	    "\"dtu\":\"roof\",\"serial\":\"114182000001\"");
	make_hours(k, true);
	ck_assert_str_eq(answer(&k->db, "SELECT model, power FROM rated_power"),
	    "HM-600/700/800|800");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rated power");
	TCase *tcase = tcase_create("rated power");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
	    the_model_is_of_the_readings_or_the_serial_number);
	tcase_add_test(tcase, an_info_record_has_the_exact_model);
	tcase_add_test(tcase, an_hour_makes_it);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
