#include "sender.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "announce_clock.h"
#include "awaited_states.h"
#include "base/clock.h"
#include "base/log.h"
#include "migration.h"
#include "mqtt/mqtt_frames.h"
#include "mqtt/mqtt_link.h"
#include "outbox.h"
#include "repeat_clock.h"
#include "sender_private.h"
#include "standing.h"

/* The owner of the link */

static void
on_connected(void *context, int64_t now)
{
	struct hm_sender *sender = context;

	hm_sender_change_connected(sender, now);
	hm_sender_births_subscribe(sender, now);
	/* A broker that restarted may have lost its retained messages. */
	if (hm_mqtt_link_counts(sender->link)->connections > 1)
		hm_outbox_announce(sender->outbox);
}

static void
on_lost(void *context, int64_t now)
{
	struct hm_sender *sender = context;

	sender->hears_births = false;
	hm_sender_learn_lost(sender, now);
	hm_sender_change_lost(sender);
	hm_outbox_return(sender->outbox);
}

static void
on_work(void *context, int64_t now)
{
	hm_sender_births_subscribe(context, now);
	hm_sender_send(context, now);
}

static int64_t
on_due(const void *context)
{
	const struct hm_sender *sender = context;
	int64_t due = hm_sender_change_due(sender);
	const int64_t others[] = {sender->births.due, sender->repeat.due};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i] != 0 && (due == 0 || others[i] < due))
			due = others[i];
	return due;
}

static void
on_message(void *context, const struct mosquitto_message *message)
{
	struct hm_sender *sender = context;

	if (strcmp(message->topic, sender->birth_topic) == 0)
		hm_sender_births_take(sender, hm_monotonic_ms(), message);
	else
		hm_sender_learn_hear(sender, message);
}

static void
on_arrived(void *context, int id)
{
	struct hm_sender *sender = context;

	sender->arrived = id;
	hm_sender_arrived(sender, id);
}

static void
on_subscribed(void *context, int id, int count, const int *codes)
{
	hm_sender_learn_refused(context, id, count, codes);
}

static void
on_unsubscribed(void *context, int id)
{
	hm_sender_learn_fence(context, id);
}

/* It may have been of either subscription. */
static bool
on_too_large(void *context, uint32_t size, char *reason, size_t cap)
{
	struct hm_sender *sender = context;
	int64_t now = hm_monotonic_ms();
	bool births = hm_sender_births_refuse(sender, now);
	bool learns = hm_sender_learn_refuse(sender, now);

	if (!births && !learns)
		return false;
	snprintf(reason, cap, "it sent a message of %u bytes, at most %d are "
	    "taken; Home Assistant's starts are not followed for an hour: "
	    "delete the retained message at \"%.64s\"%s", (unsigned)size,
	    HM_MQTT_PACKET_MAX, sender->birth_topic,
	    learns ? " or the discovery message" : "");
	return true;
}

/* The stream's side */

int
hm_sender_prepare(struct hm_sender *sender, struct pollfd *fd)
{
	return hm_mqtt_link_prepare(sender->link, fd);
}

void
hm_sender_ready(struct hm_sender *sender, short revents)
{
	hm_mqtt_link_ready(sender->link, revents);
}

/*
 * A run without a farewell stays until the states have been sent again: Home
 * Assistant misses those that come with the announcement of an entity.
 */
static bool
has_more(struct hm_sender *sender)
{
	if (!hm_mqtt_link_is_connected(sender->link) ||
	    sender->options.farewell)
		return false;
	hm_sender_send(sender, hm_monotonic_ms());
	return hm_repeat_is_first(&sender->repeat);
}

bool
hm_sender_leave(struct hm_sender *sender)
{
	bool gone = sender->options.farewell || sender->change.hidden;

	if (!hm_mqtt_link_leaves(sender->link) && (has_more(sender) ||
	    hm_outbox_counts(sender->outbox)->queued > 0))
		return false;
	return hm_mqtt_link_leave(sender->link, gone ? "offline" : "online");
}

/* Beginning and end */

static void
free_memory(struct hm_sender *sender)
{
	hm_standing_free(sender->learn.standing);
	hm_migration_free(sender->change.migration);
	hm_awaited_free(&sender->change.awaited);
	free(sender);
}

static bool
open_link(struct hm_sender *sender)
{
	const struct hm_mqtt_owner owner = {
	    .context = sender,
	    .connected = on_connected,
	    .lost = on_lost,
	    .work = on_work,
	    .due = on_due,
	    .message = on_message,
	    .arrived = on_arrived,
	    .subscribed = on_subscribed,
	    .unsubscribed = on_unsubscribed,
	    .too_large = on_too_large,
	};

	sender->learn.standing = hm_standing_new();
	sender->change.migration = hm_migration_new();
	if (sender->learn.standing == NULL ||
	    sender->change.migration == NULL) {
		hm_log_errno(HM_ERROR, "cannot set up MQTT");
		return false;
	}
	sender->link = hm_mqtt_link_new(&sender->options, &owner);
	return sender->link != NULL;
}

struct hm_sender *
hm_sender_new(const struct hm_mqtt_options *options, const char *birth_topic,
    struct hm_outbox *outbox)
{
	struct hm_sender *sender = calloc(1, sizeof *sender);

	if (sender == NULL)
		return NULL;
	sender->options = *options;
	sender->options.in_flight_max = 2 * HM_OUTBOX_FLIGHT_MAX;
	sender->birth_topic = birth_topic;
	sender->outbox = outbox;
	if (open_link(sender))
		return sender;
	free_memory(sender);
	return NULL;
}

void
hm_sender_end_control(struct hm_sender *sender, const char *prefix,
    const char *client_id)
{
	sender->change.prefix = prefix;
	sender->change.client_id = client_id;
}

const struct hm_sender_counts *
hm_sender_counts(const struct hm_sender *sender)
{
	return &sender->counts;
}

const struct hm_mqtt_counts *
hm_sender_link_counts(const struct hm_sender *sender)
{
	return hm_mqtt_link_counts(sender->link);
}

bool
hm_sender_free(struct hm_sender *sender)
{
	if (sender == NULL)
		return true;
	if (!hm_mqtt_link_free(sender->link))
		return false;
	free_memory(sender);
	return true;
}
