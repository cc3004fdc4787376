#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exits.h"
#include "stream.h"

/* tests/golden/hm-poll has the message of each mistake. */

static const struct hm_tool poll_tool = {.name = "hm-poll", .bit = HM_POLL,
    .operands = "[URI ...]", .summary = ""};
static const struct hm_tool publish_tool = {.name = "hm-publish",
    .bit = HM_PUBLISH, .summary = ""};

static struct hm_config *config;
static int status;
static char said[8192]; /* on stdout and stderr */

static void
setup(void)
{
	static const char *const names[] = {"HM_CONFIG", "LOG_LEVEL",
	    "HM_STATS_PERIOD", "HM_STRICT", "DTU_HOST", "QUERY_PERIOD",
	    "COMM_TIMEOUT", "CONNECT_TIMEOUT", "HM_ASK", "MQTT_BROKER",
	    "MQTT_PASSWORD", "MQTT_TLS", "MODBUS_UNIT_ID"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	config = NULL;
}

static void
teardown(void)
{
	hm_config_free(config);
}

/* Load with a command line of words and, unless NULL, a file of text. */
static void
load(const struct hm_tool *tool, const char *line, const char *file)
{
	static char words[512], name[16], path[32];
	static char *argv[32] = {name};
	char *rest = words, *word;
	int argc = 1, out = memfd_create("said", 0);
	int input = memfd_create("settings", 0);
	int kept[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
	ssize_t n;

	snprintf(name, sizeof name, "%s", tool->name);
	snprintf(words, sizeof words, "%s", line);
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != '\0')
			argv[argc++] = word;
	if (file != NULL) {
		ck_assert(write(input, file, strlen(file)) ==
		    (ssize_t)strlen(file));
		snprintf(path, sizeof path, "/dev/fd/%d", input);
		setenv("HM_CONFIG", path, 1);
	}
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	config = hm_config_load(tool, argc, argv, &status);
	fflush(stdout);
	dup2(kept[0], STDOUT_FILENO);
	dup2(kept[1], STDERR_FILENO);
	n = pread(out, said, sizeof said - 1, 0);
	ck_assert_int_ge(n, 0);
	said[n] = '\0';
	close(out);
	close(input);
}

static void
expect_exit(const char *line, const char *file, int expected)
{
	load(&poll_tool, line, file);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, expected);
}

static size_t
lines_said(void)
{
	size_t count = 0;

	for (const char *p = said; (p = strchr(p, '\n')) != NULL; p++)
		count++;
	return count;
}

START_TEST(defaults_hold_where_nothing_is_given)
{
	load(&poll_tool, "", NULL);
	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(said, "");
	ck_assert(hm_config_has(config, HM_SET_QUERY_PERIOD));
	ck_assert_int_eq(hm_config_ms(config, HM_SET_QUERY_PERIOD), 60000);
	ck_assert_str_eq(hm_config_source(config, HM_SET_QUERY_PERIOD),
	    "default");
	ck_assert_int_eq(hm_config_int(config, HM_SET_MODBUS_UNIT_ID), 1);
	ck_assert(!hm_config_flag(config, HM_SET_ONCE));
	ck_assert(!hm_config_has(config, HM_SET_DTU_HOST));
	ck_assert_ptr_null(hm_config_text(config, HM_SET_DTU_HOST));
	ck_assert_str_eq(hm_config_source(config, HM_SET_DTU_HOST), "unset");
}
END_TEST

START_TEST(file_environment_and_command_line_in_this_order)
{
	static const char file[] = "query_period: 10\nconnect_timeout: 1.5\n"
	    "comm-timeout: 4\n";

	load(&poll_tool, "", file);
	ck_assert_ptr_nonnull(config);
	ck_assert_int_eq(hm_config_ms(config, HM_SET_QUERY_PERIOD), 10000);
	ck_assert_int_eq(hm_config_ms(config, HM_SET_CONNECT_TIMEOUT), 1500);
	ck_assert_int_eq(hm_config_ms(config, HM_SET_COMM_TIMEOUT), 4000);
	ck_assert_ptr_nonnull(strstr(hm_config_source(config,
	    HM_SET_CONNECT_TIMEOUT), ":2"));
	hm_config_free(config);
	setenv("QUERY_PERIOD", "20", 1);
	setenv("CONNECT_TIMEOUT", "2", 1);
	load(&poll_tool, "--period 30", file);
	ck_assert_ptr_nonnull(config);
	ck_assert_int_eq(hm_config_ms(config, HM_SET_QUERY_PERIOD), 30000);
	ck_assert_str_eq(hm_config_source(config, HM_SET_QUERY_PERIOD),
	    "--period");
	ck_assert_int_eq(hm_config_ms(config, HM_SET_CONNECT_TIMEOUT), 2000);
	ck_assert_str_eq(hm_config_source(config, HM_SET_CONNECT_TIMEOUT),
	    "CONNECT_TIMEOUT");
	ck_assert_int_eq(hm_config_ms(config, HM_SET_COMM_TIMEOUT), 4000);
}
END_TEST

START_TEST(option_has_its_name_its_key_and_its_letter)
{
	static const char *const lines[] = {"-p 7", "-p7", "--period 7",
	    "--period=7", "--query-period 7", "--peri 7", "-p 9 -p 7",
	    "hm://a -p 7", "-1p7"};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		optind = 0;
		load(&poll_tool, lines[i], NULL);
		ck_assert_msg(config != NULL, "%s: %s", lines[i], said);
		ck_assert_int_eq(hm_config_ms(config, HM_SET_QUERY_PERIOD),
		    7000);
		hm_config_free(config);
	}
	config = NULL;
}
END_TEST

START_TEST(operands_are_what_options_leave)
{
	size_t count;
	char *const *operands;

	load(&poll_tool, "hm://a -1 hm://b -- -n", NULL);
	ck_assert_ptr_nonnull(config);
	operands = hm_config_operands(config, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(operands[0], "hm://a");
	ck_assert_str_eq(operands[1], "hm://b");
	ck_assert_str_eq(operands[2], "-n");
	ck_assert(hm_config_flag(config, HM_SET_ONCE));
}
END_TEST

START_TEST(empty_variable_is_unset)
{
	setenv("QUERY_PERIOD", "", 1);
	setenv("HM_CONFIG", "", 1);
	load(&poll_tool, "", NULL);
	ck_assert_ptr_nonnull(config);
	ck_assert_int_eq(hm_config_ms(config, HM_SET_QUERY_PERIOD), 60000);
}
END_TEST

START_TEST(variables_of_other_tools_are_left_alone)
{
	setenv("MQTT_PORT", "nonsense", 1);
	load(&poll_tool, "", NULL);
	ck_assert_ptr_nonnull(config);
}
END_TEST

START_TEST(file_is_checked_for_all_tools)
{
	expect_exit("", "mqtt_port: nonsense\n", HM_EXIT_CONFIG);
	load(&poll_tool, "", "mqtt_port: 1884\n");
	ck_assert_ptr_nonnull(config);
}
END_TEST

START_TEST(flags_have_eight_words)
{
	static const char *const words[][2] = {{"true", "false"},
	    {"Yes", "No"}, {"ON", "OFF"}, {"1", "0"}};

	for (size_t i = 0; i < 4; i++)
		for (int off = 0; off < 2; off++) {
			setenv("MQTT_TLS", words[i][off], 1);
			load(&publish_tool, "", NULL);
			ck_assert_ptr_nonnull(config);
			ck_assert_int_eq(hm_config_flag(config,
			    HM_SET_MQTT_TLS), !off);
			hm_config_free(config);
		}
	setenv("MQTT_TLS", "2", 1);
	load(&publish_tool, "", NULL);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
}
END_TEST

START_TEST(lists_are_words)
{
	static const char *const files[] = {"ask: [info, history]\n",
	    "ask: info,history\n", "ask: \" history  info \"\n",
	    "ask:\n  - INFO\n  - History\n"};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		load(&poll_tool, "", files[i]);
		ck_assert_msg(config != NULL, "%s: %s", files[i], said);
		ck_assert(hm_config_lists(config, HM_SET_ASK, "info"));
		ck_assert(hm_config_lists(config, HM_SET_ASK, "history"));
		ck_assert(!hm_config_lists(config, HM_SET_ASK, "network"));
		ck_assert(!hm_config_lists(config, HM_SET_ASK, "inf"));
		hm_config_free(config);
	}
	load(&poll_tool, "", "ask: []\n");
	ck_assert_ptr_nonnull(config);
	ck_assert(!hm_config_lists(config, HM_SET_ASK, "info"));
	/* A list that is unset holds every word. */
	ck_assert(hm_config_lists(config, HM_SET_MI_ENTITIES, "anything"));
}
END_TEST

START_TEST(null_in_the_file_is_unset)
{
	load(&poll_tool, "", "query_period:\nask: ~\ndtu_configs: null\n"
	    "connect_timeout: \n");
	ck_assert_msg(config != NULL, "%s", said);
	ck_assert_int_eq(hm_config_ms(config, HM_SET_QUERY_PERIOD), 60000);
	ck_assert(hm_config_lists(config, HM_SET_ASK, "info"));
}
END_TEST

START_TEST(dtu_entries_are_read)
{
	size_t count;
	const struct hm_dtu_config *dtu;

	load(&poll_tool, "", "dtu_configs:\n"
	    "  - {name: roof, uri: 'hm://a#x'}\n"
	    "  - host: b\n    port: 1502\n    unit-id: 3\n    name: ~\n");
	ck_assert_msg(config != NULL, "%s", said);
	dtu = hm_config_dtus(config, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(dtu[0].name, "roof");
	ck_assert_str_eq(dtu[0].uri, "hm://a#x");
	ck_assert_ptr_null(dtu[0].host);
	ck_assert_int_eq(dtu[0].port, 0);
	ck_assert_ptr_nonnull(strstr(dtu[0].where, ":2:5: "));
	ck_assert_ptr_null(dtu[1].name);
	ck_assert_str_eq(dtu[1].host, "b");
	ck_assert_int_eq(dtu[1].port, 1502);
	ck_assert_int_eq(dtu[1].unit_id, 3);
	ck_assert_ptr_nonnull(strstr(dtu[1].where, ":3:5: "));
}
END_TEST

START_TEST(anchors_and_merges_are_no_way_around)
{
	load(&poll_tool, "", "query_period: &p 10\nask_period: *p\n");
	ck_assert_ptr_null(config);
	ck_assert_ptr_nonnull(strstr(said, "ask_period"));
	expect_exit("", "ask: &a [*a]\n", HM_EXIT_CONFIG);
	expect_exit("", "dtu_configs: &a [*a, {host: *a}]\n", HM_EXIT_CONFIG);
	expect_exit("", "? &a {*a : *a}\n: 1\n", HM_EXIT_CONFIG);
}
END_TEST

START_TEST(every_mistake_is_told)
{
	setenv("QUERY_PERIOD", "x", 1);
	expect_exit("--connect-timeout 0", "foo: 1\nask: all\n",
	    HM_EXIT_CONFIG);
	ck_assert_uint_eq(lines_said(), 4);
}
END_TEST

START_TEST(wrong_value_does_not_hide_the_one_before)
{
	expect_exit("--period 1", "query_period: 2\n", HM_EXIT_CONFIG);
	ck_assert_uint_eq(lines_said(), 2);
}
END_TEST

START_TEST(command_line_mistakes_end_with_64)
{
	static const char *const lines[] = {"--bogus", "-Z", "--period", "-n",
	    "--no-once=1", "--c 5"};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		optind = 0;
		expect_exit(lines[i], NULL, HM_EXIT_USAGE);
		ck_assert_uint_eq(lines_said(), 1);
	}
	optind = 0;
	load(&publish_tool, "operand", NULL);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_USAGE);
}
END_TEST

START_TEST(help_goes_before_everything_else)
{
	expect_exit("--period 0 --help --bogus", "foo: 1\n", HM_EXIT_OK);
	ck_assert_ptr_nonnull(strstr(said, "usage: hm-poll"));
}
END_TEST

static int
refuse(const struct hm_config *checked)
{
	ck_assert_int_eq(hm_config_ms(checked, HM_SET_QUERY_PERIOD), 5000);
	return HM_EXIT_USAGE;
}

START_TEST(tool_has_the_last_word)
{
	struct hm_tool tool = poll_tool;

	tool.check = refuse;
	load(&tool, "--check -p 5", NULL);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_USAGE);
	ck_assert_str_eq(said, "");
	/* It is not asked about settings that are wrong by themselves. */
	optind = 0;
	load(&tool, "-p 1", NULL);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
}
END_TEST

START_TEST(check_prints_values_and_no_secret)
{
	setenv("MQTT_PASSWORD", "xyzzy", 1);
	load(&publish_tool, "--check", "mqtt_user: me\n");
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_OK);
	ck_assert_ptr_nonnull(strstr(said, "mqtt_user: me  # /dev/fd/"));
	ck_assert_ptr_nonnull(strstr(said,
	    "mqtt_password: ********  # MQTT_PASSWORD\n"));
	ck_assert_ptr_null(strstr(said, "xyzzy"));
}
END_TEST

START_TEST(secret_is_not_told_when_it_is_wrong)
{
	load(&publish_tool, "", "mqtt_password: [xyzzy]\n");
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
	ck_assert_ptr_null(strstr(said, "xyzzy"));
}
END_TEST

START_TEST(stream_options_come_from_settings)
{
	struct hm_stream_options options;

	load(&publish_tool, "--stats-period 1.5 --strict", NULL);
	ck_assert_ptr_nonnull(config);
	hm_config_stream(config, &options);
	ck_assert_int_eq(options.stats_period_ms, 1500);
	ck_assert(options.strict);
	ck_assert_int_eq(options.in, 0);
	ck_assert_int_eq(options.out, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("config");
	TCase *good = tcase_create("good"), *bad = tcase_create("bad");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(good, setup, teardown);
	tcase_add_checked_fixture(bad, setup, teardown);
	suite_add_tcase(suite, good);
	tcase_add_test(good, defaults_hold_where_nothing_is_given);
	tcase_add_test(good, file_environment_and_command_line_in_this_order);
	tcase_add_test(good, option_has_its_name_its_key_and_its_letter);
	tcase_add_test(good, operands_are_what_options_leave);
	tcase_add_test(good, empty_variable_is_unset);
	tcase_add_test(good, variables_of_other_tools_are_left_alone);
	tcase_add_test(good, file_is_checked_for_all_tools);
	tcase_add_test(good, flags_have_eight_words);
	tcase_add_test(good, lists_are_words);
	tcase_add_test(good, null_in_the_file_is_unset);
	tcase_add_test(good, dtu_entries_are_read);
	tcase_add_test(good, stream_options_come_from_settings);
	suite_add_tcase(suite, bad);
	tcase_add_test(bad, anchors_and_merges_are_no_way_around);
	tcase_add_test(bad, every_mistake_is_told);
	tcase_add_test(bad, wrong_value_does_not_hide_the_one_before);
	tcase_add_test(bad, command_line_mistakes_end_with_64);
	tcase_add_test(bad, help_goes_before_everything_else);
	tcase_add_test(bad, tool_has_the_last_word);
	tcase_add_test(bad, check_prints_values_and_no_secret);
	tcase_add_test(bad, secret_is_not_told_when_it_is_wrong);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
