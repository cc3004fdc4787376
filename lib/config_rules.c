#include "config_private.h"

#include "exits.h"
#include "log.h"

/* Settings of one type of which the first is at most the second. */
static const struct {
	enum hm_setting_id lower, upper;
} orders[] = {
    {HM_SET_COMM_RECONNECT_DELAY, HM_SET_COMM_RECONNECT_DELAY_MAX},
    {HM_SET_CIRCUIT_BREAKER_TIMEOUT, HM_SET_MAX_BACKOFF},
};

static bool
is_read(const struct hm_config *config, enum hm_setting_id id)
{
	return (hm_settings[id].tools & config->tool->bit) != 0;
}

int
hm_config_check_rules(const struct hm_config *config)
{
	int status = HM_EXIT_OK;

	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		enum hm_setting_id lower = orders[i].lower;
		enum hm_setting_id upper = orders[i].upper;

		if (!is_read(config, lower) || !is_read(config, upper) ||
		    hm_config_int(config, lower) <=
		    hm_config_int(config, upper))
			continue;
		hm_log(HM_ERROR, "%s (%s): found \"%s\", allowed is at most "
		    "%s (%s): \"%s\"", hm_settings[lower].key,
		    hm_config_source(config, lower),
		    hm_config_text(config, lower), hm_settings[upper].key,
		    hm_config_source(config, upper),
		    hm_config_text(config, upper));
		status = HM_EXIT_CONFIG;
	}
	return status;
}
