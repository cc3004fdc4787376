#ifndef HM_TYPES_H
#define HM_TYPES_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * The types of records that carry readings, once: types.def is the table.
 * A type that a tool has nothing special for gets what all types get: its
 * tables in the database, its entities in Home Assistant, its metrics.
 */

enum hm_scope {
#define TYPE(id, ...) HM_SCOPE_##id,
#include "types.def"
#undef TYPE
	HM_SCOPES
};

struct hm_reading_type {
	enum hm_scope scope;  /* its place in hm_reading_types */
	const char *name;     /* in "type", and of its table in the database */
	enum hm_scope device; /* whose part it tells about; itself if none's */
	/* What tells readings of one moment apart: "dtu, serial, port". */
	const char *keys;
	bool has_serial, has_port; /* they are among those */
	const char *own; /* an integer that is in its records and no field of
	                    the table: port, took_ms; NULL: none */
	const char *ha_prefix;     /* of names of Home Assistant's entities;
	                              the number of a port follows it */
	const char *metric_prefix; /* of metrics, behind "hoymiles_" */
	const char *label;         /* of metrics, for the serial number */
	const char *noun;          /* one of them, for people: "a DTU" */
};

extern const struct hm_reading_type hm_reading_types[HM_SCOPES];

/* The type of that name; NULL if records of it carry no readings. */
const struct hm_reading_type *hm_reading_type_of(struct hm_slice name);

/* Whether readings of a type tell about a device and not about a part of it. */
bool hm_is_device(enum hm_scope scope);

/*
 * The type of the parts of a device, such as the ports of an inverter; NULL
 * if it has none.
 */
const struct hm_reading_type *hm_parts_of(enum hm_scope device);

#endif
