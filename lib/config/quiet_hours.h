#ifndef HM_QUIET_HOURS_H
#define HM_QUIET_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/*
 * When a DTU should not be polled: at night, and while it sends its data to
 * the vendor's cloud. The caller passes the time of the wall clock.
 */

/* The night: between two times of day, or while the sun is down. */
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
 * Whether it is night `now`, in seconds since 1970. Times of day are local, by
 * base/zone.h. Sunset and sunrise are exact to a minute or two; if the sun does
 * not set there is no night, and if it does not rise the night does not end.
 */
bool hm_quiet_hours_is_night(const struct hm_quiet_hours *quiet, int64_t now);

/*
 * DTUs upload to the cloud at :00, :15, :30 and :45. If `now_ms`, since 1970,
 * is within the margin of an upload: the ms until the margin is over; else 0.
 * The margin is less than 7.5 minutes.
 */
int64_t hm_quiet_hours_upload_ends(int64_t now_ms, int64_t margin_ms);

/* Check the setting `night`: false, and logged, if it is wrong. */
bool hm_quiet_hours_check(const struct hm_config *config);

/* Read `night` into `quiet` and return that; NULL if it is not set. */
const struct hm_quiet_hours *hm_quiet_hours_read(
    const struct hm_config *config, struct hm_quiet_hours *quiet);

#endif
