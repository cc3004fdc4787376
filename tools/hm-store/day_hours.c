#include "day_hours.h"

#include "base/zone.h"

#define QUARTER 900
#define HOUR 3600

/* Where clocks go back by half an hour, an hour begins within another. */
static int64_t
next_hour(int64_t hour)
{
	int64_t moment = hour + QUARTER;

	while (hm_zone_hour(moment) <= hour)
		moment += QUARTER;
	return hm_zone_hour(moment);
}

size_t
hm_day_hours(int64_t hour, int reset_hour,
    int64_t begin[HM_DAY_HOURS_MAX + 1])
{
	int64_t day = hm_zone_date(hour, reset_hour);
	int64_t next = hm_zone_hour(hour - (int64_t)26 * HOUR);
	size_t n;

	while (hm_zone_date(next, reset_hour) < day)
		next = next_hour(next);
	for (n = 0; n < HM_DAY_HOURS_MAX &&
	     hm_zone_date(next, reset_hour) == day; n++) {
		begin[n] = next;
		next = next_hour(next);
	}
	begin[n] = next;
	return n;
}
