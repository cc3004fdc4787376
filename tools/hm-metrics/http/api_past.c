#include <string.h>

#include "api_private.h"
#include "base/clock.h"
#include "live/live_history.h"
#include "out/history_answer.h"
#include "out/history_query.h"
#include "shared_bytes.h"

/*
 * The history changes when hm-store makes an hour, every five minutes. So an
 * answer is cached for 10 s, or for 20 times its build time: the history then
 * takes a twentieth of the thread's time for each query that is asked again and
 * again. A large answer is not cached, nor a query that failed at once; a query
 * that took too long is.
 */
#define CACHE_MS 10000
#define CACHE_TIMES 20
#define CACHE_BYTES ((size_t)1024 * 1024)
#define FAILED_MS 1000

static bool
is_current(const struct hm_api_past *past, int64_t now)
{
	int64_t age = now - past->answer.built;

	return past->answer.bytes != NULL && (age < CACHE_MS ||
	    age < CACHE_TIMES * past->answer.took);
}

struct hm_shared_bytes *
hm_api_past_find(struct hm_api_query *q)
{
	struct hm_api *a = q->api;
	int64_t now = hm_monotonic_ms();
	char key[HM_HISTORY_KEY];

	hm_history_query_key(&q->past, key);
	for (size_t i = 0; i < HM_API_PAST; i++)
		if (strcmp(a->past[i].key, key) == 0 &&
		    is_current(&a->past[i], now)) {
			q->status = a->past[i].answer.status;
			q->kept = &a->past[i].answer;
			return hm_shared_bytes_hold(a->past[i].answer.bytes);
		}
	return NULL;
}

bool
hm_api_past_build(struct hm_api_query *q)
{
	struct hm_api *a = q->api;

	if (hm_live_history_ready(&a->history) &&
	    hm_live_history_report(&a->history, hm_history_answer(&a->out,
	    &a->history.db, &q->past, a->options.facts->zone),
	    "cannot read the history"))
		return true;
	q->status = HM_API_UNAVAILABLE;
	return false;
}

/* The place of the same query, else an empty one, else the oldest answer's. */
static struct hm_api_past *
place_for(struct hm_api *a, const char *key)
{
	struct hm_api_past *oldest = &a->past[0];

	for (size_t i = 0; i < HM_API_PAST; i++) {
		if (strcmp(a->past[i].key, key) == 0)
			return &a->past[i];
		if (a->past[i].answer.built < oldest->answer.built)
			oldest = &a->past[i];
	}
	return oldest;
}

void
hm_api_past_keep(struct hm_api_query *q, struct hm_shared_bytes *bytes,
    int64_t began)
{
	struct hm_api_past *past;
	char key[HM_HISTORY_KEY];

	if (bytes->n > CACHE_BYTES || (q->status != HM_API_OK &&
	    hm_monotonic_ms() - began < FAILED_MS))
		return;
	hm_history_query_key(&q->past, key);
	past = place_for(q->api, key);
	hm_api_cached_set(&past->answer, q, bytes, began);
	memcpy(past->key, key, sizeof key);
}

void
hm_api_past_free(struct hm_api *api)
{
	for (size_t i = 0; i < HM_API_PAST; i++)
		hm_api_cached_free(&api->past[i].answer);
}
