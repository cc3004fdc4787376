#include "live_update_private.h"

#include "live.h"
#include "record/record.h"

#define ALARM_CODE_NONE (-1)

static size_t
find_alarm(const struct hm_live *live, const struct hm_live_alarm *like)
{
	size_t i = 0;

	while (i < live->alarms) {
		const struct hm_live_alarm *a = &live->alarm[i];

		if (a->dtu == like->dtu && a->port == like->port &&
		    a->code == like->code && a->start == like->start &&
		    strcmp(a->serial, like->serial) == 0 &&
		    strcmp(a->alert, like->alert) == 0)
			break;
		i++;
	}
	return i;
}

/* The alarm whose last record is the oldest is replaced. */
static size_t
oldest_alarm(const struct hm_live *live)
{
	size_t oldest = 0;

	for (size_t i = 1; i < live->alarms; i++)
		if (live->alarm[i].heard < live->alarm[oldest].heard)
			oldest = i;
	return oldest;
}

static void
keep_alarm(struct hm_live *live, const struct hm_live_alarm *alarm,
    bool ended)
{
	size_t at = find_alarm(live, alarm);

	if (ended) {
		if (at < live->alarms)
			live->alarm[at] = live->alarm[--live->alarms];
		return;
	}
	if (at == HM_LIVE_ALARMS_MAX) {
		live->refused++;
		at = oldest_alarm(live);
	} else if (at == live->alarms) {
		live->alarms++;
	}
	live->alarm[at] = *alarm;
}

void
hm_live_on_alarm(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now)
{
	struct hm_live_alarm alarm = {.code = ALARM_CODE_NONE,
	    .heard = hm_live_steady(now)};
	bool is_alert;

	alarm.dtu = hm_live_dtu_of(live, record);
	if (alarm.dtu == SIZE_MAX)
		return;
	is_alert = hm_live_name(record, "alert", alarm.alert,
	    sizeof alarm.alert);
	if (!is_alert && !hm_record_int(record, "code", &alarm.code))
		return;
	/*
	 * This alert is known by the DTU's name: not all its records have the
	 * serial number.
	 */
	if (strcmp(alarm.alert, "dtu_offline") != 0)
		hm_live_name(record, "serial", alarm.serial,
		    sizeof alarm.serial);
	if (!hm_record_int(record, "port", &alarm.port))
		alarm.port = 0;
	hm_record_text(record, "text", alarm.text, sizeof alarm.text);
	alarm.start = hm_live_time(record, "start", 0);
	alarm.time = hm_live_time(record, "time", 0);
	keep_alarm(live, &alarm,
	    hm_record_get(record, "end")->kind != HM_ABSENT);
}

/* The end of a DTU's list: its alarms that are not in the list have ended. */
void
hm_live_on_alarms(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now)
{
	size_t dtu = hm_live_dtu_of(live, record), kept = 0;
	int64_t time = hm_live_time(record, "time", 0);

	(void)now;
	for (size_t i = 0; i < live->alarms; i++) {
		const struct hm_live_alarm *a = &live->alarm[i];

		if (a->dtu != dtu || a->alert[0] != '\0' || a->time >= time)
			live->alarm[kept++] = *a;
	}
	live->alarms = kept;
}
