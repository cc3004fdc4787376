#ifndef HM_POLL_SETTINGS_H
#define HM_POLL_SETTINGS_H

#include "config/config.h"
#include "config/dtu_list.h"
#include "config/quiet_hours.h"
#include "fleet.h"

/*
 * Set the members of `options` that settings decide. `night` is where the quiet
 * time is kept; both are borrowed for the fleet's life.
 */
void hm_poll_settings(const struct hm_config *config,
    struct hm_fleet_options *options, struct hm_quiet_hours *night);

/* Warn of a period that is too short for some of the DTUs. */
void hm_poll_settings_warn(const struct hm_dtus *dtus,
    const struct hm_config *config);

#endif
