#include "plant_json.h"

#include <string.h>

#include "base/decimal.h"
#include "base/zone.h"
#include "live/day_curve.h"
#include "live/plant_facts.h"
#include "live_json.h"
#include "record/breaker_state.h"
#include "record/fields.h"
#include "record/models.h"
#include "record/types.h"

static void
emit_value(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *d, size_t field, const char *key)
{
	struct hm_decimal value;

	if (hm_view_value(view, d, field, &value))
		hm_json_decimal(e, key, value);
	else
		hm_json_null(e, key);
}

static void
emit_if_known(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *d, size_t field)
{
	struct hm_decimal value;

	if (hm_view_value(view, d, field, &value))
		hm_json_decimal(e, hm_fields[field].key, value);
}

static void
emit_known(struct hm_json *e, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		hm_json_text(e, key, text);
}

static void
emit_sum(struct hm_json *e, const struct hm_view *view, size_t field,
    bool whole, const char *key)
{
	struct hm_decimal sum;

	if (hm_view_sum(view, field, whole, &sum))
		hm_json_decimal(e, key, sum);
	else
		hm_json_null(e, key);
}

/* Why a DTU does not answer, what to do, and when it is asked again. */
static void
emit_trouble(struct hm_json *e, const struct hm_live_dtu *dtu)
{
	bool offline = dtu->state == HM_LIVE_OFFLINE;
	bool open = dtu->breaker_known && dtu->breaker != HM_BREAKER_CLOSED;

	if (offline) {
		hm_live_json_text(e, "reason", dtu->reason);
		emit_known(e, "hint", dtu->hint);
	}
	if (open)
		hm_json_text(e, "breaker", hm_breaker_state_name(dtu->breaker));
	if (open || (offline && dtu->retry_time != 0))
		hm_json_moment(e, "retry_at", dtu->retry_time);
}

static void
emit_page_dtu(struct hm_json *e, const struct hm_view *view, size_t number)
{
	const struct hm_live_dtu *dtu = &view->live->dtu[number];
	const struct hm_live_device *d = hm_view_device_of(view, number,
	    HM_SCOPE_DTU, NULL);

	hm_json_object(e, NULL);
	hm_json_text(e, "name", dtu->name);
	emit_known(e, "title", hm_view_dtu_name(view, number));
	hm_json_text(e, "status", hm_view_status(view, dtu));
	hm_json_moment(e, "answered", dtu->answered_time);
	emit_known(e, "host", dtu->host);
	emit_trouble(e, dtu);
	if (d != NULL) {
		emit_value(e, view, d, HM_F_PV_POWER, "watts");
		emit_value(e, view, d, HM_F_TODAY_PRODUCTION, "today");
		emit_known(e, hm_fields[HM_F_FIRMWARE].key, d->firmware);
		emit_if_known(e, view, d, HM_F_SIGNAL);
	}
	hm_json_object_end(e);
}

/* As hm-store has it in rated_power. */
static void
emit_rated(struct hm_json *e, const struct hm_live_device *inverter)
{
	struct hm_slice model = hm_text(inverter->model);
	const char *by_serial = hm_model_inverter(hm_text(inverter->serial));

	if (hm_model_input_watts(model) == 0 && by_serial != NULL)
		model = hm_text(by_serial);
	if (hm_model_input_watts(model) != 0)
		hm_json_int(e, "rated", hm_model_input_watts(model) *
		    hm_model_inputs(model));
}

static void
emit_page_inverter(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *inverter)
{
	hm_json_object(e, NULL);
	hm_json_text(e, "dtu", view->live->dtu[inverter->dtu].name);
	hm_json_text(e, "serial", inverter->serial);
	emit_known(e, "title", hm_view_device_name(view, inverter));
	if (inverter->label[0] != '\0')
		hm_json_text(e, hm_fields[HM_F_LABEL].key,
		    inverter->label);
	hm_live_json_text(e, "kind", inverter->model);
	emit_rated(e, inverter);
	emit_value(e, view, inverter, HM_F_ACTIVE_POWER, "watts");
	emit_value(e, view, inverter, HM_F_TEMPERATURE, "celsius");
	emit_value(e, view, inverter, HM_F_LINK_STATUS, "link");
	hm_json_array(e, "ports");
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_port_of(view, inverter, d)) != NULL;) {
		hm_json_object(e, NULL);
		hm_json_int(e, "port", d->port);
		emit_known(e, "title", hm_view_device_name(view, d));
		emit_value(e, view, d, HM_F_PV_POWER, "watts");
		emit_value(e, view, d, HM_F_PV_VOLTAGE, "volts");
		emit_value(e, view, d, HM_F_PV_CURRENT, "amperes");
		emit_value(e, view, d, HM_F_TODAY_PRODUCTION, "today");
		hm_json_object_end(e);
	}
	hm_json_array_end(e);
	hm_json_object_end(e);
}

static void
emit_page_alarm(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_alarm *alarm)
{
	hm_json_object(e, NULL);
	hm_json_text(e, "dtu", view->live->dtu[alarm->dtu].name);
	hm_live_json_text(e, "serial", alarm->serial);
	if (alarm->port > 0)
		hm_json_int(e, "port", alarm->port);
	if (alarm->alert[0] == '\0' && alarm->code >= 0)
		hm_json_int(e, "code", alarm->code);
	if (alarm->alert[0] != '\0')
		hm_json_text(e, "alert", alarm->alert);
	hm_live_json_text(e, "text", alarm->text);
	hm_json_moment(e, "start", alarm->start);
	hm_json_object_end(e);
}

static void
emit_curve(struct hm_json *e, const struct hm_day_curve *curve)
{
	unsigned points = HM_DAY_CURVE_POINTS;
	int64_t milliwatts;

	while (points > 0 && !hm_day_curve_mean(curve, points - 1, &milliwatts))
		points--;
	hm_json_array(e, "curve");
	for (unsigned i = 0; i < points; i++)
		if (hm_day_curve_mean(curve, i, &milliwatts))
			hm_json_int(e, NULL, (milliwatts + 500) / 1000);
		else
			hm_json_null(e, NULL);
	hm_json_array_end(e);
}

/* What the settings say of the plant. */
static void
emit_facts(struct hm_json *e, const struct hm_plant_facts *facts)
{
	if (facts == NULL)
		return;
	emit_known(e, "name", facts->name);
	emit_known(e, "zone", facts->zone);
	emit_known(e, "currency", facts->currency);
	if (facts->has_own)
		hm_json_decimal(e, "price_own", facts->price_own);
	if (facts->has_given)
		hm_json_decimal(e, "price_given", facts->price_given);
	if (facts->has_co2)
		hm_json_int(e, "co2_g_kwh", facts->co2_g_kwh);
}

static void
emit_meters(struct hm_json *e, const struct hm_view *view)
{
	hm_json_array(e, "meters");
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_device(view, HM_SCOPE_METER, d)) != NULL;) {
		hm_json_object(e, NULL);
		hm_json_text(e, "serial", d->serial);
		emit_known(e, "title", hm_view_device_name(view, d));
		emit_value(e, view, d, HM_F_POWER, "watts");
		hm_json_object_end(e);
	}
	hm_json_array_end(e);
}

/* What a type of record has about the same inverter; NULL: nothing. */
static const struct hm_live_device *
part_of(const struct hm_view *view, const struct hm_live_device *hybrid,
    enum hm_scope scope)
{
	const struct hm_live_device *d = NULL;

	do
		d = hm_view_device_of(view, hybrid->dtu, scope, d);
	while (d != NULL && strcmp(d->serial, hybrid->serial) != 0);
	return d;
}

static void
emit_part_power(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *hybrid, enum hm_scope scope, size_t field)
{
	const struct hm_live_device *d = part_of(view, hybrid, scope);

	if (d != NULL)
		emit_value(e, view, d, field, hm_reading_types[scope].name);
}

static void
emit_hybrid(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *hybrid)
{
	static const size_t flows[] = {HM_F_PV_TO_LOAD, HM_F_PV_TO_BATTERY,
	    HM_F_PV_TO_GRID, HM_F_BATTERY_TO_LOAD, HM_F_GRID_TO_LOAD,
	    HM_F_BATTERY_TO_GRID};
	const struct hm_live_device *battery = part_of(view, hybrid,
	    HM_SCOPE_BATTERY), *flow = part_of(view, hybrid, HM_SCOPE_FLOW);

	hm_json_object(e, NULL);
	hm_json_text(e, "dtu", view->live->dtu[hybrid->dtu].name);
	hm_json_text(e, "serial", hybrid->serial);
	emit_known(e, "title", hm_view_device_name(view, hybrid));
	if (battery != NULL)
		emit_value(e, view, battery, HM_F_SOC,
		    hm_fields[HM_F_SOC].key);
	emit_part_power(e, view, hybrid, HM_SCOPE_BATTERY, HM_F_SIGNED_POWER);
	emit_part_power(e, view, hybrid, HM_SCOPE_GRID, HM_F_SIGNED_POWER);
	emit_part_power(e, view, hybrid, HM_SCOPE_LOAD, HM_F_PART_POWER);
	for (size_t i = 0; flow != NULL && i < sizeof flows / sizeof *flows;
	    i++)
		emit_if_known(e, view, flow, flows[i]);
	hm_json_object_end(e);
}

/* A plant without hybrid inverters has no such member. */
static void
emit_hybrids(struct hm_json *e, const struct hm_view *view)
{
	const struct hm_live_device *d = hm_view_device(view, HM_SCOPE_HYBRID,
	    NULL);

	if (d == NULL)
		return;
	hm_json_array(e, "hybrids");
	for (; d != NULL; d = hm_view_device(view, HM_SCOPE_HYBRID, d))
		emit_hybrid(e, view, d);
	hm_json_array_end(e);
}

void
hm_plant_json(struct hm_json *e, const struct hm_view *view)
{
	const struct hm_live *live = view->live;

	hm_json_object(e, NULL);
	hm_json_moment(e, "time", view->now.wall / 1000);
	hm_json_text(e, "version", HM_VERSION);
	emit_facts(e, view->facts);
	hm_json_int(e, "utc_offset", hm_zone_offset(view->now.wall / 1000));
	hm_json_bool(e, "healthy", hm_view_healthy(view));
	hm_json_bool(e, "night", view->night);
	emit_sum(e, view, HM_F_PV_POWER, false, "watts");
	emit_sum(e, view, HM_F_TODAY_PRODUCTION, true, "today");
	emit_sum(e, view, HM_F_TOTAL_PRODUCTION, true, "total");
	hm_json_array(e, "dtus");
	for (size_t i = 0; i < live->dtus; i++)
		emit_page_dtu(e, view, i);
	hm_json_array_end(e);
	hm_json_array(e, "units");
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_device(view, HM_SCOPE_INVERTER, d)) != NULL;)
		emit_page_inverter(e, view, d);
	hm_json_array_end(e);
	emit_meters(e, view);
	emit_hybrids(e, view);
	hm_json_array(e, "alarms");
	for (size_t i = 0; i < live->alarms; i++)
		if (hm_view_alarm(view, &live->alarm[i]))
			emit_page_alarm(e, view, &live->alarm[i]);
	hm_json_array_end(e);
	emit_curve(e, &live->curve);
	hm_json_object_end(e);
}
