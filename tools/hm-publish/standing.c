#include "standing.h"

#include <stdlib.h>

#include "ha_config.h"
#include "record/topics.h"

struct hm_standing {
	struct hm_hash devices;
	size_t bytes;
	/* Topics that we emptied, and whose message may come back, in a ring */
	uint64_t echo[HM_STANDING_ECHOES];
	size_t first, echoes;
};

struct hm_standing *
hm_standing_new(void)
{
	return calloc(1, sizeof(struct hm_standing));
}

static void
free_config(struct hm_standing *s, struct hm_stood_config *config)
{
	s->bytes -= sizeof *config + config->topic_size;
	free(config);
}

static void
drop_config(struct hm_standing *s, struct hm_stood_device *device,
    struct hm_stood_config *config)
{
	LIST_REMOVE(config, next);
	device->count--;
	free_config(s, config);
}

static void
drop_message(struct hm_standing *s, struct hm_stood_device *device)
{
	s->bytes -= device->message_size;
	free(device->message);
	device->message = NULL;
	device->message_size = 0;
	device->reduced = 0;
}

static void
free_device(struct hm_standing *s, struct hm_stood_device *device)
{
	struct hm_stood_config *config = LIST_FIRST(&device->configs), *next;

	for (; config != NULL; config = next) {
		next = LIST_NEXT(config, next);
		free_config(s, config);
	}
	drop_message(s, device);
	free(device);
}

void
hm_standing_clear(struct hm_standing *s)
{
	struct hm_stood_device *device = hm_hash_next(&s->devices, NULL);
	struct hm_stood_device *next;

	for (; device != NULL; device = next) {
		next = hm_hash_next(&s->devices, &device->item);
		free_device(s, device);
	}
	hm_hash_clear(&s->devices);
	s->echoes = 0;
}

void
hm_standing_free(struct hm_standing *s)
{
	if (s == NULL)
		return;
	hm_standing_clear(s);
	hm_hash_free(&s->devices);
	free(s);
}

/* Devices */

static uint64_t
hash_of(const struct hm_ha_topic *topic)
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, topic->prefix.p,
	    topic->prefix.n);

	return hm_hash_bytes(hash, topic->serial.p, topic->serial.n);
}

static bool
is_of(const void *entry, const void *key)
{
	const struct hm_stood_device *device = entry;
	const struct hm_ha_topic *topic = key;
	struct hm_ha_topic own;

	return hm_ha_topic_read(device->topic, &own) &&
	    hm_slice_equal(own.prefix, topic->prefix) &&
	    hm_slice_equal(own.serial, topic->serial);
}

struct hm_stood_device *
hm_standing_find(const struct hm_standing *s, const struct hm_ha_topic *topic)
{
	return hm_hash_find(&s->devices, hash_of(topic), is_of, topic);
}

struct hm_stood_device *
hm_standing_add(struct hm_standing *s, const struct hm_ha_topic *topic)
{
	char text[HM_TOPIC_MAX];
	size_t n = hm_ha_topic_device(topic, text, sizeof text);
	struct hm_stood_device *device;

	if (n == 0 || s->devices.count == HM_STANDING_DEVICES)
		return NULL;
	device = calloc(1, sizeof *device + n);
	if (device == NULL)
		return NULL;
	memcpy(device->text, text, n);
	device->topic = hm_slice(device->text, n);
	LIST_INIT(&device->configs);
	if (hm_hash_add(&s->devices, hash_of(topic), &device->item))
		return device;
	free(device);
	return NULL;
}

struct hm_stood_device *
hm_standing_next(const struct hm_standing *s,
    const struct hm_stood_device *device)
{
	return hm_hash_next(&s->devices,
	    device != NULL ? &device->item : NULL);
}

/* Their messages */

static struct hm_stood_config *
find_config(const struct hm_stood_device *device, struct hm_slice topic)
{
	struct hm_stood_config *config = LIST_FIRST(&device->configs);

	while (config != NULL && !hm_slice_equal(topic,
	    hm_slice(config->topic, config->topic_size)))
		config = LIST_NEXT(config, next);
	return config;
}

static struct hm_stood_config *
add_config(struct hm_standing *s, struct hm_stood_device *device,
    struct hm_slice topic, const struct hm_ha_topic *parts)
{
	size_t bytes = sizeof(struct hm_stood_config) + topic.n;
	struct hm_stood_config *config;

	if (device->count == HM_STANDING_CONFIGS ||
	    bytes > HM_STANDING_BYTES - s->bytes)
		return NULL;
	config = calloc(1, bytes);
	if (config == NULL)
		return NULL;
	memcpy(config->topic, topic.p, topic.n);
	config->topic_size = topic.n;
	config->component = hm_ha_text_hash(parts->component);
	config->object = hm_ha_text_hash(parts->object);
	LIST_INSERT_HEAD(&device->configs, config, next);
	device->count++;
	s->bytes += bytes;
	return config;
}

static void
set_config(struct hm_standing *s, struct hm_stood_device *device,
    struct hm_slice topic, const struct hm_ha_topic *parts,
    struct hm_slice payload)
{
	struct hm_stood_config *config = find_config(device, topic);
	struct hm_ha_config read = {0};

	if (payload.n == 0) {
		if (config != NULL)
			drop_config(s, device, config);
		return;
	}
	if (config == NULL)
		config = add_config(s, device, topic, parts);
	if (config == NULL)
		return;
	hm_ha_config_read(payload, &read);
	config->unique = read.unique;
	config->recorded = read.recorded;
	config->command = read.command;
	config->state = read.state;
}

static void
set_message(struct hm_standing *s, struct hm_stood_device *device,
    struct hm_slice payload)
{
	struct hm_slice components;
	int64_t reduced = device->reduced;

	drop_message(s, device);
	if (payload.n == 0 || payload.n > HM_STANDING_BYTES - s->bytes ||
	    !hm_ha_components_read(payload, &components))
		return;
	device->message = malloc(payload.n);
	if (device->message == NULL)
		return;
	memcpy(device->message, payload.p, payload.n);
	device->message_size = payload.n;
	device->reduced = reduced;
	s->bytes += payload.n;
}

static void
set(struct hm_standing *s, struct hm_stood_device *device,
    struct hm_slice topic, const struct hm_ha_topic *parts,
    struct hm_slice payload)
{
	if (parts->is_device)
		set_message(s, device, payload);
	else
		set_config(s, device, topic, parts, payload);
}

/* Echoes of our own deletions */

static void
expect_echo(struct hm_standing *s, uint64_t topic)
{
	s->echo[(s->first + s->echoes) % HM_STANDING_ECHOES] = topic;
	if (s->echoes < HM_STANDING_ECHOES)
		s->echoes++;
	else
		s->first = (s->first + 1) % HM_STANDING_ECHOES;
}

/* Echoes come in order, but some may not come. */
static bool
take_echo(struct hm_standing *s, uint64_t topic)
{
	for (size_t i = 0; i < s->echoes; i++) {
		if (s->echo[(s->first + i) % HM_STANDING_ECHOES] != topic)
			continue;
		s->first = (s->first + i + 1) % HM_STANDING_ECHOES;
		s->echoes -= i + 1;
		return true;
	}
	return false;
}

/* What comes and goes */

static bool
is_migration(struct hm_slice payload)
{
	static const char word[] = "\"migrate_discovery\"";

	/* It has no other members of interest, and is not retained. */
	return payload.n > 0 && payload.n < 64 && memmem(payload.p, payload.n,
	    word, sizeof word - 1) != NULL;
}

bool
hm_standing_hear(struct hm_standing *s, struct hm_slice topic,
    struct hm_slice payload, bool live)
{
	struct hm_stood_device *device;
	struct hm_ha_topic parts;

	if (!hm_ha_topic_read(topic, &parts) || is_migration(payload))
		return false;
	device = hm_standing_find(s, &parts);
	if (device == NULL)
		return false;
	if (!live && device->state == HM_STOOD_KNOWN)
		return false;
	set(s, device, topic, &parts, payload);
	return live && payload.n == 0 && !take_echo(s, hm_ha_text_hash(topic));
}

void
hm_standing_sent(struct hm_standing *s, struct hm_slice topic,
    struct hm_slice payload)
{
	struct hm_stood_device *device;
	struct hm_ha_topic parts;

	if (!hm_ha_topic_read(topic, &parts))
		return;
	device = hm_standing_find(s, &parts);
	if (device == NULL)
		return;
	if (payload.n == 0)
		expect_echo(s, hm_ha_text_hash(topic));
	set(s, device, topic, &parts, payload);
}
