#include "settings.h"

#include <string.h>

const struct hm_setting hm_settings[HM_SETTINGS] = {
/* After `.key =` the last argument, .example, and .usual are optional. */
#define SETTING(id, first, ...) [HM_SET_##id] = {.key = first, __VA_ARGS__},
#include "settings.def"
#undef SETTING
};

const struct hm_tool hm_tools[HM_TOOLS] = {
#define TOOL(id, name, kind, ...) [HM_TOOL_##id] = \
	{name, HM_##id, HM_KIND_##kind, __VA_ARGS__},
#include "tools.def"
#undef TOOL
};

const struct hm_tool *
hm_tool_of_name(const char *name)
{
	for (size_t id = 0; id < HM_TOOLS; id++)
		if (strcmp(name, hm_tools[id].name) == 0)
			return &hm_tools[id];
	return NULL;
}

unsigned
hm_setting_scale(const struct hm_setting *setting)
{
	switch (setting->type) {
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
		return 3;
	case HM_TYPE_PRICE:
		return 6;
	default:
		return 0;
	}
}

bool
hm_key_same(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

size_t
hm_setting_of_key(const char *key)
{
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if (hm_settings[id].key != NULL &&
		    hm_key_same(key, hm_settings[id].key))
			return id;
	return HM_SETTINGS;
}
