#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "outbox_private.h"

/* Of malloc for an entry and its payload, and a slot of the table. */
#define OVERHEAD (4 * sizeof(size_t) + sizeof(void *))

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

/* Room */

size_t
hm_outbox_cost(size_t topic, size_t payload)
{
	return sizeof(struct hm_outbox_entry) + topic + 1 + payload + OVERHEAD;
}

static size_t
cost_of(const struct hm_outbox_entry *entry)
{
	return hm_outbox_cost(entry->topic_size, entry->payload_cap);
}

bool
hm_outbox_is_idle(const struct hm_outbox_entry *entry)
{
	return !entry->queued && entry->flying == 0;
}

void
hm_outbox_rest(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	if (entry->idle || !hm_outbox_is_idle(entry) || entry->retain ||
	    entry->urgent || entry->once)
		return;
	TAILQ_INSERT_TAIL(&o->idle, entry, kin);
	entry->idle = true;
}

void
hm_outbox_wake(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	if (entry->idle)
		TAILQ_REMOVE(&o->idle, entry, kin);
	entry->idle = false;
}

void
hm_outbox_remove(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	hm_outbox_wake(o, entry);
	hm_hash_remove(&o->topics, &entry->item);
	o->bytes -= cost_of(entry);
	hm_outbox_entry_free(entry);
}

/* Forget the states that were used longest ago, as far as needed. */
static bool
make_room(struct hm_outbox *o, size_t bytes)
{
	if (bytes > o->limits.bytes)
		return false;
	while (o->bytes > o->limits.bytes - bytes) {
		if (TAILQ_EMPTY(&o->idle))
			return false;
		hm_outbox_remove(o, TAILQ_FIRST(&o->idle));
	}
	return true;
}

/* Entries */

struct hm_outbox_entry *
hm_outbox_entry_new(struct hm_slice topic)
{
	struct hm_outbox_entry *entry;

	if (topic.n > UINT16_MAX)
		return NULL;
	entry = calloc(1, sizeof *entry + topic.n + 1);
	if (entry == NULL)
		return NULL;
	memcpy(entry->topic, topic.p, topic.n);
	entry->topic_size = (uint16_t)topic.n;
	return entry;
}

void
hm_outbox_entry_free(struct hm_outbox_entry *entry)
{
	free(entry->payload);
	free(entry);
}

bool
hm_outbox_copy_payload(struct hm_outbox_entry *entry, struct hm_slice payload)
{
	char *grown;

	if (payload.n > entry->payload_cap) {
		if (payload.n > UINT32_MAX)
			return false;
		grown = realloc(entry->payload, payload.n);
		if (grown == NULL)
			return false;
		entry->payload = grown;
		entry->payload_cap = (uint32_t)payload.n;
	}
	if (payload.n > 0)
		memcpy(entry->payload, payload.p, payload.n);
	entry->payload_size = (uint32_t)payload.n;
	return true;
}

bool
hm_outbox_set_payload(struct hm_outbox *o, struct hm_outbox_entry *entry,
    struct hm_slice payload)
{
	size_t cap = entry->payload_cap;
	bool set;

	/* Do not drop this entry to make room. */
	hm_outbox_wake(o, entry);
	set = (payload.n <= cap || make_room(o, payload.n - cap)) &&
	    hm_outbox_copy_payload(entry, payload);
	o->bytes += entry->payload_cap - cap;
	hm_outbox_rest(o, entry);
	return set;
}

struct hm_outbox_entry *
hm_outbox_add_once(struct hm_outbox *o, const struct hm_message *message)
{
	struct hm_outbox_entry *entry;

	if (!make_room(o, hm_outbox_cost(message->topic.n,
	    message->payload.n)))
		return NULL;
	entry = hm_outbox_entry_new(message->topic);
	if (entry == NULL)
		return NULL;
	entry->once = true;
	o->bytes += cost_of(entry);
	if (hm_outbox_set_payload(o, entry, message->payload))
		return entry;
	hm_outbox_free_once(o, entry);
	return NULL;
}

void
hm_outbox_free_once(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	o->bytes -= cost_of(entry);
	hm_outbox_entry_free(entry);
}

struct hm_outbox_entry *
hm_outbox_add(struct hm_outbox *o, struct hm_slice topic)
{
	struct hm_outbox_entry *entry;

	if (!make_room(o, hm_outbox_cost(topic.n, 0)))
		return NULL;
	entry = hm_outbox_entry_new(topic);
	if (entry == NULL)
		return NULL;
	if (!hm_hash_add(&o->topics, hash_of(topic), &entry->item)) {
		hm_outbox_entry_free(entry);
		return NULL;
	}
	o->bytes += cost_of(entry);
	return entry;
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
