#ifndef HM_TOP_SSE_H
#define HM_TOP_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

/*
 * Reads the answer to GET /events: the head of an HTTP/1.0 response, then
 * server-sent events (HTML Living Standard, 9.2.6), of which only `data` is
 * used. The bytes are foreign: lines, head and events are bounded.
 */

#define HM_SSE_EVENT_MAX ((size_t)256 * 1024) /* as of a record */

enum hm_sse_result {
	HM_SSE_MORE,  /* all bytes are read */
	HM_SSE_EVENT, /* there is an event; call again with the rest */
	HM_SSE_BAD,   /* `error` says why; nothing more is read */
};

/* All zero: before the first byte. */
struct hm_sse {
	enum { HM_SSE_STATUS, HM_SSE_HEAD, HM_SSE_BODY } state;
	size_t head; /* bytes of the head so far */
	bool is_events; /* the head promises server-sent events */
	struct hm_buffer line, data;
	char error[96];
};

/*
 * Read bytes; *bytes is advanced. With HM_SSE_EVENT, *event is valid until the
 * next call.
 */
enum hm_sse_result hm_sse_take(struct hm_sse *s, struct hm_slice *bytes,
    struct hm_slice *event);

/* Be ready for the next response. */
void hm_sse_reset(struct hm_sse *s);
void hm_sse_free(struct hm_sse *s);

#endif
