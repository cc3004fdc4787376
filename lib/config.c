#include "config_private.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "dec.h"
#include "exits.h"
#include "log.h"
#include "stream.h"

/* Values */

void
hm_config_mistake(struct hm_config *config, const char *where,
    const char *format, ...)
{
	char text[512];
	va_list args;

	config->mistakes++;
	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	hm_log(HM_ERROR, "%s: %s", where, text);
}

static char *
keep(struct hm_config *config, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		config->no_memory = true;
	return copy;
}

bool
hm_config_number(struct hm_config *config, const char *text,
    const char *where, int64_t min, int64_t max, int64_t *number)
{
	struct hm_dec d;

	if (!hm_dec_parse(hm_text(text), &d) ||
	    !hm_dec_rescale(d, 0, number) || *number < min || *number > max) {
		hm_config_mistake(config, where, "found \"%s\", allowed is a "
		    "whole number from %lld to %lld", text, (long long)min,
		    (long long)max);
		return false;
	}
	return true;
}

static bool
parse_thousandths(struct hm_config *config, const struct hm_setting *setting,
    const char *text, const char *where, int64_t *number)
{
	char min[HM_DEC_TEXT], max[HM_DEC_TEXT];
	struct hm_dec d;

	if (hm_dec_parse(hm_text(text), &d) && hm_dec_rescale(d, 3, number) &&
	    *number >= setting->min && *number <= setting->max)
		return true;
	hm_dec_format(hm_dec(setting->min, 3), min);
	hm_dec_format(hm_dec(setting->max, 3), max);
	hm_config_mistake(config, where,
	    "found \"%s\", allowed are %s to %s%s", text, min, max,
	    setting->type == HM_TYPE_SECONDS ? " seconds" : "");
	return false;
}

static bool
parse_flag(struct hm_config *config, const char *text, const char *where,
    int64_t *number)
{
	static const char *const words[][2] = {{"true", "false"},
	    {"yes", "no"}, {"on", "off"}, {"1", "0"}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (int off = 0; off < 2; off++)
			if (strcasecmp(text, words[i][off]) == 0) {
				*number = !off;
				return true;
			}
	hm_config_mistake(config, where,
	    "found \"%s\", allowed are true and false", text);
	return false;
}

static const char *
next_word(const char *p, size_t *n)
{
	p += strspn(p, " ,\t\n");
	*n = strcspn(p, " ,\t\n");
	return *n > 0 ? p : NULL;
}

static bool
word_in(const char *words, const char *word, size_t length)
{
	size_t n;

	for (const char *p = words; (p = next_word(p, &n)) != NULL; p += n)
		if (n == length && strncasecmp(p, word, n) == 0)
			return true;
	return false;
}

/* Every word must be among the choices, where there are any. */
static bool
check_words(struct hm_config *config, const struct hm_setting *setting,
    const char *text, const char *where)
{
	bool good = true;
	size_t n;

	if (setting->choices == NULL)
		return true;
	if (setting->type == HM_TYPE_CHOICE) {
		good = word_in(setting->choices, text, strlen(text));
		if (!good)
			hm_config_mistake(config, where,
			    "found \"%s\", allowed are %s", text,
			    setting->choices);
		return good;
	}
	for (const char *p = text; (p = next_word(p, &n)) != NULL; p += n)
		if (!word_in(setting->choices, p, n)) {
			hm_config_mistake(config, where,
			    "found \"%.*s\", allowed are %s", (int)n, p,
			    setting->choices);
			good = false;
		}
	return good;
}

static bool
check_value(struct hm_config *config, const struct hm_setting *setting,
    const char *text, const char *where, int64_t *number)
{
	switch (setting->type) {
	case HM_TYPE_FLAG:
		return parse_flag(config, text, where, number);
	case HM_TYPE_INT:
		return hm_config_number(config, text, where, setting->min,
		    setting->max, number);
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
		return parse_thousandths(config, setting, text, where, number);
	case HM_TYPE_CHOICE:
	case HM_TYPE_LIST:
		return check_words(config, setting, text, where);
	case HM_TYPE_TEXT:
	case HM_TYPE_SECRET:
		if (text[0] != '\0')
			return true;
		hm_config_mistake(config, where, "must not be empty");
		return false;
	case HM_TYPE_NUMBERS:
	case HM_TYPE_NAMES:
	case HM_TYPE_DTUS:
		break;
	}
	hm_config_mistake(config, where, "must be a list in the file");
	return false;
}

void
hm_config_set(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *where, const char *source)
{
	struct hm_config_value *value = &config->value[id];

	if (!check_value(config, &hm_settings[id], text, where,
	    &value->number))
		return;
	free(value->text);
	free(value->source);
	value->text = keep(config, text);
	value->source = keep(config, source);
}

/* Defaults, environment, command line */

static void
set_defaults(struct hm_config *config)
{
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if (hm_settings[id].initial != NULL)
			hm_config_set(config, (enum hm_setting_id)id,
			    hm_settings[id].initial, "default", "default");
}

static void
set_from_environment(struct hm_config *config)
{
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const struct hm_setting *setting = &hm_settings[id];
		const char *text;

		if (setting->env == NULL ||
		    (setting->tools & config->tool->bit) == 0)
			continue;
		/* An empty variable is how compose files say "unset". */
		text = getenv(setting->env);
		if (text != NULL && text[0] != '\0')
			hm_config_set(config, (enum hm_setting_id)id, text,
			    setting->env, setting->env);
	}
}

/* An option and its twin, the key with dashes; then help and version. */
#define OPTIONS_MAX (2 * HM_SETTINGS + 3)
#define OPTION_HELP 1000
#define OPTION_VERSION 1001

struct options {
	struct option option[OPTIONS_MAX];
	char dashed[HM_SETTINGS][40];
	char letters[4 * HM_SETTINGS];
	size_t count;
};

static void
add_option(struct options *o, const char *name, bool value, int code)
{
	o->option[o->count++] = (struct option){name,
	    value ? required_argument : no_argument, NULL, code};
}

static void
add_letter(struct options *o, char letter, bool value)
{
	size_t n = strlen(o->letters);

	if (letter == '\0')
		return;
	o->letters[n++] = letter;
	if (value)
		o->letters[n++] = ':';
	o->letters[n] = '\0';
}

static void
dash(char *out, size_t cap, const char *key)
{
	size_t i;

	for (i = 0; key[i] != '\0' && i + 1 < cap; i++)
		out[i] = key[i] == '_' ? '-' : key[i];
	out[i] = '\0';
}

static void
collect_options(struct options *o, const struct hm_tool *tool)
{
	memset(o, 0, sizeof *o);
	o->letters[0] = ':'; /* missing arguments are told apart */
	o->letters[1] = 'h';
	o->letters[2] = 'V';
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const struct hm_setting *s = &hm_settings[id];
		bool value = s->type != HM_TYPE_FLAG;

		if ((s->tools & tool->bit) == 0 || s->option == NULL)
			continue;
		add_option(o, s->option, value, OPTION_VERSION + 1 + (int)id);
		add_letter(o, s->letter, value);
		if (s->key == NULL)
			continue;
		dash(o->dashed[id], sizeof o->dashed[id], s->key);
		if (strcmp(o->dashed[id], s->option) != 0)
			add_option(o, o->dashed[id], value,
			    OPTION_VERSION + 1 + (int)id);
	}
	add_option(o, "help", false, OPTION_HELP);
	add_option(o, "version", false, OPTION_VERSION);
}

static size_t
setting_of(const struct hm_tool *tool, int code)
{
	if (code > OPTION_VERSION)
		return (size_t)(code - OPTION_VERSION - 1);
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if ((hm_settings[id].tools & tool->bit) != 0 &&
		    hm_settings[id].letter == code)
			return id;
	return HM_SETTINGS;
}

struct given {
	const char *text[HM_SETTINGS]; /* from the command line, or NULL */
};

static int
usage_error(const char *problem, const char *what)
{
	hm_log(HM_ERROR, "%s%s; try --help", problem, what);
	return HM_EXIT_USAGE;
}

/* The option that getopt_long stumbled over: optind is behind it. */
static int
bad_option(const char *problem, char *const argv[])
{
	const char letter[] = {'-', (char)optopt, '\0'};
	bool is_letter = optopt > 0 && optopt < OPTION_HELP;

	return usage_error(problem, is_letter ? letter : argv[optind - 1]);
}

/* Returns -1 to go on, or an exit status. */
static int
parse_command_line(const struct hm_tool *tool, int argc, char *argv[],
    struct given *given)
{
	struct options options;
	int code;

	collect_options(&options, tool);
	opterr = 0;
	while ((code = getopt_long(argc, argv, options.letters,
	    options.option, NULL)) != -1) {
		size_t id;

		if (code == OPTION_HELP || code == 'h')
			return hm_config_print_help(tool);
		if (code == OPTION_VERSION || code == 'V')
			return hm_config_print_version(tool);
		if (code == '?')
			return bad_option("unknown option ", argv);
		if (code == ':')
			return bad_option("a value is missing after ", argv);
		id = setting_of(tool, code);
		if (id == HM_SETTINGS)
			return HM_EXIT_SOFTWARE;
		given->text[id] = optarg != NULL ? optarg : "true";
	}
	if (tool->operands == NULL && optind < argc)
		return usage_error("unexpected operand ", argv[optind]);
	return -1;
}

static void
set_from_command_line(struct hm_config *config, const struct given *given)
{
	char where[HM_WHERE_MAX];

	for (size_t id = 0; id < HM_SETTINGS; id++) {
		if (given->text[id] == NULL)
			continue;
		snprintf(where, sizeof where, "--%s", hm_settings[id].option);
		hm_config_set(config, (enum hm_setting_id)id, given->text[id],
		    where, where);
	}
}

/* Loading */

static void
load(struct hm_config *config, const struct given *given)
{
	const char *path = given->text[HM_SET_CONFIG];

	if (path == NULL)
		path = getenv("HM_CONFIG");
	set_defaults(config);
	if (path != NULL && path[0] != '\0')
		hm_config_read_file(config, path);
	set_from_environment(config);
	set_from_command_line(config, given);
}

static int
outcome(const struct hm_config *config)
{
	if (config->no_memory) {
		hm_log(HM_ERROR, "no memory for the settings");
		return HM_EXIT_OS;
	}
	if (config->mistakes > 0)
		return HM_EXIT_CONFIG;
	if (config->tool->check != NULL) {
		int status = config->tool->check(config);

		if (status != HM_EXIT_OK)
			return status;
	}
	if (hm_config_flag(config, HM_SET_CHECK))
		return hm_config_print_values(config);
	return -1;
}

struct hm_config *
hm_config_load(const struct hm_tool *tool, int argc, char *argv[], int *status)
{
	struct given given = {{NULL}};
	struct hm_config *config;
	enum hm_level level;

	hm_log_start(tool->name, HM_WARNING);
	*status = parse_command_line(tool, argc, argv, &given);
	if (*status >= 0)
		return NULL;
	config = calloc(1, sizeof *config);
	if (config == NULL) {
		*status = HM_EXIT_OS;
		return NULL;
	}
	config->tool = tool;
	config->operand = argv + optind;
	config->operands = (size_t)(argc - optind);
	load(config, &given);
	*status = outcome(config);
	if (*status >= 0) {
		hm_config_free(config);
		return NULL;
	}
	if (hm_level_parse(hm_config_text(config, HM_SET_LOG_LEVEL), &level))
		hm_log_start(tool->name, level);
	return config;
}

void
hm_config_free(struct hm_config *config)
{
	if (config == NULL)
		return;
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		free(config->value[id].text);
		free(config->value[id].source);
	}
	for (size_t i = 0; i < config->dtus; i++) {
		free(config->dtu[i].name);
		free(config->dtu[i].uri);
		free(config->dtu[i].host);
		free(config->dtu[i].where);
	}
	free(config->dtu);
	free(config);
}

/* Asking */

bool
hm_config_has(const struct hm_config *config, enum hm_setting_id id)
{
	return config->value[id].text != NULL;
}

const char *
hm_config_source(const struct hm_config *config, enum hm_setting_id id)
{
	const char *source = config->value[id].source;

	return source != NULL ? source : "unset";
}

const char *
hm_config_text(const struct hm_config *config, enum hm_setting_id id)
{
	return config->value[id].text;
}

int64_t
hm_config_int(const struct hm_config *config, enum hm_setting_id id)
{
	return config->value[id].number;
}

int64_t
hm_config_ms(const struct hm_config *config, enum hm_setting_id id)
{
	return config->value[id].number;
}

bool
hm_config_flag(const struct hm_config *config, enum hm_setting_id id)
{
	return config->value[id].number != 0;
}

bool
hm_config_lists(const struct hm_config *config, enum hm_setting_id id,
    const char *word)
{
	const char *text = config->value[id].text;

	return text == NULL || word_in(text, word, strlen(word));
}

bool
hm_config_word(const char **rest, struct hm_slice *word)
{
	const char *start = *rest != NULL ? next_word(*rest, &word->n) : NULL;

	if (start == NULL)
		return false;
	word->p = start;
	*rest = start + word->n;
	return true;
}

const struct hm_pair *
hm_config_pairs(const struct hm_config *config, enum hm_setting_id id,
    size_t *count)
{
	*count = config->value[id].pairs;
	return config->value[id].pair;
}

char *const *
hm_config_operands(const struct hm_config *config, size_t *count)
{
	*count = config->operands;
	return config->operand;
}

const struct hm_dtu_config *
hm_config_dtus(const struct hm_config *config, size_t *count)
{
	*count = config->dtus;
	return config->dtu;
}

void
hm_config_stream(const struct hm_config *config,
    struct hm_stream_options *options)
{
	*options = (struct hm_stream_options){
	    .in = 0,
	    .out = 1,
	    .stats_period_ms = hm_config_ms(config, HM_SET_STATS_PERIOD),
	    .strict = hm_config_flag(config, HM_SET_STRICT),
	};
}
