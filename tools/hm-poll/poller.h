#ifndef HM_POLLER_H
#define HM_POLLER_H

#include "dialog.h"
#include "paced_queue.h"
#include "peer.h"
#include "resolve.h"

/*
 * Polls one DTU on request: look up, connect, run the dialog, close. Each poll
 * has its own connection, so that the vendor's app and cloud can connect in
 * between; but where the dialog keeps it, it stays open after a good poll.
 */

struct hm_poller;

struct hm_poll_result {
	enum hm_poll_error error; /* HM_ERR_NONE: the poll succeeded */
	const char *text;    /* one line about the error; borrowed */
	int64_t took_ms;
	bool not_made; /* the system had no socket: the DTU has not failed */
};

struct hm_poller_options {
	struct ev_loop *loop;
	struct hm_resolver *resolver;
	/* Where a DTU waits for its next turn that sends what is no reply. */
	struct hm_paced_queue *floods;
	struct hm_dialog_options dialog;
	int64_t connect_timeout_ms, read_timeout_ms;
	/*
	 * Called once at the end of each started poll. The dialog holds the
	 * replies during the call.
	 */
	void (*done)(void *context, struct hm_poller *poller,
	    const struct hm_poll_result *result);
	/*
	 * Called right before an order is sent. False: it must not be, and the
	 * connection ends with HM_ERR_NONE.
	 */
	bool (*sends)(void *context, struct hm_poller *poller);
	/* Called when a reply about an order has come. */
	void (*heard)(void *context, struct hm_poller *poller);
};

/* NULL if there is no memory. The arguments are borrowed for its life. */
struct hm_poller *hm_poller_new(const struct hm_dtu *dtu,
    const struct hm_poller_options *options, void *context);

/* Aborts a current poll, without a call of `done`. */
void hm_poller_free(struct hm_poller *p);

/*
 * Another process sent the DTU a request `ms` ago: the gap before the next
 * request starts there.
 */
void hm_poller_asked_before(struct hm_poller *p, int64_t ms);

/* Start a poll. False, without effect, if one is under way. */
bool hm_poller_start(struct hm_poller *p);

/* Close the connection, if there is one. `done` is not called. */
void hm_poller_cut(struct hm_poller *p);

/* Whether there is a connection, of a poll or kept after it. */
bool hm_poller_is_connected(const struct hm_poller *p);

const struct hm_dtu *hm_poller_dtu(const struct hm_poller *p);
struct hm_dialog *hm_poller_dialog(const struct hm_poller *p);

/* What answered in the last poll, by the first bytes that it sent. */
enum hm_peer hm_poller_peer(const struct hm_poller *p);

#endif
