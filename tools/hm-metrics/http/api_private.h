#ifndef HM_API_PRIVATE_H
#define HM_API_PRIVATE_H

#include "api.h"
#include "base/buffer.h"
#include "live/live.h"
#include "live/live_view.h"
#include "page.h"
#include "url.h"

/* What api.c, which answers and caches, shares with api_json.c. */

#define HM_API_JSON_MIN ((size_t)16 * 1024)
#define HM_API_ANSWER_MAX ((size_t)64 * 1024 * 1024)

#define HM_API_OK 200
#define HM_API_BAD_REQUEST 400
#define HM_API_NOT_FOUND 404
#define HM_API_FAILED 500
#define HM_API_UNAVAILABLE 503

/* An answer that is cached. */
struct hm_api_cached {
	struct hm_shared_bytes *bytes; /* NULL: none */
	unsigned status;
	uint64_t number;      /* of the live view when it was built */
	int64_t built, took;  /* steady ms, ms */
};

/* One cached answer for each URL, and for two that are of no URL alone. */
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
	struct hm_buffer out; /* the answer that is being built */
	size_t json_size;     /* that was enough last time */
	struct hm_live_history history;
	char policy[HM_PAGE_POLICY];
};

/* One request while it is answered. */
struct hm_api_query {
	struct hm_api *api;
	const struct hm_http_request *request;
	struct hm_url url;
	int limit;
	bool openmetrics;
	unsigned status;
};

/*
 * Append the JSON of a kind of URL to api->out. False, with q->status if the
 * answer is to say why, if that fails.
 */
bool hm_api_json(struct hm_api_query *q, enum hm_url_kind kind);

#endif
