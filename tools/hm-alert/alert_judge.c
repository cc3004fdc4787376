#include "alert_private.h"

#include <stdio.h>

#include "alert_offline.h"
#include "alert_production.h"
#include "alert_table.h"
#include "alert_temperature.h"
#include "base/decimal.h"
#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "config/quiet_hours.h"
#include "record/alert_kind.h"
#include "record/freshness.h"
#include "record/record.h"

#define SET_BACK 60 /* s; records of two DTUs are less out of order */
#define DAY ((int64_t)86400)
#define GONE ((int64_t)7 * 86400)      /* silence that ends a port's alarm */
#define NEIGHBOUR ((int64_t)2 * 86400) /* silence that ends comparisons */

/* Alarms */

static struct hm_alert_state *
alarm_of(const struct hm_alert_subject *at)
{
	if (at->port != NULL)
		return &at->port->alarm;
	if (at->inverter != NULL)
		return &at->inverter->alarm;
	return at->stale ? &at->dtu->stale : &at->dtu->alarm;
}

static bool
is_battery(const struct hm_alert_inverter *inverter)
{
	return inverter->key.number == HM_ALERT_BATTERY;
}

static enum hm_alert_kind
kind_of(const struct hm_alert_subject *at)
{
	if (at->port != NULL)
		return HM_ALERT_PRODUCTION_DROP;
	if (at->inverter != NULL)
		return is_battery(at->inverter) ? HM_ALERT_BATTERY_FAULT :
		    HM_ALERT_TEMPERATURE;
	return at->stale ? HM_ALERT_STALE : HM_ALERT_DTU_OFFLINE;
}

static void
emit_time(struct hm_json *e, const char *key, int64_t time)
{
	char text[HM_RFC3339_SIZE];

	hm_json_string(e, key, hm_rfc3339_format(time, text));
}

/*
 * Output an alarm record. `end` is 0 while the alarm lasts. Its start is the
 * same in all its records, whatever happens to the clock.
 */
static void
emit_alarm(struct hm_alert *alert, const struct hm_alert_subject *at,
    int64_t now, int64_t end)
{
	struct hm_alert_state *alarm = alarm_of(at);
	struct hm_slice serial = at->inverter != NULL ?
	    hm_device_serial(&at->inverter->key) : hm_text(at->dtu->serial);
	char text[HM_RFC3339_SIZE];
	struct hm_slice line;
	struct hm_json e;

	hm_json_start(&e, alert->line, sizeof alert->line);
	hm_json_record(&e, "alarm", hm_rfc3339_format(hm_alert_wall(alert,
	    now), text));
	hm_json_string(&e, "dtu", at->dtu->key.name);
	if (serial.n > 0)
		hm_json_string(&e, "serial", serial);
	if (at->port != NULL)
		hm_json_int(&e, "port", at->port->key.port);
	hm_json_text(&e, "alert", hm_alert_kind_name(kind_of(at)));
	hm_json_text(&e, "text", alarm->text);
	emit_time(&e, "start", alarm->start);
	if (end != 0)
		emit_time(&e, "end", end);
	hm_json_object_end(&e);
	alarm->sent = now;
	if (hm_json_done(&e, &line))
		alert->options.output(alert->options.context, line);
}

/* Raise an alarm, whose text has been set. */
static void
begin(struct hm_alert *alert, const struct hm_alert_subject *at, int64_t now,
    int64_t start)
{
	struct hm_alert_state *alarm = alarm_of(at);

	alarm->on = true;
	alarm->start = hm_alert_wall(alert, start);
	alert->counters.alarms++;
	alert->counters.active++;
	emit_alarm(alert, at, now, 0);
}

static void
end(struct hm_alert *alert, const struct hm_alert_subject *at, int64_t now,
    int64_t end)
{
	struct hm_alert_state *alarm = alarm_of(at);
	int64_t wall = hm_alert_wall(alert, end);

	if (!alarm->on)
		return;
	alarm->on = false;
	alert->counters.active--;
	emit_alarm(alert, at, now, wall > alarm->start ? wall : alarm->start);
}

static void
repeat(struct hm_alert *alert, const struct hm_alert_subject *at, int64_t now)
{
	struct hm_alert_state *alarm = alarm_of(at);

	if (!alarm->on)
		return;
	if (alarm->sent > now)
		alarm->sent = now;
	if (now - alarm->sent >= HM_ALERT_REPEAT)
		emit_alarm(alert, at, now, 0);
}

/* DTUs that do not answer */

void
hm_alert_answered(struct hm_alert *alert, struct hm_alert_dtu *dtu)
{
	const struct hm_alert_subject at = {.dtu = dtu};

	alert->absent -= dtu->away.away;
	hm_offline_answered(&dtu->away);
	end(alert, &at, alert->now, alert->now);
}

static void
watch_dtu(struct hm_alert *alert, struct hm_alert_dtu *dtu, int64_t now)
{
	const struct hm_alert_subject at = {.dtu = dtu};

	if (dtu->alarm.on || !hm_offline_is_due(&dtu->away, &alert->away, now))
		return;
	snprintf(dtu->alarm.text, sizeof dtu->alarm.text, "no answer%s%.140s",
	    dtu->error[0] != '\0' ? ": " : "", dtu->error);
	begin(alert, &at, now, dtu->away.since);
}

/* DTUs that repeat their readings */

/* In the dark a DTU may have nothing new for hours. */
static bool
is_dark(const struct hm_alert *alert, const struct hm_alert_dtu *dtu)
{
	return dtu->dark || (alert->options.night != NULL &&
	    hm_quiet_hours_is_night(alert->options.night,
	    hm_alert_wall(alert, alert->now)));
}

void
hm_alert_freshness(struct hm_alert *alert, struct hm_alert_dtu *dtu,
    bool stale)
{
	const struct hm_alert_subject at = {.dtu = dtu, .stale = true};
	bool hung = hm_freshness_look(&dtu->freshness, alert->now, stale,
	    alert->options.fresh_ms);

	if (!stale) {
		end(alert, &at, alert->now, alert->now);
	} else if (hung && !dtu->stale.on && !is_dark(alert, dtu)) {
		snprintf(dtu->stale.text, sizeof dtu->stale.text,
		    "the DTU answers, but repeats its last readings; "
		    "restart it if that goes on");
		begin(alert, &at, alert->now, dtu->freshness.since);
	}
}

/* Inverters that are too hot */

static void
hot(struct hm_alert *alert, const struct hm_alert_subject *at,
    int64_t temperature)
{
	char value[HM_DECIMAL_TEXT], limit[HM_DECIMAL_TEXT];
	struct hm_alert_state *alarm = &at->inverter->alarm;

	if (alarm->on)
		return;
	hm_decimal_format(hm_decimal(temperature, 3), value);
	hm_decimal_format(hm_decimal(alert->options.temperature, 3), limit);
	snprintf(alarm->text, sizeof alarm->text,
	    "%s \u00b0C, the threshold is %s \u00b0C", value, limit);
	begin(alert, at, alert->now, alert->now);
}

void
hm_alert_temperature(struct hm_alert *alert,
    const struct hm_alert_subject *at, int64_t temperature)
{
	if (hm_heat_reading(&at->inverter->heat, alert->now, temperature,
	    alert->options.temperature))
		hot(alert, at, temperature);
	else
		end(alert, at, alert->now, alert->now);
}

void
hm_alert_silence(struct hm_alert *alert, const struct hm_alert_subject *at,
    int64_t now)
{
	struct hm_heat *heat = &at->inverter->heat;

	if (!hm_heat_silence(heat, now))
		end(alert, at, now, heat->time);
}

/* Batteries with a fault */

void
hm_alert_fault(struct hm_alert *alert, const struct hm_alert_subject *at,
    int64_t code)
{
	struct hm_alert_inverter *battery = at->inverter;
	int64_t before = battery->fault;

	battery->fault = code;
	if (code == 0) {
		end(alert, at, alert->now, alert->now);
	} else if (before != 0 && !battery->alarm.on) {
		snprintf(battery->alarm.text, sizeof battery->alarm.text,
		    "the battery has fault %lld", (long long)code);
		begin(alert, at, alert->now, alert->now);
	}
}

/* Ports that give too little */

/*
 * What is usual is learnt by the hour of the day, which is that of the clock as
 * it is. Days only count: of a clock that was set by days they count on.
 */
static int64_t
hours_set(const struct hm_alert *alert)
{
	return alert->steps.ahead % DAY;
}

static bool
is_present(const struct hm_alert_subject *at, int64_t now)
{
	return at->port->time == now && at->port->power >= 0 &&
	    at->inverter->limited != now;
}

static void
follow_drop(struct hm_alert *alert, const struct hm_alert_subject *at)
{
	const struct hm_drop_port *drop = &at->port->drop;
	struct hm_alert_state *alarm = &at->port->alarm;

	if (!drop->dropped) {
		end(alert, at, alert->now, alert->now);
	} else if (!alarm->on) {
		snprintf(alarm->text, sizeof alarm->text, "%lld W; %lld W "
		    "expected from the inputs beside it",
		    (long long)drop->given / 1000,
		    (long long)drop->expected / 1000);
		begin(alert, at, alert->now, drop->began - hours_set(alert));
	}
}

static void
judge_peers(struct hm_alert *alert, struct hm_drop_peers *peers,
    const struct hm_alert_subject *member, size_t count)
{
	struct hm_drop_reading reading[HM_DROP_PEERS_MAX] = {{.port = NULL}};

	for (size_t i = 0; i < count; i++)
		reading[i] = (struct hm_drop_reading){
		    .port = &member[i].port->drop,
		    .present = is_present(&member[i], alert->now),
		    .power = member[i].port->power,
		};
	hm_drop_look(peers, reading, count, alert->now + hours_set(alert),
	    alert->options.drop);
	for (size_t i = 0; i < count; i++)
		follow_drop(alert, &member[i]);
}

static void
judge_inverter(struct hm_alert *alert, struct hm_alert_dtu *dtu,
    struct hm_alert_inverter *inverter)
{
	struct hm_alert_subject member[HM_DROP_PEERS_MAX];
	struct hm_alert_port *port = hm_device_first_port(&inverter->key);
	size_t count = 0;

	for (; port != NULL; port = hm_port_next(&port->key))
		member[count++] = (struct hm_alert_subject){.dtu = dtu,
		    .inverter = inverter, .port = port};
	judge_peers(alert, &inverter->peers, member, count);
}

/* Inverters with one port are compared with each other. */
void
hm_alert_judge(struct hm_alert *alert, struct hm_alert_dtu *dtu)
{
	struct hm_alert_subject member[HM_DROP_PEERS_MAX];
	struct hm_alert_inverter *inverter = hm_dtu_first_device(&dtu->key);
	size_t count = 0;

	for (; inverter != NULL; inverter = hm_device_next(&inverter->key))
		if (inverter->key.ports_count > 1)
			judge_inverter(alert, dtu, inverter);
		else if (inverter->key.ports_count == 1 &&
		    alert->now - inverter->time < NEIGHBOUR)
			member[count++] = (struct hm_alert_subject){.dtu = dtu,
			    .inverter = inverter,
			    .port = hm_device_first_port(&inverter->key)};
	judge_peers(alert, &dtu->peers, member, count);
}

/* Checks of all devices */

static void
look_at_port(struct hm_alert *alert, const struct hm_alert_subject *at,
    int64_t now)
{
	if (now - at->port->time >= GONE) {
		at->port->drop.dropped = false;
		end(alert, at, now, at->port->time);
	}
	repeat(alert, at, now);
}

static void
look_at_inverter(struct hm_alert *alert, struct hm_alert_dtu *dtu,
    struct hm_alert_inverter *inverter, int64_t now)
{
	struct hm_alert_subject at = {.dtu = dtu, .inverter = inverter};

	if (!is_battery(inverter) &&
	    (dtu->away.away || inverter->time < dtu->time))
		hm_alert_silence(alert, &at, now);
	repeat(alert, &at, now);
	for (at.port = hm_device_first_port(&inverter->key); at.port != NULL;
	     at.port = hm_port_next(&at.port->key))
		look_at_port(alert, &at, now);
}

static void
look_at_dtu(struct hm_alert *alert, struct hm_alert_dtu *dtu, int64_t now)
{
	struct hm_alert_subject at = {.dtu = dtu};
	struct hm_alert_inverter *inverter = hm_dtu_first_device(&dtu->key);

	watch_dtu(alert, dtu, now);
	repeat(alert, &at, now);
	/* Whether a DTU without an answer still repeats is not known. */
	at.stale = true;
	if (!dtu->away.away)
		repeat(alert, &at, now);
	for (; inverter != NULL; inverter = hm_device_next(&inverter->key))
		look_at_inverter(alert, dtu, inverter, now);
}

void
hm_alert_look_around(struct hm_alert *alert, int64_t now)
{
	struct hm_alert_dtu *dtu;

	if (alert->absent == 0 && alert->counters.active == 0)
		return;
	if (now - alert->looked < HM_ALERT_LOOK &&
	    alert->looked - now < SET_BACK)
		return;
	alert->looked = now;
	for (dtu = hm_device_map_first(&alert->table); dtu != NULL;
	     dtu = hm_dtu_next(&dtu->key))
		look_at_dtu(alert, dtu, now);
}
