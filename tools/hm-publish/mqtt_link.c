#include "mqtt_link.h"

#include <errno.h>
#include <mosquitto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "announce_clock.h"
#include "base/clock.h"
#include "base/log.h"
#include "mqtt_link_private.h"
#include "outbox.h"

int64_t
hm_mqtt_link_random(int64_t low, int64_t high)
{
	return low + (int64_t)arc4random_uniform((uint32_t)(high - low + 1));
}

/* Losing the connection, and reconnecting */

/* The delay doubles with each failed attempt. */
static void
wait_for_next_attempt(struct hm_mqtt_link *link)
{
	int64_t wait = hm_mqtt_link_random(link->delay_ms / 2, link->delay_ms);

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
	link->lost = false;
	link->counts.connected = 0;
	hm_outbox_return(link->outbox);
}

/* The texts of libmosquitto end with a full stop. */
static struct hm_slice
without_full_stop(const char *why)
{
	size_t n = strlen(why);

	return hm_slice(why, n > 0 && why[n - 1] == '.' ? n - 1 : n);
}

void
hm_mqtt_link_failed(struct hm_mqtt_link *link, const char *why)
{
	const struct hm_mqtt_options *o = &link->options;
	struct hm_slice reason = without_full_stop(why);

	/* The first failure is logged as an error, the next ones as info. */
	hm_log_facts(link->failure_logged ? HM_INFO : HM_ERROR,
	    HM_FACTS(hm_fact("broker", o->host),
	    hm_fact_int("port", o->port), hm_fact_slice("reason", reason)),
	    "no connection to the broker %s:%d: %.*s; retrying", o->host,
	    o->port, (int)reason.n, reason.p);
	link->failure_logged = true;
	drop_connection(link);
	wait_for_next_attempt(link);
}

static void
connection_lost(struct hm_mqtt_link *link, const char *why)
{
	const struct hm_mqtt_options *o = &link->options;
	struct hm_slice reason = without_full_stop(why);

	if (link->state == HM_MQTT_LEAVING) {
		drop_connection(link);
		link->state = HM_MQTT_LEFT;
		return;
	}
	if (link->state != HM_MQTT_CONNECTED) {
		hm_mqtt_link_failed(link, why);
		return;
	}
	hm_mqtt_takeover_lost(link);
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("broker", o->host),
	    hm_fact_int("port", o->port), hm_fact_slice("reason", reason)),
	    "the connection to the broker %s:%d is lost: %.*s", o->host,
	    o->port, (int)reason.n, reason.p);
	drop_connection(link);
	wait_for_next_attempt(link);
}

void
hm_mqtt_link_say(struct hm_mqtt_link *link, const char *text, int *id)
{
	mosquitto_publish(link->mosq, id, link->options.availability_topic,
	    (int)strlen(text), text, 1, true);
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
send_waiting(struct hm_mqtt_link *link)
{
	struct hm_message message;

	while (link->state == HM_MQTT_CONNECTED && !link->lost &&
	    hm_outbox_next(link->outbox, &message)) {
		char topic[UINT16_MAX + 1];
		int id, rc;

		link->arrived = 0;
		memcpy(topic, message.topic.p, message.topic.n);
		topic[message.topic.n] = '\0';
		rc = mosquitto_publish(link->mosq, &id, topic,
		    (int)message.payload.n, message.payload.p, message.qos,
		    message.retain);
		if (rc != MOSQ_ERR_SUCCESS) {
			link->lost = true;
			link->lost_reason = rc;
			return;
		}
		hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("topic", topic),
		    hm_fact_int("id", id)), "publish %s: %zu bytes, qos %d%s, "
		    "id %d", topic, message.payload.n, message.qos,
		    message.retain ? ", retained" : "", id);
		hm_outbox_sent(link->outbox, id);
		/* With QoS 0 on_publish is called within mosquitto_publish. */
		if (link->arrived == id)
			hm_outbox_arrived(link->outbox, id);
	}
}

static void
check_result(struct hm_mqtt_link *link, int rc)
{
	if (rc == MOSQ_ERR_SUCCESS || link->lost)
		return;
	link->lost = true;
	link->lost_reason = rc;
}

static void
exchange(struct hm_mqtt_link *link, short revents)
{
	int64_t now = hm_monotonic_ms();

	if ((revents & ~POLLOUT) != 0)
		check_result(link, mosquitto_loop_read(link->mosq, 1));
	if (!link->lost && (revents & POLLOUT) != 0)
		check_result(link, mosquitto_loop_write(link->mosq, 1));
	if (!link->lost && now >= link->next_misc) {
		check_result(link, mosquitto_loop_misc(link->mosq));
		link->next_misc = now + misc_period(link);
	}
	if (hm_announce_take(&link->births, now))
		hm_outbox_announce(link->outbox);
	send_waiting(link);
	if (!link->lost)
		return;
	link->lost_errno = errno;
	connection_lost(link, hm_mqtt_link_reason(link, link->lost_reason,
	    link->lost_errno));
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
	hm_mqtt_link_say(link, "offline", &link->farewell);
	return false;
}

/* Beginning and end */

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
	link->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (link->done_fd < 0 || mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
		hm_log_errno(HM_ERROR, "cannot set up MQTT");
		if (link->done_fd >= 0)
			close(link->done_fd);
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
	close(link->done_fd);
	free(link);
	return true;
}
