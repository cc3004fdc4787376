#include "sim_hybrid.h"

#include <check.h>
#include <string.h>

#include "run_suite.h"
#include "sim_random.h"

#define DAY HM_SIM_DAY
#define HOUR 3600
#define DAYS 3
/* 4.6 kW of the grid, less losses and what the inverter needs. */
#define CHARGED_BY_GRID (46000 * 97 / 100 - 150)

static struct hm_sim_house
house_of(uint64_t seed)
{
	return (struct hm_sim_house){
	    .seed = seed,
	    .inverters = 1,
	    .strings = seed % 2 == 0 ? 2 : 4,
	    .phases = seed % 3 == 0 ? 3 : 1,
	    .capacity = 10000,
	    .charge = 40,
	};
}

static int64_t
sum(const int64_t counts[HM_SIM_COUNTS], enum hm_sim_count first, size_t n)
{
	return hm_sim_hybrid_sum(counts, first, n);
}

/* What comes in, less what goes out: 0 by the ledger. */
static int64_t
balance(const int64_t c[HM_SIM_COUNTS])
{
	return sum(c, HM_SIM_COUNT_PV, HM_SIM_STRINGS) +
	    c[HM_SIM_COUNT_EXTERNAL] + c[HM_SIM_COUNT_GENERATOR] +
	    c[HM_SIM_COUNT_DISCHARGED] +
	    sum(c, HM_SIM_COUNT_IMPORT, HM_SIM_PHASES_MAX) -
	    sum(c, HM_SIM_COUNT_LOAD, HM_SIM_PHASES_MAX) -
	    c[HM_SIM_COUNT_CHARGED] -
	    sum(c, HM_SIM_COUNT_EXPORT, HM_SIM_PHASES_MAX) -
	    c[HM_SIM_COUNT_LOSSES];
}

static void
check_state(const struct hm_sim_hybrid *h)
{
	int64_t capacity = h->house->capacity * HM_SIM_WATT_HOUR;

	for (size_t i = 0; i < HM_SIM_COUNTS; i++) {
		ck_assert_int_ge(h->power[i], 0);
		ck_assert_int_ge(h->today[i], 0);
	}
	ck_assert_int_eq(balance(h->power), 0);
	ck_assert_int_eq(balance(h->today), 0);
	ck_assert_int_eq(balance(h->total), 0);
	/* An integer less for each direction of the efficiency. */
	ck_assert_int_ge(hm_sim_hybrid_stored(h), -2);
	ck_assert_int_le(hm_sim_hybrid_stored(h), capacity + 2);
	ck_assert(h->flows.charge == 0 || h->flows.discharge == 0);
}

/* Go on by a few seconds or by hours, and look each time. */
static void
live(struct hm_sim_hybrid *h, int64_t until)
{
	int64_t before[HM_SIM_COUNTS], day;

	for (int64_t i = 0; h->time < until; i++) {
		day = h->time / DAY;
		memcpy(before, h->today, sizeof before);
		hm_sim_hybrid_advance(h, h->time + 1 + hm_sim_random(
		    h->house->seed, HM_DRAW_CELL, 0, i, i % 4 == 0 ? 9 :
		    HOUR));
		check_state(h);
		for (size_t k = 0; k < HM_SIM_COUNT_CHARGER; k++)
			if (h->time / DAY == day)
				ck_assert_int_ge(h->today[k], before[k]);
	}
}

START_TEST(each_day_balances_in_each_mode)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct hm_sim_house house = house_of(seed);
		struct hm_sim_hybrid h;

		house.mode = (enum hm_working_mode)_i;
		house.generator = seed % 2 == 0;
		house.extras = seed % 3 != 0;
		hm_sim_hybrid_start(&h, &house, seed);
		live(&h, (1 + DAYS) * DAY);
		ck_assert_int_gt(h.total[HM_SIM_COUNT_LOSSES], 0);
		ck_assert_int_gt(h.total[HM_SIM_COUNT_LOAD], 0);
	}
}
END_TEST

START_TEST(it_does_not_matter_when_it_is_read)
{
	struct hm_sim_house house = house_of(4);
	struct hm_sim_hybrid often, seldom;

	hm_sim_hybrid_start(&often, &house, 7);
	hm_sim_hybrid_start(&seldom, &house, 7);
	for (int64_t t = DAY; t <= DAY + 20 * HOUR; t += 7)
		hm_sim_hybrid_advance(&often, t);
	hm_sim_hybrid_advance(&seldom, often.time);
	ck_assert_mem_eq(often.today, seldom.today, sizeof often.today);
	ck_assert_mem_eq(often.power, seldom.power, sizeof often.power);
	hm_sim_hybrid_advance(&seldom, DAY);
	ck_assert_int_eq(seldom.time, often.time);
}
END_TEST

START_TEST(energies_of_the_day_fall_at_midnight)
{
	struct hm_sim_house house = house_of(1);
	struct hm_sim_hybrid h;
	int64_t total;

	hm_sim_hybrid_start(&h, &house, 1);
	hm_sim_hybrid_advance(&h, 2 * DAY - 1);
	ck_assert_int_gt(sum(h.today, HM_SIM_COUNT_PV, HM_SIM_STRINGS), 0);
	total = h.total[HM_SIM_COUNT_LOAD];
	hm_sim_hybrid_advance(&h, 2 * DAY);
	for (size_t i = 0; i < HM_SIM_COUNTS; i++)
		ck_assert_int_eq(h.today[i], 0);
	ck_assert_int_gt(h.total[HM_SIM_COUNT_LOAD], total);

	house.reset = 6 * HOUR;
	hm_sim_hybrid_start(&h, &house, 1);
	hm_sim_hybrid_advance(&h, 2 * DAY + 6 * HOUR - 1);
	ck_assert_int_gt(h.today[HM_SIM_COUNT_LOAD], 0);
	hm_sim_hybrid_advance(&h, 2 * DAY + 6 * HOUR);
	ck_assert_int_eq(h.today[HM_SIM_COUNT_LOAD], 0);

	house.reset = -1;
	hm_sim_hybrid_start(&h, &house, 1);
	hm_sim_hybrid_advance(&h, 3 * DAY);
	ck_assert_int_eq(h.today[HM_SIM_COUNT_LOAD],
	    h.total[HM_SIM_COUNT_LOAD]);
}
END_TEST

START_TEST(a_battery_loses_some_of_what_it_gets)
{
	struct hm_sim_house house = house_of(1);
	struct hm_sim_hybrid h;
	int64_t charged, gained;

	house.mode = HM_MODE_FORCED_CHARGE;
	hm_sim_hybrid_start(&h, &house, 1);
	hm_sim_hybrid_advance(&h, DAY + HOUR / 2);
	charged = h.total[HM_SIM_COUNT_CHARGED];
	gained = hm_sim_hybrid_stored(&h) - h.before;
	ck_assert_int_gt(charged, 0);
	ck_assert_int_lt(gained, charged);
	ck_assert_int_gt(gained, charged * 9 / 10);
}
END_TEST

/* The power of the battery and the grid some time after a change of mode. */
static void
after(struct hm_sim_hybrid *h, const struct hm_sim_settings *settings,
    int64_t seconds)
{
	hm_sim_hybrid_set(h, settings);
	hm_sim_hybrid_advance(h, h->time + seconds);
}

START_TEST(modes_act)
{
	struct hm_sim_house house = house_of(1);
	struct hm_sim_settings s;
	struct hm_sim_hybrid h;

	/* At night, with a battery of 40 %. */
	hm_sim_hybrid_start(&h, &house, 1);
	hm_sim_hybrid_advance(&h, DAY + HOUR);
	s = h.settings;
	ck_assert_int_gt(h.flows.discharge, 0);
	ck_assert_int_lt(h.flows.grid, 10);
	ck_assert_int_gt(h.flows.grid, -10);

	s.mode = HM_MODE_FORCED_CHARGE;
	s.charge_power = 500;
	after(&h, &s, 60);
	ck_assert_int_eq(h.flows.charge, 23000);
	ck_assert_int_lt(h.flows.grid, -23000);

	s.mode = HM_MODE_FORCED_DISCHARGE;
	s.discharge_power = 1000;
	after(&h, &s, 60);
	ck_assert_int_eq(h.flows.discharge, 46000);
	ck_assert_int_gt(h.flows.grid, 0);
	s.export_control = 1;
	s.export_most = 100;
	after(&h, &s, 60);
	ck_assert_int_le(h.flows.grid, 4600);
	ck_assert_int_gt(h.flows.grid, 4580);
	s.export_control = 0;
	s.discharge = 60;
	after(&h, &s, 60);
	ck_assert_int_eq(h.flows.discharge, 0);
	ck_assert_int_lt(h.flows.grid, 0);

	s.mode = HM_MODE_BACKUP;
	s.backup = 70;
	after(&h, &s, 60);
	ck_assert_int_eq(h.flows.charge, CHARGED_BY_GRID);
	after(&h, &s, 4 * HOUR);
	ck_assert_int_eq(h.flows.charge, 0);
	ck_assert_int_ge(hm_sim_hybrid_charge(&h), 699);
	ck_assert_int_eq(h.flows.discharge, 0);

	s.mode = HM_MODE_OFF_GRID;
	after(&h, &s, 60);
	ck_assert_int_eq(h.flows.grid, 0);
	ck_assert_int_gt(h.flows.discharge, 0);
}
END_TEST

START_TEST(limits_of_the_charge_hold_in_every_mode)
{
	struct hm_sim_house house = house_of(1);
	struct hm_sim_settings s;
	struct hm_sim_hybrid h;

	hm_sim_hybrid_start(&h, &house, 1);
	s = h.settings;
	s.mode = HM_MODE_FORCED_CHARGE;
	s.charge = 100;
	s.highest = 50;
	after(&h, &s, 3 * HOUR);
	ck_assert_int_le(hm_sim_hybrid_charge(&h), 500);
	ck_assert_int_ge(hm_sim_hybrid_charge(&h), 498);
	s.mode = HM_MODE_FORCED_DISCHARGE;
	s.discharge = 0;
	s.lowest = 30;
	after(&h, &s, 3 * HOUR);
	ck_assert_int_ge(hm_sim_hybrid_charge(&h), 299);
	ck_assert_int_le(hm_sim_hybrid_charge(&h), 301);
}
END_TEST

START_TEST(hours_of_a_tariff_act)
{
	struct hm_sim_house house = house_of(1);
	struct hm_sim_settings s;
	struct hm_sim_hybrid h;

	hm_sim_hybrid_start(&h, &house, 1);
	s = h.settings;
	s.mode = HM_MODE_TIME_OF_USE;
	s.tariffs = 1;
	/* From 23:00 to 02:00, and from 02:00 to 03:00. */
	s.tariff[0] = (struct hm_sim_tariff){.charge = {1380, 120},
	    .discharge = {120, 180}, .charge_power = 50,
	    .discharge_power = 50, .lowest = 10, .highest = 95};
	after(&h, &s, HOUR);
	ck_assert_int_eq(h.flows.charge, 23000);
	hm_sim_hybrid_advance(&h, DAY + 2 * HOUR + 60);
	ck_assert_int_eq(h.flows.discharge, 23000);
	hm_sim_hybrid_advance(&h, DAY + 4 * HOUR);
	ck_assert_int_lt(h.flows.discharge, 23000);

	hm_sim_hybrid_start(&h, &house, 1);
	s.mode = HM_MODE_ECONOMIC;
	s.weeks = 1;
	s.week[0] = (struct hm_sim_week){.weekdays = 0x7f,
	    .peak = {180, 240}, .valley = {0, 120}};
	after(&h, &s, HOUR);
	ck_assert_int_eq(h.flows.charge, CHARGED_BY_GRID);
	hm_sim_hybrid_advance(&h, DAY + 2 * HOUR + 60);
	ck_assert_int_eq(h.flows.charge + h.flows.discharge, 0);
	hm_sim_hybrid_advance(&h, DAY + 3 * HOUR + 60);
	ck_assert_int_gt(h.flows.discharge, 0);
}
END_TEST

START_TEST(peaks_are_shaved)
{
	static struct hm_sim_day day;
	struct hm_sim_house house = house_of(1);
	struct hm_sim_settings s;
	struct hm_sim_hybrid h;

	for (size_t i = 0; i < DAY; i++)
		day.load[i] = i < HOUR ? 10000 : 40000;
	house.day = &day;
	hm_sim_hybrid_start(&h, &house, 1);
	s = h.settings;
	s.mode = HM_MODE_PEAK_SHAVING;
	s.peak_power = 2000;
	s.peak_charge = 50;
	after(&h, &s, 60);
	ck_assert_int_gt(h.flows.charge, 0);
	ck_assert_int_ge(h.flows.grid, -20400);
	hm_sim_hybrid_advance(&h, DAY + HOUR + 60);
	ck_assert_int_gt(h.flows.discharge, 0);
	ck_assert_int_ge(h.flows.grid, -20400);
	ck_assert_int_le(h.flows.grid, -19600);
}
END_TEST

START_TEST(a_generator_helps_an_island)
{
	struct hm_sim_house house = house_of(1);
	struct hm_sim_hybrid h;

	house.mode = HM_MODE_OFF_GRID;
	house.charge = 20;
	hm_sim_hybrid_start(&h, &house, 1);
	ck_assert_int_eq(h.flows.generator, 0);
	house.generator = true;
	hm_sim_hybrid_start(&h, &house, 1);
	ck_assert_int_gt(h.flows.generator, 0);
	ck_assert_int_gt(h.flows.charge, 0);
	while (h.generator_on && h.time < 2 * DAY)
		hm_sim_hybrid_advance(&h, h.time + 60);
	ck_assert_int_ge(hm_sim_hybrid_charge(&h), 599);
	ck_assert_int_eq(h.flows.generator, 0);
}
END_TEST

START_TEST(without_a_battery_the_grid_does_it)
{
	struct hm_sim_house house = house_of(1);
	struct hm_sim_hybrid h;

	house.capacity = 0;
	hm_sim_hybrid_start(&h, &house, 1);
	live(&h, 2 * DAY - 1);
	ck_assert_int_eq(h.total[HM_SIM_COUNT_CHARGED], 0);
	ck_assert_int_eq(h.total[HM_SIM_COUNT_DISCHARGED], 0);
	ck_assert_int_gt(h.total[HM_SIM_COUNT_IMPORT], 0);
	ck_assert_int_gt(h.total[HM_SIM_COUNT_EXPORT], 0);

	house.mode = HM_MODE_OFF_GRID;
	hm_sim_hybrid_start(&h, &house, 1);
	hm_sim_hybrid_advance(&h, DAY + HOUR);
	ck_assert_int_eq(h.flows.load, 0);
	ck_assert_int_gt(h.flows.unserved, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_hybrid");
	TCase *tests = tcase_create("sim_hybrid");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, each_day_balances_in_each_mode, 0,
	    HM_MODES);
	tcase_add_test(tests, it_does_not_matter_when_it_is_read);
	tcase_add_test(tests, energies_of_the_day_fall_at_midnight);
	tcase_add_test(tests, a_battery_loses_some_of_what_it_gets);
	tcase_add_test(tests, modes_act);
	tcase_add_test(tests, limits_of_the_charge_hold_in_every_mode);
	tcase_add_test(tests, hours_of_a_tariff_act);
	tcase_add_test(tests, peaks_are_shaved);
	tcase_add_test(tests, a_generator_helps_an_island);
	tcase_add_test(tests, without_a_battery_the_grid_does_it);
	return run_suite(suite);
}
