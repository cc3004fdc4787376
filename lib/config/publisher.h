#ifndef HM_PUBLISHER_H
#define HM_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * The client id of hm-publish where mqtt_client_id is unset. It names the
 * machine and the chain, so that two chains at one broker neither take over
 * each other's session nor have the same topic for their availability, and so
 * that hm-ha-discovery, which announces that topic, finds the same id.
 */

#define HM_PUBLISHER_SIZE (sizeof "hoymiles-mqtt-01234567")
#define HM_PUBLISHER_MACHINE_SIZE ((size_t)256)

/*
 * hoymiles-mqtt- and 8 digits in hex: a hash of the machine's name and of the
 * absolute path of the database, or of the directory where the chain was
 * started. It has 22 bytes: every broker takes 23 (MQTT 3.1.1, 3.1.3.1).
 */
void hm_publisher_id(struct hm_slice machine, struct hm_slice path,
    char out[HM_PUBLISHER_SIZE]);

/*
 * What names this machine: the first word of a file, which is /etc/machine-id,
 * or the name of the host if there is no such file, or no id in it: it is
 * empty, or "uninitialized" (machine-id(5)). Show nobody the id itself.
 */
#define HM_PUBLISHER_MACHINE_ID "/etc/machine-id"
void hm_publisher_machine(const char *file,
    char out[HM_PUBLISHER_MACHINE_SIZE]);

/*
 * The absolute path, without "//", "." and "..", of a path in the working
 * directory, or of that directory itself if `path` is NULL. Links are not
 * followed: the file need not exist yet. Freed by the caller; NULL if there is
 * no memory.
 */
char *hm_publisher_path(const char *path);

#endif
