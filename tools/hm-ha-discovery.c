/* hm-ha-discovery: readings to Home Assistant's messages, as mqtt records. */

#include <stdio.h>

#include "config.h"
#include "exits.h"
#include "ha.h"
#include "log.h"
#include "stream.h"

#define NAMES_MAX 1024

/* Settings */

static bool
choose(const struct hm_config *config, enum hm_setting_id id,
    enum hm_ha_choice choice, struct hm_ha_entities *entities)
{
	char allowed[NAMES_MAX] = "are ";
	struct hm_slice unknown;

	if (!hm_config_has(config, id) || hm_ha_entities_choose(entities,
	    choice, hm_config_text(config, id), &unknown))
		return true;
	hm_ha_entities_names(choice, allowed + strlen(allowed),
	    sizeof allowed - strlen(allowed));
	return hm_config_refuse(config, id, unknown, allowed);
}

static bool
choose_all(const struct hm_config *config, struct hm_ha_entities *entities)
{
	bool good;

	hm_ha_entities_all(entities);
	good = choose(config, HM_SET_MI_ENTITIES, HM_HA_CHOOSE_INVERTER,
	    entities);
	return choose(config, HM_SET_PORT_ENTITIES, HM_HA_CHOOSE_PORT,
	    entities) && good;
}

static bool
check_expiry(const struct hm_config *config)
{
	int64_t expire = hm_config_ms(config, HM_SET_EXPIRE_AFTER);
	char allowed[NAMES_MAX];

	if (expire == 0 || expire > hm_config_ms(config, HM_SET_QUERY_PERIOD))
		return true;
	snprintf(allowed, sizeof allowed, "are 0 and more than query_period "
	    "(%s): \"%s\"", hm_config_source(config, HM_SET_QUERY_PERIOD),
	    hm_config_text(config, HM_SET_QUERY_PERIOD));
	return hm_config_refuse(config, HM_SET_EXPIRE_AFTER,
	    hm_text(hm_config_text(config, HM_SET_EXPIRE_AFTER)), allowed);
}

static bool
check_prefix(const struct hm_config *config)
{
	const char *prefix = hm_config_text(config, HM_SET_MQTT_TOPIC_PREFIX);

	return hm_topic_prefix_valid(prefix) || hm_config_refuse(config,
	    HM_SET_MQTT_TOPIC_PREFIX, hm_text(prefix), HM_TOPIC_PREFIX_RULE);
}

/* Every rule is looked at, so that all mistakes are told at once. */
static int
check(const struct hm_config *config)
{
	struct hm_ha_entities entities;
	bool good = check_prefix(config);

	good = check_expiry(config) && good;
	good = choose_all(config, &entities) && good;
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

static const struct hm_tool tool = {
    .name = "hm-ha-discovery",
    .bit = HM_HA_DISCOVERY,
    .summary = "Add Home Assistant's discovery and state messages to "
        "readings.",
    .check = check,
};

/* Records */

struct work {
	struct hm_stream *stream;
	struct hm_ha *ha;
	struct hm_record record;
};

static void
on_message(void *context, struct hm_slice line)
{
	struct work *work = context;

	hm_stream_emit(work->stream, line);
}

static void
on_line(struct work *work, struct hm_slice line)
{
	struct hm_slice type;
	const char *why;

	if (!hm_stream_type(work->stream, line, &work->record, &type))
		return;
	if (!hm_ha_takes(type)) {
		hm_stream_emit(work->stream, line);
		return;
	}
	if (!hm_stream_parse(work->stream, line, &work->record))
		return;
	hm_stream_emit(work->stream, line);
	why = hm_ha_record(work->ha, type, &work->record);
	if (why != NULL)
		hm_stream_bad(work->stream, "no entities: %s", why);
}

static int
run(struct work *work)
{
	const struct hm_ha_counters *counters = hm_ha_counters(work->ha);
	struct hm_slice line;

	hm_stream_counter(work->stream, "announcements",
	    &counters->announcements);
	hm_stream_counter(work->stream, "states", &counters->states);
	hm_stream_counter(work->stream, "refused", &counters->refused);
	while (hm_stream_next(work->stream, &line)) {
		on_line(work, line);
		hm_stream_commit(work->stream);
	}
	return hm_stream_close(work->stream, HM_EXIT_OK);
}

static struct hm_ha *
open_ha(const struct hm_config *config, struct work *work)
{
	struct hm_ha_options options = {
	    .style = {
	        .prefix = hm_config_text(config, HM_SET_MQTT_TOPIC_PREFIX),
	        .qos = hm_config_int(config, HM_SET_MQTT_QOS),
	        /* Home Assistant takes whole seconds. */
	        .expire_after = (hm_config_ms(config, HM_SET_EXPIRE_AFTER) +
	            999) / 1000,
	    },
	};
	struct hm_ha *ha = NULL;

	if (choose_all(config, &options.entities))
		ha = hm_ha_new(&options, on_message, work);
	if (ha == NULL)
		hm_log_errno(HM_ERROR, "no memory for the devices");
	return ha;
}

static int
start(const struct hm_config *config, struct work *work)
{
	struct hm_stream_options options;

	hm_config_stream(config, &options);
	work->ha = open_ha(config, work);
	if (work->ha == NULL)
		return HM_EXIT_OS;
	work->stream = hm_stream_open(&options);
	return work->stream != NULL ? run(work) : HM_EXIT_OS;
}

int
main(int argc, char *argv[])
{
	static struct work work;
	struct hm_config *config;
	int status;

	hm_stream_guard_descriptors();
	config = hm_config_load(&tool, argc, argv, &status);
	if (config == NULL)
		return status;
	status = start(config, &work);
	hm_ha_free(work.ha);
	hm_config_free(config);
	return status;
}
