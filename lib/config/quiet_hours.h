#ifndef HM_QUIET_HOURS_H
#define HM_QUIET_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/*
 * When a DTU is better left alone: at night, and while it sends its data to
 * the vendor's cloud. Functions of the wall clock that look at no clock.
 */

/* A night: between two hours by the clock on the wall, or without the sun. */
struct hm_quiet_hours {
	bool by_sun;
	int64_t begin, end;         /* seconds into the local day */
	double latitude, longitude; /* degrees, north and east positive */
};

/*
 * Read the setting `night`: "22:00-05:30", which may pass midnight, or
 * "52.52,13.40", latitude and longitude in degrees. False if it is neither,
 * with *problem set to a static text that says what is allowed.
 */
bool hm_quiet_hours_parse(const char *text, struct hm_quiet_hours *quiet,
    const char **problem);

/*
 * Whether it is night `now`, in seconds since 1970. Hours are those of
 * base/zone.h. By the sun it is night while the sun is below the horizon, to a
 * minute or two; where the sun does not set there is no night, where it does
 * not rise the night does not end.
 */
bool hm_quiet_hours_is_night(const struct hm_quiet_hours *quiet, int64_t now);

/*
 * DTUs send their data to the cloud at :00, :15, :30 and :45. The ms until
 * that is over if `now_ms`, since 1970, is within a margin of such a moment;
 * else 0. The margin is less than half a quarter of an hour.
 */
int64_t hm_quiet_hours_upload_ends(int64_t now_ms, int64_t margin_ms);

/* The setting `night`, of tools that have it: false, and logged, if wrong. */
bool hm_quiet_hours_check(const struct hm_config *config);

/* Read it into `quiet`, and return that; NULL if it is not set. */
const struct hm_quiet_hours *hm_quiet_hours_read(
    const struct hm_config *config, struct hm_quiet_hours *quiet);

#endif
