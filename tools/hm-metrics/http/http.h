#ifndef HM_HTTP_H
#define HM_HTTP_H

#include <stdint.h>

#include "shared_bytes.h"

/*
 * An HTTP server in a thread of its own, by libmicrohttpd: GET and HEAD of
 * what is in memory. A client that is slow costs a connection for a time:
 * each has deadlines, and when there are many, the one that has waited the
 * longest without a request makes room for the next.
 */

struct hm_http;

/* For the statistics; they may be read at any time. */
struct hm_http_counts {
	uint64_t requests;
	uint64_t connections; /* open now */
	uint64_t evicted;     /* closed for being slow or to make room */
	uint64_t listeners;   /* to events, now */
};

struct hm_http_request {
	const char *path;   /* percent signs decoded, without the query */
	const char *accept; /* header; NULL: none */
	const char *limit;  /* parameter of the query; NULL: none */
	bool verbose;       /* that parameter is there */
	struct hm_http_counts counts;
};

struct hm_http_answer {
	unsigned status;
	const char *type;     /* of the content */
	const char *policy;   /* Content-Security-Policy; NULL: none */
	struct hm_shared_bytes *body; /* to be released by the server */
	bool events;          /* in place of the body: the stream of events */
};

struct hm_http_options {
	const char *host; /* address, or a name of one */
	uint16_t port;
	void *context;
	/* Called in the server's thread, as is all that follows. */
	void (*answer)(void *context, const struct hm_http_request *request,
	    struct hm_http_answer *answer);
	/*
	 * The newest event, whole as it is sent, held for the caller; NULL if
	 * the last one is the newest. Called once a second while anybody
	 * listens.
	 */
	struct hm_shared_bytes *(*event)(void *context);
};

/*
 * Listen and begin to serve. Signals must be blocked: the thread inherits it.
 * NULL, logged, if the address cannot be had or there is no memory. `options`
 * is copied. Freed by hm_http_free, which ends the thread.
 */
struct hm_http *hm_http_new(const struct hm_http_options *options);
void hm_http_free(struct hm_http *http);

struct hm_http_counts hm_http_counts(const struct hm_http *http);

#endif
