#include "power_factor.h"

#include <check.h>

#include "run_suite.h"

#define NONE INT64_MAX

struct sample {
	int64_t power, reactive, voltage, current, raw, factor;
};

static void
judge(const struct sample *samples, size_t n, int64_t step)
{
	for (size_t i = 0; i < n; i++) {
		struct hm_power_reading reading = {samples[i].power, step,
		    samples[i].reactive, {samples[i].voltage},
		    {samples[i].current}};
		int64_t factor = NONE;
		bool good = hm_power_factor(&reading, samples[i].raw, &factor);

		ck_assert_int_eq(good ? factor : NONE, samples[i].factor);
	}
}

START_TEST(inverters)
{
	static const struct sample samples[] = {
	    /* An HMS-1600-4T, which sends 1 for 1.000. */
	    {16206, -1, 24230, 668, 1, 1000},
	    {16206, 0, 24230, 668, 1, 1000},
	    {-16206, 0, 24230, 668, -1, -1000},
	    {16206, 0, 24230, 668, 1000, 1000},
	    {16206, 0, 24230, 668, 990, 990},
	    {16206, 0, 24230, 668, 700, NONE},
	    {16206, 0, 24230, 668, 0, NONE},
	    {16206, 0, 24230, 668, 1001, NONE},
	    {16206, 0, 24230, 668, INT32_MIN, NONE},
	    /* A true 1 that is no 1.000, and a firmware that rounds. */
	    {11344, 0, 24230, 668, 1, NONE},
	    {0, 0, 24230, 12, 1, NONE},
	    {100, 0, 24230, 200, 1, NONE},
	    {11344, 0, 24230, 668, 701, 701},
	    /* A DTU-Pro: I is P / V, the factor is P / sqrt(P2 + Q2). */
	    {200, 100, 23000, 9, 894, 894},
	    {200, -100, 23000, 9, 894, 894},
	    {200, 100, 23000, 9, 500, NONE},
	    /* Little power, of which the steps say little. */
	    {3, 0, 23000, 1, 600, 600},
	    /* Only reactive power. */
	    {0, 500, 23000, 22, 0, 0},
	    {0, 500, 23000, 22, 1000, NONE},
	    /* Nothing to compare with. */
	    {0, 0, 23000, 0, 0, NONE},
	    {0, 0, 23000, 0, 1000, 1000},
	    {0, 0, 0, 0, 1, NONE},
	    {0, 0, 0, 0, 950, 950},
	    {16206, 0, 0, 668, -950, -950},
	    {16206, 0, 0, 668, 1001, NONE},
	    /* Values that are no readings. */
	    {INT32_MAX, INT32_MAX, (int64_t)INT32_MAX * 10, INT32_MAX, 1000,
	        1000},
	    {INT32_MIN, INT32_MIN, (int64_t)INT32_MIN * 10, INT32_MIN, 0, NONE},
	};

	judge(samples, sizeof samples / sizeof *samples, 1);
}
END_TEST

START_TEST(meters)
{
	static const struct sample samples[] = {
	    /* A DDSU666: 2610 W, 231.70 V, 11.49 A. */
	    {26100, 0, 23170, 1149, 983, 983},
	    {-26100, 0, 23170, 1149, 983, 983},
	    {26100, 0, 23170, 1149, -983, -983},
	    {26100, 0, 23170, 1149, 1, 1000},
	    {26100, 0, 23170, 1149, 500, NONE},
	    /* 0 W are less than 10 W, 9 VA. */
	    {0, 0, 23170, 4, 400, 400},
	    {0, 0, 23170, 1149, 983, NONE},
	    {(int64_t)INT32_MAX * 100, 0, INT32_MAX, INT32_MAX, 0, NONE},
	};

	judge(samples, sizeof samples / sizeof *samples, 100);
}
END_TEST

START_TEST(three_phases_are_added)
{
	struct hm_power_reading reading = {20373, 1, 225,
	    {22840, 23020, 23160}, {297, 295, 293}};
	int64_t factor;

	ck_assert(hm_power_factor(&reading, 1000, &factor));
	ck_assert(!hm_power_factor(&reading, 300, &factor));
	ck_assert(hm_power_factor(&reading, 1, &factor));
	ck_assert_int_eq(factor, 1000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("power_factor");
	TCase *factors = tcase_create("factors");

	suite_add_tcase(suite, factors);
	tcase_add_test(factors, inverters);
	tcase_add_test(factors, meters);
	tcase_add_test(factors, three_phases_are_added);
	return run_suite(suite);
}
