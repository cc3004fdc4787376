#ifndef HM_TYPES_H
#define HM_TYPES_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * The types of records that carry readings; types.def is the table. A new row
 * gets tables in the database, metrics, and entities in Home Assistant; no tool
 * needs code for it.
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
	size_t name_size;
	enum hm_scope device; /* the type that it is a part of, or itself */
	/* The columns that, with time, identify a reading: "dtu, serial". */
	const char *keys;
	bool has_serial, has_port; /* `keys` contains serial, port */
	/*
	 * Its serial number is that of a hybrid inverter. In Home Assistant it
	 * is a part of the inverter, or a device behind it, whose topics have
	 * ha_prefix behind the serial number.
	 */
	bool of_inverter;
	/*
	 * Few plants have such a device: its tables are made with its first
	 * row, and a database without them has none.
	 */
	bool on_demand;
	const char *own; /* an integer member of its records that is not in
	                    fields.def: port, took_ms; or NULL */
	const char *ha_prefix;     /* of names of Home Assistant's entities;
	                              the number of a port follows it */
	const char *metric_prefix; /* of metrics, behind "hoymiles_" */
	const char *label;         /* of metrics, for the serial number */
	const char *noun;          /* for messages: "a DTU" */
};

extern const struct hm_reading_type hm_reading_types[HM_SCOPES];

/* The type of that name; NULL if records of it carry no readings. */
const struct hm_reading_type *hm_reading_type_of(struct hm_slice name);

/* Whether readings of a type describe a whole device and not a part of it. */
bool hm_is_device(enum hm_scope scope);

/*
 * The type of the numbered parts of a device, such as the ports of an inverter;
 * NULL if it has none.
 */
const struct hm_reading_type *hm_parts_of(enum hm_scope device);

#endif
