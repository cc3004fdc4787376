#include "prometheus_text.h"

#include <stdio.h>

static void
put(struct hm_prometheus *e, const char *p, size_t n)
{
	if (!e->failed && n > 0 && !hm_buffer_append(e->out,
	    (const uint8_t *)p, n, HM_PROMETHEUS_MAX))
		e->failed = true;
}

static void
put_text(struct hm_prometheus *e, const char *text)
{
	put(e, text, strlen(text));
}

void
hm_prometheus_start(struct hm_prometheus *e, struct hm_buffer *out,
    bool openmetrics)
{
	*e = (struct hm_prometheus){.out = out, .openmetrics = openmetrics};
}

/* "# WORD NAME TEXT" */
static void
put_about(struct hm_prometheus *e, const char *word, size_t name,
    const char *text)
{
	put_text(e, "# ");
	put_text(e, word);
	put_text(e, " ");
	put(e, e->family, name);
	put_text(e, " ");
	put_text(e, text);
	put_text(e, "\n");
}

static const char *
type_name(const struct hm_prometheus *e, enum hm_prometheus_type type)
{
	switch (type) {
	case HM_PROMETHEUS_COUNTER:
		return "counter";
	case HM_PROMETHEUS_HISTOGRAM:
		return "histogram";
	case HM_PROMETHEUS_INFO:
		return e->openmetrics ? "info" : "gauge";
	case HM_PROMETHEUS_GAUGE:
		break;
	}
	return "gauge";
}

static bool
ends_with(const char *text, size_t n, const char *end)
{
	size_t length = strlen(end);

	return n > length && memcmp(text + n - length, end, length) == 0;
}

/* The unit that a family's name ends with, which OpenMetrics repeats. */
static const char *
unit_of(const char *name, size_t n)
{
	static const char *const units[] = {"_seconds", "_watts",
	    "_watthours", "_joules", "_volts", "_amperes", "_hertz", "_var",
	    "_celsius", "_ratio", "_bytes"};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (ends_with(name, n, units[i]))
			return units[i] + 1;
	return NULL;
}

void
hm_prometheus_family(struct hm_prometheus *e, const char *name,
    enum hm_prometheus_type type, const char *help)
{
	size_t n = strlen(name);
	const char *unit;

	if (n >= sizeof e->family) {
		e->failed = true;
		return;
	}
	memcpy(e->family, name, n + 1);
	if (e->openmetrics && type == HM_PROMETHEUS_COUNTER &&
	    ends_with(name, n, "_total"))
		n -= strlen("_total");
	if (e->openmetrics && type == HM_PROMETHEUS_INFO)
		n -= strlen("_info");
	put_about(e, "HELP", n, help);
	put_about(e, "TYPE", n, type_name(e, type));
	unit = unit_of(name, n);
	if (e->openmetrics && unit != NULL)
		put_about(e, "UNIT", n, unit);
}

void
hm_prometheus_sample(struct hm_prometheus *e, const char *suffix)
{
	put_text(e, e->family);
	put_text(e, suffix);
	e->labelled = false;
}

void
hm_prometheus_label(struct hm_prometheus *e, const char *name,
    const char *value)
{
	put_text(e, e->labelled ? "," : "{");
	e->labelled = true;
	put_text(e, name);
	put_text(e, "=\"");
	for (size_t n; *value != '\0'; value += n) {
		n = strcspn(value, "\\\"\n");
		put(e, value, n);
		if (value[n] == '\0')
			continue;
		put_text(e, value[n] == '\n' ? "\\n" :
		    value[n] == '"' ? "\\\"" : "\\\\");
		n++;
	}
	put_text(e, "\"");
}

void
hm_prometheus_decimal(struct hm_prometheus *e, struct hm_decimal value)
{
	char text[HM_DECIMAL_TEXT];
	size_t n = hm_decimal_format(value, text);

	put_text(e, e->labelled ? "} " : " ");
	put(e, text, n);
	put_text(e, "\n");
}

void
hm_prometheus_int(struct hm_prometheus *e, int64_t value)
{
	hm_prometheus_decimal(e, hm_decimal(value, 0));
}

bool
hm_prometheus_end(struct hm_prometheus *e)
{
	if (e->openmetrics)
		put_text(e, "# EOF\n");
	return !e->failed;
}
