#ifndef HM_API_PRIVATE_H
#define HM_API_PRIVATE_H

#include "api.h"
#include "base/buffer.h"
#include "live/live.h"
#include "live/live_view.h"
#include "out/history_query.h"
#include "url.h"

/*
 * Shared by api.c (answers), api_cache.c (answers that are cached), api_json.c
 * (JSON), api_past.c (the history) and api_refusal.c (errors).
 */

#define HM_API_JSON_MIN ((size_t)16 * 1024)
#define HM_API_ANSWER_MAX ((size_t)64 * 1024 * 1024)

#define HM_API_OK 200
#define HM_API_BAD_REQUEST 400
#define HM_API_FORBIDDEN 403
#define HM_API_NOT_FOUND 404
#define HM_API_FAILED 500
#define HM_API_UNAVAILABLE 503

/* An answer that is cached. */
struct hm_api_cached {
	struct hm_shared_bytes *bytes; /* NULL: none */
	struct hm_shared_bytes *zipped; /* the same; NULL: not yet asked for */
	unsigned status;
	uint64_t number;      /* of the live state from which it was built */
	int64_t built, took;  /* steady ms, ms */
};

/* Answers of the history that are cached, of different queries. */
#define HM_API_PAST ((size_t)16)

struct hm_api_past {
	char key[HM_HISTORY_KEY]; /* empty: none */
	struct hm_api_cached answer;
};

/*
 * One cached answer for each URL, and for OpenMetrics and the last event; the
 * page has one for each language.
 */
enum {
	HM_API_OPENMETRICS = HM_URLS,
	HM_API_EVENT,
	HM_API_CACHED,
};

struct hm_api {
	struct hm_api_options options;
	struct hm_live live; /* a copy */
	struct hm_view view; /* of the copy */
	int64_t copied;      /* steady ms */
	struct hm_api_cached cache[HM_API_CACHED];
	struct hm_api_cached *pages; /* of hm_page_texts */
	struct hm_api_past past[HM_API_PAST];
	struct hm_buffer out; /* the answer that is being built */
	size_t json_size;     /* bytes that were enough last time */
	struct hm_live_history history;
	bool host_logged; /* that a Host was refused */
};

/* A request and what is known of its answer. */
struct hm_api_query {
	struct hm_api *api;
	const struct hm_http_request *request;
	struct hm_url url;
	int limit;
	bool openmetrics;
	size_t page;   /* of hm_page_texts: the language of the client */
	bool bad_host; /* why the request is bad */
	struct hm_history_query past;  /* of HM_URL_PAST */
	char reason[HM_HISTORY_ERROR]; /* why it is bad; may be empty */
	unsigned status;
	struct hm_api_cached *kept; /* the place of its answer; NULL: none */
};

/*
 * Cache an answer, of which a build began at a steady time, in a place, which
 * holds the bytes and becomes the query's.
 */
void hm_api_cached_set(struct hm_api_cached *cached, struct hm_api_query *q,
    struct hm_shared_bytes *bytes, int64_t began);
void hm_api_cached_free(struct hm_api_cached *cached);

/*
 * Send a cached answer as gzip to a client that takes it. It is compressed
 * once. The answer stays as it is if it is small, not cached, or memory is
 * short.
 */
void hm_api_compress(struct hm_api_query *q, struct hm_http_answer *answer);

/*
 * Append the JSON of a kind of URL to api->out. False if that fails; the status
 * of the answer is then q->status, or HM_API_FAILED if that is HM_API_OK.
 */
bool hm_api_json(struct hm_api_query *q, enum hm_url_kind kind);

/* JSON that says why a request has failed. NULL if there is no memory. */
struct hm_shared_bytes *hm_api_refusal(const struct hm_api_query *q);

/*
 * Answers of the history: api_past.c. The cached answer to a query, or NULL;
 * building it as hm_api_json; keeping it in the cache, which holds the bytes;
 * emptying the cache.
 */
struct hm_shared_bytes *hm_api_past_find(struct hm_api_query *q);
bool hm_api_past_build(struct hm_api_query *q);
void hm_api_past_keep(struct hm_api_query *q, struct hm_shared_bytes *bytes,
    int64_t began);
void hm_api_past_free(struct hm_api *api);

#endif
