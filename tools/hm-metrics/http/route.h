#ifndef HM_ROUTE_H
#define HM_ROUTE_H

#include <stdbool.h>

#include "live/plant.h"

/* What a request asks for. Nothing here or after it opens a file by a path. */

enum hm_route_kind {
	HM_ROUTE_PAGE,       /* / */
	HM_ROUTE_EVENTS,     /* /events */
	HM_ROUTE_METRICS,    /* /metrics */
	HM_ROUTE_HEALTH,     /* /health */
	HM_ROUTE_READY,      /* /ready */
	HM_ROUTE_LIVE,       /* /livez */
	HM_ROUTE_STATS,      /* /stats */
	HM_ROUTE_PLANT,      /* /api/plant */
	HM_ROUTE_INVERTERS,  /* /api/inverters */
	HM_ROUTE_INVERTER,   /* /api/inverters/SERIAL */
	HM_ROUTE_HISTORY,    /* /api/inverters/SERIAL/history */
	HM_ROUTE_INVERTER_PORTS, /* /api/inverters/SERIAL/ports */
	HM_ROUTE_PORTS,      /* /api/ports */
	HM_ROUTE_PRODUCTION, /* /api/production/current */
	HM_ROUTES,
};

#define HM_LIMIT_DEFAULT 100
#define HM_LIMIT_MAX 1000

struct hm_route {
	enum hm_route_kind kind;
	char serial[HM_PLANT_SERIAL]; /* letters and digits */
};

/* Of a path without its query. False if there is nothing there. */
bool hm_route_parse(const char *path, struct hm_route *route);

/* Of the parameter `limit`, NULL if it is not given: 1 .. HM_LIMIT_MAX. */
bool hm_route_limit(const char *text, int *limit);

#endif
