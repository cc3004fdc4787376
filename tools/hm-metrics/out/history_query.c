#include "history_query.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/rfc3339.h"

#define DAY INT64_C(86400)
#define DAYS_DEFAULT 366
#define PANEL_DAYS_DEFAULT 30
#define LIMIT_DEFAULT 100
#define PORT_MAX 255

enum name { FROM, TO, ON, DAYS, BY, SERIAL, PORT, LIMIT, FORMAT, NAMES };

static const char *const names[NAMES] = {
    [FROM] = "from", [TO] = "to", [ON] = "day", [DAYS] = "days", [BY] = "by",
    [SERIAL] = "serial", [PORT] = "port", [LIMIT] = "limit",
    [FORMAT] = "format",
};

#define BIT(name) (1U << (name))
#define RANGE (BIT(FROM) | BIT(TO))
#define DEVICE (BIT(SERIAL) | BIT(PORT))

/* The parameters of each kind. */
static const unsigned taken[] = {
    [HM_HISTORY_DAYS] = RANGE | DEVICE | BIT(BY) | BIT(FORMAT),
    [HM_HISTORY_MONTHS] = RANGE | DEVICE | BIT(FORMAT),
    [HM_HISTORY_YEARS] = RANGE | DEVICE | BIT(FORMAT),
    [HM_HISTORY_PANELS] = BIT(DAYS) | BIT(TO),
    [HM_HISTORY_CURVE] = BIT(ON) | DEVICE | BIT(FORMAT),
    [HM_HISTORY_EVENTS] = RANGE | BIT(LIMIT) | BIT(FORMAT),
    [HM_HISTORY_GAPS] = RANGE | BIT(FORMAT),
    [HM_HISTORY_RECORDS] = BIT(FORMAT),
    [HM_HISTORY_ORDERS] = RANGE | BIT(LIMIT) | BIT(FORMAT),
};

/* The values by name, NULL where there is none. */
struct values {
	const char *of[NAMES];
	char *error;
};

static bool
refuse(struct values *v, enum name name, const char *allowed)
{
	snprintf(v->error, HM_HISTORY_ERROR, "%s is \"%.40s\", but must be %s",
	    names[name], v->of[name], allowed);
	return false;
}

static bool
refuse_name(char *error, enum hm_history_kind kind, const char *name)
{
	size_t n = (size_t)snprintf(error, HM_HISTORY_ERROR, "there is no "
	    "parameter \"%.40s\" here, only:", name);

	for (int i = 0; i < NAMES; i++)
		if ((taken[kind] & BIT(i)) != 0)
			n += (size_t)snprintf(error + n, HM_HISTORY_ERROR - n,
			    " %s", names[i]);
	return false;
}

static bool
collect(struct values *v, enum hm_history_kind kind,
    const struct hm_argument *argument, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int name = 0;

		while (name < NAMES &&
		    ((taken[kind] & BIT(name)) == 0 ||
		    strcmp(names[name], argument[i].name) != 0))
			name++;
		if (name == NAMES)
			return refuse_name(v->error, kind, argument[i].name);
		v->of[name] = argument[i].value != NULL ?
		    argument[i].value : "";
	}
	return true;
}

static bool
read_date(struct values *v, enum name name, int64_t fallback, int64_t *day)
{
	char time[HM_RFC3339_SIZE];
	int64_t seconds;

	*day = fallback;
	if (v->of[name] == NULL)
		return true;
	if (strlen(v->of[name]) != strlen("2026-11-23"))
		return refuse(v, name, "a date such as 2026-11-23");
	snprintf(time, sizeof time, "%sT00:00:00Z", v->of[name]);
	if (!hm_rfc3339_parse(hm_text(time), &seconds) || seconds < 0)
		return refuse(v, name, "a date such as 2026-11-23, from 1970 "
		    "on");
	*day = seconds / DAY;
	return true;
}

static bool
read_number(struct values *v, enum name name, int64_t max, int64_t fallback,
    int64_t *number)
{
	char allowed[64];

	*number = fallback;
	if (v->of[name] == NULL || hm_decimal_whole(hm_text(v->of[name]), 1,
	    max, number))
		return true;
	snprintf(allowed, sizeof allowed, "a number from 1 to %" PRId64, max);
	return refuse(v, name, allowed);
}

static bool
read_span(struct values *v, struct hm_history_query *query)
{
	static const char *const spans[] = {"day", "month", "year"};
	const char *by = v->of[BY];

	if (query->kind == HM_HISTORY_MONTHS)
		query->by = HM_HISTORY_BY_MONTH;
	if (query->kind == HM_HISTORY_YEARS)
		query->by = HM_HISTORY_BY_YEAR;
	if (by == NULL)
		return true;
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		if (strcmp(by, spans[i]) == 0) {
			query->by = (enum hm_history_span)i;
			return true;
		}
	return refuse(v, BY, "day, month or year");
}

static bool
read_format(struct values *v, struct hm_history_query *query)
{
	const char *format = v->of[FORMAT];

	query->csv = format != NULL && strcmp(format, "csv") == 0;
	return format == NULL || query->csv || strcmp(format, "json") == 0 ||
	    refuse(v, FORMAT, "json or csv");
}

static bool
read_device(struct values *v, struct hm_history_query *query)
{
	const char *serial = v->of[SERIAL];
	size_t n = 0;

	if (!read_number(v, PORT, PORT_MAX, HM_HISTORY_NO_PORT, &query->port))
		return false;
	if (serial == NULL)
		return v->of[PORT] == NULL || refuse(v, PORT,
		    "left out, or have the serial of its inverter beside it");
	while (isalnum((unsigned char)serial[n]))
		n++;
	if (n == 0 || n >= HM_HISTORY_SERIAL || serial[n] != '\0')
		return refuse(v, SERIAL, "1 to 32 letters and digits");
	memcpy(query->serial, serial, n + 1);
	return true;
}

/* By month and year, and of events, gaps and orders: all there is. */
static bool
read_range(struct values *v, struct hm_history_query *query, int64_t today)
{
	bool by_day = query->kind == HM_HISTORY_DAYS &&
	    query->by == HM_HISTORY_BY_DAY;
	int64_t max = by_day ? HM_HISTORY_DAYS_MAX : HM_HISTORY_RANGE_MAX;
	int64_t span = by_day ? DAYS_DEFAULT : HM_HISTORY_RANGE_MAX;
	char allowed[64];

	if (!read_date(v, TO, today, &query->to) ||
	    !read_date(v, FROM, query->to >= span ? query->to - span + 1 : 0,
	    &query->from))
		return false;
	if (query->from <= query->to && query->to - query->from < max)
		return true;
	snprintf(allowed, sizeof allowed, "to, or up to %" PRId64 " days "
	    "before it", max - 1);
	return refuse(v, FROM, allowed);
}

/* The last `days` days up to `to`. */
static bool
read_days(struct values *v, struct hm_history_query *query, int64_t today)
{
	int64_t days;

	if (!read_date(v, TO, today, &query->to) || !read_number(v, DAYS,
	    HM_HISTORY_PANEL_DAYS_MAX, PANEL_DAYS_DEFAULT, &days))
		return false;
	query->from = query->to >= days ? query->to - days + 1 : 0;
	return true;
}

static bool
read_dates(struct values *v, struct hm_history_query *query, int64_t today)
{
	switch (query->kind) {
	case HM_HISTORY_PANELS:
		return read_days(v, query, today);
	case HM_HISTORY_CURVE:
		if (!read_date(v, ON, today, &query->from))
			return false;
		query->to = query->from;
		return true;
	default:
		return read_range(v, query, today);
	}
}

bool
hm_history_query_read(struct hm_history_query *query,
    enum hm_history_kind kind, const struct hm_argument *argument,
    size_t count, int64_t today, char error[HM_HISTORY_ERROR])
{
	struct values v = {.error = error};

	*query = (struct hm_history_query){.kind = kind};
	return collect(&v, kind, argument, count) && read_span(&v, query) &&
	    read_format(&v, query) && read_device(&v, query) &&
	    read_number(&v, LIMIT, HM_HISTORY_LIMIT_MAX, LIMIT_DEFAULT,
	    &query->limit) && read_dates(&v, query, today);
}

void
hm_history_query_key(const struct hm_history_query *query,
    char key[HM_HISTORY_KEY])
{
	snprintf(key, HM_HISTORY_KEY, "%d %d %d %" PRId64 " %" PRId64
	    " %" PRId64 " %" PRId64 " %s", (int)query->kind, (int)query->by,
	    query->csv, query->from, query->to, query->port, query->limit,
	    query->serial);
}
