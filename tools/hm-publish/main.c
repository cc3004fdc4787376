/* hm-publish: mqtt records to a broker; every line goes on to stdout. */

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "config/settings.h"
#include "dry_run.h"
#include "mqtt_link.h"
#include "outbox.h"
#include "record/record.h"
#include "record/topics.h"
#include "stream/restart.h"
#include "stream/stream.h"

#define TOPIC_MAX ((size_t)65535)
#define PASSWORD_MAX ((size_t)1024)
/* Enough for 400 inverters; beyond it messages are dropped and counted. */
#define REMEMBERED_TOPICS ((size_t)16384)
#define REMEMBERED_BYTES ((size_t)32 * 1024 * 1024)
/* A broker that starts again is back by then; others are not waited for. */
#define PATIENCE_MS 10000
#define LOOK_MS 1000
#define APART_MS 2000 /* two looks so far apart are not one time of waiting */

struct work {
	const struct hm_config *config;
	struct hm_stream *stream;
	struct hm_outbox *outbox;
	struct hm_mqtt_link *link;
	struct hm_dry_run *dry_run; /* in place of outbox and link; or NULL */
	uint64_t would_publish;
	bool sends; /* or shows; otherwise lines only pass */
	bool show_failed;
	struct hm_mqtt_options options;
	struct hm_record record;
	bool full; /* already told */
	int64_t waited_ms, waiting_at; /* see has_patience */
	char availability_topic[HM_TOPIC_MAX];
	char password[PASSWORD_MAX + 1];
	char topic[TOPIC_MAX];
	char payload[HM_LINE_MAX];
};

/* Settings */

/* errno says why. */
static bool
unreadable(const struct hm_config *config, enum hm_setting_id id,
    const char *path)
{
	const char *key = hm_settings[id].key, *reason = strerror(errno);
	const char *where = hm_config_source(config, id);

	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("setting", key),
	    hm_fact("where", where), hm_fact("file", path),
	    hm_fact("reason", reason)), "%s (%s): cannot read \"%s\": %s",
	    key, where, path, reason);
	return false;
}

static bool
check_file(const struct hm_config *config, enum hm_setting_id id)
{
	const char *path = hm_config_text(config, id);

	if (path == NULL || access(path, R_OK) == 0)
		return true;
	return unreadable(config, id, path);
}

static bool
check_broker(const struct hm_config *config)
{
	if (hm_config_has(config, HM_SET_MQTT_BROKER) ||
	    !hm_config_flag(config, HM_SET_MQTT_ENABLED) ||
	    hm_config_flag(config, HM_SET_DRY_RUN))
		return true;
	hm_log(HM_ERROR, "no broker: set mqtt_broker, MQTT_BROKER or "
	    "--mqtt-broker to its address");
	return false;
}

static bool
check_certificate(const struct hm_config *config)
{
	bool has_cert = hm_config_has(config, HM_SET_MQTT_TLS_CERT);

	if (has_cert == hm_config_has(config, HM_SET_MQTT_TLS_KEY))
		return true;
	if (has_cert)
		return hm_config_refuse(config, HM_SET_MQTT_TLS_CERT,
		    "is a certificate together with mqtt_tls_key");
	return hm_config_refuse(config, HM_SET_MQTT_TLS_KEY,
	    "is a key together with mqtt_tls_cert");
}

static bool
check_prefix(const struct hm_config *config)
{
	return hm_topic_prefix_valid(hm_config_text(config,
	    HM_SET_MQTT_TOPIC_PREFIX)) ||
	    hm_config_refuse(config, HM_SET_MQTT_TOPIC_PREFIX,
	    HM_TOPIC_PREFIX_RULE);
}

static bool
check_birth_topic(const struct hm_config *config)
{
	return mosquitto_sub_topic_check(hm_config_text(config,
	    HM_SET_HA_BIRTH_TOPIC)) == MOSQ_ERR_SUCCESS ||
	    hm_config_refuse(config, HM_SET_HA_BIRTH_TOPIC, "are topics");
}

/* Every rule is looked at, so that all mistakes are told at once. */
static int
check(const struct hm_config *config)
{
	bool good = check_broker(config);

	good = check_certificate(config) && good;
	good = check_prefix(config) && good;
	good = check_birth_topic(config) && good;
	good = check_file(config, HM_SET_MQTT_PASSWORD_FILE) && good;
	good = check_file(config, HM_SET_MQTT_TLS_CA_CERT) && good;
	good = check_file(config, HM_SET_MQTT_TLS_CERT) && good;
	good = check_file(config, HM_SET_MQTT_TLS_KEY) && good;
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

static const struct hm_tool tool = {
    .name = "hm-publish",
    .bit = HM_PUBLISH,
    .summary = "Send mqtt records to a broker and pass every line on.",
    .check = check,
};

/* The password is the file but for a newline at its end. */
static bool
read_password_file(struct work *work, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ?
	    read(fd, work->password, sizeof work->password) : -1;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	if (n < 0)
		return unreadable(work->config, HM_SET_MQTT_PASSWORD_FILE,
		    path);
	if (n > 0 && work->password[n - 1] == '\n')
		n--;
	if (n == 0 || (size_t)n > PASSWORD_MAX)
		return hm_config_refuse(work->config,
		    HM_SET_MQTT_PASSWORD_FILE,
		    "are files of 1 to 1024 bytes");
	work->password[n] = '\0';
	return true;
}

static bool
read_password(struct work *work)
{
	const char *path = hm_config_text(work->config,
	    HM_SET_MQTT_PASSWORD_FILE);

	work->options.password = hm_config_text(work->config,
	    HM_SET_MQTT_PASSWORD);
	if (path == NULL)
		return true;
	work->options.password = work->password;
	return read_password_file(work, path);
}

static bool
set_options(struct work *work)
{
	const struct hm_config *c = work->config;

	hm_topic_bridge(hm_config_text(c, HM_SET_MQTT_TOPIC_PREFIX),
	    work->availability_topic, sizeof work->availability_topic);
	work->options = (struct hm_mqtt_options){
	    .host = hm_config_text(c, HM_SET_MQTT_BROKER),
	    .port = (int)hm_config_int(c, HM_SET_MQTT_PORT),
	    .client_id = hm_config_text(c, HM_SET_MQTT_CLIENT_ID),
	    .user = hm_config_text(c, HM_SET_MQTT_USER),
	    .keepalive = (int)(hm_config_ms(c, HM_SET_MQTT_KEEPALIVE) / 1000),
	    .tls = hm_config_flag(c, HM_SET_MQTT_TLS),
	    .tls_insecure = hm_config_flag(c, HM_SET_MQTT_TLS_INSECURE),
	    .ca_file = hm_config_text(c, HM_SET_MQTT_TLS_CA_CERT),
	    .cert_file = hm_config_text(c, HM_SET_MQTT_TLS_CERT),
	    .key_file = hm_config_text(c, HM_SET_MQTT_TLS_KEY),
	    .availability_topic = work->availability_topic,
	    .birth_topic = hm_config_text(c, HM_SET_HA_BIRTH_TOPIC),
	    .reconnect_ms = hm_config_ms(c, HM_SET_MQTT_RECONNECT_DELAY),
	    .reconnect_max_ms = hm_config_ms(c,
	        HM_SET_MQTT_RECONNECT_DELAY_MAX),
	};
	if (work->options.tls && work->options.tls_insecure)
		hm_log(HM_WARNING, "mqtt_tls_insecure: the broker's "
		    "certificate is not checked; anybody in between can read "
		    "and change what is sent");
	return read_password(work);
}

/* Records */

/* NULL, or what is wrong with the topic. */
static const char *
read_topic(struct work *work, struct hm_slice *topic)
{
	struct hm_slice text;

	if (!hm_record_string(&work->record, "topic", &text))
		return "no topic";
	if (!hm_string_decode(text, work->topic, sizeof work->topic,
	    &topic->n))
		return "the topic is longer than 65535 bytes";
	topic->p = work->topic;
	if (topic->n == 0)
		return "the topic is empty";
	if (memchr(topic->p, '\0', topic->n) != NULL ||
	    mosquitto_pub_topic_check2(topic->p, topic->n) !=
	    MOSQ_ERR_SUCCESS)
		return "nobody can publish to a topic with +, # or NUL";
	return NULL;
}

/* A string is sent as its text, anything else as its JSON. */
static const char *
read_payload(struct work *work, struct hm_slice *payload)
{
	const struct hm_value *value = hm_record_get(&work->record,
	    "payload");

	if (value->kind == HM_ABSENT || value->kind == HM_NULL)
		return "no payload";
	*payload = value->text;
	if (value->kind != HM_STRING)
		return NULL;
	payload->p = work->payload;
	return hm_string_decode(value->text, work->payload,
	    sizeof work->payload, &payload->n) ? NULL :
	    "the payload is too long";
}

static const char *
read_quality(const struct work *work, struct hm_message *message)
{
	const struct hm_value *retain = hm_record_get(&work->record,
	    "retain");
	int64_t qos = hm_config_int(work->config, HM_SET_MQTT_QOS);

	if (hm_record_get(&work->record, "qos")->kind != HM_ABSENT &&
	    (!hm_record_int(&work->record, "qos", &qos) || qos < 0 ||
	    qos > 2))
		return "the qos must be 0, 1 or 2";
	if (retain->kind != HM_ABSENT && retain->kind != HM_TRUE &&
	    retain->kind != HM_FALSE)
		return "retain must be true or false";
	message->qos = (int)qos;
	message->retain = retain->kind == HM_TRUE;
	return NULL;
}

static void
show(struct work *work, const struct hm_message *message)
{
	work->would_publish++;
	if (hm_dry_run_show(work->dry_run, message) || work->show_failed)
		return;
	work->show_failed = true;
	hm_log_errno(HM_ERROR, "cannot show what would be published");
}

/*
 * The input is kept waiting for the broker: how long it has been, in all,
 * since nothing was queued. So neither a broker that is away nor one that
 * comes and goes holds up the chain for more than PATIENCE_MS.
 */
static bool
has_patience(struct work *work)
{
	int64_t now = hm_monotonic_ms();

	if (now - work->waiting_at < APART_MS)
		work->waited_ms += now - work->waiting_at;
	work->waiting_at = now;
	return work->waited_ms < PATIENCE_MS;
}

static bool
all_delivered(struct work *work)
{
	if (hm_outbox_counts(work->outbox)->queued > 0)
		return false;
	work->waited_ms = 0;
	return true;
}

/*
 * A durable input keeps what comes, so that over a broker's restart no state
 * is replaced by a newer one.
 */
static void
wait_for_broker(struct work *work, const struct hm_message *message)
{
	if (!hm_stream_is_durable(work->stream) || all_delivered(work))
		return;
	while (hm_outbox_replaces(work->outbox, message) &&
	    has_patience(work) && !hm_stream_signals(work->stream))
		hm_stream_wait(work->stream, LOOK_MS);
}

static bool
is_settled(void *context, bool pressed)
{
	struct work *work = context;

	return all_delivered(work) || (pressed && !has_patience(work));
}

static void
publish(struct work *work, const struct hm_message *message)
{
	wait_for_broker(work, message);
	if (hm_outbox_put(work->outbox, message) || work->full)
		return;
	work->full = true;
	hm_log(HM_ERROR, "no room for more than %zu topics and %zu bytes: "
	    "messages are dropped", REMEMBERED_TOPICS, REMEMBERED_BYTES);
}

static void
on_mqtt(struct work *work)
{
	struct hm_message message;
	const char *why = read_topic(work, &message.topic);

	if (why == NULL)
		why = read_payload(work, &message.payload);
	if (why == NULL)
		why = read_quality(work, &message);
	if (why != NULL)
		hm_stream_bad(work->stream, "not published: %s", why);
	else if (work->dry_run != NULL)
		show(work, &message);
	else
		publish(work, &message);
}

static void
on_line(struct work *work, struct hm_slice line)
{
	struct hm_slice type;

	if (!hm_stream_type(work->stream, line, &work->record, &type))
		return;
	hm_stream_emit(work->stream, line);
	if (work->sends && hm_slice_is(type, "mqtt") &&
	    hm_stream_parse(work->stream, line, &work->record))
		on_mqtt(work);
}

/* The link is the side of the stream */

static int
on_prepare(void *context, struct pollfd *fd)
{
	struct work *work = context;

	return hm_mqtt_link_prepare(work->link, fd);
}

static void
on_ready(void *context, short revents)
{
	struct work *work = context;

	hm_mqtt_link_ready(work->link, revents);
}

static bool
is_drained(void *context)
{
	struct work *work = context;

	return hm_mqtt_link_leave(work->link);
}

static void
count(struct work *work)
{
	const struct hm_outbox_counts *box = hm_outbox_counts(work->outbox);
	const struct hm_mqtt_counts *link = hm_mqtt_link_counts(work->link);

	hm_stream_counter(work->stream, "connected", &link->connected);
	hm_stream_counter(work->stream, "connections", &link->connections);
	hm_stream_counter(work->stream, "births", &link->births);
	hm_stream_counter(work->stream, "queued", &box->queued);
	hm_stream_counter(work->stream, "published", &box->delivered);
	hm_stream_counter(work->stream, "replaced", &box->replaced);
	hm_stream_counter(work->stream, "dropped", &box->dropped);
}

static void
read_all(struct work *work)
{
	struct hm_slice line;

	while (hm_stream_next(work->stream, &line)) {
		on_line(work, line);
		hm_stream_commit(work->stream);
	}
}

static void
say_undelivered(const struct work *work, uint64_t messages)
{
	const char *host = work->options.host;
	int port = work->options.port;

	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("broker", host),
	    hm_fact_int("port", port),
	    hm_fact_int("messages", (int64_t)messages)),
	    "%llu messages were not delivered to the broker %s:%d",
	    (unsigned long long)messages, host, port);
}

static int
run(struct work *work)
{
	const struct hm_stream_side side = {
	    .context = work,
	    .drain_ms = hm_config_ms(work->config,
	        HM_SET_MQTT_FLUSH_TIMEOUT),
	    .prepare = on_prepare,
	    .ready = on_ready,
	    .drained = is_drained,
	};
	uint64_t undelivered;

	count(work);
	hm_stream_side(work->stream, &side);
	hm_stream_settled(work->stream, is_settled, work);
	read_all(work);
	undelivered = hm_stream_has_successor(work->stream) ? 0 :
	    hm_outbox_counts(work->outbox)->queued;
	if (undelivered > 0)
		say_undelivered(work, undelivered);
	return hm_stream_close(work->stream,
	    undelivered > 0 ? HM_EXIT_TEMP : HM_EXIT_OK);
}

/* There is no broker, and none is needed. */
static int
run_dry(struct work *work)
{
	work->dry_run = hm_dry_run_new(TOPIC_MAX, HM_LINE_MAX);
	if (work->dry_run == NULL) {
		hm_log_errno(HM_ERROR, "no memory for a dry run");
		return hm_stream_close(work->stream, HM_EXIT_OS);
	}
	hm_stream_counter(work->stream, "would_publish",
	    &work->would_publish);
	read_all(work);
	hm_dry_run_free(work->dry_run);
	return hm_stream_close(work->stream,
	    work->show_failed ? HM_EXIT_IO : HM_EXIT_OK);
}

static int
run_passing(struct work *work)
{
	read_all(work);
	return hm_stream_close(work->stream, HM_EXIT_OK);
}

static int
start(struct work *work)
{
	bool dry = hm_config_flag(work->config, HM_SET_DRY_RUN);
	const struct hm_outbox_limits limits = {
	    .states = (size_t)hm_config_int(work->config,
	        HM_SET_MQTT_QUEUE_SIZE),
	    .topics = REMEMBERED_TOPICS,
	    .bytes = REMEMBERED_BYTES,
	};
	struct hm_stream_options options;

	work->sends = hm_config_flag(work->config, HM_SET_MQTT_ENABLED);
	if (work->sends && !dry && !set_options(work))
		return HM_EXIT_CONFIG;
	hm_config_stream(work->config, &options);
	/* The stream blocks the signals, and the link's thread inherits it. */
	work->stream = hm_stream_open(&options);
	if (work->stream == NULL)
		return HM_EXIT_OS;
	if (!work->sends)
		return run_passing(work);
	if (dry)
		return run_dry(work);
	work->outbox = hm_outbox_new(&limits);
	if (work->outbox != NULL)
		work->link = hm_mqtt_link_new(&work->options, work->outbox);
	if (work->link == NULL) {
		hm_log(HM_ERROR, "no memory for the connection");
		return hm_stream_close(work->stream, HM_EXIT_OS);
	}
	return run(work);
}

int
main(int argc, char *argv[])
{
	static struct work work;
	struct hm_config *config;
	int status;

	hm_stream_guard_descriptors();
	config = hm_config_load(&tool, argc, argv, &status);
	if (config == NULL)
		return status;
	work.config = config;
	status = start(&work);
	explicit_bzero(work.password, sizeof work.password);
	if (!hm_mqtt_link_free(work.link))
		_exit(hm_restart(status));
	hm_outbox_free(work.outbox);
	hm_config_free(config);
	return hm_restart(status);
}
