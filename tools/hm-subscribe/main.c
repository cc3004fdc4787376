/* hm-subscribe: what a broker sends, as records; pass every line to stdout. */

#include <limits.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "config/dtu_list.h"
#include "config/settings.h"
#include "mqtt/broker_settings.h"
#include "mqtt/broker_warnings.h"
#include "mqtt/mqtt_link.h"
#include "reception.h"
#include "record/topics.h"
#include "stream/stream.h"
#include "stream/tool.h"
#include "subscriber.h"
#include "topic_list.h"

#define CLIENT "-in" /* after the client id of hm-publish */

struct work {
	const struct hm_config *config;
	struct hm_stream *stream;
	struct hm_dtus dtus;
	struct hm_topic_list topics;
	struct hm_broker broker;
	char client_id[HM_PUBLISHER_MAX + sizeof CLIENT];
	struct hm_reception *reception;
	struct hm_subscriber *subscriber; /* NULL: lines only pass */
	struct hm_record record;
};

/* Lines out */

/*
 * Only what the reader takes soon leaves the reception, which knows what is too
 * old. A line always fits: the stream has room for two.
 */
static bool
has_room(const struct work *work)
{
	return hm_stream_pending(work->stream) < PIPE_BUF;
}

static void
write_lines(struct work *work)
{
	int64_t now = hm_monotonic_ms();
	struct hm_slice line;

	while (has_room(work) && hm_stream_has_reader(work->stream) &&
	    hm_reception_next(work->reception, now, &line)) {
		hm_stream_emit(work->stream, line);
		hm_reception_written(work->reception);
	}
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	struct hm_slice type;

	hm_stream_pass(work->stream, line, NULL, &work->record, &type);
}

/* The subscriber is the side of the stream */

static int
on_prepare(void *context, struct pollfd *fd)
{
	struct work *work = context;
	int wait = hm_subscriber_prepare(work->subscriber, fd);
	int64_t now = hm_monotonic_ms();
	int64_t due = hm_reception_due(work->reception, now);

	if (due == 0 || !has_room(work))
		return wait;
	due = due > now ? due - now : 0;
	return wait < 0 || due < wait ? (int)due : wait;
}

static void
on_ready(void *context, short revents)
{
	struct work *work = context;

	hm_subscriber_ready(work->subscriber, revents);
	write_lines(work);
}

/* The connection ends first, so that nothing comes that is not written. */
static bool
leave(void *context)
{
	struct work *work = context;

	if (!hm_subscriber_leave(work->subscriber))
		return false;
	write_lines(work);
	return hm_reception_counts(work->reception)->queued == 0 ||
	    !hm_stream_has_reader(work->stream);
}

/* Settings */

/* Check every rule, so that all mistakes are reported at once. */
static int
check(const struct hm_config *config)
{
	static struct hm_topic_list topics;
	struct hm_dtus dtus;
	bool good = hm_topic_list_read(&topics, config);
	int status;

	if (hm_topic_list_is_used(&topics, config))
		good = hm_broker_check_given(config) && good;
	good = hm_broker_check_rules(config) && good;
	good = hm_broker_check_files(config) && good;
	status = hm_dtus_configured(&dtus, config);
	hm_dtus_free(&dtus);
	return good ? status : HM_EXIT_CONFIG;
}

static void
say_what_to_set(const struct work *work)
{
	if (!hm_config_flag(work->config, HM_SET_MQTT_ENABLED))
		hm_log(HM_INFO, "mqtt_enabled is false: lines only pass");
	else if (!work->topics.commands)
		hm_log(work->topics.filters > 0 ? HM_INFO : HM_WARNING,
		    "no commands are taken: set control_enabled (--control) "
		    "to take them%s", work->topics.filters > 0 ? "" :
		    ", or subscribe_topics (--topic) for messages; lines only "
		    "pass");
}

/* Another client id than that of hm-publish, and a last will of its own. */
static bool
read_broker(struct work *work)
{
	struct hm_mqtt_options *options = &work->broker.options;

	if (!hm_broker_read(&work->broker, work->config))
		return false;
	snprintf(work->client_id, sizeof work->client_id, "%s" CLIENT,
	    options->client_id);
	options->client_id = work->client_id;
	options->availability_topic = work->topics.control;
	options->bridge_topic = NULL;
	options->farewell = work->topics.commands;
	options->in_flight_max = 1;
	hm_broker_warn(&work->broker, work->config);
	return true;
}

static int
open_settings(void *context, const struct hm_config *config)
{
	struct work *work = context;
	int status = hm_dtus_configured(&work->dtus, config);

	work->config = config;
	if (status != 0)
		return status;
	if (!hm_topic_list_read(&work->topics, config))
		return HM_EXIT_CONFIG;
	say_what_to_set(work);
	if (!hm_topic_list_is_used(&work->topics, config))
		return HM_TOOL_GO_ON;
	return read_broker(work) ? HM_TOOL_GO_ON : HM_EXIT_CONFIG;
}

/* Without a subscription there is nothing to wait for. */
static bool
outlives_input(const struct hm_config *config)
{
	static struct hm_topic_list topics;

	return hm_topic_list_read(&topics, config) &&
	    hm_topic_list_is_used(&topics, config);
}

/* Beginning and end */

static bool
open_subscriber(struct work *work)
{
	work->reception = hm_reception_new(&work->topics, &work->dtus,
	    hm_config_ms(work->config, HM_SET_CONTROL_MAX_AGE));
	if (work->reception != NULL)
		work->subscriber = hm_subscriber_new(&work->broker.options,
		    &work->topics, work->reception);
	return work->subscriber != NULL;
}

static void
register_counters(struct work *work)
{
	const struct hm_mqtt_counts *link =
	    hm_subscriber_counts(work->subscriber);
	const struct hm_reception_counts *in =
	    hm_reception_counts(work->reception);

	hm_stream_counter(work->stream, "connected", &link->connected);
	hm_stream_counter(work->stream, "connections", &link->connections);
	hm_stream_counter(work->stream, "commands", &in->commands);
	hm_stream_counter(work->stream, "refused", &in->refused);
	hm_stream_counter(work->stream, "retained", &in->retained);
	hm_stream_counter(work->stream, "foreign", &in->foreign);
	hm_stream_counter(work->stream, "expired", &in->expired);
	hm_stream_counter(work->stream, "messages", &in->messages);
	hm_stream_counter(work->stream, "unreadable", &in->unreadable);
	hm_stream_counter(work->stream, "dropped", &in->dropped);
	hm_stream_counter(work->stream, "queued", &in->queued);
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;
	const struct hm_stream_side side = {
	    .context = work,
	    .drain_ms = hm_config_ms(work->config,
	        HM_SET_MQTT_FLUSH_TIMEOUT),
	    .prepare = on_prepare,
	    .ready = on_ready,
	    .drain = leave,
	};

	work->stream = stream;
	if (!hm_topic_list_is_used(&work->topics, work->config))
		return HM_TOOL_GO_ON;
	if (!open_subscriber(work)) {
		hm_log(HM_ERROR, "no memory for the connection");
		return HM_EXIT_OS;
	}
	register_counters(work);
	hm_stream_side(stream, &side);
	return HM_TOOL_GO_ON;
}

static int
finish(void *context)
{
	struct work *work = context;
	uint64_t left;

	if (work->reception == NULL)
		return HM_EXIT_OK;
	left = hm_reception_counts(work->reception)->queued;
	if (left > 0)
		hm_log(HM_ERROR, "%llu commands and messages were not written",
		    (unsigned long long)left);
	return left > 0 ? HM_EXIT_TEMP : HM_EXIT_OK;
}

static bool
free_all(void *context)
{
	struct work *work = context;

	hm_broker_forget_password(&work->broker);
	if (!hm_subscriber_free(work->subscriber))
		return false;
	hm_reception_free(work->reception);
	hm_dtus_free(&work->dtus);
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
	    .outlives_input = outlives_input,
	    .finish = finish,
	    .free = free_all,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_SUBSCRIBE, &ops, &work, argc, argv);
}
