#ifndef HM_ALERT_TEMPERATURE_H
#define HM_ALERT_TEMPERATURE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Decides when an inverter is too hot: from the threshold on, until it is
 * HM_HEAT_BELOW below the threshold, or has sent no temperature for
 * HM_HEAT_SILENCE because it sleeps or is offline.
 */

#define HM_HEAT_BELOW 3000 /* thousandths of a degree */
#define HM_HEAT_SILENCE 900 /* seconds */

/* All zeros is an inverter without readings. */
struct hm_heat {
	bool hot;
	int64_t time; /* of the last reading */
};

/*
 * A reading, or a record without one, at `now` in seconds. Both return whether
 * the inverter is too hot. Temperatures are in thousandths of a degree.
 */
bool hm_heat_reading(struct hm_heat *heat, int64_t now, int64_t temperature,
    int64_t threshold);
bool hm_heat_silence(struct hm_heat *heat, int64_t now);

#endif
