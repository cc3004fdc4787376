#ifndef HM_MQTT_LINK_H
#define HM_MQTT_LINK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * A connection to a broker. It reconnects when the connection is lost. The
 * caller polls its descriptor. Name lookup, connecting and the TLS handshake
 * can take minutes, so they run in a thread; all else runs in the caller's.
 */

struct hm_mqtt_link;
struct mosquitto;
struct mosquitto_message;

/* All texts are borrowed for the life of the link; NULL: not set. */
struct hm_mqtt_options {
	const char *host;
	int port;
	const char *client_id, *user, *password;
	int keepalive; /* seconds */
	bool tls, tls_insecure;
	const char *ca_file, *cert_file, *key_file;
	/* "offline" as last will if `farewell`; see hm_mqtt_link_say */
	const char *availability_topic;
	const char *bridge_topic; /* the same, without a will; see topics.h */
	bool farewell;
	int64_t reconnect_ms, reconnect_max_ms;
	int in_flight_max; /* messages sent and not acknowledged */
};

/*
 * What a tool does with its link. All functions are called in the caller's
 * thread; those of `lost`, `arrived`, `subscribed`, `unsubscribed` and
 * `too_large` may be NULL. Ids are those of libmosquitto, and `now` is
 * monotonic, in ms.
 */
struct hm_mqtt_owner {
	void *context;
	/* The broker has accepted the connection. */
	void (*connected)(void *context, int64_t now);
	/* The connection, or an attempt to connect, has ended. */
	void (*lost)(void *context, int64_t now);
	/* While connected, after each wait: do what is due. */
	void (*work)(void *context, int64_t now);
	/* While connected: when `work` has something to do, or 0. */
	int64_t (*due)(const void *context);
	void (*message)(void *context,
	    const struct mosquitto_message *message);
	/* The broker has a message. */
	void (*arrived)(void *context, int id);
	/* The broker's answer to a subscription, or to its end. */
	void (*subscribed)(void *context, int id, int count,
	    const int *codes);
	void (*unsubscribed)(void *context, int id);
	/*
	 * The connection will be lost because a packet of `size` bytes has
	 * come. If it can have been a message, give the subscription up for a
	 * while, write the reason for people, and return true.
	 */
	bool (*too_large)(void *context, uint32_t size, char *reason,
	    size_t cap);
};

struct hm_mqtt_counts {
	uint64_t connected;   /* 1 while the broker accepts messages */
	uint64_t connections; /* so far, this one included */
};

/*
 * Starts to connect; `options` and `owner` are copied. NULL, logged, if the
 * system refuses.
 */
struct hm_mqtt_link *hm_mqtt_link_new(const struct hm_mqtt_options *options,
    const struct hm_mqtt_owner *owner);

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

/* After each wait: read, write, reconnect, and let the owner work. */
void hm_mqtt_link_ready(struct hm_mqtt_link *link, short revents);

/* Whether messages can be published, and the owner is not leaving. */
bool hm_mqtt_link_is_connected(const struct hm_mqtt_link *link);

/* Whether it is a connection of MQTT 5, not of 3.1.1; only while connected. */
bool hm_mqtt_link_is_mqtt_5(const struct hm_mqtt_link *link);

/*
 * The session of libmosquitto, for subscriptions; only while connected. Give
 * the results of its functions to hm_mqtt_link_check.
 */
struct mosquitto *hm_mqtt_link_session(const struct hm_mqtt_link *link);

/* Note that the connection is lost if this result of libmosquitto says so. */
void hm_mqtt_link_check(struct hm_mqtt_link *link, int rc);

/* The bytes of a packet that the broker takes; only while connected. */
uint32_t hm_mqtt_link_packet_max(const struct hm_mqtt_link *link);

/*
 * Publish a message at once, with a lower QoS if the broker takes no higher
 * one. Returns a result of libmosquitto, and sets *id unless NULL.
 */
int hm_mqtt_link_publish(struct hm_mqtt_link *link, int *id,
    const char *topic, struct hm_slice payload, int qos, bool retain);

/*
 * What is published until the next wait leaves together, as soon as that
 * begins: fewer packets of the network. Without a call each message leaves at
 * once.
 */
void hm_mqtt_link_gather(struct hm_mqtt_link *link);

/*
 * Publish "online" or "offline" to our topic and to that of the bridge,
 * retained. *id, unless NULL, is set to the id of the last message.
 */
void hm_mqtt_link_say(struct hm_mqtt_link *link, const char *text, int *id);

/*
 * Call it after each wait until it is true. It publishes `text` as the last
 * message, unless NULL, and closes the connection when that has arrived, and
 * with it all messages before; or there is no connection.
 */
bool hm_mqtt_link_leave(struct hm_mqtt_link *link, const char *text);

/* Whether hm_mqtt_link_leave has sent the last message. */
bool hm_mqtt_link_leaves(const struct hm_mqtt_link *link);

/* A random number from `low` to `high`. */
int64_t hm_mqtt_link_random(int64_t low, int64_t high);

#endif
