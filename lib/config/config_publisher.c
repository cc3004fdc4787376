#include "config_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "publisher.h"
#include "record/topics.h"
#include "settings.h"

/*
 * The client id is the name of a publisher. hm-publish and hm-ha-discovery find
 * it here, alike; it becomes the value of mqtt_client_id, so that --check shows
 * it.
 */

#define ONCE "-once"

static void
replace(struct hm_config *config, const char *id, const char *source)
{
	struct hm_config_value *value = &config->value[HM_SET_MQTT_CLIENT_ID];
	char *text = hm_config_copy(config, id);
	char *from = hm_config_copy(config, source);

	if (text == NULL || from == NULL) {
		free(text);
		free(from);
		return;
	}
	free(value->text);
	free(value->source);
	value->text = text;
	value->source = from;
	value->length = strlen(text);
}

static void
make_id(struct hm_config *config)
{
	char machine[HM_PUBLISHER_MACHINE_SIZE], id[HM_PUBLISHER_SIZE];
	char *path = hm_publisher_path(hm_config_text(config,
	    HM_SET_DATABASE_PATH)), *source = NULL;

	if (path != NULL && asprintf(&source,
	    "default, for this machine and %s", path) < 0)
		source = NULL;
	if (source == NULL) {
		config->no_memory = true;
	} else {
		hm_publisher_machine(HM_PUBLISHER_MACHINE_ID, machine);
		hm_publisher_id(hm_text(machine), hm_text(path), id);
		replace(config, id, source);
	}
	free(path);
	free(source);
}

static bool
ends_in_once(const char *id)
{
	size_t n = strlen(id), tail = sizeof ONCE - 1;

	return n >= tail && strcmp(id + n - tail, ONCE) == 0;
}

/*
 * A run of one poll without a farewell has often the settings of a chain that
 * runs, and must not take over its session. An id that is set where
 * mqtt_farewell is set, or overrides that, is meant for the run.
 */
static bool
is_of_the_chain(const struct hm_config *config)
{
	const struct hm_config_value *value = config->value;

	return !hm_config_flag(config, HM_SET_MQTT_FAREWELL) &&
	    value[HM_SET_MQTT_FAREWELL].layer >
	    value[HM_SET_MQTT_CLIENT_ID].layer &&
	    !ends_in_once(hm_config_text(config, HM_SET_MQTT_CLIENT_ID));
}

static void
add_once(struct hm_config *config)
{
	char *id = NULL, *source = NULL;

	if (asprintf(&id, "%s" ONCE,
	    hm_config_text(config, HM_SET_MQTT_CLIENT_ID)) < 0)
		id = NULL;
	if (asprintf(&source, "%s, and mqtt_farewell (%s)",
	    hm_config_source(config, HM_SET_MQTT_CLIENT_ID),
	    hm_config_source(config, HM_SET_MQTT_FAREWELL)) < 0)
		source = NULL;
	if (id == NULL || source == NULL)
		config->no_memory = true;
	else
		replace(config, id, source);
	free(id);
	free(source);
}

bool
hm_config_name_publisher(struct hm_config *config)
{
	if ((hm_settings[HM_SET_MQTT_CLIENT_ID].tools &
	    config->tool->bit) == 0)
		return true;
	if (!hm_config_has(config, HM_SET_MQTT_CLIENT_ID))
		make_id(config);
	if (config->no_memory)
		return true;
	if (strlen(hm_config_text(config, HM_SET_MQTT_CLIENT_ID)) +
	    sizeof ONCE - 1 > HM_PUBLISHER_MAX)
		return hm_config_refuse(config, HM_SET_MQTT_CLIENT_ID,
		    "are ids of at most 195 bytes");
	if (is_of_the_chain(config))
		add_once(config);
	return true;
}
