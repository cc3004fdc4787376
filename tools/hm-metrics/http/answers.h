#ifndef HM_ANSWERS_H
#define HM_ANSWERS_H

#include "http.h"
#include "out/metrics.h"
#include "live/plant_history.h"
#include "live/shared_plant.h"

/*
 * What is answered to whom. Answers are made from a copy of the plant and
 * kept for a moment, so that many questions cost no more than a few.
 */

struct hm_answers;

struct hm_answers_options {
	struct hm_shared_plant *shared;
	const char *database; /* of hm-store; NULL: there is none */
	bool health;  /* the page, /health, /ready, /livez, /stats, /api */
	bool metrics; /* /metrics */
	bool legacy;  /* metrics under the names of old, too */
};

/* NULL, logged, if there is no memory. `options` is copied. */
struct hm_answers *hm_answers_new(const struct hm_answers_options *options);
void hm_answers_free(struct hm_answers *answers);

/* For hm_http_options; `context` is the struct hm_answers. */
void hm_answers_answer(void *context, const struct hm_http_request *request,
    struct hm_http_answer *answer);
struct hm_body *hm_answers_event(void *context);

#endif
