#include "sim_plant.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/models.h"
#include "run_suite.h"
#include "sim_time_at.h"

#define DAY 86400

static const struct hm_sim_plant plant =
    {.seed = 7, .inverters = 3, .ports = 4, .phases = 1, .meter = true};
static const struct hm_sim_plant three =
    {.seed = 7, .inverters = 2, .ports = 6, .phases = 3, .meter = true};

static struct hm_slice
print(int64_t serial, char buf[17])
{
	snprintf(buf, 17, "%llx", (unsigned long long)serial);
	return hm_text(buf);
}

START_TEST(serial_numbers_are_of_real_models)
{
	char buf[17];

	ck_assert_str_eq(hm_model_inverter(print(hm_sim_plant_inverter_serial(
	    &plant, 0, 0), buf)), "HM-1000/1200/1500");
	ck_assert_uint_eq(strlen(buf), 12);
	ck_assert_uint_eq(strspn(buf + 4, "0123456789"), 8);
	ck_assert_str_eq(hm_model_inverter(print(hm_sim_plant_inverter_serial(
	    &three, 0, 0), buf)), "HMT-1800/2250-6T");
	ck_assert_str_eq(hm_model_dtu(print(hm_sim_plant_dtu_serial(&plant, 0,
	    HM_SIM_PLANT_DTU_PLAIN), buf)), "DTU-Pro");
	ck_assert_str_eq(hm_model_dtu(print(hm_sim_plant_dtu_serial(&plant, 0,
	    HM_SIM_PLANT_DTU_ENCRYPTED), buf)), "DTU-Pro-S");
	ck_assert_str_eq(hm_model_meter(print(hm_sim_plant_meter_serial(&plant,
	    0), buf), 1), "DDSU666");
	ck_assert_str_eq(hm_model_meter(print(hm_sim_plant_meter_serial(&three,
	    0), buf), 0), "DTSU666");
}
END_TEST

static int
ascending(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

START_TEST(serial_numbers_differ)
{
	static int64_t seen[3000];
	size_t n = 0;

	for (size_t dtu = 0; dtu < 1000; dtu++)
		for (size_t i = 0; i < plant.inverters; i++)
			seen[n++] = hm_sim_plant_inverter_serial(&plant, dtu,
			    i);
	qsort(seen, n, sizeof *seen, ascending);
	for (size_t i = 1; i < n; i++)
		ck_assert_int_ne(seen[i - 1], seen[i]);
}
END_TEST

START_TEST(a_seed_makes_the_same_plant_again)
{
	struct hm_sim_plant other = plant;
	struct hm_sim_time noon = sim_time_at(DAY + 43200);
	struct hm_sim_plant_port a, b;

	hm_sim_plant_read_port(&plant, 1, 2, 3, &noon, &a);
	hm_sim_plant_read_port(&plant, 1, 2, 3, &noon, &b);
	ck_assert_mem_eq(&a, &b, sizeof a);
	other.seed++;
	hm_sim_plant_read_port(&other, 1, 2, 3, &noon, &b);
	ck_assert_int_ne(a.total, b.total);
	ck_assert_int_ne(hm_sim_plant_inverter_serial(&plant, 0, 0),
	    hm_sim_plant_inverter_serial(&other, 0, 0));
}
END_TEST

START_TEST(readings_agree_with_each_other)
{
	for (int64_t s = DAY + 8 * 3600; s < DAY + 18 * 3600; s += 61) {
		struct hm_sim_time time = sim_time_at(s);
		struct hm_sim_plant_inverter ac;
		int32_t sum = 0;

		for (size_t i = 0; i < plant.ports; i++) {
			struct hm_sim_plant_port pv;

			hm_sim_plant_read_port(&plant, 0, 1, i, &time, &pv);
			sum += pv.power;
			/* 0.1 V times 0.01 A, and half of the last digit. */
			ck_assert_int_le(abs(pv.voltage * pv.current -
			    100 * pv.power), pv.voltage);
		}
		hm_sim_plant_read_inverter(&plant, 0, 1, &time, &ac);
		ck_assert_int_eq(ac.active_power, sum * 95 / 100);
		ck_assert_int_le(abs(ac.voltage[0] * ac.current[0] -
		    100 * ac.active_power), ac.voltage[0]);
		ck_assert_int_ge(ac.power_factor, 900);
		ck_assert_int_le(ac.power_factor, 1000);
		ck_assert_int_eq(ac.voltage[1], 0);
	}
}
END_TEST

START_TEST(three_phases_share_the_power)
{
	struct hm_sim_time noon = sim_time_at(DAY + 46800);
	struct hm_sim_plant_inverter ac;
	int32_t sum = 0;

	hm_sim_plant_read_inverter(&three, 0, 0, &noon, &ac);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_gt(ac.voltage[i], 2200);
		ck_assert_int_gt(ac.line[i], 3800);
		ck_assert_int_lt(ac.line[i], 4200);
		sum += ac.voltage[i] * ac.current[i] / 100;
	}
	ck_assert_int_le(abs(sum - ac.active_power), 60);
}
END_TEST

START_TEST(counters_tick_together_and_never_fall)
{
	struct hm_sim_time time = sim_time_at(DAY);
	struct hm_sim_plant_port last, now;

	hm_sim_plant_read_port(&plant, 0, 0, 0, &time, &last);
	ck_assert_int_ge(last.total, 50000);
	for (int64_t s = DAY; s < 4 * DAY; s += 13) {
		time = sim_time_at(s);
		hm_sim_plant_read_port(&plant, 0, 0, 0, &time, &now);
		ck_assert_int_ge(now.total, last.total);
		if (now.today >= last.today)
			ck_assert_int_eq(now.today - last.today,
			    now.total - last.total);
		else
			ck_assert_int_lt(s % DAY - HM_SIM_SUN_RISE, 13);
		last = now;
	}
	ck_assert_int_gt(last.today, 2800);
}
END_TEST

START_TEST(a_late_reset_moves_the_fall_alone)
{
	struct hm_sim_time usual = sim_time_at(2 * DAY + 43200), late = usual;
	struct hm_sim_plant_port a, b;
	int64_t since_nine;

	/* At nine on this day, and on the one before. */
	hm_sim_sun_at(2 * DAY + 9 * 3600, &late.reset);
	hm_sim_plant_read_port(&plant, 0, 0, 0, &usual, &a);
	hm_sim_plant_read_port(&plant, 0, 0, 0, &late, &b);
	ck_assert_int_eq(b.total, a.total);
	since_nine = b.today;
	ck_assert_int_gt(since_nine, 0);
	ck_assert_int_lt(since_nine, a.today);
	hm_sim_sun_at(DAY + 9 * 3600, &late.reset);
	hm_sim_plant_read_port(&plant, 0, 0, 0, &late, &b);
	ck_assert_int_gt(b.today, a.today + since_nine);
}
END_TEST

START_TEST(mi_inverters_have_their_serial_numbers)
{
	struct hm_sim_plant old = plant;
	char buf[17];

	old.is_mi = true;
	ck_assert_str_eq(hm_model_inverter(print(hm_sim_plant_inverter_serial(
	    &old, 0, 0), buf)), "MI-1000/1200/1500");
	old.ports = 2;
	ck_assert_str_eq(hm_model_inverter(print(hm_sim_plant_inverter_serial(
	    &old, 0, 0), buf)), "MI-500/600/700");
	old.ports = 1;
	ck_assert_str_eq(hm_model_inverter(print(hm_sim_plant_inverter_serial(
	    &old, 0, 0), buf)), "MI-250/300");
	ck_assert_int_eq(hm_sim_plant_hardware_part(&old), 0);
}
END_TEST

/* Power summed second by second is what the counter gains. */
START_TEST(energy_agrees_with_power)
{
	struct hm_sim_time time = sim_time_at(DAY + 9 * 3600);
	struct hm_sim_plant_port first, last;
	int64_t sum = 0;

	hm_sim_plant_read_port(&plant, 0, 0, 0, &time, &first);
	for (int64_t s = DAY + 9 * 3600; s < DAY + 17 * 3600; s++) {
		time = sim_time_at(s);
		hm_sim_plant_read_port(&plant, 0, 0, 0, &time, &last);
		sum += last.power;
	}
	ck_assert_int_le(llabs(sum / 36000 - (last.today - first.today)), 2);
}
END_TEST

START_TEST(nights_are_dark)
{
	struct hm_sim_time night = sim_time_at(2 * DAY - 3600),
	    noon = sim_time_at(DAY + 43200);
	struct hm_sim_plant_port pv, day;
	struct hm_sim_plant_inverter ac;

	hm_sim_plant_read_port(&plant, 0, 0, 0, &night, &pv);
	hm_sim_plant_read_port(&plant, 0, 0, 0, &noon, &day);
	hm_sim_plant_read_inverter(&plant, 0, 0, &night, &ac);
	ck_assert_int_eq(pv.power, 0);
	ck_assert_int_eq(pv.voltage, 0);
	ck_assert_int_gt(pv.today, day.today);
	ck_assert_int_eq(ac.voltage[0], 0);
	ck_assert_int_eq(ac.temperature, 0);
}
END_TEST

START_TEST(meter_balances_house_and_sun)
{
	struct hm_sim_time time = sim_time_at(2 * DAY - 1);
	struct hm_sim_plant_meter night, noon, last, now;
	int64_t sum = 0, net;

	hm_sim_plant_read_meter(&plant, 0, &time, &night);
	ck_assert_int_gt(night.power, 0);
	time = sim_time_at(2 * DAY + 46800);
	hm_sim_plant_read_meter(&plant, 0, &time, &noon);
	ck_assert_int_lt(noon.power, 0);
	ck_assert_int_gt(noon.current[0], 0);

	last = night;
	for (int64_t s = 2 * DAY; s < 3 * DAY; s += 10) {
		time = sim_time_at(s);
		hm_sim_plant_read_meter(&plant, 0, &time, &now);
		ck_assert_int_ge(now.exported, last.exported);
		ck_assert_int_ge(now.imported, last.imported);
		/* Only one of both counters grows at a time. */
		ck_assert(now.exported == last.exported ||
		    now.imported == last.imported);
		sum += now.power * 10;
		last = now;
	}
	/* In 10 Wh, after 10 W times s, with half a step lost each time. */
	net = (last.imported - night.imported) -
	    (last.exported - night.exported);
	ck_assert_int_le(llabs(sum / 3600 - net), 15);
}
END_TEST

START_TEST(three_phase_meter_has_three_phases)
{
	struct hm_sim_time noon = sim_time_at(DAY + 43200);
	struct hm_sim_plant_meter meter;

	hm_sim_plant_read_meter(&three, 0, &noon, &meter);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_gt(meter.voltage[i], 22000);
	ck_assert_int_eq(meter.phase_power, meter.power / 3);
}
END_TEST

START_TEST(sums_are_those_of_the_inputs)
{
	struct hm_sim_time time = sim_time_at(3 * DAY + 50000);
	int64_t today, total, today_sum = 0, total_sum = 0, power = 0;

	hm_sim_plant_dtu_energy(&plant, 2, &time, &today, &total);
	for (size_t i = 0; i < plant.inverters; i++)
		for (size_t j = 0; j < plant.ports; j++) {
			struct hm_sim_plant_port pv;

			hm_sim_plant_read_port(&plant, 2, i, j, &time, &pv);
			today_sum += pv.today;
			total_sum += pv.total;
			power += pv.power;
		}
	ck_assert_int_eq(today, today_sum);
	ck_assert_int_eq(total, total_sum);
	ck_assert_int_le(llabs(hm_sim_plant_dtu_peak(&plant, 2) *
	    time.sun.share / HM_SIM_SUN_FULL - power), 12);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_plant");
	TCase *tests = tcase_create("sim_plant");

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, serial_numbers_are_of_real_models);
	tcase_add_test(tests, serial_numbers_differ);
	tcase_add_test(tests, a_seed_makes_the_same_plant_again);
	tcase_add_test(tests, readings_agree_with_each_other);
	tcase_add_test(tests, three_phases_share_the_power);
	tcase_add_test(tests, counters_tick_together_and_never_fall);
	tcase_add_test(tests, a_late_reset_moves_the_fall_alone);
	tcase_add_test(tests, mi_inverters_have_their_serial_numbers);
	tcase_add_test(tests, energy_agrees_with_power);
	tcase_add_test(tests, nights_are_dark);
	tcase_add_test(tests, meter_balances_house_and_sun);
	tcase_add_test(tests, three_phase_meter_has_three_phases);
	tcase_add_test(tests, sums_are_those_of_the_inputs);
	return run_suite(suite);
}
