#ifndef HM_CONNECTOR_H
#define HM_CONNECTOR_H

#include "record/poll_errors.h"
#include "resolve.h"

/*
 * Looks up a host and connects to its addresses, at most 16, one after the
 * other, until one of them accepts.
 */

struct hm_connector;

struct hm_connect_result {
	int fd; /* the caller's, non-blocking; -1: no connection */
	enum hm_poll_error error; /* if there is no connection */
	const char *text; /* one line about the error; borrowed */
	bool no_descriptor; /* the system had no socket: nothing was tried */
};

struct hm_connector_options {
	struct ev_loop *loop;
	struct hm_resolver *resolver;
	int64_t timeout_ms;
	/* Called once for each start, perhaps before that returns. */
	void (*done)(void *context, const struct hm_connect_result *result);
};

/* NULL if there is no memory. `options` is copied. */
struct hm_connector *hm_connector_new(
    const struct hm_connector_options *options, void *context);

/* Cancels, too. */
void hm_connector_free(struct hm_connector *c);

/* Begin, if no attempt is under way. `host` is borrowed until the end. */
void hm_connector_start(struct hm_connector *c, const char *host,
    uint16_t port);

/* Without a call of `done`. */
void hm_connector_cancel(struct hm_connector *c);

#endif
