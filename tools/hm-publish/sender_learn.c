#include <mosquitto.h>

#include "base/log.h"
#include "mqtt/mqtt_link.h"
#include "outbox.h"
#include "record/ha_topic.h"
#include "record/topics.h"
#include "sender_private.h"
#include "standing.h"

/* At once: a broker queues 1000 messages for a client, or less. */
#define ASK_DEVICES 16
#define ASK_FILTERS (2 * ASK_DEVICES)

#define ANSWER_MS 3000  /* how long messages wait for the broker's answer */
#define LOST_MAX 2      /* connections, one after another, while it asked */
#define DEAF_MS 3600000 /* without asking after that */
#define REFUSED 128     /* the lowest code of a refusal in a SUBACK */

struct question {
	struct hm_sender *sender;
	int count;
	char *filter[ASK_FILTERS];
	char text[ASK_FILTERS][HM_TOPIC_MAX];
};

static void
add_filters(struct question *q, const struct hm_ha_topic *topic)
{
	char *single = q->text[q->count], *device = q->text[q->count + 1];

	if (hm_ha_topic_filter(topic, single, HM_TOPIC_MAX) == 0 ||
	    hm_ha_topic_device(topic, device, HM_TOPIC_MAX) == 0)
		return;
	q->filter[q->count++] = single;
	q->filter[q->count++] = device;
}

/* Ask about the device of a message that waits; whether there is room. */
static bool
include(void *context, const struct hm_message *message)
{
	struct question *q = context;
	struct hm_standing *standing = q->sender->learn.standing;
	struct hm_stood_device *device;
	struct hm_ha_topic topic;

	if (!hm_ha_is_announcement(message, &topic) ||
	    hm_standing_find(standing, &topic) != NULL)
		return true;
	device = hm_standing_add(standing, &topic);
	if (device != NULL) {
		device->state = HM_STOOD_ASKED;
		add_filters(q, &topic);
	}
	return q->count < ASK_FILTERS;
}

/*
 * The broker answers the second request, which has no effect, after it has sent
 * what is retained. MQTT 5 could keep our own messages from coming back; some
 * brokers would then also leave out what an earlier connection with our client
 * id has retained.
 */
static int
request(struct hm_sender *sender, const struct question *q)
{
	struct mosquitto *session = hm_mqtt_link_session(sender->link);
	int rc = mosquitto_subscribe_multiple(session,
	    &sender->learn.request, q->count, q->filter, 0, 0, NULL);

	return rc != MOSQ_ERR_SUCCESS ? rc : mosquitto_unsubscribe(session,
	    &sender->learn.fence, sender->options.availability_topic);
}

static void
is_answered(struct hm_sender *sender)
{
	struct hm_stood_device *device = NULL;

	sender->learn.asks = false;
	while ((device = hm_standing_next(sender->learn.standing, device)) !=
	    NULL)
		device->state = HM_STOOD_KNOWN;
}

void
hm_sender_learn_ask(struct hm_sender *sender, int64_t now)
{
	struct question q = {.sender = sender};

	hm_outbox_each_waiting(sender->outbox, include, &q);
	if (q.count > 0 && now >= sender->learn.deaf_until &&
	    request(sender, &q) == MOSQ_ERR_SUCCESS) {
		sender->learn.asks = true;
		sender->learn.subscribed = true;
		sender->learn.until = now + ANSWER_MS;
	} else {
		is_answered(sender);
	}
}

void
hm_sender_learn_refused(struct hm_sender *sender, int id, int count,
    const int *codes)
{
	bool refused = false;

	if (!sender->learn.asks || id != sender->learn.request)
		return;
	for (int i = 0; i < count; i++)
		refused = refused || codes[i] >= REFUSED;
	if (!refused || sender->learn.refusal_logged)
		return;
	sender->learn.refusal_logged = true;
	hm_log_facts(HM_WARNING, HM_FACTS(
	    hm_fact("broker", sender->options.host),
	    hm_fact_int("port", sender->options.port)), "the broker %s:%d does "
	    "not let us read discovery messages: a change of a unit or of "
	    "ha_discovery is sent without care; allow reading "
	    "PREFIX/+/SERIAL/+/config and PREFIX/device/+/config",
	    sender->options.host, sender->options.port);
}

void
hm_sender_learn_fence(struct hm_sender *sender, int id)
{
	if (!sender->learn.asks || id != sender->learn.fence)
		return;
	sender->learn.lost = 0;
	is_answered(sender);
}

void
hm_sender_learn_look(struct hm_sender *sender, int64_t now)
{
	if (!sender->learn.asks || now < sender->learn.until)
		return;
	hm_log_facts(HM_INFO, HM_FACTS(hm_fact("broker", sender->options.host),
	    hm_fact_int("port", sender->options.port)), "the broker %s:%d did "
	    "not answer a subscription to discovery messages within %d ms",
	    sender->options.host, sender->options.port, ANSWER_MS);
	is_answered(sender);
}

/* Some brokers close the connection of a client that may not subscribe. */
void
hm_sender_learn_lost(struct hm_sender *sender, int64_t now)
{
	if (sender->learn.asks && ++sender->learn.lost == LOST_MAX)
		hm_sender_learn_refuse(sender, now);
	sender->learn.asks = false;
	sender->learn.subscribed = false;
	hm_standing_clear(sender->learn.standing);
}

bool
hm_sender_learn_refuse(struct hm_sender *sender, int64_t now)
{
	if (!sender->learn.subscribed)
		return false;
	sender->learn.lost = 0;
	sender->learn.deaf_until = now + DEAF_MS;
	return true;
}

void
hm_sender_learn_hear(struct hm_sender *sender,
    const struct mosquitto_message *message)
{
	struct hm_slice topic = hm_text(message->topic);
	struct hm_slice payload = message->payloadlen > 0 ?
	    hm_slice(message->payload, (size_t)message->payloadlen) :
	    hm_text("");

	if (!hm_standing_hear(sender->learn.standing, topic, payload,
	    !message->retain))
		return;
	hm_outbox_forget(sender->outbox, topic);
	hm_log_facts(HM_INFO, HM_FACTS(hm_fact("topic", message->topic)),
	    "another client has deleted %s: it is not sent again before it "
	    "is announced anew", message->topic);
}
