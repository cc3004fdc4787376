#include "mqtt_link.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "announce_clock.h"
#include "base/clock.h"
#include "base/log.h"
#include "mqtt_gate.h"
#include "mqtt_link_private.h"
#include "outbox.h"

#define REPEAT_MS 1000

int64_t
hm_mqtt_link_random(int64_t low, int64_t high)
{
	return low + (int64_t)arc4random_uniform((uint32_t)(high - low + 1));
}

/* Losing the connection, and reconnecting */

/* The delay doubles until a connection has lasted. */
static void
wait_for_next_attempt(struct hm_mqtt_link *link)
{
	int64_t wait = hm_mqtt_link_random(link->delay_ms / 2, link->delay_ms);

	if (!link->only_311)
		link->version = link->version == MQTT_PROTOCOL_V5 &&
		    link->state == HM_MQTT_GREETING ? MQTT_PROTOCOL_V311 :
		    MQTT_PROTOCOL_V5;
	link->state = HM_MQTT_WAITING;
	link->deadline = hm_monotonic_ms() + wait;
	link->delay_ms *= 2;
	if (link->delay_ms > link->options.reconnect_max_ms)
		link->delay_ms = link->options.reconnect_max_ms;
}

static void
drop_connection(struct hm_mqtt_link *link)
{
	if (link->mosq != NULL)
		mosquitto_destroy(link->mosq);
	link->mosq = NULL;
	hm_mqtt_gate_reset(&link->gate);
	link->lost = false;
	link->hears_births = false;
	link->lasted = false;
	link->counts.connected = 0;
	hm_outbox_return(link->outbox);
}

void
hm_mqtt_link_failed(struct hm_mqtt_link *link, const char *why)
{
	hm_mqtt_trouble_failed(link, why);
	link->failed = true;
	drop_connection(link);
	wait_for_next_attempt(link);
}

/*
 * A broker without MQTT 5 says that it does not know this version, or closes
 * the connection. Whether to try MQTT 3.1.1 at once.
 */
static bool
may_lack_mqtt_5(struct hm_mqtt_link *link)
{
	int rc = link->lost_reason;

	if (link->state != HM_MQTT_GREETING || link->reason[0] != '\0' ||
	    link->version != MQTT_PROTOCOL_V5)
		return false;
	link->only_311 = rc == -1 ||
	    rc == -MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION;
	return link->only_311 || rc == MOSQ_ERR_CONN_LOST ||
	    (rc == MOSQ_ERR_ERRNO && link->lost_errno == ECONNRESET);
}

/*
 * With MQTT 5 a broker refuses a last will of a higher QoS than it takes, or
 * one that is retained. Whether to try one that is not, at once.
 */
static bool
may_lower_will(struct hm_mqtt_link *link)
{
	bool *lower = link->lost_reason == -MQTT_RC_QOS_NOT_SUPPORTED ?
	    &link->only_qos_0 :
	    link->lost_reason == -MQTT_RC_RETAIN_NOT_SUPPORTED ?
	    &link->retains_none : NULL;

	if (link->state != HM_MQTT_GREETING || lower == NULL || *lower)
		return false;
	*lower = true;
	return true;
}

static void
connection_lost(struct hm_mqtt_link *link, const char *why)
{
	link->closes_5 = link->state == HM_MQTT_GREETING &&
	    link->version == MQTT_PROTOCOL_V5;
	if (link->state == HM_MQTT_LEAVING) {
		drop_connection(link);
		link->state = HM_MQTT_LEFT;
	} else if (may_lack_mqtt_5(link)) {
		drop_connection(link);
		link->version = MQTT_PROTOCOL_V311;
		hm_mqtt_connect_start(link);
	} else if (may_lower_will(link)) {
		drop_connection(link);
		hm_mqtt_connect_start(link);
	} else if (link->state != HM_MQTT_CONNECTED) {
		hm_mqtt_link_failed(link, why);
	} else {
		hm_mqtt_takeover_lost(link);
		hm_mqtt_trouble_lost(link, why);
		drop_connection(link);
		wait_for_next_attempt(link);
	}
}

/*
 * With MQTT 5 a broker may say that it takes only a lower QoS, and libmosquitto
 * then refuses a higher one.
 */
static int
publish(struct hm_mqtt_link *link, int *id, const char *topic,
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
	publish(link, NULL, link->options.bridge_topic, &message);
	publish(link, id, link->options.availability_topic, &message);
}

/* Running */

static bool
is_open(const struct hm_mqtt_link *link)
{
	return link->state == HM_MQTT_GREETING ||
	    link->state == HM_MQTT_CONNECTED ||
	    link->state == HM_MQTT_LEAVING;
}

/* How often libmosquitto may send a ping: 10 times in a keepalive. */
static int64_t
misc_period(const struct hm_mqtt_link *link)
{
	return (int64_t)link->options.keepalive * 1000 / 10;
}

static void
check_result(struct hm_mqtt_link *link, int rc)
{
	int error = errno;

	if (rc == MOSQ_ERR_SUCCESS || link->lost)
		return;
	link->lost = true;
	link->lost_reason = rc;
	link->lost_errno = error;
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
	rc = publish(link, &id, topic, message);
	if (is_refused(rc)) {
		refuse(link, topic, message->payload.n, rc);
		return;
	}
	check_result(link, rc);
	if (rc != MOSQ_ERR_SUCCESS)
		return;
	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("topic", topic),
	    hm_fact_int("id", id)), "publish %s: %zu bytes, qos %d%s, id %d",
	    topic, message->payload.n, message->qos,
	    message->retain ? ", retained" : "", id);
	hm_outbox_sent(link->outbox, id);
	/* With QoS 0 on_publish is called within mosquitto_publish. */
	if (link->arrived == id)
		hm_outbox_arrived(link->outbox, id);
}

static void
send_waiting(struct hm_mqtt_link *link)
{
	struct hm_message message;

	while (link->state == HM_MQTT_CONNECTED && !link->lost &&
	    hm_outbox_next(link->outbox, &message))
		send_next(link, &message);
}

/* How long a connection must last until the delay starts again. */
static int64_t
lasting_ms(const struct hm_mqtt_link *link)
{
	int64_t ms = 2 * link->options.reconnect_max_ms;

	return ms < HM_MQTT_LASTED_MAX_MS ? ms : HM_MQTT_LASTED_MAX_MS;
}

static void
look_after(struct hm_mqtt_link *link, int64_t now)
{
	check_result(link, mosquitto_loop_misc(link->mosq));
	link->next_misc = now + misc_period(link);
	if (link->lost || link->state != HM_MQTT_CONNECTED)
		return;
	hm_mqtt_births_subscribe(link, now);
	if (link->lasted || now - link->connected_at < lasting_ms(link))
		return;
	link->lasted = true;
	link->delay_ms = link->options.reconnect_ms;
	hm_mqtt_trouble_over(link);
}

static void
read_some(struct hm_mqtt_link *link)
{
	int rc = hm_mqtt_gate_read(&link->gate, link->mosq);

	check_result(link, rc);
	hm_mqtt_reason_gate(link, rc);
}

/*
 * Home Assistant subscribes to the states of a new entity some 100 ms after its
 * announcement, and misses those that come before.
 */
static void
send_again(struct hm_mqtt_link *link, int64_t now)
{
	if (hm_announce_take(&link->births, now))
		hm_outbox_announce(link->outbox);
	if (hm_outbox_take_news(link->outbox))
		link->repeat_at = now + REPEAT_MS;
	if (link->repeat_at == 0 || now < link->repeat_at)
		return;
	link->repeat_at = 0;
	hm_outbox_repeat(link->outbox);
}

static void
exchange(struct hm_mqtt_link *link, short revents)
{
	int64_t now = hm_monotonic_ms();

	if ((revents & ~POLLOUT) != 0)
		read_some(link);
	/* What libmosquitto answers while it reads waits in its queue. */
	if (!link->lost && ((revents & POLLOUT) != 0 ||
	    mosquitto_want_write(link->mosq)))
		check_result(link, mosquitto_loop_write(link->mosq, 1));
	if (!link->lost && now >= link->next_misc)
		look_after(link, now);
	if (link->state == HM_MQTT_CONNECTED && !link->lost)
		send_again(link, now);
	send_waiting(link);
	if (link->lost)
		connection_lost(link, hm_mqtt_link_reason(link,
		    link->lost_reason, link->lost_errno));
}

static void
deadline_passed(struct hm_mqtt_link *link)
{
	int fd;

	switch (link->state) {
	case HM_MQTT_WAITING:
		hm_mqtt_connect_start(link);
		break;
	case HM_MQTT_CONNECTING:
		/* Only this ends the thread's call of libmosquitto. */
		fd = mosquitto_socket(link->mosq);
		if (fd >= 0)
			shutdown(fd, SHUT_RDWR);
		link->deadline = hm_monotonic_ms() + HM_MQTT_CONNECT_MS;
		break;
	case HM_MQTT_GREETING:
		link->closes_5 = false;
		hm_mqtt_link_failed(link,
		    "it does not answer as an MQTT broker");
		break;
	default:
		break;
	}
}

int
hm_mqtt_link_prepare(struct hm_mqtt_link *link, struct pollfd *fd)
{
	int64_t now = hm_monotonic_ms(), until = link->deadline;

	fd->fd = -1;
	if (link->state == HM_MQTT_CONNECTING) {
		fd->fd = link->done_fd;
		fd->events = POLLIN;
	} else if (is_open(link)) {
		fd->fd = mosquitto_socket(link->mosq);
		fd->events = POLLIN;
		if (mosquitto_want_write(link->mosq))
			fd->events |= POLLOUT;
		if (until == 0 || link->next_misc < until)
			until = link->next_misc;
		if (link->births.due != 0 && link->births.due < until)
			until = link->births.due;
		if (link->repeat_at != 0 && link->repeat_at < until)
			until = link->repeat_at;
	}
	if (until == 0)
		return -1;
	return until > now ? (int)(until - now) : 0;
}

void
hm_mqtt_link_ready(struct hm_mqtt_link *link, short revents)
{
	if (link->state == HM_MQTT_CONNECTING && revents != 0)
		hm_mqtt_connect_end(link);
	else if (is_open(link))
		exchange(link, revents);
	if (link->deadline != 0 && hm_monotonic_ms() >= link->deadline)
		deadline_passed(link);
}

bool
hm_mqtt_link_leave(struct hm_mqtt_link *link)
{
	if (link->state == HM_MQTT_LEFT)
		return true;
	if (link->state == HM_MQTT_LEAVING)
		return false;
	if (hm_outbox_counts(link->outbox)->queued > 0)
		return false;
	if (link->state != HM_MQTT_CONNECTED)
		return true;
	link->state = HM_MQTT_LEAVING;
	/* When the broker has the last message, it has all of them. */
	hm_mqtt_link_say(link, link->options.farewell ? "offline" : "online",
	    &link->farewell);
	return false;
}

/* Beginning and end */

static bool
open_descriptors(struct hm_mqtt_link *link)
{
	link->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (link->done_fd < 0)
		return false;
	if (hm_mqtt_gate_open(&link->gate))
		return true;
	close(link->done_fd);
	return false;
}

struct hm_mqtt_link *
hm_mqtt_link_new(const struct hm_mqtt_options *options,
    struct hm_outbox *outbox)
{
	struct hm_mqtt_link *link = calloc(1, sizeof *link);

	if (link == NULL)
		return NULL;
	link->options = *options;
	link->outbox = outbox;
	link->delay_ms = options->reconnect_ms;
	link->version = MQTT_PROTOCOL_V5;
	if (!open_descriptors(link) ||
	    mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
		hm_log_errno(HM_ERROR, "cannot set up MQTT");
		free(link);
		return NULL;
	}
	hm_mqtt_connect_start(link);
	return link;
}

const struct hm_mqtt_counts *
hm_mqtt_link_counts(const struct hm_mqtt_link *link)
{
	return &link->counts;
}

bool
hm_mqtt_link_free(struct hm_mqtt_link *link)
{
	if (link == NULL)
		return true;
	if (link->state == HM_MQTT_CONNECTING)
		return false;
	drop_connection(link);
	mosquitto_lib_cleanup();
	hm_mqtt_gate_close(&link->gate);
	close(link->done_fd);
	free(link);
	return true;
}
