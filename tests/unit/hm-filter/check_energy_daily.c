#include "energy.h"

#include <check.h>

#include "energy_private.h"
#include "run_suite.h"

/*
 * Counters of the day, of which the guard makes totals: unit tests, and 1,000
 * days of devices that fail.
 */

#define MINUTE 60
#define HOUR 3600
#define A_DAY ((int64_t)24 * HOUR)
#define DAY ((int64_t)20780)
#define MIDNIGHT (DAY * A_DAY)
#define STEP 100 /* Wh of the counters */

static struct hm_energy e;
static int64_t now;

static struct hm_energy_reading
daily_reading(int64_t time, int64_t today)
{
	return (struct hm_energy_reading){
	    .time = time, .watts = 10000, .inverter_watts = 100000,
	    .awake = true, .total = today, .today = today, .daily = true,
	};
}

static enum hm_energy_verdict
reading_at(int64_t time, int64_t today)
{
	const struct hm_energy_reading r = daily_reading(time, today);

	now = time;
	hm_energy_day(&e, time / A_DAY, time);
	return hm_energy_read(&e, &r);
}

/* A minute later. */
static enum hm_energy_verdict
reading(int64_t today)
{
	return reading_at(now + MINUTE, today);
}

static void
for_minutes(int minutes, int64_t today)
{
	for (int i = 0; i < minutes; i++)
		reading(today);
}

static void
start(void)
{
	hm_energy_init(&e);
	now = MIDNIGHT + 12 * HOUR;
}

/* A plant in the evening: 5000 Wh are shown. */
static void
evening(void)
{
	start();
	now = MIDNIGHT + 23 * HOUR;
	for_minutes(58, 5000);
}

static void
shows(int64_t total, int64_t today)
{
	ck_assert_int_eq(hm_energy_total(&e), total);
	ck_assert_int_eq(hm_energy_today(&e), today);
	ck_assert(hm_energy_valid(&e));
}

START_TEST(the_total_begins_with_the_day)
{
	shows(-1, -1);
	ck_assert_int_eq(reading(0), HM_ENERGY_NONE);
	shows(-1, -1);
	reading(3000);
	shows(-1, -1);
	reading(3100);
	shows(3000, 3000);
	reading(3200);
	shows(3100, 3100);
	ck_assert_int_eq(e.daily, 1);
}
END_TEST

START_TEST(days_add_up)
{
	evening();
	shows(5000, 5000);
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(reading(0), HM_ENERGY_WAIT);
	shows(5000, 0);
	ck_assert_int_eq(reading(100), HM_ENERGY_NEW_DAY);
	shows(5000, 0);
	reading(200);
	shows(5100, 100);
	reading(300);
	shows(5200, 200);
}
END_TEST

START_TEST(a_new_day_is_confirmed_by_a_quarter_of_an_hour)
{
	evening();
	now = MIDNIGHT + A_DAY + 8 * HOUR;
	ck_assert_int_eq(reading(2000), HM_ENERGY_WAIT);
	shows(5000, 0);
	for (int i = 0; i < 14; i++)
		ck_assert_int_eq(reading(2000), HM_ENERGY_WAIT);
	ck_assert_int_eq(reading(2100), HM_ENERGY_NEW_DAY);
	shows(7000, 0);
	reading(2100);
	shows(7100, 2100);
}
END_TEST

START_TEST(a_day_whose_energy_stands_still_counts)
{
	evening();
	now = MIDNIGHT + A_DAY + 8 * HOUR;
	for_minutes(17, 2000);
	shows(7000, 2000);
}
END_TEST

START_TEST(a_gap_hides_a_reset_if_more_was_made_since)
{
	evening();
	now = MIDNIGHT + A_DAY + 20 * HOUR;
	reading(6000);
	reading(6000);
	shows(6000, 0);
}
END_TEST

START_TEST(after_a_day_without_readings_a_day_has_begun)
{
	evening();
	now = MIDNIGHT + 2 * A_DAY + 20 * HOUR;
	for (int i = 0; i < 15; i++)
		ck_assert_int_eq(reading(12000), HM_ENERGY_WAIT);
	shows(5000, 0);
	ck_assert_int_eq(reading(12100), HM_ENERGY_NEW_DAY);
	reading(12200);
	shows(17100, 12100);
}
END_TEST

/* A day that began with ours, a midnight that was seen: 500 Wh are shown. */
static void
morning(void)
{
	evening();
	for_minutes(60, 0);
	for_minutes(20, 500);
	shows(5500, 500);
}

START_TEST(the_next_resets_of_a_device_are_known)
{
	morning();
	now = MIDNIGHT + A_DAY + 20 * HOUR;
	reading(8000);
	for_minutes(9, 8000);
	now = MIDNIGHT + 2 * A_DAY + 9 * HOUR;
	ck_assert_int_eq(reading(8300), HM_ENERGY_WAIT);
	for_minutes(20, 8400);
	shows(21400, 8400);
}
END_TEST

START_TEST(no_reset_is_guessed_beside_the_known_ones)
{
	morning();
	now = MIDNIGHT + A_DAY + 5 * HOUR;
	ck_assert_int_eq(reading(4000), HM_ENERGY_GOOD);
	now = MIDNIGHT + A_DAY + 23 * HOUR;
	ck_assert_int_eq(reading(8000), HM_ENERGY_GOOD);
	now = MIDNIGHT + 2 * A_DAY + 9 * HOUR;
	ck_assert_int_eq(reading(8300), HM_ENERGY_GOOD);
	now = MIDNIGHT + 2 * A_DAY + 20 * HOUR;
	ck_assert_int_eq(reading(9000), HM_ENERGY_GOOD);
	now = MIDNIGHT + 3 * A_DAY + HOUR / 2;
	ck_assert_int_eq(reading(9300), HM_ENERGY_GOOD);
}
END_TEST

START_TEST(a_device_that_was_off_at_its_reset_goes_on)
{
	morning();
	now = MIDNIGHT + A_DAY + 20 * HOUR;
	for_minutes(9, 8000);
	now = MIDNIGHT + 2 * A_DAY + 9 * HOUR;
	ck_assert_int_eq(reading(8100), HM_ENERGY_GOOD);
}
END_TEST

START_TEST(a_counter_that_falls_at_noon_tells_no_midnight)
{
	morning();
	now = MIDNIGHT + A_DAY + 12 * HOUR;
	for_minutes(20, 1000);
	for_minutes(20, 200);
	shows(6200, 1200);
	now = MIDNIGHT + 2 * A_DAY + 9 * HOUR;
	for_minutes(20, 300);
	now = MIDNIGHT + 2 * A_DAY + 16 * HOUR;
	ck_assert_int_eq(reading(1200), HM_ENERGY_GOOD);
}
END_TEST

START_TEST(a_reset_may_lead_below_the_last_reading)
{
	morning();
	now = MIDNIGHT + A_DAY + 20 * HOUR;
	for_minutes(9, 8000);
	reading(8400);
	now = MIDNIGHT + 2 * A_DAY + 9 * HOUR;
	ck_assert_int_eq(reading(8100), HM_ENERGY_WAIT);
	for_minutes(20, 8700);
	shows(22100, 8700);
}
END_TEST

START_TEST(a_spike_after_a_day_without_readings_has_begun_none)
{
	evening();
	now = MIDNIGHT + 2 * A_DAY + 20 * HOUR;
	ck_assert_int_eq(reading(60000), HM_ENERGY_WAIT);
	for_minutes(20, 12000);
	shows(17000, 12000);
}
END_TEST

START_TEST(what_a_spike_had_before_it_is_not_counted)
{
	evening();
	reading(9000);
	now = MIDNIGHT + 2 * A_DAY + 20 * HOUR;
	for_minutes(20, 13000);
	shows(18000, 13000);
}
END_TEST

START_TEST(a_device_that_was_off_goes_on)
{
	evening();
	now = MIDNIGHT + 2 * A_DAY + 20 * HOUR;
	ck_assert_int_eq(reading(5100), HM_ENERGY_GOOD);
	reading(5200);
	shows(5100, 0);
}
END_TEST

START_TEST(zeros_and_dips_are_not_shown)
{
	start();
	for_minutes(5, 5000);
	for_minutes(10, 0);
	shows(5000, 5000);
	for_minutes(3, 5100);
	shows(5100, 5100);
	ck_assert_int_eq(reading(700), HM_ENERGY_WAIT);
	for_minutes(3, 5200);
	shows(5200, 5200);
	/* Zeros that last add nothing when they end, which is confirmed. */
	for_minutes(120, 0);
	ck_assert_int_eq(reading(5300), HM_ENERGY_SPIKE);
	shows(5200, 5200);
	for_minutes(3, 5300);
	shows(5300, 5300);
}
END_TEST

START_TEST(days_of_a_step_count)
{
	start();
	for_minutes(60, 100);
	for (int day = 1; day < 5; day++) {
		now = MIDNIGHT + day * A_DAY;
		for_minutes(60, 0);
		for_minutes(60, 100);
		shows(100 * (day + 1), 100);
	}
}
END_TEST

START_TEST(a_spike_after_the_reset_is_not_shown)
{
	evening();
	for_minutes(30, 0);
	ck_assert_int_eq(reading(6000), HM_ENERGY_SPIKE);
	for_minutes(30, 0);
	ck_assert_int_eq(reading(5500), HM_ENERGY_SPIKE);
	for_minutes(30, 0);
	shows(5000, 0);
	for_minutes(30, 100);
	shows(5100, 100);
}
END_TEST

START_TEST(a_counter_that_is_corrected_is_no_new_day)
{
	start();
	for_minutes(5, 5000);
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(reading(4700), HM_ENERGY_FALL);
	shows(5000, 5000);
	for_minutes(3, 5200);
	shows(5200, 5200);
}
END_TEST

START_TEST(a_corrected_counter_counts_on)
{
	start();
	for_minutes(5, 5000);
	for_minutes(30, 4700);
	for (int64_t wh = 4800; wh <= 6000; wh += STEP)
		for_minutes(6, wh);
	shows(6000, 6000);
}
END_TEST

/* A dip before it does not make it a new day, and no time that it lasts. */
START_TEST(a_dip_before_a_corrected_counter_is_no_new_day)
{
	static const int zeros[] = {1, 2, 20, 120};

	start();
	for_minutes(5, 5000);
	for_minutes(zeros[_i], 0);
	for (int i = 0; i < 120; i++)
		ck_assert_int_ne(reading(4900), HM_ENERGY_NEW_DAY);
	shows(5000, 5000);
	for (int64_t wh = 5000; wh <= 6000; wh += STEP)
		for_minutes(6, wh);
	shows(6000, 6000);
}
END_TEST

START_TEST(a_counter_that_is_corrected_twice_is_no_new_day)
{
	start();
	for_minutes(5, 5000);
	for_minutes(90, 4900);
	for (int i = 0; i < 90; i++)
		ck_assert_int_ne(reading(4800), HM_ENERGY_NEW_DAY);
	reading(4700);
	for_minutes(30, 4800);
	shows(5000, 5000);
	for (int64_t wh = 4900; wh <= 6000; wh += STEP)
		for_minutes(6, wh);
	shows(6000, 6000);
}
END_TEST

/* The gap, and not a dip after it, tells that a day has begun. */
START_TEST(a_dip_after_a_gap_hides_no_new_day)
{
	evening();
	now = MIDNIGHT + A_DAY + 8 * HOUR;
	for_minutes(3, 4000);
	reading(0);
	for_minutes(20, 4000);
	shows(9000, 4000);
}
END_TEST

/* The counters of a large plant rise faster than those of a small one. */
START_TEST(a_fast_counter_begins_a_day)
{
	start();
	now = MIDNIGHT + 23 * HOUR;
	for_minutes(58, 90000);
	now = MIDNIGHT + A_DAY;
	reading(0);
	for (int i = 1; i <= 6; i++)
		reading_at(now + 5 * MINUTE, i * 5000);
	shows(115000, 25000);
}
END_TEST

START_TEST(spikes_are_not_shown)
{
	start();
	for_minutes(5, 5000);
	reading(7500);
	for_minutes(3, 5000);
	shows(5000, 5000);
	ck_assert_int_eq(reading(6553500), HM_ENERGY_SPIKE);
	ck_assert_int_eq(reading(UINT32_MAX), HM_ENERGY_SPIKE);
	for_minutes(3, 5100);
	shows(5100, 5100);
}
END_TEST

START_TEST(a_spike_before_the_reset_is_not_counted)
{
	evening();
	reading(8000);
	for_minutes(20, 0);
	for_minutes(3, 100);
	shows(5100, 100);
	for_minutes(3, 200);
	shows(5200, 200);
}
END_TEST

/* A day that began above the shown total, and whose last reading is dropped. */
START_TEST(no_day_begins_above_what_is_left)
{
	evening();
	e.pending = 9100;
	e.pending_time = e.total_time + MINUTE;
	e.began = 6200;
	ck_assert(hm_energy_valid(&e));
	ck_assert_int_eq(reading_at(e.pending_time + MINUTE, 0),
	    HM_ENERGY_WAIT);
	shows(5000, 0);
}
END_TEST

START_TEST(the_last_reading_before_the_reset_is_counted)
{
	evening();
	reading(5100);
	shows(5000, 5000);
	for_minutes(20, 0);
	for_minutes(3, 100);
	shows(5200, 100);
}
END_TEST

START_TEST(the_last_reading_needs_no_other_day)
{
	evening();
	reading(5200);
	for_minutes(15, 0);
	shows(5000, 0);
	for_minutes(2, 0);
	shows(5200, 0);
	now += 3 * A_DAY;
	for_minutes(30, 0);
	shows(5200, 0);
	for_minutes(3, 100);
	shows(5300, 100);
}
END_TEST

/* The device's midnight is at two o'clock here. */
START_TEST(a_reset_in_the_middle_of_our_day_changes_nothing)
{
	evening();
	for_minutes(122, 5000);
	shows(5000, 0);
	for_minutes(10, 5300);
	shows(5300, 300);
	for_minutes(20, 0);
	for_minutes(3, 200);
	shows(5500, 500);
}
END_TEST

START_TEST(a_lifetime_counter_wins)
{
	struct hm_energy_reading r = {
	    .watts = 10000, .inverter_watts = 100000, .awake = true,
	    .total = 900000, .today = 700,
	};

	start();
	for_minutes(5, 700);
	shows(700, 700);
	/* It is at another level: the total goes on from the sum. */
	for (int i = 0; i <= 24 * 60; i++) {
		r.time = now += MINUTE;
		r.total += i % 60 == 0 ? 100 : 0;
		hm_energy_day(&e, now / A_DAY, now);
		hm_energy_read(&e, &r);
		ck_assert_int_ge(hm_energy_total(&e), 700);
		ck_assert_int_le(hm_energy_total(&e), 700 + 2500);
	}
	ck_assert_int_eq(e.daily, 0);
	r.time = now += MINUTE;
	r.total += 100;
	hm_energy_read(&e, &r);
	r.time = now += MINUTE;
	hm_energy_read(&e, &r);
	ck_assert_int_eq(hm_energy_total(&e), r.total + e.shift);
}
END_TEST

START_TEST(a_lifetime_counter_is_not_added_to_a_sum)
{
	struct hm_energy_reading r = {
	    .watts = 10000, .inverter_watts = 100000, .awake = true,
	    .total = 900, .today = 700,
	};

	start();
	for_minutes(5, 700);
	for (int i = 0; i < 120; i++) {
		r.time = now += MINUTE;
		ck_assert_int_eq(hm_energy_read(&e, &r), HM_ENERGY_SPIKE);
	}
	shows(700, 700);
	ck_assert_int_eq(e.daily, 1);
}
END_TEST

/* 1,000 days */

static uint64_t seed;

static int64_t
below(int64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int64_t)(seed % (uint64_t)n);
}

/* A device, and what was shown of it. */
static struct {
	double made;    /* Wh of its day */
	int64_t day;    /* its own */
	int64_t offset; /* s that its midnight is after ours */
	int64_t sum;    /* of its counters at the ends of days that are over */
	int64_t counter;  /* in the last true reading, */
	int64_t before;   /* with `sum` in the one before */
	int64_t over;     /* of the day before, until there is energy */
	int64_t floor;    /* of the day, from before the device lost a step */
	int64_t reset_at; /* time of the last reset */
	int calm;         /* true readings in a row, and since when */
	int64_t calm_since;
	int64_t total, today, shown_day;
	int glitches, resets, gaps, lost, missed;
} d;

static int64_t
make(double watts, int64_t from, int64_t to)
{
	int64_t resets = 0;

	for (int64_t time = from; time < to; time += 5) {
		if ((time - d.offset) / A_DAY != d.day) {
			d.day = (time - d.offset) / A_DAY;
			d.reset_at = time;
			d.made = 0;
			resets++;
		}
		d.made += watts * 5 / HOUR;
	}
	d.resets += (int)resets;
	return resets;
}

static void
check_shown(void)
{
	int64_t total = hm_energy_total(&e), today = hm_energy_today(&e);
	bool settled = d.calm > 3 && d.over == 0 &&
	    now - d.calm_since > 20 * MINUTE && now - d.reset_at > HOUR;

	ck_assert(hm_energy_valid(&e));
	ck_assert_int_ge(total, d.total);
	ck_assert_int_le(total, d.sum + d.counter);
	if (settled)
		ck_assert_int_ge(total, d.before);
	if (now / A_DAY == d.shown_day)
		ck_assert_int_ge(today, d.today);
	else
		ck_assert_int_le(today, 0);
	d.total = total;
	d.today = today;
	d.shown_day = now / A_DAY;
}

/*
 * Whether the guard finds that the counter was reset in a gap, although it has
 * reached what is shown. It never does if it was not, and always after more
 * than a day, if the counter is higher by more than a quarter of an hour makes.
 */
static bool
finds_reset(int64_t time, int64_t counter, bool reset, int64_t gap)
{
	const struct hm_energy_reading r = daily_reading(time, counter);
	bool found;

	if (counter + e.shift < hm_energy_total(&e))
		return true;
	found = hm_energy_missed_reset(&e, &r);
	ck_assert(reset || !found);
	if (gap > 25 * HOUR && counter - d.counter > 3750 + 2 * STEP)
		ck_assert(found);
	return found;
}

/*
 * The counter that the device shows. If nothing tells that it was reset, the
 * energy of the day before is missing; also if it reaches that soon, with the
 * first reading that is not 0.
 */
static void
read_device(int64_t time, bool reset, int64_t gap)
{
	int64_t counter = (int64_t)d.made / STEP * STEP;

	d.before = d.sum + d.counter;
	if (gap > 0 && !reset)
		finds_reset(time, counter, false, gap);
	if (reset) {
		d.floor = 0;
		d.over = gap > 0 && !finds_reset(time, counter, true, gap) ?
		    0 : d.counter;
		d.sum += d.over;
	}
	if (counter > 0 && d.over > 0 && d.counter == 0 &&
	    counter >= d.over && time - d.reset_at < 20 * MINUTE)
		d.sum -= d.over;
	if (counter > 0 && d.over > 0)
		d.over = d.calm = 0;
	d.counter = counter > d.floor ? counter : d.floor;
	if (d.calm++ == 0)
		d.calm_since = time;
	reading_at(time, counter);
	check_shown();
}

/*
 * The device corrects its counter: the energy stays until it is made again. A
 * lower counter could be that of a new day, made since the last reading.
 */
static int64_t
lose_step(void)
{
	int64_t counter;

	if (d.made < 30 * STEP)
		return 0;
	d.made -= STEP;
	d.lost++;
	d.floor = hm_energy_total(&e) - d.sum;
	counter = (int64_t)d.made / STEP * STEP;
	d.counter = counter > d.floor ? counter : d.floor;
	return counter;
}

/*
 * A dip, zeros, a spike that would have been possible, or the device loses a
 * step.
 */
static void
glitch(int64_t time)
{
	static const int64_t none = 0;
	int64_t kind = below(4);

	d.calm = 0;
	d.glitches++;
	reading_at(time, kind == 0 ? none : kind == 1 ?
	    below(d.counter + 1) : kind == 2 ?
	    d.counter + 2000 + below(2000) : lose_step());
	check_shown();
}

static void
begin_device(int64_t time)
{
	memset(&d, 0, sizeof d);
	if (below(3) == 0)
		d.offset = below(2 * HOUR) - HOUR;
	d.day = (time - d.offset) / A_DAY;
	d.made = 1000;
	d.total = d.today = d.shown_day = -1;
}

/* No glitch beside a reset or a gap, which it could hide. */
static bool
may_glitch(int64_t time)
{
	int64_t of_day = (time - d.offset) % A_DAY;

	return d.calm > 3 && time - d.calm_since > 20 * MINUTE &&
	    of_day > HOUR && of_day < 23 * HOUR && below(40) == 0;
}

START_TEST(a_thousand_days)
{
	int64_t time = MIDNIGHT + 12 * HOUR, end = time + 100 * A_DAY;
	int64_t period;
	double watts = 0;

	seed = (uint64_t)_i * 7919 + 12345;
	start();
	begin_device(time);
	period = 35 + below(265);
	while (time < end) {
		bool gap = below(1500) == 0 && d.calm > 3 &&
		    time - d.reset_at > 20 * MINUTE, reset;
		bool days = gap && below(3) == 0;
		int64_t step = days ? 26 * HOUR + below(3 * A_DAY) :
		    gap ? HOUR + 60 + below(10 * HOUR) : period;

		/* What is read for some minutes of a day is not confirmed. */
		if (days && (time + step - d.offset) % A_DAY > 23 * HOUR)
			step += HOUR;
		if (below(40) == 0)
			watts = below(3) == 0 ? 0 : (double)below(9000);
		reset = make(watts, time, time + step) > 0;
		time += step;
		d.gaps += gap;
		d.missed += days;
		if (gap)
			d.calm = 0;
		if (!reset && !gap && may_glitch(time))
			glitch(time);
		else
			read_device(time, reset, gap ? step : 0);
	}
	ck_assert_int_ge(d.resets, 98);
	ck_assert_int_gt(d.glitches, 10);
	ck_assert_int_gt(d.gaps, 3);
	ck_assert_int_gt(d.missed, 1);
	ck_assert_int_gt(d.lost, 3);
	ck_assert_int_gt(d.total, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("energy_daily");
	TCase *tc = tcase_create("energy_daily");

	tcase_add_checked_fixture(tc, start, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_total_begins_with_the_day);
	tcase_add_test(tc, days_add_up);
	tcase_add_test(tc, a_new_day_is_confirmed_by_a_quarter_of_an_hour);
	tcase_add_test(tc, a_day_whose_energy_stands_still_counts);
	tcase_add_test(tc, a_gap_hides_a_reset_if_more_was_made_since);
	tcase_add_test(tc, after_a_day_without_readings_a_day_has_begun);
	tcase_add_test(tc,
	    a_spike_after_a_day_without_readings_has_begun_none);
	tcase_add_test(tc, what_a_spike_had_before_it_is_not_counted);
	tcase_add_test(tc, the_next_resets_of_a_device_are_known);
	tcase_add_test(tc, no_reset_is_guessed_beside_the_known_ones);
	tcase_add_test(tc, a_device_that_was_off_at_its_reset_goes_on);
	tcase_add_test(tc, a_counter_that_falls_at_noon_tells_no_midnight);
	tcase_add_test(tc, a_reset_may_lead_below_the_last_reading);
	tcase_add_test(tc, a_device_that_was_off_goes_on);
	tcase_add_test(tc, zeros_and_dips_are_not_shown);
	tcase_add_test(tc, days_of_a_step_count);
	tcase_add_test(tc, a_spike_after_the_reset_is_not_shown);
	tcase_add_test(tc, a_counter_that_is_corrected_is_no_new_day);
	tcase_add_test(tc, a_corrected_counter_counts_on);
	tcase_add_loop_test(tc,
	    a_dip_before_a_corrected_counter_is_no_new_day, 0, 4);
	tcase_add_test(tc, a_counter_that_is_corrected_twice_is_no_new_day);
	tcase_add_test(tc, a_dip_after_a_gap_hides_no_new_day);
	tcase_add_test(tc, a_fast_counter_begins_a_day);
	tcase_add_test(tc, spikes_are_not_shown);
	tcase_add_test(tc, a_spike_before_the_reset_is_not_counted);
	tcase_add_test(tc, no_day_begins_above_what_is_left);
	tcase_add_test(tc, the_last_reading_before_the_reset_is_counted);
	tcase_add_test(tc, the_last_reading_needs_no_other_day);
	tcase_add_test(tc,
	    a_reset_in_the_middle_of_our_day_changes_nothing);
	tcase_add_test(tc, a_lifetime_counter_wins);
	tcase_add_test(tc, a_lifetime_counter_is_not_added_to_a_sum);
	tcase_add_loop_test(tc, a_thousand_days, 0, 10);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
