#ifndef HM_HTTP_PRIVATE_H
#define HM_HTTP_PRIVATE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "http.h"
#include "shared_bytes.h"

/*
 * Shared by http.c (the thread), http_clients.c (connections and their
 * deadlines), http_requests.c (answers) and http_events.c (the stream of
 * events). Only the thread uses it, except the counts.
 */

#define HM_HTTP_IDLE_MS 120000 /* between two requests */

enum hm_http_phase {
	HM_HTTP_WAITING, /* no request has come yet */
	HM_HTTP_ANSWERING,
	HM_HTTP_IDLE, /* answered; the connection is kept alive */
	HM_HTTP_LISTENING, /* to events */
};

/* The other end of a connection. */
struct hm_http_client {
	struct hm_http *http;
	LIST_ENTRY(hm_http_client) link;
	int fd;
	enum hm_http_phase phase;
	int64_t since; /* when the phase began */
	size_t bytes;  /* of the answer that is being sent */
	bool evicted;  /* shut down; MHD has not closed it yet */
};

/* A client that gets events. */
struct hm_http_listener {
	struct hm_http *http;
	LIST_ENTRY(hm_http_listener) link;
	struct MHD_Connection *connection;
	int fd;
	bool gone; /* the client has closed the connection */
	struct hm_shared_bytes *event; /* being sent; NULL: none */
	size_t sent;
	uint64_t number; /* of that event */
	bool suspended;  /* waits for the next event */
};

struct hm_http {
	struct hm_http_options options;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int socket, wake;
	unsigned room; /* for connections */
	LIST_HEAD(hm_http_clients, hm_http_client) clients;
	size_t count;   /* of clients */
	size_t sending; /* bytes of all answers that are being sent */
	LIST_HEAD(hm_http_listeners, hm_http_listener) listeners;
	size_t listening;
	struct hm_shared_bytes *event; /* the newest; NULL: none yet */
	uint64_t number;               /* of the newest */
	int64_t event_made; /* steady ms: when the newest was; 0: never */
	int64_t event_due;  /* steady ms; INT64_MAX: there are no news */
	bool stopping;
	int64_t next_tick;
	/*
	 * For other threads, too: what wakes this one, and the counts. No
	 * 64-bit atomics: ARMv6 has none.
	 */
	pthread_mutex_t lock;
	bool stop;
	bool curious; /* about news: there are listeners */
	struct hm_http_counts counts;
};

/* http.c */

/* Set one of the counts. */
void hm_http_count(struct hm_http *http, uint64_t *count, uint64_t value);

/* http_clients.c */

/* NULL if there was no memory for it. */
struct hm_http_client *hm_http_client_of(struct MHD_Connection *connection);
void hm_http_client_enter(struct hm_http_client *client,
    enum hm_http_phase phase);
void hm_http_client_set_bytes(struct hm_http_client *client, size_t bytes);
void hm_http_clients_evict_late(struct hm_http *http);
/* Evict clients that do not read their answers, when these fill the memory. */
void hm_http_clients_bound_sending(struct hm_http *http);
void hm_http_on_connection(void *context, struct MHD_Connection *connection,
    void **client, enum MHD_ConnectionNotificationCode code);

/* http_events.c */

/* NULL if there are too many listeners, or there is no memory. */
struct MHD_Response *hm_http_events_add(struct hm_http *http,
    struct MHD_Connection *connection);
/* Send a new event to all listeners, if there is one and it is time. */
void hm_http_events_update(struct hm_http *http);
/* Plan an event, because there are news. */
void hm_http_events_plan(struct hm_http *http);
/* Resume the listeners that wait for an event. */
void hm_http_events_resume(struct hm_http *http);
/* End the listeners whose client has closed the connection. */
void hm_http_events_end_gone(struct hm_http *http);

/* http_requests.c: called by MHD */
enum MHD_Result hm_http_on_request(void *context,
    struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_size,
    void **state);
void hm_http_on_completed(void *context, struct MHD_Connection *connection,
    void **state, enum MHD_RequestTerminationCode code);

#endif
