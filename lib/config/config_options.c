#include "config_private.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/suggest.h"
#include "retired.h"
#include "settings.h"

/*
 * A setting has up to four names: its option, its key with dashes, and for a
 * flag both with "no-" before them; "help" and "version" are added.
 */
#define NAMES_MAX (4 * HM_SETTINGS + 3)
#define NAME_SIZE 48

enum code {
	CODE_HELP = 1000, /* greater than any letter */
	CODE_VERSION = 1001,
	CODE_SETTING = 1002, /* plus the setting's id */
	CODE_OFF = CODE_SETTING + HM_SETTINGS,
	CODE_NO_OPTION = CODE_OFF + HM_SETTINGS,
};

struct option_names {
	struct option option[NAMES_MAX];
	char text[NAMES_MAX][NAME_SIZE];
	char letters[4 * HM_SETTINGS];
	size_t count;
};

struct given {
	enum hm_setting_id id;
	const char *text; /* borrowed from argv */
};

struct hm_options {
	struct given *given;
	size_t count;
	char *const *operand; /* borrowed from argv */
	size_t operands;
};

/* Names for getopt_long */

static void
add_name(struct option_names *names, const char *no, const char *name,
    int argument, int code)
{
	char *text = names->text[names->count];

	snprintf(text, NAME_SIZE, "%s%s", no, name);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->text[i], text) == 0)
			return;
	names->option[names->count++] =
	    (struct option){text, argument, NULL, code};
}

static void
add_letter(struct option_names *names, char letter, bool value)
{
	size_t n = strlen(names->letters);

	if (letter == '\0')
		return;
	names->letters[n++] = letter;
	if (value)
		names->letters[n++] = ':';
	names->letters[n] = '\0';
}

static void
add_setting(struct option_names *names, size_t id)
{
	const struct hm_setting *s = &hm_settings[id];
	const char *both[] = {s->option, s->key};
	bool flag = s->type == HM_TYPE_FLAG;

	for (size_t i = 0; i < 2 && both[i] != NULL; i++) {
		add_name(names, "", both[i],
		    flag ? optional_argument : required_argument,
		    CODE_SETTING + (int)id);
		if (flag)
			add_name(names, "no-", both[i], no_argument,
			    CODE_OFF + (int)id);
	}
	add_letter(names, s->letter, !flag);
}

/* Else getopt would take --mqtt-password for --mqtt-password-file. */
static void
add_no_option(struct option_names *names, size_t id)
{
	add_name(names, "", hm_settings[id].key, optional_argument,
	    CODE_NO_OPTION + (int)id);
}

static void
collect_names(struct option_names *names, const struct hm_tool *tool)
{
	memset(names, 0, sizeof *names);
	names->letters[0] = ':'; /* a missing value is reported as ':' */
	names->letters[1] = 'h';
	names->letters[2] = 'V';
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		if ((hm_settings[id].tools & tool->bit) == 0)
			continue;
		if (hm_settings[id].option != NULL)
			add_setting(names, id);
		else if (hm_settings[id].key != NULL)
			add_no_option(names, id);
	}
	add_name(names, "", "help", optional_argument, CODE_HELP);
	add_name(names, "", "version", no_argument, CODE_VERSION);
}

/* Mistakes */

static int
usage_error(const char *problem, const char *what)
{
	hm_log(HM_ERROR, "%s%s; try --help", problem, what);
	return HM_EXIT_USAGE;
}

/* The value after "=" may be a secret, and is not logged. */
static int
unknown_option(const char *word, const struct option_names *names)
{
	char name[NAME_SIZE];
	const struct hm_retired *retired;
	struct hm_suggest nearest;

	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="),
	    word + 2);
	retired = hm_retired_key(name);
	hm_suggest_start(&nearest, name);
	for (size_t i = 0; i < names->count; i++)
		hm_suggest_try(&nearest, names->text[i]);
	if (retired != NULL)
		hm_log(HM_ERROR, "unknown option --%s: %s", name,
		    retired->instead);
	else if (nearest.best != NULL)
		hm_log(HM_ERROR, "unknown option --%s; did you mean --%s?",
		    name, nearest.best);
	else
		hm_log(HM_ERROR, "unknown option --%s; try --help", name);
	return HM_EXIT_USAGE;
}

static int
no_option(const struct hm_setting *setting)
{
	hm_log(HM_ERROR, "there is no option for %s: set %s, or %s in the "
	    "file", setting->key, setting->env, setting->key);
	return HM_EXIT_USAGE;
}

/* Report the option before optind, which getopt_long refused. */
static int
bad_option(int found, char *const argv[], const struct option_names *names)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	bool is_letter = optopt > 0 && optopt < CODE_HELP;

	if (found == ':')
		return usage_error("a value is missing after ",
		    is_letter ? letter : argv[optind - 1]);
	if (is_letter)
		return usage_error("unknown option ", letter);
	if (optopt >= CODE_HELP)
		return usage_error("no value is allowed with ",
		    argv[optind - 1]);
	return unknown_option(argv[optind - 1], names);
}

/* Parsing */

/* The setting of a letter or a code. */
static size_t
setting_of(const struct hm_tool *tool, int code)
{
	if (code >= CODE_OFF)
		return (size_t)(code - CODE_OFF);
	if (code >= CODE_SETTING)
		return (size_t)(code - CODE_SETTING);
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if ((hm_settings[id].tools & tool->bit) != 0 &&
		    hm_settings[id].letter == code)
			return id;
	return HM_SETTINGS;
}

static bool
add_given(struct hm_options *options, size_t id, const char *text)
{
	struct given *given = realloc(options->given,
	    (options->count + 1) * sizeof *given);

	if (given == NULL)
		return false;
	given[options->count++] =
	    (struct given){(enum hm_setting_id)id, text};
	options->given = given;
	return true;
}

static const char *
text_of(int code)
{
	if (code >= CODE_OFF)
		return "false";
	return optarg != NULL ? optarg : "true";
}

/* --help, --help all and --help=all. */
static int
help(const struct hm_tool *tool, int argc, char *argv[])
{
	bool all = optarg != NULL || (optind < argc &&
	    strcmp(argv[optind], "all") == 0);

	if (optarg == NULL || strcmp(optarg, "all") == 0)
		return hm_config_print_help(tool, all);
	hm_log(HM_ERROR, "--help: found \"%s\", allowed is all", optarg);
	return HM_EXIT_USAGE;
}

static int
parse(const struct hm_tool *tool, const struct option_names *names, int argc,
    char *argv[], struct hm_options *options)
{
	int code;

	opterr = 0;
	while ((code = getopt_long(argc, argv, names->letters, names->option,
	    NULL)) != -1) {
		size_t id;

		if (code == CODE_HELP || code == 'h')
			return help(tool, argc, argv);
		if (code == CODE_VERSION || code == 'V')
			return hm_config_print_version(tool);
		if (code == '?' || code == ':')
			return bad_option(code, argv, names);
		if (code >= CODE_NO_OPTION)
			return no_option(&hm_settings[code - CODE_NO_OPTION]);
		id = setting_of(tool, code);
		if (id == HM_SETTINGS)
			return HM_EXIT_SOFTWARE;
		if (!add_given(options, id, text_of(code)))
			return HM_EXIT_OS;
	}
	if (tool->operands == NULL && optind < argc)
		return usage_error("unexpected operand ", argv[optind]);
	options->operand = argv + optind;
	options->operands = (size_t)(argc - optind);
	return -1;
}

int
hm_options_parse(const struct hm_tool *tool, int argc, char *argv[],
    struct hm_options **options)
{
	/* On the stack, all this would stay with the tool for years. */
	struct option_names *names = malloc(sizeof *names);
	int status = HM_EXIT_OS;

	*options = calloc(1, sizeof **options);
	if (*options != NULL && names != NULL) {
		collect_names(names, tool);
		status = parse(tool, names, argc, argv, *options);
	}
	free(names);
	return status;
}

void
hm_options_free(struct hm_options *options)
{
	if (options != NULL)
		free(options->given);
	free(options);
}

const char *
hm_options_file(const struct hm_options *options)
{
	const char *path = NULL;

	for (size_t i = 0; i < options->count; i++)
		if (options->given[i].id == HM_SET_CONFIG)
			path = options->given[i].text;
	return path;
}

/* Settings */

/* KEY=VALUE: each option gives one entry of a mapping. */
static void
set_pair(struct hm_config *config, enum hm_setting_id id, const char *text,
    const char *where)
{
	const char *equals = strchr(text, '=');
	char *key;

	if (equals == NULL) {
		hm_config_mistake(config, where,
		    "found \"%s\", allowed is %s", text,
		    hm_settings[id].value);
		return;
	}
	key = strndup(text, (size_t)(equals - text));
	if (key == NULL) {
		config->no_memory = true;
		return;
	}
	hm_config_begin(config, id, where);
	hm_config_add_pair(config, id, key, equals + 1, where);
	free(key);
}

void
hm_config_read_options(struct hm_config *config,
    const struct hm_options *options)
{
	char where[HM_WHERE_MAX];

	config->operand = options->operand;
	config->operands = options->operands;
	for (size_t i = 0; i < options->count; i++) {
		const struct given *given = &options->given[i];
		enum hm_type type = hm_settings[given->id].type;

		snprintf(where, sizeof where, "--%s",
		    hm_settings[given->id].option);
		if (type == HM_TYPE_NUMBERS || type == HM_TYPE_NAMES)
			set_pair(config, given->id, given->text, where);
		else if (type == HM_TYPE_LIST && given->text[0] == '[')
			hm_config_read_value(config, given->id, given->text,
			    where);
		else
			hm_config_set(config, given->id, given->text, where,
			    where);
	}
}
