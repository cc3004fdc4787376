#include "config_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/suggest.h"
#include "retired.h"
#include "settings.h"

#define VARIABLES_MAX 1000 /* that are compared with the known ones */

/* Whether the text is to be parsed as JSON or YAML. */
static bool
has_structure(enum hm_type type, const char *text)
{
	switch (type) {
	case HM_TYPE_LIST:
		return text[0] == '[';
	case HM_TYPE_NUMBERS:
	case HM_TYPE_NAMES:
	case HM_TYPE_DTUS:
		return true;
	default:
		return false;
	}
}

static void
read_variables(struct hm_config *config)
{
	for (size_t i = 0; i < HM_SETTINGS; i++) {
		const struct hm_setting *setting = &hm_settings[i];
		enum hm_setting_id id = (enum hm_setting_id)i;
		const char *text;

		if (setting->env == NULL ||
		    (setting->tools & config->tool->bit) == 0)
			continue;
		/* An empty variable is how compose files say "unset". */
		text = getenv(setting->env);
		if (text == NULL || text[0] == '\0')
			continue;
		if (has_structure(setting->type, text))
			hm_config_read_value(config, id, text, setting->env);
		else
			hm_config_set(config, id, text, setting->env,
			    setting->env);
	}
}

static void
note_retired(struct hm_config *config)
{
	for (size_t i = 0; i < hm_retired_count; i++) {
		const char *text = getenv(hm_retired[i].env);

		if (text != NULL && !hm_retired_off(text))
			hm_config_note(config, HM_ALL, "%s: has no effect: %s",
			    hm_retired[i].env, hm_retired[i].instead);
	}
}

/* Other programs have variables, too; these are likely meant for hm. */
static bool
looks_like_ours(const char *name)
{
	return strncasecmp(name, "MQTT_", 5) == 0 ||
	    strncasecmp(name, "DTU_", 4) == 0 ||
	    strncasecmp(name, "HM_", 3) == 0;
}

/* Note a variable that is not a setting but has a name close to one. */
static void
note_misspelt(struct hm_config *config, const char *name)
{
	struct hm_suggest nearest;
	unsigned tools = 0;

	/* The lock of a pipeline for cron: pipelines/one-run. */
	if (strcmp(name, "HM_LOCK") == 0)
		return;
	hm_suggest_start(&nearest, name);
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const char *env = hm_settings[id].env;

		if (env == NULL)
			continue;
		if (strcmp(env, name) == 0)
			return;
		hm_suggest_try(&nearest, env);
		if (nearest.best == env)
			tools = hm_settings[id].tools;
	}
	if (nearest.best != NULL)
		hm_config_note(config, tools,
		    "%s: unknown variable, did you mean %s?", name,
		    nearest.best);
}

static void
note_all_misspelt(struct hm_config *config)
{
	int left = VARIABLES_MAX;

	for (char **variable = environ; *variable != NULL; variable++) {
		const char *equals = strchr(*variable, '=');
		char *name;

		if (equals == NULL || !looks_like_ours(*variable))
			continue;
		if (left-- == 0) {
			hm_config_note(config, HM_ALL, "more than %d variables "
			    "begin with MQTT_, DTU_ or HM_: only the first are "
			    "compared with those of hm", VARIABLES_MAX);
			return;
		}
		name = strndup(*variable, (size_t)(equals - *variable));
		if (name == NULL) {
			config->no_memory = true;
			return;
		}
		note_misspelt(config, name);
		free(name);
	}
}

void
hm_config_read_environment(struct hm_config *config)
{
	read_variables(config);
	note_retired(config);
	note_all_misspelt(config);
}
