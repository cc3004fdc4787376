#ifndef HM_TOLD_HOURS_H
#define HM_TOLD_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "record.h"

/* The hours of the working mode "time of use", as a member of a record. */

#define HM_TOLD_HOURS_MAX ((size_t)4)

/* Minutes from midnight, and percent; `to` may be before `from`. */
struct hm_told_hours {
	uint16_t charge_from, charge_to, discharge_from, discharge_to;
	uint8_t charge_power, discharge_power; /* of the rated power */
	uint8_t soc_min, soc_max;
};

/* False if the value is not 1 to HM_TOLD_HOURS_MAX of them within bounds. */
bool hm_told_hours_read(const struct hm_value *value,
    struct hm_told_hours hours[HM_TOLD_HOURS_MAX], size_t *count);

void hm_json_told_hours(struct hm_json *e, const char *key,
    const struct hm_told_hours *hours, size_t count);

#endif
