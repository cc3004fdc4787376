#include "plant_private.h"

#include <string.h>

#include "amount.h"
#include "base/zone.h"
#include "record/fields.h"
#include "record/record.h"
#include "record/status.h"
#include "record/types.h"

bool
hm_top_takes(struct hm_slice type)
{
	const struct hm_reading_type *reading = hm_reading_type_of(type);

	if (reading == NULL)
		return hm_slice_is(type, "status") ||
		    hm_slice_is(type, "alarm") || hm_slice_is(type, "alarms");
	return reading->scope == HM_SCOPE_DTU ||
	    reading->scope == HM_SCOPE_INVERTER ||
	    reading->scope == HM_SCOPE_PORT ||
	    reading->scope == HM_SCOPE_METER ||
	    reading->scope == HM_SCOPE_GRID ||
	    reading->scope == HM_SCOPE_BATTERY;
}

/* A record that one is about is `record`, its device is of `dtu`. */
struct context {
	struct hm_top_plant *plant;
	const struct hm_record *record;
	size_t dtu;
	int64_t time;
};

static int64_t
amount(const struct context *c, enum hm_field_id field)
{
	return hm_top_amount(c->record, hm_fields[field].key);
}

/* An energy stays until a record has a newer one; that of today, for a day. */
static void
keep_energy(const struct context *c, enum hm_field_id field, int64_t before,
    int64_t *energy)
{
	int64_t value = amount(c, field);

	if (value != HM_AMOUNT_UNKNOWN)
		*energy = value;
	else if (field == HM_F_TODAY_PRODUCTION && before != 0 &&
	    hm_zone_local(before).day != hm_zone_local(c->time).day)
		*energy = HM_AMOUNT_UNKNOWN;
}

static bool
is_stale(const struct context *c)
{
	return hm_record_get(c->record, "stale")->kind == HM_TRUE;
}

static bool
serial_of(const struct context *c, char serial[HM_TOP_SERIAL])
{
	return hm_record_text(c->record, "serial", serial, HM_TOP_SERIAL);
}

/* Readings */

static void
take_dtu(const struct context *c)
{
	struct hm_top_dtu *dtu = &c->plant->dtu[c->dtu];

	dtu->watts = amount(c, HM_F_PV_POWER);
	keep_energy(c, HM_F_TODAY_PRODUCTION, dtu->time, &dtu->today);
	keep_energy(c, HM_F_TOTAL_PRODUCTION, dtu->time, &dtu->total);
	if (!is_stale(c))
		dtu->time = c->time;
}

static size_t
inverter_of(const struct context *c)
{
	char serial[HM_TOP_SERIAL];

	return serial_of(c, serial) ? hm_top_find_inverter(c->plant, c->dtu,
	    serial) : HM_TOP_NONE;
}

static void
take_state(const struct context *c, struct hm_top_inverter *inverter)
{
	int64_t code;

	inverter->state = HM_TOP_AWAKE;
	if (hm_record_int(c->record, hm_fields[HM_F_OPERATING_STATUS].key,
	    &code) && code == 0)
		inverter->state = HM_TOP_OFF;
	if (hm_record_int(c->record, hm_fields[HM_F_LINK_STATUS].key, &code) &&
	    code == 0)
		inverter->state = HM_TOP_UNHEARD;
}

/* Over Modbus a reading has the alarm that lasts; it has no start. */
static void
take_own_alarm(const struct context *c, const char *serial)
{
	struct hm_top_plant *plant = c->plant;
	struct hm_top_alarm alarm = {.dtu = c->dtu, .time = c->time,
	    .port = HM_TOP_OWN_ALARM};
	size_t kept = 0;

	for (size_t i = 0; i < plant->alarms; i++)
		if (plant->alarm[i].dtu != c->dtu ||
		    plant->alarm[i].port != HM_TOP_OWN_ALARM ||
		    strcmp(plant->alarm[i].serial, serial) != 0)
			plant->alarm[kept++] = plant->alarm[i];
	plant->alarms = kept;
	if (!hm_record_int(c->record, hm_fields[HM_F_ALARM_CODE].key,
	    &alarm.code) || alarm.code == 0)
		return;
	memcpy(alarm.serial, serial, strlen(serial) + 1);
	hm_record_text(c->record, hm_fields[HM_F_ALARM_TEXT].key, alarm.text,
	    sizeof alarm.text);
	hm_top_keep_alarm(plant, &alarm, false);
}

static void
take_inverter(const struct context *c)
{
	size_t at = inverter_of(c);
	struct hm_top_inverter *inverter;

	if (at == HM_TOP_NONE)
		return;
	inverter = &c->plant->inverter[at];
	take_state(c, inverter);
	take_own_alarm(c, inverter->serial);
	if (inverter->title[0] == '\0')
		hm_record_text(c->record, hm_fields[HM_F_LABEL].key,
		    inverter->title, sizeof inverter->title);
	inverter->watts = amount(c, HM_F_ACTIVE_POWER);
	inverter->volts = amount(c, HM_F_GRID_VOLTAGE);
	if (inverter->volts == HM_AMOUNT_UNKNOWN)
		inverter->volts = amount(c, HM_F_GRID_VOLTAGE_A);
	inverter->celsius = amount(c, HM_F_TEMPERATURE);
	keep_energy(c, HM_F_TODAY_PRODUCTION, inverter->time,
	    &inverter->today);
	keep_energy(c, HM_F_TOTAL_PRODUCTION, inverter->time,
	    &inverter->total);
	if (!is_stale(c))
		inverter->time = c->time;
}

static void
take_input(const struct context *c)
{
	int64_t number;
	size_t at = inverter_of(c);
	struct hm_top_input *input;

	if (at == HM_TOP_NONE || !hm_record_int(c->record, "port", &number))
		return;
	at = hm_top_find_input(c->plant, at, number);
	if (at == HM_TOP_NONE)
		return;
	input = &c->plant->input[at];
	input->watts = amount(c, HM_F_PV_POWER);
	input->volts = amount(c, HM_F_PV_VOLTAGE);
	input->amperes = amount(c, HM_F_PV_CURRENT);
	keep_energy(c, HM_F_TODAY_PRODUCTION, input->time, &input->today);
	keep_energy(c, HM_F_TOTAL_PRODUCTION, input->time, &input->total);
	if (!is_stale(c))
		input->time = c->time;
}

static void
take_meter(const struct context *c, enum hm_top_meter_kind kind)
{
	char serial[HM_TOP_SERIAL];
	size_t at;

	if (!serial_of(c, serial))
		return;
	at = hm_top_find_meter(c->plant, c->dtu, kind, serial);
	if (at == HM_TOP_NONE)
		return;
	c->plant->meter[at].watts = amount(c, HM_F_POWER);
	c->plant->meter[at].soc = amount(c, HM_F_SOC);
	if (!is_stale(c))
		c->plant->meter[at].time = c->time;
}

static void
take_reading(const struct context *c, enum hm_scope scope)
{
	struct hm_top_dtu *dtu = &c->plant->dtu[c->dtu];

	dtu->answered = c->time;
	/* A stream without status records has only answers. */
	dtu->state = HM_TOP_ONLINE;
	switch (scope) {
	case HM_SCOPE_DTU:
		take_dtu(c);
		break;
	case HM_SCOPE_INVERTER:
		take_inverter(c);
		break;
	case HM_SCOPE_PORT:
		take_input(c);
		break;
	case HM_SCOPE_METER:
		take_meter(c, HM_TOP_METER);
		break;
	case HM_SCOPE_GRID:
		take_meter(c, HM_TOP_GRID);
		break;
	case HM_SCOPE_BATTERY:
		take_meter(c, HM_TOP_BATTERY);
		break;
	default:
		break;
	}
}

/* Other records */

static void
take_status(const struct context *c)
{
	struct hm_top_dtu *dtu = &c->plant->dtu[c->dtu];
	bool online;

	if (hm_status_online(c->record, &online) != NULL)
		return;
	dtu->state = online ? HM_TOP_ONLINE : HM_TOP_OFFLINE;
	dtu->retry = hm_top_time(c->record, "retry_at");
	if (online)
		dtu->answered = c->time;
	if (!hm_record_text(c->record, "text", dtu->reason, sizeof dtu->reason))
		hm_record_text(c->record, "error", dtu->reason,
		    sizeof dtu->reason);
	hm_record_text(c->record, "hint", dtu->hint, sizeof dtu->hint);
}

static void
take_alarm(const struct context *c)
{
	struct hm_top_alarm alarm = {.dtu = c->dtu, .time = c->time,
	    .code = -1};

	if (!hm_record_text(c->record, "alert", alarm.alert,
	    sizeof alarm.alert) &&
	    !hm_record_int(c->record, "code", &alarm.code))
		return;
	/* Not all records of this alert have the serial number. */
	if (strcmp(alarm.alert, "dtu_offline") != 0)
		serial_of(c, alarm.serial);
	if (!hm_record_int(c->record, "port", &alarm.port))
		alarm.port = 0;
	hm_record_text(c->record, "text", alarm.text, sizeof alarm.text);
	alarm.start = hm_top_time(c->record, "start");
	hm_top_keep_alarm(c->plant, &alarm,
	    hm_record_get(c->record, "end")->kind != HM_ABSENT);
}

/* The end of a DTU's list: its alarms that are not in the list have ended. */
static void
take_alarms(const struct context *c)
{
	struct hm_top_plant *plant = c->plant;
	size_t kept = 0;

	for (size_t i = 0; i < plant->alarms; i++) {
		const struct hm_top_alarm *a = &plant->alarm[i];

		if (a->dtu != c->dtu || a->alert[0] != '\0' ||
		    a->time >= c->time)
			plant->alarm[kept++] = *a;
	}
	plant->alarms = kept;
}

void
hm_top_take(struct hm_top_plant *plant, struct hm_slice type,
    const struct hm_record *record)
{
	const struct hm_reading_type *reading = hm_reading_type_of(type);
	struct context c = {.plant = plant, .record = record,
	    .time = hm_top_time(record, "time")};
	char name[2 * HM_DTU_NAME_MAX], serial[HM_TOP_SERIAL] = "";

	if (c.time != 0)
		plant->time = c.time;
	if (!hm_record_text(record, "dtu", name, sizeof name) ||
	    strlen(name) > HM_DTU_NAME_MAX)
		return;
	if (reading != NULL && reading->scope == HM_SCOPE_DTU)
		serial_of(&c, serial);
	c.dtu = hm_top_find_dtu(plant, name, serial);
	if (c.dtu == HM_TOP_NONE)
		return;
	if (reading != NULL)
		take_reading(&c, reading->scope);
	else if (hm_slice_is(type, "status"))
		take_status(&c);
	else if (hm_slice_is(type, "alarm"))
		take_alarm(&c);
	else if (hm_slice_is(type, "alarms"))
		take_alarms(&c);
}
