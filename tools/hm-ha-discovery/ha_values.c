#include "ha_values.h"

#include "base/decimal.h"
#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "ha_entity.h"
#include "record/alarm_codes.h"

#define STATE_MAX ((size_t)255) /* Home Assistant's limit for a state */

#define ALARM_NONE "none"
#define ALARM_UNKNOWN "unknown"

static bool
is_good(const struct hm_field *field, const struct hm_value *value)
{
	struct hm_decimal number;
	int64_t seconds;

	switch (field->kind) {
	case HM_GAUGE:
	case HM_DAILY:
	case HM_COUNTER:
	case HM_CODE:
		return value->kind == HM_NUMBER &&
		    hm_decimal_parse(value->text, &number);
	case HM_FLAG:
		return value->kind == HM_TRUE || value->kind == HM_FALSE;
	case HM_LABEL:
		return value->kind == HM_STRING && value->text.n > 0 &&
		    value->text.n <= STATE_MAX;
	case HM_MOMENT:
		return value->kind == HM_STRING &&
		    hm_rfc3339_parse(value->text, &seconds);
	}
	return false;
}

/* False if the field is no integer. */
static bool
integer(const struct hm_ha_values *values, enum hm_field_id id, int64_t *out)
{
	struct hm_decimal number;

	return values->of[id].kind == HM_NUMBER &&
	    hm_decimal_parse(values->of[id].text, &number) &&
	    hm_decimal_rescale(number, 0, out);
}

static struct hm_value
text_value(const char *text)
{
	return (struct hm_value){HM_STRING, hm_text(text)};
}

static const char *
alarm_option_of(int64_t code, struct hm_slice serial)
{
	const char *text = hm_alarm_code_text_of(code, serial);

	if (code == 0)
		return ALARM_NONE;
	return text != NULL ? text : ALARM_UNKNOWN;
}

/* Whether a text is one of a table. */
static bool
is_one_of(struct hm_slice text, const struct hm_alarm_code *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (hm_slice_is(text, codes[i].text))
			return true;
	return false;
}

static void
make_alarm_option(struct hm_ha_values *values, struct hm_slice serial)
{
	struct hm_value *text = &values->of[HM_F_ALARM_TEXT];
	int64_t code;

	if (integer(values, HM_F_ALARM_CODE, &code)) {
		*text = text_value(alarm_option_of(code, serial));
		return;
	}
	if (text->kind == HM_STRING && !is_one_of(text->text, hm_alarm_codes,
	    hm_alarm_code_count) && !is_one_of(text->text, hm_alarm_codes_hmt,
	    hm_alarm_code_hmt_count))
		*text = text_value(ALARM_UNKNOWN);
}

/* Only then are zeros of a meter's energies readings. */
static bool
has_voltage(const struct hm_ha_values *values)
{
	return values->of[HM_F_VOLTAGE_A].kind != HM_ABSENT ||
	    values->of[HM_F_VOLTAGE_B].kind != HM_ABSENT ||
	    values->of[HM_F_VOLTAGE_C].kind != HM_ABSENT;
}

static bool
is_zero(const struct hm_ha_values *values, enum hm_field_id id)
{
	int64_t number;

	return integer(values, id, &number) && number == 0;
}

static bool
is_asleep(const struct hm_ha_values *values)
{
	return is_zero(values, HM_F_OPERATING_STATUS) ||
	    is_zero(values, HM_F_LINK_STATUS);
}

static void
clear(struct hm_ha_values *values, size_t end)
{
	size_t used = values->end > end ? values->end : end;

	for (size_t id = 0; id < used; id++)
		values->of[id] = (struct hm_value){.kind = HM_ABSENT};
	values->end = end;
}

void
hm_ha_values_read(struct hm_ha_values *values, enum hm_scope scope,
    const struct hm_record *record)
{
	struct hm_slice serial;

	clear(values, hm_field_end(scope));
	for (size_t i = 0; i < record->count; i++) {
		const struct hm_member *member = &record->member[i];
		const struct hm_field *field = hm_field_find(scope,
		    member->key);

		if (field != NULL && is_good(field, &member->value))
			values->of[field - hm_fields] = member->value;
	}
	values->measured = has_voltage(values);
	values->asleep = is_asleep(values);
	if (scope != HM_SCOPE_INVERTER)
		return;
	if (!hm_record_string(record, "serial", &serial))
		serial = hm_slice("", 0);
	make_alarm_option(values, serial);
}

void
hm_ha_values_set_alarm(struct hm_ha_values *values, int64_t code,
    struct hm_slice serial, char buf[HM_DECIMAL_TEXT])
{
	size_t n = hm_decimal_format(hm_decimal(code, 0), buf);

	values->of[HM_F_ALARM_CODE] = (struct hm_value){HM_NUMBER,
	    hm_slice(buf, n)};
	make_alarm_option(values, serial);
}

void
hm_ha_values_keep_energies(struct hm_ha_values *values)
{
	for (size_t id = 0; id < values->end; id++)
		if (hm_ha_is_instant(&hm_fields[id]))
			values->of[id] = (struct hm_value){.kind = HM_ABSENT};
	values->asleep = false;
}

bool
hm_ha_values_show(const struct hm_ha_values *values, size_t id)
{
	const struct hm_field *field = &hm_fields[id];
	const struct hm_value *value = &values->of[id];
	struct hm_decimal number = {0};

	if (value->kind == HM_ABSENT)
		return false;
	if ((field->flags & HM_AWAKE) != 0 && values->asleep)
		return false;
	if (field->kind != HM_COUNTER && field->kind != HM_DAILY)
		return true;
	if (!hm_decimal_parse(value->text, &number) || number.units < 0)
		return false;
	return number.units > 0 || values->measured ||
	    field->kind == HM_DAILY;
}

/* Several codes have the same text, which must be one option. */
static bool
is_first_of_its_text(size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(hm_alarm_codes[j].text, hm_alarm_codes[i].text) == 0)
			return false;
	return true;
}

void
hm_ha_emit_alarm_options(struct hm_json *e, const char *key)
{
	hm_json_array(e, key);
	hm_json_text(e, NULL, ALARM_NONE);
	hm_json_text(e, NULL, ALARM_UNKNOWN);
	for (size_t i = 0; i < hm_alarm_code_count; i++)
		if (is_first_of_its_text(i))
			hm_json_text(e, NULL, hm_alarm_codes[i].text);
	for (size_t i = 0; i < hm_alarm_code_hmt_count; i++)
		if (!is_one_of(hm_text(hm_alarm_codes_hmt[i].text),
		    hm_alarm_codes, hm_alarm_code_count))
			hm_json_text(e, NULL, hm_alarm_codes_hmt[i].text);
	hm_json_array_end(e);
}
