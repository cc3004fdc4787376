#ifndef HM_API_H
#define HM_API_H

#include "config/device_names.h"
#include "http.h"
#include "live/live_history.h"
#include "live/live_shared.h"
#include "live/plant_facts.h"
#include "out/metrics.h"

/*
 * The answers to HTTP requests. They are built from a copy of the live state,
 * and cached, so that many requests cost no more than a few.
 */

struct hm_api;

struct hm_api_options {
	struct hm_live_shared *shared;
	const char *database; /* of hm-store; NULL: no history */
	const char *hosts;    /* names to answer to, a list; NULL: none more */
	const struct hm_device_names *names; /* borrowed */
	const struct hm_plant_facts *facts;  /* borrowed */
	const struct hm_config *config;      /* borrowed */
	bool health;  /* the page, /health, /ready, /livez, /stats, /api */
	bool metrics; /* /metrics */
	bool legacy;  /* metrics under the names of hoymiles-mqtt 0.12, too */
};

/* NULL, logged, if there is no memory. `options` is copied. */
struct hm_api *hm_api_new(const struct hm_api_options *options);
void hm_api_free(struct hm_api *api);

/* For hm_http_options; `context` is the struct hm_api. */
void hm_api_answer(void *context, const struct hm_http_request *request,
    struct hm_http_answer *answer);
struct hm_shared_bytes *hm_api_event(void *context);

#endif
