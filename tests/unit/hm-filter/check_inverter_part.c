#include "inverter_part.h"

#include <check.h>

#include "run_suite.h"

#define DAY 20000

static struct hm_inverter_part part;
static struct hm_energy input;

static void
start(void)
{
	part = (struct hm_inverter_part){.there = false};
	hm_energy_init(&input);
}

/* The shown counters of the input. */
static void
shows(int64_t total, int64_t today)
{
	input.total = input.pending = total;
	input.began = total - today;
	input.day = DAY;
}

static void
expect(int64_t total, int64_t today)
{
	ck_assert_int_eq(hm_inverter_part_total(&part, &input), total);
	ck_assert_int_eq(hm_inverter_part_today(&part, &input, DAY), today);
	ck_assert(hm_inverter_part_valid(&part));
}

static void
forget(void)
{
	hm_inverter_part_leave(&part, &input);
	hm_energy_init(&input);
}

START_TEST(unknown_input_does_not_join)
{
	start();
	ck_assert(!hm_inverter_part_join(&part, &input, true));
	ck_assert(!part.there);
}
END_TEST

START_TEST(first_input_adds_all)
{
	start();
	shows(1000, 30);
	ck_assert(hm_inverter_part_join(&part, &input, true));
	ck_assert(part.changed);
	expect(1000, 30);
	shows(1005, 35);
	ck_assert(!hm_inverter_part_join(&part, &input, false));
	expect(1005, 35);
}
END_TEST

START_TEST(later_input_adds_what_it_makes_from_then_on)
{
	start();
	shows(1000, 30);
	ck_assert(hm_inverter_part_join(&part, &input, false));
	expect(0, 0);
	shows(1010, 40);
	expect(10, 10);
	/* The next day is its own. */
	shows(1050, 15);
	expect(50, 15);
}
END_TEST

START_TEST(energy_of_the_day_may_be_unknown)
{
	start();
	shows(1000, 30);
	input.began = -1;
	ck_assert(hm_inverter_part_join(&part, &input, true));
	expect(1000, -1);
}
END_TEST

START_TEST(forgotten_input_adds_what_it_had)
{
	start();
	shows(1000, 30);
	hm_inverter_part_join(&part, &input, false);
	shows(1020, 50);
	part.changed = false;
	forget();
	ck_assert(part.changed);
	expect(20, 20);
	ck_assert(!hm_inverter_part_join(&part, &input, false));
	ck_assert_int_eq(hm_inverter_part_today(&part, &input, DAY + 1), 0);
}
END_TEST

START_TEST(input_that_is_back_goes_on)
{
	start();
	shows(1000, 30);
	hm_inverter_part_join(&part, &input, false);
	shows(1020, 50);
	forget();
	shows(1025, 55);
	ck_assert(!hm_inverter_part_join(&part, &input, false));
	expect(25, 25);
}
END_TEST

/* Its counter was raised by the guard, which has forgotten that, too. */
START_TEST(input_that_is_back_with_less_does_not_fall)
{
	start();
	shows(1000, 30);
	hm_inverter_part_join(&part, &input, true);
	shows(1020, 50);
	forget();
	shows(400, 5);
	expect(1020, 50);
	ck_assert(hm_inverter_part_join(&part, &input, false));
	expect(1020, 50);
	ck_assert_int_eq(part.left_out, -620);
	ck_assert(!hm_inverter_part_join(&part, &input, false));
	shows(403, 8);
	expect(1023, 50);
	shows(460, 65);
	expect(1080, 65);
}
END_TEST

START_TEST(input_that_is_forgotten_twice_does_not_fall)
{
	start();
	shows(1000, 30);
	hm_inverter_part_join(&part, &input, true);
	forget();
	shows(400, 5);
	forget();
	expect(1000, 30);
	shows(410, 15);
	hm_inverter_part_join(&part, &input, false);
	shows(420, 25);
	forget();
	expect(1010, 30);
}
END_TEST

START_TEST(damage_is_found)
{
	start();
	ck_assert(hm_inverter_part_valid(&part));
	part = (struct hm_inverter_part){true, false, 10, 11, -1, -1};
	ck_assert(!hm_inverter_part_valid(&part));
	part.left_out = INT64_MIN;
	ck_assert(!hm_inverter_part_valid(&part));
	part = (struct hm_inverter_part){true, false, -1, -1, -1, -1};
	ck_assert(!hm_inverter_part_valid(&part));
	part = (struct hm_inverter_part){true, false, INT64_MAX, 0, -1, -1};
	ck_assert(!hm_inverter_part_valid(&part));
	part = (struct hm_inverter_part){true, false, 10, 0, INT64_MAX, -1};
	ck_assert(!hm_inverter_part_valid(&part));
	part = (struct hm_inverter_part){true, false, 10, 0, -1, -2};
	ck_assert(!hm_inverter_part_valid(&part));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("inverter_part");
	TCase *tcase = tcase_create("inverter_part");

	tcase_add_test(tcase, unknown_input_does_not_join);
	tcase_add_test(tcase, first_input_adds_all);
	tcase_add_test(tcase, later_input_adds_what_it_makes_from_then_on);
	tcase_add_test(tcase, energy_of_the_day_may_be_unknown);
	tcase_add_test(tcase, forgotten_input_adds_what_it_had);
	tcase_add_test(tcase, input_that_is_back_goes_on);
	tcase_add_test(tcase, input_that_is_back_with_less_does_not_fall);
	tcase_add_test(tcase, input_that_is_forgotten_twice_does_not_fall);
	tcase_add_test(tcase, damage_is_found);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
