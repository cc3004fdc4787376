#ifndef HM_WORKING_MODE_H
#define HM_WORKING_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * The working modes of hybrid inverters, in the order of register 4300 of HIT
 * and HiOne; command c308 of gateways counts from 1. docs/hybrids.md says what
 * they do.
 */
enum hm_working_mode {
	HM_MODE_SELF_USE,
	HM_MODE_ECONOMIC,
	HM_MODE_BACKUP,
	HM_MODE_OFF_GRID,
	HM_MODE_FORCED_CHARGE,
	HM_MODE_FORCED_DISCHARGE,
	HM_MODE_PEAK_SHAVING,
	HM_MODE_TIME_OF_USE,
	HM_MODES
};

#define HM_MODE_AI 8 /* of register 4300; nobody is known to have set it */

/* Its name in records and options; NULL if no mode has this number. */
const char *hm_working_mode_name(int64_t mode);
bool hm_working_mode_parse(struct hm_slice name, enum hm_working_mode *mode);

#endif
