#include <stdio.h>

#include "metrics.h"

/* The metrics of hoymiles-mqtt 0.12, where its names are not ours. */

static void
begin_sample(struct hm_expo *e, const struct hm_plant_dtu *dtu)
{
	hm_expo_sample(e, "");
	hm_expo_label(e, "dtu_name", dtu->name);
}

static void
put_queries(struct hm_expo *e, const struct hm_view *view)
{
	hm_expo_family(e, "hoymiles_queries_total", HM_EXPO_COUNTER,
	    "Total number of queries");
	for (const struct hm_plant_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		begin_sample(e, d);
		hm_expo_label(e, "status", "success");
		hm_expo_int(e, (int64_t)d->good);
		begin_sample(e, d);
		hm_expo_label(e, "status", "error");
		hm_expo_int(e, (int64_t)d->failed);
	}
	hm_expo_family(e, "hoymiles_query_duration_seconds",
	    HM_EXPO_HISTOGRAM, "Query duration");
	for (const struct hm_plant_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;)
		hm_metrics_durations(e, d, "dtu_name");
	hm_expo_family(e, "hoymiles_query_errors_total", HM_EXPO_COUNTER,
	    "Total number of failed queries");
	for (const struct hm_plant_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;)
		for (enum hm_error r = HM_ERR_NONE + 1; r < HM_ERRORS; r++) {
			begin_sample(e, d);
			hm_expo_label(e, "error_type", hm_error_name(r));
			hm_expo_int(e, (int64_t)d->errors[r]);
		}
}

static void
put_states(struct hm_expo *e, const struct hm_view *view)
{
	hm_expo_family(e, "hoymiles_dtu_available", HM_EXPO_GAUGE,
	    "Whether the DTU is available");
	for (const struct hm_plant_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		begin_sample(e, d);
		hm_expo_int(e, hm_view_up(view, d));
	}
	hm_expo_family(e, "hoymiles_circuit_breaker_state", HM_EXPO_GAUGE,
	    "Circuit breaker, 0 closed and 1 open");
	for (const struct hm_plant_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		if (!d->breaker_known)
			continue;
		begin_sample(e, d);
		hm_expo_int(e, d->breaker != HM_BREAKER_CLOSED);
	}
}

/* A field of all devices of a scope, under a name of old. */
static const struct {
	const char *name;
	enum hm_scope scope;
	enum hm_field_id field;
	const char *help;
} readings[] = {
    {"hoymiles_inverter_power_watts", HM_SCOPE_PORT, HM_F_PV_POWER,
        "Power of an input"},
    {"hoymiles_inverter_temperature_celsius", HM_SCOPE_INVERTER,
        HM_F_TEMPERATURE, "Temperature of an inverter"},
    {"hoymiles_inverter_status", HM_SCOPE_INVERTER, HM_F_OPERATING_STATUS,
        "Operating status of an inverter"},
    {"hoymiles_dtu_power_watts", HM_SCOPE_DTU, HM_F_PV_POWER,
        "Power of a DTU"},
    {"hoymiles_today_production_wh", HM_SCOPE_DTU, HM_F_TODAY_PRODUCTION,
        "Energy of the day"},
    {"hoymiles_total_production_wh", HM_SCOPE_DTU, HM_F_TOTAL_PRODUCTION,
        "Energy since installation"},
};

static void
put_reading(struct hm_expo *e, const struct hm_view *view, size_t row)
{
	const struct hm_plant *plant = view->plant;
	bool begun = false;

	for (size_t i = 0; i < plant->devices; i++) {
		const struct hm_plant_device *d = &plant->device[i];
		struct hm_dec value;
		char port[24];

		if (d->scope != readings[row].scope ||
		    !hm_view_value(view, d, readings[row].field, &value))
			continue;
		if (!begun)
			hm_expo_family(e, readings[row].name, HM_EXPO_GAUGE,
			    readings[row].help);
		begun = true;
		if (d->scope == HM_SCOPE_DTU) {
			begin_sample(e, &plant->dtu[d->dtu]);
		} else {
			hm_expo_sample(e, "");
			hm_expo_label(e, "serial_number", d->serial);
		}
		if (d->scope == HM_SCOPE_PORT) {
			snprintf(port, sizeof port, "%lld",
			    (long long)d->port);
			hm_expo_label(e, "port", port);
		}
		hm_expo_dec(e, value);
	}
}

static void
put_errors(struct hm_expo *e, const struct hm_view *view)
{
	int64_t dropped = 0;

	(void)hm_view_counter(view, "hm-publish", "dropped", &dropped);
	hm_expo_family(e, "hoymiles_mqtt_errors_total", HM_EXPO_COUNTER,
	    "Total number of MQTT messages that were not sent");
	hm_expo_sample(e, "");
	hm_expo_label(e, "error_type", "publish_failed");
	hm_expo_int(e, dropped);
}

/* hoymiles_mqtt_messages_total has kept its name and is always there. */
void
hm_metrics_legacy(struct hm_expo *e, const struct hm_view *view)
{
	if (view->plant->dtus > 0) {
		put_queries(e, view);
		put_states(e, view);
	}
	for (size_t row = 0; row < sizeof readings / sizeof *readings; row++)
		put_reading(e, view, row);
	put_errors(e, view);
	hm_expo_family(e, "hoymiles_mqtt_uptime_seconds", HM_EXPO_GAUGE,
	    "Uptime of the program");
	hm_expo_sample(e, "");
	hm_expo_dec(e, hm_dec((view->now.steady -
	    view->plant->started.steady) / 1000, 0));
}
