#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "base/clock.h"
#include "base/log.h"
#include "mqtt_link_private.h"

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
	link->counts.connections++;
	link->owner.connected(link->owner.context, hm_monotonic_ms());
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
	if (link->state == HM_MQTT_LEAVING && id == link->farewell)
		mosquitto_disconnect(mosq);
	else if (link->owner.arrived != NULL)
		link->owner.arrived(link->owner.context, id);
}

static void
on_message(struct mosquitto *mosq, void *context,
    const struct mosquitto_message *message)
{
	struct hm_mqtt_link *link = context;

	(void)mosq;
	link->owner.message(link->owner.context, message);
}

static void
on_subscribe(struct mosquitto *mosq, void *context, int id, int count,
    const int *codes)
{
	struct hm_mqtt_link *link = context;

	(void)mosq;
	if (link->owner.subscribed != NULL)
		link->owner.subscribed(link->owner.context, id, count, codes);
}

static void
on_unsubscribe(struct mosquitto *mosq, void *context, int id)
{
	struct hm_mqtt_link *link = context;

	(void)mosq;
	if (link->owner.unsubscribed != NULL)
		link->owner.unsubscribed(link->owner.context, id);
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
