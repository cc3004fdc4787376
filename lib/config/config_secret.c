#include <stdlib.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "config.h"
#include "config_private.h"
#include "settings.h"

/* The file has the secrets of all tools, and every tool reads all of it. */
static bool
is_in_memory(const struct hm_config *config, enum hm_setting_id id)
{
	const char *text = hm_settings[id].env != NULL ?
	    getenv(hm_settings[id].env) : NULL;

	return hm_settings[id].type == HM_TYPE_SECRET &&
	    (hm_config_has(config, id) || (text != NULL && text[0] != '\0'));
}

/* Whether this tool will read a secret from a file of its own. */
static bool
will_be_read(const struct hm_config *config, enum hm_setting_id id)
{
	return (id == HM_SET_MQTT_PASSWORD_FILE || id == HM_SET_MQTT_TLS_KEY) &&
	    (hm_settings[id].tools & config->tool->bit) != 0 &&
	    hm_config_has(config, id);
}

void
hm_config_guard_secrets(const struct hm_config *config)
{
	bool secret = false;

	for (size_t i = 0; i < HM_SETTINGS; i++) {
		enum hm_setting_id id = (enum hm_setting_id)i;

		secret = secret || is_in_memory(config, id) ||
		    will_be_read(config, id);
	}
	if (secret && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		hm_log_errno(HM_WARNING, "a core dump will have the password: "
		    "cannot forbid it");
}
