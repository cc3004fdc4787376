#include <stdio.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/zone.h"
#include "plant.h"
#include "screen.h"
#include "view.h"
#include "view_private.h"

#define SECONDS_A_DAY 86400
#define DATE_LENGTH 10

/* Times */

const char *
hm_top_age(int64_t seconds, char text[HM_TOP_AGE])
{
	static const struct {
		int64_t limit, unit;
		const char *name;
	} units[] = {{120, 1, "s"}, {7200, 60, "min"}, {172800, 3600, "h"},
	    {INT64_MAX, SECONDS_A_DAY, "d"}};
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (i < 3 && seconds >= units[i].limit)
		i++;
	snprintf(text, HM_TOP_AGE, "%lld %s", (long long)(seconds /
	    units[i].unit), units[i].name);
	return text;
}

const char *
hm_top_clock(int64_t time, int64_t now, char text[HM_TOP_AGE])
{
	struct hm_local local = hm_zone_local(time);
	char date[HM_RFC3339_SIZE] = "";
	bool today = local.day == hm_zone_local(now).day;

	if (!today)
		hm_rfc3339_format(local.day * SECONDS_A_DAY, date);
	snprintf(text, HM_TOP_AGE, "%.*s%s%02d:%02d:%02d", DATE_LENGTH, date,
	    today ? "" : " ", (int)(local.second / 3600),
	    (int)(local.second / 60 % 60), (int)(local.second % 60));
	return text;
}

/* Alarms */

static const char *
device_name(const struct hm_top_plant *plant, const struct hm_top_alarm *alarm)
{
	const struct hm_top_dtu *dtu = &plant->dtu[alarm->dtu];

	for (size_t i = 0; i < plant->inverters; i++) {
		const struct hm_top_inverter *inverter = &plant->inverter[i];

		if (inverter->dtu == alarm->dtu &&
		    strcmp(inverter->serial, alarm->serial) == 0)
			return inverter->title[0] != '\0' ? inverter->title :
			    inverter->serial;
	}
	if (alarm->serial[0] != '\0')
		return alarm->serial;
	return dtu->title[0] != '\0' ? dtu->title : dtu->name;
}

/* "production_drop" as "production drop". */
static void
paint_kind(struct hm_screen *s, const struct hm_top_alarm *alarm)
{
	char kind[sizeof alarm->alert];

	if (alarm->alert[0] == '\0') {
		hm_screen_print(s, HM_STYLE_BAD, "alarm %lld ",
		    (long long)alarm->code);
		return;
	}
	memcpy(kind, alarm->alert, sizeof kind);
	for (char *p = kind; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	hm_screen_print(s, HM_STYLE_BAD, "%s ", kind);
}

static void
paint_alarm(struct hm_screen *s, const struct hm_top_view *v,
    const struct hm_top_alarm *alarm)
{
	char since[HM_TOP_AGE];

	hm_screen_put(s, HM_STYLE_BAD, "! ");
	paint_kind(s, alarm);
	hm_screen_put(s, HM_STYLE_BOLD, device_name(v->plant, alarm));
	if (alarm->port > 0)
		hm_screen_print(s, HM_STYLE_BOLD, " input %lld",
		    (long long)alarm->port);
	if (alarm->start != 0)
		hm_screen_print(s, HM_STYLE_PLAIN, " since %s",
		    hm_top_clock(alarm->start, v->now, since));
	if (alarm->text[0] != '\0')
		hm_screen_print(s, HM_STYLE_PLAIN, ": %s", alarm->text);
	hm_screen_next(s);
}

void
hm_top_paint_alarms(struct hm_screen *s, const struct hm_top_view *v,
    size_t most)
{
	size_t alarms = v->plant->alarms;
	size_t shown = alarms <= most ? alarms : most - 1;

	for (size_t i = 0; i < shown; i++)
		paint_alarm(s, v, &v->plant->alarm[i]);
	if (shown < alarms) {
		hm_screen_print(s, HM_STYLE_BAD, "! %zu more alarms",
		    alarms - shown);
		hm_screen_next(s);
	}
}
