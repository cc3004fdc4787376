#ifndef HM_OUTBOX_PRIVATE_H
#define HM_OUTBOX_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "outbox.h"

/*
 * Shared by outbox.c (the queue), outbox_topics.c (memory of topics) and
 * outbox_prepare.c (what goes before a message).
 */

/* One topic and its newest message. Its size bounds how many there can be. */
struct hm_outbox_entry {
	struct hm_hash_item item;
	TAILQ_ENTRY(hm_outbox_entry) next; /* in the queue */
	TAILQ_ENTRY(hm_outbox_entry) kin;  /* in `waiting` or `idle` */
	uint64_t order; /* of its first announcement, or its last use */
	char *payload;
	uint32_t payload_size, payload_cap;
	uint16_t topic_size;
	uint8_t qos;
	uint8_t flying; /* times it is in flight */
	bool retain : 1;
	bool queued : 1;
	bool idle : 1;     /* in the list of that name */
	bool urgent : 1;   /* pushed; not in the table, freed when sent */
	bool once : 1;     /* the same, but for its place in the queue */
	bool prepared : 1; /* see hm_outbox_prepared */
	bool again : 1;    /* waits because it is repeated */
	bool news : 1;     /* see hm_outbox_take_news */
	bool outdated : 1; /* see hm_outbox_outdate */
	bool deleted : 1;  /* see hm_outbox_forget */
	char topic[];      /* ends with NUL */
};

struct hm_outbox_flight {
	struct hm_outbox_entry *entry;
	int id;
};

TAILQ_HEAD(hm_outbox_queue, hm_outbox_entry);

struct hm_outbox {
	struct hm_outbox_limits limits;
	struct hm_outbox_counts counts;
	struct hm_hash topics; /* all entries that are remembered */
	struct hm_outbox_queue queue, urgent;
	struct hm_outbox_queue waiting; /* the states in the queue */
	struct hm_outbox_queue idle; /* other states, used longest ago first */
	struct hm_outbox_flight flight[HM_OUTBOX_FLIGHT_MAX]; /* oldest first */
	size_t flights;
	size_t bytes, states; /* `states` wait */
	uint64_t order;
	bool news;
};

/* outbox.c */

/* The entry of hm_outbox_next, or NULL. */
struct hm_outbox_entry *hm_outbox_head(const struct hm_outbox *o);
/* The message of an entry. */
struct hm_message hm_outbox_message(const struct hm_outbox_entry *entry);
/* Take an entry out of its queue. */
void hm_outbox_take_out(struct hm_outbox *o, struct hm_outbox_entry *entry);
/* An entry has begun or ceased to wait. */
void hm_outbox_count(struct hm_outbox *o,
    const struct hm_outbox_entry *entry, bool waits);

/* outbox_topics.c */

/* The entry of a topic, or NULL. */
struct hm_outbox_entry *hm_outbox_find(const struct hm_outbox *o,
    struct hm_slice topic);
/* Add a topic, dropping idle states to make room. NULL if there is none. */
struct hm_outbox_entry *hm_outbox_add(struct hm_outbox *o,
    struct hm_slice topic);
/*
 * An entry that is in no table, of a message that is sent once, with its
 * payload. NULL if there is no room.
 */
struct hm_outbox_entry *hm_outbox_add_once(struct hm_outbox *o,
    const struct hm_message *message);
/*
 * An entry may have become one that can be dropped to make room; it must not
 * be, because it is used.
 */
void hm_outbox_rest(struct hm_outbox *o, struct hm_outbox_entry *entry);
void hm_outbox_wake(struct hm_outbox *o, struct hm_outbox_entry *entry);
/* Free an entry that is in no table, once it has been taken out. */
void hm_outbox_free_once(struct hm_outbox *o, struct hm_outbox_entry *entry);
/* An entry that is in no table. NULL if there is no memory. */
struct hm_outbox_entry *hm_outbox_entry_new(struct hm_slice topic);
void hm_outbox_entry_free(struct hm_outbox_entry *entry);
/* Copy a payload; false, and nothing changed, if there is no room. */
bool hm_outbox_set_payload(struct hm_outbox *o,
    struct hm_outbox_entry *entry, struct hm_slice payload);
/* The same, without a bound; false if there is no memory. */
bool hm_outbox_copy_payload(struct hm_outbox_entry *entry,
    struct hm_slice payload);
/* Remove an idle entry from the table, and free it. */
void hm_outbox_remove(struct hm_outbox *o, struct hm_outbox_entry *entry);
bool hm_outbox_is_idle(const struct hm_outbox_entry *entry);
/* Free all entries. */
void hm_outbox_free_topics(struct hm_outbox *o);

#endif
