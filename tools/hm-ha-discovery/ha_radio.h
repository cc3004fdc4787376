#ifndef HM_HA_RADIO_H
#define HM_HA_RADIO_H

#include <stdbool.h>
#include <stdint.h>

#include "ha_values.h"

/*
 * The quality of the radio between a DTU and an inverter: the part of its last
 * polls that the inverter answered. From radio_polls and radio_answers, which
 * docs/records.md describes.
 */
struct hm_ha_radio {
	bool known;             /* the counters below */
	int64_t polls, answers; /* at the start of the count, modulo 65536 */
	bool measured;
	int64_t quality; /* of the last full count, in % */
};

/* Take the counters of a reading, if it has both. */
void hm_ha_radio_look(struct hm_ha_radio *radio,
    const struct hm_ha_values *values);

#endif
