#include "control_rules.h"

#include <check.h>
#include <string.h>

#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define NOW 1800000000

static const struct hm_control_limits limits = {60, 3, 60, 3, 0};

#define ORDER(what) .time = NOW, .has_action = true, \
	.action = HM_ACTION_##what
#define TOLD(bits, ...) .told = {.has = (bits), .value = {__VA_ARGS__}}
#define MODE_BIT HM_TOLD_BIT(HM_TOLD_MODE)
#define RESERVE_BIT HM_TOLD_BIT(HM_TOLD_RESERVE_SOC)
#define POWER_BIT HM_TOLD_BIT(HM_TOLD_MAX_POWER)
#define MODE(which) {ORDER(SET_MODE), TOLD(MODE_BIT, HM_MODE_##which)}
#define RESERVE(which, soc) {ORDER(SET_MODE), \
	TOLD(MODE_BIT | RESERVE_BIT, HM_MODE_##which, soc)}
#define FORCED(which, soc, power) {ORDER(SET_MODE), \
	TOLD(MODE_BIT | RESERVE_BIT | POWER_BIT, HM_MODE_##which, soc, power)}
#define POWER(which, power) {ORDER(SET_MODE), \
	TOLD(MODE_BIT | POWER_BIT, HM_MODE_##which, 0, power)}
#define PEAK(soc, power) {ORDER(SET_MODE), TOLD(MODE_BIT | \
	HM_TOLD_BIT(HM_TOLD_PEAK_SOC) | HM_TOLD_BIT(HM_TOLD_PEAK_POWER), \
	HM_MODE_PEAK_SHAVING, 0, 0, soc, power)}
#define HOURS(which) {ORDER(SET_MODE), \
	TOLD(MODE_BIT | HM_TOLD_BIT(HM_TOLD_HOURS), HM_MODE_##which, \
	[HM_TOLD_HOURS] = 1)}
#define SOC(bits, low, high) {ORDER(SET_SOC_LIMITS), \
	TOLD(bits, 0, 0, 0, 0, 0, low, high)}
#define LOW HM_TOLD_BIT(HM_TOLD_SOC_MIN)
#define HIGH HM_TOLD_BIT(HM_TOLD_SOC_MAX)
#define EXPORT(tenths) {ORDER(SET_EXPORT_LIMIT), \
	.unit = HM_COMMAND_PERCENT, .amount = (tenths)}
#define UNLIMITED {ORDER(SET_EXPORT_LIMIT), \
	TOLD(HM_TOLD_BIT(HM_TOLD_UNLIMITED), [HM_TOLD_UNLIMITED] = 1)}

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
	ck_assert_msg(strcmp(v->error, error) == 0, "%zu: %s: %s", row,
	    v->error, v->text);
	ck_assert_msg(strstr(v->text, word) != NULL, "%zu: %s", row, v->text);
}

START_TEST(admission)
{
	static const struct {
		struct hm_command command;
		const char *error, *word;
	} rows[] = {
	    {FORCED(FORCED_CHARGE, 100, 1000), NULL, NULL},
	    {FORCED(FORCED_CHARGE, 0, 0), NULL, NULL},
	    {RESERVE(SELF_USE, 101), "bounds",
	    "reserve_soc: found 101 %, allowed are 0 to 100 %"},
	    {RESERVE(SELF_USE, -1), "bounds", "found -1 %"},
	    {POWER(FORCED_CHARGE, 1001), "bounds", "max_power: found 100.1 %"},
	    {PEAK(50, 100001), "bounds", "peak_power: found 100001 W"},
	    {PEAK(101, 2000), "bounds", "peak_soc"},
	    {PEAK(50, 2000), NULL, NULL},
	    {SOC(LOW, 5, 0), NULL, NULL},
	    {SOC(HIGH, 0, INT64_MAX), "bounds", "soc_max"},
	    {SOC(LOW | HIGH, 50, 51), NULL, NULL},
	    {SOC(LOW | HIGH, 50, 50), "bounds", "soc_min 50 %"},
	    {EXPORT(0), NULL, NULL},
	    {EXPORT(2000), NULL, NULL},
	    {EXPORT(2001), "bounds", "percent: found 200.1 %"},
	    {EXPORT(-1), "bounds", "found -0.1 %"},
	    {UNLIMITED, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_control_verdict v;

		hm_control_admit(&limits, &rows[i].command, false, NOW, &v);
		check_verdict(&v, i, rows[i].error, rows[i].word);
	}
}
END_TEST

/* Settings are kept: they wait, and have a number a day, as kept limits do. */
START_TEST(settings_are_kept)
{
	const struct hm_command mode = MODE(SELF_USE);
	const struct hm_command others[] = {{ORDER(LIMIT),
	    .unit = HM_COMMAND_PERCENT, .amount = 600}, SOC(HIGH, 0, 90),
	    EXPORT(300)};
	struct hm_command later = MODE(BACKUP);
	struct hm_control_past past;
	struct hm_control_verdict v;

	hm_control_past_init(&past);
	hm_control_sent(&past, &mode, NOW);
	/* Each has an interval of its own. */
	for (size_t i = 0; i < COUNT(others); i++) {
		hm_control_schedule(&limits, &past, &others[i], NOW + 1, &v);
		check_verdict(&v, i, NULL, NULL);
	}
	later.time = NOW + 3;
	hm_control_schedule(&limits, &past, &later, NOW + 3, &v);
	ck_assert_int_eq(v.answer, HM_CONTROL_WAIT);
	ck_assert_int_eq(v.at, NOW + 60);
	/* It would wait only to be too old then. */
	later.time = NOW + 2;
	hm_control_schedule(&limits, &past, &later, NOW + 3, &v);
	check_verdict(&v, 0, "too_often", "sent at 2027-01-15T08:00:00Z, "
	    "control_min_interval allows the next at 2027-01-15T08:01:00Z, "
	    "when this one is too old (control_max_age)");
	hm_control_sent(&past, &others[0], NOW);
	hm_control_sent(&past, &others[1], NOW);
	for (size_t i = 0; i < 2; i++) {
		hm_control_schedule(&limits, &past, &others[i], NOW, &v);
		ck_assert_int_eq(v.answer, HM_CONTROL_REFUSE);
	}
	hm_control_schedule(&limits, &past, &mode, NOW + 1, &v);
	check_verdict(&v, 0, "too_often", "3 kept limits and settings");
}
END_TEST

START_TEST(replacement)
{
	const struct hm_command low = SOC(LOW, 5, 0), high = SOC(HIGH, 0, 90);
	const struct hm_command both = SOC(LOW | HIGH, 5, 90);
	const struct hm_command one = MODE(SELF_USE), two = MODE(BACKUP);

	const struct hm_command full = FORCED(FORCED_CHARGE, 80, 500);
	const struct hm_command part = RESERVE(FORCED_CHARGE, 70);
	const struct hm_command limited = EXPORT(300), unlimited = UNLIMITED;

	ck_assert(hm_control_replaces(&one, &two));
	ck_assert(hm_control_replaces(&one, &full));
	ck_assert(hm_control_replaces(&full, &part));
	/* It would not set the power. */
	ck_assert(!hm_control_replaces(&part, &full));
	ck_assert(hm_control_replaces(&limited, &unlimited));
	ck_assert(hm_control_replaces(&unlimited, &limited));
	ck_assert(!hm_control_replaces(&one, &low));
	ck_assert(hm_control_replaces(&low, &low));
	ck_assert(hm_control_replaces(&both, &low));
	/* It would not set what the other one sets. */
	ck_assert(!hm_control_replaces(&high, &low));
	ck_assert(!hm_control_replaces(&low, &both));
}
END_TEST

#define REGISTERS(what, unproven, had) {.kind = HM_CONTROL_REGISTERS, \
	.all = 1, .inverters = 1, .hybrid = {.allows_unproven = unproven, \
	.role = HM_G3_##what, .has_it = had, .soc_min = 5, .soc_max = 100}}
#define SINGLE_ONE REGISTERS(SINGLE, false, false)
#define ANY_ONE REGISTERS(SINGLE, true, false)

START_TEST(registers)
{
	static const struct {
		struct hm_command command;
		struct hm_control_device device;
		const char *error, *word;
	} rows[] = {
	    {MODE(SELF_USE), SINGLE_ONE, NULL, NULL},
	    {RESERVE(SELF_USE, 30), SINGLE_ONE, NULL, NULL},
	    {FORCED(FORCED_CHARGE, 77, 280), SINGLE_ONE, NULL, NULL},
	    {FORCED(FORCED_DISCHARGE, 30, 1000), SINGLE_ONE, NULL, NULL},
	    {MODE(ECONOMIC), SINGLE_ONE, "unproven",
	    "this mode; allowed with control_unproven: true"},
	    {MODE(BACKUP), SINGLE_ONE, "unproven", "this mode"},
	    {MODE(OFF_GRID), SINGLE_ONE, "unproven", "this mode"},
	    {MODE(PEAK_SHAVING), SINGLE_ONE, "unproven", "this mode"},
	    {MODE(TIME_OF_USE), SINGLE_ONE, "unproven", "this mode"},
	    {MODE(OFF_GRID), ANY_ONE, NULL, NULL},
	    {RESERVE(BACKUP, 60), ANY_ONE, NULL, NULL},
	    {RESERVE(BACKUP, 59), ANY_ONE, "bounds", "backup are 60 to 100"},
	    {RESERVE(OFF_GRID, 50), ANY_ONE, "not_supported",
	    "no register is known for the reserve_soc of the mode off_grid"},
	    {POWER(SELF_USE, 500), ANY_ONE, "not_supported",
	    "max_power of the mode self_use"},
	    {PEAK(50, 2000), ANY_ONE, "not_supported", "peak_soc"},
	    {HOURS(TIME_OF_USE), ANY_ONE, "not_supported",
	    "hours of the mode time_of_use"},
	    {MODE(SELF_USE), REGISTERS(SLAVE, true, false), "not_supported",
	    "a slave"},
	    {MODE(SELF_USE), REGISTERS(MASTER, false, false), "unproven",
	    "in parallel"},
	    {MODE(SELF_USE), REGISTERS(MASTER, true, false), NULL, NULL},
	    {MODE(SELF_USE), REGISTERS(ROLE_UNKNOWN, false, false),
	    "unproven", "does not say"},
	    {SOC(HIGH, 0, 90), SINGLE_ONE, NULL, NULL},
	    {SOC(HIGH, 0, 5), SINGLE_ONE, "bounds",
	    "it would make soc_min 5 % and soc_max 5 %"},
	    {SOC(LOW, 10, 0), SINGLE_ONE, "unproven", "soc_min"},
	    {SOC(LOW | HIGH, 10, 90), SINGLE_ONE, "unproven", "soc_min"},
	    {SOC(LOW, 10, 0), ANY_ONE, NULL, NULL},
	    {SOC(LOW, 100, 0), ANY_ONE, "bounds", "soc_max 100 %"},
	    {EXPORT(300), SINGLE_ONE, "unproven", "set_export_limit"},
	    {EXPORT(300), ANY_ONE, NULL, NULL},
	    {UNLIMITED, ANY_ONE, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_control_verdict v;

		hm_control_fit(&rows[i].command, &rows[i].device, &v);
		check_verdict(&v, i, rows[i].error, rows[i].word);
	}
}
END_TEST

/* Only what might be sent may be there already. */
START_TEST(what_is_there_already)
{
	const struct hm_command mode = MODE(SELF_USE), backup = MODE(BACKUP);
	const struct hm_control_device device = REGISTERS(SINGLE, false,
	    true);
	struct hm_control_verdict v;

	hm_control_fit(&mode, &device, &v);
	ck_assert_int_eq(v.answer, HM_CONTROL_ALREADY);
	hm_control_fit(&backup, &device, &v);
	check_verdict(&v, 0, "unproven", "this mode");
}
END_TEST

#define GATEWAY(n, unproven) {.kind = HM_CONTROL_GATEWAY, .all = 2, \
	.inverters = n, .hybrid = {.allows_unproven = unproven}}

START_TEST(gateways)
{
	static const struct {
		struct hm_command command;
		struct hm_control_device device;
		const char *error, *word;
	} rows[] = {
	    {RESERVE(SELF_USE, 30), GATEWAY(1, false), "unproven",
	    "control_unproven: true"},
	    {RESERVE(SELF_USE, 30), GATEWAY(1, true), NULL, NULL},
	    {RESERVE(BACKUP, 30), GATEWAY(1, true), NULL, NULL},
	    {RESERVE(OFF_GRID, 30), GATEWAY(1, true), NULL, NULL},
	    {FORCED(FORCED_CHARGE, 30, 500), GATEWAY(1, true), NULL, NULL},
	    {PEAK(50, 2000), GATEWAY(1, true), NULL, NULL},
	    {RESERVE(SELF_USE, 30), GATEWAY(2, true), "not_supported",
	    "the serial of one"},
	    {RESERVE(SELF_USE, 30), GATEWAY(0, true), "no_inverter", ""},
	    /* What is left out would be 0. */
	    {MODE(SELF_USE), GATEWAY(1, true), "invalid",
	    "self_use over es needs reserve_soc, and"},
	    {RESERVE(FORCED_CHARGE, 30), GATEWAY(1, true), "invalid",
	    "reserve_soc and max_power"},
	    {FORCED(SELF_USE, 30, 500), GATEWAY(1, true), "invalid",
	    "needs reserve_soc, and nothing else"},
	    {RESERVE(PEAK_SHAVING, 30), GATEWAY(1, true), "invalid",
	    "peak_soc and peak_power"},
	    {MODE(TIME_OF_USE), GATEWAY(1, true), "invalid", "needs hours"},
	    {HOURS(TIME_OF_USE), GATEWAY(1, true), NULL, NULL},
	    {HOURS(SELF_USE), GATEWAY(1, true), "invalid", "reserve_soc"},
	    {MODE(ECONOMIC), GATEWAY(1, true), "not_supported", "prices"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_control_verdict v;

		hm_control_fit(&rows[i].command, &rows[i].device, &v);
		check_verdict(&v, i, rows[i].error, rows[i].word);
	}
}
END_TEST

/* Which actions what is read over a transport may take. */
START_TEST(actions)
{
	static const struct {
		enum hm_transport transport;
		bool is_gateway;
		enum hm_action action;
		const char *word;
		uint8_t unit;
	} rows[] = {
	    {HM_TRANSPORT_HM, false, HM_ACTION_LIMIT, NULL, 0},
	    {HM_TRANSPORT_MODBUS, false, HM_ACTION_CLEAR_ALARMS, NULL, 1},
	    {HM_TRANSPORT_HM, false, HM_ACTION_SET_MODE, "modbus-g3://", 0},
	    {HM_TRANSPORT_MODBUS, false, HM_ACTION_SET_SOC_LIMITS, "es://", 1},
	    {HM_TRANSPORT_ES, true, HM_ACTION_SET_MODE, NULL, 0},
	    {HM_TRANSPORT_HM, true, HM_ACTION_SET_MODE, NULL, 0},
	    {HM_TRANSPORT_HM, true, HM_ACTION_LIMIT, "of gateways", 0},
	    {HM_TRANSPORT_ES, true, HM_ACTION_SET_EXPORT_LIMIT,
	    "only set_mode", 0},
	    {HM_TRANSPORT_MODBUS_G3, false, HM_ACTION_SET_MODE, NULL, 1},
	    {HM_TRANSPORT_MODBUS_G3, false, HM_ACTION_SET_SOC_LIMITS, NULL, 1},
	    {HM_TRANSPORT_MODBUS_G3, false, HM_ACTION_SET_EXPORT_LIMIT, NULL,
	    1},
	    {HM_TRANSPORT_MODBUS_G3, false, HM_ACTION_TURN_OFF,
	    "over modbus-g3 only", 1},
	    {HM_TRANSPORT_MODBUS_G3, false, HM_ACTION_SET_MODE,
	    "unit 0 is all inverters", 0},
	    {HM_TRANSPORT_MODBUS, false, HM_ACTION_LIMIT, NULL, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_dtu dtu = {.transport = rows[i].transport,
		    .unit = rows[i].unit};
		const char *why = hm_control_unknown_action(&dtu,
		    rows[i].is_gateway, rows[i].action);

		ck_assert_msg((why == NULL) == (rows[i].word == NULL), "%zu",
		    i);
		ck_assert_msg(why == NULL || strstr(why, rows[i].word) != NULL,
		    "%zu: %s", i, why);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("control_hybrid");
	TCase *tc = tcase_create("control_hybrid");

	tcase_add_test(tc, admission);
	tcase_add_test(tc, settings_are_kept);
	tcase_add_test(tc, replacement);
	tcase_add_test(tc, registers);
	tcase_add_test(tc, what_is_there_already);
	tcase_add_test(tc, gateways);
	tcase_add_test(tc, actions);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
