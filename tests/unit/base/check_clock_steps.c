#include "base/clock_steps.h"

#include <check.h>

#include "run_suite.h"

#define START ((int64_t)1780000000)
#define DAY ((int64_t)86400)

static struct hm_clock_steps steps;
static int64_t steady, wall; /* s */

static void
start(void)
{
	steps = (struct hm_clock_steps){.least = 60};
	steady = 1000;
	wall = START;
}

/* Some seconds later, of which the wall clock is set by `set`. */
static int64_t
look(int64_t later, int64_t set)
{
	const struct hm_moment now = {(steady += later) * 1000,
	    (wall += later + set) * 1000};

	return hm_clock_steps_look(&steps, &now);
}

START_TEST(a_clock_that_runs_makes_no_step)
{
	ck_assert_int_eq(look(0, 0), 0);
	ck_assert_int_eq(look(3 * DAY, 0), 0);
	/* It is slewed, and set by less than the least step. */
	ck_assert_int_eq(look(1, 59), 0);
	ck_assert_int_eq(look(1, -59), 0);
	ck_assert_int_eq(hm_clock_steps_undo(&steps, wall), wall);
}
END_TEST

START_TEST(a_step_is_undone)
{
	static const int64_t sets[] = {60, -60, DAY, -DAY, 3650 * DAY,
	    -3650 * DAY};

	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		start();
		look(0, 0);
		ck_assert_int_eq(look(10, sets[i]), sets[i]);
		ck_assert_int_eq(look(10, 0), 0);
		ck_assert_int_eq(hm_clock_steps_undo(&steps, wall), START + 20);
		/* A record of 15 s ago has the old clock. */
		ck_assert_int_eq(hm_clock_steps_undo(&steps, START + 5),
		    START + 5);
	}
}
END_TEST

START_TEST(a_clock_that_returns_is_as_if_it_was_never_set)
{
	look(0, 0);
	look(10, 40 * DAY);
	ck_assert_int_eq(look(10, -40 * DAY + 3), -40 * DAY + 3);
	ck_assert_int_eq(steps.ahead, 0);
	ck_assert_int_eq(hm_clock_steps_undo(&steps, wall), wall);
	/* A record from before that. */
	ck_assert_int_eq(hm_clock_steps_undo(&steps, START + 40 * DAY + 15),
	    START + 15);
}
END_TEST

START_TEST(a_clock_may_be_accepted)
{
	look(0, 0);
	look(10, DAY);
	hm_clock_steps_accept(&steps);
	ck_assert_int_eq(hm_clock_steps_undo(&steps, wall), wall);
	ck_assert_int_eq(look(10, 0), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clock_steps");
	TCase *cases = tcase_create("clock_steps");

	tcase_add_checked_fixture(cases, start, NULL);
	tcase_add_test(cases, a_clock_that_runs_makes_no_step);
	tcase_add_test(cases, a_step_is_undone);
	tcase_add_test(cases, a_clock_that_returns_is_as_if_it_was_never_set);
	tcase_add_test(cases, a_clock_may_be_accepted);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
