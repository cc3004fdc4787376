#ifndef HM_HA_VALUES_H
#define HM_HA_VALUES_H

#include "record/fields.h"
#include "record/record.h"

/*
 * The values of one record under the fields of the table, checked: numbers
 * are exact, times are times, texts are short enough for a state. Of kind
 * HM_ABSENT where the record has none or not such a one. Slices of the record.
 */
struct hm_ha_values {
	struct hm_value of[HM_FIELDS];
};

/*
 * The alarm's text becomes one of the options of an enum, made from the code
 * where there is one.
 */
void hm_ha_values_read(struct hm_ha_values *values, enum hm_scope scope,
    const struct hm_record *record);

/* Set the alarm's code, 0 for none, and with it the text. */
void hm_ha_values_set_alarm(struct hm_ha_values *values, int64_t code,
    char buf[HM_DECIMAL_TEXT]);

/*
 * Whether a value goes into the state message. What means nothing while the
 * inverter sleeps stays out then, and so does a counter that cannot be right:
 * zero for life, below zero, and of a DTU zero for the day, which only says
 * that no inverter has been heard.
 */
bool hm_ha_values_show(const struct hm_ha_values *values, size_t id,
    enum hm_scope scope);

/* The array of all that the alarm's text can be, each once. */
void hm_ha_emit_alarm_options(struct hm_json *e, const char *key);

#endif
