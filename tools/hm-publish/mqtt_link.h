#ifndef HM_MQTT_LINK_H
#define HM_MQTT_LINK_H

#include <poll.h>

#include "outbox.h"

/*
 * One lasting connection to a broker, driven from outside by poll. Looking up
 * the broker, connecting and the TLS handshake can take minutes, so they run
 * in a thread of their own; everything else happens in the caller's.
 */

struct hm_mqtt_link;

/* All texts are borrowed for the life of the link; NULL: not set. */
struct hm_mqtt_options {
	const char *host;
	int port;
	const char *client_id, *user, *password;
	int keepalive; /* seconds */
	bool tls, tls_insecure;
	const char *ca_file, *cert_file, *key_file;
	const char *availability_topic; /* "online", last will "offline" */
	const char *birth_topic;        /* where Home Assistant says "online" */
	int64_t reconnect_ms, reconnect_max_ms;
};

struct hm_mqtt_counts {
	uint64_t connected;   /* 1 while the broker takes messages */
	uint64_t connections; /* made so far */
	uint64_t births;      /* of Home Assistant */
};

/* Begins to connect at once. NULL, logged, if the system refuses. */
struct hm_mqtt_link *hm_mqtt_link_new(const struct hm_mqtt_options *options,
    struct hm_outbox *outbox);

/*
 * Ends the connection, if need be without a farewell. False, and nothing is
 * freed, while the thread is busy connecting, which nothing can end: then only
 * _exit may follow, because a usual exit would take its libraries away.
 */
bool hm_mqtt_link_free(struct hm_mqtt_link *link);

const struct hm_mqtt_counts *hm_mqtt_link_counts(
    const struct hm_mqtt_link *link);

/* For hm_stream_side: what to wait for, and for how many ms at most. */
int hm_mqtt_link_prepare(struct hm_mqtt_link *link, struct pollfd *fd);

/* After each wait: read, write, reconnect, and send what is in the outbox. */
void hm_mqtt_link_ready(struct hm_mqtt_link *link, short revents);

/*
 * Ask again and again until true: everything has arrived, "offline" is said
 * and the connection closed; or nothing is left to say and nobody to say it
 * to.
 */
bool hm_mqtt_link_leave(struct hm_mqtt_link *link);

#endif
