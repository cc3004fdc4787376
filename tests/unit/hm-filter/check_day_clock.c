#include "day_clock.h"

#include <check.h>

#include "base/log.h"
#include "run_suite.h"

#define START ((int64_t)1780000000)
#define DAY ((int64_t)86400)

static struct hm_day_clock clock_of_day;
static int64_t steady, wall; /* s */

static void
start(void)
{
	hm_log_start("check", HM_CRITICAL);
	hm_day_clock_init(&clock_of_day);
	steady = 1000;
	wall = START;
}

/* The time of the day of a record, `later` seconds later and set by `set`. */
static int64_t
look(int64_t later, int64_t set)
{
	const struct hm_moment now = {(steady += later) * 1000,
	    (wall += later + set) * 1000};

	hm_day_clock_look(&clock_of_day, &now);
	return hm_day_clock_time(&clock_of_day, wall);
}

START_TEST(a_clock_that_was_ahead_for_a_while_is_not_followed)
{
	look(0, 0);
	ck_assert_int_eq(look(10, 40 * DAY), START + 10);
	ck_assert_int_eq(look(3580, 0), START + 3590);
	ck_assert_int_eq(look(10, -40 * DAY), START + 3600);
	ck_assert_int_eq(look(3600, 0), START + 7200);
}
END_TEST

START_TEST(a_clock_that_stays_ahead_is_followed)
{
	look(0, 0);
	ck_assert_int_eq(look(10, 40 * DAY), START + 10);
	ck_assert_int_eq(look(3600, 0), START + 3610 + 40 * DAY);
	ck_assert_int_eq(look(10, 0), START + 3620 + 40 * DAY);
	/* The way back is the energy guard's. */
	ck_assert_int_eq(look(10, -40 * DAY), START + 3630);
}
END_TEST

START_TEST(a_clock_that_is_corrected_by_hours_is_followed)
{
	look(0, 0);
	ck_assert_int_eq(look(10, 20 * 3600 - 1), START + 9 + 20 * 3600);
}
END_TEST

START_TEST(a_replay_is_followed)
{
	look(0, 0);
	ck_assert_int_eq(hm_day_clock_time(&clock_of_day, START - 40 * DAY),
	    START - 40 * DAY);
	ck_assert_int_eq(hm_day_clock_time(&clock_of_day, START + DAY),
	    START + DAY);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("day_clock");
	TCase *cases = tcase_create("day_clock");

	tcase_add_checked_fixture(cases, start, NULL);
	tcase_add_test(cases,
	    a_clock_that_was_ahead_for_a_while_is_not_followed);
	tcase_add_test(cases, a_clock_that_stays_ahead_is_followed);
	tcase_add_test(cases, a_clock_that_is_corrected_by_hours_is_followed);
	tcase_add_test(cases, a_replay_is_followed);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
