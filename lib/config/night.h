#ifndef HM_NIGHT_H
#define HM_NIGHT_H

#include "config.h"
#include "quiet.h"

/* The setting `night`, of tools that have it. */

/* False, and reported, if it is wrong. */
bool hm_night_check(const struct hm_config *config);

/* Read it into `quiet`, and answer that; NULL if it is not set. */
const struct hm_quiet *hm_night_read(const struct hm_config *config,
    struct hm_quiet *quiet);

#endif
