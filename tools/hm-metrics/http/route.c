#include "route.h"

#include <ctype.h>

#include "base/dec.h"

#define INVERTERS "/api/inverters/"

static const struct {
	const char *path;
	enum hm_route_kind kind;
} routes[] = {
    {"/", HM_ROUTE_PAGE},
    {"/events", HM_ROUTE_EVENTS},
    {"/metrics", HM_ROUTE_METRICS},
    {"/health", HM_ROUTE_HEALTH},
    {"/ready", HM_ROUTE_READY},
    {"/livez", HM_ROUTE_LIVE},
    {"/stats", HM_ROUTE_STATS},
    {"/api/plant", HM_ROUTE_PLANT},
    {"/api/inverters", HM_ROUTE_INVERTERS},
    {"/api/ports", HM_ROUTE_PORTS},
    {"/api/production/current", HM_ROUTE_PRODUCTION},
};

/* What follows the serial number. */
static const struct {
	const char *path;
	enum hm_route_kind kind;
} parts[] = {
    {"", HM_ROUTE_INVERTER},
    {"/history", HM_ROUTE_HISTORY},
    {"/ports", HM_ROUTE_INVERTER_PORTS},
};

static bool
parse_inverter(const char *path, struct hm_route *route)
{
	size_t n = 0;

	while (isalnum((unsigned char)path[n]))
		n++;
	if (n == 0 || n >= sizeof route->serial)
		return false;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcmp(path + n, parts[i].path) == 0) {
			route->kind = parts[i].kind;
			memcpy(route->serial, path, n);
			route->serial[n] = '\0';
			return true;
		}
	return false;
}

bool
hm_route_parse(const char *path, struct hm_route *route)
{
	*route = (struct hm_route){.kind = HM_ROUTES};
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		if (strcmp(path, routes[i].path) == 0) {
			route->kind = routes[i].kind;
			return true;
		}
	return strncmp(path, INVERTERS, strlen(INVERTERS)) == 0 &&
	    parse_inverter(path + strlen(INVERTERS), route);
}

bool
hm_route_limit(const char *text, int *limit)
{
	struct hm_dec dec;
	int64_t number;

	*limit = HM_LIMIT_DEFAULT;
	if (text == NULL)
		return true;
	if (!hm_dec_parse(hm_text(text), &dec) ||
	    !hm_dec_rescale(dec, 0, &number) || number < 1 ||
	    number > HM_LIMIT_MAX)
		return false;
	*limit = (int)number;
	return true;
}
