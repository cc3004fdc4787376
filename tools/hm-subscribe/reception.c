#include "reception.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "command_message.h"
#include "inbox.h"
#include "msa_readings.h"
#include "record/command.h"
#include "record/record.h"

#define COMMAND_BYTES ((size_t)1024 * 1024)
#define MESSAGE_BYTES ((size_t)2 * 1024 * 1024)
#define SECOND_MS 1000
#define MINUTE_MS 60000
#define HOUR_MS 3600000
#define LOGGED_MAX 10 /* messages in the log in a minute */

struct hm_reception {
	const struct hm_topic_list *topics;
	const struct hm_dtus *dtus;
	int64_t max_age_ms;
	struct hm_reception_counts counts;
	struct hm_inbox commands, messages;
	struct hm_inbox *next; /* of the line of hm_reception_next */
	int64_t second;        /* began then */
	unsigned in_second;    /* commands written */
	int64_t minute;
	unsigned in_minute; /* messages logged */
	bool full;          /* already logged; until nothing waits */
	int64_t quiet_until; /* about a sign that contradicts a state */
	int64_t now;         /* of the message whose records are put */
	struct hm_command_message command;
	struct hm_msa_devices batteries;
	char line[HM_LINE_MAX];
};

/* A sender cannot fill the log: beyond the first ones of a minute, DEBUG. */
static enum hm_level
level(struct hm_reception *r, enum hm_level wanted, int64_t now)
{
	if (!hm_log_shows(wanted))
		return wanted;
	if (r->in_minute == 0 || now - r->minute >= MINUTE_MS) {
		r->minute = now;
		r->in_minute = 0;
	}
	if (r->in_minute == LOGGED_MAX)
		return HM_DEBUG;
	r->in_minute++;
	return wanted;
}

static void
put(struct hm_reception *r, struct hm_inbox *inbox, struct hm_slice line,
    int64_t now)
{
	size_t dropped = hm_inbox_put(inbox, line, now);

	r->counts.dropped += dropped;
	r->counts.queued = r->commands.lines + r->messages.lines;
	if (dropped == 0 || r->full)
		return;
	r->full = true;
	hm_log(level(r, HM_WARNING, now), "more comes from the broker than the "
	    "reader of stdout takes: the oldest commands and messages are "
	    "dropped");
}

/* Commands */

/* A broker passes on the message that deletes a retained one. */
static void
log_deletion(struct hm_slice topic)
{
	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact_slice("topic", topic)),
	    "%.*s: an empty message, which deletes a retained one",
	    (int)topic.n, topic.p);
}

static void
take_retained(struct hm_reception *r, const struct hm_message_in *message,
    int64_t now)
{
	r->counts.retained++;
	hm_log_facts(level(r, HM_INFO, now), HM_FACTS(
	    hm_fact_slice("topic", message->topic)), "%.*s: a retained command "
	    "is not carried out; delete it, and send commands that are not "
	    "retained", (int)message->topic.n, message->topic.p);
}

static void
log_command(struct hm_reception *r, const struct hm_message_in *message,
    int64_t now)
{
	const struct hm_command_message *m = &r->command;
	struct hm_slice topic = message->topic;

	if (m->kind == HM_COMMAND_FOREIGN)
		hm_log_facts(level(r, HM_INFO, now), HM_FACTS(
		    hm_fact_slice("topic", topic),
		    hm_fact("dtu", m->command.dtu)), "%.*s: a command for the "
		    "DTU %s, which is not of this chain", (int)topic.n,
		    topic.p, m->command.dtu);
	else if (m->kind == HM_COMMAND_BAD)
		hm_log_facts(level(r, HM_WARNING, now), HM_FACTS(
		    hm_fact_slice("topic", topic),
		    hm_fact("reason", m->reason)), "%.*s: a command is "
		    "refused: %s", (int)topic.n, topic.p, m->reason);
	else
		hm_log_facts(level(r, HM_INFO, now), HM_FACTS(
		    hm_fact_slice("topic", topic), hm_fact("id",
		    m->command.id)), "%.*s: a command: %s, id %s",
		    (int)topic.n, topic.p, hm_action_name(m->command.action),
		    m->command.id);
}

static void
take_command(struct hm_reception *r, const struct hm_message_in *message,
    bool shared, int64_t now)
{
	char id[HM_COMMAND_ID_MAX + 1];
	const struct hm_command_origin origin = {
	    .topic = message->topic,
	    .shared = shared,
	    .dtus = r->dtus,
	    .time = hm_clock_now(),
	    .id = id,
	};

	snprintf(id, sizeof id, "mqtt-%llx-%08x%08x",
	    (unsigned long long)hm_clock_now_ms(), (unsigned)arc4random(),
	    (unsigned)arc4random());
	hm_command_message_read(&r->command, message->payload, &origin);
	log_command(r, message, now);
	if (r->command.kind == HM_COMMAND_FOREIGN) {
		r->counts.foreign++;
		return;
	}
	if (r->command.kind == HM_COMMAND_BAD)
		r->counts.refused++;
	put(r, &r->commands, r->command.line, now);
}

/* Messages */

static bool
is_utf8(struct hm_slice text)
{
	size_t n;

	for (size_t i = 0; i < text.n; i += n) {
		n = hm_utf8_len(text.p + i, text.n - i);
		if (n == 0)
			return false;
	}
	return true;
}

static bool
write_message(struct hm_reception *r, const struct hm_message_in *message,
    struct hm_slice *line)
{
	char time[HM_RFC3339_SIZE];
	struct hm_json e;

	hm_json_start(&e, r->line, sizeof r->line);
	hm_json_record(&e, "message",
	    hm_rfc3339_format(hm_clock_now(), time));
	hm_json_string(&e, "topic", message->topic);
	hm_json_string(&e, "payload", message->payload);
	hm_json_int(&e, "qos", message->qos);
	hm_json_bool(&e, "retained", message->retained);
	hm_json_object_end(&e);
	return hm_json_done(&e, line);
}

static void
take_message(struct hm_reception *r, const struct hm_message_in *message,
    int64_t now)
{
	struct hm_slice topic = message->topic, line;
	bool readable = is_utf8(message->payload);

	if (readable && write_message(r, message, &line)) {
		put(r, &r->messages, line, now);
		return;
	}
	r->counts.unreadable++;
	hm_log_facts(level(r, HM_WARNING, now), HM_FACTS(
	    hm_fact_slice("topic", topic),
	    hm_fact_int("bytes", (int64_t)message->payload.n)), "%.*s: a "
	    "message of %zu bytes is dropped: %s", (int)topic.n, topic.p,
	    message->payload.n, readable ? "its record would be longer than "
	    "256 KiB" : "its payload is not UTF-8");
}

/* States of batteries, as readings */

static void
put_reading(void *context, struct hm_slice line)
{
	struct hm_reception *r = context;

	put(r, &r->messages, line, r->now);
}

static void
drop_state(struct hm_reception *r, struct hm_slice topic, const char *why)
{
	r->counts.unreadable++;
	hm_log_facts(level(r, HM_WARNING, r->now), HM_FACTS(
	    hm_fact_slice("topic", topic), hm_fact("reason", why)),
	    "%.*s: a state is dropped: %s", (int)topic.n, topic.p, why);
}

static void
log_contradiction(struct hm_reception *r, struct hm_slice topic)
{
	if (r->now < r->quiet_until)
		return;
	r->quiet_until = r->now + HOUR_MS;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("topic", topic)),
	    "%.*s: bat_p has the sign of charging and bat_sts says discharge, "
	    "or the reverse: the battery's power is left out; this is logged "
	    "once an hour", (int)topic.n, topic.p);
}

/* The time of a retained state is not known. */
static void
drop_retained_state(struct hm_reception *r, struct hm_slice topic)
{
	r->counts.retained++;
	hm_log_facts(level(r, HM_INFO, r->now), HM_FACTS(
	    hm_fact_slice("topic", topic)), "%.*s: a retained state is no "
	    "reading: nobody knows how old it is", (int)topic.n, topic.p);
}

static void
take_state(struct hm_reception *r, const struct hm_message_in *message,
    const struct hm_msa_topic *topic, int64_t now)
{
	const struct hm_msa_message state = {*topic, message->payload, now,
	    hm_clock_now()};
	const struct hm_msa_output output = {put_reading, r};
	const char *why;

	r->now = now;
	if (message->payload.n == 0) {
		log_deletion(message->topic);
		return;
	}
	if (message->retained) {
		drop_retained_state(r, message->topic);
		return;
	}
	why = hm_msa_take(&r->batteries, &state, &output);
	if (why != NULL)
		drop_state(r, message->topic, why);
	else if (r->batteries.values.contradicts)
		log_contradiction(r, message->topic);
}

void
hm_reception_take(struct hm_reception *r,
    const struct hm_message_in *message, int64_t now)
{
	bool shared = hm_slice_is(message->topic, r->topics->shared);
	bool command = r->topics->commands && (shared ||
	    hm_slice_is(message->topic, r->topics->own));
	struct hm_msa_topic state;

	if (command && message->payload.n == 0)
		log_deletion(message->topic);
	else if (command && message->retained)
		take_retained(r, message, now);
	else if (command)
		take_command(r, message, shared, now);
	else if (r->topics->msa && hm_msa_topic(message->topic, &state))
		take_state(r, message, &state, now);
	else
		take_message(r, message, now);
}

/* Lines out */

/* The result replaces the command, and may wait as long as it must. */
static void
expire(struct hm_reception *r, int64_t now)
{
	struct hm_slice line;
	int64_t came;

	while (hm_inbox_first(&r->commands, &line, &came) &&
	    now - came >= r->max_age_ms &&
	    hm_command_message_expire(&r->command, line,
	    (now - came) / SECOND_MS, hm_clock_now())) {
		r->counts.expired++;
		hm_inbox_remove(&r->commands);
		put(r, &r->commands, r->command.line, now);
	}
}

static bool
may_command(const struct hm_reception *r, int64_t now)
{
	return r->commands.lines > 0 &&
	    (r->in_second < HM_RECEPTION_PER_SECOND ||
	    now - r->second >= SECOND_MS);
}

bool
hm_reception_next(struct hm_reception *r, int64_t now, struct hm_slice *line)
{
	int64_t came;

	expire(r, now);
	r->next = may_command(r, now) ? &r->commands : &r->messages;
	if (r->next == &r->commands &&
	    (r->in_second == 0 || now - r->second >= SECOND_MS)) {
		r->second = now;
		r->in_second = 0;
	}
	return hm_inbox_first(r->next, line, &came);
}

void
hm_reception_written(struct hm_reception *r)
{
	struct hm_slice line, type;
	int64_t came;

	if (!hm_inbox_first(r->next, &line, &came))
		return;
	if (r->next == &r->messages)
		r->counts.messages++;
	else
		r->in_second++;
	if (hm_record_type(line, &type) && hm_slice_is(type, "command"))
		r->counts.commands++;
	hm_inbox_remove(r->next);
	r->counts.queued = r->commands.lines + r->messages.lines;
	r->full = r->full && r->counts.queued > 0;
}

int64_t
hm_reception_due(const struct hm_reception *r, int64_t now)
{
	if (may_command(r, now) || r->messages.lines > 0)
		return now;
	return r->commands.lines > 0 ? r->second + SECOND_MS : 0;
}

/* Beginning and end */

struct hm_reception *
hm_reception_new(const struct hm_topic_list *topics,
    const struct hm_dtus *dtus, int64_t max_age_ms)
{
	struct hm_reception *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->topics = topics;
	r->dtus = dtus;
	r->max_age_ms = max_age_ms;
	r->batteries.period_ms = topics->period_ms;
	r->commands.lines_max = HM_RECEPTION_COMMANDS;
	r->commands.bytes_max = COMMAND_BYTES;
	r->messages.lines_max = HM_RECEPTION_MESSAGES;
	r->messages.bytes_max = MESSAGE_BYTES;
	return r;
}

void
hm_reception_free(struct hm_reception *r)
{
	if (r == NULL)
		return;
	hm_inbox_clear(&r->commands);
	hm_inbox_clear(&r->messages);
	free(r);
}

const struct hm_reception_counts *
hm_reception_counts(const struct hm_reception *r)
{
	return &r->counts;
}
