#include <check.h>
#include <stdio.h>

#include "record/command.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define WRITTEN ((size_t)1024)
#define HOURS(range) "{\"charge\":\"" range "\",\"charge_power\":50," \
    "\"discharge\":\"17:00-21:15\",\"discharge_power\":100," \
    "\"soc_min\":10,\"soc_max\":90}"
#define TIMES(hours) "\"action\":\"set_mode\",\"mode\":\"time_of_use\"," \
    "\"hours\":" hours
#define BAD_HOURS(hours) {TIMES("[" hours "]"), "hours are not 1 to 4"}

static const char *
read_line(struct hm_command *command, const char *line)
{
	static char text[HM_COMMAND_WRONG];
	static struct hm_record record;
	struct hm_fault fault;

	ck_assert_msg(hm_record_parse(&record, hm_text(line), &fault), "%s",
	    line);
	return hm_command_read(command, &record, text);
}

/* As a line; the buffer is ended by a NUL. */
static void
check_written(const char *expected, const struct hm_json *e)
{
	struct hm_slice line;

	ck_assert(hm_json_done(e, &line));
	ck_assert_uint_eq(line.n, strlen(expected));
	ck_assert_msg(hm_slice_is(line, expected), "%.*s", (int)line.n,
	    line.p);
}

/* Good commands: as they are read, they are written. */
START_TEST(good)
{
	static const char *const lines[] = {
	    "{\"type\":\"command\",\"action\":\"turn_on\"}",
	    "{\"type\":\"command\",\"time\":\"2026-11-23T10:15:00Z\","
	    "\"id\":\"a b\",\"dtu\":\"roof\",\"serial\":\"116172207281\","
	    "\"action\":\"limit\",\"percent\":60.5,\"from\":\"stdin\"}",
	    "{\"type\":\"command\",\"action\":\"limit_temporary\","
	    "\"watts\":0.1}",
	    "{\"type\":\"command\",\"action\":\"limit_temporary\","
	    "\"percent\":-3}",
	    "{\"type\":\"command\",\"action\":\"turn_off\"}",
	    "{\"type\":\"command\",\"action\":\"restart_inverter\"}",
	    "{\"type\":\"command\",\"action\":\"restart_dtu\"}",
	    "{\"type\":\"command\",\"action\":\"clear_alarms\"}",
	    "{\"type\":\"command\",\"action\":\"set_mode\","
	    "\"mode\":\"forced_charge\",\"reserve_soc\":77,"
	    "\"max_power\":28.5,\"from\":\"stdin\"}",
	    "{\"type\":\"command\",\"action\":\"set_mode\","
	    "\"mode\":\"peak_shaving\",\"peak_soc\":0,\"peak_power\":-1}",
	    "{\"type\":\"command\",\"action\":\"set_mode\","
	    "\"mode\":\"self_use\"}",
	    "{\"type\":\"command\",\"action\":\"set_mode\","
	    "\"mode\":\"time_of_use\",\"hours\":[" HOURS("00:00-23:59") "]}",
	    "{\"type\":\"command\",\"action\":\"set_mode\","
	    "\"mode\":\"time_of_use\",\"hours\":[" HOURS("22:30-05:00") ","
	    HOURS("01:00-02:00") "," HOURS("01:00-02:00") ","
	    HOURS("01:00-01:00") "]}",
	    "{\"type\":\"command\",\"action\":\"set_soc_limits\","
	    "\"soc_min\":10,\"soc_max\":90}",
	    "{\"type\":\"command\",\"action\":\"set_export_limit\","
	    "\"percent\":30}",
	    "{\"type\":\"command\",\"action\":\"set_export_limit\","
	    "\"unlimited\":true}",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		char buf[WRITTEN];
		struct hm_command command;
		struct hm_json e;

		ck_assert_msg(read_line(&command, lines[i]) == NULL, "%s",
		    lines[i]);
		hm_json_start(&e, buf, sizeof buf);
		hm_json_command(&e, &command);
		check_written(lines[i], &e);
	}
}
END_TEST

START_TEST(members)
{
	struct hm_command c;

	ck_assert_ptr_null(read_line(&c, "{\"action\":\"limit\","
	    "\"percent\":6e1,\"serial\":\"1161722072AB\",\"x\":[1],"
	    "\"time\":\"1970-01-01T00:01:00Z\",\"from\":\"a\\nb\"}"));
	ck_assert_int_eq(c.action, HM_ACTION_LIMIT);
	ck_assert_int_eq(c.unit, HM_COMMAND_PERCENT);
	ck_assert_int_eq(c.amount, 600);
	ck_assert_int_eq(c.time, 60);
	ck_assert_str_eq(c.serial, "1161722072ab");
	ck_assert_str_eq(c.from, "a?b");
	ck_assert_str_eq(c.id, "");
	ck_assert_str_eq(c.dtu, "");
	ck_assert_ptr_null(read_line(&c, "{\"action\":\"turn_on\"}"));
	ck_assert_int_eq(c.time, HM_COMMAND_NO_TIME);
	ck_assert_int_eq(c.unit, HM_COMMAND_NONE);
}
END_TEST

/* The members of a bad command, and a word of what is wrong with it. */
START_TEST(bad)
{
	static const struct {
		const char *members, *word;
	} rows[] = {
	    {"\"x\":1", "action is none of"},
	    {"\"action\":\"limits\"", "action is none of"},
	    {"\"action\":1", "action is none of"},
	    {"\"action\":\"limit\"", "percent alone"},
	    {"\"action\":\"limit\",\"watts\":300", "limit_temporary"},
	    {"\"action\":\"limit\",\"percent\":60,\"watts\":300",
	    "percent alone"},
	    {"\"action\":\"limit_temporary\"", "one of percent"},
	    {"\"action\":\"limit\",\"percent\":\"60\"", "percent is not"},
	    {"\"action\":\"limit\",\"percent\":null", "percent is not"},
	    {"\"action\":\"limit\",\"percent\":60.55", "percent is not"},
	    {"\"action\":\"limit\",\"percent\":1e30", "percent is not"},
	    {"\"action\":\"limit_temporary\",\"watts\":0.05", "watts are not"},
	    {"\"action\":\"turn_on\",\"percent\":60", "neither percent"},
	    {"\"action\":\"set_mode\"", "no mode"},
	    {"\"action\":\"set_mode\",\"mode\":0", "none of self_use"},
	    {"\"action\":\"set_mode\",\"mode\":\"ai\"", "none of self_use"},
	    {"\"action\":\"set_mode\",\"mode\":null", "none of self_use"},
	    {"\"action\":\"set_mode\",\"mode\":\"backup\","
	    "\"reserve_soc\":60.5", "reserve_soc is not a whole"},
	    {"\"action\":\"set_mode\",\"mode\":\"backup\","
	    "\"reserve_soc\":\"60\"", "reserve_soc is not a whole"},
	    {"\"action\":\"set_mode\",\"mode\":\"backup\","
	    "\"max_power\":0.55", "max_power is not"},
	    {"\"action\":\"set_mode\",\"mode\":\"backup\","
	    "\"soc_min\":5", "member \"soc_min\", which set_mode does"},
	    {"\"action\":\"set_mode\",\"mode\":\"backup\","
	    "\"percent\":5", "member \"percent\", which set_mode does"},
	    /* A name that is misspelt, or not written as it is. */
	    {"\"action\":\"set_mode\",\"mode\":\"forced_charge\","
	    "\"max_powr\":50", "it has the member \"max_powr\", which "
	    "set_mode does not have"},
	    {"\"action\":\"set_mode\",\"mod\":\"backup\"",
	    "member \"mod\""},
	    {"\"action\":\"set_mode\",\"mode\":\"backup\","
	    "\"reserve\\u005fsoc\":60", "member \"reserve\\u005fsoc\""},
	    {"\"action\":\"set_mode\",\"mode\":\"backup\",\"\":1",
	    "member \"\""},
	    {"\"action\":\"set_mode\",\"mode\":\"backup\","
	    "\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
	    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
	    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4.\xc3\xa4\":1",
	    "\xc3\xa4.\", which"},
	    {"\"action\":\"set_soc_limits\",\"soc_max\":90,"
	    "\"socmin\":10", "member \"socmin\", which set_soc_limits"},
	    {"\"action\":\"set_soc_limits\",\"soc_max\":90,"
	    "\"mode\":\"backup\"", "member \"mode\""},
	    {"\"action\":\"set_export_limit\",\"percent\":5,"
	    "\"limit\":1", "member \"limit\", which set_export_limit"},
	    {TIMES("{}"), "hours are not 1 to 4 objects"},
	    {TIMES("[]"), "hours are not 1 to 4 objects"},
	    BAD_HOURS(HOURS("1:00-02:00")), BAD_HOURS(HOURS("01:00-24:00")),
	    BAD_HOURS(HOURS("01:60-02:00")), BAD_HOURS(HOURS("01:00 02:00")),
	    BAD_HOURS(HOURS("01.00-02:00")), BAD_HOURS(HOURS("0a:00-02:00")),
	    BAD_HOURS("{\"charge\":\"01:00-02:00\"}"), BAD_HOURS("7"),
	    BAD_HOURS("{\"charge\":\"01:00-02:00\",\"charge_power\":50,"
	    "\"discharge\":\"17:00-21:15\",\"discharge_power\":101,"
	    "\"soc_min\":10,\"soc_max\":90}"),
	    BAD_HOURS("{\"charge\":\"01:00-02:00\",\"charge_power\":50,"
	    "\"discharge\":\"17:00-21:15\",\"discharge_power\":100,"
	    "\"soc_min\":90,\"soc_max\":90}"),
	    BAD_HOURS("{\"charge\":\"01:00-02:00\",\"charge_power\":50,"
	    "\"discharge\":\"17:00-21:15\",\"discharge_power\":100,"
	    "\"soc_min\":10,\"soc_max\":90,\"price\":1}"),
	    {TIMES("[" HOURS("01:00-02:00") "," HOURS("01:00-02:00") ","
	    HOURS("01:00-02:00") "," HOURS("01:00-02:00") ","
	    HOURS("01:00-02:00") "]"), "hours are not 1 to 4"},
	    {"\"action\":\"set_soc_limits\"", "neither soc_min"},
	    {"\"action\":\"set_soc_limits\",\"soc_max\":true", "soc_max is"},
	    {"\"action\":\"set_export_limit\"", "percent and unlimited"},
	    {"\"action\":\"set_export_limit\",\"percent\":5,"
	    "\"unlimited\":true", "percent and unlimited"},
	    {"\"action\":\"set_export_limit\",\"unlimited\":false",
	    "unlimited is not true"},
	    {"\"action\":\"set_export_limit\",\"watts\":5",
	    "member \"watts\""},
	    {"\"action\":\"limit\",\"percent\":60,\"mode\":\"backup\"",
	    "member \"mode\", which limit does not have"},
	    {"\"action\":\"limit\",\"percent\":60,\"hours\":2",
	    "member \"hours\", which limit does not have"},
	    {"\"action\":\"turn_on\",\"serial\":null", "serial"},
	    {"\"action\":\"turn_on\",\"serial\":\"\"", "serial"},
	    {"\"action\":\"turn_on\",\"serial\":\"11617220728g\"", "serial"},
	    {"\"action\":\"turn_on\",\"serial\":\"12345678901234567\"",
	    "serial"},
	    {"\"action\":\"turn_on\",\"serial\":116172207281", "serial"},
	    {"\"action\":\"turn_on\",\"dtu\":null", "dtu"},
	    {"\"action\":\"turn_on\",\"dtu\":\"a\\u0000b\"", "dtu"},
	    {"\"action\":\"turn_on\",\"id\":7", "id"},
	    {"\"action\":\"turn_on\",\"id\":\"\"", "id"},
	    {"\"action\":\"turn_on\",\"id\":\"a\\u0007\"", "id"},
	    {"\"action\":\"turn_on\",\"id\":\"\xc3\xbc\"", "id"},
	    {"\"action\":\"turn_on\",\"id\":\"1234567890123456789012345678901"
	    "2345678901234567890123456789012345\"", "id"},
	    {"\"action\":\"turn_on\",\"time\":1", "time"},
	    {"\"action\":\"turn_on\",\"time\":\"2026-11-23\"", "time"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_command command;
		char line[WRITTEN];
		const char *wrong;

		snprintf(line, sizeof line, "{\"type\":\"command\",%s}",
		    rows[i].members);
		wrong = read_line(&command, line);
		ck_assert_msg(wrong != NULL, "%s", line);
		ck_assert_msg(strstr(wrong, rows[i].word) != NULL,
		    "%s: %s", line, wrong);
	}
}
END_TEST

/* A result can say to which command it belongs. */
START_TEST(bad_but_known)
{
	struct hm_command c;

	ck_assert_ptr_nonnull(read_line(&c, "{\"serial\":7,\"id\":\"x\","
	    "\"dtu\":\"roof\",\"action\":\"limit\",\"percent\":60}"));
	ck_assert_str_eq(c.id, "x");
	ck_assert_str_eq(c.dtu, "roof");
	ck_assert_str_eq(c.serial, "");
	ck_assert(c.has_action);
}
END_TEST

/* Each member of a record is written once: by the command, or as it was. */
START_TEST(others)
{
	static const struct {
		const char *line, *written;
	} rows[] = {
	    {"{\"x\":1,\"action\":\"set_mode\",\"mode\":\"backup\","
	    "\"reserve_soc\":60}", "{\"x\":1}"},
	    /* What cannot be read is shown as it was. */
	    {"{\"action\":\"set_mode\",\"mode\":\"ai\",\"max_power\":5}",
	    "{\"mode\":\"ai\"}"},
	    {"{\"action\":\"limit\",\"percent\":null,\"watts\":2}", "{}"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct hm_record record;
		char buf[WRITTEN], text[HM_COMMAND_WRONG];
		struct hm_command command;
		struct hm_fault fault;
		struct hm_json e;

		ck_assert(hm_record_parse(&record, hm_text(rows[i].line),
		    &fault));
		(void)hm_command_read(&command, &record, text);
		hm_json_start(&e, buf, sizeof buf);
		hm_json_object(&e, NULL);
		hm_json_command_others(&e, &command, &record);
		hm_json_object_end(&e);
		check_written(rows[i].written, &e);
	}
}
END_TEST

START_TEST(results)
{
	struct hm_command c = {.time = 0, .id = "7", .dtu = "roof",
	    .has_action = true, .action = HM_ACTION_LIMIT};
	struct hm_result r = hm_result(HM_RESULT_DONE, NULL, NULL);
	char buf[WRITTEN];
	struct hm_json e;

	r.percent = 600;
	r.on = 1;
	hm_json_start(&e, buf, sizeof buf);
	hm_json_result(&e, 60, &c, &r);
	check_written("{\"type\":\"result\",\"time\":\"1970-01-01T00:01:00Z\","
	    "\"id\":\"7\",\"dtu\":\"roof\",\"action\":\"limit\","
	    "\"state\":\"done\",\"percent\":60,\"on\":true}", &e);
	r = hm_result(HM_RESULT_REFUSED, "bounds", "too much");
	r.watts = 5;
	r.on = 0;
	hm_json_start(&e, buf, sizeof buf);
	hm_json_result(&e, 60, &c, &r);
	check_written("{\"type\":\"result\",\"time\":\"1970-01-01T00:01:00Z\","
	    "\"id\":\"7\",\"dtu\":\"roof\",\"action\":\"limit\","
	    "\"state\":\"refused\",\"error\":\"bounds\",\"text\":\"too much\","
	    "\"watts\":0.5,\"on\":false}", &e);
	c.action = HM_ACTION_SET_MODE;
	r = hm_result(HM_RESULT_DONE, NULL, NULL);
	hm_told_put(&r.told, HM_TOLD_MODE, 2);
	hm_told_put(&r.told, HM_TOLD_RESERVE_SOC, 60);
	hm_json_start(&e, buf, sizeof buf);
	hm_json_result(&e, 60, &c, &r);
	check_written("{\"type\":\"result\",\"time\":\"1970-01-01T00:01:00Z\","
	    "\"id\":\"7\",\"dtu\":\"roof\",\"action\":\"set_mode\","
	    "\"state\":\"done\",\"mode\":\"backup\",\"reserve_soc\":60}", &e);
}
END_TEST

/* All that a command tells, as the log has it. */
START_TEST(described)
{
	static const struct {
		const char *members, *text;
	} rows[] = {
	    {"\"action\":\"turn_on\"", ""},
	    {"\"action\":\"set_mode\",\"mode\":\"forced_charge\","
	    "\"max_power\":50.5,\"reserve_soc\":80",
	    " forced_charge reserve_soc 80 % max_power 50.5 %"},
	    {"\"action\":\"set_mode\",\"mode\":\"peak_shaving\","
	    "\"peak_soc\":0,\"peak_power\":2000",
	    " peak_shaving peak_soc 0 % peak_power 2000 W"},
	    {TIMES("[" HOURS("01:00-02:00") "]"), " time_of_use hours 1"},
	    {"\"action\":\"set_soc_limits\",\"soc_min\":5,\"soc_max\":90",
	    " soc_min 5 % soc_max 90 %"},
	    {"\"action\":\"set_export_limit\",\"unlimited\":true",
	    " unlimited"},
	};
	struct hm_command longest = {.told = {.has = ~0u}};
	char text[HM_TOLD_TEXT];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_command c;
		char line[WRITTEN];

		snprintf(line, sizeof line, "{%s}", rows[i].members);
		ck_assert_ptr_null(read_line(&c, line));
		hm_told_describe(&c.told, text);
		ck_assert_str_eq(text, rows[i].text);
	}
	/* What cannot be read may have any number. */
	for (int i = HM_TOLD_RESERVE_SOC; i < HM_TOLD_PARTS; i++)
		longest.told.value[i] = INT64_MIN;
	hm_told_describe(&longest.told, text);
	ck_assert_uint_lt(strlen(text), sizeof text);
}
END_TEST

START_TEST(states)
{
	for (int i = 0; i < HM_RESULT_STATES; i++) {
		enum hm_result_state state;

		ck_assert(hm_result_state_parse(hm_text(
		    hm_result_state_name((enum hm_result_state)i)), &state));
		ck_assert_int_eq(state, i);
		ck_assert(hm_result_is_final(state) ==
		    (i != HM_RESULT_ACCEPTED && i != HM_RESULT_UNDER_WAY));
	}
	ck_assert(!hm_result_state_parse(hm_text("doned"),
	    &(enum hm_result_state){0}));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("command");
	TCase *tc = tcase_create("command");

	tcase_add_test(tc, good);
	tcase_add_test(tc, members);
	tcase_add_test(tc, bad);
	tcase_add_test(tc, bad_but_known);
	tcase_add_test(tc, others);
	tcase_add_test(tc, results);
	tcase_add_test(tc, described);
	tcase_add_test(tc, states);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
