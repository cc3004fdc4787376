#include "retired.h"

#include <strings.h>

#include "settings.h"

const struct hm_retired hm_retired[] = {
#define RETIRED(...) {__VA_ARGS__},
#include "retired.def"
#undef RETIRED
};

const size_t hm_retired_count = sizeof hm_retired / sizeof *hm_retired;

const struct hm_retired *
hm_retired_key(const char *key)
{
	for (size_t i = 0; i < hm_retired_count; i++)
		if (hm_retired[i].key != NULL &&
		    hm_key_same(key, hm_retired[i].key))
			return &hm_retired[i];
	return NULL;
}

bool
hm_retired_off(const char *value)
{
	static const char *const words[] = {"", "null", "false", "no", "off",
	    "0"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}
