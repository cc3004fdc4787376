#ifndef HM_SIM_OPTIONS_H
#define HM_SIM_OPTIONS_H

#include "config/config.h"
#include "sim_server.h"

#define HM_SIM_TOPIC_MAX 200 /* bytes of --meter-topic */

/*
 * Read the settings. False, logged, if they do not agree with each other. The
 * file of --household and what the server calls are the caller's.
 */
bool hm_sim_options_read(const struct hm_config *config,
    struct hm_sim_options *options);

#endif
