#ifndef HM_PLANT_FACTS_H
#define HM_PLANT_FACTS_H

#include "base/decimal.h"
#include "config/config.h"

/*
 * What the settings say of the plant, for people. A text is NULL if it is not
 * set; the texts are borrowed from the settings. Prices are of a kWh.
 */
struct hm_plant_facts {
	const char *name;
	const char *zone; /* NULL: that of the machine */
	const char *currency;
	bool has_own, has_given, has_co2;
	struct hm_decimal price_own, price_given;
	int64_t co2_g_kwh;
};

/* Check the settings. False, and each mistake is logged. */
bool hm_plant_facts_check(const struct hm_config *config);

/* Read settings that have been checked. */
struct hm_plant_facts hm_plant_facts_read(const struct hm_config *config);

#endif
