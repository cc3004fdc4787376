#include "base/exits.h"
#include "load.h"
#include "run_suite.h"

/* tests/golden/hm-poll has the message of each mistake. */

#define poll_tool hm_tools[HM_TOOL_POLL]
#define discovery_tool hm_tools[HM_TOOL_HA_DISCOVERY]
#define filter_tool hm_tools[HM_TOOL_FILTER]
#define publish_tool hm_tools[HM_TOOL_PUBLISH]

static void
setup(void)
{
	clear_environment();
}

static void
teardown(void)
{
	free_config();
}

/* Load with a command line of words and, unless NULL, a file of text. */
static void
load(const struct hm_tool *tool, const char *line, const char *file)
{
	static char words[512], name[16];
	static char *argv[32] = {name};
	char *rest = words, *word;
	int argc = 1;

	snprintf(name, sizeof name, "%s", tool->name);
	snprintf(words, sizeof words, "%s", line);
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != '\0')
			argv[argc++] = word;
	argv[argc] = NULL;
	load_arguments(tool, argc, argv, file);
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

START_TEST(every_mistake_is_reported)
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
		expect_exit(lines[i], NULL, HM_EXIT_USAGE);
		ck_assert_uint_eq(lines_said(), 1);
	}
	load(&publish_tool, "operand", NULL);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_USAGE);
}
END_TEST

START_TEST(help_goes_before_everything_else)
{
	expect_exit("--period 0 --help --bogus", "foo: 1\n", HM_EXIT_OK);
	ck_assert_ptr_nonnull(strstr(said, "usage: hm-poll"));
	ck_assert_ptr_null(strstr(said, "--lock-dir"));
}
END_TEST

START_TEST(help_has_all_options_on_request)
{
	expect_exit("--help all --bogus", "foo: 1\n", HM_EXIT_OK);
	ck_assert_ptr_nonnull(strstr(said, "--lock-dir"));
	expect_exit("-h all", "", HM_EXIT_OK);
	ck_assert_ptr_nonnull(strstr(said, "--lock-dir"));
	expect_exit("--help=most", "", HM_EXIT_USAGE);
	ck_assert_str_eq(said,
	    "hm-poll: error: --help: found \"most\", allowed is all\n");
}
END_TEST

static int
refuse(const struct hm_config *checked)
{
	ck_assert_int_eq(hm_config_ms(checked, HM_SET_QUERY_PERIOD), 5000);
	return HM_EXIT_USAGE;
}

START_TEST(tool_checks_its_settings_last)
{
	own_check = refuse;
	load(&poll_tool, "--check -p 5", NULL);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_USAGE);
	ck_assert_str_eq(said, "");
	/* The tool's own check does not run after a wrong setting. */
	load(&poll_tool, "-p 1", NULL);
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

START_TEST(wrong_secret_is_not_shown)
{
	load(&publish_tool, "", "mqtt_password: [xyzzy]\n");
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
	ck_assert_ptr_null(strstr(said, "xyzzy"));
}
END_TEST

/* Lists and mappings */

static void
expect_words(enum hm_setting_id id, const char *expected)
{
	const char *rest = hm_config_text(config, id);
	char found[256] = "";
	struct hm_slice word;

	while (hm_config_word(&rest, &word))
		snprintf(found + strlen(found), sizeof found - strlen(found),
		    "%.*s;", (int)word.n, word.p);
	ck_assert_str_eq(found, expected);
}

START_TEST(lists_add_up_on_the_command_line)
{
	static const char file[] = "exclude_inverters: [9]\n";

	load(&filter_tool, "-x 1 --exclude=2,3 --exclude-inverters [4,5]",
	    file);
	ck_assert_msg(config != NULL, "%s", said);
	expect_words(HM_SET_EXCLUDE_INVERTERS, "1;2;3;4;5;");
	ck_assert_str_eq(hm_config_source(config, HM_SET_EXCLUDE_INVERTERS),
	    "--exclude");
	hm_config_free(config);
	load(&filter_tool, "--check", file);
	ck_assert_ptr_nonnull(strstr(said, "exclude_inverters: [9]  # "));
}
END_TEST

START_TEST(lists_in_variables_have_three_forms)
{
	static const char *const texts[] = {"a b", "a,b", "[a,b]", "[a b]",
	    "[\"a\", \"b\"]", " a ,\tb\n", "[\n  'a',\n  b\n]"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		setenv("MI_ENTITIES", texts[i], 1);
		load(&discovery_tool, "", NULL);
		ck_assert_msg(config != NULL, "%s: %s", texts[i], said);
		expect_words(HM_SET_MI_ENTITIES, "a;b;");
		ck_assert_str_eq(hm_config_source(config, HM_SET_MI_ENTITIES),
		    "MI_ENTITIES");
		free_config();
	}
	setenv("MI_ENTITIES", "[a, [b]]", 1);
	load(&discovery_tool, "", NULL);
	ck_assert_ptr_null(config);
	ck_assert_str_eq(said, "hm-ha-discovery: error: MI_ENTITIES:1:5: "
	    "mi_entities: found a list or mapping, allowed are words\n");
}
END_TEST

static void
expect_pair(const struct hm_pair *pair, const char *key, const char *text,
    const char *where)
{
	ck_assert_str_eq(pair->key, key);
	ck_assert_str_eq(pair->text, text);
	ck_assert_msg(strstr(pair->where, where) != NULL, "%s", pair->where);
}

START_TEST(mappings_are_read_from_the_file)
{
	const struct hm_pair *pair;
	size_t count;

	load(&discovery_tool, "", "value_multipliers:\n  pv_power: 0.001\n"
	    "  active-power: -1e-3\n  unset: ~\n"
	    "entity_friendly_names: {pv_power: \"K\\xfcche: 1\"}\n");
	ck_assert_msg(config != NULL, "%s", said);
	pair = hm_config_pairs(config, HM_SET_VALUE_MULTIPLIERS, &count);
	ck_assert_uint_eq(count, 2);
	expect_pair(&pair[0], "pv_power", "0.001", ":2:3: value_multipliers");
	ck_assert_int_eq(pair[0].number.units, 1);
	ck_assert_uint_eq(pair[0].number.scale, 3);
	expect_pair(&pair[1], "active-power", "-1e-3", ":3:3: ");
	ck_assert_int_eq(pair[1].number.units, -1);
	pair = hm_config_pairs(config, HM_SET_ENTITY_FRIENDLY_NAMES, &count);
	ck_assert_uint_eq(count, 1);
	expect_pair(&pair[0], "pv_power", "K\xc3\xbc" "che: 1", ":5:25: ");
}
END_TEST

START_TEST(mappings_are_json_in_the_environment)
{
	const struct hm_pair *pair;
	size_t count;

	setenv("VALUE_MULTIPLIERS",
	    "{\"pv_power\":0.001,\n\t\"active_power\" : 2}", 1);
	setenv("ENTITY_FRIENDLY_NAMES", "{}", 1);
	load(&discovery_tool, "", "value_multipliers: {temperature: 5}\n"
	    "entity_friendly_names: {a: b}\n");
	ck_assert_msg(config != NULL, "%s", said);
	pair = hm_config_pairs(config, HM_SET_VALUE_MULTIPLIERS, &count);
	ck_assert_uint_eq(count, 2);
	expect_pair(&pair[0], "pv_power", "0.001",
	    "VALUE_MULTIPLIERS:1:2: value_multipliers");
	expect_pair(&pair[1], "active_power", "2", "VALUE_MULTIPLIERS:2:2: ");
	ck_assert(hm_config_has(config, HM_SET_ENTITY_FRIENDLY_NAMES));
	hm_config_pairs(config, HM_SET_ENTITY_FRIENDLY_NAMES, &count);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(mappings_grow_on_the_command_line)
{
	const struct hm_pair *pair;
	size_t count;

	setenv("VALUE_MULTIPLIERS", "{\"temperature\": 3}", 1);
	load(&discovery_tool, "--value-multipliers pv_power=0.1 "
	    "--value-multipliers=active_power=2 "
	    "--entity-friendly-names a=b=c", NULL);
	ck_assert_msg(config != NULL, "%s", said);
	pair = hm_config_pairs(config, HM_SET_VALUE_MULTIPLIERS, &count);
	ck_assert_uint_eq(count, 2);
	expect_pair(&pair[0], "pv_power", "0.1", "--value-multipliers");
	expect_pair(&pair[1], "active_power", "2", "--value-multipliers");
	pair = hm_config_pairs(config, HM_SET_ENTITY_FRIENDLY_NAMES, &count);
	ck_assert_uint_eq(count, 1);
	expect_pair(&pair[0], "a", "b=c", "--entity-friendly-names");
}
END_TEST

START_TEST(json_has_escapes_of_its_own)
{
	const struct hm_pair *pair;
	size_t count;

	setenv("ENTITY_FRIENDLY_NAMES", "{\"\\ud83c\\uDF1E\":"
	    "\"\\\"\\\\\\/\\\\ud83c\\\\udf1e\\u00fc\"}", 1);
	load(&discovery_tool, "", NULL);
	ck_assert_msg(config != NULL, "%s", said);
	pair = hm_config_pairs(config, HM_SET_ENTITY_FRIENDLY_NAMES, &count);
	ck_assert_uint_eq(count, 1);
	expect_pair(&pair[0], "\xf0\x9f\x8c\x9e",
	    "\"\\/\\ud83c\\udf1e\xc3\xbc", "ENTITY_FRIENDLY_NAMES:1:2: ");
	free_config();
	/* Half a pair is no character. */
	setenv("ENTITY_FRIENDLY_NAMES", "{\"a\":\"\\ud83cx\"}", 1);
	load(&discovery_tool, "", NULL);
	ck_assert_ptr_null(config);
}
END_TEST

static const struct {
	const char *variable, *said;
} bad_json[] = {
    {"{\"a\": \"x\"}", "VALUE_MULTIPLIERS:1:2: value_multipliers: a: found "
        "\"x\", allowed is a decimal number such as 0.001"},
    {"{\"a\": 0.1, \"a\": 2}", "VALUE_MULTIPLIERS:1:12: a: given twice"},
    {"{\"a\": [1]}", "VALUE_MULTIPLIERS:1:2: value_multipliers: found a list "
        "or mapping inside, allowed is a number"},
    {"{\"a\": \"1\\u0000\"}", "VALUE_MULTIPLIERS:1:7: a: holds a NUL byte"},
    {"{\"\": 1}", "VALUE_MULTIPLIERS:1:2: value_multipliers: must not be "
        "empty"},
    {"{\"a\\u0007\": 1}", "VALUE_MULTIPLIERS:1:2: value_multipliers: must be "
        "UTF-8 without control characters"},
    {"{\"a\": 1", "VALUE_MULTIPLIERS:2:1: not YAML: did not find expected "
        "',' or '}'"},
    {"pv_power=0.001", "VALUE_MULTIPLIERS:1:1: value_multipliers: found a "
        "single value, allowed is a mapping of names to numbers"},
    {"{\"\u00fc\": [1]}", "VALUE_MULTIPLIERS:1:2: value_multipliers: found a "
        "list or mapping inside, allowed is a number"},
    {"{\"a\": 1,\n \"\u00fc\u00fc\": 2, \"b\": {}}", "VALUE_MULTIPLIERS:2:11: "
        "value_multipliers: found a list or mapping inside, allowed is a "
        "number"},
    {"true", "VALUE_MULTIPLIERS:1:1: value_multipliers: found a single value, "
        "allowed is a mapping of names to numbers"},
    {"[1]", "VALUE_MULTIPLIERS:1:1: value_multipliers: found a list, allowed "
        "is a mapping of names to numbers"},
};

START_TEST(json_mistake_says_where)
{
	char expected[512];

	setenv("VALUE_MULTIPLIERS", bad_json[_i].variable, 1);
	load(&discovery_tool, "", NULL);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
	snprintf(expected, sizeof expected, "hm-ha-discovery: error: %s\n",
	    bad_json[_i].said);
	ck_assert_str_eq(said, expected);
}
END_TEST

static const struct {
	const char *line, *said;
} bad_pairs[] = {
    {"--multiply pv_power", "--multiply: found \"pv_power\", allowed is "
        "FIELD=NUMBER"},
    {"--multiply =1", "--multiply: must not be empty"},
    {"-m a=", "--multiply: a: found \"\", allowed is a decimal number such as "
        "0.001"},
    {"-m a=1 -m a=2", "--multiply: a: given twice"},
    {"--multiply a=1e40", "--multiply: a: found \"1e40\", allowed is a decimal "
        "number such as 0.001"},
    {"--rename a", "--rename: found \"a\", allowed is FIELD=NAME"},
    {"--rename a=", "--rename: a: must not be empty"},
};

START_TEST(pair_mistake_says_where)
{
	char expected[512];

	load(&filter_tool, bad_pairs[_i].line, NULL);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
	snprintf(expected, sizeof expected, "hm-filter: error: %s\n",
	    bad_pairs[_i].said);
	ck_assert_str_eq(said, expected);
}
END_TEST

START_TEST(dtus_are_json_in_the_environment)
{
	const struct hm_dtu_config *dtu;
	size_t count;

	setenv("DTU_CONFIGS", "[{\"name\":\"roof\",\"host\":\"10.0.0.5\","
	    "\"port\":502,\"unit_id\":0},{\"uri\":\"hm:\\/\\/b\"}]", 1);
	load(&poll_tool, "",
	    "dtu_configs: [{host: a}, {host: b}, {host: c}]\n");
	ck_assert_msg(config != NULL, "%s", said);
	dtu = hm_config_dtus(config, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(dtu[0].name, "roof");
	ck_assert_str_eq(dtu[0].host, "10.0.0.5");
	ck_assert_int_eq(dtu[0].port, 502);
	ck_assert_int_eq(dtu[0].unit_id, 0);
	ck_assert_int_eq(dtu[1].unit_id, HM_NO_UNIT_ID);
	ck_assert_str_eq(dtu[0].where, "DTU_CONFIGS:1:2: dtu_configs");
	ck_assert_str_eq(dtu[1].uri, "hm://b");
	free_config();
	setenv("DTU_CONFIGS", "[{\"host\":\"a\",\"port\":0,\"unit\":5}]", 1);
	load(&poll_tool, "", NULL);
	ck_assert_ptr_null(config);
	ck_assert_ptr_nonnull(strstr(said, "DTU_CONFIGS:1:21: port: found"));
	ck_assert_ptr_nonnull(strstr(said, "DTU_CONFIGS:1:30: unit: unknown"));
}
END_TEST

START_TEST(control_characters_are_refused)
{
	setenv("MQTT_USER", "a\tb", 1);
	load(&publish_tool, "", "mqtt_broker: \"a\\u0085\"\n"
	    "mqtt_client_id: \"a\\u2028\"\n"
	    "dtu_configs: [{host: a, name: \"a\\n\"}]\n");
	ck_assert_ptr_null(config);
	ck_assert_uint_eq(lines_said(), 4);
}
END_TEST

/* Flags */

START_TEST(flags_are_switched_off_everywhere)
{
	static const char *const lines[] = {"--no-energy-guard",
	    "--energy-guard=false", "--energy-guard=off --no-strict",
	    "--energy-guard --no-energy-guard", "--no-energy"};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		load(&filter_tool, lines[i], "energy_guard: true\n");
		ck_assert_msg(config != NULL, "%s: %s", lines[i], said);
		ck_assert(!hm_config_flag(config, HM_SET_ENERGY_GUARD));
		free_config();
	}
	load(&filter_tool, "", "energy_guard: off\n");
	ck_assert(!hm_config_flag(config, HM_SET_ENERGY_GUARD));
	free_config();
	setenv("HM_ENERGY_GUARD", "0", 1);
	load(&filter_tool, "", NULL);
	ck_assert(!hm_config_flag(config, HM_SET_ENERGY_GUARD));
	free_config();
	/* The key's name has a "no", too. */
	load(&filter_tool, "--no-persistence-enabled --no-persistence", NULL);
	ck_assert(!hm_config_flag(config, HM_SET_PERSISTENCE_ENABLED));
}
END_TEST

/* Unknown names */

START_TEST(near_key_is_suggested)
{
	static const struct {
		const char *file, *name;
	} cases[] = {
	    {"mqtt_brokr: a\n", "mqtt_broker"},
	    {"mqtt-port-: 1\n", "mqtt_port"},
	    {"Query_Period: 5\n", "query_period"},
	    {"query_peroid: 5\n", "query_period"},
	    {"qos: 1\n", "mqtt_qos"},
	    {"keepalive: 60\n", "mqtt_keepalive"},
	};
	char expected[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		expect_exit("", cases[i].file, HM_EXIT_CONFIG);
		snprintf(expected, sizeof expected,
		    "unknown key, did you mean %s?\n", cases[i].name);
		ck_assert_msg(strstr(said, expected) != NULL, "%s", said);
	}
	expect_exit("", "colour: 5\n", HM_EXIT_CONFIG);
	ck_assert_ptr_null(strstr(said, "mean"));
}
END_TEST

START_TEST(near_option_is_suggested)
{
	expect_exit("--peroid=5", NULL, HM_EXIT_USAGE);
	ck_assert_str_eq(said, "hm-poll: error: unknown option --peroid; did "
	    "you mean --period?\n");
	expect_exit("--no-onec", NULL, HM_EXIT_USAGE);
	ck_assert_str_eq(said, "hm-poll: error: unknown option --no-onec; did "
	    "you mean --no-once?\n");
	expect_exit("--pass=xyzzy", NULL, HM_EXIT_USAGE);
	ck_assert_str_eq(said,
	    "hm-poll: error: unknown option --pass; try --help\n");
	expect_exit("--log-file=/tmp/x", NULL, HM_EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(said, "unknown option --log-file: logs "));
	expect_exit("--dtu-configs=[]", NULL, HM_EXIT_USAGE);
	ck_assert_str_eq(said, "hm-poll: error: there is no option for "
	    "dtu_configs: set DTU_CONFIGS, or dtu_configs in the file\n");
}
END_TEST

START_TEST(near_variable_is_named_once)
{
	setenv("MQTT_BROKR", "a", 1);
	setenv("HM_CONFI", "b", 1);
	setenv("MQTT_PORT_1883_TCP", "c", 1);
	setenv("DTU_COLOUR", "d", 1);
	setenv("BROKER", "e", 1);
	setenv("HM_LOCK", "f", 1); /* of pipelines/one-run */
	load(&publish_tool, "", NULL);
	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(said, "hm-publish: warning: MQTT_BROKR: unknown "
	    "variable, did you mean MQTT_BROKER?\n");
	free_config();
	load(&poll_tool, "", NULL);
	ck_assert_str_eq(said, "hm-poll: warning: HM_CONFI: unknown variable, "
	    "did you mean HM_CONFIG?\n");
	free_config();
	load(&filter_tool, "", NULL);
	ck_assert_str_eq(said, "");
	free_config();
	load(&filter_tool, "--check", NULL);
	ck_assert_ptr_nonnull(strstr(said, "MQTT_BROKR"));
	ck_assert_ptr_nonnull(strstr(said, "HM_CONFI:"));
	ck_assert_ptr_null(strstr(said, "1883"));
	ck_assert_ptr_null(strstr(said, "COLOUR"));
}
END_TEST

START_TEST(retired_settings_are_named_once)
{
	static const char file[] = "log-file: /var/log/x\ndump_data: [1]\n";

	setenv("DB_PASSWORD", "xyzzy", 1);
	setenv("DB_HOST", "", 1);
	load(&poll_tool, "", file);
	ck_assert_msg(config != NULL, "%s", said);
	ck_assert_uint_eq(lines_said(), 3);
	ck_assert_ptr_nonnull(strstr(said, ":1:1: log-file: has no effect: "));
	ck_assert_ptr_nonnull(strstr(said, ":2:1: dump_data: has no effect: "));
	ck_assert_ptr_nonnull(strstr(said, "DB_PASSWORD: has no effect: "));
	ck_assert_ptr_null(strstr(said, "xyzzy"));
	free_config();
	load(&publish_tool, "", file);
	ck_assert_str_eq(said, "");
	free_config();
	load(&poll_tool, "--log-level ERROR", file);
	ck_assert_str_eq(said, "");
}
END_TEST

/* Rules */

START_TEST(rules_compare_settings)
{
	expect_exit("--retry-delay 10", "comm_reconnect_delay_max: 5\n"
	    "circuit_breaker_timeout: 301\n", HM_EXIT_CONFIG);
	ck_assert_uint_eq(lines_said(), 2);
	ck_assert_ptr_nonnull(strstr(said, "comm_reconnect_delay "
	    "(--retry-delay): found \"10\", allowed is at most "
	    "comm_reconnect_delay_max (/dev/fd/"));
	ck_assert_ptr_nonnull(strstr(said, ":2): found \"301\", allowed is at "
	    "most max_backoff (default): \"300\"\n"));
	load(&poll_tool, "--breaker-timeout 300 --retry-delay 300", NULL);
	ck_assert_ptr_nonnull(config);
	free_config();
	/* A mistake is reported at every log level. */
	expect_exit("--retry-delay 301 --log-level CRITICAL", NULL,
	    HM_EXIT_CONFIG);
	ck_assert_uint_eq(lines_said(), 1);
	/* The rules of hm-poll do not apply to other tools. */
	load(&filter_tool, "", "circuit_breaker_timeout: 301\n");
	ck_assert_ptr_nonnull(config);
}
END_TEST

/* Printing */

START_TEST(check_prints_what_can_be_read)
{
	static char copy[sizeof said];

	setenv("MQTT_PASSWORD", "xyzzy", 1);
	setenv("DTU_CONFIGS", "[{\"name\":\"a # b\",\"host\":\"::1\"}]", 1);
	load(&poll_tool, "--ask info,history --no-exponential-backoff --night "
	    "22:00-05:00 --check", "lock_dir: \"null\"\ntimezone: ~\n"
	    "comm_timeout: 1.5\n");
	ck_assert_int_eq(status, HM_EXIT_OK);
	ck_assert_ptr_nonnull(strstr(said,
	    "\nask: [info, history]  # --ask\n"));
	ck_assert_ptr_nonnull(strstr(said,
	    "\nexponential_backoff: false  # --exponential-backoff\n"));
	ck_assert_ptr_nonnull(strstr(said, "\nlock_dir: \"null\"  # "));
	ck_assert_ptr_nonnull(strstr(said, "\nnight: \"22:00-05:00\"  # "));
	ck_assert_ptr_nonnull(strstr(said, "\ndtu_configs:  # DTU_CONFIGS\n"
	    "  - name: \"a # b\"\n    host: \"::1\"\n"));
	ck_assert_ptr_null(strstr(said, "timezone"));
	snprintf(copy, sizeof copy, "%s", said);
	clear_environment();
	load(&poll_tool, "", copy);
	ck_assert_msg(config != NULL, "%s%s", copy, said);
	expect_words(HM_SET_ASK, "info;history;");
	ck_assert(!hm_config_flag(config, HM_SET_EXPONENTIAL_BACKOFF));
	ck_assert_str_eq(hm_config_text(config, HM_SET_LOCK_DIR), "null");
	ck_assert_int_eq(hm_config_ms(config, HM_SET_COMM_TIMEOUT), 1500);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("config");
	TCase *good = tcase_create("good"), *bad = tcase_create("bad");

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
	tcase_add_test(good, lists_add_up_on_the_command_line);
	tcase_add_test(good, lists_in_variables_have_three_forms);
	tcase_add_test(good, mappings_are_read_from_the_file);
	tcase_add_test(good, mappings_are_json_in_the_environment);
	tcase_add_test(good, json_has_escapes_of_its_own);
	tcase_add_test(good, mappings_grow_on_the_command_line);
	tcase_add_test(good, dtus_are_json_in_the_environment);
	tcase_add_test(good, flags_are_switched_off_everywhere);
	suite_add_tcase(suite, bad);
	tcase_add_test(bad, anchors_and_merges_are_no_way_around);
	tcase_add_test(bad, every_mistake_is_reported);
	tcase_add_test(bad, wrong_value_does_not_hide_the_one_before);
	tcase_add_test(bad, command_line_mistakes_end_with_64);
	tcase_add_test(bad, help_goes_before_everything_else);
	tcase_add_test(bad, help_has_all_options_on_request);
	tcase_add_test(bad, tool_checks_its_settings_last);
	tcase_add_test(bad, check_prints_values_and_no_secret);
	tcase_add_test(bad, wrong_secret_is_not_shown);
	tcase_add_loop_test(bad, json_mistake_says_where, 0,
	    sizeof bad_json / sizeof *bad_json);
	tcase_add_loop_test(bad, pair_mistake_says_where, 0,
	    sizeof bad_pairs / sizeof *bad_pairs);
	tcase_add_test(bad, control_characters_are_refused);
	tcase_add_test(bad, near_key_is_suggested);
	tcase_add_test(bad, near_option_is_suggested);
	tcase_add_test(bad, near_variable_is_named_once);
	tcase_add_test(bad, retired_settings_are_named_once);
	tcase_add_test(bad, rules_compare_settings);
	tcase_add_test(bad, check_prints_what_can_be_read);
	return run_suite(suite);
}
