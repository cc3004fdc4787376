#include <check.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define DRAWS 10000
#define BINS 10

static const struct {
	struct hm_backoff backoff;
	int64_t retry;
	int64_t least, most; /* ms */
} ranges[] = {
    /* The settings' defaults: 0 to 300 s. */
    {{0, 300000, true}, 1, 0, 2000},
    {{0, 300000, true}, 2, 0, 4000},
    {{0, 300000, true}, 3, 0, 8000},
    {{0, 300000, true}, 8, 0, 256000},
    {{0, 300000, true}, 9, 0, 300000},
    {{0, 300000, true}, 100, 0, 300000},
    /* A minimum above a second is the base. */
    {{5000, 300000, true}, 1, 5000, 10000},
    {{5000, 300000, true}, 3, 5000, 40000},
    {{500, 300000, true}, 1, 500, 2000},
    {{1000, 60000, true}, 5, 1000, 32000},
    {{1000, 60000, true}, 6, 1000, 60000},
    /* A maximum below the base. */
    {{0, 100, true}, 1, 0, 100},
    {{0, 100, true}, 100, 0, 100},
    {{0, 0, true}, 100, 0, 0},
    {{3000, 3000, true}, 2, 3000, 3000},
    {{9000, 3000, true}, 2, 3000, 3000},
    {{3600000, 3600000, true}, 100, 3600000, 3600000},
    {{0, 3600000, true}, INT64_MAX, 0, 3600000},
    /* Not exponential: the wait is always the same. */
    {{0, 300000, false}, 5, 0, 0},
    {{2500, 300000, false}, 1, 2500, 2500},
    {{2500, 300000, false}, 100, 2500, 2500},
};

/* 10,000 draws lie in their range, and evenly, wherever it is wide enough. */
START_TEST(draws_lie_in_their_bounds)
{
	int64_t least = ranges[_i].least, most = ranges[_i].most;
	struct hm_random random = {.state = (uint64_t)_i};
	int bin[BINS] = {0};

	for (int i = 0; i < DRAWS; i++) {
		int64_t delay = hm_backoff_delay(&ranges[_i].backoff,
		    ranges[_i].retry, &random);

		ck_assert_int_ge(delay, least);
		ck_assert_int_le(delay, most);
		bin[(delay - least) * BINS / (most - least + 1)]++;
	}
	if (most - least + 1 < BINS)
		return;
	for (int i = 0; i < BINS; i++) {
		ck_assert_int_gt(bin[i], DRAWS / BINS * 8 / 10);
		ck_assert_int_lt(bin[i], DRAWS / BINS * 12 / 10);
	}
}
END_TEST

/* Both ends are reached. */
START_TEST(draws_reach_their_bounds)
{
	const struct hm_backoff backoff = {0, 20, true};
	struct hm_random random = {.state = 1};
	int seen[21] = {0};

	for (int i = 0; i < DRAWS; i++)
		seen[hm_backoff_delay(&backoff, 1, &random)]++;
	for (int i = 0; i <= 20; i++)
		ck_assert_int_gt(seen[i], 0);
}
END_TEST

START_TEST(seeds_differ)
{
	const struct hm_backoff backoff = {0, 3600000, true};
	struct hm_random one = {0}, other = {0};
	int equal = 0;

	hm_random_seed(&one);
	hm_random_seed(&other);
	ck_assert_uint_ne(one.state, other.state);
	for (int i = 0; i < 100; i++)
		equal += hm_backoff_delay(&backoff, 100, &one) ==
		    hm_backoff_delay(&backoff, 100, &other);
	ck_assert_int_lt(equal, 5);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backoff");
	TCase *tcase = tcase_create("backoff");

	tcase_add_loop_test(tcase, draws_lie_in_their_bounds, 0,
	    COUNT(ranges));
	tcase_add_test(tcase, draws_reach_their_bounds);
	tcase_add_test(tcase, seeds_differ);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
