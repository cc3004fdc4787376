#include <mosquitto.h>

#include "announce_clock.h"
#include "awaited_states.h"
#include "base/log.h"
#include "mqtt/mqtt_link.h"
#include "outbox.h"
#include "repeat_clock.h"
#include "sender_private.h"

/* libmosquitto refuses this message, and not the connection. */
static bool
is_refused(int rc)
{
	return rc == MOSQ_ERR_OVERSIZE_PACKET || rc == MOSQ_ERR_PAYLOAD_SIZE ||
	    rc == MOSQ_ERR_MALFORMED_UTF8;
}

static void
refuse(struct hm_sender *sender, const char *topic, size_t bytes, int rc)
{
	hm_log_facts(sender->refusal_logged ? HM_DEBUG : HM_WARNING,
	    HM_FACTS(hm_fact("topic", topic),
	    hm_fact_int("bytes", (int64_t)bytes)), "not published to %s: a "
	    "payload of %zu bytes: %s", topic, bytes,
	    rc == MOSQ_ERR_OVERSIZE_PACKET ?
	    "the broker takes only smaller messages" : mosquitto_strerror(rc));
	sender->refusal_logged = true;
	hm_outbox_refused(sender->outbox);
}

static void
send_next(struct hm_sender *sender, const struct hm_message *message)
{
	const char *topic = message->topic.p;
	int id, rc;

	sender->arrived = 0;
	rc = hm_mqtt_link_publish(sender->link, &id, topic, message->payload,
	    message->qos, message->retain);
	if (is_refused(rc)) {
		refuse(sender, topic, message->payload.n, rc);
		return;
	}
	hm_mqtt_link_check(sender->link, rc);
	if (rc != MOSQ_ERR_SUCCESS)
		return;
	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("topic", topic),
	    hm_fact_int("id", id)), "publish %s: %zu bytes, qos %d%s, id %d",
	    topic, message->payload.n, message->qos,
	    message->retain ? ", retained" : "", id);
	hm_sender_change_sent(sender, message, id);
	hm_outbox_sent(sender->outbox, id);
	/* With QoS 0 on_publish is called within mosquitto_publish. */
	if (sender->arrived == id)
		hm_sender_arrived(sender, id);
}

void
hm_sender_arrived(struct hm_sender *sender, int id)
{
	hm_awaited_arrived(&sender->change.awaited, id);
	hm_outbox_arrived(sender->outbox, id);
}

/* A lone message leaves at once. */
static void
gather(struct hm_sender *sender)
{
	size_t flights = hm_outbox_flights(sender->outbox);

	if (hm_mqtt_link_is_connected(sender->link) &&
	    hm_outbox_counts(sender->outbox)->queued > flights + 1 &&
	    flights + 1 < HM_OUTBOX_FLIGHT_MAX)
		hm_mqtt_link_gather(sender->link);
}

/* Until a message must wait for the broker, or for what goes before it. */
static void
send_waiting(struct hm_sender *sender, int64_t now)
{
	struct hm_message message;

	gather(sender);
	while (hm_mqtt_link_is_connected(sender->link) &&
	    hm_outbox_next(sender->outbox, &message))
		if (hm_outbox_is_prepared(sender->outbox))
			send_next(sender, &message);
		else if (!hm_sender_change_prepare(sender, &message, now))
			break;
}

static void
send_again(struct hm_sender *sender, int64_t now)
{
	if (hm_announce_take(&sender->births, now))
		hm_outbox_announce(sender->outbox);
	if (hm_outbox_take_news(sender->outbox))
		hm_repeat_ask(&sender->repeat, now);
	if (hm_repeat_take(&sender->repeat, now))
		hm_outbox_repeat(sender->outbox);
}

void
hm_sender_send(struct hm_sender *sender, int64_t now)
{
	hm_sender_learn_look(sender, now);
	hm_sender_change_look(sender, now);
	send_again(sender, now);
	send_waiting(sender, now);
}
