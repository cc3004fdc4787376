#include <mosquitto.h>
#include <string.h>

#include "announce_clock.h"
#include "awaited_states.h"
#include "base/log.h"
#include "mqtt_link_private.h"
#include "outbox.h"
#include "repeat_clock.h"

/*
 * With MQTT 5 a broker may say that it takes only a lower QoS, and libmosquitto
 * then refuses a higher one.
 */
int
hm_mqtt_link_publish(struct hm_mqtt_link *link, int *id, const char *topic,
    const struct hm_message *message)
{
	int rc, qos = message->qos;

	do
		rc = mosquitto_publish(link->mosq, id, topic,
		    (int)message->payload.n, message->payload.p, qos,
		    message->retain);
	while (rc == MOSQ_ERR_QOS_NOT_SUPPORTED && qos-- > 0);
	return rc;
}

void
hm_mqtt_link_say(struct hm_mqtt_link *link, const char *text, int *id)
{
	const struct hm_message message = {
	    .payload = hm_text(text), .qos = 1, .retain = true};

	/* A broker takes them in this order: the last has the id. */
	hm_mqtt_link_publish(link, NULL, link->options.bridge_topic, &message);
	hm_mqtt_link_publish(link, id, link->options.availability_topic,
	    &message);
}

/* libmosquitto refuses this message, and not the connection. */
static bool
is_refused(int rc)
{
	return rc == MOSQ_ERR_OVERSIZE_PACKET || rc == MOSQ_ERR_PAYLOAD_SIZE ||
	    rc == MOSQ_ERR_MALFORMED_UTF8;
}

static void
refuse(struct hm_mqtt_link *link, const char *topic, size_t bytes, int rc)
{
	hm_log_facts(link->refusal_logged ? HM_DEBUG : HM_WARNING,
	    HM_FACTS(hm_fact("topic", topic),
	    hm_fact_int("bytes", (int64_t)bytes)), "not published to %s: a "
	    "payload of %zu bytes: %s", topic, bytes,
	    rc == MOSQ_ERR_OVERSIZE_PACKET ?
	    "the broker takes only smaller messages" : mosquitto_strerror(rc));
	link->refusal_logged = true;
	hm_outbox_refused(link->outbox);
}

static void
send_next(struct hm_mqtt_link *link, const struct hm_message *message)
{
	char topic[UINT16_MAX + 1];
	int id, rc;

	link->arrived = 0;
	memcpy(topic, message->topic.p, message->topic.n);
	topic[message->topic.n] = '\0';
	rc = hm_mqtt_link_publish(link, &id, topic, message);
	if (is_refused(rc)) {
		refuse(link, topic, message->payload.n, rc);
		return;
	}
	hm_mqtt_link_check(link, rc);
	if (rc != MOSQ_ERR_SUCCESS)
		return;
	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("topic", topic),
	    hm_fact_int("id", id)), "publish %s: %zu bytes, qos %d%s, id %d",
	    topic, message->payload.n, message->qos,
	    message->retain ? ", retained" : "", id);
	hm_mqtt_change_sent(link, message, id);
	hm_outbox_sent(link->outbox, id);
	/* With QoS 0 on_publish is called within mosquitto_publish. */
	if (link->arrived == id)
		hm_mqtt_send_arrived(link, id);
}

void
hm_mqtt_send_arrived(struct hm_mqtt_link *link, int id)
{
	hm_awaited_arrived(&link->change.awaited, id);
	hm_outbox_arrived(link->outbox, id);
}

/* Until a message must wait for the broker, or for what goes before it. */
static void
send_waiting(struct hm_mqtt_link *link, int64_t now)
{
	struct hm_message message;

	while (link->state == HM_MQTT_CONNECTED && !link->lost &&
	    hm_outbox_next(link->outbox, &message))
		if (hm_outbox_is_prepared(link->outbox))
			send_next(link, &message);
		else if (!hm_mqtt_change_prepare(link, &message, now))
			break;
}

static void
send_again(struct hm_mqtt_link *link, int64_t now)
{
	if (hm_announce_take(&link->births, now))
		hm_outbox_announce(link->outbox);
	if (hm_outbox_take_news(link->outbox))
		hm_repeat_ask(&link->repeat, now);
	if (hm_repeat_take(&link->repeat, now))
		hm_outbox_repeat(link->outbox);
}

void
hm_mqtt_send(struct hm_mqtt_link *link, int64_t now)
{
	hm_mqtt_learn_look(link, now);
	hm_mqtt_change_look(link, now);
	send_again(link, now);
	send_waiting(link, now);
}
