#include "g3_faults.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum hm_field_id field;
	unsigned bit;
	const char *text;
} faults[] = {
    {HM_F_BATTERY_FAULTS, 0, "battery voltage too low"},
    {HM_F_BATTERY_FAULTS, 1, "battery voltage too high"},
    {HM_F_BATTERY_FAULTS, 4, "battery too cold to charge"},
    {HM_F_BATTERY_FAULTS, 5, "battery too hot to charge"},
    {HM_F_BATTERY_FAULTS, 6, "battery too cold to discharge"},
    {HM_F_BATTERY_FAULTS, 7, "battery too hot to discharge"},
    {HM_F_POWER_FAULTS, 8, "PV fault"},
    {HM_F_POWER_FAULTS, 9, "battery fault"},
    {HM_F_POWER_FAULTS, 13, "fan fault"},
    {HM_F_POWER_FAULTS, 21, "battery empty"},
    {HM_F_POWER_FAULTS, 23, "backup output overloaded"},
    {HM_F_POWER_FAULTS, 26, "meter wired wrongly"},
    {HM_F_SAFETY_FAULTS, 0, "grid voltage too high"},
    {HM_F_SAFETY_FAULTS, 1, "grid voltage too low"},
    {HM_F_SAFETY_FAULTS, 2, "grid voltage too high for ten minutes"},
    {HM_F_SAFETY_FAULTS, 3, "grid frequency too high"},
    {HM_F_SAFETY_FAULTS, 4, "grid frequency too low"},
    {HM_F_SAFETY_FAULTS, 7, "grid lost"},
    {HM_F_SAFETY_FAULTS, 8, "neutral wire missing"},
    {HM_F_SAFETY_FAULTS, 14, "arc fault"},
    {HM_F_SAFETY_FAULTS, 15, "insulation fault"},
    {HM_F_SAFETY_FAULTS, 17, "residual current too high"},
    {HM_F_SAFETY_FAULTS, 29, "too hot"},
    {HM_F_PERIPHERAL_FAULTS, 1, "PV meter lost"},
    {HM_F_PERIPHERAL_FAULTS, 2, "grid meter lost"},
    {HM_F_PERIPHERAL_FAULTS, 3, "battery management lost"},
    {HM_F_PERIPHERAL_FAULTS, 5, "DTS lost"},
    {HM_F_PERIPHERAL_FAULTS, 6, "meter of a wrong type"},
    {HM_F_PERIPHERAL_FAULTS, 7, "meter of a wrong type"},
};

void
hm_g3_faults_add(enum hm_field_id field, int64_t bits,
    char out[HM_G3_FAULTS_TEXT])
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		size_t n = strlen(out);

		if (faults[i].field == field &&
		    ((uint64_t)bits >> faults[i].bit & 1) != 0)
			snprintf(out + n, HM_G3_FAULTS_TEXT - n, "%s%s",
			    n > 0 ? ", " : "", faults[i].text);
	}
}
