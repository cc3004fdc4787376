#include "live_update_private.h"

#include "base/decimal.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "live.h"
#include "record/fields.h"
#include "record/record.h"
#include "record/types.h"

#define AHEAD_SECONDS 86400 /* clocks of one chain differ by less */
#define DIM_WATTS 20 /* of an inverter: below that it is dusk */

static void
take_label(struct hm_live_device *d, size_t field,
    const struct hm_record *record)
{
	const char *key = hm_fields[field].key;
	char text[HM_LIVE_TEXT];
	char *out = NULL;

	if (field == HM_F_LABEL)
		hm_live_name(record, key, d->label, sizeof d->label);
	if (!hm_record_text(record, key, text, sizeof text))
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

/* The value of a field as a number. False if it has none. */
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

/* Whether the record has an energy of the day. */
static bool
take_fields(const struct hm_live *live, struct hm_live_device *d,
    const struct hm_record *record)
{
	bool daily = false;

	for (size_t i = 0; i < record->count; i++) {
		const struct hm_member *m = &record->member[i];
		const struct hm_field *field = hm_field_find(d->scope, m->key);
		size_t id;

		if (field == NULL)
			continue;
		id = (size_t)(field - hm_fields);
		if (field->kind == HM_LABEL)
			take_label(d, id, record);
		else if (number_of(field, &m->value,
		    &d->value[hm_live_slot(live, d, id)]))
			hm_field_set_add(&d->known, id);
		daily = daily || (field->kind == HM_DAILY &&
		    m->value.kind == HM_NUMBER);
	}
	return daily;
}

static bool
is_energy(const struct hm_field *field)
{
	return field->kind == HM_COUNTER || field->kind == HM_DAILY;
}

/* What a reading does not clear: the fields of info records, and energies. */
static struct hm_field_set
lasting_fields(enum hm_scope scope)
{
	struct hm_field_set set = {{0}};

	for (size_t i = 0; i < hm_field_end(scope); i++)
		if ((hm_fields[i].flags & HM_RARE) != 0 ||
		    is_energy(&hm_fields[i]))
			hm_field_set_add(&set, i);
	return set;
}

/* Note the day of an energy of the day. */
static void
take_day(const struct hm_live *live, struct hm_live_device *d,
    const struct hm_moment *now)
{
	int hour = live->options.reset_hour;

	d->day = hm_zone_day(d->time, hour);
	d->day_heard = hm_zone_day(now->wall / 1000, hour);
	d->day_read = now->steady;
}

static void
take_reading(struct hm_live *live, struct hm_live_device *d,
    const struct hm_record *record, const struct hm_moment *now)
{
	const struct hm_field_set lasting = lasting_fields(d->scope);
	bool daily;

	hm_field_set_keep(&d->known, &lasting);
	d->alarm_text[0] = '\0';
	daily = take_fields(live, d, record);
	d->read = hm_live_steady(now);
	d->time = hm_live_time(record, "time", now->wall / 1000);
	d->number = live->number;
	if (daily)
		take_day(live, d, now);
}

/*
 * Name the DTU whose reading has a time in the future: it is shown until the
 * next one, whose time is earlier.
 */
static void
note_future(struct hm_live_dtu *dtu, const struct hm_record *record,
    const struct hm_moment *now)
{
	int64_t seconds = now->wall / 1000;
	int64_t time = hm_live_time(record, "time", seconds);
	bool ahead = time - seconds > AHEAD_SECONDS;
	char text[HM_RFC3339_SIZE];

	if (ahead && !dtu->ahead) {
		hm_rfc3339_format(time, text);
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", dtu->name),
		    hm_fact("found", text)), "%s: its reading is of %s, in the "
		    "future: the clock of hm-poll was wrong, or that of "
		    "hm-metrics is; the next reading replaces it", dtu->name,
		    text);
	}
	dtu->ahead = ahead;
}

static bool
value_of(const struct hm_live *live, const struct hm_live_device *d,
    enum hm_field_id field, int64_t *units)
{
	return hm_field_set_has(&d->known, field) &&
	    hm_decimal_rescale(d->value[hm_live_slot(live, d, field)],
	    hm_fields[field].scale, units);
}

/* Whether a DTU's reading shows dusk; then it may soon be silent. */
static void
look_for_dusk(const struct hm_live *live, struct hm_live_dtu *dtu,
    const struct hm_live_device *d)
{
	int64_t watts, online, inverters;

	if (value_of(live, d, HM_F_INVERTERS_ONLINE, &online) && online == 0) {
		dtu->dark = true;
		return;
	}
	if (!value_of(live, d, HM_F_PV_POWER, &watts))
		return;
	if (!value_of(live, d, HM_F_INVERTERS, &inverters) || inverters < 1)
		inverters = 1;
	dtu->dark = watts / 10 < DIM_WATTS * inverters;
}

static void
note_repetition(struct hm_live_dtu *dtu, bool stale,
    const struct hm_moment *now)
{
	dtu->repeats = stale;
	if (!stale || dtu->renewed == 0)
		dtu->renewed = hm_live_steady(now);
}

/* Read the serial and port. False if the record lacks one of them. */
static bool
take_key(const struct hm_record *record, const struct hm_reading_type *type,
    char serial[HM_LIVE_SERIAL], int64_t *port)
{
	*port = 0;
	return (hm_live_name(record, "serial", serial, HM_LIVE_SERIAL) ||
	    !type->has_serial) && (!type->has_port ||
	    (hm_record_int(record, "port", port) && *port > 0));
}

void
hm_live_on_reading(struct hm_live *live, const struct hm_reading_type *type,
    const struct hm_record *record, const struct hm_moment *now)
{
	size_t dtu = hm_live_dtu_of(live, record), device = SIZE_MAX;
	char serial[HM_LIVE_SERIAL];
	struct hm_live_device *d;
	int64_t port;

	if (dtu == SIZE_MAX)
		return;
	live->dtu[dtu].state = HM_LIVE_ONLINE;
	hm_live_wake(live, dtu, now);
	if (take_key(record, type, serial, &port))
		device = hm_live_find_device(live, type->scope, dtu, serial,
		    port, now);
	if (device == SIZE_MAX) {
		live->refused++;
		return;
	}
	d = &live->device[device];
	d->heard = hm_live_steady(now);
	if (serial[0] != '\0')
		memcpy(d->serial, serial, sizeof serial);
	if (!hm_live_is_true(record, "stale"))
		take_reading(live, d, record, now);
	if (type->scope != HM_SCOPE_DTU)
		return;
	note_future(&live->dtu[dtu], record, now);
	hm_live_count_poll(&live->dtu[dtu], record, now);
	note_repetition(&live->dtu[dtu], hm_live_is_true(record, "stale"),
	    now);
	if (!live->dtu[dtu].repeats)
		look_for_dusk(live, &live->dtu[dtu], d);
}

void
hm_live_on_info(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now)
{
	size_t dtu = hm_live_dtu_of(live, record), device;
	char serial[HM_LIVE_SERIAL];
	struct hm_live_device *d;
	const struct hm_reading_type *type;
	struct hm_slice kind;

	if (dtu == SIZE_MAX || !hm_record_string(record, "kind", &kind))
		return;
	type = hm_reading_type_of(kind);
	if (type == NULL || !hm_is_device(type->scope) ||
	    !hm_live_name(record, "serial", serial, sizeof serial))
		return;
	device = hm_live_find_device(live, type->scope, dtu, serial, 0, now);
	if (device == SIZE_MAX) {
		live->refused++;
		return;
	}
	d = &live->device[device];
	memcpy(d->serial, serial, sizeof serial);
	d->heard = hm_live_steady(now);
	d->model_is_exact = false;
	(void)take_fields(live, d, record);
	d->model_is_exact = d->model[0] != '\0';
}
