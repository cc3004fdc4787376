/*
 * setting_values TOOL: values to try on a tool. Prints lines for each setting
 * of the tool and each source of settings (file, environment, option): source,
 * kind of value, assignment, and the name of the setting in messages, separated
 * by tabs. Kinds are low and high (allowed), and below, above and wrong.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "config/settings.h"

/* The example of the table; instead of a file in /etc, /dev/null. */
static const char *
example(const struct hm_setting *s)
{
	if (s == &hm_settings[HM_SET_DTU_HOST]) /* a port goes with a host */
		return "127.0.0.1";
	if (s->example == NULL)
		return s->initial != NULL ? s->initial : "text";
	return strncmp(s->example, "/etc/", 5) == 0 ? "/dev/null" : s->example;
}

static void
print_in_file(const struct hm_setting *s, const char *kind, const char *value)
{
	if (s->key != NULL)
		printf("file\t%s\t%s: %s\t: %s: \n", kind, s->key, value,
		    s->key);
}

static void
print_outside(const struct hm_setting *s, const char *kind, const char *value)
{
	if (s->env != NULL)
		printf("environment\t%s\t%s=%s\t error: %s\n", kind, s->env,
		    value, s->env);
	if (s->option != NULL)
		printf("option\t%s\t--%s=%s\t error: --%s: \n", kind,
		    s->option, value, s->option);
}

static void
print_value(const struct hm_setting *s, const char *kind, const char *value)
{
	print_in_file(s, kind, value);
	print_outside(s, kind, value);
}

/* The sum may pass INT64_MAX. */
static void
print_number(const struct hm_setting *s, const char *kind, int64_t units,
    int64_t more)
{
	char text[HM_DECIMAL_TEXT] = "9223372036854775808";

	if (units < INT64_MAX || more <= 0)
		hm_decimal_format(hm_decimal(units + more,
		    hm_setting_scale(s)), text);
	print_value(s, kind, text);
}

static void
print_words(const struct hm_setting *s)
{
	const char *last;

	if (s->choices == NULL) {
		print_value(s, "low", example(s));
		return;
	}
	last = strrchr(s->choices, ' ') + 1;
	/* "mi" does not go with 3 phases, which is also among the values. */
	if (s != &hm_settings[HM_SET_SIM_SERIES])
		print_value(s, "high", last);
	print_value(s, "wrong", "none-of-these");
}

/* A mapping is JSON in the file and the environment, KEY=VALUE as an option. */
static void
print_pairs(const struct hm_setting *s, const char *key, const char *value)
{
	if (s->key != NULL) {
		printf("file\tlow\t%s: {%s: %s}\t\n", s->key, key, value);
		print_in_file(s, "wrong", "5");
		printf("environment\tlow\t%s={\"%s\": \"%s\"}\t\n",
		    s->env, key, value);
		printf("environment\twrong\t%s=5\t error: %s:\n", s->env,
		    s->env);
	}
	if (s->option == NULL)
		return;
	printf("option\tlow\t--%s=%s=%s\t\n", s->option, key, value);
	printf("option\twrong\t--%s=pv_power\t error: --%s: \n", s->option,
	    s->option);
}

/* What to add to the maximum of a setting that another setting limits more. */
static int64_t
room_above(const struct hm_setting *s)
{
	if (s == &hm_settings[HM_SET_QUERY_PERIOD]) /* below expire_after */
		return -1;
	if (s == &hm_settings[HM_SET_SIM_FAULT_DTU]) /* DTUs of one kind */
		return -s->max / 2;
	return 0;
}

static void
print_setting(const struct hm_setting *s)
{
	switch (s->type) {
	case HM_TYPE_FLAG:
		print_value(s, "low", "false");
		print_value(s, "high", "true");
		print_value(s, "wrong", "maybe");
		break;
	case HM_TYPE_INT:
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
	case HM_TYPE_PRICE:
		print_number(s, "low", s->min, 0);
		print_number(s, "high", s->max, room_above(s));
		print_number(s, "below", s->min, -1);
		print_number(s, "above", s->max, 1);
		print_value(s, "wrong", "word");
		break;
	case HM_TYPE_CHOICE:
	case HM_TYPE_LIST:
		print_words(s);
		break;
	case HM_TYPE_NUMBERS:
		print_pairs(s, "pv_power", "0.5");
		break;
	case HM_TYPE_NAMES:
		if (s == &hm_settings[HM_SET_LOG_LEVELS])
			print_pairs(s, "hm-poll", "ERROR");
		else
			print_pairs(s, "pv_power", "text");
		break;
	case HM_TYPE_TEXT:
		print_value(s, "low", example(s));
		print_in_file(s, "wrong", "\"a\\x01\"");
		print_outside(s, "wrong", "\xff");
		break;
	case HM_TYPE_SECRET:
		print_value(s, "low", "text");
		print_in_file(s, "wrong", "[text]");
		break;
	case HM_TYPE_DTUS:
		print_value(s, "low", "[{\"host\": \"127.0.0.1\"}]");
		print_value(s, "wrong", "5");
		break;
	}
}

int
main(int argc, char *argv[])
{
	const struct hm_tool *tool = argc == 2 ? hm_tool_of_name(argv[1]) :
	    NULL;

	if (tool == NULL)
		return EXIT_FAILURE;
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if ((hm_settings[id].tools & tool->bit) != 0 &&
		    id != HM_SET_CONFIG && id != HM_SET_CHECK)
			print_setting(&hm_settings[id]);
	return EXIT_SUCCESS;
}
