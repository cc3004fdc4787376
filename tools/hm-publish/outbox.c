#include "outbox.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/hash.h"

/* One topic and its newest message. */
struct hm_outbox_entry {
	struct hm_hash_item item;
	TAILQ_ENTRY(hm_outbox_entry) next; /* in the queue */
	char *topic, *payload;
	size_t topic_size, payload_size, payload_cap;
	uint64_t order; /* of its first announcement, or its last use */
	int qos;
	bool retain, queued;
	bool news; /* see hm_outbox_take_news */
	unsigned flying; /* times it is in flight */
};

struct flight {
	struct hm_outbox_entry *entry;
	int id;
};

struct hm_outbox {
	struct hm_outbox_limits limits;
	struct hm_outbox_counts counts;
	struct hm_hash topics; /* all entries */
	TAILQ_HEAD(hm_outbox_queue, hm_outbox_entry) queue;
	struct flight flight[HM_OUTBOX_FLIGHT_MAX]; /* oldest first */
	size_t flights;
	size_t bytes, states; /* `states` wait */
	uint64_t order;
	bool news;
};

struct hm_outbox *
hm_outbox_new(const struct hm_outbox_limits *limits)
{
	struct hm_outbox *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	o->limits = *limits;
	TAILQ_INIT(&o->queue);
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
	struct hm_outbox_entry *entry, *next;

	if (o == NULL)
		return;
	for (entry = hm_hash_next(&o->topics, NULL); entry != NULL;
	     entry = next) {
		next = hm_hash_next(&o->topics, &entry->item);
		free_entry(entry);
	}
	hm_hash_free(&o->topics);
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
	TAILQ_REMOVE(&o->queue, entry, next);
	entry->queued = false;
	count_waiting(o, entry, false);
}

static void
put_last(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	TAILQ_INSERT_TAIL(&o->queue, entry, next);
	entry->queued = true;
	count_waiting(o, entry, true);
}

static void
put_first(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	TAILQ_INSERT_HEAD(&o->queue, entry, next);
	entry->queued = true;
	count_waiting(o, entry, true);
}

/* The table of topics */

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

static struct hm_outbox_entry *
find(const struct hm_outbox *o, struct hm_slice topic)
{
	return hm_hash_find(&o->topics, hash_of(topic), has_topic, &topic);
}

static void
forget(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	hm_hash_remove(&o->topics, &entry->item);
	o->bytes -= entry->topic_size + entry->payload_cap;
	free_entry(entry);
}

static bool
is_idle(const struct hm_outbox_entry *entry)
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
		if (is_idle(entry) && !entry->retain &&
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
		forget(o, idle);
	}
	return true;
}

static struct hm_outbox_entry *
add(struct hm_outbox *o, struct hm_slice topic)
{
	struct hm_outbox_entry *entry;

	if (!make_room(o, 1, topic.n))
		return NULL;
	entry = calloc(1, sizeof *entry);
	if (entry == NULL)
		return NULL;
	entry->topic = strndup(topic.p, topic.n);
	if (entry->topic == NULL ||
	    !hm_hash_add(&o->topics, hash_of(topic), &entry->item)) {
		free_entry(entry);
		return NULL;
	}
	entry->topic_size = topic.n;
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

static struct hm_message
message_of(const struct hm_outbox_entry *entry)
{
	return (struct hm_message){
	    .topic = hm_slice(entry->topic, entry->topic_size),
	    .payload = hm_slice(entry->payload, entry->payload_size),
	    .qos = entry->qos,
	    .retain = entry->retain,
	};
}

/* Putting in */

static void
drop_oldest_state(struct hm_outbox *o)
{
	struct hm_outbox_entry *entry = TAILQ_FIRST(&o->queue);

	while (entry != NULL && entry->retain)
		entry = TAILQ_NEXT(entry, next);
	if (entry == NULL)
		return;
	take_out(o, entry);
	o->counts.dropped++;
}

static bool
is_news(const struct hm_outbox_entry *entry, const struct hm_message *message)
{
	static const char end[] = "/config";
	const size_t n = sizeof end - 1;

	return message->retain && message->payload.n > 0 &&
	    message->topic.n >= n &&
	    memcmp(message->topic.p + message->topic.n - n, end, n) == 0 &&
	    (entry == NULL || entry->news || !hm_slice_equal(message->payload,
	    hm_slice(entry->payload, entry->payload_size)));
}

bool
hm_outbox_put(struct hm_outbox *o, const struct hm_message *message)
{
	struct hm_outbox_entry *entry = find(o, message->topic);
	bool news = is_news(entry, message);

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
	entry->news = news;
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
	const struct hm_outbox_entry *entry = TAILQ_FIRST(&o->queue);

	if (entry == NULL || o->flights == HM_OUTBOX_FLIGHT_MAX)
		return false;
	*message = message_of(entry);
	return true;
}

void
hm_outbox_sent(struct hm_outbox *o, int id)
{
	struct hm_outbox_entry *entry = TAILQ_FIRST(&o->queue);

	take_out(o, entry);
	entry->flying++;
	o->counts.queued++;
	o->flight[o->flights++] = (struct flight){entry, id};
}

void
hm_outbox_refused(struct hm_outbox *o)
{
	take_out(o, TAILQ_FIRST(&o->queue));
	o->counts.dropped++;
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
		o->news |= entry->news;
		entry->news = false;
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

		/* A queued message of this topic is newer. */
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

/* Queue all announcements, or all states, that do not wait already. */
static void
queue_again(struct hm_outbox *o, bool retain)
{
	struct hm_outbox_entry **list = calloc(o->topics.count + 1,
	    sizeof *list);
	struct hm_outbox_entry *entry = hm_hash_next(&o->topics, NULL);
	size_t count = 0;

	if (list == NULL)
		return;
	for (; entry != NULL; entry = hm_hash_next(&o->topics, &entry->item))
		if (entry->retain == retain && !entry->queued)
			list[count++] = entry;
	qsort(list, count, sizeof *list, compare_order);
	/* Newer states matter more, and must not be dropped for older ones. */
	for (size_t i = count; i > 0 &&
	    (retain || o->states < o->limits.states); i--) {
		const struct hm_message message = message_of(list[i - 1]);

		list[i - 1]->news = is_news(NULL, &message);
		put_first(o, list[i - 1]);
	}
	free(list);
}

void
hm_outbox_announce(struct hm_outbox *o)
{
	queue_again(o, true);
}

void
hm_outbox_repeat(struct hm_outbox *o)
{
	queue_again(o, false);
}

bool
hm_outbox_take_news(struct hm_outbox *o)
{
	bool news = o->news;

	o->news = false;
	return news;
}
