#include "base/exits.h"
#include "load.h"
#include "run_suite.h"

/*
 * Every row of settings.def, with every tool that has it, from the file, the
 * environment and the command line: the lowest and the highest value, one below
 * and one above them, and a wrong type.
 */

#define VALUE_SIZE 64

struct value {
	char text[VALUE_SIZE]; /* as YAML, which JSON is, too */
	char option[VALUE_SIZE];
	bool good;
};

struct values {
	struct value value[8];
	size_t count;
};

enum source {
	FROM_FILE,
	FROM_ENVIRONMENT,
	FROM_OPTION,
	SOURCES,
};

/* The values to try */

static void
add(struct values *values, bool good, const char *text)
{
	struct value *value = &values->value[values->count++];

	snprintf(value->text, sizeof value->text, "%s", text);
	snprintf(value->option, sizeof value->option, "%s", text);
	value->good = good;
}

/* `units` are those of hm_setting's bounds; the sum may pass INT64_MAX. */
static void
add_number(struct values *values, const struct hm_setting *s, int64_t units,
    int more)
{
	char text[HM_DECIMAL_TEXT];

	if (units == INT64_MAX && more > 0)
		snprintf(text, sizeof text, "9223372036854775808");
	else
		hm_decimal_format(hm_decimal(units + more,
		    hm_setting_scale(s)), text);
	add(values, more == 0, text);
}

static void
add_numbers(struct values *values, const struct hm_setting *s)
{
	add_number(values, s, s->min, 0);
	add_number(values, s, s->max, 0);
	add_number(values, s, s->min, -1);
	add_number(values, s, s->max, 1);
	add(values, false, "word");
	add(values, false, "0x10");
	if (s->type == HM_TYPE_INT)
		add(values, false, "1.5");
}

static void
add_words(struct values *values, const struct hm_setting *s)
{
	const char *rest = s->choices;
	struct hm_slice word;
	char text[VALUE_SIZE];

	while (hm_config_word(&rest, &word)) {
		snprintf(text, sizeof text, "%.*s", (int)word.n, word.p);
		add(values, true, text);
	}
	if (s->type == HM_TYPE_LIST && s->choices != NULL)
		add(values, true, s->choices);
	add(values, s->choices == NULL, "none-of-these");
}

static void
add_pairs(struct values *values, const char *key, const char *good,
    const char *bad)
{
	struct value *value = values->value;

	*value++ = (struct value){.good = true};
	*value = (struct value){.good = false};
	values->count = 2;
	for (size_t i = 0; i < 2; i++) {
		const char *text = i == 0 ? good : bad;

		snprintf(values->value[i].text, VALUE_SIZE, "{\"%s\": %s}",
		    key, text);
		snprintf(values->value[i].option, VALUE_SIZE, "%s=%s", key,
		    text);
	}
	add(values, false, "5");
}

static void
values_of(const struct hm_setting *s, struct values *values)
{
	values->count = 0;
	switch (s->type) {
	case HM_TYPE_FLAG:
		add(values, true, "true");
		add(values, true, "off");
		add(values, false, "2");
		break;
	case HM_TYPE_INT:
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
	case HM_TYPE_PRICE:
		add_numbers(values, s);
		break;
	case HM_TYPE_CHOICE:
	case HM_TYPE_LIST:
		add_words(values, s);
		break;
	case HM_TYPE_NUMBERS:
		add_pairs(values, "a", "0.5", "\"\"");
		break;
	case HM_TYPE_NAMES:
		if (s == &hm_settings[HM_SET_LOG_LEVELS]) {
			add_pairs(values, "hm-poll", "error", "\"\\u0001\"");
			break;
		}
		add_pairs(values, "a", "text", "\"\\u0001\"");
		snprintf(values->value[1].option, VALUE_SIZE, "a=\x01");
		break;
	case HM_TYPE_TEXT:
	case HM_TYPE_SECRET:
		add(values, true, "text");
		break;
	case HM_TYPE_DTUS:
		add(values, true, "[{\"host\": \"a\", \"port\": 502}]");
		add(values, false, "[{\"host\": \"a\", \"port\": 65536}]");
		add(values, false, "5");
		add(values, false, "{host: a}");
		break;
	}
}

/* Trying them */

/* Give settings that limit others values that allow both bounds of these. */
static void
give_room(const struct hm_setting *s, char *file, size_t size)
{
	static const char *const room[][2] = {
	    {"comm_reconnect_delay_max", "3600"},
	    {"circuit_breaker_timeout", "1"},
	    {"max_backoff", "86400"},
	    {"mqtt_reconnect_delay", "0.1"},
	    {"mqtt_reconnect_delay_max", "3600"},
	};

	file[0] = '\0';
	for (size_t i = 0; i < sizeof room / sizeof *room; i++)
		if (s->key == NULL || strcmp(s->key, room[i][0]) != 0)
			snprintf(file + strlen(file), size - strlen(file),
			    "%s: %s\n", room[i][0], room[i][1]);
}

static bool
is_given(const struct hm_setting *s, enum source source)
{
	if (s == &hm_settings[HM_SET_CONFIG] ||
	    s == &hm_settings[HM_SET_CHECK])
		return false;
	switch (source) {
	case FROM_FILE:
		return s->key != NULL;
	case FROM_ENVIRONMENT:
		return s->env != NULL;
	default:
		return s->option != NULL;
	}
}

static void
give(const struct hm_tool *tool, const struct hm_setting *s,
    enum source source, const struct value *value)
{
	static char name[16], option[128], file[512];
	char *argv[] = {name, option, NULL};
	size_t n;

	snprintf(name, sizeof name, "%s", tool->name);
	snprintf(option, sizeof option, "--%s=%s", s->option, value->option);
	give_room(s, file, sizeof file);
	n = strlen(file);
	if (source == FROM_FILE)
		snprintf(file + n, sizeof file - n, "%s: %s\n", s->key,
		    value->text);
	else if (source == FROM_ENVIRONMENT)
		setenv(s->env, value->text, 1);
	load_arguments(tool, source == FROM_OPTION ? 2 : 1, argv, file);
	if (s->env != NULL)
		unsetenv(s->env);
}

/* The name of the place in messages. */
static void
place_of(const struct hm_setting *s, enum source source, char out[128])
{
	if (source == FROM_FILE)
		snprintf(out, 128, ": %s: ", s->key);
	else if (source == FROM_ENVIRONMENT)
		snprintf(out, 128, " error: %s:", s->env);
	else
		snprintf(out, 128, " error: --%s: ", s->option);
}

static void
expect_good(const struct hm_setting *s, enum source source,
    const struct value *value)
{
	enum hm_setting_id id = (enum hm_setting_id)(s - hm_settings);

	ck_assert_msg(config != NULL, "%s=%s: %s", s->option, value->option,
	    said);
	ck_assert_str_eq(said, "");
	if (source == FROM_ENVIRONMENT)
		ck_assert_str_eq(hm_config_source(config, id), s->env);
	else if (source == FROM_OPTION)
		ck_assert_str_eq(hm_config_source(config, id) + 2, s->option);
	else
		ck_assert_ptr_nonnull(strchr(hm_config_source(config, id),
		    ':'));
	if (hm_config_text(config, id) != NULL)
		ck_assert_ptr_nonnull(strstr(hm_config_text(config, id),
		    value->text));
}

static void
expect_bad(const struct hm_setting *s, enum source source,
    const struct value *value)
{
	char place[128];
	const char *end = strchr(said, '\n');

	place_of(s, source, place);
	ck_assert_msg(config == NULL, "%s=%s is taken", s->help, value->text);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
	ck_assert_msg(end != NULL && end[1] == '\0', "%s", said);
	ck_assert_msg(strstr(said, s->type == HM_TYPE_DTUS &&
	    value->text[0] == '[' ? ": port: " : place) != NULL, "%s: %s",
	    place, said);
	ck_assert_msg(strstr(said, ", allowed ") != NULL ||
	    strstr(said, "must ") != NULL, "%s", said);
}

static void
try(const struct hm_tool *tool, const struct hm_setting *s,
    enum source source, const struct value *value)
{
	give(tool, s, source, value);
	if (value->good)
		expect_good(s, source, value);
	else
		expect_bad(s, source, value);
	free_config();
	config = NULL;
}

/* Wrong values that only this source can have. */
static void
try_types(const struct hm_tool *tool, const struct hm_setting *s)
{
	const struct value values[] = {{.text = "[{a: b}]"},
	    {.text = "{a: [b]}"}, {.text = "\"a\\x01\""}};
	const struct value control = {.option = "a\x01", .text = "a\x01"};
	bool text = s->type == HM_TYPE_TEXT || s->type == HM_TYPE_LIST;

	if (is_given(s, FROM_FILE) && s->type != HM_TYPE_DTUS) {
		try(tool, s, FROM_FILE, &values[0]);
		try(tool, s, FROM_FILE, &values[1]);
		if (s->type != HM_TYPE_SECRET)
			try(tool, s, FROM_FILE, &values[2]);
	}
	for (int i = FROM_ENVIRONMENT; i < SOURCES; i++)
		if (text && is_given(s, (enum source)i))
			try(tool, s, (enum source)i, &control);
}

START_TEST(every_value_of_a_tool)
{
	const struct hm_tool *tool = &hm_tools[_i];
	unsigned tried = 0;

	for (const struct hm_setting *s = hm_settings;
	    s < hm_settings + HM_SETTINGS; s++) {
		struct values values;

		if ((s->tools & tool->bit) == 0)
			continue;
		values_of(s, &values);
		for (int source = 0; source < SOURCES; source++)
			for (size_t i = 0; i < values.count; i++)
				if (is_given(s, (enum source)source)) {
					try(tool, s, (enum source)source,
					    &values.value[i]);
					tried++;
				}
		try_types(tool, s);
	}
	ck_assert_uint_gt(tried, 20);
}
END_TEST

/* The file is checked for all tools by each. */
START_TEST(every_value_of_the_file)
{
	const struct hm_tool *tool = &hm_tools[HM_TOOL_DECODE];

	for (const struct hm_setting *s = hm_settings;
	    s < hm_settings + HM_SETTINGS; s++) {
		struct values values;

		values_of(s, &values);
		for (size_t i = 0; i < values.count && s->key != NULL; i++)
			try(tool, s, FROM_FILE, &values.value[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("config_table");
	TCase *tc = tcase_create("table");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, clear_environment, free_config);
	tcase_add_loop_test(tc, every_value_of_a_tool, 0, HM_TOOLS);
	tcase_add_test(tc, every_value_of_the_file);
	return run_suite(suite);
}
