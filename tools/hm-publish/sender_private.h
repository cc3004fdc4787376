#ifndef HM_SENDER_PRIVATE_H
#define HM_SENDER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "announce_clock.h"
#include "awaited_states.h"
#include "migration.h"
#include "mqtt/mqtt_link.h"
#include "record/ha_topic.h"
#include "repeat_clock.h"
#include "sender.h"
#include "standing.h"

/*
 * Shared by sender.c (the owner of the link), sender_send.c (what goes out),
 * sender_births.c (Home Assistant's starts), sender_learn.c (what stands at the
 * broker) and sender_change.c (changes of that).
 */

/* What stands at the broker; times are monotonic, in ms. */
struct hm_sender_learn {
	struct hm_standing *standing;
	bool asks;          /* and messages wait for the answer */
	bool subscribed;    /* in this connection */
	int request, fence; /* ids of the subscription, and of what follows */
	int64_t until;      /* when to go on without the answer */
	unsigned lost;      /* connections, while it asked */
	int64_t deaf_until; /* do not ask */
	bool refusal_logged;
};

/* Changes of what stands that need care. */
struct hm_sender_change {
	struct hm_migration *migration;
	struct hm_awaited_states awaited;
	bool hidden;     /* "offline" was said, until these have come */
	int64_t until;   /* at the latest */
	int64_t reduced; /* when to look for components to be left out */
	/* What names the entities of control that are to go; NULL: none go. */
	const char *prefix, *client_id;
};

struct hm_sender {
	struct hm_mqtt_options options;
	const char *birth_topic;
	struct hm_outbox *outbox;
	struct hm_mqtt_link *link;
	struct hm_sender_counts counts;
	struct hm_announce_clock births;
	struct hm_repeat_clock repeat; /* of the states */
	bool hears_births;  /* this connection */
	int64_t deaf_until; /* monotonic ms: subscribe to no births */
	struct hm_sender_learn learn;
	struct hm_sender_change change;
	int arrived;         /* the last id that the broker has */
	bool refusal_logged; /* of a message by libmosquitto */
};

/* sender_send.c */

/* While connected: send what waits, and what is due. */
void hm_sender_send(struct hm_sender *sender, int64_t now);
/* The broker has a message. */
void hm_sender_arrived(struct hm_sender *sender, int id);

/*
 * sender_births.c: subscribe to births, unless that is done or the last message
 * there was too large; a message was too large, so do not subscribe for an
 * hour (false: it cannot have been a birth); a message has come. `now` is
 * monotonic, in ms.
 */
void hm_sender_births_subscribe(struct hm_sender *sender, int64_t now);
bool hm_sender_births_refuse(struct hm_sender *sender, int64_t now);
void hm_sender_births_take(struct hm_sender *sender, int64_t now,
    const struct mosquitto_message *message);

/*
 * sender_learn.c: ask the broker about the devices of waiting announcements,
 * whose state is then HM_STOOD_ASKED, or HM_STOOD_KNOWN where it cannot be
 * asked; an answer with these codes; the answer to the last request; what has
 * become of it; the connection is lost; a message was too large (false: it
 * cannot have been one of these); a message has come.
 */
void hm_sender_learn_ask(struct hm_sender *sender, int64_t now);
void hm_sender_learn_refused(struct hm_sender *sender, int id, int count,
    const int *codes);
void hm_sender_learn_fence(struct hm_sender *sender, int id);
void hm_sender_learn_look(struct hm_sender *sender, int64_t now);
void hm_sender_learn_lost(struct hm_sender *sender, int64_t now);
bool hm_sender_learn_refuse(struct hm_sender *sender, int64_t now);
void hm_sender_learn_hear(struct hm_sender *sender,
    const struct mosquitto_message *message);

/*
 * sender_change.c: queue what must go before the message of hm_outbox_next,
 * which is not prepared (false: it must wait); a message was sent; do what is
 * due; the connection is there, or lost; when something is due, or 0.
 */
bool hm_sender_change_prepare(struct hm_sender *sender,
    const struct hm_message *message, int64_t now);
void hm_sender_change_sent(struct hm_sender *sender,
    const struct hm_message *message, int id);
void hm_sender_change_look(struct hm_sender *sender, int64_t now);
void hm_sender_change_connected(struct hm_sender *sender, int64_t now);
void hm_sender_change_lost(struct hm_sender *sender);
int64_t hm_sender_change_due(const struct hm_sender *sender);
/* Whether a message announces something to Home Assistant. */
bool hm_ha_is_announcement(const struct hm_message *message,
    struct hm_ha_topic *topic);

#endif
