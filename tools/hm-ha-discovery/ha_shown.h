#ifndef HM_HA_SHOWN_H
#define HM_HA_SHOWN_H

#include "base/decimal.h"
#include "ha_entity.h"

/*
 * The units and names of fields in Home Assistant. If all is zero, fields have
 * the unit and value of the reading, and their key for a name.
 */

#define HM_HA_NAME_MAX ((size_t)120) /* bytes of a friendly name */

/* A unit to convert to. */
struct hm_ha_unit {
	const char *of;     /* the field's unit, or NULL: it has none */
	struct hm_decimal factor;
	const char *unit;
	int decimals; /* added to the field's decimals */
};

/* The key and the name are borrowed. */
struct hm_ha_name {
	struct hm_slice serial; /* empty: all devices */
	struct hm_slice prefix; /* as of hm_ha_prefix; empty: all */
	size_t field;
	const char *name;
};

struct hm_ha_shown {
	const struct hm_ha_unit *unit[HM_FIELDS]; /* NULL: the field's own */
	struct hm_ha_unit *corrected; /* by field: own unit, a factor */
	struct hm_ha_name *name;
	size_t names;
};

/* Allocate room for names. False if there is no memory. */
bool hm_ha_shown_init(struct hm_ha_shown *shown, size_t names);
void hm_ha_shown_free(struct hm_ha_shown *shown);

/* Whether a field is measured, so that it can have another unit. */
bool hm_ha_is_measured(const struct hm_field *field);

/*
 * Multiply the fields that share a key with `id`. A power of ten changes their
 * unit, and Home Assistant must have that one; hm_ha_factors writes the valid
 * factors for people. Any other number corrects the value and keeps the unit.
 * False if the factor is not valid: also 0, or less than 0 for a counter.
 */
bool hm_ha_shown_multiply(struct hm_ha_shown *shown, enum hm_field_id id,
    struct hm_decimal factor);
void hm_ha_factors(enum hm_field_id id, char *buf, size_t cap);

/*
 * Name the entities of a field. The key is FIELD; or PREFIX_FIELD for one kind
 * of device or one port; or either after "SERIAL/" for one device. `field` is
 * set to the part FIELD. False if there are no such entities.
 */
bool hm_ha_shown_name(struct hm_ha_shown *shown, struct hm_slice key,
    const char *name, struct hm_slice *field);

/*
 * The configured name of a field of a device, or NULL; `numbered` is set if the
 * port number must follow. A name for the device wins over one for its kind or
 * port, and that over a name for all.
 */
const char *hm_ha_shown_find(const struct hm_ha_shown *shown,
    const char *serial, const char *prefix, const struct hm_field *field,
    bool *numbered);

#endif
