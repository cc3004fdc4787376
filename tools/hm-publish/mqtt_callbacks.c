#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "mqtt_link_private.h"
#include "outbox.h"

/* All but hm_mqtt_callbacks_set are called from mosquitto_loop_*. */

static void
on_connect(struct mosquitto *mosq, void *context, int rc, int flags,
    const mosquitto_property *properties)
{
	struct hm_mqtt_link *link = context;

	(void)mosq, (void)flags;
	if (rc != 0) {
		link->lost = true;
		link->lost_reason = -rc;
		return;
	}
	hm_log_facts(HM_INFO,
	    HM_FACTS(hm_fact("broker", link->options.host),
	    hm_fact_int("port", link->options.port)),
	    "connected to the broker %s:%d", link->options.host,
	    link->options.port);
	hm_mqtt_takeover_connected(link);
	/* It closed MQTT 5 at once, whatever libmosquitto made of that. */
	link->only_311 |= link->version == MQTT_PROTOCOL_V311 &&
	    link->closes_5;
	link->state = HM_MQTT_CONNECTED;
	link->deadline = 0;
	link->failed = false;
	link->counts.connected = 1;
	link->packet_max = UINT32_MAX;
	mosquitto_property_read_int32(properties,
	    MQTT_PROP_MAXIMUM_PACKET_SIZE, &link->packet_max, false);
	hm_mqtt_change_connected(link, hm_monotonic_ms());
	hm_mqtt_births_subscribe(link, hm_monotonic_ms());
	/* A broker that restarted may have lost its retained messages. */
	if (link->counts.connections++ > 0)
		hm_outbox_announce(link->outbox);
}

static void
on_disconnect(struct mosquitto *mosq, void *context, int rc)
{
	struct hm_mqtt_link *link = context;
	int error = errno;

	(void)mosq;
	/* Keep the reason that the broker gave. */
	if (link->lost)
		return;
	link->lost = true;
	link->lost_reason = rc;
	link->lost_errno = error;
}

static void
on_publish(struct mosquitto *mosq, void *context, int id)
{
	struct hm_mqtt_link *link = context;

	hm_log(HM_DEBUG, "the broker has message %d", id);
	link->arrived = id;
	if (link->state == HM_MQTT_LEAVING && id == link->farewell)
		mosquitto_disconnect(mosq);
	else
		hm_mqtt_send_arrived(link, id);
}

static void
on_message(struct mosquitto *mosq, void *context,
    const struct mosquitto_message *message)
{
	struct hm_mqtt_link *link = context;

	(void)mosq;
	if (strcmp(message->topic, link->options.birth_topic) == 0)
		hm_mqtt_births_take(link, hm_monotonic_ms(), message);
	else
		hm_mqtt_learn_hear(link, message);
}

static void
on_subscribe(struct mosquitto *mosq, void *context, int id, int count,
    const int *codes)
{
	(void)mosq;
	hm_mqtt_learn_refused(context, id, count, codes);
}

static void
on_unsubscribe(struct mosquitto *mosq, void *context, int id)
{
	(void)mosq;
	hm_mqtt_learn_fence(context, id);
}

void
hm_mqtt_callbacks_set(struct mosquitto *mosq)
{
	mosquitto_connect_v5_callback_set(mosq, on_connect);
	mosquitto_disconnect_callback_set(mosq, on_disconnect);
	mosquitto_publish_callback_set(mosq, on_publish);
	mosquitto_message_callback_set(mosq, on_message);
	mosquitto_subscribe_callback_set(mosq, on_subscribe);
	mosquitto_unsubscribe_callback_set(mosq, on_unsubscribe);
}
