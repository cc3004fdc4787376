#include <check.h>

#include "ha_confirmed.h"
#include "run_suite.h"

static struct hm_ha_confirmed c;

static void
start(void)
{
	c = (struct hm_ha_confirmed){0};
	hm_ha_confirmed_bound(&c, 20, 8000);
}

static void
assert_is(const struct hm_ha_confirmed_value *v, enum hm_ha_belief belief,
    int64_t value)
{
	ck_assert_int_eq(v->belief, belief);
	if (belief == HM_HA_KNOWN)
		ck_assert_int_eq(v->value, value);
}

/* Two inverters: the watts, and the limit that each shows; -1: not heard. */
static void
poll(int64_t power_a, int64_t limit_a, int64_t power_b, int64_t limit_b)
{
	static int64_t seconds = 1000;
	const struct hm_ha_seen a = {power_a >= 0, power_a > 0, limit_a};
	const struct hm_ha_seen b = {power_b >= 0, power_b > 0, limit_b};
	int64_t sum = (power_a > 0 ? power_a : 0) + (power_b > 0 ? power_b : 0);

	seconds += 60;
	hm_ha_confirmed_see(&c, seconds, &a);
	hm_ha_confirmed_see(&c, seconds, &b);
	hm_ha_confirmed_look(&c, seconds, 2, sum * 10);
}

static void
end(enum hm_action action, enum hm_result_state state, int64_t percent,
    int64_t watts, int on)
{
	const struct hm_result result = {.state = state,
	    .percent = percent, .watts = watts, .on = on};

	hm_ha_confirmed_result(&c, action, &result, false);
}

START_TEST(limits_that_agree)
{
	poll(0, 600, 0, 600);
	assert_is(&c.percent, HM_HA_KNOWN, 600);
	assert_is(&c.on, HM_HA_NOT_KNOWN, 0);
	ck_assert(c.is_new);
	c.is_new = false;
	poll(0, 600, 0, 600);
	ck_assert(!c.is_new);
	poll(0, 600, 0, 700);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	ck_assert(c.is_new);
	poll(0, 700, 0, 700);
	assert_is(&c.percent, HM_HA_KNOWN, 700);
}
END_TEST

/* What an inverter that is not heard shows is from before. */
START_TEST(limits_of_inverters_that_are_not_heard)
{
	poll(0, 600, -1, 600);
	assert_is(&c.percent, HM_HA_NOT_KNOWN, 0);
	poll(0, 600, 0, 600);
	poll(0, 600, -1, 500);
	assert_is(&c.percent, HM_HA_KNOWN, 600);
	poll(0, 500, -1, 600);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	poll(0, 600, 0, 0);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	poll(0, 0, 0, 0);
	assert_is(&c.percent, HM_HA_DENIED, 0);
}
END_TEST

START_TEST(polls_that_are_not_whole)
{
	const struct hm_ha_seen seen = {true, true, 600};

	hm_ha_confirmed_see(&c, 10, &seen);
	hm_ha_confirmed_look(&c, 10, 2, 100);
	assert_is(&c.percent, HM_HA_NOT_KNOWN, 0);
	assert_is(&c.on, HM_HA_DENIED, 0);
	start();
	hm_ha_confirmed_see(&c, 20, &seen);
	hm_ha_confirmed_look(&c, 10, 1, 100);
	hm_ha_confirmed_look(&c, 20, -1, 100);
	assert_is(&c.percent, HM_HA_NOT_KNOWN, 0);
	hm_ha_confirmed_see(&c, 30, &seen);
	hm_ha_confirmed_look(&c, 30, 1, 100);
	assert_is(&c.percent, HM_HA_KNOWN, 600);
	assert_is(&c.on, HM_HA_KNOWN, 1);
	start();
	hm_ha_confirmed_look(&c, 0, 0, 0);
	ck_assert(!c.is_new);
}
END_TEST

START_TEST(production)
{
	poll(100, 0, 100, 0);
	assert_is(&c.on, HM_HA_KNOWN, 1);
	/* Night, dawn */
	poll(0, 0, 0, 0);
	poll(-1, 0, -1, 0);
	poll(0, 0, 100, 0);
	assert_is(&c.on, HM_HA_KNOWN, 1);
	end(HM_ACTION_TURN_OFF, HM_RESULT_DONE, -1, -1, 0);
	assert_is(&c.on, HM_HA_KNOWN, 0);
	poll(0, 0, 0, 0);
	assert_is(&c.on, HM_HA_KNOWN, 0);
	poll(0, 0, 100, 0);
	assert_is(&c.on, HM_HA_DENIED, 0);
	poll(100, 0, 100, 0);
	assert_is(&c.on, HM_HA_KNOWN, 1);
}
END_TEST

START_TEST(limits_of_the_dtu)
{
	poll(0, 0, 0, 0);
	hm_ha_confirmed_limit(&c, 1000);
	assert_is(&c.percent, HM_HA_KNOWN, 1000);
	hm_ha_confirmed_limit(&c, 10);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	poll(0, 600, 0, 600);
	hm_ha_confirmed_limit(&c, 1000);
	assert_is(&c.percent, HM_HA_KNOWN, 600);
}
END_TEST

/* After a restart at night, when no inverter is heard. */
START_TEST(an_old_limit_of_the_dtu)
{
	poll(-1, 0, -1, 600);
	hm_ha_confirmed_limit(&c, 1000);
	poll(0, 0, -1, 0);
	poll(0, 0, 0, 0);
	hm_ha_confirmed_limit(&c, 1000);
	assert_is(&c.percent, HM_HA_NOT_KNOWN, 0);
	ck_assert(!c.is_new);
}
END_TEST

START_TEST(a_limit_of_the_dtu_waits)
{
	hm_ha_confirmed_limit(&c, 1000);
	poll(-1, 0, -1, 0);
	hm_ha_confirmed_limit(&c, 900);
	assert_is(&c.percent, HM_HA_NOT_KNOWN, 0);
	ck_assert(!c.is_new);
	poll(0, 0, -1, 0);
	assert_is(&c.percent, HM_HA_KNOWN, 900);
}
END_TEST

START_TEST(a_limit_of_the_dtu_waits_no_longer)
{
	hm_ha_confirmed_limit(&c, 1000);
	end(HM_ACTION_LIMIT, HM_RESULT_DONE, 600, -1, -1);
	poll(0, 0, 0, 0);
	assert_is(&c.percent, HM_HA_KNOWN, 600);
	start();
	hm_ha_confirmed_limit(&c, 1000);
	end(HM_ACTION_LIMIT, HM_RESULT_UNKNOWN, -1, -1, -1);
	poll(0, 0, 0, 0);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	start();
	hm_ha_confirmed_limit(&c, 1000);
	poll(0, 600, -1, 0);
	assert_is(&c.percent, HM_HA_NOT_KNOWN, 0);
}
END_TEST

START_TEST(bounds)
{
	end(HM_ACTION_LIMIT, HM_RESULT_DONE, 19, -1, -1);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	end(HM_ACTION_LIMIT, HM_RESULT_DONE, 20, -1, -1);
	assert_is(&c.percent, HM_HA_KNOWN, 20);
	hm_ha_confirmed_bound(&c, 100, 8000);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	end(HM_ACTION_LIMIT, HM_RESULT_DONE, 1001, -1, -1);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	end(HM_ACTION_LIMIT_TEMPORARY, HM_RESULT_DONE, -1, 8000, -1);
	assert_is(&c.watts, HM_HA_KNOWN, 8000);
	end(HM_ACTION_LIMIT_TEMPORARY, HM_RESULT_DONE, -1, 8001, -1);
	assert_is(&c.watts, HM_HA_DENIED, 0);
	end(HM_ACTION_LIMIT_TEMPORARY, HM_RESULT_DONE, -1, 9, -1);
	assert_is(&c.watts, HM_HA_DENIED, 0);
}
END_TEST

/* Only what is read back counts; what is refused or failed changes nothing. */
START_TEST(results)
{
	end(HM_ACTION_LIMIT, HM_RESULT_ACCEPTED, 600, -1, -1);
	end(HM_ACTION_LIMIT, HM_RESULT_DONE, -1, -1, -1);
	assert_is(&c.percent, HM_HA_NOT_KNOWN, 0);
	end(HM_ACTION_LIMIT, HM_RESULT_DONE, 600, -1, -1);
	for (int state = 0; state < HM_RESULT_STATES; state++)
		if (state != HM_RESULT_DONE && state != HM_RESULT_UNKNOWN)
			end(HM_ACTION_LIMIT, (enum hm_result_state)state, 500,
			    -1, -1);
	assert_is(&c.percent, HM_HA_KNOWN, 600);
	end(HM_ACTION_LIMIT_TEMPORARY, HM_RESULT_DONE, 300, -1, -1);
	end(HM_ACTION_CLEAR_ALARMS, HM_RESULT_UNKNOWN, -1, -1, -1);
	end(HM_ACTION_TURN_ON, HM_RESULT_DONE, -1, -1, -1);
	assert_is(&c.percent, HM_HA_KNOWN, 600);
	assert_is(&c.on, HM_HA_NOT_KNOWN, 0);
	end(HM_ACTION_TURN_ON, HM_RESULT_UNKNOWN, -1, -1, 1);
	assert_is(&c.on, HM_HA_DENIED, 0);
	end(HM_ACTION_LIMIT, HM_RESULT_UNKNOWN, 600, -1, -1);
	assert_is(&c.percent, HM_HA_DENIED, 0);
}
END_TEST

START_TEST(a_limit_that_is_there_already)
{
	struct hm_result result = {.error = "no_readback",
	    .state = HM_RESULT_UNKNOWN, .percent = 600, .watts = -1, .on = -1};

	hm_ha_confirmed_result(&c, HM_ACTION_LIMIT, &result, false);
	assert_is(&c.percent, HM_HA_DENIED, 0);
	end(HM_ACTION_LIMIT, HM_RESULT_DONE, 600, -1, -1);
	hm_ha_confirmed_result(&c, HM_ACTION_LIMIT, &result, false);
	assert_is(&c.percent, HM_HA_KNOWN, 600);
	result.percent = 500;
	hm_ha_confirmed_result(&c, HM_ACTION_LIMIT, &result, false);
	assert_is(&c.percent, HM_HA_DENIED, 0);
}
END_TEST

START_TEST(a_part_of_the_inverters)
{
	const struct hm_result result = {.state = HM_RESULT_DONE,
	    .percent = -1, .watts = -1, .on = 1};

	hm_ha_confirmed_result(&c, HM_ACTION_TURN_ON, &result, true);
	assert_is(&c.on, HM_HA_DENIED, 0);
	hm_ha_confirmed_result(&c, HM_ACTION_TURN_ON, &result, false);
	assert_is(&c.on, HM_HA_KNOWN, 1);
}
END_TEST

/* What may have ended a temporary limit, each after 100 W. */
static void
restart(int step)
{
	switch (step) {
	case 0:
		hm_ha_confirmed_forget(&c, false);
		break;
	case 1:
		poll(50, 0, 0, 0);
		break;
	case 2:
		poll(50, 0, -1, 0);
		break;
	case 3:
		poll(50, 0, 61, 0);
		break;
	case 4:
		end(HM_ACTION_RESTART_INVERTER, HM_RESULT_UNKNOWN, -1, -1, -1);
		break;
	case 5:
		end(HM_ACTION_RESTART_DTU, HM_RESULT_DONE, -1, -1, -1);
		break;
	case 6:
		end(HM_ACTION_LIMIT_TEMPORARY, HM_RESULT_UNKNOWN, -1, -1, -1);
		break;
	case 7:
		end(HM_ACTION_LIMIT_TEMPORARY, HM_RESULT_DONE, -1, -1, -1);
		break;
	case 8:
		end(HM_ACTION_LIMIT, HM_RESULT_DONE, 600, -1, -1);
		break;
	default:
		end(HM_ACTION_TURN_ON, HM_RESULT_DONE, -1, -1, 1);
	}
}

START_TEST(temporary_limits_end)
{
	restart(_i);
	assert_is(&c.watts, HM_HA_NOT_KNOWN, 0);
	end(HM_ACTION_LIMIT_TEMPORARY, HM_RESULT_DONE, -1, 1000, -1);
	poll(50, 0, 60, 0);
	hm_ha_confirmed_forget(&c, true);
	assert_is(&c.watts, HM_HA_KNOWN, 1000);
	c.is_new = false;
	restart(_i);
	assert_is(&c.watts, HM_HA_DENIED, 0);
	ck_assert(c.is_new);
}
END_TEST

START_TEST(temporary_limits_of_an_earlier_run)
{
	hm_ha_confirmed_forget(&c, false);
	ck_assert(!c.is_new);
	hm_ha_confirmed_forget(&c, true);
	ck_assert(c.is_new);
	assert_is(&c.watts, HM_HA_DENIED, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ha_confirmed");
	TCase *tc = tcase_create("ha_confirmed");

	tcase_add_checked_fixture(tc, start, NULL);
	tcase_add_test(tc, limits_that_agree);
	tcase_add_test(tc, limits_of_inverters_that_are_not_heard);
	tcase_add_test(tc, polls_that_are_not_whole);
	tcase_add_test(tc, production);
	tcase_add_test(tc, limits_of_the_dtu);
	tcase_add_test(tc, an_old_limit_of_the_dtu);
	tcase_add_test(tc, a_limit_of_the_dtu_waits);
	tcase_add_test(tc, a_limit_of_the_dtu_waits_no_longer);
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, results);
	tcase_add_test(tc, a_limit_that_is_there_already);
	tcase_add_test(tc, a_part_of_the_inverters);
	tcase_add_loop_test(tc, temporary_limits_end, 0, 10);
	tcase_add_test(tc, temporary_limits_of_an_earlier_run);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
