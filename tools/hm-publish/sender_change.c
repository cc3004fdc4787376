#include <mosquitto.h>
#include <stdio.h>
#include <string.h>

#include "awaited_states.h"
#include "base/log.h"
#include "ha_config.h"
#include "migration.h"
#include "mqtt/mqtt_link.h"
#include "outbox.h"
#include "record/ha_topic.h"
#include "record/record.h"
#include "record/topics.h"
#include "sender_private.h"
#include "standing.h"

/*
 * Home Assistant gives the last number of an entity the unit of its new
 * announcement, and records that, unless the entity is unavailable until the
 * next state. That state may lack the entity's value: so the number is removed
 * before, by a null.
 */

#define HIDDEN_MAX_MS 300000 /* without the states that are awaited */
#define FINISH_AGAIN_MS 1000
#define KEY_MAX ((size_t)64) /* bytes */
#define REST_MAX 16 /* bytes of a packet without topic and payload */

static void
say(struct hm_sender *sender, bool online)
{
	hm_mqtt_link_say(sender->link, online ? "online" : "offline", NULL);
	sender->change.hidden = !online;
}

static void
ignore(void *context, const struct hm_ha_config *config)
{
	(void)context, (void)config;
}

/* The entities that an announcement changes. */
struct changed {
	struct hm_sender *sender;
	int qos; /* of the announcement */
};

/* Our templates, as those of hoymiles-mqtt, ignore members that are absent. */
static bool
send_null(const struct changed *changed, struct hm_slice topic,
    struct hm_slice key)
{
	char payload[KEY_MAX + sizeof "{\"\":null}"];
	int n = snprintf(payload, sizeof payload, "{\"%.*s\":null}",
	    (int)key.n, key.p);
	const struct hm_message message = {
	    .topic = topic,
	    .payload = hm_slice(payload, (size_t)n),
	    .qos = changed->qos,
	};

	return hm_outbox_push(changed->sender->outbox, &message);
}

/* States from before are in the old unit. */
static void
await(void *context, const struct hm_ha_config *config)
{
	const struct changed *changed = context;
	struct hm_sender *sender = changed->sender;
	struct hm_slice topic;
	char text[HM_TOPIC_MAX];
	size_t n;

	if (config->state_topic.n == 0 ||
	    !hm_string_decode(config->state_topic, text, sizeof text, &n))
		return;
	topic = hm_slice(text, n);
	/* A filter, which Home Assistant takes, has no one state. */
	if (memchr(text, '\0', n) != NULL ||
	    mosquitto_pub_topic_check2(text, n) != MOSQ_ERR_SUCCESS)
		return;
	hm_outbox_outdate(sender->outbox, topic);
	if (!hm_awaited_add(&sender->change.awaited, topic) ||
	    (config->key.n > 0 && config->key.n <= KEY_MAX &&
	    !send_null(changed, topic, config->key)))
		hm_log(HM_WARNING, "no memory to wait for a state of %.*s",
		    (int)n, text);
}

/* Whether the message may be sent now. */
static bool
hide(struct hm_sender *sender, int qos, int64_t now)
{
	struct hm_sender_change *change = &sender->change;
	struct changed changed = {sender, qos};

	if (!hm_migration_changes(change->migration, ignore, NULL))
		return true;
	if (!change->hidden) {
		/* "offline" must not overtake what is in flight. */
		if (hm_outbox_flights(sender->outbox) > 0)
			return false;
		hm_log(HM_INFO, "the unit or class of an entity changes: we "
		    "say \"offline\" until its next state");
		say(sender, false);
	}
	change->until = now + HIDDEN_MAX_MS;
	hm_migration_changes(change->migration, await, &changed);
	return true;
}

struct steps {
	struct hm_sender *sender;
	int qos;
	size_t count;
};

static void
step(void *context, enum hm_migration_step step, struct hm_slice topic)
{
	static const char migrate[] = "{\"migrate_discovery\":true}";
	struct steps *steps = context;
	bool empty = step == HM_STEP_EMPTY;
	const struct hm_message message = {
	    .topic = topic,
	    .payload = empty ? hm_slice("", 0) : hm_text(migrate),
	    .qos = steps->qos,
	    .retain = empty,
	};

	if (!hm_outbox_push(steps->sender->outbox, &message))
		hm_log(HM_ERROR, "no memory to replace %.*s", (int)topic.n,
		    topic.p);
	if (empty)
		hm_outbox_forget(steps->sender->outbox, topic);
	steps->count += empty ? 1 : 0;
}

static void
replace_old(struct hm_sender *sender, const struct hm_message *message)
{
	struct steps steps = {.sender = sender, .qos = message->qos};

	hm_migration_before(sender->change.migration, step, &steps);
	if (steps.count > 0)
		hm_log_facts(HM_INFO, HM_FACTS(
		    hm_fact_slice("topic", message->topic),
		    hm_fact_int("messages", (int64_t)steps.count)),
		    "%.*s takes the place of %zu other discovery messages",
		    (int)message->topic.n, message->topic.p, steps.count);
}

/* Without control_enabled: what is left of it. */

/* 0: the topic did not fit. */
static uint64_t
hash_of(const char *topic, size_t n)
{
	return n > 0 ? hm_ha_text_hash(hm_slice(topic, n)) : 0;
}

static void
look_for_control(struct hm_sender *sender, const struct hm_ha_topic *topic)
{
	const struct hm_sender_change *change = &sender->change;
	char topics[2][HM_TOPIC_MAX];
	size_t n[2];

	if (change->client_id == NULL)
		return;
	n[0] = hm_topic_own_commands(change->prefix, change->client_id,
	    topics[0], sizeof topics[0]);
	n[1] = hm_topic_own_results(change->prefix, change->client_id,
	    topic->serial, topics[1], sizeof topics[1]);
	hm_migration_retire(change->migration, hash_of(topics[0], n[0]),
	    hash_of(topics[1], n[1]));
}

static void
end_control(struct hm_sender *sender, const struct hm_message *message,
    const struct hm_ha_topic *topic)
{
	struct steps steps = {.sender = sender, .qos = message->qos};
	size_t count = hm_migration_retired(sender->change.migration, step,
	    &steps), n;
	char confirmed[HM_TOPIC_MAX];

	if (count == 0)
		return;
	n = hm_topic_confirmed(sender->change.prefix, topic->serial, confirmed,
	    sizeof confirmed);
	step(&steps, HM_STEP_EMPTY, hm_slice(confirmed, n));
	hm_log_facts(HM_INFO, HM_FACTS(
	    hm_fact_slice("serial", topic->serial),
	    hm_fact_int("entities", (int64_t)count)), "control_enabled is "
	    "false: %.*s loses its entities of control, of which %zu were "
	    "announced", (int)topic->serial.n, topic->serial.p, count);
}

/*
 * Without room in a packet the message is refused when it is sent: then the old
 * ones stay.
 */
static bool
fits(const struct hm_sender *sender, const struct hm_message *message,
    size_t payload)
{
	return message->topic.n + payload + REST_MAX <=
	    hm_mqtt_link_packet_max(sender->link);
}

static bool
prepare(struct hm_sender *sender, const struct hm_message *message,
    struct hm_stood_device *device, const struct hm_ha_topic *topic,
    int64_t now)
{
	struct hm_sender_change *change = &sender->change;
	struct hm_slice payload;
	bool reduced;

	look_for_control(sender, topic);
	hm_migration_look(change->migration, device, message->payload,
	    topic->is_device);
	payload = hm_migration_merge(change->migration, now, &reduced);
	if (fits(sender, message, payload.n)) {
		if (!hide(sender, message->qos, now))
			return false;
		replace_old(sender, message);
		end_control(sender, message, topic);
	}
	if (reduced) {
		device->reduced = now + HM_REDUCED_MS;
		device->reduced_qos = message->qos;
		if (change->reduced == 0)
			change->reduced = device->reduced;
	}
	hm_outbox_prepared(sender->outbox, payload);
	return true;
}

bool
hm_ha_is_announcement(const struct hm_message *message,
    struct hm_ha_topic *topic)
{
	return message->retain && message->payload.n > 0 &&
	    hm_ha_topic_read(message->topic, topic);
}

bool
hm_sender_change_prepare(struct hm_sender *sender,
    const struct hm_message *message, int64_t now)
{
	struct hm_stood_device *device;
	struct hm_ha_topic topic;

	if (!hm_ha_is_announcement(message, &topic)) {
		hm_outbox_prepared(sender->outbox, message->payload);
		return true;
	}
	device = hm_standing_find(sender->learn.standing, &topic);
	if (device == NULL) {
		if (sender->learn.asks)
			return false;
		hm_sender_learn_ask(sender, now);
		device = hm_standing_find(sender->learn.standing, &topic);
	}
	if (device == NULL) {
		hm_outbox_prepared(sender->outbox, message->payload);
		return true;
	}
	return device->state == HM_STOOD_KNOWN &&
	    prepare(sender, message, device, &topic, now);
}

void
hm_sender_change_sent(struct hm_sender *sender,
    const struct hm_message *message, int id)
{
	if (message->retain)
		hm_standing_sent(sender->learn.standing, message->topic,
		    message->payload);
	if (!hm_outbox_is_pushed(sender->outbox))
		hm_awaited_sent(&sender->change.awaited, message->topic, id);
}

/* Components that were reduced are left out. */

static void
finish(struct hm_sender *sender, struct hm_stood_device *device, int64_t now)
{
	const struct hm_message message = {
	    .topic = device->topic,
	    .payload = hm_migration_finish(sender->change.migration, device),
	    .qos = device->reduced_qos,
	    .retain = true,
	};

	/* A newer message of the device that waits must not be replaced. */
	if (hm_outbox_replaces(sender->outbox, &message)) {
		device->reduced = now + FINISH_AGAIN_MS;
		return;
	}
	device->reduced = 0;
	hm_outbox_put(sender->outbox, &message);
}

static void
finish_due(struct hm_sender *sender, int64_t now)
{
	struct hm_stood_device *device = NULL;
	int64_t next = 0;

	if (sender->change.reduced == 0 || now < sender->change.reduced)
		return;
	while ((device = hm_standing_next(sender->learn.standing, device)) !=
	    NULL) {
		if (device->reduced != 0 && now >= device->reduced)
			finish(sender, device, now);
		if (device->reduced != 0 &&
		    (next == 0 || device->reduced < next))
			next = device->reduced;
	}
	sender->change.reduced = next;
}

void
hm_sender_change_look(struct hm_sender *sender, int64_t now)
{
	struct hm_sender_change *change = &sender->change;

	finish_due(sender, now);
	if (!change->hidden)
		return;
	if (change->awaited.count > 0 && now < change->until)
		return;
	if (change->awaited.count > 0)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("states",
		    (int64_t)change->awaited.count)), "no state has come for "
		    "%zu topics within %d s after a change of their unit: we "
		    "say \"online\" without them", change->awaited.count,
		    HIDDEN_MAX_MS / 1000);
	hm_awaited_clear(&change->awaited);
	say(sender, true);
}

void
hm_sender_change_connected(struct hm_sender *sender, int64_t now)
{
	sender->change.until = now + HIDDEN_MAX_MS;
	say(sender, !sender->change.hidden);
}

void
hm_sender_change_lost(struct hm_sender *sender)
{
	hm_awaited_return(&sender->change.awaited);
	sender->change.reduced = 0;
}

int64_t
hm_sender_change_due(const struct hm_sender *sender)
{
	int64_t due = sender->learn.asks ? sender->learn.until : 0;
	const int64_t others[] = {sender->change.reduced,
	    sender->change.hidden ? sender->change.until : 0};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i] != 0 && (due == 0 || others[i] < due))
			due = others[i];
	return due;
}
