#ifndef HM_HA_SHOWN_H
#define HM_HA_SHOWN_H

#include "base/decimal.h"
#include "ha_entity.h"

/*
 * How fields are shown to Home Assistant: in which unit, and under which name.
 * Zeroed, each is shown as it is read, under its key.
 */

#define HM_HA_NAME_MAX ((size_t)120) /* bytes of a friendly name */

/* Another unit of a field's unit, and what values are multiplied by. */
struct hm_ha_unit {
	const char *of;     /* the field's unit, or NULL: it has none */
	struct hm_decimal factor;
	const char *unit;
	int decimals; /* more than the field has; fewer if negative */
};

/* The key and the name are borrowed. */
struct hm_ha_name {
	struct hm_slice serial; /* empty: of every device */
	struct hm_slice prefix; /* as hm_ha_prefix writes; empty: every */
	size_t field;
	const char *name;
};

struct hm_ha_shown {
	const struct hm_ha_unit *unit[HM_FIELDS]; /* NULL: the field's own */
	struct hm_ha_unit *corrected; /* by field: its unit, another value */
	struct hm_ha_name *name;
	size_t names;
};

/* Room for so many names. False if there is no memory. */
bool hm_ha_shown_init(struct hm_ha_shown *shown, size_t names);
void hm_ha_shown_free(struct hm_ha_shown *shown);

/* Whether fields can have other units: they are measured. */
bool hm_ha_is_measured(const struct hm_field *field);

/*
 * Multiply a field. A power of ten leads to another unit, and must be one
 * which Home Assistant knows for such a value; hm_ha_factors lists them for
 * people. Any other number corrects the reading, in its unit. False if it is
 * neither: 0, or less than 0 for a counter.
 */
bool hm_ha_shown_multiply(struct hm_ha_shown *shown, enum hm_field_id id,
    struct hm_decimal factor);
void hm_ha_factors(enum hm_field_id id, char *buf, size_t cap);

/*
 * Name the entities of a field. The key is FIELD, or PREFIX_FIELD for those of
 * one kind of device or of one input, or either after "SERIAL/" for those of
 * one device. False if there are no such entities; `field` is then the part
 * of the key that should be one.
 */
bool hm_ha_shown_name(struct hm_ha_shown *shown, struct hm_slice key,
    const char *name, struct hm_slice *field);

/*
 * The configured name of a field of a device, or NULL; `numbered` is set if the
 * number of the input must follow. The name of the device wins over that of its
 * kind or input, and both over others.
 */
const char *hm_ha_shown_find(const struct hm_ha_shown *shown,
    const char *serial, const char *prefix, const struct hm_field *field,
    bool *numbered);

#endif
