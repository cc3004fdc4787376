#include "api_private.h"
#include "base/clock.h"
#include "gzip.h"
#include "shared_bytes.h"

/* Smaller answers fit into a packet as they are. */
#define ZIPPED_MIN ((size_t)1024)

void
hm_api_cached_free(struct hm_api_cached *cached)
{
	hm_shared_bytes_release(cached->bytes);
	hm_shared_bytes_release(cached->zipped);
	*cached = (struct hm_api_cached){0};
}

void
hm_api_cached_set(struct hm_api_cached *cached, struct hm_api_query *q,
    struct hm_shared_bytes *bytes, int64_t began)
{
	hm_api_cached_free(cached);
	*cached = (struct hm_api_cached){.bytes = hm_shared_bytes_hold(bytes),
	    .status = q->status, .number = q->api->live.number,
	    .built = began, .took = hm_monotonic_ms() - began};
	q->kept = cached;
}

void
hm_api_compress(struct hm_api_query *q, struct hm_http_answer *answer)
{
	struct hm_api_cached *kept = q->kept;
	int64_t began = hm_monotonic_ms();

	if (kept == NULL || answer->bytes != kept->bytes ||
	    kept->bytes->n < ZIPPED_MIN ||
	    !hm_gzip_is_accepted(q->request->encodings))
		return;
	if (kept->zipped == NULL) {
		kept->zipped = hm_gzip(kept->bytes);
		kept->took += hm_monotonic_ms() - began;
	}
	if (kept->zipped == NULL)
		return;
	hm_shared_bytes_release(answer->bytes);
	answer->bytes = hm_shared_bytes_hold(kept->zipped);
	answer->gzip = true;
}
