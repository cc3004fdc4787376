#ifndef HM_TOP_EVENTS_H
#define HM_TOP_EVENTS_H

#include <netdb.h>
#include <stdint.h>

#include "events_url.h"
#include "sse.h"

/*
 * The connection to the /events of a running hm-metrics. It is made again, for
 * ever, with a pause that grows from 1 s to 10 s. Nothing here waits but
 * hm_events_open, which looks up the host.
 */
struct hm_events {
	struct hm_events_url url;
	struct addrinfo *addresses, *next; /* to try next */
	int fd;                            /* -1: not connected */
	bool connecting;
	size_t asked; /* bytes of the request that are sent */
	char request[1024];
	int64_t retry_at, pause; /* ms on the monotonic clock */
	struct hm_sse sse;
	char error[512]; /* why there is no connection; empty: there is */
};

/* All zero before. False, logged, if there is no such host. */
bool hm_events_open(struct hm_events *e);
void hm_events_close(struct hm_events *e);

/*
 * What to poll for: e->fd with *events. Connects if it is time. Returns the ms
 * to wait at most, or -1.
 */
int hm_events_prepare(struct hm_events *e, int64_t now, short *events);

/*
 * After that poll: connect, send the request, and read. `take` gets each event.
 * False if there is no connection.
 */
bool hm_events_ready(struct hm_events *e, int64_t now,
    void (*take)(void *context, struct hm_slice event), void *context);

#endif
