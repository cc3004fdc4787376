#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "outbox_private.h"

static uint64_t
hash_of(struct hm_slice topic)
{
	return hm_hash_bytes(HM_HASH_START, topic.p, topic.n);
}

static bool
has_topic(const void *entry, const void *key)
{
	const struct hm_outbox_entry *e = entry;
	const struct hm_slice *topic = key;

	return hm_slice_equal(*topic, hm_slice(e->topic, e->topic_size));
}

struct hm_outbox_entry *
hm_outbox_find(const struct hm_outbox *o, struct hm_slice topic)
{
	return hm_hash_find(&o->topics, hash_of(topic), has_topic, &topic);
}

void
hm_outbox_remove(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	hm_hash_remove(&o->topics, &entry->item);
	o->bytes -= entry->topic_size + entry->payload_cap;
	hm_outbox_entry_free(entry);
}

bool
hm_outbox_is_idle(const struct hm_outbox_entry *entry)
{
	return !entry->queued && entry->flying == 0;
}

/* The topic of states that was used longest ago, or NULL. */
static struct hm_outbox_entry *
oldest_idle_state(const struct hm_outbox *o)
{
	struct hm_outbox_entry *oldest = NULL;
	struct hm_outbox_entry *entry = hm_hash_next(&o->topics, NULL);

	for (; entry != NULL; entry = hm_hash_next(&o->topics, &entry->item))
		if (hm_outbox_is_idle(entry) && !entry->retain &&
		    (oldest == NULL || entry->order < oldest->order))
			oldest = entry;
	return oldest;
}

static bool
make_room(struct hm_outbox *o, size_t topics, size_t bytes)
{
	while (o->topics.count + topics > o->limits.topics ||
	    o->bytes + bytes > o->limits.bytes) {
		struct hm_outbox_entry *idle = oldest_idle_state(o);

		if (idle == NULL)
			return false;
		hm_outbox_remove(o, idle);
	}
	return true;
}

struct hm_outbox_entry *
hm_outbox_entry_new(struct hm_slice topic)
{
	struct hm_outbox_entry *entry = calloc(1, sizeof *entry);

	if (entry == NULL)
		return NULL;
	entry->topic = strndup(topic.p, topic.n);
	entry->topic_size = topic.n;
	if (entry->topic != NULL)
		return entry;
	free(entry);
	return NULL;
}

void
hm_outbox_entry_free(struct hm_outbox_entry *entry)
{
	free(entry->topic);
	free(entry->payload);
	free(entry);
}

struct hm_outbox_entry *
hm_outbox_add_once(struct hm_outbox *o, const struct hm_message *message)
{
	struct hm_outbox_entry *entry;

	if (!make_room(o, 0, message->topic.n + message->payload.n))
		return NULL;
	entry = hm_outbox_entry_new(message->topic);
	if (entry == NULL)
		return NULL;
	entry->once = true;
	o->bytes += message->topic.n;
	if (hm_outbox_set_payload(o, entry, message->payload))
		return entry;
	hm_outbox_free_once(o, entry);
	return NULL;
}

void
hm_outbox_free_once(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	o->bytes -= entry->topic_size + entry->payload_cap;
	hm_outbox_entry_free(entry);
}

struct hm_outbox_entry *
hm_outbox_add(struct hm_outbox *o, struct hm_slice topic)
{
	struct hm_outbox_entry *entry;

	if (!make_room(o, 1, topic.n))
		return NULL;
	entry = hm_outbox_entry_new(topic);
	if (entry == NULL)
		return NULL;
	if (!hm_hash_add(&o->topics, hash_of(topic), &entry->item)) {
		hm_outbox_entry_free(entry);
		return NULL;
	}
	o->bytes += topic.n;
	return entry;
}

bool
hm_outbox_set_payload(struct hm_outbox *o, struct hm_outbox_entry *entry,
    struct hm_slice payload)
{
	if (payload.n > entry->payload_cap) {
		char *grown = NULL;
		bool room;

		/* Do not drop this entry to make room. */
		entry->flying++;
		room = make_room(o, 0, payload.n - entry->payload_cap);
		entry->flying--;
		if (room)
			grown = realloc(entry->payload, payload.n);
		if (grown == NULL)
			return false;
		entry->payload = grown;
		o->bytes += payload.n - entry->payload_cap;
		entry->payload_cap = payload.n;
	}
	if (payload.n > 0)
		memcpy(entry->payload, payload.p, payload.n);
	entry->payload_size = payload.n;
	return true;
}

void
hm_outbox_free_topics(struct hm_outbox *o)
{
	struct hm_outbox_entry *entry = hm_hash_next(&o->topics, NULL);
	struct hm_outbox_entry *next;

	for (; entry != NULL; entry = next) {
		next = hm_hash_next(&o->topics, &entry->item);
		hm_outbox_entry_free(entry);
	}
	hm_hash_free(&o->topics);
}
