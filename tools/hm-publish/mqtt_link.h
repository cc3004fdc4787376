#ifndef HM_MQTT_LINK_H
#define HM_MQTT_LINK_H

#include <poll.h>
#include <stdbool.h>

#include "outbox.h"

/*
 * A connection to a broker. It reconnects when the connection is lost. The
 * caller polls its descriptor. Name lookup, connecting and the TLS handshake
 * can take minutes, so they run in a thread; all else runs in the caller's.
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
	/* "online"; at the end, and as last will, "offline" if `farewell` */
	const char *availability_topic;
	const char *bridge_topic; /* the same, without a will; see topics.h */
	bool farewell;
	const char *birth_topic; /* Home Assistant sends "online" there */
	int64_t reconnect_ms, reconnect_max_ms;
};

struct hm_mqtt_counts {
	uint64_t connected;   /* 1 while the broker accepts messages */
	uint64_t connections; /* so far */
	uint64_t births;      /* starts of Home Assistant */
};

/* Starts to connect. NULL, logged, if the system refuses. */
struct hm_mqtt_link *hm_mqtt_link_new(const struct hm_mqtt_options *options,
    struct hm_outbox *outbox);

/*
 * Closes the connection; the last message is sent only by hm_mqtt_link_leave.
 * False, with nothing freed, while the thread is connecting: then the caller
 * must end with _exit, because exit would unload the libraries that the thread
 * uses.
 */
bool hm_mqtt_link_free(struct hm_mqtt_link *link);

const struct hm_mqtt_counts *hm_mqtt_link_counts(
    const struct hm_mqtt_link *link);

/* For hm_stream_side: sets what to poll for; returns the timeout in ms. */
int hm_mqtt_link_prepare(struct hm_mqtt_link *link, struct pollfd *fd);

/* After each wait: read, write, reconnect, and send what is in the outbox. */
void hm_mqtt_link_ready(struct hm_mqtt_link *link, short revents);

/*
 * Call it after each wait until it is true: all messages have arrived, the last
 * one, "offline", too, and the connection is closed; or there is no connection,
 * and no message waits. Without a farewell the last message is "online".
 */
bool hm_mqtt_link_leave(struct hm_mqtt_link *link);

#endif
