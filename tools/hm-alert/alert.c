#include "alert_private.h"

#include <stdlib.h>
#include <string.h>

#include "alert_offline.h"
#include "alert_past.h"
#include "alert_table.h"
#include "base/clock_steps.h"
#include "base/decimal.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "record/device_map.h"
#include "record/dtu_name.h"
#include "record/fields.h"
#include "record/models.h"
#include "record/poll_errors.h"
#include "record/status.h"

#define DARK_POWER 50000 /* mW of a DTU; below this it counts as dark */
#define STEP_MIN 60      /* s; records are as much out of order */
#define PERCENT 100000   /* a power limit of 100 %, in thousandths */

struct hm_alert *
hm_alert_new(const struct hm_alert_options *options)
{
	struct hm_alert *alert = calloc(1, sizeof *alert);

	if (alert == NULL)
		return NULL;
	alert->options = *options;
	alert->away = (struct hm_offline_rules){options->offline,
	    options->night, 0};
	alert->steps.least = STEP_MIN;
	hm_alert_table_init(&alert->table);
	return alert;
}

void
hm_alert_free(struct hm_alert *alert)
{
	if (alert == NULL)
		return;
	hm_device_map_clear(&alert->table);
	free(alert);
}

const struct hm_alert_counters *
hm_alert_counters(const struct hm_alert *alert)
{
	return &alert->counters;
}

void
hm_alert_idle(struct hm_alert *alert, int64_t ms)
{
	hm_alert_look_around(alert, alert->now + ms / 1000);
}

int
hm_alert_wait_ms(const struct hm_alert *alert)
{
	return alert->absent > 0 || alert->counters.active > 0 ?
	    HM_ALERT_LOOK * 1000 : -1;
}

/* The clock */

int64_t
hm_alert_wall(const struct hm_alert *alert, int64_t time)
{
	return time + alert->steps.ahead;
}

void
hm_alert_clock(struct hm_alert *alert, const struct hm_moment *now)
{
	int64_t step = hm_clock_steps_look(&alert->steps, now);
	char old[HM_RFC3339_SIZE], new[HM_RFC3339_SIZE];

	if (step == 0)
		return;
	alert->away.set = alert->steps.ahead;
	hm_rfc3339_format(now->wall / 1000 - step, old);
	hm_rfc3339_format(now->wall / 1000, new);
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("from", old),
	    hm_fact("to", new)), "the clock was set from %s to %s: alerts "
	    "count on as if it had not been set", old, new);
}

/* Reading */

static void
refuse(struct hm_alert *alert)
{
	if (alert->counters.refused++ == 0)
		hm_log(HM_WARNING, "no room for more than %zu DTUs, inverters "
		    "and inputs, and %zu behind one of them: records of others "
		    "pass without alerts", HM_ALERT_ENTRIES,
		    HM_ALERT_CHILDREN);
}

static bool
is_stale(const struct hm_record *record)
{
	return hm_record_get(record, "stale")->kind == HM_TRUE;
}

static int64_t
number_of(const struct hm_record *record, enum hm_field_id field)
{
	int64_t number;

	return hm_record_int(record, hm_fields[field].key, &number) ? number :
	    -1;
}

/* In thousandths, truncated; false if the record has no such number. */
static bool
thousandths_of(const struct hm_record *record, enum hm_field_id field,
    int64_t *value)
{
	struct hm_decimal number;

	if (!hm_record_decimal(record, hm_fields[field].key, &number))
		return false;
	for (; number.scale > 3; number.scale--)
		number.units /= 10;
	return hm_decimal_rescale(number, 3, value);
}

/* NULL, or why the record is bad. at->dtu is NULL if there is no room. */
static const char *
read_dtu(struct hm_alert *alert, const struct hm_record *record,
    struct hm_alert_subject *at)
{
	char name[HM_DTU_NAME_MAX];
	struct hm_slice text;
	int64_t now;
	size_t n;

	*at = (struct hm_alert_subject){.dtu = NULL};
	if (!hm_record_string(record, "time", &text) ||
	    !hm_rfc3339_parse(text, &now))
		return "it has no time";
	alert->now = hm_clock_steps_undo(&alert->steps, now);
	alert->set = now - alert->now;
	if (!hm_record_string(record, "dtu", &text) ||
	    !hm_string_decode(text, name, sizeof name, &n) || n == 0)
		return "its dtu must be a name of 1 to 120 bytes";
	at->dtu = hm_device_map_dtu(&alert->table, hm_slice(name, n));
	if (at->dtu == NULL)
		refuse(alert);
	return NULL;
}

/*
 * As read_dtu, and the inverter, or with HM_ALERT_BATTERY its battery; NULL if
 * there is no room.
 */
static const char *
read_inverter(struct hm_alert *alert, const struct hm_record *record,
    int64_t part, struct hm_alert_subject *at)
{
	const char *why = read_dtu(alert, record, at);
	struct hm_slice serial;

	if (why != NULL || at->dtu == NULL)
		return why;
	if (!hm_record_string(record, "serial", &serial) || serial.n == 0 ||
	    serial.n > HM_ALERT_SERIAL_MAX)
		return "its serial must have 1 to 32 bytes";
	at->inverter = hm_device_map_device(&alert->table, &at->dtu->key,
	    serial, part);
	if (at->inverter == NULL)
		refuse(alert);
	else
		at->inverter->time = alert->now;
	return NULL;
}

/* DTUs that do not answer */

/* Whether the error of a failed poll is possible for a DTU without power. */
static bool
may_be_dark(const struct hm_record *record)
{
	static const enum hm_poll_error errors[] = {HM_ERR_UNREACHABLE,
	    HM_ERR_RESOLVE, HM_ERR_TIMEOUT_CONNECT};
	struct hm_slice error;

	if (!hm_record_string(record, "error", &error))
		return true;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (hm_slice_is(error, hm_poll_error_name(errors[i])))
			return true;
	return false;
}

static void
read_error(struct hm_alert_dtu *dtu, const struct hm_record *record)
{
	struct hm_slice text;
	size_t n = 0;

	if (hm_record_string(record, "text", &text) &&
	    !hm_string_decode(text, dtu->error, sizeof dtu->error - 1, &n))
		n = 0;
	dtu->error[n] = '\0';
}

/*
 * If the DTU has not answered since the start, look for its serial in the
 * database, and whether it may have fallen asleep then: *since is the time of
 * its last readings, unless they are too old for that.
 */
static void
recall(struct hm_alert *alert, struct hm_alert_dtu *dtu, int64_t *since)
{
	struct hm_alert_past past;
	int64_t age;

	if (dtu->asked || dtu->serial[0] != '\0' ||
	    alert->options.database == NULL)
		return;
	dtu->asked = true;
	if (!hm_alert_past_read(alert->options.database,
	    dtu->key.name, DARK_POWER, &past))
		return;
	memcpy(dtu->serial, past.serial, sizeof dtu->serial);
	age = alert->now + alert->set - past.time;
	dtu->dark = past.dark && age >= 0 && age < HM_OFFLINE_LONGEST_NIGHT;
	if (dtu->dark && hm_model_dtu_sleeps(hm_text(dtu->serial)))
		*since = past.time - alert->set;
}

static void
failed(struct hm_alert *alert, struct hm_alert_dtu *dtu,
    const struct hm_record *record)
{
	struct hm_slice text;
	int64_t retry = 0, since = alert->now;

	if (hm_record_string(record, "retry_at", &text) &&
	    !hm_rfc3339_parse(text, &retry))
		retry = 0;
	if (retry != 0)
		retry -= alert->set;
	read_error(dtu, record);
	recall(alert, dtu, &since);
	alert->absent += !dtu->away.away;
	hm_offline_failed(&dtu->away, since, retry, dtu->dark &&
	    hm_model_dtu_sleeps(hm_text(dtu->serial)) && may_be_dark(record));
}

/* Records */

static const char *
on_status(struct hm_alert *alert, const struct hm_record *record)
{
	bool online;
	struct hm_alert_subject at;
	const char *why = read_dtu(alert, record, &at);

	if (why != NULL || at.dtu == NULL)
		return why;
	why = hm_status_online(record, &online);
	if (why != NULL)
		return why;
	if (online)
		hm_alert_answered(alert, at.dtu);
	else
		failed(alert, at.dtu, record);
	return NULL;
}

static const char *
on_inverter(struct hm_alert *alert, const struct hm_record *record)
{
	int64_t temperature, limit;
	struct hm_alert_subject at;
	const char *why = read_inverter(alert, record, 0, &at);

	if (why != NULL || at.inverter == NULL)
		return why;
	if (thousandths_of(record, HM_F_POWER_LIMIT, &limit) &&
	    limit < PERCENT)
		at.inverter->limited = alert->now;
	if (is_stale(record) || number_of(record, HM_F_LINK_STATUS) == 0 ||
	    number_of(record, HM_F_OPERATING_STATUS) == 0 ||
	    !thousandths_of(record, HM_F_TEMPERATURE, &temperature))
		hm_alert_silence(alert, &at, alert->now);
	else
		hm_alert_temperature(alert, &at, temperature);
	return NULL;
}

/* In mW; -1: unknown. A port of an inverter that is online and off has 0. */
static int64_t
power_of(const struct hm_record *record)
{
	int64_t link = number_of(record, HM_F_LINK_STATUS);
	int64_t status = number_of(record, HM_F_OPERATING_STATUS);
	int64_t power;

	if (link == 0)
		return -1;
	if (status != 0 && thousandths_of(record, HM_F_PV_POWER, &power))
		return power > 0 ? power : 0;
	return link > 0 ? 0 : -1;
}

static const char *
on_port(struct hm_alert *alert, const struct hm_record *record)
{
	int64_t port;
	struct hm_alert_subject at;
	const char *why = read_inverter(alert, record, 0, &at);

	if (why != NULL || at.inverter == NULL)
		return why;
	if (!hm_record_int(record, "port", &port) || port < 0)
		return "its port is not a number from 0";
	at.port = hm_device_map_port(&alert->table, &at.inverter->key, port);
	if (at.port == NULL) {
		refuse(alert);
	} else if (!is_stale(record)) {
		at.port->time = alert->now;
		at.port->power = power_of(record);
	}
	return NULL;
}

static const char *
on_battery(struct hm_alert *alert, const struct hm_record *record)
{
	struct hm_alert_subject at;
	const char *why = read_inverter(alert, record, HM_ALERT_BATTERY, &at);
	int64_t fault = number_of(record, HM_F_DEVICE_FAULT);

	if (why == NULL && at.inverter != NULL && fault >= 0 &&
	    !is_stale(record))
		hm_alert_fault(alert, &at, fault);
	return why;
}

/* Each poll ends with its dtu record. */
static const char *
on_dtu(struct hm_alert *alert, const struct hm_record *record)
{
	struct hm_slice serial;
	struct hm_alert_subject at;
	const char *why = read_dtu(alert, record, &at);
	int64_t power;

	if (why != NULL || at.dtu == NULL)
		return why;
	at.dtu->time = alert->now;
	/* First: the alarm ends under the serial that it began with. */
	hm_alert_answered(alert, at.dtu);
	if (hm_record_string(record, "serial", &serial) &&
	    serial.n <= HM_ALERT_SERIAL_MAX) {
		memcpy(at.dtu->serial, serial.p, serial.n);
		at.dtu->serial[serial.n] = '\0';
	}
	at.dtu->dark = !thousandths_of(record, HM_F_PV_POWER, &power) ||
	    power <= DARK_POWER;
	hm_alert_freshness(alert, at.dtu, is_stale(record));
	if (is_stale(record))
		return NULL;
	hm_alert_judge(alert, at.dtu);
	return NULL;
}

static const struct {
	const char *type;
	const char *(*take)(struct hm_alert *alert,
	    const struct hm_record *record);
} takers[] = {
    {"dtu", on_dtu},
    {"inverter", on_inverter},
    {"port", on_port},
    {"battery", on_battery},
    {"status", on_status},
};

bool
hm_alert_takes(struct hm_slice type)
{
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			return true;
	return false;
}

const char *
hm_alert_record(struct hm_alert *alert, struct hm_slice type,
    const struct hm_record *record)
{
	const char *why = NULL;

	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
		if (hm_slice_is(type, takers[i].type))
			why = takers[i].take(alert, record);
	if (why == NULL)
		hm_alert_look_around(alert, alert->now);
	return why;
}
