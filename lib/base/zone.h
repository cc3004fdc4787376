#ifndef HM_ZONE_H
#define HM_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Local time, by the time zone database. The process has one zone: main sets it
 * once, before any local time is read.
 */

/*
 * Use the zone `name`, such as "Europe/Berlin"; with NULL the system's.
 * False if the time zone database has no zone of that name.
 */
bool hm_zone_use(const char *name);

/* A local time: the day as days since 1970-01-01, and seconds into it. */
struct hm_local {
	int64_t day;
	int64_t second; /* by the clock on the wall, 0 .. 86399 */
};

struct hm_local hm_zone_local(int64_t seconds);

/* Seconds by which local time is ahead of UTC at a moment. */
int64_t hm_zone_offset(int64_t seconds);

/*
 * The day that a moment belongs to when days begin at `hour` by the clock on
 * the wall: the date, or the one before in the hours up to then.
 */
int64_t hm_zone_day(int64_t seconds, int hour);

/*
 * The date of that day, as days since 1970-01-01: the date in which most of it
 * lies. With an hour of 13 to 23 it is the one after the date on which the day
 * begins.
 */
int64_t hm_zone_date(int64_t seconds, int hour);

/* The local hour that a moment belongs to, as the moment when it began. */
int64_t hm_zone_hour(int64_t seconds);

/*
 * Whether the 3,600 seconds from a moment on are a local hour. In a zone that
 * changes by half an hour, those around the change are not.
 */
bool hm_zone_is_hour(int64_t seconds);

#endif
