#include "limit_meter.h"

#include "base/decimal.h"
#include "config/config.h"
#include "record/fields.h"

#define POWER_MAX INT64_C(10000000000) /* mW; more is no household */
#define INDEX_MAX 1000

/* Paths */

static bool
is_name(char c)
{
	return (unsigned char)c > ' ' && c != '.' && c != '[' && c != ']';
}

/*
 * The next step of a path: a key, or *index if it is not negative. False at its
 * end; *good is false if it is no path.
 */
static bool
next_step(struct hm_slice *path, struct hm_slice *key, int64_t *index,
    bool *good)
{
	size_t n = 0;

	*index = -1;
	*good = true;
	if (path->n == 0)
		return false;
	if (path->p[0] == '[') {
		while (n < path->n && path->p[n] != ']')
			n++;
		*good = n < path->n && hm_decimal_whole(hm_slice(path->p + 1,
		    n - 1), 0, INDEX_MAX, index);
		*path = *good ? hm_slice(path->p + n + 1, path->n - n - 1) :
		    hm_slice(NULL, 0);
		return *good;
	}
	if (path->p[0] == '.')
		*path = hm_slice(path->p + 1, path->n - 1);
	while (n < path->n && is_name(path->p[n]))
		n++;
	*key = hm_slice(path->p, n);
	*good = n > 0;
	*path = hm_slice(path->p + n, path->n - n);
	return *good;
}

bool
hm_limit_path_is_good(struct hm_slice path)
{
	struct hm_slice key;
	int64_t index;
	bool good;

	while (next_step(&path, &key, &index, &good))
		;
	return good;
}

static bool
enter_array(struct hm_value *value, int64_t index)
{
	struct hm_slice rest = value->text;

	if (value->kind != HM_ARRAY)
		return false;
	do {
		if (!hm_array_next(&rest, value))
			return false;
	} while (index-- > 0);
	return true;
}

static bool
enter_object(struct hm_value *value, struct hm_slice key)
{
	if (value->kind != HM_OBJECT)
		return false;
	*value = hm_object_get(value->text, key);
	return value->kind != HM_ABSENT;
}

/* In mW; false if there is no number that a household can have. */
static bool
power_of(struct hm_decimal number, int64_t *power)
{
	return hm_decimal_rescale(hm_decimal_cut(number, 3), 3, power) &&
	    *power <= POWER_MAX && *power >= -POWER_MAX;
}

/* A number; some meters send one as a string. */
static bool
find(struct hm_value value, struct hm_slice path, int64_t *power)
{
	struct hm_slice key = hm_slice(NULL, 0);
	struct hm_decimal number;
	int64_t index;
	bool good;

	while (next_step(&path, &key, &index, &good))
		if (index >= 0 ? !enter_array(&value, index) :
		    !enter_object(&value, key))
			return false;
	return (value.kind == HM_NUMBER || value.kind == HM_STRING) &&
	    hm_decimal_parse(value.text, &number) && power_of(number, power);
}

/* The sum of what the paths lead to. */
static bool
sum_of(const struct hm_limit_meter *meter, const struct hm_value *value,
    int64_t *power)
{
	const char *rest = meter->options.paths;
	struct hm_slice path;
	int64_t part;

	if (rest == NULL)
		return find(*value, hm_slice(NULL, 0), power);
	*power = 0;
	while (hm_config_word(&rest, &path)) {
		if (!find(*value, path, &part))
			return false;
		*power += part;
	}
	return true;
}

/* Records */

bool
hm_limit_meter_takes(const struct hm_limit_meter *meter, struct hm_slice type)
{
	return hm_slice_is(type, meter->options.topics != NULL ? "message" :
	    "meter");
}

static const char *
read_meter(struct hm_limit_meter *meter, const struct hm_record *record,
    bool *known, int64_t *power)
{
	struct hm_slice serial;
	struct hm_decimal number;
	const char *wanted = meter->options.serial != NULL ?
	    meter->options.serial : meter->serial;

	if (!hm_record_string(record, "serial", &serial) || serial.n == 0 ||
	    serial.n >= sizeof meter->serial)
		return "its serial must have 1 to 32 bytes";
	if (wanted[0] != '\0' && !hm_slice_is(serial, wanted)) {
		meter->several = meter->options.serial == NULL;
		return NULL;
	}
	if (hm_record_get(record, "stale")->kind == HM_TRUE ||
	    !hm_record_decimal(record, hm_fields[HM_F_POWER].key,
	    &number))
		return NULL;
	if (!power_of(number, power))
		return "its power is no number of watts";
	memcpy(meter->serial, serial.p, serial.n);
	meter->serial[serial.n] = '\0';
	*known = true;
	return NULL;
}

/* The number of the topic in the list, or HM_LIMIT_TOPICS_MAX. */
static size_t
topic_of(const struct hm_limit_meter *meter, const struct hm_record *record)
{
	const char *rest = meter->options.topics;
	struct hm_slice topic, word;
	char text[1024];
	size_t n;

	if (!hm_record_string(record, "topic", &topic) ||
	    !hm_string_decode(topic, text, sizeof text, &n))
		return HM_LIMIT_TOPICS_MAX;
	for (size_t i = 0; i < HM_LIMIT_TOPICS_MAX && hm_config_word(&rest,
	    &word); i++)
		if (hm_slice_equal(word, hm_slice(text, n)))
			return i;
	return HM_LIMIT_TOPICS_MAX;
}

/* A payload is JSON in a string, or JSON as it is. */
static bool
read_payload(struct hm_limit_meter *meter, const struct hm_record *record,
    int64_t *power)
{
	struct hm_value value = *hm_record_get(record, "payload");
	struct hm_fault fault;
	size_t n;

	if (value.kind == HM_STRING) {
		if (!hm_string_decode(value.text, meter->payload,
		    sizeof meter->payload, &n) || !hm_value_parse(&value,
		    hm_slice(meter->payload, n), &fault))
			return false;
	}
	return sum_of(meter, &value, power);
}

/* The sum over all topics, if all are known. */
static bool
sum_topics(const struct hm_limit_meter *meter, int64_t now, int64_t *power)
{
	const char *rest = meter->options.topics;
	struct hm_slice word;

	*power = 0;
	for (size_t i = 0; i < HM_LIMIT_TOPICS_MAX && hm_config_word(&rest,
	    &word); i++) {
		if (!meter->topic[i].known || now - meter->topic[i].time >=
		    meter->options.silence_ms)
			return false;
		*power += meter->topic[i].power;
	}
	return true;
}

static const char *
read_message(struct hm_limit_meter *meter, const struct hm_record *record,
    int64_t now, bool *known, int64_t *power)
{
	size_t i = topic_of(meter, record);

	/* A retained message may be of last year. */
	if (i == HM_LIMIT_TOPICS_MAX ||
	    hm_record_get(record, "retained")->kind == HM_TRUE)
		return NULL;
	if (!read_payload(meter, record, power))
		return "its payload has no number of watts at limit_meter_path";
	meter->topic[i].known = true;
	meter->topic[i].time = now;
	meter->topic[i].power = *power;
	*known = sum_topics(meter, now, power);
	return NULL;
}

/* In watts, to the nearest. */
static int64_t
rounded(int64_t power)
{
	return (power + (power < 0 ? -500 : 500)) / 1000;
}

const char *
hm_limit_meter_read(struct hm_limit_meter *meter, struct hm_slice type,
    const struct hm_record *record, int64_t now, bool *known, int64_t *watts)
{
	const char *why;
	int64_t power = 0;

	*known = false;
	why = hm_slice_is(type, "meter") ?
	    read_meter(meter, record, known, &power) :
	    read_message(meter, record, now, known, &power);
	*watts = rounded(meter->options.reversed ? -power : power);
	return why;
}
