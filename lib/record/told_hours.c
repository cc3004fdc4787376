#include "told_hours.h"

#include <stdio.h>

#include "base/decimal.h"

#define FULL 100
#define RANGE ((size_t)11) /* "HH:MM-HH:MM" */

/* The places of an item's keys in `keys`. */
enum {
	CHARGE,
	CHARGE_POWER,
	DISCHARGE,
	DISCHARGE_POWER,
	SOC_MIN,
	SOC_MAX,
	KEYS
};

static const char *const keys[KEYS] = {"charge", "charge_power", "discharge",
    "discharge_power", "soc_min", "soc_max"};

/* Two digits; FULL: they are none. */
static int
two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return FULL;
	return 10 * (p[0] - '0') + (p[1] - '0');
}

static bool
read_moment(const char *p, uint16_t *minutes)
{
	int hour = two_digits(p), minute = two_digits(p + 3);

	if (p[2] != ':' || hour >= 24 || minute >= 60)
		return false;
	*minutes = (uint16_t)(60 * hour + minute);
	return true;
}

static bool
read_range(const struct hm_value *value, uint16_t *from, uint16_t *to)
{
	return value->kind == HM_STRING && value->text.n == RANGE &&
	    value->text.p[5] == '-' && read_moment(value->text.p, from) &&
	    read_moment(value->text.p + 6, to);
}

static bool
read_share(const struct hm_value *value, uint8_t *share)
{
	int64_t number;

	if (value->kind != HM_NUMBER ||
	    !hm_decimal_whole(value->text, 0, FULL, &number))
		return false;
	*share = (uint8_t)number;
	return true;
}

static bool
read_member(struct hm_told_hours *h, int key, const struct hm_value *value)
{
	switch (key) {
	case CHARGE:
		return read_range(value, &h->charge_from, &h->charge_to);
	case DISCHARGE:
		return read_range(value, &h->discharge_from,
		    &h->discharge_to);
	case CHARGE_POWER:
		return read_share(value, &h->charge_power);
	case DISCHARGE_POWER:
		return read_share(value, &h->discharge_power);
	case SOC_MIN:
		return read_share(value, &h->soc_min);
	case SOC_MAX:
		return read_share(value, &h->soc_max);
	default:
		return false;
	}
}

/* Each key must be there, and no other: what is left out would be 0. */
static bool
read_item(const struct hm_value *item, struct hm_told_hours *h)
{
	struct hm_slice rest = item->text;
	struct hm_member member;
	unsigned found = 0;

	*h = (struct hm_told_hours){.soc_min = 0};
	if (item->kind != HM_OBJECT)
		return false;
	while (hm_object_next(&rest, &member)) {
		int key = 0;

		while (key < KEYS && !hm_slice_is(member.key, keys[key]))
			key++;
		if (!read_member(h, key, &member.value))
			return false;
		found |= 1u << key;
	}
	return found == (1u << KEYS) - 1 && h->soc_min < h->soc_max;
}

bool
hm_told_hours_read(const struct hm_value *value,
    struct hm_told_hours hours[HM_TOLD_HOURS_MAX], size_t *count)
{
	struct hm_slice rest = value->text;
	struct hm_value item;

	*count = 0;
	if (value->kind != HM_ARRAY)
		return false;
	while (hm_array_next(&rest, &item))
		if (*count == HM_TOLD_HOURS_MAX ||
		    !read_item(&item, &hours[(*count)++]))
			return false;
	return *count > 0;
}

static void
write_range(struct hm_json *e, const char *key, unsigned from, unsigned to)
{
	char text[40];

	snprintf(text, sizeof text, "%02u:%02u-%02u:%02u", from / 60,
	    from % 60, to / 60, to % 60);
	hm_json_text(e, key, text);
}

void
hm_json_told_hours(struct hm_json *e, const char *key,
    const struct hm_told_hours *hours, size_t count)
{
	hm_json_array(e, key);
	for (size_t i = 0; i < count; i++) {
		const struct hm_told_hours *h = &hours[i];

		hm_json_object(e, NULL);
		write_range(e, keys[CHARGE], h->charge_from, h->charge_to);
		hm_json_int(e, keys[CHARGE_POWER], h->charge_power);
		write_range(e, keys[DISCHARGE], h->discharge_from,
		    h->discharge_to);
		hm_json_int(e, keys[DISCHARGE_POWER], h->discharge_power);
		hm_json_int(e, keys[SOC_MIN], h->soc_min);
		hm_json_int(e, keys[SOC_MAX], h->soc_max);
		hm_json_object_end(e);
	}
	hm_json_array_end(e);
}
