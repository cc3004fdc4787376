#ifndef HM_ERROR_HINTS_H
#define HM_ERROR_HINTS_H

#include "record/poll_errors.h"
#include "wire/dtu_uri.h"

/*
 * What owners have found to be the cause of an error: what to check or to do,
 * one clause without a full stop. NULL if nothing is known.
 */
const char *hm_error_hint(enum hm_transport transport,
    enum hm_poll_error error);

#endif
