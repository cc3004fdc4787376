#ifndef HM_URL_H
#define HM_URL_H

#include <stdbool.h>

#include "live/live.h"
#include "out/history_query.h"

/* The URLs that hm-metrics serves. No path is ever opened as a file. */

enum hm_url_kind {
	HM_URL_PAGE,       /* / */
	HM_URL_EVENTS,     /* /events */
	HM_URL_METRICS,    /* /metrics */
	HM_URL_HEALTH,     /* /health */
	HM_URL_READY,      /* /ready */
	HM_URL_LIVE,       /* /livez */
	HM_URL_STATS,      /* /stats */
	HM_URL_PLANT,      /* /api/plant */
	HM_URL_SYSTEM,     /* /api/system */
	HM_URL_INVERTERS,  /* /api/inverters */
	HM_URL_INVERTER,   /* /api/inverters/SERIAL */
	HM_URL_HISTORY,    /* /api/inverters/SERIAL/history */
	HM_URL_INVERTER_PORTS, /* /api/inverters/SERIAL/ports */
	HM_URL_PORTS,      /* /api/ports */
	HM_URL_PRODUCTION, /* /api/production/current */
	HM_URL_PAST,       /* /api/days and others: enum hm_history_kind */
	HM_URLS,
};

#define HM_URL_LIMIT_DEFAULT 100
#define HM_URL_LIMIT_MAX 1000

struct hm_url {
	enum hm_url_kind kind;
	char serial[HM_LIVE_SERIAL]; /* letters and digits */
	enum hm_history_kind past;   /* of HM_URL_PAST */
};

/* Parse a path without its query. False if there is no such URL. */
bool hm_url_parse(const char *path, struct hm_url *url);

/*
 * Parse the parameter `limit`, NULL if it is not given. False if it is not
 * 1 .. HM_URL_LIMIT_MAX.
 */
bool hm_url_limit(const char *text, int *limit);

#endif
