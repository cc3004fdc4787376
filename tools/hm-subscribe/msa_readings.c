#include "msa_readings.h"

#include <string.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "record/fields.h"
#include "record/record.h"
#include "record/types.h"

#define LINE_BYTES ((size_t)4096) /* 48 values have half of it */

/* Devices */

/* A place for a new device: a free one, or that of one that is silent. */
static struct hm_msa_device *
find_place(struct hm_msa_devices *d, int64_t now)
{
	struct hm_msa_device *found = NULL;

	for (size_t i = 0; i < HM_MSA_DEVICES; i++) {
		struct hm_msa_device *one = &d->device[i];

		if (one->name[0] == '\0' ||
		    now - one->heard >= HM_MSA_SLOW_MS)
			found = one;
	}
	return found;
}

/* NULL, with the reason, if there can be none of that name. */
static struct hm_msa_device *
find_device(struct hm_msa_devices *d, struct hm_slice name, int64_t now,
    const char **reason)
{
	char serial[HM_MSA_SERIAL + 1];
	struct hm_msa_device *place;

	for (size_t i = 0; i < HM_MSA_DEVICES; i++)
		if (hm_slice_is(name, d->device[i].name))
			return &d->device[i];
	if (!hm_msa_serial(name, serial)) {
		*reason = "its topic does not name a device as "
		    "MSA-280024341346 does: a prefix, a hyphen and 12 "
		    "hexadecimal digits";
		return NULL;
	}
	place = find_place(d, now);
	if (place == NULL) {
		*reason = "16 other devices publish, and more are not read";
		return NULL;
	}
	*place = (struct hm_msa_device){.heard = now, .due = now};
	memcpy(place->name, name.p, name.n);
	memcpy(place->serial, serial, sizeof serial);
	return place;
}

/* Values */

/* Less than 0, 0 or more, as the place of a in records is before that of b. */
static int
compare(const struct hm_msa_value *a, const struct hm_msa_value *b)
{
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return a->field == b->field ? 0 : a->field < b->field ? -1 : 1;
}

static void
keep(struct hm_msa_device *device, const struct hm_msa_value *value,
    int64_t until)
{
	struct hm_msa_known *known = device->known;
	size_t i = 0;

	while (i < device->count && compare(&known[i].value, value) < 0)
		i++;
	if (i == device->count || compare(&known[i].value, value) != 0) {
		if (device->count == HM_MSA_VALUES)
			return;
		memmove(&known[i + 1], &known[i],
		    (device->count - i) * sizeof *known);
		device->count++;
	}
	known[i] = (struct hm_msa_known){*value, until};
}

/* A value that is refuted is unknown, as one that is too old. */
static void
forget(struct hm_msa_device *device, int64_t now, bool power)
{
	size_t left = 0;

	for (size_t i = 0; i < device->count; i++) {
		const struct hm_msa_known *one = &device->known[i];
		bool refuted = power &&
		    one->value.scope == HM_SCOPE_BATTERY &&
		    one->value.field == HM_F_SIGNED_POWER;

		if (one->until > now && !refuted)
			device->known[left++] = *one;
	}
	device->count = left;
}

/* Records */

static bool
is_of(const struct hm_msa_value *value, const struct hm_msa_value *first)
{
	return value->scope == first->scope && value->port == first->port;
}

/* Write the record that begins at `i`; returns where the next one begins. */
static size_t
write_record(const struct hm_msa_device *device, size_t i,
    struct hm_slice time, const struct hm_msa_output *output)
{
	const struct hm_msa_value *first = &device->known[i].value, *value;
	char buf[LINE_BYTES];
	struct hm_json e;
	struct hm_slice line;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, hm_reading_types[first->scope].name, time);
	hm_json_text(&e, "dtu", device->name);
	hm_json_text(&e, "serial", device->serial);
	if (first->port > 0)
		hm_json_int(&e, "port", first->port);
	for (; i < device->count &&
	    is_of(&device->known[i].value, first); i++) {
		value = &device->known[i].value;
		hm_json_field(&e, value->field);
		hm_json_decimal(&e, NULL,
		    hm_decimal(value->units, value->scale));
	}
	hm_json_object_end(&e);
	if (hm_json_done(&e, &line))
		output->emit(output->context, line);
	return i;
}

const char *
hm_msa_take(struct hm_msa_devices *d, const struct hm_msa_message *message,
    const struct hm_msa_output *output)
{
	int64_t now = message->now;
	char time[HM_RFC3339_SIZE];
	struct hm_msa_device *device;
	const char *reason = hm_msa_values(&d->values, message->topic.state,
	    message->payload);

	if (reason != NULL)
		return reason;
	device = find_device(d, message->topic.device, now, &reason);
	if (device == NULL)
		return reason;
	device->heard = now;
	for (size_t i = 0; i < d->values.count; i++)
		keep(device, &d->values.value[i], now +
		    (message->topic.state == HM_MSA_QUICK ? HM_MSA_QUICK_MS :
		    HM_MSA_SLOW_MS));
	forget(device, now, d->values.contradicts);
	if (now < device->due)
		return NULL;
	device->due = now + d->period_ms;
	hm_rfc3339_format(message->time, time);
	for (size_t i = 0; i < device->count;)
		i = write_record(device, i, hm_text(time), output);
	return NULL;
}
