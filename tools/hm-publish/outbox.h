#ifndef HM_OUTBOX_H
#define HM_OUTBOX_H

#include <stdint.h>

#include "base/slice.h"

/*
 * Messages on their way to the broker, in order and in bounded memory.
 *
 * A message that is not retained is a state: a newer state of the same topic
 * replaces it. A retained message is an announcement: it is never dropped to
 * make room, and the last one of each topic is remembered, to be sent again.
 * An announcement without a payload is forgotten once it is delivered. The last
 * state of each topic is remembered, too, until its room is needed.
 *
 * A message that is sent once, an event, counts as a state for the limits, but
 * neither replaces another one of its topic nor is replaced, and is forgotten
 * once it is delivered.
 */

#define HM_OUTBOX_FLIGHT_MAX 20 /* messages sent and not acknowledged */

struct hm_outbox;
struct hm_outbox_entry;

struct hm_outbox_limits {
	size_t states; /* waiting states; then the oldest is dropped */
	size_t bytes;  /* of all topics; see hm_outbox_cost */
};

struct hm_message {
	struct hm_slice topic, payload;
	int qos;
	bool retain;
	bool once; /* not with `retain` */
};

struct hm_outbox_counts {
	uint64_t queued;    /* waiting or in flight */
	uint64_t delivered;
	uint64_t replaced;  /* states replaced by a newer one before sending */
	uint64_t dropped;   /* messages dropped because there was no room */
};

/* NULL if there is no memory. */
struct hm_outbox *hm_outbox_new(const struct hm_outbox_limits *limits);
void hm_outbox_free(struct hm_outbox *o);

/* The current counts; valid for the life of the outbox. */
const struct hm_outbox_counts *hm_outbox_counts(const struct hm_outbox *o);

/* The bytes that remembering a message costs, given the sizes of both. */
size_t hm_outbox_cost(size_t topic, size_t payload);

/* Copy a message into the queue. False if there is no room for it. */
bool hm_outbox_put(struct hm_outbox *o, const struct hm_message *message);

/*
 * Whether putting a message would replace or drop one that has not arrived yet.
 */
bool hm_outbox_replaces(struct hm_outbox *o, const struct hm_message *message);

/*
 * The next message to send, valid until the next call of another outbox
 * function; a NUL follows its topic. False if none waits, or if too many are in
 * flight.
 */
bool hm_outbox_next(const struct hm_outbox *o, struct hm_message *message);

/* The message of hm_outbox_next was sent with this id. */
void hm_outbox_sent(struct hm_outbox *o, int id);

/* The message of hm_outbox_next cannot be sent: it counts as dropped. */
void hm_outbox_refused(struct hm_outbox *o);

/* The message with this id has arrived. Unknown ids are ignored. */
void hm_outbox_arrived(struct hm_outbox *o, int id);

/* The connection is lost: messages in flight wait again, in their order. */
void hm_outbox_return(struct hm_outbox *o);

/* Queue all remembered announcements again, oldest first. */
void hm_outbox_announce(struct hm_outbox *o);

/*
 * Whether an announcement to Home Assistant, a topic that ends in /config, has
 * arrived since the last call, and is new to it: it has not been sent before,
 * or not with this payload, or hm_outbox_announce has queued it.
 */
bool hm_outbox_take_news(struct hm_outbox *o);

/* How many messages are in flight. */
size_t hm_outbox_flights(const struct hm_outbox *o);

/*
 * Copy a message that goes before all that wait, after others like it. It is
 * sent once: it is not remembered, and dropped when the connection is lost.
 * False if there is no memory.
 */
bool hm_outbox_push(struct hm_outbox *o, const struct hm_message *message);

/*
 * Whether the message of hm_outbox_next may go without anything before it:
 * hm_outbox_prepared was called for it, or hm_outbox_push has put it there.
 */
bool hm_outbox_is_prepared(const struct hm_outbox *o);

/* Whether hm_outbox_push has put the message of hm_outbox_next there. */
bool hm_outbox_is_pushed(const struct hm_outbox *o);

/*
 * What must go before the message of hm_outbox_next has been pushed. Its
 * payload becomes this one, also where it is sent again; false, and it stays
 * as it is, if there is no room. A message that is not pushed must be next.
 */
bool hm_outbox_prepared(struct hm_outbox *o, struct hm_slice payload);

/*
 * The last message of a topic must not be sent again, unless it was put after
 * that of hm_outbox_next, which must not be a pushed one.
 */
void hm_outbox_outdate(struct hm_outbox *o, struct hm_slice topic);

/*
 * An announcement is no longer valid: forget it, unless it is a new one that
 * still waits.
 */
void hm_outbox_forget(struct hm_outbox *o, struct hm_slice topic);

/* Visit the waiting messages in order, until `visit` returns false. */
void hm_outbox_each_waiting(const struct hm_outbox *o,
    bool (*visit)(void *context, const struct hm_message *message),
    void *context);

/* Queue the last state of each topic again, oldest first. */
void hm_outbox_repeat(struct hm_outbox *o);

#endif
