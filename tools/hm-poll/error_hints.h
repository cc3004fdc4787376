#ifndef HM_ERROR_HINTS_H
#define HM_ERROR_HINTS_H

#include "record/poll_errors.h"
#include "wire/dtu_uri.h"

/*
 * A hint what to check or do about an error, from the experience of owners: one
 * clause without a full stop. NULL if there is no hint.
 */
const char *hm_error_hint(enum hm_transport transport,
    enum hm_poll_error error);

#endif
