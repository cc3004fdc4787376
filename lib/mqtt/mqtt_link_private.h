#ifndef HM_MQTT_LINK_PRIVATE_H
#define HM_MQTT_LINK_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "mqtt_gate.h"
#include "mqtt_link.h"

/*
 * Shared by mqtt_link.c (the states of a connection), mqtt_connect.c (connects
 * in a thread), mqtt_callbacks.c (events of libmosquitto), mqtt_burst.c (many
 * messages), mqtt_reason.c (why a connection failed), mqtt_trouble.c (logs
 * that) and mqtt_takeover.c (a second client with our id).
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

struct hm_mqtt_link {
	struct hm_mqtt_options options;
	struct hm_mqtt_owner owner;
	struct hm_mqtt_counts counts;
	enum hm_mqtt_state state;
	struct mosquitto *mosq; /* a new one for each attempt */
	pthread_t thread;
	int done_fd;        /* readable when the thread has ended */
	int connect_result; /* of mosquitto_connect; set by the thread */
	int connect_errno;
	int64_t deadline;    /* of the state, monotonic ms; 0: none */
	int64_t next_misc;
	struct hm_mqtt_gate gate;
	bool gathers;  /* see hm_mqtt_link_gather */
	int version;   /* MQTT_PROTOCOL_V5, or V311 for a broker without */
	/* The broker has said or shown so. */
	bool only_311, only_qos_0, retains_none;
	uint32_t packet_max; /* bytes that the broker takes at once */
	bool closes_5; /* the attempt before this one, with MQTT 5 */
	int64_t delay_ms;    /* before the next attempt, without jitter */
	int farewell;        /* id of the last message */
	bool failed; /* an attempt, since the last connection */
	bool lasted; /* this connection; then the delay starts again */
	struct hm_mqtt_trouble failure, loss;
	bool lost;           /* the connection has ended */
	int lost_reason;     /* negative: the broker's return code */
	int lost_errno;
	char reason[HM_MQTT_REASON_MAX]; /* found in this attempt; "": none */
	int64_t connected_at;  /* monotonic ms */
	bool closed_by_broker; /* the last connection */
	int64_t takeovers;     /* likely ones, one soon after another */
};

/* mqtt_link.c: the attempt to connect has failed: wait for the next one */
void hm_mqtt_link_failed(struct hm_mqtt_link *link, const char *why);

/* mqtt_connect.c: start an attempt; read its result when done_fd is ready */
void hm_mqtt_connect_start(struct hm_mqtt_link *link);
void hm_mqtt_connect_end(struct hm_mqtt_link *link);

/* mqtt_callbacks.c */
void hm_mqtt_callbacks_set(struct mosquitto *mosq);

/* mqtt_burst.c: send what was gathered; acknowledge what was read. */
void hm_mqtt_burst_end(struct hm_mqtt_link *link);
void hm_mqtt_burst_acknowledge(const struct hm_mqtt_link *link);

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
