#ifndef HM_FIELDS_H
#define HM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Every field of a reading, once: fields.def is the table. Decoding,
 * filtering, discovery, metrics and storage read it; adding a field is one
 * line there.
 */

enum hm_scope {
	HM_SCOPE_DTU = 1 << 0,
	HM_SCOPE_INVERTER = 1 << 1,
	HM_SCOPE_PORT = 1 << 2,
	HM_SCOPE_METER = 1 << 3,
};

enum hm_field_kind {
	HM_GAUGE,   /* an instant value */
	HM_DAILY,   /* a counter that starts again each day */
	HM_COUNTER, /* a counter for life */
	HM_CODE,    /* a number that names a state */
	HM_FLAG,    /* true or false */
	HM_LABEL,   /* text */
	HM_MOMENT,  /* an RFC 3339 time */
};

enum hm_field_flag {
	HM_AWAKE = 1 << 0,      /* means nothing while the inverter sleeps */
	HM_DIAGNOSTIC = 1 << 1, /* of interest for finding faults only */
	HM_DESCRIBES = 1 << 2,  /* describes the device; no entity of its own */
	HM_RARE = 1 << 3,       /* told by info records; an entity only there */
};

struct hm_field {
	const char *key;
	unsigned scopes;      /* hm_scope of the records it is found in */
	enum hm_field_kind kind;
	unsigned scale;       /* decimals that the wire carries */
	const char *unit;     /* NULL: none */
	const char *ha_class; /* Home Assistant's device class, NULL: none */
	unsigned flags;       /* hm_field_flag */
	const char *metric;   /* Prometheus name without prefix, NULL: none */
	const char *help;
};

enum hm_field_id {
#define FIELD(id, ...) HM_F_##id,
#include "fields.def"
#undef FIELD
	HM_FIELDS
};

extern const struct hm_field hm_fields[HM_FIELDS];

/* The hm_field_id of a key, or HM_FIELDS. */
size_t hm_field_id(struct hm_slice key);

/* The row of a key in a scope, or NULL. */
const struct hm_field *hm_field_find(enum hm_scope scope, struct hm_slice key);

/* The scope of a record type; false if records of it hold no fields. */
bool hm_scope_of(struct hm_slice type, enum hm_scope *scope);

#endif
