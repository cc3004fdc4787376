#ifndef HM_HINTS_H
#define HM_HINTS_H

#include "config/dtu.h"
#include "record/errors.h"

/*
 * What people in the field have found behind an error: what to look at or to
 * do, one clause without a full stop. NULL where nothing is known.
 */
const char *hm_hint(enum hm_transport transport, enum hm_error error);

#endif
