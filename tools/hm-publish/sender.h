#ifndef HM_SENDER_H
#define HM_SENDER_H

#include <poll.h>
#include <stdbool.h>

#include "mqtt/mqtt_link.h"
#include "outbox.h"

/*
 * Sends the messages of an outbox to a broker, announcements in the way that
 * Home Assistant needs: with care for what stands at the broker, and again when
 * Home Assistant has started.
 */

struct hm_sender;

/*
 * Starts to connect. All texts are borrowed for the life of the sender; Home
 * Assistant sends "online" to `birth_topic`. NULL, logged, if the system
 * refuses.
 */
struct hm_sender *hm_sender_new(const struct hm_mqtt_options *options,
    const char *birth_topic, struct hm_outbox *outbox);

/*
 * Commands are not taken: remove the entities that send them to the chain of
 * this client id, as far as they stand, with what was confirmed. Both texts are
 * borrowed. Without a call they stay.
 */
void hm_sender_end_control(struct hm_sender *sender, const char *prefix,
    const char *client_id);

/* As hm_mqtt_link_free. */
bool hm_sender_free(struct hm_sender *sender);

struct hm_sender_counts {
	uint64_t births; /* starts of Home Assistant */
};

const struct hm_sender_counts *hm_sender_counts(
    const struct hm_sender *sender);
const struct hm_mqtt_counts *hm_sender_link_counts(
    const struct hm_sender *sender);

/* As hm_mqtt_link_prepare and hm_mqtt_link_ready. */
int hm_sender_prepare(struct hm_sender *sender, struct pollfd *fd);
void hm_sender_ready(struct hm_sender *sender, short revents);

/*
 * Call it after each wait until it is true: all messages have arrived, the last
 * one, "offline", too, and the connection is closed; or there is no connection,
 * and no message waits. Without a farewell the last message is "online".
 */
bool hm_sender_leave(struct hm_sender *sender);

#endif
