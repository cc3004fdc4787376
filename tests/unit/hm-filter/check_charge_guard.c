#include "charge_guard.h"

#include <check.h>
#include <stdio.h>

#include "run_suite.h"

#define START INT64_C(1790000000)

static struct hm_charge charge;

static void
setup(void)
{
	charge = (struct hm_charge){.known = false};
	ck_assert(hm_charge_accept(&charge, START, 92));
}

START_TEST(a_jump_is_refused)
{
	ck_assert(!hm_charge_accept(&charge, START + 20, 0));
	ck_assert(hm_charge_accept(&charge, START + 40, 92));
	ck_assert(!hm_charge_accept(&charge, START + 60, 66));
	ck_assert(hm_charge_accept(&charge, START + 80, 67));
	ck_assert(!hm_charge_accept(&charge, START + 100, 93));
	ck_assert(hm_charge_accept(&charge, START + 120, 92));
}
END_TEST

START_TEST(a_charge_of_the_same_second_is_judged)
{
	ck_assert(!hm_charge_accept(&charge, START, 0));
}
END_TEST

/* What a battery gauge says after a correction is true in the end. */
START_TEST(after_ten_minutes_all_is_accepted)
{
	ck_assert(!hm_charge_accept(&charge, START + 599, 0));
	ck_assert(hm_charge_accept(&charge, START + 600, 0));
	ck_assert(!hm_charge_accept(&charge, START + 601, 92));
}
END_TEST

START_TEST(a_clock_that_was_set_back_refuses_nothing)
{
	ck_assert(hm_charge_accept(&charge, START - 1, 0));
}
END_TEST

static struct hm_charge_guard *guard;

static void
setup_guard(void)
{
	guard = hm_charge_guard_new();
	ck_assert_ptr_nonnull(guard);
}

static void
teardown_guard(void)
{
	hm_charge_guard_free(guard);
}

static bool
refuses(int minute, const char *dtu, const char *serial, const char *soc)
{
	static char line[300];
	static struct hm_record record;
	struct hm_fault fault;

	snprintf(line, sizeof line, "{\"type\":\"battery\","
	    "\"time\":\"2026-11-30T10:%02d:00Z\",\"dtu\":%s,\"serial\":%s%s%s}",
	    minute, dtu, serial, soc[0] != '\0' ? ",\"soc\":" : "", soc);
	ck_assert(hm_record_parse(&record, hm_text(line), &fault));
	return hm_charge_guard_refuses(guard, &record);
}

START_TEST(each_battery_is_judged_by_itself)
{
	ck_assert(!refuses(0, "\"a\"", "\"1\"", "92"));
	ck_assert(!refuses(0, "\"b\"", "\"1\"", "10"));
	ck_assert(!refuses(0, "\"a\"", "\"2\"", "50"));
	ck_assert(refuses(1, "\"a\"", "\"1\"", "0"));
	ck_assert(refuses(1, "\"\\u0061\"", "\"1\"", "0"));
	ck_assert(!refuses(1, "\"b\"", "\"1\"", "0"));
	ck_assert(refuses(1, "\"a\"", "\"2\"", "100"));
	ck_assert(!refuses(2, "\"a\"", "\"1\"", "91.5"));
}
END_TEST

START_TEST(what_is_no_charge_is_not_judged)
{
	static const char *const charges[] = {"", "null", "\"0\"", "true",
	    "-1", "101", "9223372036854775807", "1e400", "-1e18"};

	ck_assert(!refuses(0, "\"a\"", "\"1\"", "92"));
	for (size_t i = 0; i < sizeof charges / sizeof *charges; i++)
		ck_assert(!refuses(1, "\"a\"", "\"1\"", charges[i]));
	ck_assert(!refuses(1, "1", "\"1\"", "0"));
	ck_assert(!refuses(1, "\"a\"", "1", "0"));
	ck_assert(refuses(1, "\"a\"", "\"1\"", "0"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("charge_guard");
	TCase *rules = tcase_create("rules");
	TCase *records = tcase_create("records");

	tcase_add_checked_fixture(rules, setup, NULL);
	tcase_add_test(rules, a_jump_is_refused);
	tcase_add_test(rules, a_charge_of_the_same_second_is_judged);
	tcase_add_test(rules, after_ten_minutes_all_is_accepted);
	tcase_add_test(rules, a_clock_that_was_set_back_refuses_nothing);
	suite_add_tcase(suite, rules);
	tcase_add_checked_fixture(records, setup_guard, teardown_guard);
	tcase_add_test(records, each_battery_is_judged_by_itself);
	tcase_add_test(records, what_is_no_charge_is_not_judged);
	suite_add_tcase(suite, records);
	return run_suite(suite);
}
