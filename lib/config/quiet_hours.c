#include "quiet_hours.h"

#include <stdio.h>
#include <math.h>

#include "base/decimal.h"
#include "base/rfc3339.h"
#include "base/zone.h"

#define DAY 86400.0
#define NOON_2000 946728000 /* epoch of the equations below */

/* Degrees of the sun's centre when its upper edge is at the horizon. */
#define HORIZON (-0.833)

/* Reading the setting */

static bool
parse_hours(const char *text, struct hm_quiet_hours *quiet,
    const char **problem)
{
	struct hm_slice whole = hm_text(text);

	if (whole.n != 11 || text[5] != '-' ||
	    !hm_rfc3339_time_of_day(hm_slice(text, 5), &quiet->begin) ||
	    !hm_rfc3339_time_of_day(hm_slice(text + 6, 5), &quiet->end)) {
		*problem = "two times such as 22:00-05:30, from 00:00 to "
		    "23:59";
		return false;
	}
	if (quiet->begin == quiet->end) {
		*problem = "two different times";
		return false;
	}
	return true;
}

static bool
parse_degrees(struct hm_slice text, double most, double *degrees)
{
	struct hm_decimal d;

	while (text.n > 0 && *text.p == ' ')
		text = hm_slice(text.p + 1, text.n - 1);
	if (!hm_decimal_parse(text, &d))
		return false;
	*degrees = hm_decimal_double(d);
	return fabs(*degrees) <= most;
}

static bool
parse_location(const char *text, const char *comma,
    struct hm_quiet_hours *quiet, const char **problem)
{
	quiet->by_sun = true;
	if (parse_degrees(hm_slice(text, (size_t)(comma - text)), 90,
	    &quiet->latitude) &&
	    parse_degrees(hm_text(comma + 1), 180, &quiet->longitude))
		return true;
	*problem = "a latitude from -90 to 90 and a longitude from -180 to "
	    "180, such as 52.52,13.40";
	return false;
}

bool
hm_quiet_hours_parse(const char *text, struct hm_quiet_hours *quiet,
    const char **problem)
{
	const char *comma = strchr(text, ',');

	*quiet = (struct hm_quiet_hours){0};
	if (comma != NULL)
		return parse_location(text, comma, quiet, problem);
	if (strchr(text, ':') != NULL)
		return parse_hours(text, quiet, problem);
	*problem = "two times such as 22:00-05:30, or a latitude and a "
	    "longitude such as 52.52,13.40";
	return false;
}

/* The sun */

static double
radians(double degrees)
{
	return degrees * (M_PI / 180);
}

/*
 * The height of the sun in degrees, by the short equations of the
 * Astronomical Almanac, which are exact to 0.01 degrees until 2050.
 */
static double
sun_height(const struct hm_quiet_hours *location, int64_t now)
{
	double days = (double)(now - NOON_2000) / DAY;
	double anomaly = radians(357.528 + 0.9856003 * days);
	double longitude = radians(280.460 + 0.9856474 * days +
	    1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly));
	double tilt = radians(23.439 - 0.0000004 * days);
	double ascension = atan2(cos(tilt) * sin(longitude), cos(longitude));
	double declination = asin(sin(tilt) * sin(longitude));
	double sidereal = radians(280.46062 + 360.98564737 * days +
	    location->longitude);
	double latitude = radians(location->latitude);
	double height = asin(sin(latitude) * sin(declination) +
	    cos(latitude) * cos(declination) * cos(sidereal - ascension));

	return height * (180 / M_PI);
}

/* The clock */

static bool
is_between(int64_t second, int64_t begin, int64_t end)
{
	if (begin < end)
		return second >= begin && second < end;
	return second >= begin || second < end;
}

bool
hm_quiet_hours_is_night(const struct hm_quiet_hours *quiet, int64_t now)
{
	if (quiet->by_sun)
		return sun_height(quiet, now) < HORIZON;
	return is_between(hm_zone_local(now).second, quiet->begin,
	    quiet->end);
}

int64_t
hm_quiet_hours_upload_ends(int64_t now_ms, int64_t period_ms,
    int64_t margin_ms)
{
	/* ms since the last begin of a margin, margin_ms before an upload. */
	int64_t since = (now_ms + margin_ms) % period_ms;

	if (since < 0)
		since += period_ms;
	return since < 2 * margin_ms ? 2 * margin_ms - since : 0;
}

bool
hm_quiet_hours_check(const struct hm_config *config)
{
	const char *when = hm_config_text(config, HM_SET_NIGHT);
	const char *problem;
	struct hm_quiet_hours night;
	char allowed[200];

	if (when == NULL || hm_quiet_hours_parse(when, &night, &problem))
		return true;
	snprintf(allowed, sizeof allowed, "are %s", problem);
	return hm_config_refuse(config, HM_SET_NIGHT, allowed);
}

const struct hm_quiet_hours *
hm_quiet_hours_read(const struct hm_config *config,
    struct hm_quiet_hours *quiet)
{
	const char *when = hm_config_text(config, HM_SET_NIGHT), *problem;

	if (when == NULL || !hm_quiet_hours_parse(when, quiet, &problem))
		return NULL;
	return quiet;
}
