#ifndef HM_BROKER_WARNINGS_H
#define HM_BROKER_WARNINGS_H

#include "broker_settings.h"
#include "config/config.h"

/*
 * Warn, once at the start, of a password that goes over the network in plain
 * text, and of files with a secret that all users of the machine can read.
 */
void hm_broker_warn(const struct hm_broker *broker,
    const struct hm_config *config);

/*
 * Whether a host, as it stands in the settings, is this machine: localhost, a
 * loopback address, or the machine's own name.
 */
bool hm_broker_is_here(const char *host);

#endif
