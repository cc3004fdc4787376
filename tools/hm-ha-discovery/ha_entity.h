#ifndef HM_HA_ENTITY_H
#define HM_HA_ENTITY_H

#include <stdint.h>

#include "record/fields.h"
#include "record/types.h"

/*
 * Which fields Home Assistant shows of which device: a view of the field
 * table, less what the user did not choose. How a message about them looks
 * is not known here.
 */

/* The parts of a device. Each instance of a part has one state topic. */
enum hm_ha_part {
	HM_HA_MAIN,  /* the readings of the device itself */
	HM_HA_PORT,  /* the readings of one input */
	HM_HA_INFO,  /* what info records tell */
	HM_HA_ALARM, /* what alarm records tell */
	HM_HA_PARTS
};

/* By the type of the device's own readings; other types have none. */
struct hm_ha_entities {
	struct hm_field_set of[HM_SCOPES][HM_HA_PARTS];
};

/*
 * The scope of the records that hold the fields of a device or of its parts,
 * which it must have.
 */
enum hm_scope hm_ha_scope(enum hm_scope device, enum hm_ha_part part);

#define HM_HA_PREFIX_MAX ((size_t)16) /* "port_255" and a NUL */

/* What names of entities begin with: inv or port_1, as types.def has it. */
void hm_ha_prefix(enum hm_scope device, enum hm_ha_part part, uint8_t port,
    char out[HM_HA_PREFIX_MAX]);

#define HM_HA_SERIAL_MAX ((size_t)32) /* bytes */

/* Whether a serial can be part of a topic: 0-9 a-z A-Z _ -, 1 to 32 of them. */
bool hm_ha_serial_valid(struct hm_slice serial);

/* The hm_field_id of a key in any case; HM_FIELDS if there is none. */
size_t hm_ha_field(struct hm_slice key);

/* Everything that the field table has to show. */
void hm_ha_entities_all(struct hm_ha_entities *entities);

/*
 * What a setting that lists fields is about: inverters (their main part, what
 * is known of them, and their alarms), or their inputs.
 */
enum hm_ha_choice { HM_HA_CHOOSE_INVERTER, HM_HA_CHOOSE_PORT };

/*
 * Keep only the listed fields: words separated by spaces or commas, in any
 * case. False, with the first word that is no such field in *unknown.
 */
bool hm_ha_entities_choose(struct hm_ha_entities *entities,
    enum hm_ha_choice choice, const char *words, struct hm_slice *unknown);

/* The fields that a list may hold. */
struct hm_field_set hm_ha_offered(enum hm_ha_choice choice);

/* Their names, separated by spaces, ended by a NUL. */
void hm_ha_entities_names(enum hm_ha_choice choice, char *buf, size_t cap);

/*
 * Whether a field is an instant value, which goes unavailable with the device
 * and the DTU. The others are counters of energy, which stay.
 */
bool hm_ha_is_instant(const struct hm_field *field);

#endif
