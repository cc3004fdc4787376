#ifndef HM_HA_NAMING_H
#define HM_HA_NAMING_H

#include "base/json_writer.h"
#include "config/config.h"
#include "config/device_names.h"
#include "ha_device.h"

/*
 * How devices and their inputs are called in Home Assistant, and what else the
 * settings say about a device. If all is zero, it is as in hoymiles-mqtt 0.11.
 */
struct hm_ha_naming {
	struct hm_device_names names, areas;
	bool by_dtu;          /* devices without a name get that of the DTU */
	const char *page_url; /* NULL: none; borrowed from the settings */
};

#define HM_HA_URL_MAX ((size_t)250) /* bytes of a link */

/* Check the settings. False, and each mistake is logged. */
bool hm_ha_naming_check(const struct hm_config *config);

/* Read settings that have been checked. False if there is no memory. */
bool hm_ha_naming_read(struct hm_ha_naming *naming,
    const struct hm_config *config);
void hm_ha_naming_free(struct hm_ha_naming *naming);

/* Add the device's name, its area and the link to the page. */
void hm_ha_emit_device_name(struct hm_json *e,
    const struct hm_ha_naming *naming, const struct hm_ha_device *device);
void hm_ha_emit_device_place(struct hm_json *e,
    const struct hm_ha_naming *naming, const struct hm_ha_device *device);

/*
 * The start of the names of a group's entities, without what follows it; NULL:
 * the settings give none.
 */
const char *hm_ha_group_name(const struct hm_ha_naming *naming,
    const struct hm_ha_device *device, const struct hm_ha_group *group);

#endif
