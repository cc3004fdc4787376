#include "g3_order.h"

#include <check.h>
#include <string.h>

#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define MODES {0, 10, 80, 90, 1000, 20, 500}

/* What a command makes of a block that was read: the write, or its middle. */
START_TEST(writes)
{
	static const struct {
		enum hm_action action;
		struct hm_told told;
		int64_t percent; /* below 0: none */
		uint16_t words[HM_G3_SETTINGS_MAX];
		struct hm_g3_write write;
	} rows[] = {
	    {HM_ACTION_SET_MODE, {.has = HM_TOLD_BIT(HM_TOLD_MODE),
	    .value = {HM_MODE_BACKUP}}, -1, MODES,
	    {4300, 7, {2, 10, 80, 90, 1000, 20, 500}}},
	    {HM_ACTION_SET_MODE, {.has = HM_TOLD_BIT(HM_TOLD_MODE) |
	    HM_TOLD_BIT(HM_TOLD_RESERVE_SOC),
	    .value = {HM_MODE_SELF_USE, 30}}, -1,
	    MODES, {4300, 7, {0, 30, 80, 90, 1000, 20, 500}}},
	    {HM_ACTION_SET_MODE, {.has = HM_TOLD_BIT(HM_TOLD_MODE) |
	    HM_TOLD_BIT(HM_TOLD_RESERVE_SOC) |
	    HM_TOLD_BIT(HM_TOLD_MAX_POWER),
	    .value = {HM_MODE_FORCED_CHARGE, 77, 280}},
	    -1, MODES, {4300, 7, {4, 10, 80, 77, 280, 20, 500}}},
	    {HM_ACTION_SET_MODE, {.has = HM_TOLD_BIT(HM_TOLD_MODE) |
	    HM_TOLD_BIT(HM_TOLD_MAX_POWER),
	    .value = {HM_MODE_FORCED_DISCHARGE, 0, 0}},
	    -1, MODES, {4300, 7, {5, 10, 80, 90, 1000, 20, 0}}},
	    {HM_ACTION_SET_SOC_LIMITS, {.has = HM_TOLD_BIT(HM_TOLD_SOC_MAX),
	    .value = {0, 0, 0, 0, 0, 0, 95}}, -1,
	    {3, 0, 0, 1000, 1000, 100, 5, 1, 2},
	    {308, 1, {95}}},
	    {HM_ACTION_SET_SOC_LIMITS, {.has = HM_TOLD_BIT(HM_TOLD_SOC_MIN),
	    .value = {0, 0, 0, 0, 0, 15}}, -1,
	    {3, 0, 0, 1000, 1000, 100, 5, 1, 2},
	    {309, 1, {15}}},
	    {HM_ACTION_SET_SOC_LIMITS, {.has = HM_TOLD_BIT(HM_TOLD_SOC_MIN) |
	    HM_TOLD_BIT(HM_TOLD_SOC_MAX), .value = {0, 0, 0, 0, 0, 15, 95}}, -1,
	    {3, 0, 0, 1000, 1000, 100, 5, 1, 2}, {308, 2, {95, 15}}},
	    {HM_ACTION_SET_EXPORT_LIMIT, {.has = 0}, 300, {0, 1000},
	    {258, 2, {1, 300}}},
	    {HM_ACTION_SET_EXPORT_LIMIT, {.has = HM_TOLD_BIT(HM_TOLD_UNLIMITED),
	    .value = {[HM_TOLD_UNLIMITED] = 1}}, -1, {1, 300},
	    {258, 2, {0, 300}}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_command command = {.has_action = true,
		    .action = rows[i].action, .told = rows[i].told};
		const struct hm_g3_block *block =
		    hm_g3_order_block(rows[i].action);
		struct hm_g3_write write = {.first = 0};
		uint16_t words[HM_G3_SETTINGS_MAX];

		if (rows[i].percent >= 0) {
			command.unit = HM_COMMAND_PERCENT;
			command.amount = rows[i].percent;
		}
		ck_assert(hm_g3_order_is_sane(rows[i].action, rows[i].words));
		hm_g3_order_write(&command, rows[i].words, &write);
		ck_assert_msg(memcmp(&write, &rows[i].write, sizeof write) ==
		    0, "%zu", i);
		ck_assert(!hm_g3_order_is_done(rows[i].action, rows[i].words,
		    &write));
		memcpy(words, rows[i].words, sizeof words);
		memcpy(words + write.first - block->first, write.word,
		    2 * write.count);
		ck_assert(hm_g3_order_is_done(rows[i].action, words, &write));
		ck_assert(hm_g3_order_is_sane(rows[i].action, words));
	}
}
END_TEST

/* The registers of another request. */
START_TEST(foreign_words)
{
	static const struct {
		enum hm_action action;
		uint16_t words[HM_G3_SETTINGS_MAX];
	} rows[] = {
	    {HM_ACTION_SET_MODE, {9, 10, 80, 90, 1000, 20, 500}},
	    {HM_ACTION_SET_MODE, {0, 101, 80, 90, 1000, 20, 500}},
	    {HM_ACTION_SET_MODE, {0, 10, 80, 90, 1001, 20, 500}},
	    {HM_ACTION_SET_MODE, {0, 10, 80, 90, 1000, 20, 0xffff}},
	    {HM_ACTION_SET_MODE, {0}},
	    {HM_ACTION_SET_MODE, {5, 5, 5, 5, 5, 5, 5}},
	    {HM_ACTION_SET_SOC_LIMITS, {0}},
	    {HM_ACTION_SET_SOC_LIMITS, {3, 0, 0, 1000, 1000, 101, 5}},
	    {HM_ACTION_SET_SOC_LIMITS, {3, 0, 0, 1000, 1000, 50, 50}},
	    {HM_ACTION_SET_EXPORT_LIMIT, {2, 1000}},
	    {HM_ACTION_SET_EXPORT_LIMIT, {0, 2001}},
	    {HM_ACTION_SET_EXPORT_LIMIT, {0, (uint16_t)-101}},
	    {HM_ACTION_LIMIT, MODES},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(!hm_g3_order_is_sane(rows[i].action,
		    rows[i].words), "%zu", i);
}
END_TEST

START_TEST(shown)
{
	static const struct {
		enum hm_action action;
		uint16_t words[HM_G3_SETTINGS_MAX];
		const char *text;
		struct hm_told told;
		int64_t percent;
	} rows[] = {
	    {HM_ACTION_SET_MODE, MODES, "mode self_use, reserve_soc 10 %",
	    {.has = HM_TOLD_BIT(HM_TOLD_MODE) |
    HM_TOLD_BIT(HM_TOLD_RESERVE_SOC),
	    .value = {HM_MODE_SELF_USE, 10}}, -1},
	    {HM_ACTION_SET_MODE, {5, 10, 80, 90, 1000, 20, 505},
	    "mode forced_discharge, reserve_soc 20 %, max_power 50.5 %",
	    {.has = HM_TOLD_BIT(HM_TOLD_MODE) |
    HM_TOLD_BIT(HM_TOLD_RESERVE_SOC) |
	    HM_TOLD_BIT(HM_TOLD_MAX_POWER),
	    .value = {HM_MODE_FORCED_DISCHARGE, 20, 505}}, -1},
	    {HM_ACTION_SET_MODE, {7, 10, 80, 90, 1000, 20, 505},
	    "mode time_of_use", {.has = HM_TOLD_BIT(HM_TOLD_MODE),
	    .value = {HM_MODE_TIME_OF_USE}}, -1},
	    {HM_ACTION_SET_MODE, {8, 10, 80, 90, 1000, 20, 505},
	    "working mode 8", {.has = 0}, -1},
	    {HM_ACTION_SET_SOC_LIMITS, {3, 0, 0, 1000, 1000, 100, 5},
	    "soc_min 5 %, soc_max 100 %", {.has = HM_TOLD_BIT(HM_TOLD_SOC_MIN) |
	    HM_TOLD_BIT(HM_TOLD_SOC_MAX),
	    .value = {0, 0, 0, 0, 0, 5, 100}}, -1},
	    {HM_ACTION_SET_EXPORT_LIMIT, {1, 305},
	    "a limit of the export of 30.5 %", {.has = 0}, 305},
	    {HM_ACTION_SET_EXPORT_LIMIT, {1, (uint16_t)-50},
	    "a limit of the export of -5 %", {.has = 0}, -1},
	    {HM_ACTION_SET_EXPORT_LIMIT, {0, 305}, "no limit of the export",
	    {.has = HM_TOLD_BIT(HM_TOLD_UNLIMITED),
	    .value = {[HM_TOLD_UNLIMITED] = 1}}, -1},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_result result = hm_result(HM_RESULT_DONE, NULL,
		    NULL);
		char text[HM_G3_SHOWN];

		hm_g3_order_show(rows[i].action, rows[i].words, &result, text);
		ck_assert_str_eq(text, rows[i].text);
		ck_assert_msg(hm_told_is_same(&result.told, &rows[i].told),
		    "%zu", i);
		ck_assert_int_eq(result.percent, rows[i].percent);
	}
}
END_TEST

START_TEST(roles)
{
	static const struct {
		uint16_t words[2];
		enum hm_g3_role role;
	} rows[] = {
	    {{0, 0}, HM_G3_SINGLE}, {{0, 1}, HM_G3_SINGLE},
	    {{0, 2}, HM_G3_ROLE_UNKNOWN}, {{0, 0x2490}, HM_G3_ROLE_UNKNOWN},
	    {{1, 2}, HM_G3_MASTER}, {{1, 1}, HM_G3_ROLE_UNKNOWN},
	    {{2, 0}, HM_G3_SLAVE}, {{2, 3}, HM_G3_SLAVE},
	    {{3, 1}, HM_G3_ROLE_UNKNOWN},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_int_eq(hm_g3_role_of(rows[i].words), rows[i].role);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("g3_order");
	TCase *tc = tcase_create("g3_order");

	tcase_add_test(tc, writes);
	tcase_add_test(tc, foreign_words);
	tcase_add_test(tc, shown);
	tcase_add_test(tc, roles);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
