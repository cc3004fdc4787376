#include <check.h>
#include <stdio.h>
#include <string.h>

#include "run_suite.h"
#include "sim_fault.h"
#include "sim_orders.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define BIT(name) HM_SIM_BIT(HM_SIM_##name)
#define FULL 15000 /* 0.1 W: an HM-1500 */

static const struct hm_sim_plant plant =
    {.seed = 1, .inverters = 2, .ports = 4, .phases = 1};
static struct hm_sim_orders o;

static void
setup(void)
{
	o = (struct hm_sim_orders){0};
}

static void
take(enum hm_action action, enum hm_command_unit unit, int64_t amount,
    int64_t ms, uint64_t faults)
{
	struct hm_sim_order order = {.action = action, .unit = unit,
	    .amount = amount};

	hm_sim_set_add(&order.inverters, 0);
	hm_sim_orders_take(&o, &plant, &order, ms, faults);
}

static int64_t
power_at(size_t inverter, int64_t power, int64_t ms)
{
	hm_sim_orders_settle(&o, &plant, ms);
	return hm_sim_orders_power(&o, &plant, inverter, power, ms);
}

START_TEST(without_orders)
{
	ck_assert_int_eq(hm_sim_plant_rated(&plant), FULL);
	ck_assert_int_eq(power_at(0, 99999, 0), 99999);
	ck_assert_int_eq(hm_sim_orders_limit(&o), 1000);
	ck_assert(hm_sim_orders_on(&o, 1, 0));
}
END_TEST

/* The limit comes after 3 s, and the power reaches it 2 s later. */
START_TEST(the_power_follows_a_limit)
{
	static const struct {
		int64_t ms, power;
	} rows[] = {{0, FULL}, {3999, FULL}, {4000, FULL}, {5000, FULL * 3 / 4},
	    {6000, FULL / 2}, {60000, FULL / 2}};

	take(HM_ACTION_LIMIT, HM_COMMAND_PERCENT, 500, 1000, 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(power_at(0, FULL, rows[i].ms) == rows[i].power,
		    "%zu", i);
	ck_assert_int_eq(hm_sim_orders_limit(&o), 500);
	ck_assert_uint_eq(o.flash_writes, 1);
	ck_assert_int_eq(power_at(0, 100, 60000), 100);
	/* A temporary one of a part: the lower of both counts. */
	take(HM_ACTION_LIMIT_TEMPORARY, HM_COMMAND_WATTS, 3000, 60000, 0);
	ck_assert_int_eq(power_at(0, FULL, 70000), 3000);
	ck_assert_int_eq(hm_sim_orders_limit(&o), 500);
	ck_assert_uint_eq(o.flash_writes, 1);
	/* An inverter that restarts has lost it. */
	take(HM_ACTION_RESTART_INVERTER, HM_COMMAND_NONE, 0, 70000, 0);
	ck_assert_int_eq(power_at(0, FULL, 73000), 0);
	ck_assert_int_eq(power_at(1, FULL, 73000), FULL / 2);
	ck_assert_int_eq(power_at(0, FULL, 78000), FULL / 2);
}
END_TEST

START_TEST(on_and_off)
{
	take(HM_ACTION_TURN_OFF, HM_COMMAND_NONE, 0, 0, 0);
	ck_assert_int_eq(power_at(0, FULL, 2999), FULL);
	ck_assert_int_eq(power_at(0, FULL, 3000), 0);
	ck_assert_int_eq(power_at(1, FULL, 3000), FULL);
	take(HM_ACTION_TURN_ON, HM_COMMAND_NONE, 0, 10000, 0);
	ck_assert_int_eq(power_at(0, FULL, 13000), FULL);
	ck_assert_uint_eq(o.taken, 2);
	ck_assert_uint_eq(o.flash_writes, 0);
}
END_TEST

START_TEST(faults)
{
	take(HM_ACTION_LIMIT, HM_COMMAND_PERCENT, 500, 0, BIT(ORDER_LIED));
	hm_sim_orders_settle(&o, &plant, 60000);
	ck_assert(!o.is_open);
	ck_assert_int_eq(hm_sim_orders_limit(&o), 1000);
	ck_assert_uint_eq(o.flash_writes, 0);
	take(HM_ACTION_LIMIT, HM_COMMAND_PERCENT, 500, 60000,
	    BIT(ORDER_SLOW));
	hm_sim_orders_settle(&o, &plant, 69999);
	ck_assert(o.is_open);
	hm_sim_orders_settle(&o, &plant, 70000);
	ck_assert_int_eq(hm_sim_orders_limit(&o), 500);
}
END_TEST

START_TEST(sets)
{
	struct hm_sim_set set = {{0}};

	hm_sim_set_add(&set, 98);
	hm_sim_set_add(&set, 1000);
	ck_assert(hm_sim_set_has(&set, 98));
	ck_assert(!hm_sim_set_has(&set, 97));
	ck_assert(!hm_sim_set_has(&set, 1000));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_orders");
	TCase *tc = tcase_create("sim_orders");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, without_orders);
	tcase_add_test(tc, the_power_follows_a_limit);
	tcase_add_test(tc, on_and_off);
	tcase_add_test(tc, faults);
	tcase_add_test(tc, sets);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
