#include <check.h>
#include <stdio.h>

#include "control_rules.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define NOW 1800000000 /* 08:00 of a day */
#define DAY 86400

static const struct hm_control_limits limits = {60, 3, 60, 3, 300};

#define KEPT(tenths) {.time = NOW, .has_action = true, \
	.action = HM_ACTION_LIMIT, .unit = HM_COMMAND_PERCENT, \
	.amount = (tenths)}
#define PERCENT(tenths) {.time = NOW, .has_action = true, \
	.action = HM_ACTION_LIMIT_TEMPORARY, .unit = HM_COMMAND_PERCENT, \
	.amount = (tenths)}
#define WATTS(tenths) {.time = NOW, .has_action = true, \
	.action = HM_ACTION_LIMIT_TEMPORARY, .unit = HM_COMMAND_WATTS, \
	.amount = (tenths)}
#define DO(what) {.time = NOW, .has_action = true, .action = HM_ACTION_##what}

static void
check_verdict(const struct hm_control_verdict *v, size_t row,
    const char *error, const char *word)
{
	if (error == NULL) {
		ck_assert_msg(v->answer == HM_CONTROL_GO, "%zu: %s", row,
		    v->text);
		return;
	}
	ck_assert_msg(v->answer == HM_CONTROL_REFUSE, "%zu", row);
	ck_assert_str_eq(v->error, error);
	ck_assert_msg(strstr(v->text, word) != NULL, "%zu: %s", row, v->text);
}

START_TEST(admission)
{
	static const struct {
		struct hm_command command;
		bool is_known;
		int64_t now;
		const char *error, *word;
	} rows[] = {
	    {KEPT(20), false, NOW, NULL, NULL},
	    {KEPT(1000), false, NOW, NULL, NULL},
	    {KEPT(19), false, NOW, "bounds", "found 1.9 %, allowed are 2 to"},
	    {KEPT(1001), false, NOW, "bounds", "found 100.1 %"},
	    {KEPT(-500), false, NOW, "bounds", "found -50 %"},
	    {KEPT(0), false, NOW, "bounds", "found 0 %"},
	    {KEPT(INT64_MAX), false, NOW, "bounds", "to 100 %"},
	    {PERCENT(10), false, NOW, "bounds", "found 1 %"},
	    {WATTS(1), false, NOW, NULL, NULL},
	    {WATTS(32767), false, NOW, NULL, NULL},
	    {WATTS(0), false, NOW, "bounds", "found 0 W, allowed are 0.1 to"},
	    {WATTS(32768), false, NOW, "bounds", "3276.7 W"},
	    {DO(TURN_OFF), false, NOW, NULL, NULL},
	    {DO(TURN_OFF), true, NOW, "same_id", "a new one"},
	    {DO(TURN_OFF), false, NOW + 60, NULL, NULL},
	    {DO(TURN_OFF), false, NOW + 61, "too_old", "61 s old"},
	    {DO(TURN_OFF), false, NOW - 5, NULL, NULL},
	    {DO(TURN_OFF), false, NOW - 6, "future", "6 s ahead"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_control_verdict v;

		hm_control_admit(&limits, &rows[i].command, rows[i].is_known,
		    rows[i].now, &v);
		check_verdict(&v, i, rows[i].error, rows[i].word);
	}
}
END_TEST

/* One DTU over two days: kept limits wait, and have a number a day. */
START_TEST(kept_limits)
{
	static const struct {
		int64_t now;
		enum hm_control_answer answer;
		int64_t at;
	} rows[] = {
	    {0, HM_CONTROL_GO, 0},
	    /* It would be 59 s old, and is 3 s on its way. */
	    {1, HM_CONTROL_REFUSE, 0},
	    {2, HM_CONTROL_REFUSE, 0},
	    {3, HM_CONTROL_WAIT, 60},
	    {59, HM_CONTROL_WAIT, 60},
	    {60, HM_CONTROL_GO, 0},
	    {120, HM_CONTROL_GO, 0},
	    {180, HM_CONTROL_REFUSE, 0},
	    /* Set back by a day: the count stays. */
	    {180 - DAY, HM_CONTROL_REFUSE, 0},
	    {DAY, HM_CONTROL_GO, 0},
	    {DAY + 30, HM_CONTROL_WAIT, DAY + 60},
	    /* Set back by an hour: the wait is no longer than the interval. */
	    {DAY - 3600, HM_CONTROL_REFUSE, 0},
	    {DAY - 3600 + 3, HM_CONTROL_WAIT, DAY - 3600 + 60},
	    {DAY - 3600 + 60, HM_CONTROL_GO, 0},
	};
	struct hm_control_past past;

	hm_control_past_init(&past);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t now = NOW + rows[i].now;
		struct hm_command command = KEPT(600);
		struct hm_control_verdict v;

		command.time = now;
		hm_control_schedule(&limits, &past, &command, now, &v);
		ck_assert_msg(v.answer == rows[i].answer, "%zu: %d", i,
		    v.answer);
		if (v.answer == HM_CONTROL_WAIT)
			ck_assert_int_eq(v.at, NOW + rows[i].at);
		if (v.answer == HM_CONTROL_REFUSE)
			ck_assert_str_eq(v.error, "too_often");
		if (v.answer == HM_CONTROL_GO)
			hm_control_sent(&past, &command, now);
	}
}
END_TEST

/* Other actions never wait, and an order that waits gets too old. */
START_TEST(other_orders)
{
	struct hm_control_past past;
	struct hm_command kept = KEPT(600), off = DO(TURN_OFF);
	struct hm_command temporary = PERCENT(600);
	struct hm_control_verdict v;

	hm_control_past_init(&past);
	hm_control_sent(&past, &kept, NOW);
	hm_control_schedule(&limits, &past, &off, NOW, &v);
	ck_assert_int_eq(v.answer, HM_CONTROL_GO);
	hm_control_schedule(&limits, &past, &temporary, NOW, &v);
	ck_assert_int_eq(v.answer, HM_CONTROL_GO);
	hm_control_schedule(&limits, &past, &off, NOW + 61, &v);
	check_verdict(&v, 0, "too_old", "61 s");
	/* The DTU may get it 3 s later. */
	hm_control_schedule(&limits, &past, &off, NOW + 57, &v);
	ck_assert_int_eq(v.answer, HM_CONTROL_GO);
	hm_control_schedule(&limits, &past, &off, NOW + 58, &v);
	check_verdict(&v, 0, "too_old", "58 s old, and the DTU may get it 3 s "
	    "later (comm_timeout), allowed by control_max_age are 60 s");
	ck_assert_int_eq(hm_control_restore_at(&limits, &past), INT64_MAX);
	hm_control_sent(&past, &off, NOW);
	hm_control_sent(&past, &temporary, NOW);
	ck_assert_int_eq(past.kept_today, 1);
	ck_assert_int_eq(past.kept_at[HM_CONTROL_KEPT_LIMIT], NOW);
	ck_assert_int_eq(hm_control_restore_at(&limits, &past), NOW + 300);
	hm_control_sent(&past, &temporary, NOW + 10);
	ck_assert_int_eq(hm_control_restore_at(&limits, &past), NOW + 310);
	snprintf(temporary.from, sizeof temporary.from, HM_CONTROL_RESTORE);
	hm_control_sent(&past, &temporary, NOW + 310);
	ck_assert_int_eq(hm_control_restore_at(&limits, &past), INT64_MAX);
	past.temporary_at = NOW;
	ck_assert_int_eq(hm_control_restore_at(
	    &(struct hm_control_limits){.restore_s = 0}, &past), INT64_MAX);
}
END_TEST

START_TEST(replacement)
{
	struct hm_command kept = KEPT(600), other = KEPT(700);
	struct hm_command on = DO(TURN_ON), off = DO(TURN_OFF);
	struct hm_command temporary = PERCENT(600);

	ck_assert(hm_control_replaces(&other, &kept));
	ck_assert(hm_control_replaces(&on, &off));
	ck_assert(!hm_control_replaces(&temporary, &kept));
	ck_assert(!hm_control_replaces(&on, &kept));
	other.serial[0] = '1';
	ck_assert(!hm_control_replaces(&other, &kept));
	other = kept;
	other.dtu[0] = 'b';
	ck_assert(!hm_control_replaces(&other, &kept));
}
END_TEST

/* A DTU of two inverters with a known power; rows change what differs. */
#define HM {.all = 2, .inverters = 2, .rated = 3000, .limit = -1}
#define HMS_W {.all = 1, .inverters = 1, .rated = 800, .limit = -1, \
	.takes_watts = true}
#define UNRATED {.all = 1, .inverters = 1, .limit = -1, .takes_watts = true}
#define BIG {.all = 4, .inverters = 4, .rated = 8000, .limit = -1, \
	.takes_watts = true}
#define MI {.all = 2, .inverters = 2, .has_mi = true, .limit = -1}
#define AT_60 {.all = 2, .inverters = 2, .limit = 600}
#define ONE_OF_TWO {.all = 2, .inverters = 1, .limit = -1}
#define NONE {.all = 2, .inverters = 0, .limit = -1}
#define MODBUS {.all = 2, .inverters = 2, .is_modbus = true, .limit = -1}
#define MODBUS_ONE {.all = 2, .inverters = 1, .is_modbus = true, .limit = -1}
#define MODBUS_ALONE {.all = 1, .inverters = 1, .is_modbus = true, .limit = -1}
#define OLD_MAP {.all = 2, .inverters = 2, .is_modbus = true, .limit = -1, \
	.has_old_map = true}

START_TEST(devices)
{
	static const struct {
		struct hm_command command;
		const char *serial;
		struct hm_control_device device;
		const char *error, *word;
	} rows[] = {
	    {KEPT(20), "", HM, NULL, NULL},
	    {KEPT(605), "", HM, NULL, NULL},
	    {KEPT(99), "", MI, "bounds", "found 9.9 %, allowed are 10 to 100"},
	    {KEPT(100), "", MI, NULL, NULL},
	    {KEPT(601), "", AT_60, NULL, NULL},
	    {KEPT(600), "1121", ONE_OF_TWO, "not_supported", "all inverters"},
	    {KEPT(600), "1121", NONE, "no_inverter", "no inverter 1121"},
	    {DO(TURN_OFF), "1121", ONE_OF_TWO, NULL, NULL},
	    {DO(RESTART_INVERTER), "1121", ONE_OF_TWO, NULL, NULL},
	    {DO(CLEAR_ALARMS), "", HM, NULL, NULL},
	    {DO(CLEAR_ALARMS), "1121", ONE_OF_TWO, "not_supported", "whole"},
	    {DO(RESTART_DTU), "1121", ONE_OF_TWO, "not_supported", "whole"},
	    {PERCENT(600), "", HM, "not_supported", "temporary"},
	    {WATTS(3000), "", HM, "not_supported", "temporary"},
	    {PERCENT(600), "", HMS_W, "not_supported", "allowed is watts"},
	    {WATTS(3000), "", HMS_W, NULL, NULL},
	    {WATTS(8000), "", HMS_W, NULL, NULL},
	    {WATTS(8001), "", HMS_W, "bounds", "0.1 to 800 W"},
	    {WATTS(32768), "", BIG, "bounds", "0.1 to 3276.7 W"},
	    {WATTS(10), "", UNRATED, "not_supported", "rated power"},
	    {KEPT(600), "", MODBUS, NULL, NULL},
	    {KEPT(605), "", MODBUS, "bounds", "found 60.5 %"},
	    {PERCENT(600), "", MODBUS, NULL, NULL},
	    {PERCENT(600), "", OLD_MAP, "not_supported", "old map"},
	    {KEPT(600), "", OLD_MAP, NULL, NULL},
	    {WATTS(3000), "", MODBUS, "not_supported", "in watts"},
	    {DO(TURN_ON), "", MODBUS, NULL, NULL},
	    {DO(TURN_ON), "1121", MODBUS_ONE, "not_supported", "all"},
	    {DO(TURN_ON), "1121", MODBUS_ALONE, NULL, NULL},
	    {KEPT(600), "1121", MODBUS_ALONE, NULL, NULL},
	    {DO(RESTART_DTU), "", MODBUS, "not_supported", "only limits"},
	    {DO(RESTART_INVERTER), "", MODBUS, "not_supported", "only"},
	    {DO(CLEAR_ALARMS), "", MODBUS, "not_supported", "only limits"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_command command = rows[i].command;
		struct hm_control_verdict v;

		snprintf(command.serial, sizeof command.serial, "%s",
		    rows[i].serial);
		hm_control_fit(&command, &rows[i].device, &v);
		check_verdict(&v, i, rows[i].error, rows[i].word);
	}
}
END_TEST

/* The same kept limit is not written again; a temporary one may be. */
START_TEST(same_limit)
{
	struct hm_control_device device = AT_60;
	struct hm_command kept = KEPT(600), temporary = PERCENT(600);
	struct hm_control_verdict v;

	hm_control_fit(&kept, &device, &v);
	ck_assert_int_eq(v.answer, HM_CONTROL_ALREADY);
	device.is_modbus = true;
	hm_control_fit(&kept, &device, &v);
	ck_assert_int_eq(v.answer, HM_CONTROL_ALREADY);
	hm_control_fit(&temporary, &device, &v);
	ck_assert_int_eq(v.answer, HM_CONTROL_GO);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("control_rules");
	TCase *tc = tcase_create("control_rules");

	tcase_add_test(tc, admission);
	tcase_add_test(tc, kept_limits);
	tcase_add_test(tc, other_orders);
	tcase_add_test(tc, replacement);
	tcase_add_test(tc, devices);
	tcase_add_test(tc, same_limit);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
