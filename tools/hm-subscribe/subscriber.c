#include "subscriber.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "mqtt/mqtt_frames.h"

#define REFUSED 128     /* the lowest code of a refusal in a SUBACK */
#define DEAF_MS 3600000 /* without --topic after a message that is too large */

struct hm_subscriber {
	struct hm_mqtt_options options;
	const struct hm_topic_list *topics;
	struct hm_reception *reception;
	struct hm_mqtt_link *link;
	int commands, messages; /* ids of the subscriptions */
	bool hears_messages;    /* this connection */
	bool has_said_311;      /* that the broker lacks MQTT 5 */
	int64_t deaf_until;     /* monotonic ms: subscribe to no messages */
};

/* Subscriptions */

static void
say_without_mqtt_5(struct hm_subscriber *s)
{
	const char *host = s->options.host;
	int port = s->options.port;

	if (hm_mqtt_link_is_mqtt_5(s->link) || s->has_said_311)
		return;
	s->has_said_311 = true;
	hm_log_facts(HM_INFO, HM_FACTS(hm_fact("broker", host),
	    hm_fact_int("port", port)), "the broker %s:%d does not speak "
	    "MQTT 5: a command that is sent as retained is carried out if it "
	    "comes while hm-subscribe is connected", host, port);
}

/*
 * A command must not come twice: QoS 0, and no session that outlives the
 * connection. With MQTT 5 the broker says of a new command, too, that it keeps
 * it; before MQTT 5 the option is left out.
 */
static void
subscribe_to_commands(struct hm_subscriber *s)
{
	char own[HM_TOPIC_MAX], shared[HM_TOPIC_MAX];
	char *topics[] = {own, shared};

	say_without_mqtt_5(s);
	snprintf(own, sizeof own, "%s", s->topics->own);
	snprintf(shared, sizeof shared, "%s", s->topics->shared);
	hm_mqtt_link_check(s->link, mosquitto_subscribe_multiple(
	    hm_mqtt_link_session(s->link), &s->commands, 2, topics, 0,
	    MQTT_SUB_OPT_RETAIN_AS_PUBLISHED, NULL));
}

static void
subscribe_to_messages(struct hm_subscriber *s, int64_t now)
{
	char text[HM_FILTERS_MAX + HM_MSA_FILTERS][HM_FILTER_MAX];
	char *filter[HM_FILTERS_MAX + HM_MSA_FILTERS];

	if (s->topics->filters == 0 || s->hears_messages ||
	    now < s->deaf_until)
		return;
	for (size_t i = 0; i < s->topics->filters; i++) {
		snprintf(text[i], sizeof text[i], "%s", s->topics->filter[i]);
		filter[i] = text[i];
	}
	s->hears_messages = true;
	hm_mqtt_link_check(s->link, mosquitto_subscribe_multiple(
	    hm_mqtt_link_session(s->link), &s->messages,
	    (int)s->topics->filters, filter, 0, 0, NULL));
}

static void
log_refusal(const struct hm_subscriber *s, const char *topic)
{
	const char *host = s->options.host;
	int port = s->options.port;

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("broker", host),
	    hm_fact_int("port", port), hm_fact("topic", topic)), "the broker "
	    "%s:%d does not let us read %s: allow it in its access list", host,
	    port, topic);
}

/* The owner of the link */

static void
on_connected(void *context, int64_t now)
{
	struct hm_subscriber *s = context;

	if (s->topics->commands)
		subscribe_to_commands(s);
	subscribe_to_messages(s, now);
}

static void
on_lost(void *context, int64_t now)
{
	struct hm_subscriber *s = context;

	(void)now;
	s->hears_messages = false;
}

static void
on_work(void *context, int64_t now)
{
	subscribe_to_messages(context, now);
}

static int64_t
on_due(const void *context)
{
	const struct hm_subscriber *s = context;

	return s->topics->filters > 0 && !s->hears_messages ? s->deaf_until :
	    0;
}

/* Whether commands can come. "offline" is the last word of one that leaves. */
static void
on_commands(struct hm_subscriber *s, int count, const int *codes)
{
	const char *topics[] = {s->topics->own, s->topics->shared};
	bool own = false;

	for (int i = 0; i < count && i < 2; i++)
		if (codes[i] >= REFUSED)
			log_refusal(s, topics[i]);
		else if (i == 0)
			own = true;
	if (hm_mqtt_link_is_connected(s->link))
		hm_mqtt_link_say(s->link, own ? "online" : "offline",
		    NULL);
}

static void
on_subscribed(void *context, int id, int count, const int *codes)
{
	struct hm_subscriber *s = context;

	if (s->topics->commands && id == s->commands) {
		on_commands(s, count, codes);
		return;
	}
	for (int i = 0; i < count && id == s->messages; i++)
		if (codes[i] >= REFUSED && (size_t)i < s->topics->filters)
			log_refusal(s, s->topics->filter[i]);
}

static void
on_message(void *context, const struct mosquitto_message *message)
{
	struct hm_subscriber *s = context;
	const struct hm_message_in in = {
	    .topic = hm_text(message->topic),
	    .payload = message->payloadlen > 0 ?
	        hm_slice(message->payload, (size_t)message->payloadlen) :
	        hm_text(""),
	    .qos = message->qos,
	    .retained = message->retain,
	};

	hm_reception_take(s->reception, &in, hm_monotonic_ms());
}

static bool
on_too_large(void *context, uint32_t size, char *reason, size_t cap)
{
	struct hm_subscriber *s = context;

	if (s->hears_messages)
		s->deaf_until = hm_monotonic_ms() + DEAF_MS;
	snprintf(reason, cap, "it sent a message of %u bytes, at most %d are "
	    "taken%s", (unsigned)size, HM_MQTT_PACKET_MAX, s->hears_messages ?
	    "; subscribe_topics (--topic) and subscribe_from (--from) are not "
	    "followed for an hour" : "");
	return true;
}

/* The stream's side */

int
hm_subscriber_prepare(struct hm_subscriber *s, struct pollfd *fd)
{
	return hm_mqtt_link_prepare(s->link, fd);
}

void
hm_subscriber_ready(struct hm_subscriber *s, short revents)
{
	hm_mqtt_link_ready(s->link, revents);
}

bool
hm_subscriber_leave(struct hm_subscriber *s)
{
	return hm_mqtt_link_leave(s->link,
	    s->topics->commands ? "offline" : NULL);
}

/* Beginning and end */

struct hm_subscriber *
hm_subscriber_new(const struct hm_mqtt_options *options,
    const struct hm_topic_list *topics, struct hm_reception *reception)
{
	struct hm_subscriber *s = calloc(1, sizeof *s);
	const struct hm_mqtt_owner owner = {
	    .context = s,
	    .connected = on_connected,
	    .lost = on_lost,
	    .work = on_work,
	    .due = on_due,
	    .message = on_message,
	    .subscribed = on_subscribed,
	    .too_large = on_too_large,
	};

	if (s == NULL)
		return NULL;
	s->options = *options;
	s->topics = topics;
	s->reception = reception;
	s->link = hm_mqtt_link_new(&s->options, &owner);
	if (s->link != NULL)
		return s;
	free(s);
	return NULL;
}

const struct hm_mqtt_counts *
hm_subscriber_counts(const struct hm_subscriber *s)
{
	return hm_mqtt_link_counts(s->link);
}

bool
hm_subscriber_free(struct hm_subscriber *s)
{
	if (s == NULL)
		return true;
	if (!hm_mqtt_link_free(s->link))
		return false;
	free(s);
	return true;
}
