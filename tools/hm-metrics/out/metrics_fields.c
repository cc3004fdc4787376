#include <stdio.h>

#include "base/decimal.h"
#include "live/live_view.h"
#include "metrics.h"
#include "prometheus_text.h"
#include "record/fields.h"
#include "record/types.h"

#define PREFIX "hoymiles_"
#define PARTS_MAX ((size_t)8)

/* A metric of the fields of a type that share its name. */
struct family {
	size_t field; /* the first of the fields */
	size_t which; /* index in the field's metrics */
	const struct hm_reading_type *type;
	char name[HM_PROMETHEUS_NAME];
	bool begun; /* a family without samples is left out */
};

/* The name of a field's metric. NULL if the type or the field has none. */
static const char *
metric_of(size_t field, size_t which, const struct hm_reading_type *type)
{
	const struct hm_field *f = &hm_fields[field];
	bool repeated = !hm_is_device(type->scope) &&
	    hm_field_in(f, type->device);

	/* The device has the metrics of fields that its parts repeat. */
	return hm_field_in(f, type->scope) && !repeated ?
	    f->metrics[which].name : NULL;
}

static void
put_labels(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_live_device *d)
{
	const struct hm_reading_type *type = &hm_reading_types[d->scope];
	char port[24];

	hm_prometheus_label(e, "dtu", view->live->dtu[d->dtu].name);
	if (type->has_serial)
		hm_prometheus_label(e, type->label, d->serial);
	if (type->has_port) {
		snprintf(port, sizeof port, "%lld", (long long)d->port);
		hm_prometheus_label(e, "port", port);
	}
}

static void
begin_family(struct hm_prometheus *e, struct family *f)
{
	const struct hm_field *field = &hm_fields[f->field];
	char help[160];

	if (f->begun)
		return;
	f->begun = true;
	snprintf(help, sizeof help, "%s, as of the last poll", field->help);
	hm_prometheus_family(e, f->name, field->kind == HM_COUNTER ?
	    HM_PROMETHEUS_COUNTER : HM_PROMETHEUS_GAUGE, help);
}

static void
put_value(struct hm_prometheus *e, const struct hm_view *view,
    struct family *f, size_t id, const struct hm_live_device *d)
{
	const struct hm_field *field = &hm_fields[id];
	struct hm_decimal value;

	if (!hm_view_value(view, d, id, &value) || !hm_decimal_mul(value,
	    field->metrics[f->which].factor, &value))
		return;
	begin_family(e, f);
	hm_prometheus_sample(e, "");
	put_labels(e, view, d);
	if (field->phase != NULL)
		hm_prometheus_label(e, "phase", field->phase);
	hm_prometheus_decimal(e, value);
}

static bool
same_metric(const struct family *f, size_t field)
{
	const char *a = metric_of(f->field, f->which, f->type);
	const char *b = metric_of(field, f->which, f->type);

	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The fields that share the metric: a quantity and its phases. */
static size_t
parts_of(const struct family *f, size_t part[PARTS_MAX])
{
	size_t count = 0;

	for (size_t i = f->field; i < hm_field_end(f->type->scope) &&
	    count < PARTS_MAX; i++)
		if (same_metric(f, i))
			part[count++] = i;
	return count;
}

static void
put_family(struct hm_prometheus *e, const struct hm_view *view,
    struct family *f)
{
	size_t part[PARTS_MAX], parts = parts_of(f, part);

	for (size_t i = 0; i < view->live->devices; i++) {
		const struct hm_live_device *d = &view->live->device[i];

		for (size_t k = 0; d->scope == f->type->scope && k < parts;
		    k++)
			put_value(e, view, f, part[k], d);
	}
}

/* Whether a field before this one has the same metric. */
static bool
is_part(const struct family *f)
{
	for (size_t i = 0; i < f->field; i++)
		if (same_metric(f, i))
			return true;
	return false;
}

static void
put_field(struct hm_prometheus *e, const struct hm_view *view, size_t field,
    const struct hm_reading_type *type)
{
	for (size_t i = 0; i < HM_FIELD_METRICS; i++) {
		struct family f = {.field = field, .which = i, .type = type};
		const char *metric = metric_of(field, i, type);

		if (metric == NULL || is_part(&f))
			continue;
		snprintf(f.name, sizeof f.name, PREFIX "%s%s",
		    type->metric_prefix, metric);
		put_family(e, view, &f);
	}
}

static void
put_fields(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_reading_type *type)
{
	for (size_t i = 0; i < hm_field_end(type->scope); i++)
		put_field(e, view, i, type);
}

static void
put_info_sample(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_live_device *d)
{
	const struct hm_reading_type *type = &hm_reading_types[d->scope];

	hm_prometheus_sample(e, "");
	put_labels(e, view, d);
	if (!type->has_serial)
		hm_prometheus_label(e, type->label, d->serial);
	hm_prometheus_label(e, hm_fields[HM_F_MODEL].key, d->model);
	hm_prometheus_label(e, hm_fields[HM_F_FIRMWARE].key, d->firmware);
	hm_prometheus_label(e, hm_fields[HM_F_HARDWARE].key, d->hardware);
	hm_prometheus_int(e, 1);
}

/* A device of the ledger has no model before its first record. */
static bool
is_described(const struct hm_live_device *d)
{
	return d->number > 0 || d->model[0] != '\0' ||
	    d->firmware[0] != '\0' || d->hardware[0] != '\0';
}

static void
put_info(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_reading_type *type)
{
	char name[HM_PROMETHEUS_NAME], help[80];
	bool begun = false;

	snprintf(name, sizeof name, PREFIX "%s_info", type->name);
	snprintf(help, sizeof help, "model, firmware and hardware of %s",
	    type->noun);
	for (size_t i = 0; i < view->live->devices; i++) {
		const struct hm_live_device *d = &view->live->device[i];

		if (d->scope != type->scope || d->serial[0] == '\0' ||
		    !is_described(d))
			continue;
		if (!begun)
			hm_prometheus_family(e, name, HM_PROMETHEUS_INFO, help);
		begun = true;
		put_info_sample(e, view, d);
	}
}

void
hm_metrics_fields(struct hm_prometheus *e, const struct hm_view *view)
{
	for (size_t s = 0; s < HM_SCOPES; s++)
		if (hm_is_device((enum hm_scope)s) &&
		    !hm_reading_types[s].of_inverter)
			put_info(e, view, &hm_reading_types[s]);
	for (size_t s = 0; s < HM_SCOPES; s++)
		if (hm_view_device(view, (enum hm_scope)s, NULL) != NULL)
			put_fields(e, view, &hm_reading_types[s]);
}
