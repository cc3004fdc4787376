#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "dialog_private.h"
#include "gateway.pb-c.h"
#include "hybrid.pb-c.h"
#include "wire/hmframe.h"

/*
 * Polls of a gateway of hybrid inverters. Its serial number and the list of its
 * inverters are learnt first, and seldom again; then the readings of each
 * inverter are requested. The one program that is known to read gateways has a
 * connection for each request, and polls them every 35 s.
 */

#define GAP_MS 2000
#define PERIOD_MIN_MS 35000
#define LOST_MAX 8 /* replies; waiting for each takes the read timeout */
#define LIST_SECONDS 3600 /* between two requests for the list */
#define DEVICE_INVERTER 6 /* in a gateway's device information */

_Static_assert(HM_ES_INVERTERS <= HM_DIALOG_PARTS_MAX,
    "each inverter may be missing");
_Static_assert(HM_ES_INVERTERS + 3 <= HM_REPLIES_MAX,
    "each inverter may have a reply");

static bool
init(struct hm_dialog *d)
{
	d->es = calloc(1, sizeof *d->es);
	return d->es != NULL;
}

/* Which request is next */

enum hm_turn
hm_dialog_es_reconnect(const struct hm_dialog *d, bool lost)
{
	return d->options->es_keep_connection && !lost ? HM_TURN_ASK :
	    HM_TURN_RECONNECT;
}

static bool
has_any(const struct hm_dialog_es *es)
{
	for (size_t i = 0; i < es->inverters; i++)
		if (es->inverter[i].received)
			return true;
	return false;
}

static enum hm_turn
finish(struct hm_dialog *d)
{
	if (has_any(d->es)) {
		d->es->done = true;
		return HM_TURN_DONE;
	}
	if (d->error != HM_ERR_NONE)
		return HM_TURN_FAIL;
	return hm_dialog_fail(d, HM_ERR_NOT_MAPPED,
	    "the gateway lists no inverter");
}

static bool
list_is_due(const struct hm_dialog *d)
{
	const struct hm_dialog_es *es = d->es;

	return es->inverters == 0 || !es->asked_list ||
	    d->monotonic - es->list_at >= LIST_SECONDS;
}

/* After the readings, because no gateway was seen to answer. */
static enum hm_turn
ask_last(struct hm_dialog *d)
{
	struct hm_dialog_es *es = d->es;

	if (!es->network_due || !has_any(es))
		return finish(d);
	es->network_due = false;
	es->asked_network = true;
	es->network_at = d->monotonic;
	return hm_dialog_es_ask_network(d);
}

/* Makes the next request the one in hand; HM_TURN_ASK if there is one. */
static enum hm_turn
ask_next(struct hm_dialog *d)
{
	struct hm_dialog_es *es = d->es;

	if (es->gateway == 0 || es->info_due) {
		es->info_due = false;
		es->asked_info = true;
		es->info_at = d->monotonic;
		return hm_dialog_es_ask_info(d);
	}
	if (es->list_due) {
		es->list_due = false;
		es->asked_list = true;
		es->list_at = d->monotonic;
		return hm_dialog_es_ask_list(d);
	}
	if (d->order != NULL)
		return es->inverters > 0 ? HM_TURN_DONE : finish(d);
	if (es->lost == LOST_MAX)
		return finish(d);
	if (es->next == es->inverters)
		return ask_last(d);
	return hm_dialog_es_ask_readings(d, es->inverter[es->next++].serial);
}

static enum hm_turn
go_on(struct hm_dialog *d, bool lost)
{
	enum hm_turn turn = ask_next(d);

	return turn == HM_TURN_ASK ? hm_dialog_es_reconnect(d, lost) : turn;
}

/* Whether it is time for what polls ask for every ask_period. */
static bool
is_due(const struct hm_dialog *d, enum hm_ask what, bool asked, int64_t at)
{
	return d->order == NULL && (d->options->ask & what) != 0 && (!asked ||
	    d->monotonic - at >= d->options->ask_period);
}

static void
begin_poll(struct hm_dialog *d)
{
	struct hm_dialog_es *es = d->es;

	for (size_t i = 0; i < es->inverters; i++) {
		struct hm_es_inverter *inverter = &es->inverter[i];

		if (es->done && inverter->received)
			inverter->time_before = inverter->time;
		inverter->received = false;
	}
	/* What a failed poll has learnt is in no record. */
	if (!es->done)
		es->asked_info = es->asked_list = es->asked_network = false;
	es->done = false;
	es->next = 0;
	es->lost = 0;
	es->info_due = is_due(d, HM_ASK_INFO, es->asked_info, es->info_at);
	es->network_due = is_due(d, HM_ASK_NETWORK, es->asked_network,
	    es->network_at);
	/* An order is preceded by the list alone. */
	es->list_due = list_is_due(d) || d->order != NULL;
}

static enum hm_turn
begin(struct hm_dialog *d)
{
	begin_poll(d);
	return ask_next(d);
}

/* The list of inverters */

/* False if it is dropped. */
static bool
add_inverter(struct hm_dialog *d, int64_t serial)
{
	struct hm_dialog_es *es = d->es;

	for (size_t i = 0; i < es->inverters; i++)
		if (es->inverter[i].serial == serial)
			return true;
	if (serial <= 0 || es->inverters == HM_ES_INVERTERS) {
		hm_dialog_drop(d, "inverter %" PRIx64 " of the gateway's list: "
		    "%s", (uint64_t)serial, serial <= 0 ?
		    "it has no serial number" : "the list is too long");
		return false;
	}
	es->inverter[es->inverters++] = (struct hm_es_inverter){
	    .serial = serial};
	return true;
}

/* What is known of an inverter that stays in the list stays known. */
static void
take_times(struct hm_dialog_es *es, const struct hm_es_inverter *old,
    size_t count)
{
	for (size_t i = 0; i < es->inverters; i++)
		for (size_t j = 0; j < count; j++)
			if (old[j].serial == es->inverter[i].serial)
				es->inverter[i] = old[j];
}

static void
report_long_list(struct hm_dialog *d, size_t listed)
{
	char text[100];

	if (listed <= HM_ES_INVERTERS) {
		d->es->reported_list = false;
		return;
	}
	if (d->es->reported_list || d->options->refused == NULL)
		return;
	snprintf(text, sizeof text, "inverters of a list of %zu, of which %d "
	    "at most are read", listed, HM_ES_INVERTERS);
	d->options->refused(d->dtu, text);
	d->es->reported_list = true;
}

static enum hm_turn
after_list(struct hm_dialog *d, const struct hm_frame *frame)
{
	const Hm__RegistryReply *list = hm__registry_reply__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);
	struct hm_es_inverter old[HM_ES_INVERTERS];
	size_t count = d->es->inverters;
	bool whole = true;

	if (list == NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the list of inverters cannot be unpacked");
	if (!hm_dialog_keep_frame(d, frame))
		return HM_TURN_FAIL;
	if (list->n_inverter == 0 && d->order != NULL)
		return hm_dialog_fail(d, HM_ERR_NOT_MAPPED,
		    "the gateway lists no inverter");
	if (list->n_inverter == 0)
		return go_on(d, false);
	memcpy(old, d->es->inverter, sizeof old);
	d->es->inverters = 0;
	for (size_t i = 0; i < list->n_inverter; i++)
		whole &= add_inverter(d, list->inverter[i]->serial);
	take_times(d->es, old, count);
	report_long_list(d, list->n_inverter);
	/* The order might be for another one than it seems. */
	if (!whole && d->order != NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL, "the list of "
		    "inverters has one that cannot be read");
	return go_on(d, false);
}

/* Other replies */

static enum hm_turn
after_info(struct hm_dialog *d, const struct hm_frame *frame)
{
	struct hm_dialog_es *es = d->es;
	const Hm__GatewayReply *info = hm__gateway_reply__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);

	if (info == NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the gateway's information cannot be unpacked");
	if (info->serial <= 0)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the gateway has no serial number");
	if (!hm_dialog_keep_frame(d, frame))
		return HM_TURN_FAIL;
	if (es->gateway != info->serial) {
		es->gateway = info->serial;
		es->inverters = 0;
		es->list_due = true;
	}
	/* For a gateway that does not answer the request for the list. */
	if (es->inverters == 0)
		for (size_t i = 0; i < info->n_device; i++)
			if (info->device[i]->type == DEVICE_INVERTER)
				(void)add_inverter(d, info->device[i]->serial);
	return go_on(d, false);
}

static struct hm_es_inverter *
asked_inverter(struct hm_dialog_es *es)
{
	return &es->inverter[es->next - 1];
}

static enum hm_turn
skip(struct hm_dialog *d, const struct hm_frame *frame)
{
	return hm_dialog_skip(d, HM_FRAME_HEADER_GATEWAY + frame->size);
}

/*
 * Whether its sequence number has to be that of the request is not known of any
 * gateway; a reply names its inverter.
 */
static enum hm_turn
after_readings(struct hm_dialog *d, const struct hm_frame *frame)
{
	struct hm_es_inverter *inverter = asked_inverter(d->es);
	const Hm__HybridReply *reply = hm__hybrid_reply__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);

	if (reply == NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the readings cannot be unpacked");
	if (reply->serial != inverter->serial) {
		hm_dialog_drop(d, "readings of inverter %" PRIx64 ": requested "
		    "were those of %" PRIx64, (uint64_t)reply->serial,
		    (uint64_t)inverter->serial);
		return skip(d, frame);
	}
	if (!hm_dialog_keep_frame(d, frame))
		return HM_TURN_FAIL;
	inverter->received = true;
	inverter->time = reply->time;
	return go_on(d, false);
}

static enum hm_turn
after_network(struct hm_dialog *d, const struct hm_frame *frame)
{
	return hm_dialog_keep_frame(d, frame) ? go_on(d, false) : HM_TURN_FAIL;
}

static enum hm_turn
after(struct hm_dialog *d, const struct hm_frame *frame)
{
	hm_arena_reset(d->options->arena);
	switch (frame->command) {
	case HM_GATEWAY_INFO:
		return after_info(d, frame);
	case HM_GATEWAY_REGISTRY:
		return after_list(d, frame);
	case HM_GATEWAY_MODE:
		return hm_dialog_es_order_reply(d, frame);
	case HM_GATEWAY_NETWORK:
		return after_network(d, frame);
	default:
		return after_readings(d, frame);
	}
}

/*
 * Readings need neither the gateway's information nor the list again, once they
 * are known, and those of one inverter not those of another.
 */
static enum hm_turn
lose(struct hm_dialog *d, bool connection)
{
	struct hm_dialog_es *es = d->es;

	(void)connection;
	es->lost++;
	/* An order needs the list of this moment. */
	if (es->gateway == 0 || (es->awaited == HM_GATEWAY_REGISTRY &&
	    (es->inverters == 0 || d->order != NULL)))
		return HM_TURN_FAIL;
	if (es->awaited == HM_GATEWAY_READINGS)
		hm_dialog_drop(d, "no readings of inverter %" PRIx64 ": %s",
		    (uint64_t)asked_inverter(es)->serial, d->error_text);
	else
		hm_dialog_drop(d, "no reply to %04x: %s",
		    es->awaited + HM_GATEWAY_ASK, d->error_text);
	return go_on(d, true);
}

static enum hm_turn
read_frames(struct hm_dialog *d)
{
	enum hm_turn turn = HM_TURN_READ;

	while (turn == HM_TURN_READ) {
		struct hm_frame frame;
		size_t used;
		enum hm_frame_state state = hm_frame_read(d->in.p, d->in.n,
		    false, &frame, &used);

		if (state == HM_FRAME_PART)
			return HM_TURN_READ;
		if (state != HM_FRAME_GOOD)
			return hm_dialog_frame_error(d, state);
		turn = d->held || frame.command != d->es->awaited ?
		    hm_dialog_pass_over(d, &frame, d->es->awaited) :
		    after(d, &frame);
		hm_buffer_drop(&d->in, used);
	}
	return turn;
}

static enum hm_turn
feed(struct hm_dialog *d)
{
	enum hm_turn turn = read_frames(d);

	/* An order that may have been carried out is not passed over. */
	return turn == HM_TURN_FAIL && !hm_dialog_order_asks(d) ?
	    lose(d, true) : turn;
}

static size_t
find_missing(const struct hm_dialog *d, uint8_t missing[HM_DIALOG_PARTS_MAX])
{
	const struct hm_dialog_es *es = d->es;
	size_t n = 0;

	if (!has_any(es))
		return 0;
	for (size_t i = 0; i < es->inverters; i++)
		if (!es->inverter[i].received)
			missing[n++] = (uint8_t)(i + 1);
	return n;
}

/* Only if all of them are repeated: others would be dropped with them. */
static bool
is_stale(const struct hm_dialog *d)
{
	const struct hm_dialog_es *es = d->es;

	for (size_t i = 0; i < es->inverters; i++) {
		const struct hm_es_inverter *inverter = &es->inverter[i];

		if (inverter->received && (inverter->time == 0 ||
		    inverter->time != inverter->time_before))
			return false;
	}
	return has_any(es);
}

const struct hm_dialog_protocol hm_protocol_es = {
    .init = init,
    .begin = begin,
    .feed = feed,
    .lost = lose,
    .missing = find_missing,
    .stale = is_stale,
    .gap_ms = GAP_MS,
    .period_min_ms = PERIOD_MIN_MS,
    .part = "inverter",
    .is_gateway = true,
};

enum hm_turn
hm_dialog_es_adopt(struct hm_dialog *d, const struct hm_frame *info)
{
	enum hm_turn turn;

	if (!init(d))
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "no memory for a gateway");
	begin_poll(d);
	d->es->info_due = false;
	d->es->asked_info = true;
	d->es->info_at = d->monotonic;
	turn = after_info(d, info);
	if (turn == HM_TURN_FAIL) {
		free(d->es);
		d->es = NULL;
	} else {
		d->protocol = &hm_protocol_es;
	}
	return turn;
}
