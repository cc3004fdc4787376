#include <stdio.h>

#include "live/live_view.h"
#include "metrics.h"
#include "prometheus_text.h"
#include "record/breaker_state.h"

/* The metrics of hoymiles-mqtt 0.12 whose names differ from ours. */

static const struct hm_metrics_family up = {
    .name = "hoymiles_dtu_available", .dtu = "dtu_name",
    .help = "Whether the DTU is available"};
static const struct hm_metrics_family polls = {
    .name = "hoymiles_queries_total", .dtu = "dtu_name", .label = "status",
    .failure = "error", .help = "Total number of queries"};
static const struct hm_metrics_family errors = {
    .name = "hoymiles_query_errors_total", .dtu = "dtu_name",
    .label = "error_type", .help = "Total number of failed queries"};
static const struct hm_metrics_family durations = {
    .name = "hoymiles_query_duration_seconds", .dtu = "dtu_name",
    .help = "Query duration"};

static void
begin_sample(struct hm_prometheus *e, const struct hm_live_dtu *dtu)
{
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "dtu_name", dtu->name);
}

static void
put_breakers(struct hm_prometheus *e, const struct hm_view *view)
{
	hm_prometheus_family(e, "hoymiles_circuit_breaker_state",
	    HM_PROMETHEUS_GAUGE, "Circuit breaker, 0 closed and 1 open");
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		if (!d->breaker_known)
			continue;
		begin_sample(e, d);
		hm_prometheus_int(e, d->breaker != HM_BREAKER_CLOSED);
	}
}

/* A field of all devices of a scope, under its name in hoymiles-mqtt 0.12. */
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
put_reading(struct hm_prometheus *e, const struct hm_view *view, size_t row)
{
	const struct hm_live *live = view->live;
	bool begun = false;

	for (size_t i = 0; i < live->devices; i++) {
		const struct hm_live_device *d = &live->device[i];
		struct hm_decimal value;
		char port[24];

		if (d->scope != readings[row].scope ||
		    !hm_view_value(view, d, readings[row].field, &value))
			continue;
		if (!begun)
			hm_prometheus_family(e, readings[row].name,
			    HM_PROMETHEUS_GAUGE, readings[row].help);
		begun = true;
		if (d->scope == HM_SCOPE_DTU) {
			begin_sample(e, &live->dtu[d->dtu]);
		} else {
			hm_prometheus_sample(e, "");
			hm_prometheus_label(e, "serial_number", d->serial);
		}
		if (d->scope == HM_SCOPE_PORT) {
			snprintf(port, sizeof port, "%lld",
			    (long long)d->port);
			hm_prometheus_label(e, "port", port);
		}
		hm_prometheus_decimal(e, value);
	}
}

static void
put_errors(struct hm_prometheus *e, const struct hm_view *view)
{
	int64_t dropped = 0;

	(void)hm_view_counter(view, "hm-publish", "dropped", &dropped);
	hm_prometheus_family(e, "hoymiles_mqtt_errors_total",
	    HM_PROMETHEUS_COUNTER,
	    "Total number of MQTT messages that were not sent");
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "error_type", "publish_failed");
	hm_prometheus_int(e, dropped);
}

/* Not hoymiles_mqtt_messages_total, whose name is the same in hm. */
void
hm_metrics_legacy(struct hm_prometheus *e, const struct hm_view *view)
{
	if (view->live->dtus > 0) {
		hm_metrics_polls(e, view, &polls);
		hm_metrics_durations(e, view, &durations);
		hm_metrics_errors(e, view, &errors);
		hm_metrics_up(e, view, &up);
		put_breakers(e, view);
	}
	for (size_t row = 0; row < sizeof readings / sizeof *readings; row++)
		put_reading(e, view, row);
	put_errors(e, view);
	hm_prometheus_family(e, "hoymiles_mqtt_uptime_seconds",
	    HM_PROMETHEUS_GAUGE, "Uptime of the program");
	hm_prometheus_sample(e, "");
	hm_prometheus_decimal(e, hm_decimal((view->now.steady -
	    view->live->started.steady) / 1000, 0));
}
