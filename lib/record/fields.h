#ifndef HM_FIELDS_H
#define HM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "base/slice.h"
#include "types.h"

/*
 * The fields of readings; fields.def is the table. For a new line of it only
 * hm-decode needs code, which fills the field.
 */

enum hm_field_kind {
	HM_GAUGE,   /* an instant value */
	HM_DAILY,   /* a counter that is reset each day */
	HM_COUNTER, /* a counter for life */
	HM_CODE,    /* a number that names a state */
	HM_FLAG,    /* true or false */
	HM_LABEL,   /* text */
	HM_MOMENT,  /* an RFC 3339 time */
};

enum hm_field_flag {
	HM_AWAKE = 1 << 0,      /* meaningless while the inverter sleeps */
	HM_DIAGNOSTIC = 1 << 1, /* useful only for finding faults */
	HM_DESCRIBES = 1 << 2,  /* describes the device; no entity of its own */
	HM_RARE = 1 << 3,       /* in info records; an entity only there */
	HM_SUM = 1 << 4,        /* a sum over parts, which are stored */
	HM_UNPROVEN = 1 << 5,   /* no device has confirmed meaning, scale or
	                           sign; docs/records.md says what is open */
};

#define HM_FIELD_METRICS ((size_t)2)

struct hm_field {
	const char *key;
	size_t key_size;
	unsigned scopes;      /* bit i: records of hm_scope i have the field */
	enum hm_field_kind kind;
	unsigned scale;       /* decimals of the number on the wire */
	const char *unit;     /* NULL: none */
	const char *ha_class; /* Home Assistant's device class, NULL: none */
	const char *phase;    /* "A", of a voltage between two "AB"; or NULL */
	unsigned flags;       /* hm_field_flag */
	/*
	 * The field's Prometheus metrics: names without prefix, or NULL, and
	 * the factor from `unit` to the unit of the name.
	 */
	struct hm_metric {
		const char *name;
		struct hm_decimal factor;
	} metrics[HM_FIELD_METRICS];
	const char *help; /* of the metrics; if fields share a metric, that of
	                     the first one is shown */
};

enum hm_field_id {
#define FIELD(id, ...) HM_F_##id,
#include "fields.def"
#undef FIELD
	HM_FIELDS
};

extern const struct hm_field hm_fields[HM_FIELDS];

/* Whether records of a type have the field. */
static inline bool
hm_field_in(const struct hm_field *field, enum hm_scope scope)
{
	return (field->scopes >> scope & 1) != 0;
}

/*
 * The end of the fields that records of a type can have: the fields that only
 * hybrid inverters tell stand last, and other readings need not search them.
 */
static inline size_t
hm_field_end(enum hm_scope scope)
{
	return scope < HM_SCOPE_HYBRID ? (size_t)HM_F_DEVICE_STATUS :
	    (size_t)HM_FIELDS;
}

/* Whether tables of a type have a column for the field. */
static inline bool
hm_field_stored(const struct hm_field *field, enum hm_scope scope)
{
	return hm_field_in(field, scope) && (field->flags & HM_SUM) == 0;
}

/*
 * The hm_field_id of a key, or HM_FIELDS; the first one, if fields of several
 * types share the key. The script field_id makes it of fields.def.
 */
size_t hm_field_id(struct hm_slice key);

/* The row of a key in a scope, or NULL. */
const struct hm_field *hm_field_find(enum hm_scope scope, struct hm_slice key);

/* Write the key of a field; its value is then written with `key` NULL. */
void hm_json_field(struct hm_json *e, size_t id);

/* A set of fields, by their hm_field_id. */
struct hm_field_set {
	uint64_t word[(HM_FIELDS + 63) / 64];
};

static inline bool
hm_field_set_has(const struct hm_field_set *set, size_t id)
{
	return (set->word[id / 64] >> id % 64 & 1) != 0;
}

static inline void
hm_field_set_add(struct hm_field_set *set, size_t id)
{
	set->word[id / 64] |= UINT64_C(1) << id % 64;
}

/* The first field of a set from `id` on; HM_FIELDS if there is none. */
static inline size_t
hm_field_set_next(const struct hm_field_set *set, size_t id)
{
	while (id < HM_FIELDS) {
		uint64_t rest = set->word[id / 64] >> id % 64;

		if (rest != 0)
			return id + (size_t)__builtin_ctzll(rest);
		id = (id / 64 + 1) * 64;
	}
	return HM_FIELDS;
}

/* For each field of a set, with a variable of type size_t. */
#define HM_FIELD_SET_EACH(set, id) \
	for ((id) = hm_field_set_next(set, 0); (id) < HM_FIELDS; \
	    (id) = hm_field_set_next(set, (id) + 1))

static inline void
hm_field_set_join(struct hm_field_set *set, const struct hm_field_set *other)
{
	for (size_t i = 0; i < sizeof set->word / sizeof *set->word; i++)
		set->word[i] |= other->word[i];
}

static inline void
hm_field_set_keep(struct hm_field_set *set, const struct hm_field_set *other)
{
	for (size_t i = 0; i < sizeof set->word / sizeof *set->word; i++)
		set->word[i] &= other->word[i];
}

static inline void
hm_field_set_drop(struct hm_field_set *set, const struct hm_field_set *other)
{
	for (size_t i = 0; i < sizeof set->word / sizeof *set->word; i++)
		set->word[i] &= ~other->word[i];
}

static inline bool
hm_field_set_is_empty(const struct hm_field_set *set)
{
	uint64_t all = 0;

	for (size_t i = 0; i < sizeof set->word / sizeof *set->word; i++)
		all |= set->word[i];
	return all == 0;
}

#endif
