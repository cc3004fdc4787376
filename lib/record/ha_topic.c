#include "ha_topic.h"

#include <stdio.h>

#include "topics.h"

#define DEVICE_ID "hm_"

/* Cut the last level off; false if it is empty, or none is before it. */
static bool
cut_level(struct hm_slice *topic, struct hm_slice *level)
{
	size_t n = topic->n;

	while (n > 0 && topic->p[n - 1] != '/')
		n--;
	if (n < 2 || n == topic->n)
		return false;
	*level = hm_slice(topic->p + n, topic->n - n);
	topic->n = n - 1;
	return true;
}

static bool
is_device_id(struct hm_slice level)
{
	const size_t n = sizeof DEVICE_ID - 1;

	return level.n > n && memcmp(level.p, DEVICE_ID, n) == 0;
}

static bool
read_device(struct hm_slice id, struct hm_slice prefix,
    struct hm_ha_topic *out)
{
	const size_t n = sizeof DEVICE_ID - 1;

	*out = (struct hm_ha_topic){
	    .is_device = true,
	    .prefix = prefix,
	    .serial = hm_slice(id.p + n, id.n - n),
	};
	return true;
}

bool
hm_ha_topic_read(struct hm_slice topic, struct hm_ha_topic *out)
{
	struct hm_slice rest = topic, level, object, serial, component;

	if (topic.n >= HM_TOPIC_MAX || memchr(topic.p, '\0', topic.n) != NULL ||
	    !cut_level(&rest, &level) || !hm_slice_is(level, "config") ||
	    !cut_level(&rest, &object) || !cut_level(&rest, &serial))
		return false;
	if (hm_slice_is(serial, "device") && is_device_id(object))
		return read_device(object, rest, out);
	if (!cut_level(&rest, &component))
		return false;
	*out = (struct hm_ha_topic){
	    .prefix = rest,
	    .serial = serial,
	    .component = component,
	    .object = object,
	};
	return true;
}

static size_t
length(int n, size_t cap)
{
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

size_t
hm_ha_topic_filter(const struct hm_ha_topic *topic, char *buf, size_t cap)
{
	return length(snprintf(buf, cap, "%.*s/+/%.*s/+/config",
	    (int)topic->prefix.n, topic->prefix.p, (int)topic->serial.n,
	    topic->serial.p), cap);
}

size_t
hm_ha_topic_device(const struct hm_ha_topic *topic, char *buf, size_t cap)
{
	return length(snprintf(buf, cap, "%.*s/device/" DEVICE_ID
	    "%.*s/config", (int)topic->prefix.n, topic->prefix.p,
	    (int)topic->serial.n, topic->serial.p), cap);
}
