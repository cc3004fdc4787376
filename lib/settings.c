#include "settings.h"

const struct hm_setting hm_settings[HM_SETTINGS] = {
#define SETTING(id, ...) [HM_SET_##id] = {__VA_ARGS__},
#include "settings.def"
#undef SETTING
};
