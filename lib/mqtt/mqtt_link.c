#include "mqtt_link.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "mqtt_gate.h"
#include "mqtt_link_private.h"

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
	link->gathers = false;
	link->lost = false;
	link->lasted = false;
	link->counts.connected = 0;
	if (link->owner.lost != NULL)
		link->owner.lost(link->owner.context, hm_monotonic_ms());
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

void
hm_mqtt_link_check(struct hm_mqtt_link *link, int rc)
{
	int error = errno;

	if (rc == MOSQ_ERR_SUCCESS || link->lost)
		return;
	link->lost = true;
	link->lost_reason = rc;
	link->lost_errno = error;
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
	hm_mqtt_link_check(link, mosquitto_loop_misc(link->mosq));
	link->next_misc = now + misc_period(link);
	if (!hm_mqtt_link_is_connected(link) || link->lasted ||
	    now - link->connected_at < lasting_ms(link))
		return;
	link->lasted = true;
	link->delay_ms = link->options.reconnect_ms;
	hm_mqtt_trouble_over(link);
}

/* libmosquitto may answer each packet. */
static void
read_some(struct hm_mqtt_link *link)
{
	uint64_t packets = link->gate.frames.packets;
	int rc = hm_mqtt_gate_read(&link->gate, link->mosq);

	hm_mqtt_link_check(link, rc);
	hm_mqtt_reason_gate(link, rc);
	if (link->gate.frames.packets - packets > 1 &&
	    !link->lost && mosquitto_want_write(link->mosq))
		hm_mqtt_link_gather(link);
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
		hm_mqtt_link_check(link, mosquitto_loop_write(link->mosq, 1));
	if (!link->lost && now >= link->next_misc)
		look_after(link, now);
	if (hm_mqtt_link_is_connected(link))
		link->owner.work(link->owner.context, now);
	hm_mqtt_burst_end(link);
	if ((revents & ~POLLOUT) != 0)
		hm_mqtt_burst_acknowledge(link);
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
	int64_t now = hm_monotonic_ms(), until = link->deadline, due;

	fd->fd = -1;
	hm_mqtt_burst_end(link);
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
	}
	if (link->state == HM_MQTT_CONNECTED) {
		due = link->owner.due(link->owner.context);
		if (due != 0 && due < until)
			until = due;
	}
	/* libmosquitto has closed it outside of hm_mqtt_link_ready. */
	if (link->lost)
		return 0;
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

/* While connected */

bool
hm_mqtt_link_is_connected(const struct hm_mqtt_link *link)
{
	return link->state == HM_MQTT_CONNECTED && !link->lost;
}

bool
hm_mqtt_link_is_mqtt_5(const struct hm_mqtt_link *link)
{
	return link->version == MQTT_PROTOCOL_V5;
}

struct mosquitto *
hm_mqtt_link_session(const struct hm_mqtt_link *link)
{
	return link->mosq;
}

uint32_t
hm_mqtt_link_packet_max(const struct hm_mqtt_link *link)
{
	return link->packet_max;
}

/*
 * With MQTT 5 a broker may say that it takes only a lower QoS, and libmosquitto
 * then refuses a higher one.
 */
int
hm_mqtt_link_publish(struct hm_mqtt_link *link, int *id, const char *topic,
    struct hm_slice payload, int qos, bool retain)
{
	int rc;

	do
		rc = mosquitto_publish(link->mosq, id, topic, (int)payload.n,
		    payload.p, qos, retain);
	while (rc == MOSQ_ERR_QOS_NOT_SUPPORTED && qos-- > 0);
	return rc;
}

void
hm_mqtt_link_say(struct hm_mqtt_link *link, const char *text, int *id)
{
	const struct hm_mqtt_options *o = &link->options;

	/* A broker takes them in this order: the last has the id. */
	if (o->bridge_topic != NULL)
		hm_mqtt_link_publish(link, NULL, o->bridge_topic,
		    hm_text(text), 1, true);
	hm_mqtt_link_publish(link, id, o->availability_topic, hm_text(text),
	    1, true);
}

bool
hm_mqtt_link_leaves(const struct hm_mqtt_link *link)
{
	return link->state == HM_MQTT_LEAVING || link->state == HM_MQTT_LEFT;
}

bool
hm_mqtt_link_leave(struct hm_mqtt_link *link, const char *text)
{
	if (link->state != HM_MQTT_CONNECTED)
		return link->state != HM_MQTT_LEAVING;
	link->state = HM_MQTT_LEAVING;
	/* When the broker has the last message, it has all of them. */
	if (text != NULL)
		hm_mqtt_link_say(link, text, &link->farewell);
	else
		hm_mqtt_link_check(link, mosquitto_disconnect(link->mosq));
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
    const struct hm_mqtt_owner *owner)
{
	struct hm_mqtt_link *link = calloc(1, sizeof *link);

	if (link == NULL)
		return NULL;
	link->options = *options;
	link->owner = *owner;
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
