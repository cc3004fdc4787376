#include "config_private.h"

#include <stdlib.h>

/* Lists and mappings may be JSON. */
static bool
is_json(const struct hm_setting *setting, const char *text)
{
	switch (setting->type) {
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

void
hm_config_read_environment(struct hm_config *config)
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
		if (is_json(setting, text))
			hm_config_read_value(config, id, text, setting->env);
		else
			hm_config_set(config, id, text, setting->env,
			    setting->env);
	}
}
