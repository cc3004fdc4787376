#include <stdlib.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "live.h"
#include "record/breaker_state.h"
#include "record/fields.h"
#include "record/poll_errors.h"
#include "record/record.h"
#include "record/types.h"

#define DIM_WATTS 20 /* of an inverter: less tells of dusk */
#define ALARM_CODE_NONE (-1)

/* Parts of records */

/*
 * The text under a key, ended by a NUL, without control characters; cut where
 * it does not fit. False, and empty, if it is absent.
 */
static bool
take_text(const struct hm_record *record, const char *key, char *out,
    size_t cap)
{
	char whole[1024];
	struct hm_slice text;
	size_t n = 0;

	out[0] = '\0';
	if (!hm_record_string(record, key, &text) || text.n == 0 ||
	    !hm_string_decode(text, whole, sizeof whole, &n))
		return false;
	n = hm_utf8_clean(whole, n);
	if (n >= cap)
		for (n = cap - 1; n > 0 && ((unsigned char)whole[n] & 0xc0) ==
		    0x80; n--)
			;
	memcpy(out, whole, n);
	out[n] = '\0';
	return n > 0;
}

/* A name that does not fit is none, so that no two become one. */
static bool
take_name(const struct hm_record *record, const char *key, char *out,
    size_t cap)
{
	char name[2 * HM_LIVE_NAME];

	out[0] = '\0';
	if (!take_text(record, key, name, sizeof name) || strlen(name) >= cap)
		return false;
	memcpy(out, name, strlen(name) + 1);
	return true;
}

static int64_t
take_time(const struct hm_record *record, const char *key, int64_t otherwise)
{
	struct hm_slice text;
	int64_t seconds;

	return hm_record_string(record, key, &text) &&
	    hm_rfc3339_parse(text, &seconds) ? seconds : otherwise;
}

static size_t
take_dtu(struct hm_live *plant, const struct hm_record *record)
{
	char name[HM_LIVE_NAME];
	size_t dtu = SIZE_MAX;

	if (take_name(record, "dtu", name, sizeof name))
		dtu = hm_live_find_dtu(plant, hm_text(name));
	if (dtu == SIZE_MAX)
		plant->refused++;
	return dtu;
}

static bool
is_true(const struct hm_record *record, const char *key)
{
	return hm_record_get(record, key)->kind == HM_TRUE;
}

static int64_t
steady(const struct hm_moment *now)
{
	return now->steady > 0 ? now->steady : 1; /* 0 is never */
}

/* Readings */

static void
take_label(struct hm_live_device *d, size_t field,
    const struct hm_record *record)
{
	const char *key = hm_fields[field].key;
	char text[HM_LIVE_TEXT];
	char *out = NULL;

	if (!take_text(record, key, text, sizeof text))
		return;
	if (field == HM_F_MODEL && !d->model_is_exact)
		out = d->model;
	else if (field == HM_F_FIRMWARE)
		out = d->firmware;
	else if (field == HM_F_HARDWARE)
		out = d->hardware;
	else if (field == HM_F_ALARM_TEXT)
		out = d->alarm_text;
	if (out != NULL)
		memcpy(out, text, sizeof text);
}

/* What a field's value is worth as a number. */
static bool
number_of(const struct hm_field *field, const struct hm_value *value,
    struct hm_decimal *out)
{
	int64_t seconds;

	switch (field->kind) {
	case HM_FLAG:
		*out = hm_decimal(value->kind == HM_TRUE, 0);
		return value->kind == HM_TRUE || value->kind == HM_FALSE;
	case HM_MOMENT:
		if (value->kind != HM_STRING ||
		    !hm_rfc3339_parse(value->text, &seconds))
			return false;
		*out = hm_decimal(seconds, 0);
		return true;
	case HM_LABEL:
		return false;
	case HM_GAUGE:
	case HM_DAILY:
	case HM_COUNTER:
	case HM_CODE:
		return value->kind == HM_NUMBER &&
		    hm_decimal_parse(value->text, out);
	}
	return false;
}

static void
take_fields(struct hm_live_device *d, const struct hm_record *record)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct hm_member *m = &record->member[i];
		const struct hm_field *field = hm_field_find(d->scope, m->key);
		size_t id;

		if (field == NULL)
			continue;
		id = (size_t)(field - hm_fields);
		if (field->kind == HM_LABEL)
			take_label(d, id, record);
		else if (number_of(field, &m->value, &d->value[id]))
			hm_field_set_add(&d->known, id);
	}
}

/* What info records have told stays when a reading comes. */
static struct hm_field_set
rare_fields(void)
{
	struct hm_field_set set = {{0}};

	for (size_t i = 0; i < HM_FIELDS; i++)
		if ((hm_fields[i].flags & HM_RARE) != 0)
			hm_field_set_add(&set, i);
	return set;
}

static void
take_reading(struct hm_live *plant, struct hm_live_device *d,
    const struct hm_record *record, const struct hm_moment *now)
{
	const struct hm_field_set rare = rare_fields();

	hm_field_set_keep(&d->known, &rare);
	d->alarm_text[0] = '\0';
	take_fields(d, record);
	d->read = steady(now);
	d->time = take_time(record, "time", now->wall / 1000);
	d->number = plant->number;
}

static bool
value_of(const struct hm_live_device *d, enum hm_field_id field,
    int64_t *units)
{
	return hm_field_set_has(&d->known, field) &&
	    hm_decimal_rescale(d->value[field], hm_fields[field].scale, units);
}

/* Whether the last thing that a DTU said was that the sun goes down. */
static void
look_for_dusk(struct hm_live_dtu *dtu, const struct hm_live_device *d)
{
	int64_t watts, online, inverters;

	if (value_of(d, HM_F_INVERTERS_ONLINE, &online) && online == 0) {
		dtu->dark = true;
		return;
	}
	if (!value_of(d, HM_F_PV_POWER, &watts))
		return;
	if (!value_of(d, HM_F_INVERTERS, &inverters) || inverters < 1)
		inverters = 1;
	dtu->dark = watts / 10 < DIM_WATTS * inverters;
}

static void
count_duration(struct hm_live_dtu *dtu, const struct hm_record *record)
{
	size_t bucket = 0;
	int64_t ms;

	if (!hm_record_int(record, "took_ms", &ms) || ms < 0)
		return;
	while (bucket < HM_TOOK_BUCKETS - 1 && ms > hm_took_bounds[bucket])
		bucket++;
	dtu->took[bucket]++;
	dtu->took_ms += (uint64_t)ms;
}

/* A record that comes again, after a restart in between, counts once. */
static void
count_poll(struct hm_live_dtu *dtu, const struct hm_record *record,
    const struct hm_moment *now)
{
	int64_t time = take_time(record, "time", now->wall / 1000);

	dtu->failures = 0;
	if (dtu->answered != 0 && dtu->answered_time == time)
		return;
	dtu->answered = steady(now);
	dtu->answered_time = time;
	dtu->good++;
	count_duration(dtu, record);
}

/* Whether a record has what tells readings of its type apart. */
static bool
take_key(const struct hm_record *record, const struct hm_reading_type *type,
    char serial[HM_LIVE_SERIAL], int64_t *port)
{
	*port = 0;
	return (take_name(record, "serial", serial, HM_LIVE_SERIAL) ||
	    !type->has_serial) && (!type->has_port ||
	    (hm_record_int(record, "port", port) && *port > 0));
}

static void
on_reading(struct hm_live *plant, const struct hm_reading_type *type,
    const struct hm_record *record, const struct hm_moment *now)
{
	size_t dtu = take_dtu(plant, record), device = SIZE_MAX;
	char serial[HM_LIVE_SERIAL];
	struct hm_live_device *d;
	int64_t port;

	if (dtu == SIZE_MAX)
		return;
	plant->dtu[dtu].state = HM_LIVE_ONLINE;
	if (take_key(record, type, serial, &port))
		device = hm_live_find_device(plant, type->scope, dtu, serial,
		    port, now);
	if (device == SIZE_MAX) {
		plant->refused++;
		return;
	}
	d = &plant->device[device];
	d->heard = steady(now);
	if (serial[0] != '\0')
		memcpy(d->serial, serial, sizeof serial);
	if (!is_true(record, "stale"))
		take_reading(plant, d, record, now);
	if (type->scope != HM_SCOPE_DTU)
		return;
	count_poll(&plant->dtu[dtu], record, now);
	if (!is_true(record, "stale"))
		look_for_dusk(&plant->dtu[dtu], d);
}

/* Status */

static void
take_breaker(struct hm_live_dtu *dtu, const struct hm_record *record)
{
	struct hm_slice text;

	if (!hm_record_string(record, "breaker", &text))
		return;
	for (enum hm_breaker_state s = HM_BREAKER_CLOSED;
	    s <= HM_BREAKER_HALF_OPEN; s++)
		if (hm_slice_is(text, hm_breaker_state_name(s))) {
			dtu->breaker = s;
			dtu->breaker_known = true;
		}
}

static enum hm_poll_error
take_error(const struct hm_record *record)
{
	struct hm_slice text;

	if (hm_record_string(record, "error", &text))
		for (enum hm_poll_error e = HM_ERR_NONE + 1; e < HM_ERRORS; e++)
			if (hm_slice_is(text, hm_poll_error_name(e)))
				return e;
	return HM_ERR_NONE;
}

/*
 * Polls that failed since the last record: those that were not told of, at
 * night, are known by the count of failures in a row. A record that repeats
 * the count tells of a change of the breaker, or has come twice.
 */
static uint64_t
new_failures(const struct hm_live_dtu *dtu, int64_t failures)
{
	if (dtu->failures < 0)
		return dtu->breaker != HM_BREAKER_HALF_OPEN;
	if (failures > dtu->failures)
		return (uint64_t)(failures - dtu->failures);
	return failures < dtu->failures; /* hm-poll has begun anew */
}

static void
take_failure(struct hm_live_dtu *dtu, const struct hm_record *record,
    const struct hm_moment *now)
{
	enum hm_poll_error error = take_error(record);
	int64_t failures;
	uint64_t added;

	if (!hm_record_int(record, "failures", &failures) || failures < 1)
		failures = dtu->failures < 0 ? 1 : dtu->failures + 1;
	added = new_failures(dtu, failures);
	dtu->failures = failures;
	dtu->failed += added;
	if (error != HM_ERR_NONE) {
		dtu->errors[error] += added;
		dtu->error = error;
		take_text(record, "text", dtu->reason, sizeof dtu->reason);
	}
	if (added > 0 || dtu->error_time == 0)
		dtu->error_time = take_time(record, "time",
		    now->wall / 1000);
}

static void
on_status(struct hm_live *plant, const struct hm_record *record,
    const struct hm_moment *now)
{
	size_t number = take_dtu(plant, record);
	struct hm_live_dtu *dtu;
	struct hm_slice state;

	if (number == SIZE_MAX || !hm_record_string(record, "state", &state))
		return;
	dtu = &plant->dtu[number];
	take_breaker(dtu, record);
	if (hm_slice_is(state, "online")) {
		dtu->state = HM_LIVE_ONLINE;
		dtu->failures = 0;
	} else if (hm_slice_is(state, "offline")) {
		dtu->state = HM_LIVE_OFFLINE;
		dtu->cleared = plant->number;
		take_failure(dtu, record, now);
	}
}

/* Info */

static void
on_info(struct hm_live *plant, const struct hm_record *record,
    const struct hm_moment *now)
{
	size_t dtu = take_dtu(plant, record), device;
	char serial[HM_LIVE_SERIAL];
	struct hm_live_device *d;
	const struct hm_reading_type *type;
	struct hm_slice kind;

	if (dtu == SIZE_MAX || !hm_record_string(record, "kind", &kind))
		return;
	type = hm_reading_type_of(kind);
	if (type == NULL || !hm_is_device(type->scope) ||
	    !take_name(record, "serial", serial, sizeof serial))
		return;
	device = hm_live_find_device(plant, type->scope, dtu, serial, 0, now);
	if (device == SIZE_MAX) {
		plant->refused++;
		return;
	}
	d = &plant->device[device];
	memcpy(d->serial, serial, sizeof serial);
	d->heard = steady(now);
	d->model_is_exact = false;
	take_fields(d, record);
	d->model_is_exact = d->model[0] != '\0';
}

/* Alarms */

static size_t
find_alarm(const struct hm_live *plant, const struct hm_live_alarm *like)
{
	size_t i = 0;

	while (i < plant->alarms) {
		const struct hm_live_alarm *a = &plant->alarm[i];

		if (a->dtu == like->dtu && a->port == like->port &&
		    a->code == like->code && a->start == like->start &&
		    strcmp(a->serial, like->serial) == 0 &&
		    strcmp(a->alert, like->alert) == 0)
			break;
		i++;
	}
	return i;
}

/* The one that was not heard of for the longest time makes room. */
static size_t
oldest_alarm(const struct hm_live *plant)
{
	size_t oldest = 0;

	for (size_t i = 1; i < plant->alarms; i++)
		if (plant->alarm[i].heard < plant->alarm[oldest].heard)
			oldest = i;
	return oldest;
}

static void
keep_alarm(struct hm_live *plant, const struct hm_live_alarm *alarm,
    bool ended)
{
	size_t at = find_alarm(plant, alarm);

	if (ended) {
		if (at < plant->alarms)
			plant->alarm[at] = plant->alarm[--plant->alarms];
		return;
	}
	if (at == HM_LIVE_ALARMS_MAX) {
		plant->refused++;
		at = oldest_alarm(plant);
	} else if (at == plant->alarms) {
		plant->alarms++;
	}
	plant->alarm[at] = *alarm;
}

static void
on_alarm(struct hm_live *plant, const struct hm_record *record,
    const struct hm_moment *now)
{
	struct hm_live_alarm alarm = {.code = ALARM_CODE_NONE,
	    .heard = steady(now)};
	bool is_alert;

	alarm.dtu = take_dtu(plant, record);
	if (alarm.dtu == SIZE_MAX)
		return;
	is_alert = take_name(record, "alert", alarm.alert,
	    sizeof alarm.alert);
	if (!is_alert && !hm_record_int(record, "code", &alarm.code))
		return;
	/* A DTU is known by its name, and its serial number comes and goes. */
	if (strcmp(alarm.alert, "dtu_offline") != 0)
		take_name(record, "serial", alarm.serial,
		    sizeof alarm.serial);
	if (!hm_record_int(record, "port", &alarm.port))
		alarm.port = 0;
	take_text(record, "text", alarm.text, sizeof alarm.text);
	alarm.start = take_time(record, "start", 0);
	keep_alarm(plant, &alarm,
	    hm_record_get(record, "end")->kind != HM_ABSENT);
}

/* Tools */

static struct hm_live_tool *
find_tool(struct hm_live *plant, const char *name)
{
	struct hm_live_tool *tool;

	for (size_t i = 0; i < plant->tools; i++)
		if (strcmp(plant->tool[i].name, name) == 0)
			return &plant->tool[i];
	if (plant->tools == HM_LIVE_TOOLS_MAX)
		return NULL;
	tool = &plant->tool[plant->tools++];
	*tool = (struct hm_live_tool){0};
	memcpy(tool->name, name, strlen(name) + 1);
	return tool;
}

/*
 * How long to wait for the next record of a tool of which one has come: not
 * longer than it has run, but for a day at most.
 */
static int64_t
first_gap(const struct hm_record *record)
{
	int64_t uptime = 0;

	if (!hm_record_int(record, "uptime", &uptime) || uptime < 0)
		return 0;
	return (uptime < 86400 ? uptime : 86400) * 1000;
}

static void
on_stats(struct hm_live *plant, const struct hm_record *record,
    const struct hm_moment *now)
{
	char name[HM_LIVE_SERIAL];
	struct hm_live_tool *tool = NULL;
	int64_t value;

	if (take_name(record, "tool", name, sizeof name))
		tool = find_tool(plant, name);
	if (tool == NULL) {
		plant->refused++;
		return;
	}
	tool->gap = tool->heard != 0 ? now->steady - tool->heard :
	    first_gap(record);
	tool->heard = steady(now);
	tool->time = take_time(record, "time", now->wall / 1000);
	tool->count = 0;
	for (size_t i = 0; i < record->count &&
	    tool->count < HM_LIVE_COUNTERS_MAX; i++) {
		struct hm_slice key = record->member[i].key;
		struct hm_decimal dec;
		char *out = tool->counter[tool->count].name;

		if (record->member[i].value.kind != HM_NUMBER ||
		    key.n >= HM_LIVE_SERIAL ||
		    !hm_decimal_parse(record->member[i].value.text, &dec) ||
		    !hm_decimal_rescale(dec, 0, &value))
			continue;
		memcpy(out, key.p, key.n);
		out[key.n] = '\0';
		tool->counter[tool->count++].value = value;
	}
}

static struct hm_live_deaths *
find_deaths(struct hm_live *plant, const char *tool)
{
	struct hm_live_deaths *deaths;

	for (size_t i = 0; i < plant->dead; i++)
		if (strcmp(plant->died[i].tool, tool) == 0)
			return &plant->died[i];
	if (plant->dead == HM_LIVE_TOOLS_MAX)
		return NULL;
	deaths = &plant->died[plant->dead++];
	*deaths = (struct hm_live_deaths){0};
	memcpy(deaths->tool, tool, strlen(tool) + 1);
	return deaths;
}

/* One that has come again counts once. */
static void
on_death(struct hm_live *plant, const struct hm_record *record,
    const struct hm_moment *now)
{
	char name[HM_LIVE_SERIAL];
	int64_t time = take_time(record, "time", now->wall / 1000), pid;
	struct hm_live_deaths *deaths = NULL;

	if (take_name(record, "tool", name, sizeof name))
		deaths = find_deaths(plant, name);
	if (!hm_record_int(record, "pid", &pid))
		pid = 0;
	if (deaths == NULL) {
		plant->refused++;
	} else if (time > deaths->time ||
	    (time == deaths->time && pid != deaths->pid)) {
		deaths->time = time;
		deaths->pid = pid;
		deaths->count++;
	}
}

/* All */

static void
on_mqtt(struct hm_live *plant, const struct hm_record *record,
    const struct hm_moment *now)
{
	(void)now;
	if (is_true(record, "retain"))
		plant->announcements++;
	else
		plant->states++;
}

static const struct {
	const char *type;
	void (*take)(struct hm_live *plant, const struct hm_record *record,
	    const struct hm_moment *now);
} takers[] = {
    {"status", on_status},
    {"info", on_info},
    {"alarm", on_alarm},
    {"stats", on_stats},
    {"death", on_death},
    {"mqtt", on_mqtt},
};

bool
hm_live_takes(struct hm_slice type)
{
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			return true;
	return hm_reading_type_of(type) != NULL;
}

void
hm_live_record(struct hm_live *plant, struct hm_slice type,
    const struct hm_record *record, const struct hm_moment *now)
{
	const struct hm_reading_type *reading = hm_reading_type_of(type);

	plant->number++;
	if (reading != NULL) {
		on_reading(plant, reading, record, now);
		return;
	}
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			takers[i].take(plant, record, now);
}
