#include "config_private.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"

/* Loading */

static void
set_defaults(struct hm_config *config)
{
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if (hm_settings[id].initial != NULL)
			hm_config_set(config, (enum hm_setting_id)id,
			    hm_settings[id].initial, "default", "default");
}

static void
read_all(struct hm_config *config, const struct hm_options *options)
{
	const char *path = hm_options_file(options);

	if (path == NULL)
		path = getenv("HM_CONFIG");
	set_defaults(config);
	config->layer = HM_LAYER_FILE;
	if (path != NULL && path[0] != '\0')
		hm_config_read_file(config, path);
	config->layer = HM_LAYER_ENVIRONMENT;
	hm_config_read_environment(config);
	config->layer = HM_LAYER_OPTION;
	hm_config_read_options(config, options);
	hm_config_guard_secrets(config);
}

/*
 * Mistakes on the command line are logged before settings are read, in the
 * format that the command line or the environment gives.
 */
static void
guess_log_format(int argc, char *argv[])
{
	static const char option[] = "--log-format", shortest[] = "--log-f";
	const char *name = getenv(hm_settings[HM_SET_LOG_FORMAT].env);
	enum hm_log_format format;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		size_t n = strcspn(argv[i], "=");

		if (n < sizeof shortest - 1 ||
		    strncmp(argv[i], option, n) != 0)
			continue;
		name = argv[i][n] == '=' ? argv[i] + n + 1 : argv[i + 1];
	}
	if (name != NULL && hm_log_format_parse(name, &format))
		hm_log_use(format);
}

static void
use_log_format(const struct hm_config *config)
{
	enum hm_log_format format;

	if (hm_log_format_parse(hm_config_text(config, HM_SET_LOG_FORMAT),
	    &format))
		hm_log_use(format);
}

/* --log-level is about this tool, too, and overrides the others. */
static enum hm_level
lowest_level(const struct hm_config *config)
{
	const struct hm_config_value *level =
	    &config->value[HM_SET_LOG_LEVEL];
	const struct hm_config_value *levels =
	    &config->value[HM_SET_LOG_LEVELS];
	enum hm_level lowest = HM_WARNING;

	hm_level_parse(level->text, &lowest);
	for (size_t i = 0; i < levels->pairs; i++)
		if (level->layer != HM_LAYER_OPTION &&
		    strcmp(levels->pair[i].key, config->tool->name) == 0)
			hm_level_parse(levels->pair[i].text, &lowest);
	return lowest;
}

static void
log_faults(const struct hm_config *config)
{
	for (size_t i = 0; i < config->faults; i++) {
		const struct hm_config_fault *fault = &config->fault[i];

		hm_log_facts(HM_ERROR, HM_FACTS(
		    hm_fact_slice("where", hm_text(fault->where)),
		    hm_fact_slice("reason", hm_text(fault->text))),
		    "%s: %s", fault->where, fault->text);
	}
	if (hm_config_is_full(config))
		hm_log(HM_ERROR, "these are the first %zu mistakes; the rest "
		    "was not read", config->faults);
}

/*
 * The tools of a chain share their settings: only one of them logs a note, the
 * first. hm-subscribe is in few chains.
 */
static unsigned
logs_note(const struct hm_config_note *note)
{
	unsigned tools = note->tools & ~(unsigned)HM_SUBSCRIBE;

	if (tools == 0)
		return note->tools;
	return tools & ~(tools - 1);
}

static void
log_notes(const struct hm_config *config)
{
	if (lowest_level(config) > HM_WARNING)
		return;
	for (size_t i = 0; i < config->notes; i++) {
		const struct hm_config_note *note = &config->note[i];

		if (logs_note(note) == config->tool->bit ||
		    hm_config_flag(config, HM_SET_CHECK))
			hm_log(HM_WARNING, "%s", note->text);
	}
}

/* All rules are checked, so that all mistakes are reported at once. */
static int
check_rules(struct hm_config *config)
{
	bool good = hm_config_split_broker(config);
	bool named = hm_config_name_publisher(config);
	int status = hm_config_check_rules(config);
	int own = config->check != NULL ? config->check(config) : HM_EXIT_OK;

	if (!good || !named)
		return HM_EXIT_CONFIG;
	return status != HM_EXIT_OK ? status : own;
}

static int
report_no_memory(void)
{
	hm_log(HM_ERROR, "no memory for the settings");
	return HM_EXIT_OS;
}

/* Returns -1 to go on, or an exit status. */
static int
outcome(struct hm_config *config)
{
	int status;

	if (config->no_memory)
		return report_no_memory();
	use_log_format(config);
	log_faults(config);
	if (config->faults > 0)
		return HM_EXIT_CONFIG;
	hm_config_note_unused(config);
	log_notes(config);
	status = check_rules(config);
	if (config->no_memory)
		return report_no_memory();
	if (status != HM_EXIT_OK)
		return status;
	hm_log_start(config->tool->name, lowest_level(config));
	if (hm_config_flag(config, HM_SET_CHECK))
		return hm_config_print_values(config);
	return -1;
}

static struct hm_config *
load(const struct hm_tool *tool, hm_config_check *check,
    const struct hm_options *options, int *status)
{
	struct hm_config *config = calloc(1, sizeof *config);

	if (config == NULL) {
		*status = HM_EXIT_OS;
		return NULL;
	}
	config->tool = tool;
	config->check = check;
	read_all(config, options);
	*status = outcome(config);
	if (*status < 0)
		return config;
	hm_config_free(config);
	return NULL;
}

struct hm_config *
hm_config_load(const struct hm_tool *tool, hm_config_check *check, int argc,
    char *argv[], int *status)
{
	struct hm_config *config = NULL;
	struct hm_options *options;

	hm_log_start(tool->name, HM_WARNING);
	guess_log_format(argc, argv);
	*status = hm_options_parse(tool, argc, argv, &options);
	if (*status < 0)
		config = load(tool, check, options, status);
	hm_options_free(options);
	return config;
}

void
hm_config_log_start(const struct hm_config *config)
{
	const char *file = hm_config_text(config, HM_SET_CONFIG);

	hm_log_facts(HM_INFO, HM_FACTS(hm_fact("version", HM_VERSION),
	    hm_fact("file", file)), "version %s starts, with %s%s", HM_VERSION,
	    file != NULL ? "the settings of " : "no settings file",
	    file != NULL ? file : "");
}

void
hm_config_free(struct hm_config *config)
{
	if (config == NULL)
		return;
	for (size_t id = 0; id < HM_SETTINGS; id++)
		hm_config_clear(config, (enum hm_setting_id)id);
	for (size_t i = 0; i < config->faults; i++) {
		free(config->fault[i].where);
		free(config->fault[i].text);
	}
	free(config->fault);
	for (size_t i = 0; i < config->notes; i++)
		free(config->note[i].text);
	free(config->note);
	free(config);
}

/* Getters */

bool
hm_config_has(const struct hm_config *config, enum hm_setting_id id)
{
	return config->value[id].source != NULL;
}

bool
hm_config_given(const struct hm_config *config, enum hm_setting_id id)
{
	return config->value[id].layer > HM_LAYER_DEFAULT;
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

const char *
hm_config_database(const struct hm_config *config)
{
	return hm_config_flag(config, HM_SET_PERSISTENCE_ENABLED) ?
	    hm_config_text(config, HM_SET_DATABASE_PATH) : NULL;
}

const char *
hm_config_database_to_read(const struct hm_config *config)
{
	const char *path = hm_config_database(config);

	if (path != NULL && hm_config_flag(config, HM_SET_DRY_RUN) &&
	    access(path, F_OK) < 0 && errno == ENOENT)
		return NULL;
	return path;
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
