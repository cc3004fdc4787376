#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZONE_DIRECTORY "/usr/share/zoneinfo"
#define SECONDS_A_DAY 86400
#define HOUR_NOON 12

/* A name is a relative path that stays in its directory. */
static bool
is_name(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && name[0] != '.' &&
	    strstr(name, "..") == NULL && strchr(name, ':') == NULL;
}

static bool
is_zone_file(const char *path)
{
	char magic[4];
	FILE *file = fopen(path, "re");
	bool good;

	if (file == NULL)
		return false;
	good = fread(magic, sizeof magic, 1, file) == 1 &&
	    memcmp(magic, "TZif", sizeof magic) == 0;
	fclose(file);
	return good;
}

bool
hm_zone_use(const char *name)
{
	const char *directory = getenv("TZDIR");
	char path[300];
	int n;

	if (name != NULL) {
		if (!is_name(name))
			return false;
		n = snprintf(path, sizeof path, "%s/%s",
		    directory != NULL ? directory : ZONE_DIRECTORY, name);
		if (n < 0 || (size_t)n >= sizeof path || !is_zone_file(path) ||
		    setenv("TZ", name, 1) < 0)
			return false;
	}
	tzset();
	return true;
}

struct hm_local
hm_zone_local(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm = {0};
	int64_t shown = seconds;

	if (localtime_r(&t, &tm) != NULL)
		shown += tm.tm_gmtoff;
	shown -= shown < 0 ? SECONDS_A_DAY - 1 : 0;
	return (struct hm_local){shown / SECONDS_A_DAY,
	    ((int64_t)tm.tm_hour * 60 + tm.tm_min) * 60 + tm.tm_sec};
}

int64_t
hm_zone_offset(int64_t seconds)
{
	struct hm_local local = hm_zone_local(seconds);

	return local.day * SECONDS_A_DAY + local.second - seconds;
}

int64_t
hm_zone_day(int64_t seconds, int hour)
{
	struct hm_local local = hm_zone_local(seconds);

	return local.second >= (int64_t)hour * 3600 ? local.day :
	    local.day - 1;
}

int64_t
hm_zone_date(int64_t seconds, int hour)
{
	return hm_zone_day(seconds, hour) + (hour > HOUR_NOON);
}

int64_t
hm_zone_hour(int64_t seconds)
{
	return seconds - hm_zone_local(seconds).second % 3600;
}

bool
hm_zone_is_hour(int64_t seconds)
{
	return hm_zone_hour(seconds) == seconds &&
	    hm_zone_hour(seconds + 3599) == seconds;
}
