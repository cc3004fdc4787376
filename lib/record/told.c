#include "told.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "working_mode.h"

/* How a record has a part. */
enum kind {
	NUMBER,
	MODE, /* the name of a working mode */
	FLAG, /* true, and nothing else */
	HOURS,
};

static const struct {
	const char *key;
	enum kind kind;
	unsigned decimals;
	const char *unit;
	const char *wrong;
} parts[HM_TOLD_PARTS] = {
#define WHOLE(key, unit) {key, NUMBER, 0, unit, \
    "its " key " is not a whole number"}
    [HM_TOLD_MODE] = {"mode", MODE, 0, "", "its mode is none of "
        "self_use, economic, backup, off_grid, forced_charge, "
        "forced_discharge, peak_shaving, time_of_use"},
    [HM_TOLD_RESERVE_SOC] = WHOLE("reserve_soc", "%"),
    [HM_TOLD_MAX_POWER] = {"max_power", NUMBER, 1, "%",
        "its max_power is not a number with at most one decimal"},
    [HM_TOLD_PEAK_SOC] = WHOLE("peak_soc", "%"),
    [HM_TOLD_PEAK_POWER] = WHOLE("peak_power", "W"),
    [HM_TOLD_SOC_MIN] = WHOLE("soc_min", "%"),
    [HM_TOLD_SOC_MAX] = WHOLE("soc_max", "%"),
    [HM_TOLD_UNLIMITED] = {"unlimited", FLAG, 0, "",
        "its unlimited is not true"},
    [HM_TOLD_HOURS] = {"hours", HOURS, 0, "",
        "its hours are not 1 to 4 objects with charge, charge_power, "
        "discharge, discharge_power, soc_min and soc_max as docs/records.md "
        "has them"},
#undef WHOLE
};

const char *
hm_told_key(enum hm_told_part part)
{
	return parts[part].key;
}

const char *
hm_told_unit(enum hm_told_part part)
{
	return parts[part].unit;
}

struct hm_decimal
hm_told_decimal(const struct hm_told *told, enum hm_told_part part)
{
	return hm_decimal(told->value[part], parts[part].decimals);
}

bool
hm_told_has(const struct hm_told *told, enum hm_told_part part)
{
	return (told->has & HM_TOLD_BIT(part)) != 0;
}

void
hm_told_put(struct hm_told *told, enum hm_told_part part, int64_t value)
{
	told->has |= HM_TOLD_BIT(part);
	told->value[part] = value;
}

bool
hm_told_is_same(const struct hm_told *a, const struct hm_told *b)
{
	return a->has == b->has &&
	    memcmp(a->value, b->value, sizeof a->value) == 0 &&
	    memcmp(a->hours, b->hours, sizeof a->hours) == 0;
}

bool
hm_told_part_of(struct hm_slice key, enum hm_told_part *part)
{
	for (int i = 0; i < HM_TOLD_PARTS; i++)
		if (hm_slice_is(key, parts[i].key)) {
			*part = (enum hm_told_part)i;
			return true;
		}
	return false;
}

static bool
read_mode(const struct hm_value *value, int64_t *number)
{
	enum hm_working_mode mode;

	if (value->kind != HM_STRING ||
	    !hm_working_mode_parse(value->text, &mode))
		return false;
	*number = (int64_t)mode;
	return true;
}

/* Those that cannot be read are not there. */
static bool
read_hours(struct hm_told *told, const struct hm_value *value, int64_t *number)
{
	size_t count;

	if (!hm_told_hours_read(value, told->hours, &count)) {
		memset(told->hours, 0, sizeof told->hours);
		return false;
	}
	*number = (int64_t)count;
	return true;
}

static bool
read_part(struct hm_told *told, int part, const struct hm_record *record,
    int64_t *number)
{
	const struct hm_value *value = hm_record_get(record, parts[part].key);
	struct hm_decimal decimal;

	switch (parts[part].kind) {
	case MODE:
		return read_mode(value, number);
	case FLAG:
		*number = 1;
		return value->kind == HM_TRUE;
	case HOURS:
		return read_hours(told, value, number);
	case NUMBER:
		break;
	}
	return hm_record_decimal(record, parts[part].key, &decimal) &&
	    hm_decimal_rescale(decimal, parts[part].decimals, number);
}

const char *
hm_told_read(struct hm_told *told, const struct hm_record *record)
{
	const char *wrong = NULL;

	*told = (struct hm_told){.has = 0};
	for (int i = 0; i < HM_TOLD_PARTS; i++) {
		int64_t number;

		if (hm_record_get(record, parts[i].key)->kind == HM_ABSENT)
			continue;
		if (read_part(told, i, record, &number))
			hm_told_put(told, (enum hm_told_part)i, number);
		else
			wrong = parts[i].wrong;
	}
	return wrong;
}

void
hm_json_told(struct hm_json *e, const struct hm_told *told)
{
	for (int i = 0; i < HM_TOLD_PARTS; i++) {
		const char *key = parts[i].key;

		if (!hm_told_has(told, (enum hm_told_part)i))
			continue;
		if (parts[i].kind == MODE)
			hm_json_text(e, key,
			    hm_working_mode_name(told->value[i]));
		else if (parts[i].kind == FLAG)
			hm_json_bool(e, key, true);
		else if (parts[i].kind == HOURS)
			hm_json_told_hours(e, key, told->hours,
			    (size_t)told->value[i]);
		else
			hm_json_decimal(e, key, hm_told_decimal(told,
			    (enum hm_told_part)i));
	}
}

static int
describe_part(const struct hm_told *told, enum hm_told_part part, char *out,
    size_t cap)
{
	const char *key = parts[part].key;
	char number[HM_DECIMAL_TEXT];

	hm_decimal_format(hm_told_decimal(told, part), number);
	switch (parts[part].kind) {
	case MODE:
		return snprintf(out, cap, " %s",
		    hm_working_mode_name(told->value[part]));
	case FLAG:
		return snprintf(out, cap, " %s", key);
	case HOURS:
		return snprintf(out, cap, " %s %s", key, number);
	case NUMBER:
		break;
	}
	return snprintf(out, cap, " %s %s %s", key, number, parts[part].unit);
}

void
hm_told_describe(const struct hm_told *told, char out[HM_TOLD_TEXT])
{
	size_t n = 0;

	out[0] = '\0';
	for (int i = 0; i < HM_TOLD_PARTS; i++) {
		int took = 0;

		if (hm_told_has(told, (enum hm_told_part)i))
			took = describe_part(told, (enum hm_told_part)i,
			    out + n, HM_TOLD_TEXT - n);
		if (took < 0 || (size_t)took >= HM_TOLD_TEXT - n)
			return;
		n += (size_t)took;
	}
}
