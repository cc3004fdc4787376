#ifndef HM_QUIET_HOURS_H
#define HM_QUIET_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/*
 * When a DTU should not be polled: at night, and while it uploads its data to
 * the vendor's cloud. Times are those of the wall clock.
 */

/* The night: between two times of day, or while the sun is down. */
struct hm_quiet_hours {
	bool by_sun;
	int64_t begin, end;         /* seconds into the local day */
	double latitude, longitude; /* degrees, north and east positive */
};

/*
 * Read the setting `night`: "22:00-05:30", which may pass midnight, or
 * "52.52,13.40", latitude and longitude in degrees. False if it is neither, and
 * *problem is then static text: the allowed forms.
 */
bool hm_quiet_hours_parse(const char *text, struct hm_quiet_hours *quiet,
    const char **problem);

/*
 * Whether it is night `now`, in seconds since 1970. Times of day are local, by
 * base/zone.h. Sunset and sunrise are exact to two minutes; if the sun does not
 * set there is no night, and if it does not rise the night does not end.
 */
bool hm_quiet_hours_is_night(const struct hm_quiet_hours *quiet, int64_t now);

/*
 * DTUs upload to the cloud at multiples of a period, most at :00, :15, :30 and
 * :45. Returns the ms until the margin of an upload is over, or 0 outside it.
 * `now_ms` is ms since 1970; the margin is less than half of the period.
 */
#define HM_UPLOAD_MS 900000
int64_t hm_quiet_hours_upload_ends(int64_t now_ms, int64_t period_ms,
    int64_t margin_ms);

/* Check the setting `night`: false, and logged, if it is wrong. */
bool hm_quiet_hours_check(const struct hm_config *config);

/* Read the setting `night` into `quiet`. Returns `quiet`, or NULL if unset. */
const struct hm_quiet_hours *hm_quiet_hours_read(
    const struct hm_config *config, struct hm_quiet_hours *quiet);

#endif
