#include "power_curve.h"

#include <math.h>

#include "run_suite.h"
#include "xorshift.h"

#define BEGIN INT64_C(1780000020) /* no full hour */

static struct hm_power_curve curve;

static void
setup(void)
{
	hm_power_curve_start(&curve, BEGIN);
}

START_TEST(adds_up_what_it_knows)
{
	struct hm_curve_part part;

	ck_assert_double_eq(hm_power_curve_energy(&curve, BEGIN, BEGIN + 7200),
	    0);
	hm_power_curve_add(&curve, BEGIN, 60, 600);
	hm_power_curve_add(&curve, BEGIN + 60, 120, 300);
	ck_assert_double_eq_tol(hm_power_curve_energy(&curve, BEGIN,
	    BEGIN + 7200), 20, 1e-9);
	/* Parts of minutes. */
	ck_assert_double_eq_tol(hm_power_curve_energy(&curve, BEGIN + 30,
	    BEGIN + 90), 5 + 2.5, 1e-9);
	part = hm_power_curve_part(&curve, BEGIN, BEGIN + 7200);
	ck_assert_uint_eq(part.count, 3);
	ck_assert_double_eq_tol(part.mean, 400, 1e-9);
	ck_assert_double_eq(part.least, 300);
	ck_assert_double_eq(part.most, 600);
	/* A later value replaces an earlier one. */
	hm_power_curve_add(&curve, BEGIN, 60, 0);
	part = hm_power_curve_part(&curve, BEGIN, BEGIN + 60);
	ck_assert_uint_eq(part.count, 1);
	ck_assert_double_eq(part.mean, 0);
}
END_TEST

START_TEST(ignores_what_cannot_be)
{
	static const struct {
		int64_t time, step;
		double watts;
	} value[] = {
	    {BEGIN, 0, 1}, {BEGIN, -60, 1}, {BEGIN, 3601, 1},
	    {BEGIN, INT64_MAX, 1}, {BEGIN, 60, -1}, {BEGIN, 60, NAN},
	    {BEGIN - 3601, 3600, 1}, {BEGIN - 60, 60, 1}, {INT64_MIN, 60, 1},
	    {INT64_MAX, 60, 1},
	    {BEGIN + (int64_t)HM_CURVE_MINUTES * 60, 60, 1},
	};

	for (size_t i = 0; i < sizeof value / sizeof *value; i++)
		hm_power_curve_add(&curve, value[i].time, value[i].step,
		    value[i].watts);
	ck_assert_uint_eq(hm_power_curve_part(&curve, INT64_MIN,
	    INT64_MAX).count, 0);
	/* The last minute is part of it. */
	hm_power_curve_add(&curve, BEGIN + (int64_t)HM_CURVE_MINUTES * 60 - 60,
	    3600, 60);
	ck_assert_double_eq_tol(hm_power_curve_energy(&curve, 0, INT64_MAX), 1,
	    1e-9);
	ck_assert_uint_eq(hm_power_curve_part(&curve, INT64_MIN,
	    INT64_MAX).count, 1);
}
END_TEST

/* Values that begin within a minute, and more or fewer than one a minute. */
START_TEST(takes_any_step)
{
	static const int64_t steps[] = {1, 15, 45, 60, 61, 300, 900, 3600};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int64_t time = BEGIN - 17;

		setup();
		for (; time < BEGIN + 7200; time += steps[i])
			hm_power_curve_add(&curve, time, steps[i], 90);
		ck_assert_double_eq_tol(hm_power_curve_energy(&curve, BEGIN,
		    BEGIN + 7200), 180, 1e-6);
		ck_assert_uint_eq(hm_power_curve_part(&curve, BEGIN,
		    BEGIN + 7200).count, 120);
	}
}
END_TEST

START_TEST(leaves_a_counter_without_a_curve)
{
	const struct hm_curve_span span = {BEGIN, BEGIN + 7200, 10, 30};

	ck_assert_double_eq(hm_power_curve_counter(&curve, &span,
	    BEGIN + 3600), 10);
	ck_assert_double_eq(hm_power_curve_counter(&curve, &span,
	    BEGIN + 7200), 30);
}
END_TEST

/*
 * Whatever the curve and wherever the span: the counter never falls, is whole,
 * is at most a watt-hour behind its exact share, and ends at the last value.
 */
START_TEST(distributes_to_the_watt_hour)
{
	uint64_t seed = 77 + (uint64_t)_i;
	struct hm_curve_span span = {.from = BEGIN +
	    (int64_t)(next_random(&seed) % 40000)};
	double whole, before, counter;

	span.to = span.from + 1 + (int64_t)(next_random(&seed) % 40000);
	span.first = (double)(next_random(&seed) % 100000000);
	span.last = span.first + (double)(next_random(&seed) % 20000);
	for (int64_t m = 0; m < (int64_t)HM_CURVE_MINUTES; m++)
		if (next_random(&seed) % 10 > 0)
			hm_power_curve_add(&curve, BEGIN + m * 60, 60,
			    (double)(next_random(&seed) % 8000) / 10);
	whole = hm_power_curve_energy(&curve, span.from, span.to);
	before = span.first;
	for (int64_t time = span.from; time < span.to; time += 599) {
		double exact = whole > 0 ? (span.last - span.first) *
		    hm_power_curve_energy(&curve, span.from, time) / whole : 0;

		counter = hm_power_curve_counter(&curve, &span, time);
		ck_assert_double_ge(counter, before);
		ck_assert_double_le(counter, span.last);
		ck_assert_double_eq(counter, floor(counter));
		ck_assert_double_le(fabs(counter - span.first - exact),
		    1 + 1e-6);
		before = counter;
	}
	ck_assert_double_eq(hm_power_curve_counter(&curve, &span, span.to),
	    span.last);
	ck_assert_double_eq(hm_power_curve_counter(&curve, &span, INT64_MIN),
	    span.first);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("power_curve");
	TCase *tcase = tcase_create("power_curve");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, adds_up_what_it_knows);
	tcase_add_test(tcase, ignores_what_cannot_be);
	tcase_add_test(tcase, takes_any_step);
	tcase_add_test(tcase, leaves_a_counter_without_a_curve);
	tcase_add_loop_test(tcase, distributes_to_the_watt_hour, 0, 200);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
