#ifndef HM_MQTT_LINK_PRIVATE_H
#define HM_MQTT_LINK_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "announce_clock.h"
#include "awaited_states.h"
#include "migration.h"
#include "mqtt_gate.h"
#include "mqtt_link.h"
#include "record/ha_topic.h"
#include "repeat_clock.h"
#include "standing.h"

/*
 * Shared by mqtt_link.c (the states of a connection), mqtt_connect.c (connects
 * in a thread), mqtt_callbacks.c (events of libmosquitto), mqtt_send.c (what
 * goes out), mqtt_births.c (Home Assistant's starts), mqtt_learn.c (what stands
 * at the broker), mqtt_change.c (changes of that), mqtt_reason.c (why a
 * connection failed), mqtt_trouble.c (logs that) and mqtt_takeover.c (a second
 * client with our id).
 */

#define HM_MQTT_REASON_MAX 240
#define HM_MQTT_LASTED_MAX_MS 600000
#define HM_MQTT_CONNECT_MS 60000 /* for name, connection and TLS handshake */

enum hm_mqtt_state {
	HM_MQTT_WAITING,    /* for the next attempt */
	HM_MQTT_CONNECTING, /* in the thread */
	HM_MQTT_GREETING,   /* connected; waiting for the CONNACK */
	HM_MQTT_CONNECTED,
	HM_MQTT_LEAVING, /* the last message has been sent */
	HM_MQTT_LEFT,
};

/* A cause, and how often it came since the last connection that lasted. */
struct hm_mqtt_trouble {
	uint64_t count;
	int64_t since; /* monotonic ms */
	char reason[HM_MQTT_REASON_MAX];
};

/* What stands at the broker; times are monotonic, in ms. */
struct hm_mqtt_learn {
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
struct hm_mqtt_change {
	struct hm_migration *migration;
	struct hm_awaited_states awaited;
	bool hidden;     /* "offline" was said, until these have come */
	int64_t until;   /* at the latest */
	int64_t reduced; /* when to look for components to be left out */
};

struct hm_mqtt_link {
	struct hm_mqtt_options options;
	struct hm_outbox *outbox;
	struct hm_mqtt_counts counts;
	enum hm_mqtt_state state;
	struct mosquitto *mosq; /* a new one for each attempt */
	pthread_t thread;
	int done_fd;        /* readable when the thread has ended */
	int connect_result; /* of mosquitto_connect; set by the thread */
	int connect_errno;
	int64_t deadline;    /* of the state, monotonic ms; 0: none */
	int64_t next_misc;
	struct hm_announce_clock births;
	struct hm_repeat_clock repeat; /* of the states */
	bool hears_births;  /* this connection */
	int64_t deaf_until; /* monotonic ms: subscribe to no births */
	struct hm_mqtt_learn learn;
	struct hm_mqtt_change change;
	struct hm_mqtt_gate gate;
	int version;   /* MQTT_PROTOCOL_V5, or V311 for a broker without */
	/* The broker has said or shown so. */
	bool only_311, only_qos_0, retains_none;
	uint32_t packet_max; /* bytes that the broker takes at once */
	bool closes_5; /* the attempt before this one, with MQTT 5 */
	int64_t delay_ms;    /* before the next attempt, without jitter */
	int farewell;        /* id of the last message, "offline" */
	int arrived;         /* id in the last call of on_publish */
	bool failed; /* an attempt, since the last connection */
	bool lasted; /* this connection; then the delay starts again */
	bool refusal_logged; /* of a message by libmosquitto */
	struct hm_mqtt_trouble failure, loss;
	bool lost;           /* the connection has ended */
	int lost_reason;     /* negative: the broker's return code */
	int lost_errno;
	char reason[HM_MQTT_REASON_MAX]; /* found in this attempt; "": none */
	int64_t connected_at;  /* monotonic ms */
	bool closed_by_broker; /* the last connection */
	int64_t takeovers;     /* likely ones, one soon after another */
};

/* mqtt_link.c */

int64_t hm_mqtt_link_random(int64_t low, int64_t high);
/* The attempt to connect has failed: wait for the next one. */
void hm_mqtt_link_failed(struct hm_mqtt_link *link, const char *why);
/* Note that the connection is lost if this result of libmosquitto says so. */
void hm_mqtt_link_check(struct hm_mqtt_link *link, int rc);

/* mqtt_send.c */

/* Publish a message at once. Returns a result of libmosquitto. */
int hm_mqtt_link_publish(struct hm_mqtt_link *link, int *id,
    const char *topic, const struct hm_message *message);
/*
 * Publish "online" or "offline" to our topic and to that of the bridge. *id,
 * unless NULL, is set to the id of the last message.
 */
void hm_mqtt_link_say(struct hm_mqtt_link *link, const char *text, int *id);
/* While connected: send what waits, and what is due. */
void hm_mqtt_send(struct hm_mqtt_link *link, int64_t now);
/* The broker has a message. */
void hm_mqtt_send_arrived(struct hm_mqtt_link *link, int id);

/* mqtt_connect.c: start an attempt; read its result when done_fd is ready */
void hm_mqtt_connect_start(struct hm_mqtt_link *link);
void hm_mqtt_connect_end(struct hm_mqtt_link *link);

/* mqtt_callbacks.c */
void hm_mqtt_callbacks_set(struct mosquitto *mosq);

/*
 * mqtt_births.c: subscribe to births, unless that is done or the last message
 * there was too large; a message was too large, so do not subscribe for an
 * hour (false: it cannot have been a birth); a message has come. `now` is
 * monotonic, in ms.
 */
struct mosquitto_message;
void hm_mqtt_births_subscribe(struct hm_mqtt_link *link, int64_t now);
bool hm_mqtt_births_refuse(struct hm_mqtt_link *link, int64_t now);
void hm_mqtt_births_take(struct hm_mqtt_link *link, int64_t now,
    const struct mosquitto_message *message);

/*
 * mqtt_learn.c: ask the broker about the devices of waiting announcements,
 * whose state is then HM_STOOD_ASKED, or HM_STOOD_KNOWN where it cannot be
 * asked; an answer with these codes; the answer to the last request; what has
 * become of it; the connection is lost; a message was too large (false: it
 * cannot have been one of these); a message has come.
 */
void hm_mqtt_learn_ask(struct hm_mqtt_link *link, int64_t now);
void hm_mqtt_learn_refused(struct hm_mqtt_link *link, int id, int count,
    const int *codes);
void hm_mqtt_learn_fence(struct hm_mqtt_link *link, int id);
void hm_mqtt_learn_look(struct hm_mqtt_link *link, int64_t now);
void hm_mqtt_learn_lost(struct hm_mqtt_link *link, int64_t now);
bool hm_mqtt_learn_refuse(struct hm_mqtt_link *link, int64_t now);
void hm_mqtt_learn_hear(struct hm_mqtt_link *link,
    const struct mosquitto_message *message);

/*
 * mqtt_change.c: queue what must go before the message of hm_outbox_next, which
 * is not prepared (false: it must wait); a message was sent; do what is due;
 * the connection is there, or lost; when something is due, or 0.
 */
bool hm_mqtt_change_prepare(struct hm_mqtt_link *link,
    const struct hm_message *message, int64_t now);
void hm_mqtt_change_sent(struct hm_mqtt_link *link,
    const struct hm_message *message, int id);
void hm_mqtt_change_look(struct hm_mqtt_link *link, int64_t now);
void hm_mqtt_change_connected(struct hm_mqtt_link *link, int64_t now);
void hm_mqtt_change_lost(struct hm_mqtt_link *link);
int64_t hm_mqtt_change_due(const struct hm_mqtt_link *link);
/* Whether a message announces something to Home Assistant. */
bool hm_ha_is_announcement(const struct hm_message *message,
    struct hm_ha_topic *topic);

/*
 * mqtt_trouble.c: log that an attempt failed, or that a connection is lost, and
 * why; a connection has lasted.
 */
void hm_mqtt_trouble_failed(struct hm_mqtt_link *link, const char *why);
void hm_mqtt_trouble_lost(struct hm_mqtt_link *link, const char *why);
void hm_mqtt_trouble_over(struct hm_mqtt_link *link);

/*
 * mqtt_reason.c: watch an attempt for the reason why TLS fails, and log what
 * libmosquitto does at DEBUG. The reason of a failure: `rc` is a result of
 * libmosquitto or, if negative, the broker's return code; `error` is errno.
 */
void hm_mqtt_reason_watch(struct hm_mqtt_link *link);
const char *hm_mqtt_link_reason(const struct hm_mqtt_link *link, int rc,
    int error);
/* Note why the gate refuses to read on; `rc` is its result. */
void hm_mqtt_reason_gate(struct hm_mqtt_link *link, int rc);

/*
 * mqtt_takeover.c: a broker closes a connection when another client connects
 * with the same client id, and MQTT 3.1.1 has no message that says so. Call
 * these when a connection is lost and when the broker has accepted one.
 */
void hm_mqtt_takeover_lost(struct hm_mqtt_link *link);
void hm_mqtt_takeover_connected(struct hm_mqtt_link *link);

#endif
