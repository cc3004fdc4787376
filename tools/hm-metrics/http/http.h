#ifndef HM_HTTP_H
#define HM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "argument.h"
#include "shared_bytes.h"

/*
 * An HTTP server in a thread of its own, by libmicrohttpd: GET and HEAD of
 * answers in memory. Slow clients cannot exhaust it: connections have
 * deadlines, and when nearly all are in use, an idle or slow one is evicted.
 */

struct hm_http;

/* For the statistics; they may be read at any time. */
struct hm_http_counts {
	uint64_t requests;
	uint64_t connections; /* open now */
	uint64_t evicted;     /* closed: too slow, or to make room */
	uint64_t listeners;   /* to events, now */
};

#define HM_HTTP_ARGUMENTS ((size_t)16)

struct hm_http_request {
	const char *path;   /* percent signs decoded, without the query */
	const char *host;   /* header, the last of several; NULL: none */
	unsigned hosts;     /* number of headers Host */
	bool http_1_0;
	const char *accept; /* header; NULL: none */
	const char *encodings; /* header Accept-Encoding; NULL: none */
	const char *languages; /* header Accept-Language; NULL: none */
	const char *limit;  /* parameter `limit` of the query; NULL: none */
	struct hm_argument argument[HM_HTTP_ARGUMENTS]; /* of the query */
	size_t arguments;
	bool verbose;       /* whether the query has a parameter `verbose` */
	struct hm_http_counts counts;
};

struct hm_http_answer {
	unsigned status;
	const char *type;     /* of the content */
	const char *policy;   /* Content-Security-Policy; NULL: none */
	const char *language; /* of the body, by the request; NULL: any */
	struct hm_shared_bytes *bytes; /* the body; the server releases it */
	bool gzip;            /* the body is compressed */
	bool events;          /* send the stream of events, no body */
};

/*
 * From news to their event, in ms: the records of a poll come one after the
 * other, and shall be shown together.
 */
#define HM_HTTP_SETTLE_MS 20

struct hm_http_options {
	const char *host; /* address or name */
	uint16_t port;
	void *context;
	/* This and `event` are called in the server's thread. */
	void (*answer)(void *context, const struct hm_http_request *request,
	    struct hm_http_answer *answer);
	/*
	 * Returns an event with a hold for the caller, or NULL if there is no
	 * new one. Called at most once a second while there are listeners:
	 * HM_HTTP_SETTLE_MS after news or later, and now and then without.
	 */
	struct hm_shared_bytes *(*event)(void *context);
};

/*
 * Listen and serve. Signals must be blocked: the thread inherits the mask.
 * NULL, logged, if it cannot listen or there is no memory. `options` is copied.
 * Freed by hm_http_free, which ends the thread.
 */
struct hm_http *hm_http_new(const struct hm_http_options *options);
void hm_http_free(struct hm_http *http);

/*
 * There may be a new event: listeners get it soon, but at most one a second.
 * For other threads; it costs little if nobody listens.
 */
void hm_http_news(struct hm_http *http);

struct hm_http_counts hm_http_counts(struct hm_http *http);

#endif
