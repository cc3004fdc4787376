#include "alert.h"

#include <stdio.h>
#include <stdlib.h>

#include "alert_kind.h"
#include "alert_table.h"
#include "errors.h"
#include "fields.h"
#include "log.h"
#include "models.h"
#include "timefmt.h"

#define LINE_MAX ((size_t)2048)
#define LOOK_AROUND 5         /* seconds between two looks at everything */
#define SET_BACK 60           /* a clock, and not two DTUs out of order */
#define DARK_POWER 50000      /* mW of a DTU: as good as night */
#define GONE ((int64_t)7 * 86400) /* of what nobody tells of any more */
#define NEIGHBOUR ((int64_t)2 * 86400) /* of what still counts as there */
#define PERCENT 100000        /* a limit, in thousandths, that limits nothing */

struct hm_alert {
	struct hm_alert_options options;
	struct hm_away_rules away;
	struct hm_alert_table *table;
	struct hm_alert_counters counters;
	size_t absent;  /* DTUs that do not answer */
	int64_t now;    /* of the last record */
	int64_t looked; /* when everything was looked at last */
	char line[LINE_MAX];
};

/* What a record or an alarm is about. */
struct place {
	struct hm_alert_dtu *dtu;
	struct hm_alert_inverter *inverter; /* NULL: the DTU itself */
	struct hm_alert_input *input;       /* NULL: all of it */
};

struct hm_alert *
hm_alert_new(const struct hm_alert_options *options)
{
	struct hm_alert *alert = calloc(1, sizeof *alert);

	if (alert == NULL)
		return NULL;
	alert->options = *options;
	alert->away = (struct hm_away_rules){options->offline,
	    options->night};
	alert->table = hm_alert_table_new();
	if (alert->table != NULL)
		return alert;
	free(alert);
	return NULL;
}

void
hm_alert_free(struct hm_alert *alert)
{
	if (alert == NULL)
		return;
	hm_alert_table_free(alert->table);
	free(alert);
}

const struct hm_alert_counters *
hm_alert_counters(const struct hm_alert *alert)
{
	return &alert->counters;
}

/* Alarms */

static struct hm_alarm *
alarm_of(const struct place *at)
{
	if (at->input != NULL)
		return &at->input->alarm;
	return at->inverter != NULL ? &at->inverter->alarm : &at->dtu->alarm;
}

static enum hm_alert_kind
kind_of(const struct place *at)
{
	if (at->input != NULL)
		return HM_ALERT_PRODUCTION_DROP;
	return at->inverter != NULL ? HM_ALERT_TEMPERATURE :
	    HM_ALERT_DTU_OFFLINE;
}

static void
emit_time(struct hm_emit *e, const char *key, int64_t time)
{
	char text[HM_TIME_TEXT];

	hm_emit_string(e, key, hm_time_format(time, text));
}

/* `end` is 0 while it lasts. */
static void
tell(struct hm_alert *alert, const struct place *at, int64_t now, int64_t end)
{
	struct hm_alarm *alarm = alarm_of(at);
	const char *serial = at->inverter != NULL ? at->inverter->serial :
	    at->dtu->serial;
	char text[HM_TIME_TEXT];
	struct hm_slice line;
	struct hm_emit e;

	hm_emit_start(&e, alert->line, sizeof alert->line);
	hm_emit_record(&e, "alarm", hm_time_format(now, text));
	hm_emit_string(&e, "dtu", hm_slice(at->dtu->name,
	    at->dtu->name_length));
	if (serial[0] != '\0')
		hm_emit_text(&e, "serial", serial);
	if (at->input != NULL)
		hm_emit_int(&e, "port", at->input->port);
	hm_emit_text(&e, "alert", hm_alert_kind_name(kind_of(at)));
	hm_emit_text(&e, "text", alarm->text);
	emit_time(&e, "start", alarm->start);
	if (end != 0)
		emit_time(&e, "end", end);
	hm_emit_object_end(&e);
	alarm->told = now;
	if (hm_emit_done(&e, &line))
		alert->options.output(alert->options.context, line);
}

/* The text has been set. */
static void
begin(struct hm_alert *alert, const struct place *at, int64_t now,
    int64_t start)
{
	struct hm_alarm *alarm = alarm_of(at);

	alarm->on = true;
	alarm->start = start;
	alert->counters.alarms++;
	alert->counters.active++;
	tell(alert, at, now, 0);
}

static void
end(struct hm_alert *alert, const struct place *at, int64_t now, int64_t end)
{
	struct hm_alarm *alarm = alarm_of(at);

	if (!alarm->on)
		return;
	alarm->on = false;
	alert->counters.active--;
	tell(alert, at, now, end > alarm->start ? end : alarm->start);
}

static void
repeat(struct hm_alert *alert, const struct place *at, int64_t now)
{
	struct hm_alarm *alarm = alarm_of(at);

	if (!alarm->on)
		return;
	if (alarm->told > now)
		alarm->told = now;
	if (now - alarm->told >= HM_ALERT_REPEAT)
		tell(alert, at, now, 0);
}
/* DTUs that do not answer */

/* A DTU without power cannot do more than be silent. */
static bool
may_be_dark(const struct hm_record *record)
{
	static const enum hm_error errors[] = {HM_ERR_UNREACHABLE,
	    HM_ERR_RESOLVE, HM_ERR_TIMEOUT_CONNECT};
	struct hm_slice error;

	if (!hm_record_string(record, "error", &error))
		return true;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (hm_slice_is(error, hm_error_name(errors[i])))
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

static void
failed(struct hm_alert *alert, struct hm_alert_dtu *dtu,
    const struct hm_record *record)
{
	struct hm_slice text;
	int64_t retry = 0;

	if (hm_record_string(record, "retry_at", &text) &&
	    !hm_time_parse(text, &retry))
		retry = 0;
	read_error(dtu, record);
	alert->absent += !dtu->away.away;
	hm_away_failed(&dtu->away, alert->now, retry, dtu->dark &&
	    hm_model_dtu_sleeps(hm_text(dtu->serial)) && may_be_dark(record));
}

static void
answered(struct hm_alert *alert, struct hm_alert_dtu *dtu)
{
	const struct place at = {.dtu = dtu};

	alert->absent -= dtu->away.away;
	hm_away_answered(&dtu->away);
	end(alert, &at, alert->now, alert->now);
}

static void
watch_dtu(struct hm_alert *alert, struct hm_alert_dtu *dtu, int64_t now)
{
	const struct place at = {.dtu = dtu};

	if (dtu->alarm.on || !hm_away_is_due(&dtu->away, &alert->away, now))
		return;
	snprintf(dtu->alarm.text, sizeof dtu->alarm.text, "no answer%s%.140s",
	    dtu->error[0] != '\0' ? ": " : "", dtu->error);
	begin(alert, &at, now, dtu->away.since);
}

/* Inverters that are too hot */

static void
hot(struct hm_alert *alert, const struct place *at, int64_t temperature)
{
	char value[HM_DEC_TEXT], limit[HM_DEC_TEXT];
	struct hm_alarm *alarm = &at->inverter->alarm;

	if (alarm->on)
		return;
	hm_dec_format(hm_dec(temperature, 3), value);
	hm_dec_format(hm_dec(alert->options.temperature, 3), limit);
	snprintf(alarm->text, sizeof alarm->text,
	    "%s \u00b0C, the threshold is %s \u00b0C", value, limit);
	begin(alert, at, alert->now, alert->now);
}

static void
watch_silence(struct hm_alert *alert, const struct place *at, int64_t now)
{
	struct hm_heat *heat = &at->inverter->heat;

	if (!hm_heat_silence(heat, now))
		end(alert, at, now, heat->told);
}

/* Inputs that give too little */

static bool
is_present(const struct place *at, int64_t now)
{
	return at->input->time == now && at->input->power >= 0 &&
	    at->inverter->limited != now;
}

static void
follow_drop(struct hm_alert *alert, const struct place *at)
{
	const struct hm_drop_input *drop = &at->input->drop;
	struct hm_alarm *alarm = &at->input->alarm;

	if (!drop->dropped) {
		end(alert, at, alert->now, alert->now);
	} else if (!alarm->on) {
		snprintf(alarm->text, sizeof alarm->text, "%lld W, where the "
		    "inputs beside it let expect %lld W",
		    (long long)drop->given / 1000,
		    (long long)drop->expected / 1000);
		begin(alert, at, alert->now, drop->began);
	}
}

static void
judge(struct hm_alert *alert, struct hm_drop_group *group,
    const struct place *member, size_t count)
{
	struct hm_drop_reading reading[HM_DROP_GROUP_MAX] = {{.input = NULL}};

	for (size_t i = 0; i < count; i++)
		reading[i] = (struct hm_drop_reading){
		    .input = &member[i].input->drop,
		    .present = is_present(&member[i], alert->now),
		    .power = member[i].input->power,
		};
	hm_drop_look(group, reading, count, alert->now, alert->options.drop);
	for (size_t i = 0; i < count; i++)
		follow_drop(alert, &member[i]);
}

static void
judge_inverter(struct hm_alert *alert, struct hm_alert_dtu *dtu,
    struct hm_alert_inverter *inverter)
{
	struct place member[HM_DROP_GROUP_MAX];
	size_t count = 0;

	for (struct hm_alert_input *input = inverter->inputs; input != NULL;
	     input = input->next)
		member[count++] = (struct place){dtu, inverter, input};
	judge(alert, &inverter->group, member, count);
}

/* An inverter of one input has its like in others of the DTU. */
static void
judge_dtu(struct hm_alert *alert, struct hm_alert_dtu *dtu)
{
	struct place member[HM_DROP_GROUP_MAX];
	size_t count = 0;

	for (struct hm_alert_inverter *inverter = dtu->inverters;
	     inverter != NULL; inverter = inverter->next)
		if (inverter->count > 1)
			judge_inverter(alert, dtu, inverter);
		else if (inverter->count == 1 &&
		    alert->now - inverter->time < NEIGHBOUR)
			member[count++] = (struct place){dtu, inverter,
			    inverter->inputs};
	judge(alert, &dtu->group, member, count);
}

/* Everything */

static void
look_at_input(struct hm_alert *alert, const struct place *at, int64_t now)
{
	if (now - at->input->time >= GONE) {
		at->input->drop.dropped = false;
		end(alert, at, now, at->input->time);
	}
	repeat(alert, at, now);
}

static void
look_at_inverter(struct hm_alert *alert, struct hm_alert_dtu *dtu,
    struct hm_alert_inverter *inverter, int64_t now)
{
	struct place at = {dtu, inverter, NULL};

	if (dtu->away.away || inverter->time < dtu->time)
		watch_silence(alert, &at, now);
	repeat(alert, &at, now);
	for (at.input = inverter->inputs; at.input != NULL;
	     at.input = at.input->next)
		look_at_input(alert, &at, now);
}

static void
look_around(struct hm_alert *alert, int64_t now)
{
	if (alert->absent == 0 && alert->counters.active == 0)
		return;
	if (now - alert->looked < LOOK_AROUND &&
	    alert->looked - now < SET_BACK)
		return;
	alert->looked = now;
	for (struct hm_alert_dtu *dtu = hm_alert_table_dtus(alert->table);
	     dtu != NULL; dtu = dtu->next) {
		const struct place at = {.dtu = dtu};

		watch_dtu(alert, dtu, now);
		repeat(alert, &at, now);
		for (struct hm_alert_inverter *inverter = dtu->inverters;
		     inverter != NULL; inverter = inverter->next)
			look_at_inverter(alert, dtu, inverter, now);
	}
}

void
hm_alert_idle(struct hm_alert *alert, int64_t ms)
{
	look_around(alert, alert->now + ms / 1000);
}

int
hm_alert_patience(const struct hm_alert *alert)
{
	return alert->absent > 0 || alert->counters.active > 0 ?
	    LOOK_AROUND * 1000 : -1;
}

/* Reading */

static void
refuse(struct hm_alert *alert)
{
	if (alert->counters.refused++ == 0)
		hm_log(HM_WARNING, "no room for more than %zu DTUs, inverters "
		    "and inputs, and %zu behind one of them: the rest is "
		    "passed on without alerts", HM_ALERT_ENTRIES,
		    HM_ALERT_OF_ONE);
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

/* In thousandths, cut off there; false if the record has none. */
static bool
thousandths_of(const struct hm_record *record, enum hm_field_id field,
    int64_t *value)
{
	struct hm_dec number;

	if (!hm_record_dec(record, hm_fields[field].key, &number))
		return false;
	for (; number.scale > 3; number.scale--)
		number.units /= 10;
	return hm_dec_rescale(number, 3, value);
}

/* The DTU is NULL if there is no room for it. */
static const char *
read_dtu(struct hm_alert *alert, const struct hm_record *record,
    struct place *at)
{
	char name[HM_ALERT_NAME_MAX];
	struct hm_slice text;
	size_t n;

	*at = (struct place){NULL, NULL, NULL};
	if (!hm_record_string(record, "time", &text) ||
	    !hm_time_parse(text, &alert->now))
		return "it has no time";
	if (!hm_record_string(record, "dtu", &text) ||
	    !hm_string_decode(text, name, sizeof name, &n) || n == 0)
		return "its dtu must be a name of 1 to 120 bytes";
	at->dtu = hm_alert_table_dtu(alert->table, hm_slice(name, n));
	if (at->dtu == NULL)
		refuse(alert);
	return NULL;
}

/* The same of the inverter. */
static const char *
read_inverter(struct hm_alert *alert, const struct hm_record *record,
    struct place *at)
{
	const char *why = read_dtu(alert, record, at);
	struct hm_slice serial;

	if (why != NULL || at->dtu == NULL)
		return why;
	if (!hm_record_string(record, "serial", &serial) || serial.n == 0 ||
	    serial.n > HM_ALERT_SERIAL_MAX)
		return "its serial must have 1 to 32 bytes";
	at->inverter = hm_alert_table_inverter(alert->table, at->dtu, serial);
	if (at->inverter == NULL)
		refuse(alert);
	else
		at->inverter->time = alert->now;
	return NULL;
}

/* Records */

static const char *
on_status(struct hm_alert *alert, const struct hm_record *record)
{
	struct hm_slice state;
	struct place at;
	const char *why = read_dtu(alert, record, &at);

	if (why != NULL || at.dtu == NULL)
		return why;
	if (!hm_record_string(record, "state", &state))
		return "it has no state";
	if (hm_slice_is(state, "online"))
		answered(alert, at.dtu);
	else if (hm_slice_is(state, "offline"))
		failed(alert, at.dtu, record);
	else
		return "its state is neither online nor offline";
	return NULL;
}

static const char *
on_inverter(struct hm_alert *alert, const struct hm_record *record)
{
	int64_t temperature, limit;
	struct place at;
	const char *why = read_inverter(alert, record, &at);

	if (why != NULL || at.inverter == NULL)
		return why;
	if (thousandths_of(record, HM_F_POWER_LIMIT, &limit) &&
	    limit < PERCENT)
		at.inverter->limited = alert->now;
	if (is_stale(record) || number_of(record, HM_F_LINK_STATUS) == 0 ||
	    number_of(record, HM_F_OPERATING_STATUS) == 0 ||
	    !thousandths_of(record, HM_F_TEMPERATURE, &temperature))
		watch_silence(alert, &at, alert->now);
	else if (hm_heat_reading(&at.inverter->heat, alert->now, temperature,
	    alert->options.temperature))
		hot(alert, &at, temperature);
	else
		end(alert, &at, alert->now, alert->now);
	return NULL;
}

/* Negative if it is not known. An input that is heard and off gives none. */
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
	struct place at;
	const char *why = read_inverter(alert, record, &at);

	if (why != NULL || at.inverter == NULL)
		return why;
	if (!hm_record_int(record, "port", &port) || port < 0)
		return "its port is not a number from 0";
	at.input = hm_alert_table_input(alert->table, at.inverter, port);
	if (at.input == NULL) {
		refuse(alert);
	} else if (!is_stale(record)) {
		at.input->time = alert->now;
		at.input->power = power_of(record);
	}
	return NULL;
}

/* It comes after all others of its poll. */
static const char *
on_dtu(struct hm_alert *alert, const struct hm_record *record)
{
	struct hm_slice serial;
	struct place at;
	const char *why = read_dtu(alert, record, &at);
	int64_t power;

	if (why != NULL || at.dtu == NULL)
		return why;
	at.dtu->time = alert->now;
	/* An alarm ends under the serial that it began with, or without. */
	answered(alert, at.dtu);
	if (hm_record_string(record, "serial", &serial) &&
	    serial.n <= HM_ALERT_SERIAL_MAX) {
		memcpy(at.dtu->serial, serial.p, serial.n);
		at.dtu->serial[serial.n] = '\0';
	}
	if (is_stale(record))
		return NULL;
	at.dtu->dark = !thousandths_of(record, HM_F_PV_POWER, &power) ||
	    power <= DARK_POWER;
	judge_dtu(alert, at.dtu);
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
		look_around(alert, alert->now);
	return why;
}
