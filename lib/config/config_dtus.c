#include "config_private.h"

#include <stdio.h>

#include "config.h"
#include "settings.h"

/* Which of the settings that can name the DTUs does so. */

enum hm_dtu_source
hm_config_dtu_source(const struct hm_config *config)
{
	bool host = hm_config_has(config, HM_SET_DTU_HOST);

	if (config->operands > 0 && config->tool->operands != NULL)
		return HM_DTUS_OPERANDS;
	if (host && config->value[HM_SET_DTU_HOST].layer == HM_LAYER_OPTION)
		return HM_DTUS_HOST;
	if (config->dtus > 0)
		return HM_DTUS_LIST;
	return host ? HM_DTUS_HOST : HM_DTUS_UNSET;
}

/* dtu_port belongs to dtu_host. */
static bool
is_replaced(enum hm_dtu_source source, enum hm_setting_id id)
{
	switch (id) {
	case HM_SET_DTU_HOST:
	case HM_SET_DTU_PORT:
		return source == HM_DTUS_OPERANDS || source == HM_DTUS_LIST;
	case HM_SET_DTU_CONFIGS:
		return source == HM_DTUS_OPERANDS || source == HM_DTUS_HOST;
	default:
		return false;
	}
}

bool
hm_config_unused(const struct hm_config *config, enum hm_setting_id id,
    char why[HM_WHERE_MAX])
{
	enum hm_dtu_source source = hm_config_dtu_source(config);
	enum hm_setting_id other = source == HM_DTUS_LIST ?
	    HM_SET_DTU_CONFIGS : HM_SET_DTU_HOST;

	if (!hm_config_given(config, id) || !is_replaced(source, id) ||
	    (id == HM_SET_DTU_CONFIGS && config->dtus == 0))
		return false;
	if (source == HM_DTUS_OPERANDS)
		snprintf(why, HM_WHERE_MAX, "the command line names the DTUs");
	else
		snprintf(why, HM_WHERE_MAX, "%s (%s) names the DTUs",
		    hm_settings[other].key, hm_config_source(config, other));
	return true;
}

/* An operand replaces settings as each option does: without a note. */
void
hm_config_note_unused(struct hm_config *config)
{
	static const enum hm_setting_id ids[] = {HM_SET_DTU_HOST,
	    HM_SET_DTU_PORT, HM_SET_DTU_CONFIGS};
	char why[HM_WHERE_MAX];

	if (hm_config_dtu_source(config) == HM_DTUS_OPERANDS)
		return;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		unsigned tools = hm_settings[ids[i]].tools;

		if ((tools & config->tool->bit) == 0 ||
		    !hm_config_unused(config, ids[i], why))
			continue;
		hm_config_note(config, tools, "%s (%s) is not used: %s",
		    hm_settings[ids[i]].key,
		    hm_config_source(config, ids[i]), why);
	}
}
