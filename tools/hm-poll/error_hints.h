#ifndef HM_ERROR_HINTS_H
#define HM_ERROR_HINTS_H

#include <stdbool.h>

#include "peer.h"
#include "record/poll_errors.h"
#include "wire/dtu_uri.h"

/* Whether the port of the other protocol accepts connections. */
enum hm_other_port {
	HM_OTHER_PORT_UNKNOWN,
	HM_OTHER_PORT_OPEN,
	HM_OTHER_PORT_CLOSED, /* refused */
};

/* What is known of a failed poll. */
struct hm_failure {
	const struct hm_dtu *dtu; /* borrowed */
	enum hm_poll_error error;
	enum hm_peer peer;
	enum hm_other_port other_port;
	bool reached; /* an earlier poll of this run was good */
};

#define HM_HINT_MAX 700 /* a host has up to 253 bytes, and may be there twice */

/*
 * Write a hint what to check or do about a failure, from the experience of
 * owners: clauses without a full stop. Returns `out`, or NULL if there is no
 * hint.
 */
const char *hm_error_hint(const struct hm_failure *failure,
    char out[HM_HINT_MAX]);

/*
 * Whether the failure may come from a wrong scheme: the DTU may speak the other
 * protocol only.
 */
bool hm_error_may_be_scheme(const struct hm_failure *failure);

#endif
