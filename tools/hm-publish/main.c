/* hm-publish: publish mqtt records; pass every line to stdout. */

#include <mosquitto.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "dry_run.h"
#include "foreign_entity.h"
#include "message_read.h"
#include "mqtt/broker_settings.h"
#include "mqtt/broker_warnings.h"
#include "mqtt/mqtt_link.h"
#include "outbox.h"
#include "record/record.h"
#include "sender.h"
#include "stream/stop.h"
#include "stream/stream.h"
#include "stream/tool.h"

#define MEGABYTE ((size_t)1024 * 1024)
#define WAIT_MAX_MS 10000 /* enough for a restart of the broker */
#define LOOK_MS 1000
#define DECIDED_MS 1200 /* after a stop, see hm(7), HM_DURABLE */
#define REST_MS 3000    /* before the end of a stop */
#define APART_MS 2000 /* checks farther apart are not one wait */
#define REPORT_MS 1000 /* between two stats records about new deliveries */

struct work {
	const struct hm_config *config;
	struct hm_stream *stream;
	struct hm_outbox *outbox;
	struct hm_sender *sender;
	struct hm_dry_run *dry_run; /* instead of outbox and sender; or NULL */
	uint64_t would_publish;
	bool show_failed;
	bool full, foreign; /* already logged */
	bool leaves; /* the rest of the input to a successor */
	int64_t waited_ms, waiting_at; /* see count_wait */
	uint64_t reported;   /* deliveries in the last stats record */
	int64_t reported_at; /* monotonic ms */
	struct hm_record record;
	struct hm_broker broker;
	struct hm_message_reader reader;
};

/* Records */

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
 * Add up the waits for the broker since the outbox was last empty, so that
 * neither an absent broker nor one that comes and goes stops the chain for more
 * than WAIT_MAX_MS. Whether to continue to wait.
 */
static bool
count_wait(struct work *work)
{
	int64_t now = hm_monotonic_ms();

	if (now - work->waiting_at < APART_MS)
		work->waited_ms += now - work->waiting_at;
	work->waiting_at = now;
	return work->waited_ms < WAIT_MAX_MS;
}

/* Whether all messages are delivered; if so, reset the count of waits. */
static bool
check_delivered(struct work *work)
{
	if (hm_outbox_counts(work->outbox)->queued > 0)
		return false;
	work->waited_ms = 0;
	return true;
}

/*
 * Whether a wait for the broker must end because the tool stops. Until a second
 * has passed the tool does not know whether it has a successor. Without one it
 * waits for a broker that is there, and keeps time for the rest of its input.
 */
static bool
must_stop(struct work *work)
{
	int64_t left;

	if (!hm_stream_signals(work->stream))
		return false;
	left = hm_stream_time_left(work->stream);
	return hm_stream_stops(work->stream) != 1 || left < REST_MS ||
	    (left < HM_STOP_END_MS - DECIDED_MS &&
	    (hm_sender_link_counts(work->sender)->connected == 0 ||
	    hm_stream_has_successor(work->stream)));
}

/*
 * While the broker restarts, lines wait in a durable input, so that no state is
 * replaced by a newer one. A tool that stops then leaves them to its successor.
 */
static void
wait_for_broker(struct work *work, const struct hm_message *message)
{
	bool waits;

	if (!hm_stream_is_durable(work->stream) || check_delivered(work))
		return;
	while ((waits = hm_outbox_replaces(work->outbox, message)) &&
	    count_wait(work) && !must_stop(work))
		hm_stream_wait(work->stream, LOOK_MS);
	/* Looking for signals is a system call: not for every message. */
	work->leaves = work->leaves || (waits && must_stop(work) &&
	    hm_stream_has_successor(work->stream));
}

static bool
settle(void *context, bool pressed)
{
	struct work *work = context;

	return !work->leaves && (check_delivered(work) ||
	    (pressed && !count_wait(work)));
}

/* Settings of two tools differ, or hm-ha-discovery was given none of them. */
static void
check_publisher(struct work *work, const struct hm_message *message)
{
	const struct hm_mqtt_options *o = &work->broker.options;
	struct hm_slice topic = message->topic;

	if (work->foreign || !hm_foreign_entity(message,
	    o->availability_topic))
		return;
	work->foreign = true;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("topic", topic),
	    hm_fact("client_id", o->client_id)), "%.*s: hm-ha-discovery found "
	    "another client id than \"%s\", so its entities stay unavailable: "
	    "give both tools the same mqtt_client_id, or the same "
	    "database_path, mqtt_farewell and mqtt_topic_prefix",
	    (int)topic.n, topic.p, o->client_id);
}

static void
publish(struct work *work, const struct hm_message *message)
{
	check_publisher(work, message);
	wait_for_broker(work, message);
	if (work->leaves)
		return;
	if (hm_outbox_put(work->outbox, message) || work->full)
		return;
	work->full = true;
	hm_log_facts(HM_WARNING, HM_FACTS(
	    hm_fact_slice("topic", message->topic)), "%.*s is dropped, and "
	    "others may be: no room for more than %lld MB of messages to be "
	    "sent, or sent again; raise mqtt_memory", (int)message->topic.n,
	    message->topic.p, (long long)hm_config_int(work->config,
	    HM_SET_MQTT_MEMORY));
}

static void
on_mqtt(struct work *work)
{
	struct hm_message message;
	const char *why = hm_message_read(&work->reader, &work->record,
	    &message);

	if (why != NULL)
		hm_stream_bad(work->stream, "not published: %s", why);
	else if (work->dry_run != NULL)
		show(work, &message);
	else
		publish(work, &message);
}

static bool
is_mqtt(struct hm_slice type)
{
	return hm_slice_is(type, "mqtt");
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	bool sends = work->sender != NULL || work->dry_run != NULL;
	struct hm_slice type;

	if (hm_stream_pass(work->stream, line, sends ? is_mqtt : NULL,
	    &work->record, &type))
		on_mqtt(work);
}

/*
 * Deliveries are reported at once, and not with the next regular stats record,
 * so that a probe of hm-metrics does not see the numbers of a minute ago.
 * Returns the ms until a report is due, or -1.
 */
static int64_t
report_due(const struct work *work)
{
	int64_t left = work->reported_at + REPORT_MS - hm_monotonic_ms();

	if (work->reported == hm_outbox_counts(work->outbox)->delivered ||
	    hm_config_ms(work->config, HM_SET_STATS_PERIOD) == 0)
		return -1;
	return left > 0 ? left : 0;
}

static void
report(struct work *work)
{
	if (report_due(work) != 0)
		return;
	work->reported = hm_outbox_counts(work->outbox)->delivered;
	work->reported_at = hm_monotonic_ms();
	hm_stream_stats(work->stream);
}

/* The sender is the side of the stream */

static int
on_prepare(void *context, struct pollfd *fd)
{
	struct work *work = context;
	int wait = hm_sender_prepare(work->sender, fd);
	int64_t due = report_due(work);

	return due >= 0 && (wait < 0 || due < wait) ? (int)due : wait;
}

static void
on_ready(void *context, short revents)
{
	struct work *work = context;

	hm_sender_ready(work->sender, revents);
	report(work);
}

static bool
leave(void *context)
{
	struct work *work = context;

	return hm_sender_leave(work->sender);
}

static void
register_counters(struct work *work)
{
	const struct hm_outbox_counts *box = hm_outbox_counts(work->outbox);
	const struct hm_mqtt_counts *link =
	    hm_sender_link_counts(work->sender);
	const struct hm_sender_counts *sender =
	    hm_sender_counts(work->sender);

	hm_stream_counter(work->stream, "connected", &link->connected);
	hm_stream_counter(work->stream, "connections", &link->connections);
	hm_stream_counter(work->stream, "births", &sender->births);
	hm_stream_counter(work->stream, "queued", &box->queued);
	hm_stream_counter(work->stream, "published", &box->delivered);
	hm_stream_counter(work->stream, "replaced", &box->replaced);
	hm_stream_counter(work->stream, "dropped", &box->dropped);
}

/* Setting up */

static bool
check_birth_topic(const struct hm_config *config)
{
	return mosquitto_sub_topic_check(hm_config_text(config,
	    HM_SET_HA_BIRTH_TOPIC)) == MOSQ_ERR_SUCCESS ||
	    hm_config_refuse(config, HM_SET_HA_BIRTH_TOPIC, "are topics");
}

/* Check every rule, so that all mistakes are reported at once. */
static int
check(const struct hm_config *config)
{
	bool good = !hm_config_flag(config, HM_SET_MQTT_ENABLED) ||
	    hm_config_flag(config, HM_SET_DRY_RUN) ||
	    hm_broker_check_given(config);

	good = hm_broker_check_rules(config) && good;
	good = check_birth_topic(config) && good;
	good = hm_broker_check_files(config) && good;
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

static int
open_settings(void *context, const struct hm_config *config)
{
	struct work *work = context;

	work->config = config;
	work->reader.qos = hm_config_int(config, HM_SET_MQTT_QOS);
	if (!hm_config_flag(config, HM_SET_MQTT_ENABLED) ||
	    hm_config_flag(config, HM_SET_DRY_RUN))
		return HM_TOOL_GO_ON;
	if (!hm_broker_read(&work->broker, config))
		return HM_EXIT_CONFIG;
	hm_broker_warn(&work->broker, config);
	return HM_TOOL_GO_ON;
}

static bool
open_sender(struct work *work)
{
	const struct hm_outbox_limits limits = {
	    .states = (size_t)hm_config_int(work->config,
	        HM_SET_MQTT_QUEUE_SIZE),
	    .bytes = (size_t)hm_config_int(work->config,
	        HM_SET_MQTT_MEMORY) * MEGABYTE,
	};

	work->outbox = hm_outbox_new(&limits);
	if (work->outbox != NULL)
		work->sender = hm_sender_new(&work->broker.options,
		    hm_config_text(work->config, HM_SET_HA_BIRTH_TOPIC),
		    work->outbox);
	return work->sender != NULL;
}

static void
follow_control(struct work *work)
{
	if (!hm_config_flag(work->config, HM_SET_CONTROL_ENABLED))
		hm_sender_end_control(work->sender,
		    hm_config_text(work->config, HM_SET_MQTT_TOPIC_PREFIX),
		    hm_config_text(work->config, HM_SET_MQTT_CLIENT_ID));
}

static int
start_sender(struct work *work)
{
	const struct hm_stream_side side = {
	    .context = work,
	    .drain_ms = hm_config_ms(work->config,
	        HM_SET_MQTT_FLUSH_TIMEOUT),
	    .prepare = on_prepare,
	    .ready = on_ready,
	    .drain = leave,
	};

	if (!open_sender(work)) {
		hm_log(HM_ERROR, "no memory for the connection");
		return HM_EXIT_OS;
	}
	follow_control(work);
	register_counters(work);
	hm_stream_side(work->stream, &side);
	hm_stream_settled(work->stream, settle, work);
	return HM_TOOL_GO_ON;
}

static int
start_dry_run(struct work *work)
{
	work->dry_run = hm_dry_run_new(HM_MESSAGE_TOPIC_MAX, HM_LINE_MAX);
	if (work->dry_run == NULL) {
		hm_log_errno(HM_ERROR, "no memory for a dry run");
		return HM_EXIT_OS;
	}
	hm_stream_counter(work->stream, "would_publish",
	    &work->would_publish);
	return HM_TOOL_GO_ON;
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;

	work->stream = stream;
	if (!hm_config_flag(work->config, HM_SET_MQTT_ENABLED))
		return HM_TOOL_GO_ON;
	return hm_config_flag(work->config, HM_SET_DRY_RUN) ?
	    start_dry_run(work) : start_sender(work);
}

/* The end */

static void
report_undelivered(const struct work *work, uint64_t messages)
{
	const char *host = work->broker.options.host;
	int port = work->broker.options.port;

	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("broker", host),
	    hm_fact_int("port", port),
	    hm_fact_int("messages", (int64_t)messages)),
	    "%llu messages were not delivered to the broker %s:%d",
	    (unsigned long long)messages, host, port);
}

static int
finish(void *context)
{
	struct work *work = context;
	uint64_t undelivered;

	if (work->sender == NULL)
		return work->show_failed ? HM_EXIT_IO : HM_EXIT_OK;
	undelivered = hm_stream_has_successor(work->stream) ? 0 :
	    hm_outbox_counts(work->outbox)->queued;
	if (undelivered == 0) {
		hm_log(HM_INFO, "%llu messages were delivered, none is left",
		    (unsigned long long)hm_outbox_counts(
		    work->outbox)->delivered);
		return HM_EXIT_OK;
	}
	report_undelivered(work, undelivered);
	return HM_EXIT_TEMP;
}

static bool
free_all(void *context)
{
	struct work *work = context;

	hm_broker_forget_password(&work->broker);
	hm_dry_run_free(work->dry_run);
	if (!hm_sender_free(work->sender))
		return false;
	hm_outbox_free(work->outbox);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_settings,
	    .start = start,
	    .line = on_line,
	    .finish = finish,
	    .free = free_all,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_PUBLISH, &ops, &work, argc, argv);
}
