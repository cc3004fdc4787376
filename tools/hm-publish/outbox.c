#include "outbox.h"

#include <stdlib.h>

#define BUCKETS ((size_t)4096)

/* One topic and its newest message. */
struct hm_outbox_entry {
	struct hm_outbox_entry *chain;          /* in its bucket */
	struct hm_outbox_entry *before, *after; /* in the queue */
	char *topic, *payload;
	size_t topic_size, payload_size, payload_cap;
	uint64_t order; /* of its first announcement, or its last use */
	int qos;
	bool retain, queued;
	unsigned flying; /* times it is in flight */
};

struct flight {
	struct hm_outbox_entry *entry;
	int id;
};

struct hm_outbox {
	struct hm_outbox_limits limits;
	struct hm_outbox_counts counts;
	struct hm_outbox_entry *bucket[BUCKETS];
	struct hm_outbox_entry *head, *tail;
	struct flight flight[HM_OUTBOX_FLIGHT_MAX]; /* oldest first */
	size_t flights;
	size_t topics, bytes, states; /* states: those that wait */
	uint64_t order;
};

struct hm_outbox *
hm_outbox_new(const struct hm_outbox_limits *limits)
{
	struct hm_outbox *o = calloc(1, sizeof *o);

	if (o != NULL)
		o->limits = *limits;
	return o;
}

static void
free_entry(struct hm_outbox_entry *entry)
{
	free(entry->topic);
	free(entry->payload);
	free(entry);
}

void
hm_outbox_free(struct hm_outbox *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (o->bucket[i] != NULL) {
			struct hm_outbox_entry *entry = o->bucket[i];

			o->bucket[i] = entry->chain;
			free_entry(entry);
		}
	free(o);
}

const struct hm_outbox_counts *
hm_outbox_counts(const struct hm_outbox *o)
{
	return &o->counts;
}

/* The queue */

static void
count_waiting(struct hm_outbox *o, const struct hm_outbox_entry *entry,
    bool waits)
{
	if (!entry->retain)
		o->states += waits ? 1 : (size_t)-1;
	o->counts.queued += waits ? 1 : (uint64_t)-1;
}

static void
take_out(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	if (entry->before != NULL)
		entry->before->after = entry->after;
	else
		o->head = entry->after;
	if (entry->after != NULL)
		entry->after->before = entry->before;
	else
		o->tail = entry->before;
	entry->before = entry->after = NULL;
	entry->queued = false;
	count_waiting(o, entry, false);
}

static void
put_last(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	entry->before = o->tail;
	entry->after = NULL;
	if (o->tail != NULL)
		o->tail->after = entry;
	else
		o->head = entry;
	o->tail = entry;
	entry->queued = true;
	count_waiting(o, entry, true);
}

static void
put_first(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	entry->before = NULL;
	entry->after = o->head;
	if (o->head != NULL)
		o->head->before = entry;
	else
		o->tail = entry;
	o->head = entry;
	entry->queued = true;
	count_waiting(o, entry, true);
}

/* The table of topics */

static struct hm_outbox_entry **
bucket_of(struct hm_outbox *o, struct hm_slice topic)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (size_t i = 0; i < topic.n; i++)
		hash = (hash ^ (unsigned char)topic.p[i]) * 1099511628211u;
	return &o->bucket[hash % BUCKETS];
}

static struct hm_outbox_entry *
find(struct hm_outbox *o, struct hm_slice topic)
{
	struct hm_outbox_entry *entry = *bucket_of(o, topic);

	while (entry != NULL && !hm_slice_equal(topic,
	    hm_slice(entry->topic, entry->topic_size)))
		entry = entry->chain;
	return entry;
}

static void
forget(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	struct hm_outbox_entry **link = bucket_of(o,
	    hm_slice(entry->topic, entry->topic_size));

	while (*link != entry)
		link = &(*link)->chain;
	*link = entry->chain;
	o->topics--;
	o->bytes -= entry->topic_size + entry->payload_cap;
	free_entry(entry);
}

static bool
is_idle(const struct hm_outbox_entry *entry)
{
	return !entry->queued && entry->flying == 0;
}

/* The state topic that has been quiet for longest, or NULL. */
static struct hm_outbox_entry *
oldest_idle_state(const struct hm_outbox *o)
{
	struct hm_outbox_entry *oldest = NULL;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct hm_outbox_entry *entry = o->bucket[i];
		    entry != NULL; entry = entry->chain)
			if (is_idle(entry) && !entry->retain &&
			    (oldest == NULL || entry->order < oldest->order))
				oldest = entry;
	return oldest;
}

static bool
make_room(struct hm_outbox *o, size_t topics, size_t bytes)
{
	while (o->topics + topics > o->limits.topics ||
	    o->bytes + bytes > o->limits.bytes) {
		struct hm_outbox_entry *idle = oldest_idle_state(o);

		if (idle == NULL)
			return false;
		forget(o, idle);
	}
	return true;
}

static struct hm_outbox_entry *
add(struct hm_outbox *o, struct hm_slice topic)
{
	struct hm_outbox_entry **bucket = bucket_of(o, topic);
	struct hm_outbox_entry *entry;

	if (!make_room(o, 1, topic.n))
		return NULL;
	entry = calloc(1, sizeof *entry);
	if (entry == NULL)
		return NULL;
	entry->topic = strndup(topic.p, topic.n);
	if (entry->topic == NULL) {
		free(entry);
		return NULL;
	}
	entry->topic_size = topic.n;
	entry->chain = *bucket;
	*bucket = entry;
	o->topics++;
	o->bytes += topic.n;
	return entry;
}

static bool
set_payload(struct hm_outbox *o, struct hm_outbox_entry *entry,
    struct hm_slice payload)
{
	if (payload.n > entry->payload_cap) {
		char *grown = NULL;
		bool room;

		/* The entry itself must not be the one to make room. */
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

/* Putting in */

static void
drop_oldest_state(struct hm_outbox *o)
{
	struct hm_outbox_entry *entry = o->head;

	while (entry != NULL && entry->retain)
		entry = entry->after;
	if (entry == NULL)
		return;
	take_out(o, entry);
	o->counts.dropped++;
}

bool
hm_outbox_put(struct hm_outbox *o, const struct hm_message *message)
{
	struct hm_outbox_entry *entry = find(o, message->topic);

	if (entry == NULL)
		entry = add(o, message->topic);
	if (entry == NULL || !set_payload(o, entry, message->payload)) {
		o->counts.dropped++;
		return false;
	}
	if (entry->queued) {
		o->counts.replaced++;
		take_out(o, entry);
	}
	entry->order = ++o->order;
	entry->qos = message->qos;
	entry->retain = message->retain;
	/* States that returned from a lost connection may be too many. */
	while (!entry->retain && o->states >= o->limits.states)
		drop_oldest_state(o);
	put_last(o, entry);
	return true;
}

bool
hm_outbox_replaces(struct hm_outbox *o, const struct hm_message *message)
{
	const struct hm_outbox_entry *entry = find(o, message->topic);

	return (entry != NULL && !is_idle(entry)) ||
	    (!message->retain && o->states >= o->limits.states);
}

/* Sending */

bool
hm_outbox_next(const struct hm_outbox *o, struct hm_message *message)
{
	const struct hm_outbox_entry *entry = o->head;

	if (entry == NULL || o->flights == HM_OUTBOX_FLIGHT_MAX)
		return false;
	*message = (struct hm_message){
	    .topic = hm_slice(entry->topic, entry->topic_size),
	    .payload = hm_slice(entry->payload, entry->payload_size),
	    .qos = entry->qos,
	    .retain = entry->retain,
	};
	return true;
}

void
hm_outbox_sent(struct hm_outbox *o, int id)
{
	struct hm_outbox_entry *entry = o->head;

	take_out(o, entry);
	entry->flying++;
	o->counts.queued++;
	o->flight[o->flights++] = (struct flight){entry, id};
}

static struct hm_outbox_entry *
land(struct hm_outbox *o, size_t i)
{
	struct hm_outbox_entry *entry = o->flight[i].entry;

	o->flights--;
	memmove(&o->flight[i], &o->flight[i + 1],
	    (o->flights - i) * sizeof *o->flight);
	entry->flying--;
	o->counts.queued--;
	return entry;
}

void
hm_outbox_arrived(struct hm_outbox *o, int id)
{
	struct hm_outbox_entry *entry;

	for (size_t i = 0; i < o->flights; i++) {
		if (o->flight[i].id != id)
			continue;
		entry = land(o, i);
		o->counts.delivered++;
		if (entry->retain && entry->payload_size == 0 &&
		    is_idle(entry))
			forget(o, entry);
		return;
	}
}

void
hm_outbox_return(struct hm_outbox *o)
{
	while (o->flights > 0) {
		struct hm_outbox_entry *entry = land(o, o->flights - 1);

		/* Whatever is newer on this topic already waits. */
		if (!entry->queued && entry->flying == 0)
			put_first(o, entry);
	}
}

static int
compare_order(const void *a, const void *b)
{
	const struct hm_outbox_entry *x =
	    *(struct hm_outbox_entry *const *)a;
	const struct hm_outbox_entry *y =
	    *(struct hm_outbox_entry *const *)b;

	return x->order < y->order ? -1 : x->order > y->order;
}

void
hm_outbox_announce(struct hm_outbox *o)
{
	struct hm_outbox_entry **list = calloc(o->topics + 1, sizeof *list);
	size_t count = 0;

	if (list == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct hm_outbox_entry *entry = o->bucket[i];
		    entry != NULL; entry = entry->chain)
			if (entry->retain && !entry->queued)
				list[count++] = entry;
	qsort(list, count, sizeof *list, compare_order);
	for (size_t i = count; i > 0; i--)
		put_first(o, list[i - 1]);
	free(list);
}
