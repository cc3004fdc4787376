#include "plant_facts.h"

#include <string.h>

#include "config/settings.h"

#define NAME_MAX_BYTES ((size_t)120)
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* As ISO 4217 has it, so that a browser knows how to write an amount. */
static bool
is_currency(const char *code)
{
	return strlen(code) == 3 && strspn(code, LETTERS) == 3;
}

bool
hm_plant_facts_check(const struct hm_config *config)
{
	const char *name = hm_config_text(config, HM_SET_PLANT_NAME);
	const char *currency = hm_config_text(config, HM_SET_CURRENCY);
	bool good = true;

	if (name != NULL && strlen(name) > NAME_MAX_BYTES)
		good = hm_config_refuse(config, HM_SET_PLANT_NAME,
		    "are texts of at most 120 bytes");
	if (currency != NULL && !is_currency(currency))
		good = hm_config_refuse(config, HM_SET_CURRENCY, "are three "
		    "capital letters, such as EUR, CHF or USD");
	return good;
}

static bool
read_number(const struct hm_config *config, enum hm_setting_id id,
    struct hm_decimal *number)
{
	*number = hm_decimal(hm_config_int(config, id),
	    hm_setting_scale(&hm_settings[id]));
	return hm_config_has(config, id);
}

struct hm_plant_facts
hm_plant_facts_read(const struct hm_config *config)
{
	struct hm_plant_facts facts = {
	    .name = hm_config_text(config, HM_SET_PLANT_NAME),
	    .zone = hm_config_text(config, HM_SET_TIMEZONE),
	    .currency = hm_config_text(config, HM_SET_CURRENCY),
	    .has_co2 = hm_config_has(config, HM_SET_CO2_G_KWH),
	    .co2_g_kwh = hm_config_int(config, HM_SET_CO2_G_KWH),
	};

	facts.has_own = read_number(config, HM_SET_PRICE_OWN,
	    &facts.price_own);
	facts.has_given = read_number(config, HM_SET_PRICE_GIVEN,
	    &facts.price_given);
	return facts;
}
