#ifndef HM_MQTT_LINK_PRIVATE_H
#define HM_MQTT_LINK_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "mqtt_link.h"

/*
 * Shared by mqtt_link.c (the states of a connection), mqtt_connect.c (connects
 * in a thread) and mqtt_callbacks.c (events of libmosquitto).
 */

#define HM_MQTT_CONNECT_MS 60000 /* for name, connection and TLS handshake */

enum hm_mqtt_state {
	HM_MQTT_WAITING,    /* for the next attempt */
	HM_MQTT_CONNECTING, /* in the thread */
	HM_MQTT_GREETING,   /* connected; waiting for the CONNACK */
	HM_MQTT_CONNECTED,
	HM_MQTT_LEAVING, /* "offline" has been sent */
	HM_MQTT_LEFT,
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
	int64_t announce_at; /* after a birth, monotonic ms; 0: never */
	int64_t delay_ms;    /* before the next attempt, without jitter */
	int farewell;        /* id of the "offline" message */
	int arrived;         /* id in the last call of on_publish */
	bool failure_logged; /* since the last connection */
	bool lost;           /* the connection has ended */
	int lost_reason;     /* negative: the broker's return code */
};

/* mqtt_link.c */

int64_t hm_mqtt_link_random(int64_t low, int64_t high);
/* The attempt to connect has failed: wait for the next one. */
void hm_mqtt_link_failed(struct hm_mqtt_link *link, const char *why);
/* The text of a result of libmosquitto; `error` is errno. */
const char *hm_mqtt_link_reason(int rc, int error);
/* Publish "online" or "offline". *id, unless NULL, is set to its id. */
void hm_mqtt_link_say(struct hm_mqtt_link *link, const char *text, int *id);

/* mqtt_connect.c: start an attempt; read its result when done_fd is ready */
void hm_mqtt_connect_start(struct hm_mqtt_link *link);
void hm_mqtt_connect_end(struct hm_mqtt_link *link);

/* mqtt_callbacks.c */
void hm_mqtt_callbacks_set(struct mosquitto *mosq);

#endif
