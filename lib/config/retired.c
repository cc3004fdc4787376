#include "retired.h"

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
