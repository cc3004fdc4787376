#ifndef HM_HA_VALUES_H
#define HM_HA_VALUES_H

#include "record/fields.h"
#include "record/record.h"

/*
 * The values of one record by field, checked: numbers are exact, times are
 * valid, texts are short enough for a state. HM_ABSENT if the record has no
 * valid value. Slices of the record.
 */
struct hm_ha_values {
	struct hm_value of[HM_FIELDS];
};

/*
 * The alarm's text becomes an option of an enum, made from the code if there is
 * one.
 */
void hm_ha_values_read(struct hm_ha_values *values, enum hm_scope scope,
    const struct hm_record *record);

/* Set the alarm's code, 0 for none, and with it the text. */
void hm_ha_values_set_alarm(struct hm_ha_values *values, int64_t code,
    char buf[HM_DECIMAL_TEXT]);

/*
 * Whether a value goes into the state message. Fields that mean nothing while
 * the inverter sleeps are left out then, and so is an impossible counter: a
 * lifetime of zero, a number below zero, and a DTU's zero for the day, which
 * only means that no inverter was heard.
 */
bool hm_ha_values_show(const struct hm_ha_values *values, size_t id,
    enum hm_scope scope);

/* The array of all alarm texts, each once. */
void hm_ha_emit_alarm_options(struct hm_json *e, const char *key);

#endif
