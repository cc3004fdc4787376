#include <check.h>
#include <stdlib.h>

#include "out/panel_numbers.h"
#include "run_suite.h"
#include "xorshift.h"

#define MOST 12

static const struct {
	double x, by;
	int64_t units;
} rounded[] = {
    {0, 10, 0}, {12.25, 10, 123}, {12.35, 10, 124}, {1.0125, 1000, 1013},
    {0.0625, 1000, 63}, {2.5, 1, 3}, {999.9499999, 10, 9999},
    {4e15, 1, 4000000000000000}, {1e300, 10, INT64_MAX},
};

START_TEST(halves_are_rounded_up)
{
	ck_assert_int_eq(hm_panel_round(rounded[_i].x, rounded[_i].by),
	    rounded[_i].units);
}
END_TEST

/* The median the long way: of a list without the number itself. */
static double
median(const double *number, size_t count, size_t self)
{
	double other[MOST];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (i != self)
			other[n++] = number[i];
	if (n == 0)
		return 0;
	qsort(other, n, sizeof *other, hm_panel_order);
	return (other[(n - 1) / 2] + other[n / 2]) / 2;
}

START_TEST(the_median_is_of_the_others)
{
	uint64_t seed = 88172645463325252;

	for (int i = 0; i < 5000; i++) {
		size_t count = (size_t)(next_random(&seed) % MOST);
		double number[MOST] = {0}, sorted[MOST] = {0};

		for (size_t k = 0; k < count; k++)
			number[k] = sorted[k] =
			    (double)(next_random(&seed) % 9 + 1);
		qsort(sorted, count, sizeof *sorted, hm_panel_order);
		for (size_t k = 0; k < count; k++)
			ck_assert(hm_panel_others(sorted, count, number[k]) ==
			    median(number, count, k));
		ck_assert(hm_panel_others(sorted, count, 0) ==
		    median(number, count, count));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("panel_numbers");
	TCase *tcase = tcase_create("panel_numbers");

	tcase_add_loop_test(tcase, halves_are_rounded_up, 0,
	    sizeof rounded / sizeof *rounded);
	tcase_add_test(tcase, the_median_is_of_the_others);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
