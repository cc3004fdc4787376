#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "outbox_private.h"

struct hm_outbox *
hm_outbox_new(const struct hm_outbox_limits *limits)
{
	struct hm_outbox *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	o->limits = *limits;
	TAILQ_INIT(&o->queue);
	TAILQ_INIT(&o->urgent);
	TAILQ_INIT(&o->waiting);
	TAILQ_INIT(&o->idle);
	return o;
}

static void
free_waiting_once(struct hm_outbox *o)
{
	struct hm_outbox_entry *entry = TAILQ_FIRST(&o->queue), *next;

	for (; entry != NULL; entry = next) {
		next = TAILQ_NEXT(entry, next);
		if (!entry->once)
			continue;
		hm_outbox_take_out(o, entry);
		hm_outbox_free_once(o, entry);
	}
}

void
hm_outbox_free(struct hm_outbox *o)
{
	if (o == NULL)
		return;
	hm_outbox_return(o);
	free_waiting_once(o);
	hm_outbox_free_topics(o);
	free(o);
}

const struct hm_outbox_counts *
hm_outbox_counts(const struct hm_outbox *o)
{
	return &o->counts;
}

/* The queue */

void
hm_outbox_count(struct hm_outbox *o, const struct hm_outbox_entry *entry,
    bool waits)
{
	if (!entry->retain && !entry->urgent)
		o->states += waits ? 1 : (size_t)-1;
	o->counts.queued += waits ? 1 : (uint64_t)-1;
}

void
hm_outbox_take_out(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	if (entry->urgent)
		TAILQ_REMOVE(&o->urgent, entry, next);
	else
		TAILQ_REMOVE(&o->queue, entry, next);
	if (!entry->urgent && !entry->retain)
		TAILQ_REMOVE(&o->waiting, entry, kin);
	entry->queued = false;
	hm_outbox_count(o, entry, false);
	hm_outbox_rest(o, entry);
}

static void
put_last(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	hm_outbox_wake(o, entry);
	TAILQ_INSERT_TAIL(&o->queue, entry, next);
	if (!entry->retain)
		TAILQ_INSERT_TAIL(&o->waiting, entry, kin);
	entry->queued = true;
	hm_outbox_count(o, entry, true);
}

static void
put_first(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	hm_outbox_wake(o, entry);
	TAILQ_INSERT_HEAD(&o->queue, entry, next);
	if (!entry->retain)
		TAILQ_INSERT_HEAD(&o->waiting, entry, kin);
	entry->queued = true;
	hm_outbox_count(o, entry, true);
}

struct hm_message
hm_outbox_message(const struct hm_outbox_entry *entry)
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
free_unless_remembered(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	if (entry->urgent)
		hm_outbox_entry_free(entry);
	else if (entry->once)
		hm_outbox_free_once(o, entry);
}

static void
drop_oldest_state(struct hm_outbox *o)
{
	struct hm_outbox_entry *entry = TAILQ_FIRST(&o->waiting);

	hm_outbox_take_out(o, entry);
	o->counts.dropped++;
	free_unless_remembered(o, entry);
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

/* The entry of a message, with its payload. NULL if there is no room. */
static struct hm_outbox_entry *
entry_of(struct hm_outbox *o, const struct hm_message *message, bool *news)
{
	struct hm_outbox_entry *entry;
	bool added;

	*news = false;
	if (message->once)
		return hm_outbox_add_once(o, message);
	entry = hm_outbox_find(o, message->topic);
	*news = is_news(entry, message);
	added = entry == NULL;
	if (added)
		entry = hm_outbox_add(o, message->topic);
	if (entry == NULL || hm_outbox_set_payload(o, entry, message->payload))
		return entry;
	/* Without its payload it would be sent as an empty message. */
	if (added)
		hm_outbox_remove(o, entry);
	return NULL;
}

bool
hm_outbox_put(struct hm_outbox *o, const struct hm_message *message)
{
	bool news;
	struct hm_outbox_entry *entry = entry_of(o, message, &news);

	if (entry == NULL) {
		o->counts.dropped++;
		return false;
	}
	if (entry->queued) {
		o->counts.replaced++;
		hm_outbox_take_out(o, entry);
	}
	hm_outbox_wake(o, entry);
	entry->order = ++o->order;
	entry->qos = (uint8_t)message->qos;
	entry->retain = message->retain;
	entry->news = news;
	entry->prepared = entry->again = false;
	entry->outdated = entry->deleted = false;
	/* States that returned from a lost connection may be too many. */
	while (!entry->retain && o->states >= o->limits.states)
		drop_oldest_state(o);
	put_last(o, entry);
	return true;
}

bool
hm_outbox_replaces(struct hm_outbox *o, const struct hm_message *message)
{
	const struct hm_outbox_entry *entry = message->once ? NULL :
	    hm_outbox_find(o, message->topic);

	return (entry != NULL && !hm_outbox_is_idle(entry)) ||
	    (!message->retain && o->states >= o->limits.states);
}

/* Sending */

struct hm_outbox_entry *
hm_outbox_head(const struct hm_outbox *o)
{
	struct hm_outbox_entry *urgent = TAILQ_FIRST(&o->urgent);

	return urgent != NULL ? urgent : TAILQ_FIRST(&o->queue);
}

bool
hm_outbox_next(const struct hm_outbox *o, struct hm_message *message)
{
	const struct hm_outbox_entry *entry = hm_outbox_head(o);

	if (entry == NULL || o->flights == HM_OUTBOX_FLIGHT_MAX)
		return false;
	*message = hm_outbox_message(entry);
	return true;
}

void
hm_outbox_sent(struct hm_outbox *o, int id)
{
	struct hm_outbox_entry *entry = hm_outbox_head(o);

	entry->flying++;
	hm_outbox_take_out(o, entry);
	entry->prepared = entry->again = false;
	o->counts.queued++;
	o->flight[o->flights++] = (struct hm_outbox_flight){entry, id};
}

void
hm_outbox_refused(struct hm_outbox *o)
{
	struct hm_outbox_entry *entry = hm_outbox_head(o);

	hm_outbox_take_out(o, entry);
	entry->prepared = false;
	o->counts.dropped++;
	free_unless_remembered(o, entry);
}

size_t
hm_outbox_flights(const struct hm_outbox *o)
{
	return o->flights;
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
	hm_outbox_rest(o, entry);
	return entry;
}

/* Whether an entry that has landed must not be remembered. */
static bool
is_over(const struct hm_outbox_entry *entry)
{
	return hm_outbox_is_idle(entry) && (entry->deleted ||
	    (entry->retain && entry->payload_size == 0));
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
		if (entry->urgent || entry->once)
			free_unless_remembered(o, entry);
		else if (is_over(entry))
			hm_outbox_remove(o, entry);
		return;
	}
}

/* A message in flight comes back with the connection lost. */
static void
come_back(struct hm_outbox *o, struct hm_outbox_entry *entry)
{
	if (entry->urgent)
		hm_outbox_entry_free(entry);
	else if (!hm_outbox_is_idle(entry) || entry->outdated)
		return; /* a queued message of this topic is newer */
	else if (entry->deleted)
		hm_outbox_remove(o, entry);
	else
		put_first(o, entry);
}

void
hm_outbox_return(struct hm_outbox *o)
{
	struct hm_outbox_entry *entry;

	while ((entry = TAILQ_FIRST(&o->urgent)) != NULL) {
		hm_outbox_take_out(o, entry);
		hm_outbox_entry_free(entry);
	}
	for (entry = TAILQ_FIRST(&o->queue); entry != NULL;
	     entry = TAILQ_NEXT(entry, next))
		entry->prepared = false;
	while (o->flights > 0)
		come_back(o, land(o, o->flights - 1));
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
		if (entry->retain == retain && !entry->queued &&
		    !entry->outdated && !entry->deleted)
			list[count++] = entry;
	qsort(list, count, sizeof *list, compare_order);
	/* Newer states matter more, and must not be dropped for older ones. */
	for (size_t i = count; i > 0 &&
	    (retain || o->states < o->limits.states); i--) {
		const struct hm_message message =
		    hm_outbox_message(list[i - 1]);

		list[i - 1]->news = is_news(NULL, &message);
		list[i - 1]->again = true;
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
