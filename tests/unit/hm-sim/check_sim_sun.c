#include "sim_sun.h"

#include <check.h>
#include <stdlib.h>

#include "run_suite.h"
#include "sim_clock.h"

#define DAY 86400

START_TEST(rises_and_sets)
{
	struct hm_sim_sun sun;

	hm_sim_sun_at(0, &sun);
	ck_assert_int_eq(sun.days, 0);
	ck_assert_int_eq(sun.full_ms, 0);
	hm_sim_sun_at(DAY + HM_SIM_SUN_RISE - 1, &sun);
	ck_assert(!sun.up);
	ck_assert_int_eq(sun.days, 0);
	ck_assert_int_eq(sun.seconds, HM_SIM_SUN_DAY);
	ck_assert_int_eq(sun.share, 0);
	hm_sim_sun_at(DAY + HM_SIM_SUN_RISE, &sun);
	ck_assert(sun.up);
	ck_assert_int_eq(sun.days, 1);
	ck_assert_int_eq(sun.full_ms, 0);
	hm_sim_sun_at(DAY + HM_SIM_SUN_SET - 1, &sun);
	ck_assert(sun.up);
	hm_sim_sun_at(DAY + HM_SIM_SUN_SET, &sun);
	ck_assert(!sun.up);
	ck_assert_int_eq(sun.since, HM_SIM_SUN_DAY);
}
END_TEST

START_TEST(is_highest_at_noon)
{
	struct hm_sim_sun sun;

	hm_sim_sun_at(13 * 3600, &sun);
	ck_assert_int_eq(sun.share, HM_SIM_SUN_FULL);
	for (int64_t s = 0; s <= HM_SIM_SUN_DAY; s += 60)
		ck_assert_int_eq(hm_sim_sun_share(s),
		    hm_sim_sun_share(HM_SIM_SUN_DAY - s));
}
END_TEST

/* The sum of the power over every second is the energy. */
START_TEST(energy_is_the_integral_of_the_power)
{
	int64_t sum = 0;

	for (int64_t s = 0; s < HM_SIM_SUN_DAY; s++) {
		/* The trapezoid between two seconds. */
		sum += hm_sim_sun_share(s) + hm_sim_sun_share(s + 1);
		if (s % 1000 == 999) {
			int64_t ms = sum / 2 / (HM_SIM_SUN_FULL / 1000);

			ck_assert_int_le(llabs(ms - hm_sim_sun_full_ms(s + 1)),
			    60);
		}
	}
	/* Two thirds of a day of full sun. */
	ck_assert_int_eq(hm_sim_sun_full_ms(HM_SIM_SUN_DAY), 33600000);
	/* 400 W of panel over it: 3733 Wh. */
	ck_assert_int_eq(hm_sim_sun_energy(4000, 33600000), 3733);
}
END_TEST

START_TEST(energy_never_falls)
{
	for (int64_t s = 0; s < HM_SIM_SUN_DAY; s++)
		ck_assert_int_le(hm_sim_sun_full_ms(s),
		    hm_sim_sun_full_ms(s + 1));
}
END_TEST

START_TEST(clock_stands_still_between_refreshes)
{
	struct hm_sim_clock clock;
	const struct hm_sim_time *now;

	hm_sim_clock_start(&clock, 12 * 3600, 0, 60, 30000, 5000, 1000000);
	now = hm_sim_clock_read(&clock, 5000 + 29999, 1000029);
	ck_assert_int_eq(now->wall, 1000000);
	ck_assert_int_eq(now->simulated, DAY + 12 * 3600);
	now = hm_sim_clock_read(&clock, 5000 + 31000, 1000031);
	ck_assert_int_eq(now->refresh, 1);
	ck_assert_int_eq(now->wall, 1000030);
	ck_assert_int_eq(now->simulated, DAY + 12 * 3600 + 1800);
	now = hm_sim_clock_read(&clock, 5000 + 59000, 1000060);
	ck_assert_int_eq(now->wall, 1000030);
	ck_assert_int_eq(now->began, 1000000);
}
END_TEST

START_TEST(speed_0_stops_the_sun_alone)
{
	struct hm_sim_clock clock;
	const struct hm_sim_time *now;

	hm_sim_clock_start(&clock, 0, 0, 0, 1000, 0, 500);
	now = hm_sim_clock_read(&clock, 3600000, 4100);
	ck_assert_int_eq(now->wall, 4100);
	ck_assert_int_eq(now->simulated, DAY);
	ck_assert_int_eq(now->refresh, 3600);
}
END_TEST

/* The sun when the day's counters were last reset, some s after the start. */
static struct hm_sim_sun
reset_of(int64_t start, int64_t reset, int64_t later)
{
	struct hm_sim_clock clock;

	hm_sim_clock_start(&clock, start, reset, 1, 1000, 0, 0);
	return hm_sim_clock_read(&clock, later * 1000, later)->reset;
}

START_TEST(counters_are_reset_once_a_day)
{
	/* At sunrise: nothing of the day is left out. */
	ck_assert_int_eq(reset_of(12 * 3600, HM_SIM_SUN_RISE, 0).days, 1);
	ck_assert_int_eq(reset_of(12 * 3600, HM_SIM_SUN_RISE, 0).full_ms, 0);
	ck_assert_int_eq(reset_of(5 * 3600, HM_SIM_SUN_RISE, 3599).days, 0);
	ck_assert_int_eq(reset_of(5 * 3600, HM_SIM_SUN_RISE, 3600).days, 1);
	/* At midnight: the day before has ended, nothing of this one began. */
	ck_assert_int_eq(reset_of(12 * 3600, 0, 0).days, 0);
	ck_assert_int_eq(reset_of(12 * 3600, 0, 0).seconds, HM_SIM_SUN_DAY);
	/* Late in the morning. */
	ck_assert_int_eq(reset_of(8 * 3600, 9 * 3600, 3599).days, 0);
	ck_assert_int_eq(reset_of(8 * 3600, 9 * 3600, 3599).seconds, 10800);
	ck_assert_int_eq(reset_of(8 * 3600, 9 * 3600, 3600).days, 1);
	ck_assert_int_eq(reset_of(8 * 3600, 9 * 3600, 3600 + DAY).days, 2);
	/* Before the first sunrise there was nothing. */
	ck_assert_int_eq(reset_of(0, 60, 0).days, 0);
	ck_assert_int_eq(reset_of(0, 60, 0).full_ms, 0);
}
END_TEST

START_TEST(counters_may_never_be_reset)
{
	for (int64_t day = 0; day < 5; day++) {
		struct hm_sim_sun sun = reset_of(12 * 3600, HM_SIM_RESET_NEVER,
		    day * DAY);

		ck_assert_int_eq(sun.days, 1);
		ck_assert_int_eq(sun.full_ms, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_sun");
	TCase *tests = tcase_create("sim_sun");

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, rises_and_sets);
	tcase_add_test(tests, is_highest_at_noon);
	tcase_add_test(tests, energy_is_the_integral_of_the_power);
	tcase_add_test(tests, energy_never_falls);
	tcase_add_test(tests, clock_stands_still_between_refreshes);
	tcase_add_test(tests, speed_0_stops_the_sun_alone);
	tcase_add_test(tests, counters_are_reset_once_a_day);
	tcase_add_test(tests, counters_may_never_be_reset);
	return run_suite(suite);
}
