#include "mqtt_link.h"

#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define CONNECT_MS 60000   /* for name, connection and TLS handshake */
#define CONNACK_MS 10000   /* for the broker's greeting after that */
#define BIRTH_MIN_MS 1000  /* Home Assistant asks for a random wait, so that */
#define BIRTH_MAX_MS 10000 /* its devices do not all announce at once */
#define SYSTEM_CERTIFICATES "/etc/ssl/certs"

enum state {
	WAITING,    /* for the next attempt */
	CONNECTING, /* in the thread */
	GREETING,   /* connected, not yet accepted */
	CONNECTED,
	LEAVING,    /* "offline" is on its way */
	LEFT,
};

struct hm_mqtt_link {
	struct hm_mqtt_options options;
	struct hm_outbox *outbox;
	struct hm_mqtt_counts counts;
	enum state state;
	struct mosquitto *mosq; /* a new one for each attempt */
	pthread_t thread;
	int done_fd;        /* the thread has ended */
	int connect_result; /* of mosquitto_connect; set by the thread */
	int connect_errno;
	int64_t deadline;   /* of the state; 0: none */
	int64_t next_misc;
	int64_t announce_at; /* after a birth; 0: not */
	int64_t delay_ms;    /* before the next attempt but jitter */
	int farewell;        /* id of the "offline" message */
	int arrived;         /* id that on_publish was called with last */
	bool refused_told, lost;
	int lost_reason;
};

static int64_t
between(int64_t low, int64_t high)
{
	return low + (int64_t)arc4random_uniform((uint32_t)(high - low + 1));
}

/* Losing the connection, and trying again */

/* Full speed again only after a connection that was accepted. */
static void
wait_for_next_attempt(struct hm_mqtt_link *link)
{
	int64_t wait = between(link->delay_ms / 2, link->delay_ms);

	link->state = WAITING;
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

static const char *
reason_text(int rc, int error)
{
	return rc == MOSQ_ERR_ERRNO ? strerror(error) : mosquitto_strerror(rc);
}

/* The library's texts end with a full stop, ours go on. */
static struct hm_slice
without_stop(const char *why)
{
	size_t n = strlen(why);

	return hm_slice(why, n > 0 && why[n - 1] == '.' ? n - 1 : n);
}

static void
connection_failed(struct hm_mqtt_link *link, const char *why)
{
	const struct hm_mqtt_options *o = &link->options;
	struct hm_slice reason = without_stop(why);

	/* A broker that stays away is mentioned once. */
	hm_log_facts(link->refused_told ? HM_INFO : HM_ERROR,
	    HM_FACTS(hm_fact("broker", o->host),
	    hm_fact_int("port", o->port), hm_fact_slice("reason", reason)),
	    "no connection to the broker %s:%d: %.*s; trying again", o->host,
	    o->port, (int)reason.n, reason.p);
	link->refused_told = true;
	drop_connection(link);
	wait_for_next_attempt(link);
}

static void
connection_lost(struct hm_mqtt_link *link, const char *why)
{
	const struct hm_mqtt_options *o = &link->options;
	struct hm_slice reason = without_stop(why);

	if (link->state == LEAVING) {
		drop_connection(link);
		link->state = LEFT;
		return;
	}
	if (link->state != CONNECTED) {
		connection_failed(link, why);
		return;
	}
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("broker", o->host),
	    hm_fact_int("port", o->port), hm_fact_slice("reason", reason)),
	    "the connection to the broker %s:%d is lost: %.*s", o->host,
	    o->port, (int)reason.n, reason.p);
	drop_connection(link);
	wait_for_next_attempt(link);
}

/* Callbacks, called from mosquitto_loop_* */

static void
say(struct hm_mqtt_link *link, const char *text, int *id)
{
	mosquitto_publish(link->mosq, id, link->options.availability_topic,
	    (int)strlen(text), text, 1, true);
}

static void
on_connect(struct mosquitto *mosq, void *context, int rc)
{
	struct hm_mqtt_link *link = context;

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
	link->state = CONNECTED;
	link->deadline = 0;
	link->delay_ms = link->options.reconnect_ms;
	link->refused_told = false;
	link->counts.connected = 1;
	say(link, "online", NULL);
	mosquitto_subscribe(mosq, NULL, link->options.birth_topic, 1);
	/* A broker may have forgotten what it retained. */
	if (link->counts.connections++ > 0)
		hm_outbox_announce(link->outbox);
}

static void
on_disconnect(struct mosquitto *mosq, void *context, int rc)
{
	struct hm_mqtt_link *link = context;

	(void)mosq;
	/* What the broker has said of it is worth more. */
	if (link->lost)
		return;
	link->lost = true;
	link->lost_reason = rc;
}

static void
on_publish(struct mosquitto *mosq, void *context, int id)
{
	struct hm_mqtt_link *link = context;

	link->arrived = id;
	if (link->state == LEAVING && id == link->farewell)
		mosquitto_disconnect(mosq);
	else
		hm_outbox_arrived(link->outbox, id);
}

static void
on_message(struct mosquitto *mosq, void *context,
    const struct mosquitto_message *message)
{
	struct hm_mqtt_link *link = context;

	(void)mosq;
	/* One that is retained tells of a start before our connection. */
	if (message->retain || message->payloadlen != 6 ||
	    memcmp(message->payload, "online", 6) != 0)
		return;
	link->counts.births++;
	link->announce_at = hm_monotonic_ms() +
	    between(BIRTH_MIN_MS, BIRTH_MAX_MS);
}

/* Connecting */

static int
set_up_tls(struct hm_mqtt_link *link)
{
	const struct hm_mqtt_options *o = &link->options;
	int rc;

	if (!o->tls)
		return MOSQ_ERR_SUCCESS;
	rc = mosquitto_tls_set(link->mosq, o->ca_file,
	    o->ca_file == NULL ? SYSTEM_CERTIFICATES : NULL, o->cert_file,
	    o->key_file, NULL);
	if (rc != MOSQ_ERR_SUCCESS)
		return rc;
	rc = mosquitto_tls_opts_set(link->mosq, !o->tls_insecure, "tlsv1.2",
	    NULL);
	if (rc == MOSQ_ERR_SUCCESS && o->tls_insecure)
		rc = mosquitto_tls_insecure_set(link->mosq, true);
	return rc;
}

static int
set_up(struct hm_mqtt_link *link)
{
	static const char offline[] = "offline";
	const struct hm_mqtt_options *o = &link->options;
	int rc;

	mosquitto_connect_callback_set(link->mosq, on_connect);
	mosquitto_disconnect_callback_set(link->mosq, on_disconnect);
	mosquitto_publish_callback_set(link->mosq, on_publish);
	mosquitto_message_callback_set(link->mosq, on_message);
	mosquitto_max_inflight_messages_set(link->mosq,
	    2 * HM_OUTBOX_FLIGHT_MAX);
	rc = mosquitto_will_set(link->mosq, o->availability_topic,
	    sizeof offline - 1, offline, 1, true);
	if (rc == MOSQ_ERR_SUCCESS && o->user != NULL)
		rc = mosquitto_username_pw_set(link->mosq, o->user,
		    o->password);
	return rc == MOSQ_ERR_SUCCESS ? set_up_tls(link) : rc;
}

static void *
connect_in_thread(void *context)
{
	struct hm_mqtt_link *link = context;
	const uint64_t one = 1;

	link->connect_result = mosquitto_connect(link->mosq,
	    link->options.host, link->options.port, link->options.keepalive);
	link->connect_errno = errno;
	/* It cannot fail on a descriptor of ours with room for this. */
	if (write(link->done_fd, &one, sizeof one) < 0)
		abort();
	return NULL;
}

static void
start_attempt(struct hm_mqtt_link *link)
{
	int rc;

	link->mosq = mosquitto_new(link->options.client_id, true, link);
	if (link->mosq == NULL) {
		connection_failed(link, "no memory");
		return;
	}
	rc = set_up(link);
	if (rc != MOSQ_ERR_SUCCESS) {
		connection_failed(link, reason_text(rc, errno));
		return;
	}
	if (pthread_create(&link->thread, NULL, connect_in_thread,
	    link) != 0) {
		connection_failed(link, "the system refused a thread");
		return;
	}
	link->state = CONNECTING;
	link->deadline = hm_monotonic_ms() + CONNECT_MS;
}

static void
end_attempt(struct hm_mqtt_link *link)
{
	uint64_t count;

	if (read(link->done_fd, &count, sizeof count) < 0)
		return;
	pthread_join(link->thread, NULL);
	if (link->connect_result != MOSQ_ERR_SUCCESS) {
		connection_failed(link, reason_text(link->connect_result,
		    link->connect_errno));
		return;
	}
	link->state = GREETING;
	link->deadline = hm_monotonic_ms() + CONNACK_MS;
}

/* Running */

static bool
is_open(const struct hm_mqtt_link *link)
{
	return link->state == GREETING || link->state == CONNECTED ||
	    link->state == LEAVING;
}

/* Often enough for the ping to be in time. */
static int64_t
misc_period(const struct hm_mqtt_link *link)
{
	return (int64_t)link->options.keepalive * 1000 / 10;
}

static void
send_waiting(struct hm_mqtt_link *link)
{
	struct hm_message message;

	while (link->state == CONNECTED && !link->lost &&
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
		hm_outbox_sent(link->outbox, id);
		/* One of QoS 0 arrives before mosquitto_publish returns. */
		if (link->arrived == id)
			hm_outbox_arrived(link->outbox, id);
	}
}

static void
check(struct hm_mqtt_link *link, int rc)
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
		check(link, mosquitto_loop_read(link->mosq, 1));
	if (!link->lost && (revents & POLLOUT) != 0)
		check(link, mosquitto_loop_write(link->mosq, 1));
	if (!link->lost && now >= link->next_misc) {
		check(link, mosquitto_loop_misc(link->mosq));
		link->next_misc = now + misc_period(link);
	}
	if (link->announce_at != 0 && now >= link->announce_at) {
		link->announce_at = 0;
		hm_outbox_announce(link->outbox);
	}
	send_waiting(link);
	/* A negative reason is the broker's answer to the greeting. */
	if (link->lost)
		connection_lost(link, link->lost_reason < 0 ?
		    mosquitto_connack_string(-link->lost_reason) :
		    reason_text(link->lost_reason, errno));
}

static void
deadline_passed(struct hm_mqtt_link *link)
{
	int fd;

	switch (link->state) {
	case WAITING:
		start_attempt(link);
		break;
	case CONNECTING:
		/* The thread waits in a call that only this ends. */
		fd = mosquitto_socket(link->mosq);
		if (fd >= 0)
			shutdown(fd, SHUT_RDWR);
		link->deadline = hm_monotonic_ms() + CONNECT_MS;
		break;
	case GREETING:
		connection_failed(link, "it does not speak MQTT, or not now");
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
	if (link->state == CONNECTING) {
		fd->fd = link->done_fd;
		fd->events = POLLIN;
	} else if (is_open(link)) {
		fd->fd = mosquitto_socket(link->mosq);
		fd->events = POLLIN;
		if (mosquitto_want_write(link->mosq))
			fd->events |= POLLOUT;
		if (until == 0 || link->next_misc < until)
			until = link->next_misc;
		if (link->announce_at != 0 && link->announce_at < until)
			until = link->announce_at;
	}
	if (until == 0)
		return -1;
	return until > now ? (int)(until - now) : 0;
}

void
hm_mqtt_link_ready(struct hm_mqtt_link *link, short revents)
{
	if (link->state == CONNECTING && revents != 0)
		end_attempt(link);
	else if (is_open(link))
		exchange(link, revents);
	if (link->deadline != 0 && hm_monotonic_ms() >= link->deadline)
		deadline_passed(link);
}

bool
hm_mqtt_link_leave(struct hm_mqtt_link *link)
{
	if (link->state == LEFT)
		return true;
	if (link->state == LEAVING)
		return false;
	if (hm_outbox_counts(link->outbox)->queued > 0)
		return false;
	if (link->state != CONNECTED)
		return true;
	link->state = LEAVING;
	say(link, "offline", &link->farewell);
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
	start_attempt(link);
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
	if (link->state == CONNECTING)
		return false;
	drop_connection(link);
	mosquitto_lib_cleanup();
	close(link->done_fd);
	free(link);
	return true;
}
