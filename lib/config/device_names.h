#ifndef HM_DEVICE_NAMES_H
#define HM_DEVICE_NAMES_H

#include "config.h"

/*
 * Texts that a setting gives to devices: a mapping whose keys are the name of a
 * DTU, SERIAL or SERIAL/PORT. A serial number matches in any case.
 */

#define HM_DEVICE_NAME_MAX ((size_t)120) /* bytes of a text */

/* All zero: no texts. The texts are borrowed from the settings. */
struct hm_device_names {
	const struct hm_pair **pair; /* sorted */
	size_t count;
};

/*
 * Check the keys and texts of a setting. False, and each mistake is logged;
 * SERIAL/PORT is a mistake unless `ports`.
 */
bool hm_device_names_check(const struct hm_config *config,
    enum hm_setting_id id, bool ports);

/* Read a setting that has been checked. False if there is no memory. */
bool hm_device_names_read(struct hm_device_names *names,
    const struct hm_config *config, enum hm_setting_id id);
void hm_device_names_free(struct hm_device_names *names);

/* Each returns NULL if there is no text. */

/* Of the DTU with a name of hm_dtu_config, or else with its serial number. */
const char *hm_device_name_of_dtu(const struct hm_device_names *names,
    struct hm_slice dtu, const char *serial);
/* Of another device; its inputs have their own. */
const char *hm_device_name(const struct hm_device_names *names,
    const char *serial);
const char *hm_device_name_of_port(const struct hm_device_names *names,
    const char *serial, int64_t port);

#endif
