#ifndef HM_HA_ENTITY_H
#define HM_HA_ENTITY_H

#include <stdint.h>

#include "record/fields.h"
#include "record/types.h"

/*
 * The fields that are entities in Home Assistant, by kind of device: those of
 * the field table that the user has chosen. ha_message.h writes the messages.
 */

/* The parts of a device. Each instance of a part has one state topic. */
enum hm_ha_part {
	HM_HA_MAIN,  /* the readings of the device itself */
	HM_HA_PORT,  /* the readings of one port */
	HM_HA_INFO,  /* from info records */
	HM_HA_ALARM, /* from alarm records */
	/* and the hm_scope: readings of a part without a number */
	HM_HA_SIDE,
	HM_HA_PARTS = HM_HA_SIDE + HM_SCOPES
};

/* Entities beside the fields; see ha_extra.h. */
enum hm_ha_extra {
	HM_HA_REACHABLE,
	HM_HA_PRODUCING,
	HM_HA_RADIO_QUALITY,
	HM_HA_ALARM_EVENT,
	HM_HA_ADDRESS,
	HM_HA_LIMIT,
	HM_HA_TEMPORARY_LIMIT,
	HM_HA_FEED_IN,
	HM_HA_RESTART,
	HM_HA_COMMAND_RESULT,
	HM_HA_EXTRAS
};

/* By the type of the device's own readings; other types have none. */
struct hm_ha_entities {
	struct hm_field_set of[HM_SCOPES][HM_HA_PARTS];
};

/*
 * The scope of the records with the fields of a part. The device must have such
 * a part.
 */
enum hm_scope hm_ha_scope(enum hm_scope device, enum hm_ha_part part);

/* The part with the readings of a type. */
enum hm_ha_part hm_ha_part_of(const struct hm_reading_type *type);

#define HM_HA_PREFIX_MAX ((size_t)16) /* "port_255" and a NUL */

/* The prefix of the names of entities, by types.def: inv or port_1. */
void hm_ha_prefix(enum hm_scope device, enum hm_ha_part part, uint8_t port,
    char out[HM_HA_PREFIX_MAX]);

#define HM_HA_SERIAL_MAX ((size_t)32) /* bytes */

/* Whether a serial can be part of a topic: 0-9 a-z A-Z _ -, 1 to 32 of them. */
bool hm_ha_serial_valid(struct hm_slice serial);

/*
 * The hm_field_id of a key, upper or lower case; HM_FIELDS: unknown. Fields of
 * several types may share the key.
 */
size_t hm_ha_field(struct hm_slice key);
bool hm_ha_same_key(size_t a, size_t b);

/* All entities of the field table. */
void hm_ha_entities_all(struct hm_ha_entities *entities);

/* The entities of the field table that are not chosen. */
void hm_ha_entities_hidden(const struct hm_ha_entities *chosen,
    struct hm_ha_entities *hidden);

/*
 * The parts that a setting with a list of fields is about: those of inverters
 * that are not records of their own, or their ports.
 */
enum hm_ha_choice { HM_HA_CHOOSE_INVERTER, HM_HA_CHOOSE_PORT };

/*
 * Keep only the listed fields: words separated by spaces or commas, upper or
 * lower case. False: *unknown is the first word that is no such field.
 */
bool hm_ha_entities_choose(struct hm_ha_entities *entities,
    enum hm_ha_choice choice, const char *words, struct hm_slice *unknown);

/* The fields that such a list may have. */
struct hm_field_set hm_ha_offered(enum hm_ha_choice choice);

/* Their names, separated by spaces, ended by a NUL. */
void hm_ha_entities_names(enum hm_ha_choice choice, char *buf, size_t cap);

/*
 * Whether a field is an instant value, which becomes unavailable with the
 * device and the DTU. The other fields are counters of energy, which stay.
 */
static inline bool
hm_ha_is_instant(const struct hm_field *field)
{
	return field->kind != HM_DAILY && field->kind != HM_COUNTER;
}

#endif
