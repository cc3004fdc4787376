#include "url.h"

#include <ctype.h>

#include "base/decimal.h"

#define INVERTERS "/api/inverters/"

static const struct {
	const char *path;
	enum hm_url_kind kind;
} paths[] = {
    {"/", HM_URL_PAGE},
    {"/events", HM_URL_EVENTS},
    {"/metrics", HM_URL_METRICS},
    {"/health", HM_URL_HEALTH},
    {"/ready", HM_URL_READY},
    {"/livez", HM_URL_LIVE},
    {"/stats", HM_URL_STATS},
    {"/api/plant", HM_URL_PLANT},
    {"/api/system", HM_URL_SYSTEM},
    {"/api/inverters", HM_URL_INVERTERS},
    {"/api/ports", HM_URL_PORTS},
    {"/api/production/current", HM_URL_PRODUCTION},
};

static const char *const past[] = {
    [HM_HISTORY_DAYS] = "/api/days",
    [HM_HISTORY_MONTHS] = "/api/months",
    [HM_HISTORY_YEARS] = "/api/years",
    [HM_HISTORY_PANELS] = "/api/panels",
    [HM_HISTORY_CURVE] = "/api/curve",
    [HM_HISTORY_EVENTS] = "/api/events",
    [HM_HISTORY_GAPS] = "/api/gaps",
    [HM_HISTORY_RECORDS] = "/api/records",
    [HM_HISTORY_ORDERS] = "/api/orders",
};

/* The rest of a path after the serial number. */
static const struct {
	const char *path;
	enum hm_url_kind kind;
} parts[] = {
    {"", HM_URL_INVERTER},
    {"/history", HM_URL_HISTORY},
    {"/ports", HM_URL_INVERTER_PORTS},
};

static bool
parse_inverter(const char *path, struct hm_url *url)
{
	size_t n = 0;

	while (isalnum((unsigned char)path[n]))
		n++;
	if (n == 0 || n >= sizeof url->serial)
		return false;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcmp(path + n, parts[i].path) == 0) {
			url->kind = parts[i].kind;
			memcpy(url->serial, path, n);
			url->serial[n] = '\0';
			return true;
		}
	return false;
}

static bool
parse_past(const char *path, struct hm_url *url)
{
	for (size_t i = 0; i < sizeof past / sizeof *past; i++)
		if (strcmp(path, past[i]) == 0) {
			url->kind = HM_URL_PAST;
			url->past = (enum hm_history_kind)i;
			return true;
		}
	return false;
}

bool
hm_url_parse(const char *path, struct hm_url *url)
{
	*url = (struct hm_url){.kind = HM_URLS};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (strcmp(path, paths[i].path) == 0) {
			url->kind = paths[i].kind;
			return true;
		}
	if (strncmp(path, INVERTERS, strlen(INVERTERS)) == 0)
		return parse_inverter(path + strlen(INVERTERS), url);
	return parse_past(path, url);
}

bool
hm_url_limit(const char *text, int *limit)
{
	int64_t number;

	*limit = HM_URL_LIMIT_DEFAULT;
	if (text == NULL)
		return true;
	if (!hm_decimal_whole(hm_text(text), 1, HM_URL_LIMIT_MAX, &number))
		return false;
	*limit = (int)number;
	return true;
}
