#include "announce_clock.h"

#include <check.h>

#include "run_suite.h"

START_TEST(nothing_is_due_without_a_birth)
{
	struct hm_announce_clock c = {0};

	ck_assert(!hm_announce_take(&c, 1));
	ck_assert(!hm_announce_take(&c, INT64_MAX));
}
END_TEST

START_TEST(birth_is_due_once_after_its_delay)
{
	struct hm_announce_clock c = {0};

	hm_announce_ask(&c, 5000, 3000);
	ck_assert(!hm_announce_take(&c, 7999));
	ck_assert(hm_announce_take(&c, 8000));
	ck_assert(!hm_announce_take(&c, 1000000));
}
END_TEST

START_TEST(later_births_postpone_nothing)
{
	struct hm_announce_clock c = {0};
	int64_t now = 1000;

	hm_announce_ask(&c, now, 10000);
	for (; now < 11000; now += 500) {
		hm_announce_ask(&c, now, 10000);
		ck_assert(!hm_announce_take(&c, now));
	}
	ck_assert(hm_announce_take(&c, 11000));
}
END_TEST

/* A birth each half second for an hour. */
START_TEST(rate_is_bounded)
{
	struct hm_announce_clock c = {0};
	int64_t last = INT64_MIN / 2;
	int count = 0;

	for (int64_t now = 1; now < 3600000; now += 500) {
		hm_announce_ask(&c, now, 1000);
		if (!hm_announce_take(&c, now))
			continue;
		ck_assert_int_ge(now - last, HM_ANNOUNCE_APART_MS);
		last = now;
		count++;
	}
	ck_assert_int_ge(count, 58);
	ck_assert_int_le(count, 60);
}
END_TEST

START_TEST(birth_after_a_pause_waits_only_its_delay)
{
	struct hm_announce_clock c = {0};

	hm_announce_ask(&c, 1000, 1000);
	ck_assert(hm_announce_take(&c, 2000));
	hm_announce_ask(&c, 2000 + HM_ANNOUNCE_APART_MS, 1000);
	ck_assert(!hm_announce_take(&c, 2999 + HM_ANNOUNCE_APART_MS));
	ck_assert(hm_announce_take(&c, 3000 + HM_ANNOUNCE_APART_MS));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("announce_clock");
	TCase *tcase = tcase_create("announce_clock");

	tcase_add_test(tcase, nothing_is_due_without_a_birth);
	tcase_add_test(tcase, birth_is_due_once_after_its_delay);
	tcase_add_test(tcase, later_births_postpone_nothing);
	tcase_add_test(tcase, rate_is_bounded);
	tcase_add_test(tcase, birth_after_a_pause_waits_only_its_delay);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
