#include "live_json.h"

#include "base/decimal.h"
#include "record/fields.h"

void
hm_live_json_text(struct hm_json *e, const char *key, const char *text)
{
	if (text[0] == '\0')
		hm_json_null(e, key);
	else
		hm_json_text(e, key, text);
}

/* Whether a field was one of the bridge: unknown ones are null then. */
static bool
had_bridge(enum hm_scope scope, size_t field)
{
	switch (field) {
	case HM_F_GRID_VOLTAGE:
	case HM_F_GRID_FREQUENCY:
	case HM_F_TEMPERATURE:
	case HM_F_ALARM_CODE:
	case HM_F_ALARM_COUNT:
	case HM_F_PV_VOLTAGE:
	case HM_F_PV_CURRENT:
	case HM_F_PV_POWER:
	case HM_F_TODAY_PRODUCTION:
	case HM_F_TOTAL_PRODUCTION:
		return true;
	case HM_F_OPERATING_STATUS:
	case HM_F_LINK_STATUS:
		return scope == HM_SCOPE_INVERTER;
	default:
		return false;
	}
}

static void
emit_field(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *d, size_t field)
{
	const char *key = hm_fields[field].key;
	struct hm_decimal value;
	int64_t units;

	if (!hm_field_in(&hm_fields[field], d->scope) ||
	    hm_fields[field].kind == HM_LABEL)
		return;
	if (!hm_view_value(view, d, field, &value)) {
		if (had_bridge(d->scope, field))
			hm_json_null(e, key);
	} else if (hm_fields[field].kind == HM_FLAG) {
		hm_json_bool(e, key, value.units != 0);
	} else if (hm_fields[field].kind == HM_MOMENT) {
		if (hm_decimal_rescale(value, 0, &units))
			hm_json_moment(e, key, units);
	} else {
		hm_json_decimal(e, key, value);
	}
}

static void
emit_fields(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *d)
{
	for (size_t i = 0; i < HM_FIELDS; i++)
		emit_field(e, view, d, i);
	if (d->label[0] != '\0')
		hm_json_text(e, hm_fields[HM_F_LABEL].key, d->label);
	if (d->alarm_text[0] != '\0' && hm_view_fresh(view, d))
		hm_json_text(e, hm_fields[HM_F_ALARM_TEXT].key,
		    d->alarm_text);
}

/* Inputs */

static void
emit_port(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *port, bool alone)
{
	hm_json_object(e, NULL);
	if (alone) {
		hm_json_text(e, "serial_number", port->serial);
		hm_json_text(e, "dtu_name",
		    view->live->dtu[port->dtu].name);
	}
	hm_json_int(e, "port_number", port->port);
	hm_json_moment(e, "timestamp", port->time);
	emit_fields(e, view, port);
	hm_json_object_end(e);
}

static bool
knows(const struct hm_view *view, const char *serial)
{
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_device(view, HM_SCOPE_INVERTER, d)) != NULL;)
		if (strcmp(d->serial, serial) == 0)
			return true;
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_device(view, HM_SCOPE_PORT, d)) != NULL;)
		if (strcmp(d->serial, serial) == 0)
			return true;
	return false;
}

bool
hm_live_json_ports(struct hm_json *e, const struct hm_view *view,
    const char *serial)
{
	if (serial != NULL && !knows(view, serial))
		return false;
	hm_json_array(e, NULL);
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_device(view, HM_SCOPE_PORT, d)) != NULL;)
		if (serial == NULL || strcmp(d->serial, serial) == 0)
			emit_port(e, view, d, true);
	hm_json_array_end(e);
	return true;
}

void
hm_live_json_production(struct hm_json *e, const struct hm_view *view)
{
	hm_json_array(e, NULL);
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_device(view, HM_SCOPE_PORT, d)) != NULL;) {
		hm_json_object(e, NULL);
		hm_json_text(e, "serial_number", d->serial);
		hm_json_int(e, "port_number", d->port);
		emit_field(e, view, d, HM_F_TODAY_PRODUCTION);
		emit_field(e, view, d, HM_F_TOTAL_PRODUCTION);
		hm_json_object_end(e);
	}
	hm_json_array_end(e);
}

/* Inverters */

static void
emit_metadata(struct hm_json *e, const struct hm_live_device *d)
{
	if (d->firmware[0] == '\0' && d->hardware[0] == '\0') {
		hm_json_null(e, "metadata");
		return;
	}
	hm_json_object(e, "metadata");
	hm_live_json_text(e, hm_fields[HM_F_FIRMWARE].key, d->firmware);
	hm_live_json_text(e, hm_fields[HM_F_HARDWARE].key, d->hardware);
	hm_json_object_end(e);
}

static void
emit_inverter(struct hm_json *e, const struct hm_view *view,
    const struct hm_live_device *inverter)
{
	hm_json_object(e, NULL);
	hm_json_text(e, "serial_number", inverter->serial);
	hm_json_text(e, "dtu_name", view->live->dtu[inverter->dtu].name);
	hm_json_moment(e, "first_seen", inverter->first_time);
	hm_json_moment(e, "last_seen", inverter->time);
	hm_live_json_text(e, "inverter_type", inverter->model);
	emit_metadata(e, inverter);
	hm_json_moment(e, "timestamp", inverter->time);
	emit_fields(e, view, inverter);
	hm_json_array(e, "ports");
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_port_of(view, inverter, d)) != NULL;)
		emit_port(e, view, d, false);
	hm_json_array_end(e);
	hm_json_object_end(e);
}

void
hm_live_json_inverters(struct hm_json *e, const struct hm_view *view)
{
	hm_json_array(e, NULL);
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_device(view, HM_SCOPE_INVERTER, d)) != NULL;)
		emit_inverter(e, view, d);
	hm_json_array_end(e);
}

bool
hm_live_json_inverter(struct hm_json *e, const struct hm_view *view,
    const char *serial)
{
	for (const struct hm_live_device *d = NULL;
	    (d = hm_view_device(view, HM_SCOPE_INVERTER, d)) != NULL;)
		if (strcmp(d->serial, serial) == 0) {
			emit_inverter(e, view, d);
			return true;
		}
	return false;
}
