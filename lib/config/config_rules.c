#include "config_private.h"

#include <stdio.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/zone.h"
#include "config.h"
#include "settings.h"

/* Pairs of settings of one type: the first must be at most the second. */
static const struct {
	enum hm_setting_id lower, upper;
} orders[] = {
    {HM_SET_COMM_RECONNECT_DELAY, HM_SET_COMM_RECONNECT_DELAY_MAX},
    {HM_SET_CIRCUIT_BREAKER_TIMEOUT, HM_SET_MAX_BACKOFF},
    {HM_SET_MQTT_RECONNECT_DELAY, HM_SET_MQTT_RECONNECT_DELAY_MAX},
};

static bool
is_read(const struct hm_config *config, enum hm_setting_id id)
{
	return (hm_settings[id].tools & config->tool->bit) != 0;
}

bool
hm_config_refuse_word(const struct hm_config *config, enum hm_setting_id id,
    struct hm_slice found, const char *allowed)
{
	const char *name = hm_config_name(id);
	const char *where = hm_config_source(config, id);
	char place[HM_WHERE_MAX];

	if (hm_settings[id].key != NULL)
		snprintf(place, sizeof place, "%s (%s)", name, where);
	else
		snprintf(place, sizeof place, "--%s", name);
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("setting", name),
	    hm_fact("where", where), hm_fact_slice("found", found),
	    hm_fact("allowed", allowed)), "%s: found \"%.*s\", allowed %s",
	    place, (int)found.n, found.p, allowed);
	return false;
}

bool
hm_config_refuse(const struct hm_config *config, enum hm_setting_id id,
    const char *allowed)
{
	return hm_config_refuse_word(config, id,
	    hm_text(hm_config_text(config, id)), allowed);
}

bool
hm_config_refuse_pair(enum hm_setting_id id, const struct hm_pair *pair,
    const char *found, const char *allowed)
{
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("setting",
	    hm_config_name(id)), hm_fact("where", pair->where),
	    hm_fact("found", found), hm_fact("allowed", allowed)),
	    "%s: %s: found \"%s\", allowed %s", pair->where, pair->key, found,
	    allowed);
	return false;
}

bool
hm_config_use_zone(const struct hm_config *config)
{
	return hm_zone_use(hm_config_text(config, HM_SET_TIMEZONE)) ||
	    hm_config_refuse(config, HM_SET_TIMEZONE, "are names of the "
	    "time zone database, such as Europe/Berlin");
}

static void
refuse_more(const struct hm_config *config, enum hm_setting_id lower,
    enum hm_setting_id upper)
{
	char allowed[HM_WHERE_MAX];

	snprintf(allowed, sizeof allowed, "is at most %s (%s): \"%s\"",
	    hm_settings[upper].key, hm_config_source(config, upper),
	    hm_config_text(config, upper));
	hm_config_refuse(config, lower, allowed);
}

static int
check_levels(const struct hm_config *config)
{
	const struct hm_config_value *value =
	    &config->value[HM_SET_LOG_LEVELS];
	int status = HM_EXIT_OK;
	enum hm_level level;

	for (size_t i = 0; i < value->pairs; i++) {
		const struct hm_pair *pair = &value->pair[i];

		if (hm_tool_of_name(pair->key) == NULL)
			hm_config_refuse_pair(HM_SET_LOG_LEVELS, pair,
			    pair->key, "are the names of tools, such as "
			    "hm-poll");
		else if (!hm_level_parse(pair->text, &level))
			hm_config_refuse_pair(HM_SET_LOG_LEVELS, pair,
			    pair->text, "are DEBUG INFO WARNING ERROR "
			    "CRITICAL");
		else
			continue;
		status = HM_EXIT_CONFIG;
	}
	return status;
}

int
hm_config_check_rules(const struct hm_config *config)
{
	int status = check_levels(config);

	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		enum hm_setting_id lower = orders[i].lower;
		enum hm_setting_id upper = orders[i].upper;

		if (!is_read(config, lower) || !is_read(config, upper) ||
		    hm_config_int(config, lower) <=
		    hm_config_int(config, upper))
			continue;
		refuse_more(config, lower, upper);
		status = HM_EXIT_CONFIG;
	}
	return status;
}
