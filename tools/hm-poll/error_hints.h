#ifndef HM_ERROR_HINTS_H
#define HM_ERROR_HINTS_H

#include "record/poll_errors.h"
#include "wire/dtu_uri.h"

/*
 * What people in the field have found behind an error: what to look at or to
 * do, one clause without a full stop. NULL where nothing is known.
 */
const char *hm_error_hint(enum hm_transport transport,
    enum hm_poll_error error);

#endif
