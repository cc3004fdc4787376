#ifndef HM_POLLER_PRIVATE_H
#define HM_POLLER_PRIVATE_H

#include <ev.h>

#include "connector.h"
#include "dialog.h"
#include "poller.h"

/*
 * Shared by poller.c, which has the dialog's requests and replies, and
 * poller_connection.c, which has its connections.
 */

enum hm_poller_state {
	HM_POLLER_IDLE,
	HM_POLLER_CONNECTING,
	HM_POLLER_RESTING, /* the gap between two requests, without a
	                      connection */
	HM_POLLER_PAUSING, /* the same with one */
	HM_POLLER_READING,
};

struct hm_poller {
	const struct hm_dtu *dtu;
	const struct hm_poller_options *options;
	void *context;
	struct hm_dialog *dialog;
	enum hm_poller_state state;
	struct hm_connector *connector;
	int fd; /* -1 while there is no connection */
	ev_io io;
	struct hm_paced_work flood; /* the rest of what is no reply */
	ev_timer timer;
	int64_t started, last_request; /* monotonic ms */
	bool failed; /* the last attempt, at `failed_at` */
	int64_t failed_at; /* monotonic ms */
	bool requested_before;
	bool succeeds_other; /* another process sent the last request */
	bool resumes; /* the connection is not the first of the poll */
	bool reuses;  /* it is that of the last poll, and has not answered */
	size_t sent; /* bytes of the request */
	struct hm_peer_first first; /* bytes of this connection */
};

/* poller.c */

/* Do what the dialog wants next. */
void hm_poller_take_turn(struct hm_poller *p, enum hm_turn turn);

/* The end of the attempt; or of one that the system has no socket for. */
void hm_poller_finish(struct hm_poller *p, enum hm_poll_error error,
    const char *text);
void hm_poller_finish_not_made(struct hm_poller *p, const char *text);

/* What is left of the gap between two requests, in ms. */
int64_t hm_poller_rest_of_gap(const struct hm_poller *p);

void hm_poller_set_timer(struct hm_poller *p, int64_t ms);

/* poller_connection.c */

/* NULL if there is no memory. */
struct hm_connector *hm_poller_connector(struct hm_poller *p);

void hm_poller_connect(struct hm_poller *p);

/*
 * The same, after the gap if no connection may be open in it, and after the
 * rest that the device needs if the last attempt failed.
 */
void hm_poller_connect_after_rest(struct hm_poller *p);

/* Go on with the request in hand on another connection. */
void hm_poller_reconnect(struct hm_poller *p);

/* Close the socket, if there is one. */
void hm_poller_close(struct hm_poller *p);

/*
 * Whether the connection of the last poll is still open. What came on it since
 * then is the reply to no request.
 */
bool hm_poller_reuses(struct hm_poller *p);

/* Begin the dialog of a poll on the connection. */
void hm_poller_begin(struct hm_poller *p);

#endif
