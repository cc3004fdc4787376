#include "topic_list.h"

#include <mosquitto.h>
#include <stdio.h>
#include <string.h>

#include "config/settings.h"

static void
name_commands(struct hm_topic_list *list, const struct hm_config *config)
{
	const char *prefix = hm_config_text(config, HM_SET_MQTT_TOPIC_PREFIX);
	const char *id = hm_config_text(config, HM_SET_MQTT_CLIENT_ID);

	list->commands = hm_config_flag(config, HM_SET_CONTROL_ENABLED);
	hm_topic_commands(prefix, list->shared, sizeof list->shared);
	hm_topic_own_commands(prefix, id, list->own, sizeof list->own);
	hm_topic_control(prefix, id, list->control, sizeof list->control);
}

static bool
matches(const char *filter, const char *topic)
{
	bool match = false;

	return topic[0] != '\0' && mosquitto_topic_matches_sub(filter, topic,
	    &match) == MOSQ_ERR_SUCCESS && match;
}

/*
 * Brokers read these as the filter that follows, which would hide that it
 * matches topics of commands. $exclusive is of EMQX, $queue of several.
 */
static bool
hides_filter(const char *filter)
{
	static const char *const hiding[] = {"$share/", "$queue/",
	    "$exclusive/"};

	for (size_t i = 0; i < sizeof hiding / sizeof *hiding; i++)
		if (strncmp(filter, hiding[i], strlen(hiding[i])) == 0)
			return true;
	return false;
}

/* NULL, or what is allowed in its place. */
static const char *
add_filter(struct hm_topic_list *list, struct hm_slice word)
{
	char *filter;

	if (list->filters == HM_FILTERS_MAX)
		return "are up to 32 topics";
	if (word.n >= HM_FILTER_MAX)
		return "are topics of less than 1024 bytes";
	filter = list->filter[list->filters];
	memcpy(filter, word.p, word.n);
	filter[word.n] = '\0';
	if (mosquitto_sub_topic_check2(word.p, word.n) != MOSQ_ERR_SUCCESS)
		return "are topics, also with + and #";
	if (hides_filter(filter))
		return "are topics without $share/, $queue/ and $exclusive/, "
		    "behind which commands could come twice";
	if (list->commands && (matches(filter, list->shared) ||
	    matches(filter, list->own)))
		return "are topics that do not include those of commands, "
		    "which would then come twice";
	list->filters++;
	return NULL;
}

/* None of them matches a topic of commands, whatever its prefix. */
static void
add_states(struct hm_topic_list *list)
{
	for (size_t i = 0; i < HM_MSA_FILTERS; i++)
		snprintf(list->filter[list->filters++], HM_FILTER_MAX, "%s",
		    hm_msa_filters[i]);
}

bool
hm_topic_list_read(struct hm_topic_list *list, const struct hm_config *config)
{
	const char *rest = hm_config_text(config, HM_SET_SUBSCRIBE_TOPICS);
	const char *allowed;
	struct hm_slice word;
	bool good = true;

	list->filters = 0;
	list->msa = strcmp(hm_config_text(config, HM_SET_SUBSCRIBE_FROM),
	    "msa") == 0;
	list->period_ms = hm_config_ms(config, HM_SET_SUBSCRIBE_PERIOD);
	name_commands(list, config);
	while (rest != NULL && hm_config_word(&rest, &word)) {
		allowed = add_filter(list, word);
		if (allowed != NULL)
			good = hm_config_refuse_word(config,
			    HM_SET_SUBSCRIBE_TOPICS, word, allowed);
	}
	if (list->msa)
		add_states(list);
	return good;
}

bool
hm_topic_list_is_used(const struct hm_topic_list *list,
    const struct hm_config *config)
{
	return hm_config_flag(config, HM_SET_MQTT_ENABLED) &&
	    (list->commands || list->filters > 0);
}
