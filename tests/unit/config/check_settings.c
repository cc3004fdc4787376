#include <check.h>
#include <stdio.h>

#include "base/decimal.h"
#include "base/log.h"
#include "config/retired.h"
#include "config/settings.h"
#include "run_suite.h"

/* Rules for every row of settings.def; code that reads it relies on them. */

#define EACH_SETTING(s) \
	for (const struct hm_setting *s = hm_settings; \
	    s < hm_settings + HM_SETTINGS; s++)
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define NAME_MAX_BYTES 39 /* config.c keeps a key with dashes in 40 bytes */

static const char *
name_of(const struct hm_setting *s)
{
	return s->option != NULL ? s->option : s->key;
}

static bool
is_word(const char *word, const char *first, const char *rest)
{
	return word[0] != '\0' && strchr(first, word[0]) != NULL &&
	    strspn(word, rest) == strlen(word) &&
	    strlen(word) <= NAME_MAX_BYTES;
}

/* The option's twin: the key with dashes. */
static void
dashed(const char *key, char out[NAME_MAX_BYTES + 1])
{
	snprintf(out, NAME_MAX_BYTES + 1, "%s", key);
	for (char *p = out; *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
}

static bool
holds_word(const char *words, struct hm_slice word)
{
	for (size_t n; *words != '\0'; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (hm_slice_equal(hm_slice(words, n), word))
			return true;
	}
	return false;
}

START_TEST(names)
{
	EACH_SETTING(s) {
		ck_assert(s->key != NULL || s->option != NULL ||
		    s->env != NULL);
		ck_assert_msg(s->key == NULL ||
		    is_word(s->key, LOWER, LOWER DIGITS "_"), "%s",
		    name_of(s));
		ck_assert_msg(s->option == NULL ||
		    is_word(s->option, LOWER, LOWER DIGITS "-"), "%s",
		    name_of(s));
		ck_assert_msg(s->env == NULL ||
		    is_word(s->env, UPPER, UPPER DIGITS "_"), "%s",
		    name_of(s));
	}
}
END_TEST

/* The variable is the key in capitals, with HM_ where it says too little. */
START_TEST(variables_follow_keys)
{
	EACH_SETTING(s) {
		const char *env = s->env;

		if (env == NULL || s->key == NULL)
			continue;
		if (strncmp(env, "HM_", 3) == 0)
			env += 3;
		ck_assert_msg(strlen(env) == strlen(s->key), "%s", s->env);
		for (size_t i = 0; env[i] != '\0'; i++)
			ck_assert_msg(env[i] == s->key[i] ||
			    env[i] - 'A' == s->key[i] - 'a', "%s", s->env);
	}
}
END_TEST

START_TEST(keys_and_variables_are_unique)
{
	EACH_SETTING(s)
		for (const struct hm_setting *t = hm_settings; t < s; t++) {
			ck_assert_msg(s->key == NULL || t->key == NULL ||
			    strcmp(s->key, t->key) != 0, "%s", s->key);
			ck_assert_msg(s->env == NULL || t->env == NULL ||
			    strcmp(s->env, t->env) != 0, "%s", s->env);
		}
}
END_TEST

/* Whether `name`, said to a tool, means the setting. */
static bool
answers_to(const struct hm_setting *s, const char *name)
{
	char twin[NAME_MAX_BYTES + 1] = "";

	if (s->option == NULL)
		return false;
	if (s->key != NULL)
		dashed(s->key, twin);
	return strcmp(s->option, name) == 0 || strcmp(twin, name) == 0;
}

START_TEST(options_are_unique_in_a_tool)
{
	char twin[NAME_MAX_BYTES + 1] = "";

	EACH_SETTING(s) {
		ck_assert(!answers_to(s, "help") &&
		    !answers_to(s, "version"));
		ck_assert(s->letter != 'h' && s->letter != 'V');
		ck_assert_msg(s->letter == 0 || strchr(LOWER UPPER DIGITS,
		    s->letter) != NULL, "%s", name_of(s));
		if (s->key != NULL)
			dashed(s->key, twin);
		for (const struct hm_setting *t = hm_settings; t < s; t++) {
			if ((s->tools & t->tools) == 0 || s->option == NULL)
				continue;
			ck_assert_msg(!answers_to(t, s->option), "%s",
			    s->option);
			ck_assert_msg(s->key == NULL || !answers_to(t, twin),
			    "%s", twin);
			ck_assert_msg(s->letter == 0 ||
			    s->letter != t->letter, "-%c", s->letter);
		}
	}
}
END_TEST

START_TEST(every_setting_is_read)
{
	EACH_SETTING(s)
		ck_assert_msg(s->tools != 0 &&
		    (s->tools & ~(unsigned)HM_ALL) == 0, "%s", name_of(s));
}
END_TEST

static bool
within(const struct hm_setting *s, const char *text)
{
	struct hm_decimal d;
	int64_t number;

	return hm_decimal_parse(hm_text(text), &d) &&
	    hm_decimal_rescale(d, hm_setting_scale(s), &number) &&
	    number >= s->min && number <= s->max;
}

/* A flag always has a default; a tool decides about other unset settings. */
static bool
default_is_good(const struct hm_setting *s)
{
	if (s->initial == NULL)
		return s->type != HM_TYPE_FLAG;
	switch (s->type) {
	case HM_TYPE_FLAG:
		return strcmp(s->initial, "false") == 0 ||
		    strcmp(s->initial, "true") == 0;
	case HM_TYPE_INT:
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
	case HM_TYPE_PRICE:
		return within(s, s->initial);
	case HM_TYPE_CHOICE:
		return s->choices != NULL &&
		    holds_word(s->choices, hm_text(s->initial));
	case HM_TYPE_LIST:
		for (const char *p = s->initial; *p != '\0';
		    p += strspn(p, " ,")) {
			size_t n = strcspn(p, " ,");

			if (s->choices != NULL &&
			    !holds_word(s->choices, hm_slice(p, n)))
				return false;
			p += n;
		}
		return true;
	case HM_TYPE_TEXT:
		return s->initial[0] != '\0';
	case HM_TYPE_SECRET:
	case HM_TYPE_NUMBERS:
	case HM_TYPE_NAMES:
	case HM_TYPE_DTUS:
		break;
	}
	return false;
}

START_TEST(defaults)
{
	EACH_SETTING(s)
		ck_assert_msg(default_is_good(s), "%s", name_of(s));
}
END_TEST

START_TEST(bounds)
{
	EACH_SETTING(s) {
		bool number = s->type == HM_TYPE_INT ||
		    s->type == HM_TYPE_SECONDS ||
		    s->type == HM_TYPE_DECIMAL ||
		    s->type == HM_TYPE_PRICE;

		ck_assert_msg(number ? s->min < s->max :
		    s->min == 0 && s->max == 0, "%s", name_of(s));
		ck_assert_msg(s->type != HM_TYPE_CHOICE || s->choices != NULL,
		    "%s", name_of(s));
		ck_assert_msg(s->choices == NULL ||
		    s->type == HM_TYPE_CHOICE || s->type == HM_TYPE_LIST,
		    "%s", name_of(s));
	}
}
END_TEST

START_TEST(values_on_the_command_line)
{
	EACH_SETTING(s) {
		bool takes_value = s->type != HM_TYPE_FLAG &&
		    s->option != NULL;

		ck_assert_msg(takes_value == (s->value != NULL), "%s",
		    name_of(s));
		ck_assert_msg(s->value == NULL ||
		    is_word(s->value, UPPER, UPPER ":="), "%s", name_of(s));
		/* Other users can read a command line. */
		ck_assert_msg(s->type != HM_TYPE_SECRET || s->option == NULL,
		    "%s", name_of(s));
		ck_assert_msg(s->letter == 0 || s->option != NULL, "%s",
		    name_of(s));
	}
}
END_TEST

START_TEST(help)
{
	EACH_SETTING(s) {
		size_t n = strlen(s->help);

		ck_assert_msg(n > 0 && s->help[n - 1] != '.' &&
		    strpbrk(s->help, "\t\n") == NULL, "%s", name_of(s));
	}
}
END_TEST

/* A retired name means nothing else, and says what replaces it. */
START_TEST(retired)
{
	for (size_t i = 0; i < hm_retired_count; i++) {
		const struct hm_retired *r = &hm_retired[i];

		ck_assert(is_word(r->env, UPPER, UPPER DIGITS "_"));
		ck_assert(r->instead[0] != '\0');
		ck_assert(r->key == NULL || (hm_retired_key(r->key) == r &&
		    hm_setting_of_key(r->key) == HM_SETTINGS));
		EACH_SETTING(s)
			ck_assert_msg(s->env == NULL ||
			    strcmp(s->env, r->env) != 0, "%s", r->env);
	}
	ck_assert_ptr_null(hm_retired_key("mqtt_broker"));
	ck_assert_ptr_nonnull(hm_retired_key("log-to-console"));
}
END_TEST

/* The log level's words are spelled in the table and in log.c. */
START_TEST(log_levels)
{
	const char *words = hm_settings[HM_SET_LOG_LEVEL].choices;
	enum hm_level level;
	unsigned count = 0;

	for (size_t n; *words != '\0'; words += n + (words[n] == ' ')) {
		char word[16];

		n = strcspn(words, " ");
		ck_assert_uint_lt(n, sizeof word);
		snprintf(word, sizeof word, "%.*s", (int)n, words);
		ck_assert_msg(hm_level_parse(word, &level), "%s", word);
		ck_assert_uint_eq((unsigned)level, count++);
	}
	ck_assert_uint_eq(count, HM_CRITICAL + 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tc = tcase_create("settings");

	tcase_add_test(tc, names);
	tcase_add_test(tc, variables_follow_keys);
	tcase_add_test(tc, keys_and_variables_are_unique);
	tcase_add_test(tc, options_are_unique_in_a_tool);
	tcase_add_test(tc, every_setting_is_read);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, values_on_the_command_line);
	tcase_add_test(tc, help);
	tcase_add_test(tc, retired);
	tcase_add_test(tc, log_levels);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
