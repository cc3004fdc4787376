#include "awaited_states.h"

#include <check.h>
#include <stdio.h>

#include "run_suite.h"

static struct hm_awaited_states awaited;

static void
teardown(void)
{
	hm_awaited_free(&awaited);
}

START_TEST(state_is_awaited_until_it_has_arrived)
{
	ck_assert(hm_awaited_add(&awaited, hm_text("a")));
	ck_assert(hm_awaited_add(&awaited, hm_text("b")));
	ck_assert(hm_awaited_add(&awaited, hm_text("a")));
	ck_assert_uint_eq(awaited.count, 2);
	hm_awaited_sent(&awaited, hm_text("a"), 7);
	hm_awaited_sent(&awaited, hm_text("c"), 8);
	hm_awaited_arrived(&awaited, 8);
	ck_assert_uint_eq(awaited.count, 2);
	hm_awaited_arrived(&awaited, 7);
	hm_awaited_arrived(&awaited, 7);
	ck_assert_uint_eq(awaited.count, 1);
	hm_awaited_sent(&awaited, hm_text("b"), 9);
	hm_awaited_arrived(&awaited, 9);
	ck_assert_uint_eq(awaited.count, 0);
}
END_TEST

START_TEST(state_before_another_change_does_not_count)
{
	hm_awaited_add(&awaited, hm_text("a"));
	hm_awaited_sent(&awaited, hm_text("a"), 7);
	hm_awaited_add(&awaited, hm_text("a"));
	hm_awaited_arrived(&awaited, 7);
	ck_assert_uint_eq(awaited.count, 1);
}
END_TEST

START_TEST(state_that_is_lost_with_its_connection)
{
	hm_awaited_add(&awaited, hm_text("a"));
	hm_awaited_sent(&awaited, hm_text("a"), 7);
	hm_awaited_return(&awaited);
	hm_awaited_arrived(&awaited, 7);
	ck_assert_uint_eq(awaited.count, 1);
	hm_awaited_clear(&awaited);
	ck_assert_uint_eq(awaited.count, 0);
}
END_TEST

START_TEST(bound)
{
	char topic[16];

	for (size_t i = 0; i < HM_AWAITED_MAX; i++) {
		snprintf(topic, sizeof topic, "%zu", i);
		ck_assert(hm_awaited_add(&awaited, hm_text(topic)));
	}
	ck_assert(!hm_awaited_add(&awaited, hm_text("more")));
	ck_assert(hm_awaited_add(&awaited, hm_text("5")));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("awaited_states");
	TCase *tcase = tcase_create("awaited_states");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, state_is_awaited_until_it_has_arrived);
	tcase_add_test(tcase, state_before_another_change_does_not_count);
	tcase_add_test(tcase, state_that_is_lost_with_its_connection);
	tcase_add_test(tcase, bound);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
