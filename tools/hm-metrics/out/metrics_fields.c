#include <ctype.h>
#include <stdio.h>

#include "base/decimal.h"
#include "live/live_view.h"
#include "metrics.h"
#include "prometheus_text.h"
#include "record/fields.h"

#define PREFIX "hoymiles_"
#define JOULES_IN_WATTHOUR 3600
#define PARTS_MAX ((size_t)8)

static bool
begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/*
 * The metric of a field in records of a scope, without the prefix. Sums of a
 * DTU are no parts of a sum over inverters, so they have names of their own.
 * False if there is none: what an input repeats of its inverter.
 */
static bool
metric_name(size_t field, enum hm_scope scope, char out[HM_PROMETHEUS_NAME])
{
	const char *metric = hm_fields[field].metric, *prefix = "";

	if ((hm_fields[field].scopes & scope) == 0 || metric == NULL ||
	    (scope == HM_SCOPE_PORT && begins_with(metric, "inverter_")))
		return false;
	if (scope == HM_SCOPE_DTU && !begins_with(metric, "dtu_"))
		prefix = "dtu_";
	if (scope == HM_SCOPE_METER && !begins_with(metric, "meter_"))
		prefix = "meter_";
	snprintf(out, HM_PROMETHEUS_NAME, PREFIX "%s%s", prefix, metric);
	return true;
}

/* "A" of grid_voltage_a, "AB" of grid_voltage_ab; empty without a phase. */
static void
phase_of(const char *key, char phase[3])
{
	const char *end = strrchr(key, '_');
	size_t n = end != NULL ? strlen(++end) : 0;

	phase[0] = '\0';
	if (n < 1 || n > 2 || strspn(end, "abc") != n)
		return;
	for (size_t i = 0; i <= n; i++)
		phase[i] = (char)toupper((unsigned char)end[i]);
}

/* What is said of phase A, of each phase. */
static void
help_of(size_t field, char *out, size_t cap)
{
	static const struct {
		const char *one, *each;
	} words[] = {{"phase A", "each phase"},
	    {"lines A and B", "two lines"}};
	const char *help = hm_fields[field].help;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *at = strstr(help, words[i].one);

		if (at == NULL)
			continue;
		snprintf(out, cap, "%.*s%s%s", (int)(at - help), help,
		    words[i].each, at + strlen(words[i].one));
		return;
	}
	snprintf(out, cap, "%s", help);
}

static void
put_labels(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_live_device *d)
{
	char port[24];

	hm_prometheus_label(e, "dtu", view->live->dtu[d->dtu].name);
	if (d->scope == HM_SCOPE_METER)
		hm_prometheus_label(e, "meter", d->serial);
	if (d->scope == HM_SCOPE_INVERTER || d->scope == HM_SCOPE_PORT)
		hm_prometheus_label(e, "inverter", d->serial);
	if (d->scope == HM_SCOPE_PORT) {
		snprintf(port, sizeof port, "%lld", (long long)d->port);
		hm_prometheus_label(e, "port", port);
	}
}

/* In the unit of the metric's name. False if it cannot be held. */
static bool
in_base_unit(size_t field, bool joules, struct hm_decimal *value)
{
	const char *unit = hm_fields[field].unit;

	if (unit != NULL && strcmp(unit, "%") == 0) {
		value->scale += 2;
		return value->scale <= HM_DECIMAL_SCALE_MAX;
	}
	return !joules || hm_decimal_mul(*value,
	    hm_decimal(JOULES_IN_WATTHOUR, 0), value);
}

struct family {
	size_t field; /* the first of those that share it */
	enum hm_scope scope;
	bool joules;
	char name[HM_PROMETHEUS_NAME];
	bool begun; /* a family without samples is left out */
};

static void
begin_family(struct hm_prometheus *e, struct family *f)
{
	enum hm_field_kind kind = hm_fields[f->field].kind;
	char text[128], help[160];

	if (f->begun)
		return;
	f->begun = true;
	help_of(f->field, text, sizeof text);
	snprintf(help, sizeof help, "%s, as of the last poll", text);
	hm_prometheus_family(e, f->name,
	    kind == HM_COUNTER ? HM_PROMETHEUS_COUNTER : HM_PROMETHEUS_GAUGE,
	    help);
}

static void
put_value(struct hm_prometheus *e, const struct hm_view *view, struct family *f,
    size_t field, const struct hm_live_device *d)
{
	struct hm_decimal value;
	char phase[3];

	if (!hm_view_value(view, d, field, &value) ||
	    !in_base_unit(field, f->joules, &value))
		return;
	begin_family(e, f);
	hm_prometheus_sample(e, "");
	put_labels(e, view, d);
	phase_of(hm_fields[field].key, phase);
	if (phase[0] != '\0')
		hm_prometheus_label(e, "phase", phase);
	hm_prometheus_decimal(e, value);
}

static bool
same_metric(size_t field, size_t other, enum hm_scope scope)
{
	const char *a = hm_fields[field].metric, *b = hm_fields[other].metric;

	return (hm_fields[field].scopes & scope) != 0 && a != NULL &&
	    b != NULL && strcmp(a, b) == 0;
}

/* The fields that share the metric: a quantity and its phases. */
static size_t
parts_of(const struct family *f, size_t part[PARTS_MAX])
{
	size_t count = 0;

	for (size_t i = f->field; i < HM_FIELDS && count < PARTS_MAX; i++)
		if (same_metric(i, f->field, f->scope))
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

		for (size_t k = 0; d->scope == f->scope && k < parts; k++)
			put_value(e, view, f, part[k], d);
	}
}

/* Whether a field before this one has the same metric. */
static bool
is_part(size_t field, enum hm_scope scope)
{
	for (size_t i = 0; i < field; i++)
		if (same_metric(i, field, scope))
			return true;
	return false;
}

/* "..._watthours_total" once more in base units. */
static void
put_joules(struct hm_prometheus *e, const struct hm_view *view,
    struct family *f)
{
	static const char watthours[] = "_watthours_total";
	size_t n = strlen(f->name) - strlen(watthours);

	if (hm_fields[f->field].kind != HM_COUNTER ||
	    strcmp(f->name + n, watthours) != 0)
		return;
	snprintf(f->name + n, sizeof f->name - n, "_joules_total");
	f->joules = true;
	f->begun = false;
	put_family(e, view, f);
}

static void
put_info(struct hm_prometheus *e, const struct hm_view *view,
    enum hm_scope scope, const char *name, const char *help)
{
	bool begun = false;

	for (size_t i = 0; i < view->live->devices; i++) {
		const struct hm_live_device *d = &view->live->device[i];

		if (d->scope != scope || d->serial[0] == '\0')
			continue;
		if (!begun)
			hm_prometheus_family(e, name, HM_PROMETHEUS_INFO, help);
		begun = true;
		hm_prometheus_sample(e, "");
		put_labels(e, view, d);
		if (scope == HM_SCOPE_DTU)
			hm_prometheus_label(e, "serial", d->serial);
		hm_prometheus_label(e, hm_fields[HM_F_MODEL].key, d->model);
		hm_prometheus_label(e, hm_fields[HM_F_FIRMWARE].key,
		    d->firmware);
		hm_prometheus_label(e, hm_fields[HM_F_HARDWARE].key,
		    d->hardware);
		hm_prometheus_int(e, 1);
	}
}

void
hm_metrics_fields(struct hm_prometheus *e, const struct hm_view *view)
{
	static const enum hm_scope scopes[] = {HM_SCOPE_DTU,
	    HM_SCOPE_INVERTER, HM_SCOPE_PORT, HM_SCOPE_METER};

	put_info(e, view, HM_SCOPE_DTU, PREFIX "dtu_info",
	    "model, firmware and hardware of a DTU");
	put_info(e, view, HM_SCOPE_INVERTER, PREFIX "inverter_info",
	    "model, firmware and hardware of an inverter");
	put_info(e, view, HM_SCOPE_METER, PREFIX "meter_info",
	    "model, firmware and hardware of a meter");
	for (size_t s = 0; s < sizeof scopes / sizeof *scopes; s++)
		for (size_t i = 0; i < HM_FIELDS; i++) {
			struct family f = {.field = i, .scope = scopes[s]};

			if (!metric_name(i, scopes[s], f.name) ||
			    is_part(i, scopes[s]))
				continue;
			put_family(e, view, &f);
			put_joules(e, view, &f);
		}
}
