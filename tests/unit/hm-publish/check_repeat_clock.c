#include "repeat_clock.h"

#include <check.h>

#include "run_suite.h"

START_TEST(nothing_is_due_without_an_announcement)
{
	struct hm_repeat_clock c = {0};

	ck_assert(!hm_repeat_take(&c, 0));
	ck_assert(!hm_repeat_take(&c, INT64_MAX));
	ck_assert(!hm_repeat_is_first(&c));
}
END_TEST

START_TEST(is_due_twice)
{
	struct hm_repeat_clock c = {0};

	hm_repeat_ask(&c, 5000);
	ck_assert_int_eq(c.due, 6000);
	ck_assert(hm_repeat_is_first(&c));
	ck_assert(!hm_repeat_take(&c, 5999));
	ck_assert(hm_repeat_take(&c, 6000));
	ck_assert(!hm_repeat_is_first(&c));
	ck_assert_int_eq(c.due, 15000);
	ck_assert(!hm_repeat_take(&c, 6000));
	ck_assert(!hm_repeat_take(&c, 14999));
	ck_assert(hm_repeat_take(&c, 15000));
	ck_assert(!hm_repeat_is_first(&c));
	ck_assert_int_eq(c.due, 0);
	ck_assert(!hm_repeat_take(&c, INT64_MAX));
}
END_TEST

/* Whether the first of the two has passed or not. */
START_TEST(announcement_in_between_starts_both_again)
{
	struct hm_repeat_clock c = {0};

	hm_repeat_ask(&c, 5000);
	hm_repeat_ask(&c, 5900);
	ck_assert(!hm_repeat_take(&c, 6899));
	ck_assert(hm_repeat_take(&c, 6900));
	hm_repeat_ask(&c, 14000);
	ck_assert(hm_repeat_is_first(&c));
	ck_assert(!hm_repeat_take(&c, 14999));
	ck_assert(hm_repeat_take(&c, 15000));
	ck_assert(!hm_repeat_take(&c, 23999));
	ck_assert(hm_repeat_take(&c, 24000));
	ck_assert(!hm_repeat_take(&c, INT64_MAX));
}
END_TEST

/* As after a connection that was lost for longer. */
START_TEST(is_due_once_when_both_have_passed)
{
	struct hm_repeat_clock c = {0};

	hm_repeat_ask(&c, 5000);
	ck_assert(hm_repeat_take(&c, 15000));
	ck_assert(!hm_repeat_is_first(&c));
	ck_assert(!hm_repeat_take(&c, INT64_MAX));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("repeat_clock");
	TCase *tcase = tcase_create("repeat_clock");

	tcase_add_test(tcase, nothing_is_due_without_an_announcement);
	tcase_add_test(tcase, is_due_twice);
	tcase_add_test(tcase, announcement_in_between_starts_both_again);
	tcase_add_test(tcase, is_due_once_when_both_have_passed);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
