#include "dialog_private.h"

#include <stdio.h>
#include <string.h>

#include "alarms.pb-c.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "dialog.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "real.pb-c.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"

#define GAP_MS 2000
#define ENERGIES_TRIES 3 /* then a DTU does not know the request */
#define LOOK_SECONDS 3600 /* between two looks for a gateway */
#define REKEY_SECONDS 60  /* between two requests for the key */

/* Requests */

static enum hm_turn
ask_info(struct hm_dialog *d)
{
	d->hm.info_at = d->monotonic;
	return hm_dialog_hm_ask(d, HM_CMD_INFO, 0);
}

/* Request the next of the remaining extras. */
static enum hm_turn
ask_next(struct hm_dialog *d)
{
	unsigned left = d->hm.left;

	if ((left & HM_ASK_NETWORK) != 0) {
		d->hm.left &= ~(unsigned)HM_ASK_NETWORK;
		return hm_dialog_hm_ask(d, HM_CMD_NETWORK, 0);
	}
	if ((left & HM_ASK_ALARMS) != 0) {
		d->hm.left &= ~(unsigned)HM_ASK_ALARMS;
		return hm_dialog_hm_ask(d, HM_CMD_COMMAND, 0);
	}
	if ((left & HM_ASK_HISTORY) != 0) {
		d->hm.left &= ~(unsigned)HM_ASK_HISTORY;
		return hm_dialog_hm_ask(d, HM_CMD_HISTORY, 0);
	}
	if ((left & HM_ASK_CONFIG) != 0) {
		d->hm.left &= ~(unsigned)HM_ASK_CONFIG;
		return hm_dialog_hm_ask(d, HM_CMD_CONFIG, 0);
	}
	/* Last, because a DTU may not answer. */
	if (d->hm.energies_due && d->hm.energies_missed < ENERGIES_TRIES) {
		d->hm.energies_due = false;
		d->hm.energies_missed++;
		return hm_dialog_hm_ask(d, HM_CMD_ENERGIES, 0);
	}
	return HM_TURN_DONE;
}

/*
 * Readings do not need device information: a DTU that does not answer this
 * request is read as it was before, or as one that does not encrypt.
 */
static enum hm_turn
do_without_info(struct hm_dialog *d, bool connection)
{
	enum hm_turn turn = hm_dialog_hm_ask(d, HM_CMD_REAL, 0);

	if (turn != HM_TURN_ASK || !connection)
		return turn;
	hm_dialog_drop_input(d);
	return HM_TURN_RECONNECT;
}

static bool
may_rekey(const struct hm_dialog *d)
{
	return !d->hm.know_info ||
	    d->monotonic - d->hm.info_at >= REKEY_SECONDS;
}

/*
 * Device information is due once a period, answered or not, because readings do
 * not need it; and again if it came in a poll that failed.
 */
static bool
info_is_due(const struct hm_dialog *d)
{
	return (d->options->ask & HM_ASK_INFO) != 0 &&
	    (d->monotonic - d->hm.info_at >= d->options->ask_period ||
	    (d->hm.info_lost && may_rekey(d)));
}

static enum hm_turn
begin(struct hm_dialog *d)
{
	struct hm_dialog_hm *hm = &d->hm;

	if (hm->readings_done)
		hm->time_before = hm->time;
	if (hm->info_kept)
		hm->info_lost = !hm->readings_done;
	hm->readings_done = hm->info_kept = false;
	hm->packages = hm->received = 0;
	hm->due = !hm->asked ||
	    d->monotonic - hm->asked_at >= d->options->ask_period;
	hm->left = hm->due ? d->options->ask : 0;
	hm->energies_due = hm->looks = false;
	if (d->order != NULL) {
		hm->due = false;
		hm->left = hm_dialog_hm_order_asks(d);
		return ask_info(d);
	}
	/*
	 * Only device information has the flag that the DTU encrypts, and says
	 * whether the power limit of the configuration is an old one.
	 */
	if (!hm->know_info || info_is_due(d) ||
	    (hm->left & HM_ASK_CONFIG) != 0 ||
	    (hm->key_doubtful && may_rekey(d)))
		return ask_info(d);
	return hm_dialog_hm_ask(d, HM_CMD_REAL, 0);
}

/* Replies */

static enum hm_turn
skip(struct hm_dialog *d, const struct hm_frame *frame)
{
	return hm_dialog_skip(d, HM_FRAME_HEADER + frame->size);
}

/*
 * The record gets the reply without the random number, because the key is
 * derived from it.
 */
static bool
keep_info(struct hm_dialog *d, const struct hm_frame *frame,
    Hm__InfoReply *info)
{
	struct hm_arena *arena = d->options->arena;
	struct hm_frame plain = *frame;
	uint8_t *payload;

	if (info->dtu == NULL || info->dtu->encryption_random.len == 0)
		return hm_dialog_keep_frame(d, frame);
	info->dtu->encryption_random.len = 0;
	plain.size = hm__info_reply__get_packed_size(info);
	payload = arena->allocator.alloc(arena, plain.size);
	if (payload == NULL) {
		hm_dialog_fail(d, HM_ERR_PROTOCOL, "the reply is too large");
		return false;
	}
	plain.payload = payload;
	hm__info_reply__pack(info, payload);
	return hm_dialog_keep_frame(d, &plain);
}

static void
learn_key(struct hm_dialog_hm *hm, const Hm__InfoReply *info)
{
	const Hm__InfoDtu *dtu = info->dtu;

	hm->know_info = true;
	hm->key_doubtful = false;
	hm->encrypts = dtu != NULL &&
	    (dtu->features & HM_CRYPT_DFS_BIT) != 0 &&
	    dtu->encryption_random.len == HM_CRYPT_RANDOM;
	if (hm->encrypts)
		memcpy(hm->random, dtu->encryption_random.data,
		    HM_CRYPT_RANDOM);
}

static enum hm_turn
after_info(struct hm_dialog *d, const struct hm_frame *frame)
{
	struct hm_arena *arena = d->options->arena;
	Hm__InfoReply *info = hm__info_reply__unpack(&arena->allocator,
	    frame->size, frame->payload);

	if (info == NULL) {
		hm_dialog_drop(d, "device information cannot be unpacked");
		return do_without_info(d, false);
	}
	if (hm_dialog_hm_is_other(d, frame, info->packages, info->package))
		return skip(d, frame);
	/* Later packages list more inverters, but carry no key. */
	if (d->hm.package == 0)
		learn_key(&d->hm, info);
	if (hm_dialog_hm_claims_too_many(d, "device information",
	    info->packages))
		return do_without_info(d, false);
	d->hm.info_kept = keep_info(d, frame, info);
	if (!d->hm.info_kept)
		return HM_TURN_FAIL;
	if (d->hm.package + 1 < info->packages)
		return hm_dialog_hm_ask(d, HM_CMD_INFO, d->hm.package + 1);
	return hm_dialog_hm_ask(d, HM_CMD_REAL, 0);
}

static bool
lists_nothing(const Hm__RealReply *real)
{
	return real->n_single + real->n_three + real->n_input +
	    real->n_meter + real->n_shutdown == 0;
}

/* Not before: after a failed poll the extras must still be due. */
static void
readings_are_done(struct hm_dialog *d)
{
	struct hm_dialog_hm *hm = &d->hm;

	hm->readings_done = hm->know_info = true;
	hm->key_doubtful = false;
	if (hm->due) {
		hm->asked = true;
		hm->asked_at = d->monotonic;
	}
}

static enum hm_turn
after_real(struct hm_dialog *d, const struct hm_frame *frame)
{
	Hm__RealReply *real = hm__real_reply__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);

	if (real == NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "real data cannot be unpacked");
	if (hm_dialog_hm_claims_too_many(d, "real data", real->packages))
		return HM_TURN_FAIL;
	if (real->packages <= 1 && lists_nothing(real))
		return hm_dialog_fail(d, HM_ERR_NOT_MAPPED,
		    "the DTU lists no inverter");
	if (hm_dialog_hm_is_other(d, frame, real->packages, real->package))
		return skip(d, frame);
	if (!hm_dialog_keep_frame(d, frame))
		return HM_TURN_FAIL;
	d->hm.received++;
	d->hm.packages = real->packages;
	if (d->hm.package == 0)
		d->hm.time = real->time;
	if (d->hm.package + 1 < real->packages)
		return hm_dialog_hm_ask(d, HM_CMD_REAL, d->hm.package + 1);
	readings_are_done(d);
	return ask_next(d);
}

/* A package of a list that a poll is good without. */
static enum hm_turn
after_package(struct hm_dialog *d, const struct hm_frame *frame,
    const char *what, int32_t packages, int32_t package)
{
	if (hm_dialog_hm_is_other(d, frame, packages, package))
		return skip(d, frame);
	if (!hm_dialog_hm_claims_too_many(d, what, packages) &&
	    hm_dialog_keep_frame(d, frame) && d->hm.package + 1 < packages)
		return hm_dialog_hm_ask(d, d->hm.command, d->hm.package + 1);
	return ask_next(d);
}

static enum hm_turn
after_history(struct hm_dialog *d, const struct hm_frame *frame)
{
	Hm__History *history = hm__history__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);

	if (history == NULL) {
		hm_dialog_drop(d, "the power history cannot be unpacked");
		return ask_next(d);
	}
	d->hm.energies_due = true;
	return after_package(d, frame, "the power history", history->packages,
	    history->package);
}

static enum hm_turn
after_alarms(struct hm_dialog *d, const struct hm_frame *frame)
{
	ProtobufCAllocator *heap = &d->options->arena->allocator;
	const Hm__Alarms *alarms = hm__alarms__unpack(heap, frame->size,
	    frame->payload);

	if (alarms != NULL)
		return after_package(d, frame, "the alarm list",
		    alarms->packages, alarms->package);
	/* The other layout has no packages. */
	if (hm__alarms_plain__unpack(heap, frame->size, frame->payload) !=
	    NULL)
		return after_package(d, frame, "the alarm list", 1, 0);
	hm_dialog_drop(d, "the alarm list cannot be unpacked");
	return ask_next(d);
}

static enum hm_turn
after(struct hm_dialog *d, const struct hm_frame *frame)
{
	if (hm_dialog_order_asks(d))
		return hm_dialog_hm_order_reply(d, frame);
	switch (d->hm.command) {
	case HM_CMD_INFO:
		return after_info(d, frame);
	case HM_CMD_REAL:
		return after_real(d, frame);
	case HM_CMD_HISTORY:
		return after_history(d, frame);
	case HM_CMD_ALARMS:
		return after_alarms(d, frame);
	case HM_CMD_CONFIG:
		hm_dialog_hm_config(d, frame);
		return ask_next(d);
	case HM_CMD_COMMAND:
		/* The DTU has acknowledged: request the list. */
		return hm_dialog_hm_ask(d, HM_CMD_ALARMS, 0);
	case HM_CMD_ENERGIES:
		d->hm.energies_missed = 0;
		/* fall through */
	default:
		if (!hm_dialog_keep_frame(d, frame))
			return HM_TURN_FAIL;
		return ask_next(d);
	}
}

/* The DTU has probably restarted with a new key. */
static enum hm_turn
undecryptable(struct hm_dialog *d)
{
	d->hm.key_doubtful = true;
	if (may_rekey(d) && !d->hm.readings_done) {
		hm_dialog_drop(d, "%zu replies and one that does not decrypt: "
		    "the key is asked for again", d->reply_count);
		hm_dialog_forget(d);
		d->hm.packages = d->hm.received = 0;
		return ask_info(d);
	}
	return hm_dialog_fail(d, HM_ERR_DECRYPT,
	    "the reply does not decrypt; the key is asked for again");
}

static bool
decrypt(const struct hm_dialog *d, const struct hm_frame *frame,
    uint8_t *plain)
{
	return hm_crypt_open(d->hm.random, frame->command, frame->sequence,
	    frame->payload, frame->size, plain, frame->tag);
}

static enum hm_turn
on_frame(struct hm_dialog *d, const struct hm_frame *frame)
{
	uint8_t plain[HM_FRAME_PAYLOAD_MAX];
	struct hm_frame opened = *frame;

	if (!hm_frame_is_gateway(frame->command))
		d->hm.answered = true;
	if (d->held || frame->command != d->hm.awaited)
		return hm_dialog_pass_over(d, frame, d->hm.awaited);
	if (frame->tag != NULL) {
		if (!decrypt(d, frame, plain))
			return undecryptable(d);
		opened.payload = plain;
		opened.tag = NULL;
	}
	hm_arena_reset(d->options->arena);
	return d->hm.looks ? hm_dialog_es_adopt(d, &opened) :
	    after(d, &opened);
}

/* False while the tag of a frame is missing that has one by its content. */
static bool
take_tag(struct hm_dialog *d, struct hm_frame *frame, size_t *used)
{
	if (!hm_dialog_hm_order_is_sealed(d, frame))
		return true;
	frame->tag = d->in.p + *used;
	*used += HM_FRAME_TAG;
	return d->in.n >= *used;
}

static enum hm_turn
read_frames(struct hm_dialog *d)
{
	enum hm_turn turn = HM_TURN_READ;

	while (turn == HM_TURN_READ) {
		struct hm_frame frame;
		size_t used;
		enum hm_frame_state state = hm_frame_read(d->in.p, d->in.n,
		    d->hm.encrypts, &frame, &used);

		if (state == HM_FRAME_PART)
			return HM_TURN_READ;
		if (state != HM_FRAME_GOOD)
			return hm_dialog_frame_error(d, state);
		if (!take_tag(d, &frame, &used))
			return HM_TURN_READ;
		turn = on_frame(d, &frame);
		hm_buffer_drop(&d->in, used);
	}
	return turn;
}

static enum hm_turn
lose(struct hm_dialog *d, bool connection)
{
	return d->hm.command == HM_CMD_INFO && !d->hm.looks ?
	    do_without_info(d, connection) : HM_TURN_FAIL;
}

static enum hm_turn
feed(struct hm_dialog *d)
{
	enum hm_turn turn = read_frames(d);

	return turn == HM_TURN_FAIL ? lose(d, true) : turn;
}

/*
 * A gateway of hybrid inverters listens on the same port and answers no request
 * of a DTU. One that has ever sent the frame of a DTU is none.
 */
static bool
may_be_gateway(const struct hm_dialog *d)
{
	const struct hm_dialog_hm *hm = &d->hm;
	bool silent = d->error == HM_ERR_TIMEOUT_READ ||
	    d->error == HM_ERR_CLOSED;

	return silent && d->in.n == 0 && d->order == NULL && !hm->answered &&
	    !hm->looks && (!hm->looked ||
	    d->monotonic - hm->looked_at >= LOOK_SECONDS);
}

static enum hm_turn
look_for_gateway(struct hm_dialog *d)
{
	struct hm_dialog_hm *hm = &d->hm;

	hm->looks = hm->looked = true;
	hm->looked_at = d->monotonic;
	hm->awaited = HM_GATEWAY_INFO;
	hm_dialog_es_look(d, ++hm->sequence);
	return HM_TURN_RECONNECT;
}

static enum hm_turn
settle(struct hm_dialog *d)
{
	/*
	 * A DTU that has restarted may have a new key, or encrypt from now on:
	 * it cannot read the requests then, or its replies cannot be read.
	 */
	if (d->hm.encrypts || !d->hm.readings_done)
		d->hm.key_doubtful = true;
	if (!d->hm.readings_done)
		return may_be_gateway(d) ? look_for_gateway(d) : HM_TURN_FAIL;
	hm_dialog_drop(d, "what was asked for beside the readings (%04x): %s",
	    HM_FROM_DTU | d->hm.command, d->error_text);
	return HM_TURN_DONE;
}

static size_t
find_missing(const struct hm_dialog *d,
    uint8_t missing[HM_DIALOG_PARTS_MAX])
{
	size_t n = 0;

	if (d->hm.readings_done || d->hm.received == 0)
		return 0;
	for (int32_t i = d->hm.received; i < d->hm.packages; i++)
		missing[n++] = (uint8_t)i;
	return n;
}

static bool
is_stale(const struct hm_dialog *d)
{
	return d->hm.time != 0 && d->hm.time == d->hm.time_before;
}

const struct hm_dialog_protocol hm_protocol_hm = {
    .begin = begin,
    .feed = feed,
    .lost = lose,
    .settle = settle,
    .missing = find_missing,
    .stale = is_stale,
    .gap_ms = GAP_MS,
    .has_secrets = true,
    .part = "package",
};
