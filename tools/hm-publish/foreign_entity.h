#ifndef HM_FOREIGN_ENTITY_H
#define HM_FOREIGN_ENTITY_H

#include <stdbool.h>

#include "outbox.h"

/*
 * Whether a message is an announcement of hm-ha-discovery that does not list
 * `availability`, the topic where this hm-publish says that it is online: then
 * its entity stays unavailable. Both tools must find the same client id.
 */
bool hm_foreign_entity(const struct hm_message *message,
    const char *availability);

#endif
