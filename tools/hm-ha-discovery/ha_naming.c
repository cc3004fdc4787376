#include "ha_naming.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/settings.h"
#include "ha_entity.h"
#include "record/types.h"

#define NAME_TEXT (HM_DTU_NAME_MAX + HM_HA_ID_MAX + sizeof "  ")

/* Settings */

/* The length of a scheme that Home Assistant takes, or 0. */
static size_t
scheme(const char *url)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
			return strlen(schemes[i]);
	return 0;
}

/* Home Assistant would reject the whole message. */
static bool
is_url(const char *url)
{
	size_t n = scheme(url);

	return n > 0 && (isalnum((unsigned char)url[n]) || url[n] == '[') &&
	    strcspn(url, " \\\"<>") == strlen(url);
}

bool
hm_ha_naming_check(const struct hm_config *config)
{
	const char *url = hm_config_text(config, HM_SET_PAGE_URL);
	bool good = hm_device_names_check(config, HM_SET_NAMES, true);

	good = hm_device_names_check(config, HM_SET_HA_SUGGESTED_AREAS,
	    false) && good;
	if (url != NULL && !(is_url(url) && strlen(url) <= HM_HA_URL_MAX))
		good = hm_config_refuse(config, HM_SET_PAGE_URL, "are URLs of "
		    "at most 250 bytes, as in http://192.168.1.20:8080/");
	return good;
}

bool
hm_ha_naming_read(struct hm_ha_naming *naming, const struct hm_config *config)
{
	naming->by_dtu = strcmp(hm_config_text(config,
	    HM_SET_HA_DEVICE_NAMES), "dtu") == 0;
	naming->page_url = hm_config_text(config, HM_SET_PAGE_URL);
	return hm_device_names_read(&naming->names, config, HM_SET_NAMES) &&
	    hm_device_names_read(&naming->areas, config,
	    HM_SET_HA_SUGGESTED_AREAS);
}

void
hm_ha_naming_free(struct hm_ha_naming *naming)
{
	hm_device_names_free(&naming->names);
	hm_device_names_free(&naming->areas);
}

/* Devices */

static struct hm_slice
dtu_name(const struct hm_ha_device *device)
{
	return hm_slice(device->dtu->name, device->dtu->name_length);
}

static const char *
given_name(const struct hm_ha_naming *naming,
    const struct hm_ha_device *device)
{
	return device->kind == HM_SCOPE_DTU ?
	    hm_device_name_of_dtu(&naming->names, dtu_name(device),
	    device->serial) :
	    hm_device_name(&naming->names, device->serial);
}

/* What the name of a device behind an inverter has besides, or "". */
static const char *
what_is_behind(const struct hm_ha_device *device)
{
	const struct hm_reading_type *type = &hm_reading_types[device->kind];

	return type->of_inverter ? type->ha_prefix : "";
}

/*
 * "roof" for a DTU, "roof 116172207281" for its devices, "roof battery
 * 214322440207" for those behind an inverter.
 */
static void
name_by_dtu(const struct hm_ha_naming *naming,
    const struct hm_ha_device *device, char out[NAME_TEXT])
{
	struct hm_slice dtu = dtu_name(device);
	const char *given = hm_device_name_of_dtu(&naming->names, dtu,
	    device->dtu->serial);
	const char *behind = what_is_behind(device);

	if (given != NULL)
		dtu = hm_text(given);
	snprintf(out, NAME_TEXT, "%.*s%s%s%s%s", (int)dtu.n, dtu.p,
	    behind[0] != '\0' ? " " : "", behind,
	    device->kind == HM_SCOPE_DTU ? "" : " ",
	    device->kind == HM_SCOPE_DTU ? "" : device->serial);
}

void
hm_ha_emit_device_name(struct hm_json *e, const struct hm_ha_naming *naming,
    const struct hm_ha_device *device)
{
	const char *given = given_name(naming, device);
	const char *behind = what_is_behind(device);
	char prefix[HM_HA_PREFIX_MAX], name[NAME_TEXT];

	if (given == NULL && naming->by_dtu) {
		name_by_dtu(naming, device, name);
	} else if (given == NULL) {
		hm_ha_prefix(device->kind, HM_HA_MAIN, 0, prefix);
		snprintf(name, sizeof name, "%s_%s", prefix, device->serial);
	} else {
		snprintf(name, sizeof name, "%s%s%s", given,
		    behind[0] != '\0' ? " " : "", behind);
	}
	hm_json_text(e, "name", name);
}

void
hm_ha_emit_device_place(struct hm_json *e, const struct hm_ha_naming *naming,
    const struct hm_ha_device *device)
{
	const char *area = hm_device_name(&naming->areas, device->serial);

	if (area == NULL)
		area = hm_device_name_of_dtu(&naming->areas, dtu_name(device),
		    device->dtu->serial);
	if (area != NULL)
		hm_json_text(e, "suggested_area", area);
	if (naming->page_url != NULL)
		hm_json_text(e, "configuration_url", naming->page_url);
}

const char *
hm_ha_group_name(const struct hm_ha_naming *naming,
    const struct hm_ha_device *device, const struct hm_ha_group *group)
{
	return group->part == HM_HA_PORT ? hm_device_name_of_port(
	    &naming->names, device->serial, group->port) : NULL;
}
