#ifndef HM_HA_VALUES_H
#define HM_HA_VALUES_H

#include <stdbool.h>

#include "record/fields.h"
#include "record/record.h"

/*
 * The values of one record by field: exact numbers, valid times, and texts that
 * are short enough for a state. HM_ABSENT: the record has no valid value.
 * Slices of the record.
 */
struct hm_ha_values {
	struct hm_value of[HM_FIELDS];
	size_t end;    /* from here on all are HM_ABSENT */
	bool measured; /* the record has a voltage of a meter's phase */
	bool asleep;   /* the inverter sleeps, says the record */
};

/*
 * Read a record into values that are all zero or those of another record. The
 * alarm's text becomes an option of an enum, by the code if the record has one.
 */
void hm_ha_values_read(struct hm_ha_values *values, enum hm_scope scope,
    const struct hm_record *record);

/*
 * Set the code, 0 for none, and the text of an alarm of the inverter with a
 * serial number. `buf` holds the digits.
 */
void hm_ha_values_set_alarm(struct hm_ha_values *values, int64_t code,
    struct hm_slice serial, char buf[HM_DECIMAL_TEXT]);

/* Make all values unknown but energies. */
void hm_ha_values_keep_energies(struct hm_ha_values *values);

/*
 * Whether a value goes into the state message. While the inverter sleeps, some
 * fields are left out; impossible counters always: a lifetime of zero, except
 * those of a meter with a voltage, and a number below zero.
 */
bool hm_ha_values_show(const struct hm_ha_values *values, size_t id);

/* The array of all alarm texts, each once. */
void hm_ha_emit_alarm_options(struct hm_json *e, const char *key);

#endif
