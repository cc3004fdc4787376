#ifndef HM_POLLER_H
#define HM_POLLER_H

#include "dialog.h"
#include "resolve.h"

/*
 * Polls one DTU on request: look up, connect, run the dialog, close. One
 * connection at a time, a fresh one for each poll, so that the vendor's app and
 * cloud can connect in between.
 */

struct hm_poller;

struct hm_poll_result {
	enum hm_poll_error error; /* HM_ERR_NONE: the poll succeeded */
	const char *text;    /* why, one line; borrowed during the call */
	int64_t took_ms;
	bool not_made; /* the system had no socket: the DTU has not failed */
};

struct hm_poller_options {
	struct ev_loop *loop;
	struct hm_resolver *resolver;
	struct hm_dialog_options dialog;
	int64_t connect_timeout_ms, read_timeout_ms;
	/*
	 * Called once for each poll that was started. The dialog holds the
	 * replies during the call.
	 */
	void (*done)(void *context, struct hm_poller *poller,
	    const struct hm_poll_result *result);
};

/* NULL if there is no memory. The arguments are borrowed for its life. */
struct hm_poller *hm_poller_new(const struct hm_dtu *dtu,
    const struct hm_poller_options *options, void *context);

/* Ends a poll that is under way without a call of `done`. */
void hm_poller_free(struct hm_poller *p);

/*
 * Another process sent the DTU a request `ms` ago: the gap between two requests
 * counts from there.
 */
void hm_poller_asked_before(struct hm_poller *p, int64_t ms);

/* False, and nothing happens, if a poll is under way. */
bool hm_poller_start(struct hm_poller *p);

const struct hm_dtu *hm_poller_dtu(const struct hm_poller *p);
const struct hm_dialog *hm_poller_dialog(const struct hm_poller *p);

#endif
