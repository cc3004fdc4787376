#include <check.h>

#include "base/zone.h"
#include "live/day_curve.h"
#include "run_suite.h"

#define NOON 1782043200 /* 2026-06-21T12:00:00Z */
#define WATT 1000

static struct hm_day_curve curve;

static void
setup(void)
{
	curve = (struct hm_day_curve){0};
	ck_assert(hm_zone_use("Europe/Berlin"));
}

/* The mean of the point at a local time, or -1. */
static int64_t
mean(unsigned hour, unsigned minute)
{
	int64_t milliwatts;

	return hm_day_curve_mean(&curve, (hour * 60 + minute) / 5,
	    &milliwatts) ?
	    milliwatts : -1;
}

START_TEST(points_are_means_of_local_time)
{
	hm_day_curve_add(&curve, NOON, 100 * WATT);
	hm_day_curve_add(&curve, NOON + 299, 300 * WATT);
	hm_day_curve_add(&curve, NOON + 300, 7 * WATT);
	ck_assert_int_eq(mean(14, 0), 200 * WATT);
	ck_assert_int_eq(mean(14, 5), 7 * WATT);
	ck_assert_int_eq(mean(14, 10), -1);
	ck_assert_int_eq(mean(12, 0), -1);
	ck_assert_int_eq(curve.last, NOON + 300);
}
END_TEST

START_TEST(a_day_begins_empty)
{
	hm_day_curve_add(&curve, NOON, 100 * WATT);
	hm_day_curve_add(&curve, NOON + 10 * 3600, 5 * WATT); /* midnight */
	ck_assert_int_eq(mean(14, 0), -1);
	ck_assert_int_eq(mean(0, 0), 5 * WATT);
	hm_day_curve_add(&curve, NOON, 100 * WATT); /* the day before */
	ck_assert_int_eq(mean(14, 0), -1);
}
END_TEST

START_TEST(gaps_are_filled_from_another_curve)
{
	struct hm_day_curve other = {0};

	hm_day_curve_add(&other, NOON, 100 * WATT);
	hm_day_curve_add(&other, NOON + 600, 50 * WATT);
	hm_day_curve_add(&curve, NOON + 300, 7 * WATT);
	hm_day_curve_add(&curve, NOON + 600, 9 * WATT);
	hm_day_curve_fill(&curve, &other);
	ck_assert_int_eq(mean(14, 0), 100 * WATT);
	ck_assert_int_eq(mean(14, 5), 7 * WATT);
	ck_assert_int_eq(mean(14, 10), 9 * WATT);
	ck_assert_int_eq(curve.last, NOON + 600);
	curve = (struct hm_day_curve){0};
	hm_day_curve_fill(&curve, &other);
	ck_assert_int_eq(mean(14, 10), 50 * WATT);
	hm_day_curve_add(&curve, NOON + 86400, 1 * WATT);
	hm_day_curve_fill(&curve, &other); /* the day before */
	ck_assert_int_eq(mean(14, 10), -1);
}
END_TEST

START_TEST(the_last_point_is_before_midnight)
{
	hm_day_curve_add(&curve, NOON + 10 * 3600 - 1, 1 * WATT);
	ck_assert_int_eq(mean(23, 55), 1 * WATT);
}
END_TEST

/* On 2026-10-25 the hour from two to three comes twice. */
START_TEST(an_hour_that_comes_twice_is_one)
{
	hm_day_curve_add(&curve, 1792888200, 100 * WATT); /* 02:30 in summer */
	hm_day_curve_add(&curve, 1792888200 + 3600, 200 * WATT);
	ck_assert_int_eq(mean(2, 30), 150 * WATT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("day_curve");
	TCase *tcase = tcase_create("day_curve");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, points_are_means_of_local_time);
	tcase_add_test(tcase, a_day_begins_empty);
	tcase_add_test(tcase, gaps_are_filled_from_another_curve);
	tcase_add_test(tcase, the_last_point_is_before_midnight);
	tcase_add_test(tcase, an_hour_that_comes_twice_is_one);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
