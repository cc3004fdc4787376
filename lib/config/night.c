#include "night.h"

#include <stdio.h>

bool
hm_night_check(const struct hm_config *config)
{
	const char *when = hm_config_text(config, HM_SET_NIGHT);
	const char *problem;
	struct hm_quiet night;
	char allowed[200];

	if (when == NULL || hm_quiet_parse(when, &night, &problem))
		return true;
	snprintf(allowed, sizeof allowed, "are %s", problem);
	return hm_config_refuse(config, HM_SET_NIGHT, hm_text(when), allowed);
}

const struct hm_quiet *
hm_night_read(const struct hm_config *config, struct hm_quiet *quiet)
{
	const char *when = hm_config_text(config, HM_SET_NIGHT), *problem;

	if (when == NULL || !hm_quiet_parse(when, quiet, &problem))
		return NULL;
	return quiet;
}
