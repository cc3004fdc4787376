#ifndef HM_STATUS_H
#define HM_STATUS_H

#include <stdbool.h>

#include "record.h"

/*
 * Whether the DTU of a status record is online, in *online. NULL, or why the
 * record does not say it.
 */
const char *hm_status_online(const struct hm_record *record, bool *online);

#endif
