#include <check.h>

#include "record/freshness.h"
#include "run_suite.h"

#define START ((int64_t)1757498340)
#define LIMIT 180000

START_TEST(limit)
{
	ck_assert_int_eq(hm_fresh_ms(5000), 180000);
	ck_assert_int_eq(hm_fresh_ms(60000), 180000);
	ck_assert_int_eq(hm_fresh_ms(300000), 900000);
}
END_TEST

/* Look at three readings of a poll. */
static bool
poll_at(struct hm_freshness *f, int64_t time, bool stale)
{
	bool hung = hm_freshness_look(f, START + time, stale, LIMIT);

	ck_assert_int_eq(hm_freshness_look(f, START + time, stale, LIMIT),
	    hung);
	ck_assert_int_eq(hm_freshness_look(f, START + time, stale, LIMIT),
	    hung);
	ck_assert_int_eq(f->hung, hung);
	return hung;
}

START_TEST(after_three_periods)
{
	struct hm_freshness f = {0};

	ck_assert(!poll_at(&f, 0, false));
	ck_assert(!poll_at(&f, 60, true));
	ck_assert(!poll_at(&f, 120, true));
	ck_assert(poll_at(&f, 180, true));
	ck_assert(poll_at(&f, 240, true));
	ck_assert_int_eq(f.since, START);
	ck_assert(!poll_at(&f, 300, false));
	ck_assert(!poll_at(&f, 360, true));
}
END_TEST

START_TEST(not_by_two_polls_around_a_pause)
{
	struct hm_freshness f = {0};

	ck_assert(!poll_at(&f, 0, false));
	ck_assert(!poll_at(&f, 60, true));
	ck_assert(!poll_at(&f, 3600, true));
	ck_assert(poll_at(&f, 3660, true));
}
END_TEST

/* The time of the last new readings is not known: count from the first. */
START_TEST(from_the_start)
{
	struct hm_freshness f = {0};

	ck_assert(!poll_at(&f, 0, true));
	ck_assert(!poll_at(&f, 90, true));
	ck_assert(poll_at(&f, 180, true));
}
END_TEST

START_TEST(clock_set_back)
{
	struct hm_freshness f = {0};

	ck_assert(!poll_at(&f, 0, false));
	ck_assert(!poll_at(&f, -7200, true));
	ck_assert(!poll_at(&f, -7110, true));
	ck_assert(poll_at(&f, -7020, true));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("freshness");
	TCase *tc = tcase_create("freshness");

	tcase_add_test(tc, limit);
	tcase_add_test(tc, after_three_periods);
	tcase_add_test(tc, not_by_two_polls_around_a_pause);
	tcase_add_test(tc, from_the_start);
	tcase_add_test(tc, clock_set_back);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
