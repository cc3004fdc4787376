#ifndef HM_SUBSCRIBER_H
#define HM_SUBSCRIBER_H

#include <poll.h>
#include <stdbool.h>

#include "mqtt/mqtt_link.h"
#include "reception.h"
#include "topic_list.h"

/*
 * The connection of hm-subscribe: subscribes to the topics, with QoS 0, and
 * gives messages to a reception.
 */

struct hm_subscriber;

/*
 * Starts to connect. All arguments are borrowed. NULL, logged, if the system
 * refuses.
 */
struct hm_subscriber *hm_subscriber_new(const struct hm_mqtt_options *options,
    const struct hm_topic_list *topics, struct hm_reception *reception);

/* As the functions of mqtt_link.h. */
bool hm_subscriber_free(struct hm_subscriber *s);
const struct hm_mqtt_counts *hm_subscriber_counts(
    const struct hm_subscriber *s);
int hm_subscriber_prepare(struct hm_subscriber *s, struct pollfd *fd);
void hm_subscriber_ready(struct hm_subscriber *s, short revents);

/* Call it after each wait until it is true: the connection is closed. */
bool hm_subscriber_leave(struct hm_subscriber *s);

#endif
