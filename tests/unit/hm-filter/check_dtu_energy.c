#include "dtu_energy.h"

#include <check.h>

#include "run_suite.h"

#define HOUR 3600
#define INPUTS 3

static struct hm_dtu_energy dtu;
static struct hm_energy input[INPUTS];
static bool there[INPUTS];

static void
start(void)
{
	hm_dtu_energy_init(&dtu);
	for (int i = 0; i < INPUTS; i++) {
		hm_energy_init(&input[i]);
		there[i] = false;
	}
}

/* The shown counters of an input, from a reading at this time. */
static void
shows(int i, int64_t time, int64_t total, int64_t today)
{
	input[i].total = input[i].pending = total;
	input[i].total_time = input[i].pending_time = time;
	input[i].began = total - today;
	input[i].day = time / (24 * HOUR);
	there[i] = true;
}

static void
poll_at(int64_t time)
{
	struct hm_dtu_parts parts = {.totals = true, .todays = true,
	    .day = time / (24 * HOUR)};
	struct hm_dtu_change change;

	for (int i = 0; i < INPUTS; i++)
		parts.ports += there[i];
	change = hm_dtu_energy_begin(&dtu, &parts, time);
	for (int i = 0; i < INPUTS; i++)
		if (there[i])
			hm_dtu_energy_count(&dtu, &change, &input[i]);
}

static void
expect(int64_t total, int64_t today)
{
	ck_assert_int_eq(dtu.total, total);
	ck_assert_int_eq(dtu.today, today);
}

static void
read_two(void)
{
	shows(0, 0, 1000, 10);
	shows(1, 0, 2000, 20);
	poll_at(0);
}

START_TEST(it_begins_as_the_sum)
{
	read_two();
	expect(3000, 30);
	shows(0, 60, 1005, 15);
	poll_at(60);
	expect(3005, 35);
}
END_TEST

START_TEST(its_list_fills_in_the_first_hour)
{
	shows(0, 0, 1000, 10);
	poll_at(0);
	shows(1, 60, 2000, 20);
	poll_at(60);
	expect(3000, 30);
	shows(2, 2 * HOUR, 5000, 50);
	poll_at(2 * HOUR);
	expect(3000, 30);
	shows(2, 3 * HOUR, 5007, 57);
	poll_at(3 * HOUR);
	expect(3007, 37);
}
END_TEST

START_TEST(what_leaves_takes_nothing_away)
{
	read_two();
	ck_assert(hm_dtu_energy_leave(&dtu, &input[1], 60));
	ck_assert(!hm_dtu_energy_leave(&dtu, &input[1], 120));
	there[1] = false;
	poll_at(120);
	expect(3000, 30);
}
END_TEST

START_TEST(what_comes_back_adds_nothing_that_it_made_meanwhile)
{
	read_two();
	hm_dtu_energy_leave(&dtu, &input[1], 60);
	/* Its counters have not changed. */
	poll_at(120);
	expect(3000, 30);
	shows(1, 180, 2500, 520);
	poll_at(180);
	expect(3000, 30);
	shows(1, 240, 2501, 521);
	poll_at(240);
	expect(3001, 31);
}
END_TEST

START_TEST(what_leaves_again_after_a_reading_adds_nothing)
{
	read_two();
	hm_dtu_energy_leave(&dtu, &input[1], 2 * HOUR);
	there[1] = false;
	poll_at(2 * HOUR);
	/* One reading, which the next one does not confirm. */
	input[1].pending = 5000;
	input[1].pending_time = 3 * HOUR;
	there[1] = true;
	poll_at(3 * HOUR);
	hm_dtu_energy_leave(&dtu, &input[1], 4 * HOUR);
	there[1] = false;
	poll_at(4 * HOUR);
	/* It is back: first that reading is shown, then a newer one. */
	input[1].total = 5000;
	input[1].total_time = 3 * HOUR;
	input[1].pending = 9000;
	input[1].pending_time = 5 * HOUR;
	there[1] = true;
	poll_at(5 * HOUR);
	shows(1, 5 * HOUR, 9000, 20);
	poll_at(6 * HOUR);
	expect(3000, 30);
	ck_assert_int_eq(input[1].counted, 9000);
}
END_TEST

START_TEST(a_clock_that_was_ahead_keeps_none_out)
{
	shows(0, 0, 1000, 10);
	poll_at(0);
	hm_dtu_energy_leave(&dtu, &input[0], 1000 * HOUR);
	poll_at(60);
	shows(0, 120, 1001, 11);
	poll_at(120);
	expect(1001, 11);
}
END_TEST

START_TEST(a_new_day_drops_what_others_left)
{
	read_two();
	hm_dtu_energy_lose(&dtu, &input[1]);
	there[1] = false;
	poll_at(60);
	expect(3000, 30);
	shows(0, 25 * HOUR, 1003, 3);
	poll_at(25 * HOUR);
	expect(3003, 3);
}
END_TEST

START_TEST(a_state_that_was_lost_is_the_sum_again)
{
	shows(0, 0, 1000, 10);
	poll_at(0);
	shows(0, 60, 1004, 14);
	hm_dtu_energy_init(&dtu);
	poll_at(60);
	expect(1004, 14);
}
END_TEST

START_TEST(nonsense_is_not_valid)
{
	shows(0, 0, 1000, 10);
	poll_at(0);
	ck_assert(hm_dtu_energy_valid(&dtu));
	dtu.total = INT64_MAX;
	ck_assert(!hm_dtu_energy_valid(&dtu));
	dtu = (struct hm_dtu_energy){5, -2, 0, 0};
	ck_assert(!hm_dtu_energy_valid(&dtu));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dtu_energy");
	TCase *cases = tcase_create("dtu_energy");

	tcase_add_checked_fixture(cases, start, NULL);
	tcase_add_test(cases, what_leaves_again_after_a_reading_adds_nothing);
	tcase_add_test(cases, it_begins_as_the_sum);
	tcase_add_test(cases, its_list_fills_in_the_first_hour);
	tcase_add_test(cases, what_leaves_takes_nothing_away);
	tcase_add_test(cases,
	    what_comes_back_adds_nothing_that_it_made_meanwhile);
	tcase_add_test(cases, a_clock_that_was_ahead_keeps_none_out);
	tcase_add_test(cases, a_new_day_drops_what_others_left);
	tcase_add_test(cases, a_state_that_was_lost_is_the_sum_again);
	tcase_add_test(cases, nonsense_is_not_valid);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
