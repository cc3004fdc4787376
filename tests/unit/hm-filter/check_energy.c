#include "energy.h"

#include <check.h>

#include "run_suite.h"

#define MINUTE 60
#define HOUR 3600
#define DAY ((int64_t)20780)
#define MIDNIGHT (DAY * 24 * HOUR)

/* A guard and the clock that its readings are made by. */
static struct hm_energy e;
static int64_t now;

static enum hm_energy_verdict
reading_at(int64_t time, int64_t total, int64_t today, bool awake)
{
	const struct hm_energy_reading r = {
	    .time = time, .watts = 500, .inverter_watts = 2000, .awake = awake,
	    .total = total, .today = today,
	};

	now = time;
	hm_energy_day(&e, time / (24 * HOUR), time);
	return hm_energy_read(&e, &r);
}

/* A minute later. */
static enum hm_energy_verdict
reading(int64_t total, int64_t today)
{
	return reading_at(now + MINUTE, total, today, true);
}

static void
start(void)
{
	hm_energy_init(&e);
	now = MIDNIGHT + 12 * HOUR;
}

static void
shows(int64_t total, int64_t today)
{
	ck_assert_int_eq(hm_energy_total(&e), total);
	ck_assert_int_eq(hm_energy_today(&e), today);
	ck_assert(hm_energy_valid(&e));
}

START_TEST(nothing_is_known_at_first)
{
	shows(-1, -1);
	ck_assert_int_eq(reading(0, 0), HM_ENERGY_NONE);
	ck_assert_int_eq(reading(-1, -1), HM_ENERGY_NONE);
	shows(-1, -1);
}
END_TEST

START_TEST(the_second_reading_confirms_the_first)
{
	reading(10500, 500);
	shows(-1, -1);
	reading(10503, 503);
	shows(10500, 500);
	reading(10506, 506);
	shows(10503, 503);
}
END_TEST

/* The same, of a poll soon after. */
static bool
grows(int64_t total, int64_t today)
{
	const struct hm_energy_reading r = {
	    .time = now += 5, .watts = 500, .inverter_watts = 2000,
	    .awake = true, .total = total, .today = today,
	};

	hm_energy_day(&e, now / (24 * HOUR), now);
	return hm_energy_grow(&e, &r);
}

START_TEST(what_grows_is_shown_later)
{
	ck_assert(!grows(10500, 500));
	reading(10500, 500);
	ck_assert(!grows(10501, 501));
	reading(10503, 503);
	ck_assert(grows(10504, 504));
	ck_assert(grows(10504, 504));
	ck_assert(grows(10506, 506));
	shows(10500, 500);
	reading(10507, 507);
	shows(10506, 506);
}
END_TEST

START_TEST(what_may_be_wrong_does_not_grow)
{
	const struct hm_energy *state = &e;
	struct hm_energy before;

	reading(10500, 500);
	reading(10503, 503);
	reading(10506, 506);
	before = *state;
	ck_assert(!grows(10505, 505));
	ck_assert(!grows(10502, 502));
	ck_assert(!grows(0, 0));
	ck_assert(!grows(-1, -1));
	ck_assert(!grows(4294967295, 0));
	ck_assert(!grows(INT64_MAX / 2, 0));
	ck_assert(!grows(20000, 10000));
	now -= 10 * MINUTE;
	ck_assert(!grows(10507, 507));
	ck_assert_mem_eq(&before, state, sizeof before);
	now += 13 * HOUR;
	ck_assert_msg(!grows(10507, 1), "the start of the day is not known");
	now = before.pending_time;
	reading_at(now + MINUTE, 90000, 507, true);
	ck_assert_msg(!grows(10508, 508), "a reading is doubted");
}
END_TEST

START_TEST(a_spike_that_grows_never_shows)
{
	reading(10500, 500);
	reading(10503, 503);
	ck_assert(grows(10600, 600));
	ck_assert(!grows(10504, 504));
	reading(10504, 504);
	shows(10504, 504);
	reading(10505, 505);
	shows(10504, 504);
}
END_TEST

START_TEST(a_first_reading_may_be_a_spike)
{
	reading(4294967295, 500);
	reading(10503, 503);
	shows(-1, -1);
	reading(10506, 506);
	shows(10503, 503);
}
END_TEST

START_TEST(a_first_reading_may_be_a_dip)
{
	reading(7, 1);
	reading(10503, 503);
	shows(-1, -1);
	reading(10506, 506);
	shows(10503, 503);
}
END_TEST

START_TEST(a_spike_never_shows)
{
	static const int64_t spikes[] = {1, 2, 14, 300, 100000, 4294967295};

	for (size_t i = 0; i < sizeof spikes / sizeof *spikes; i++) {
		start();
		reading(10500, 500);
		reading(10503, 503);
		reading(10506 + spikes[i], 506);
		ck_assert_int_le(hm_energy_total(&e), 10506);
		reading(10509, 509);
		ck_assert_int_le(hm_energy_total(&e), 10509);
		reading(10512, 512);
		shows(10509, 509);
	}
}
END_TEST

START_TEST(a_fall_is_refused)
{
	reading(10500, 500);
	reading(10503, 503);
	ck_assert_int_eq(reading(10499, 499), HM_ENERGY_FALL);
	ck_assert_int_eq(reading(1, 0), HM_ENERGY_FALL);
	ck_assert_int_eq(reading(0, 0), HM_ENERGY_NONE);
	shows(10500, 500);
	reading(10506, 506);
	shows(10503, 503);
}
END_TEST

START_TEST(what_cannot_have_been_made_is_refused)
{
	int64_t limit;

	reading(10500, 500);
	reading(10503, 503);
	limit = hm_energy_limit(&e, now + MINUTE, 500);
	/* 500 W and a half more for 17 minutes, and 2 Wh. */
	ck_assert_int_eq(limit, 10500 + 212 + 2);
	ck_assert_int_eq(reading(limit + 1, 503), HM_ENERGY_SPIKE);
	now -= MINUTE;
	ck_assert_int_eq(reading(limit, 503), HM_ENERGY_GOOD);
}
END_TEST

/* 48 hours without a reading end with a dip that is above the shown total. */
START_TEST(a_dip_after_a_gap_does_not_stop_the_total)
{
	reading(10500, 500);
	reading(10503, 503);
	now += 48 * HOUR;
	ck_assert_int_eq(reading(10600, -1), HM_ENERGY_GOOD);
	ck_assert_int_eq(reading(18000, -1), HM_ENERGY_GOOD);
	ck_assert_int_eq(hm_energy_total(&e), 10600);
	ck_assert_int_eq(reading(18005, -1), HM_ENERGY_GOOD);
	ck_assert_int_eq(hm_energy_total(&e), 18000);
}
END_TEST

/*
 * After two readings, 4 hours of 1300 W on an input whose share is 500 W: every
 * minute until the verdict is another one. The minutes that it took.
 */
static int64_t
claim(int64_t gap_wh, enum hm_energy_verdict until)
{
	int64_t from;

	reading(10500, 500);
	reading(10503, 503);
	from = now += 4 * HOUR;
	for (int64_t i = 0; i < 2000; i++)
		if (reading(10503 + gap_wh + 20 * i, -1) == until)
			return (now - from) / MINUTE - 1;
	ck_abort_msg("never");
	return -1;
}

START_TEST(an_input_may_make_more_than_its_share)
{
	ck_assert_int_eq(claim(5200, HM_ENERGY_GOOD), 15);
	ck_assert_int_eq(hm_energy_total(&e), 10503 + 5200 + 280);
	ck_assert_int_eq(reading(10503 + 5200 + 320, -1), HM_ENERGY_GOOD);
	ck_assert_int_eq(hm_energy_total(&e), 10503 + 5200 + 300);
	ck_assert_int_eq(e.shift, 0);
}
END_TEST

START_TEST(no_input_makes_more_than_its_inverter)
{
	/* 2000 W and a half more for 4 h 17 min, and 2 Wh. */
	ck_assert_int_eq(claim(12850 - 1, HM_ENERGY_GOOD), 15);
	start();
	ck_assert_int_eq(claim(12850 + 50, HM_ENERGY_RESET), 24 * 60);
}
END_TEST

START_TEST(a_claim_needs_readings_that_rise)
{
	reading(10500, 500);
	reading(10503, 503);
	now += 4 * HOUR;
	/* As long as the limit is below it. */
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(reading(10503 + 5200, -1), HM_ENERGY_SPIKE);
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(reading_at(now + MINUTE, 15800 + i, -1,
		    false), HM_ENERGY_SPIKE);
	shows(10500, 500);
}
END_TEST

/* Readings that are too low, and then too high, are no claim together. */
START_TEST(a_dip_is_no_part_of_a_claim)
{
	enum hm_energy_verdict verdict = HM_ENERGY_FALL;
	int64_t total = 10760;

	reading(10500, 500);
	reading(10503, 503);
	reading(10490, -1);
	for (; verdict != HM_ENERGY_GOOD; total += 20) {
		ck_assert_int_lt(total, 10760 + 20 * 20);
		verdict = reading(total, -1);
	}
	reading(total, -1);
	ck_assert_int_eq(hm_energy_total(&e), total - 20);
}
END_TEST

/* Readings that no inverter can have made, and then true ones. */
START_TEST(a_glitch_before_a_gap_is_no_part_of_a_claim)
{
	int64_t total = 10503 + 5200;

	reading(10500, 500);
	reading(10503, 503);
	ck_assert_int_eq(reading(12800, -1), HM_ENERGY_SPIKE);
	ck_assert_int_eq(reading(12803, -1), HM_ENERGY_SPIKE);
	now += 4 * HOUR;
	for (; reading(total, -1) != HM_ENERGY_GOOD; total += 20)
		ck_assert_int_lt(total, 10503 + 5200 + 20 * 20);
	ck_assert_int_eq(hm_energy_total(&e), total - 20);
	ck_assert_int_eq(e.shift, 0);
}
END_TEST

/* The device's counter has 16 bits. */
START_TEST(a_counter_of_16_bits_may_wrap)
{
	enum hm_energy_verdict verdict = HM_ENERGY_GOOD;
	int64_t made = 65500;

	reading(made, -1);
	for (; made < 65536; made += 10)
		verdict = reading(made, -1);
	ck_assert_int_eq(verdict, HM_ENERGY_GOOD);
	for (; verdict != HM_ENERGY_WRAP; made += 10) {
		ck_assert_int_lt(made, 65536 + 200);
		verdict = reading(made - 65536, -1);
	}
	for (; made < 2 * 65536; made += 10) {
		ck_assert_int_eq(reading(made - 65536, -1), HM_ENERGY_GOOD);
		ck_assert_int_eq(hm_energy_total(&e), made - 10);
	}
	for (int i = 0; i < 30; i++, made += 10)
		reading(made - 2 * 65536, -1);
	ck_assert_int_eq(hm_energy_total(&e), made - 20);
	ck_assert(hm_energy_valid(&e));
}
END_TEST

/* It may be one that was reset. */
START_TEST(a_fall_to_anywhere_is_no_wrap)
{
	enum hm_energy_verdict verdict = HM_ENERGY_FALL;

	reading(30000, 500);
	reading(30003, 503);
	reading(30003, 503);
	now += 7 * 24 * HOUR;
	for (int64_t i = 0; verdict == HM_ENERGY_FALL; i++)
		verdict = reading(10 + i, -1);
	ck_assert_int_eq(verdict, HM_ENERGY_RESET);
	reading(2000, -1);
	reading(2001, -1);
	ck_assert_int_lt(hm_energy_total(&e), 30003 + 2000);
}
END_TEST

/* Two readings of an evening, of which the first is believed. */
static void
evening(int64_t total, int64_t today)
{
	now = MIDNIGHT + 20 * HOUR;
	reading(total, today);
	reading(total, today);
	reading(total, today);
	shows(total, today);
}

static void
morning(void)
{
	now = MIDNIGHT + (24 + 7) * HOUR;
}

START_TEST(a_day_begins_at_zero)
{
	evening(10500, 500);
	hm_energy_day(&e, DAY + 1, MIDNIGHT + 24 * HOUR);
	shows(10500, 0);
	morning();
	reading(10501, 1);
	reading(10502, 2);
	reading(10503, 3);
	shows(10502, 2);
}
END_TEST

START_TEST(a_device_may_reset_late)
{
	evening(10500, 500);
	reading_at(MIDNIGHT + 24 * HOUR, 10500, 500, false);
	shows(10500, 0);
	morning();
	reading(10501, 501);
	reading(10502, 502);
	reading(10503, 503);
	shows(10502, 2);
	reading(10504, 0);
	reading(10505, 1);
	shows(10504, 4);
}
END_TEST

START_TEST(a_device_may_reset_early)
{
	evening(10500, 500);
	reading(10500, 0);
	reading(10500, 0);
	shows(10500, 500);
	morning();
	reading(10501, 1);
	reading(10502, 2);
	reading(10503, 3);
	shows(10502, 2);
}
END_TEST

START_TEST(a_device_may_never_reset)
{
	evening(10500, 500);
	for (int day = 1; day <= 3; day++) {
		now = MIDNIGHT + (day * 24 + 7) * HOUR;
		for (int i = 0; i < 10; i++)
			reading(10500 + (day - 1) * 9 + i,
			    500 + (day - 1) * 9 + i);
		shows(10500 + (day - 1) * 9 + 8, 8);
	}
}
END_TEST

/* Seen last at 15:00 and again in the next morning. */
START_TEST(energy_of_yesterday_is_not_of_today)
{
	now = MIDNIGHT + 15 * HOUR;
	reading(10400, 400);
	reading(10403, 403);
	now = MIDNIGHT + (24 + 9) * HOUR;
	reading(11150, 150);
	shows(10403, 0);
	reading(11153, 153);
	reading(11156, 156);
	shows(11153, 153);
}
END_TEST

START_TEST(a_wrong_counter_of_the_day_after_a_gap)
{
	now = MIDNIGHT + 15 * HOUR;
	reading(10400, 400);
	reading(10403, 403);
	now = MIDNIGHT + (24 + 9) * HOUR;
	reading(11150, 9);
	reading(11153, 153);
	shows(11150, 0);
	reading(11156, 156);
	shows(11153, 153);
}
END_TEST

/* Found by fuzzing: two spikes agree on a base, what is between does not. */
START_TEST(a_day_begins_above_none_of_its_readings)
{
	evening(10500, 500);
	morning();
	reading(10600, 60);
	reading_at(now + MINUTE, 10510, 60, false);
	reading(10603, 63);
	reading(10511, 11);
	ck_assert(hm_energy_valid(&e));
	ck_assert_int_le(e.began, 10510);
}
END_TEST

/* The last reading of the evening is a spike, above the day's first one. */
START_TEST(a_spike_before_a_gap_is_no_start_of_a_day)
{
	now = MIDNIGHT + 15 * HOUR;
	reading(10400, 400);
	reading(10403, 403);
	reading(10550, 403);
	now = MIDNIGHT + (24 + 9) * HOUR;
	reading(10530, 40);
	reading(10533, 43);
	shows(10530, 40);
	reading(10536, 46);
	shows(10533, 43);
}
END_TEST

START_TEST(a_week_without_data)
{
	evening(10500, 500);
	now = MIDNIGHT + (7 * 24 + 10) * HOUR;
	reading(14200, 200);
	reading(14203, 203);
	reading(14206, 206);
	shows(14203, 203);
}
END_TEST

/* The sun shines at midnight, and 4 of 6 Wh are of yesterday. */
START_TEST(a_counter_of_the_day_splits_the_energy_between_two_readings)
{
	now = MIDNIGHT + 24 * HOUR - 4 * MINUTE;
	reading(10494, 494);
	reading(10497, 497);
	reading(10500, 500);
	now = MIDNIGHT + 24 * HOUR + MINUTE;
	reading(10506, 2);
	shows(10500, 0);
	reading(10509, 5);
	shows(10506, 2);
	reading(10512, 8);
	shows(10509, 5);
	ck_assert_int_eq(e.began, 10504);
}
END_TEST

/* A counter of the day that two readings do not agree on is not believed. */
START_TEST(a_counter_of_the_day_needs_two_readings)
{
	now = MIDNIGHT + 24 * HOUR - 4 * MINUTE;
	reading(10494, 494);
	reading(10497, 497);
	reading(10500, 500);
	now = MIDNIGHT + 24 * HOUR + MINUTE;
	reading(10506, 2);
	reading(10509, 3);
	shows(10506, 6);
	ck_assert_int_eq(e.began, 10500);
}
END_TEST

/* Found by fuzzing: a day that began at a reading that was wrong. */
START_TEST(a_lower_first_reading_takes_the_day_with_it)
{
	now = MIDNIGHT + 24 * HOUR - 2 * MINUTE;
	reading(1003, -1);
	reading(500, -1);
	now = MIDNIGHT + 24 * HOUR;
	reading(400, -1);
	reading(300, -1);
	ck_assert(hm_energy_valid(&e));
	reading(301, -1);
	shows(300, 0);
}
END_TEST

START_TEST(a_lower_first_reading_may_come_late)
{
	/* None agrees with the one before it. */
	for (int64_t total = 90000; total > 30000; total -= 10000)
		reading(total, -1);
	ck_assert(hm_energy_valid(&e));
	for (int64_t total = 30000; total < 30010; total++)
		reading(total, -1);
	shows(30008, 8);
}
END_TEST

START_TEST(first_readings_that_fall_across_midnight)
{
	reading_at(MIDNIGHT - MINUTE, 1000, 500, true);
	reading_at(MIDNIGHT + MINUTE, 900, 0, true);
	shows(-1, -1);
	reading(800, 0);
	shows(-1, -1);
	reading(803, 3);
	shows(800, 0);
	reading(806, 6);
	shows(803, 3);
	reading(809, 9);
	shows(806, 6);
}
END_TEST

/* A reading that goes on from a state keeps what fuzz_energy demands. */
static void
goes_on(const struct hm_energy *before, int64_t time, int64_t total,
    int64_t today, bool awake)
{
	e = *before;
	reading_at(time, total, today, awake);
	/* An assertion for each of the millions would take minutes. */
	if (!hm_energy_valid(&e) ||
	    hm_energy_total(&e) < hm_energy_total(before) ||
	    (e.day == before->day &&
	    hm_energy_today(&e) < hm_energy_today(before)))
		ck_abort_msg("%lld/%lld after a total of %lld, %lld",
		    (long long)total, (long long)today,
		    (long long)before->pending, (long long)before->total);
}

/* All rows of `more` readings, in minutes before midnight and after it. */
static void
all_rows(int more, int64_t time)
{
	static const int64_t totals[] = {800, 810, 900, 1000};
	static const int64_t todays[] = {-1, 0, 10, 500};
	const struct hm_energy before = e;

	for (size_t i = 0; more > 0 && i < 16; i++)
		for (int kind = 0; kind < 3; kind++) {
			int64_t at = time + (kind == 2 ? 2 * HOUR : MINUTE);

			goes_on(&before, at, totals[i / 4], todays[i % 4],
			    kind != 1);
			all_rows(more - 1, at);
		}
}

START_TEST(any_first_readings_leave_a_state_that_is_valid)
{
	all_rows(4, MIDNIGHT - 3 * MINUTE);
}
END_TEST

START_TEST(a_clock_that_steps_back_resets_nothing)
{
	evening(10500, 500);
	reading_at(MIDNIGHT + 24 * HOUR + MINUTE, 10500, 500, false);
	shows(10500, 0);
	/* A little back over midnight, and to 1970 until it is set. */
	reading_at(MIDNIGHT + 24 * HOUR - MINUTE, 10500, 500, false);
	shows(10500, 0);
	reading_at(100, 10500, 500, false);
	reading_at(200, 10500, 500, false);
	reading_at(MIDNIGHT + 31 * HOUR, 10501, 1, true);
	reading(10502, 2);
	reading(10503, 3);
	shows(10502, 2);
}
END_TEST

START_TEST(a_clock_that_returns_to_its_day_resets_nothing)
{
	evening(10500, 500);
	reading_at(MIDNIGHT + 24 * HOUR + MINUTE, 10500, 0, true);
	reading_at(MIDNIGHT + 31 * HOUR, 10510, 10, true);
	reading(10513, 13);
	shows(10510, 10);
	/* The year before, for a day and a half. */
	for (int64_t hour = 31; hour < 50; hour++)
		reading_at(MIDNIGHT + (hour - 365 * 24) * HOUR, 10513, 13,
		    true);
	ck_assert_int_lt(e.day, DAY - 300);
	shows(10513, 0);
	reading_at(MIDNIGHT + 47 * HOUR, 10516, 16, true);
	ck_assert_int_eq(e.day, DAY + 1);
	reading(10519, 19);
	shows(10516, 3);
	/* The next one begins. */
	reading_at(MIDNIGHT + 48 * HOUR, 10519, 19, true);
	ck_assert_int_eq(e.day, DAY + 2);
	shows(10519, 0);
}
END_TEST

START_TEST(a_clock_that_was_ahead_is_left_behind)
{
	evening(10500, 500);
	hm_energy_day(&e, DAY + 1000, MIDNIGHT + 1000 * 24 * HOUR);
	for (int64_t hour = 21; hour < 30; hour++)
		hm_energy_day(&e, DAY + hour / 24, MIDNIGHT + hour * HOUR);
	ck_assert_int_eq(e.day, DAY + 1);
	hm_energy_day(&e, DAY + 2, MIDNIGHT + 48 * HOUR);
	ck_assert_int_eq(e.day, DAY + 2);
}
END_TEST

START_TEST(a_counter_that_begins_anew_goes_on)
{
	enum hm_energy_verdict verdict = HM_ENERGY_FALL;

	reading(10500, 500);
	reading(10503, 503);
	reading(10503, 503);
	for (int i = 0; i <= 24 * 60 && verdict == HM_ENERGY_FALL; i++)
		verdict = reading(10 + i, 10 + i);
	ck_assert_int_eq(verdict, HM_ENERGY_RESET);
	ck_assert_int_ge(hm_energy_total(&e), 10503);
	reading(1460, 1460);
	reading(1461, 1461);
	ck_assert_int_eq(hm_energy_total(&e), 10503 + 1450);
	ck_assert(hm_energy_valid(&e));
}
END_TEST

START_TEST(a_counter_that_stands_still_does_not)
{
	reading(10500, 500);
	reading(10503, 503);
	for (int i = 0; i <= 3 * 24 * 60; i++)
		ck_assert_int_eq(reading(9000, 9), HM_ENERGY_FALL);
}
END_TEST

START_TEST(counters_without_a_day_are_counted)
{
	evening(10500, -1 + 1);
	morning();
	for (int i = 0; i < 7; i++)
		reading(10500 + i, -1);
	shows(10505, 5);
}
END_TEST

START_TEST(nonsense_is_not_valid)
{
	reading(10500, 500);
	reading(10503, 503);
	ck_assert(hm_energy_valid(&e));
	e.pending = e.total - 1;
	ck_assert(!hm_energy_valid(&e));
	e.pending = INT64_MAX;
	ck_assert(!hm_energy_valid(&e));
	hm_energy_init(&e);
	ck_assert(hm_energy_valid(&e));
	e.day = INT64_MIN;
	ck_assert(!hm_energy_valid(&e));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("energy");
	TCase *cases = tcase_create("energy");

	tcase_add_checked_fixture(cases, start, NULL);
	tcase_add_test(cases, nothing_is_known_at_first);
	tcase_add_test(cases, the_second_reading_confirms_the_first);
	tcase_add_test(cases, what_grows_is_shown_later);
	tcase_add_test(cases, what_may_be_wrong_does_not_grow);
	tcase_add_test(cases, a_spike_that_grows_never_shows);
	tcase_add_test(cases, a_first_reading_may_be_a_spike);
	tcase_add_test(cases, a_first_reading_may_be_a_dip);
	tcase_add_test(cases, a_spike_never_shows);
	tcase_add_test(cases, a_fall_is_refused);
	tcase_add_test(cases, what_cannot_have_been_made_is_refused);
	tcase_add_test(cases, a_dip_after_a_gap_does_not_stop_the_total);
	tcase_add_test(cases, an_input_may_make_more_than_its_share);
	tcase_add_test(cases, no_input_makes_more_than_its_inverter);
	tcase_add_test(cases, a_claim_needs_readings_that_rise);
	tcase_add_test(cases, a_dip_is_no_part_of_a_claim);
	tcase_add_test(cases, a_glitch_before_a_gap_is_no_part_of_a_claim);
	tcase_add_test(cases, a_counter_of_16_bits_may_wrap);
	tcase_add_test(cases, a_fall_to_anywhere_is_no_wrap);
	tcase_add_test(cases, a_day_begins_at_zero);
	tcase_add_test(cases, a_device_may_reset_late);
	tcase_add_test(cases, a_device_may_reset_early);
	tcase_add_test(cases, a_device_may_never_reset);
	tcase_add_test(cases, energy_of_yesterday_is_not_of_today);
	tcase_add_test(cases, a_wrong_counter_of_the_day_after_a_gap);
	tcase_add_test(cases, a_day_begins_above_none_of_its_readings);
	tcase_add_test(cases, a_spike_before_a_gap_is_no_start_of_a_day);
	tcase_add_test(cases, a_week_without_data);
	tcase_add_test(cases,
	    a_counter_of_the_day_splits_the_energy_between_two_readings);
	tcase_add_test(cases, a_counter_of_the_day_needs_two_readings);
	tcase_add_test(cases, a_lower_first_reading_takes_the_day_with_it);
	tcase_add_test(cases, a_lower_first_reading_may_come_late);
	tcase_add_test(cases, first_readings_that_fall_across_midnight);
	tcase_add_test(cases,
	    any_first_readings_leave_a_state_that_is_valid);
	tcase_add_test(cases, a_clock_that_steps_back_resets_nothing);
	tcase_add_test(cases,
	    a_clock_that_returns_to_its_day_resets_nothing);
	tcase_add_test(cases, a_clock_that_was_ahead_is_left_behind);
	tcase_add_test(cases, a_counter_that_begins_anew_goes_on);
	tcase_add_test(cases, a_counter_that_stands_still_does_not);
	tcase_add_test(cases, counters_without_a_day_are_counted);
	tcase_add_test(cases, nonsense_is_not_valid);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
