#include "working_mode.h"

static const char *const names[HM_MODES] = {
    [HM_MODE_SELF_USE] = "self_use",
    [HM_MODE_ECONOMIC] = "economic",
    [HM_MODE_BACKUP] = "backup",
    [HM_MODE_OFF_GRID] = "off_grid",
    [HM_MODE_FORCED_CHARGE] = "forced_charge",
    [HM_MODE_FORCED_DISCHARGE] = "forced_discharge",
    [HM_MODE_PEAK_SHAVING] = "peak_shaving",
    [HM_MODE_TIME_OF_USE] = "time_of_use",
};

const char *
hm_working_mode_name(int64_t mode)
{
	return mode >= 0 && mode < HM_MODES ? names[mode] : NULL;
}

bool
hm_working_mode_parse(struct hm_slice name, enum hm_working_mode *mode)
{
	for (int i = 0; i < HM_MODES; i++)
		if (hm_slice_is(name, names[i])) {
			*mode = (enum hm_working_mode)i;
			return true;
		}
	return false;
}
