#include "dialog_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alarms.pb-c.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "command.pb-c.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "network.pb-c.h"
#include "real.pb-c.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"

#define APP_OFFSET 28800 /* sent by the vendor's app in any time zone */
#define ACTION_ALARM_LIST 50
#define PACKAGES_MAX 64
#define UNSOLICITED_MAX 64    /* frames skipped for one request */
#define REKEY_SECONDS 60  /* between two requests for the key */

/* Requests */

static size_t
local_time(const struct hm_dialog *d, char *buf, size_t cap)
{
	time_t now = (time_t)d->now;
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return 0;
	return strftime(buf, cap, "%Y-%m-%d %H:%M:%S", &tm);
}

static size_t
pack_info(const struct hm_dialog *d, ProtobufCBinaryData when, uint8_t *out)
{
	Hm__InfoRequest m = HM__INFO_REQUEST__INIT;

	m.local_time = when;
	m.offset = APP_OFFSET;
	m.package = d->hm.package;
	m.time = (uint32_t)d->now;
	return hm__info_request__pack(&m, out);
}

static size_t
pack_real(const struct hm_dialog *d, ProtobufCBinaryData when, uint8_t *out)
{
	Hm__RealRequest m = HM__REAL_REQUEST__INIT;

	m.local_time = when;
	m.package = d->hm.package;
	m.offset = APP_OFFSET;
	m.time = (int32_t)d->now;
	return hm__real_request__pack(&m, out);
}

static size_t
pack_alarms(const struct hm_dialog *d, ProtobufCBinaryData when, uint8_t *out)
{
	Hm__AlarmsRequest m = HM__ALARMS_REQUEST__INIT;

	m.local_time = when;
	m.package = d->hm.package;
	m.offset = APP_OFFSET;
	m.time = (int32_t)d->now;
	return hm__alarms_request__pack(&m, out);
}

static size_t
pack_command(const struct hm_dialog *d, uint8_t *out)
{
	Hm__CommandRequest m = HM__COMMAND_REQUEST__INIT;

	m.time = (int32_t)d->now;
	m.action = ACTION_ALARM_LIST;
	m.packages = 1;
	m.id = d->now;
	return hm__command_request__pack(&m, out);
}

static size_t
pack_network(const struct hm_dialog *d, uint8_t *out)
{
	Hm__NetworkRequest m = HM__NETWORK_REQUEST__INIT;

	m.offset = APP_OFFSET;
	m.time = (uint32_t)d->now;
	return hm__network_request__pack(&m, out);
}

static size_t
pack_history(const struct hm_dialog *d, uint8_t *out)
{
	Hm__HistoryRequest m = HM__HISTORY_REQUEST__INIT;

	m.package = d->hm.package;
	m.offset = APP_OFFSET;
	m.time = (uint32_t)d->now;
	return hm__history_request__pack(&m, out);
}

/* Each request is shorter than 64 bytes, so HM_REQUEST_MAX is enough. */
static size_t
pack(const struct hm_dialog *d, uint8_t *out)
{
	char text[32];
	size_t n = local_time(d, text, sizeof text);
	ProtobufCBinaryData when = {n, (uint8_t *)text};

	switch (d->hm.command) {
	case HM_CMD_INFO:
		return pack_info(d, when, out);
	case HM_CMD_ALARMS:
		return pack_alarms(d, when, out);
	case HM_CMD_COMMAND:
		return pack_command(d, out);
	case HM_CMD_NETWORK:
		return pack_network(d, out);
	case HM_CMD_HISTORY:
		return pack_history(d, out);
	default:
		return pack_real(d, when, out);
	}
}

static enum hm_turn
ask(struct hm_dialog *d, uint8_t command, int32_t package)
{
	struct hm_dialog_hm *hm = &d->hm;
	uint8_t *payload = d->request + HM_FRAME_HEADER, tag[HM_FRAME_TAG];
	struct hm_frame frame = {.payload = payload};

	hm->command = command;
	hm->package = package;
	hm->unsolicited = 0;
	hm->sequence++;
	frame.command = (uint16_t)(HM_TO_DTU | command);
	frame.sequence = hm->sequence;
	frame.size = pack(d, payload);
	if (hm->encrypts &&
	    hm_frame_is_encrypted(frame.command, frame.size)) {
		if (!hm_crypt_seal(hm->random, frame.command, frame.sequence,
		    payload, frame.size, payload, tag))
			return hm_dialog_fail(d, HM_ERR_DECRYPT,
			    "libcrypto cannot encrypt");
		frame.tag = tag;
	}
	d->request_size = hm_frame_write(&frame, d->request,
	    sizeof d->request);
	return HM_TURN_ASK;
}

static enum hm_turn
ask_info(struct hm_dialog *d)
{
	d->hm.info_at = d->monotonic;
	return ask(d, HM_CMD_INFO, 0);
}

/* Request the next of the remaining extras. */
static enum hm_turn
ask_next(struct hm_dialog *d)
{
	unsigned left = d->hm.left;

	if ((left & HM_ASK_NETWORK) != 0) {
		d->hm.left &= ~(unsigned)HM_ASK_NETWORK;
		return ask(d, HM_CMD_NETWORK, 0);
	}
	if ((left & HM_ASK_ALARMS) != 0) {
		d->hm.left &= ~(unsigned)HM_ASK_ALARMS;
		return ask(d, HM_CMD_COMMAND, 0);
	}
	if ((left & HM_ASK_HISTORY) != 0) {
		d->hm.left &= ~(unsigned)HM_ASK_HISTORY;
		return ask(d, HM_CMD_HISTORY, 0);
	}
	return HM_TURN_DONE;
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

enum hm_turn
hm_dialog_hm_begin(struct hm_dialog *d)
{
	struct hm_dialog_hm *hm = &d->hm;

	if (hm->readings_done)
		hm->time_before = hm->time;
	if (hm->info_kept)
		hm->info_lost = !hm->readings_done;
	hm->readings_done = hm->info_kept = false;
	hm->due = !hm->asked ||
	    d->monotonic - hm->asked_at >= d->options->ask_period;
	hm->left = hm->due ? d->options->ask : 0;
	/* Only device information has the flag that the DTU encrypts. */
	if (!hm->know_info || info_is_due(d) ||
	    (hm->key_doubtful && may_rekey(d)))
		return ask_info(d);
	return ask(d, HM_CMD_REAL, 0);
}

/* Replies */

static bool
keep_frame(struct hm_dialog *d, const struct hm_frame *frame)
{
	struct hm_arena *arena = d->options->arena;
	size_t size = HM_FRAME_HEADER + frame->size;
	uint8_t *out = arena->allocator.alloc(arena, size);

	if (out == NULL) {
		hm_dialog_fail(d, HM_ERR_PROTOCOL, "the reply is too large");
		return false;
	}
	return hm_dialog_keep(d, out, hm_frame_write(frame, out, size));
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
		return keep_frame(d, frame);
	info->dtu->encryption_random.len = 0;
	plain.size = hm__info_reply__get_packed_size(info);
	payload = arena->allocator.alloc(arena, plain.size);
	if (payload == NULL) {
		hm_dialog_fail(d, HM_ERR_PROTOCOL, "the reply is too large");
		return false;
	}
	plain.payload = payload;
	hm__info_reply__pack(info, payload);
	return keep_frame(d, &plain);
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

	if (info == NULL)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "device information cannot be unpacked");
	/* Later packages list more inverters, but carry no key. */
	if (info->package == 0 || d->hm.package == 0)
		learn_key(&d->hm, info);
	d->hm.info_kept = keep_info(d, frame, info);
	if (!d->hm.info_kept)
		return HM_TURN_FAIL;
	if (d->hm.package + 1 < info->packages &&
	    d->hm.package + 1 < PACKAGES_MAX)
		return ask(d, HM_CMD_INFO, d->hm.package + 1);
	return ask(d, HM_CMD_REAL, 0);
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

	hm->readings_done = true;
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
	if (real->packages > PACKAGES_MAX)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "real data in %d packages, at most %d make sense",
		    real->packages, PACKAGES_MAX);
	if (real->packages <= 1 && lists_nothing(real))
		return hm_dialog_fail(d, HM_ERR_NOT_MAPPED,
		    "the DTU lists no inverter");
	/* A package of another request, sent late or twice. */
	if (real->packages > 1 && real->package != d->hm.package)
		return HM_TURN_READ;
	if (!keep_frame(d, frame))
		return HM_TURN_FAIL;
	if (d->hm.package == 0)
		d->hm.time = real->time;
	if (d->hm.package + 1 < real->packages)
		return ask(d, HM_CMD_REAL, d->hm.package + 1);
	readings_are_done(d);
	return ask_next(d);
}

/* A package of a list that a poll is good without. */
static enum hm_turn
after_package(struct hm_dialog *d, const struct hm_frame *frame,
    int32_t packages)
{
	if (keep_frame(d, frame) && d->hm.package + 1 < packages &&
	    d->hm.package + 1 < PACKAGES_MAX)
		return ask(d, d->hm.command, d->hm.package + 1);
	return ask_next(d);
}

static enum hm_turn
after_history(struct hm_dialog *d, const struct hm_frame *frame)
{
	Hm__History *history = hm__history__unpack(
	    &d->options->arena->allocator, frame->size, frame->payload);

	return history == NULL ? ask_next(d) :
	    after_package(d, frame, history->packages);
}

static enum hm_turn
after_alarms(struct hm_dialog *d, const struct hm_frame *frame)
{
	ProtobufCAllocator *heap = &d->options->arena->allocator;
	const Hm__Alarms *alarms = hm__alarms__unpack(heap, frame->size,
	    frame->payload);

	if (alarms != NULL)
		return after_package(d, frame, alarms->packages);
	/* The other layout has no packages. */
	return hm__alarms_plain__unpack(heap, frame->size, frame->payload) !=
	    NULL ? after_package(d, frame, 1) : ask_next(d);
}

static enum hm_turn
after(struct hm_dialog *d, const struct hm_frame *frame)
{
	switch (d->hm.command) {
	case HM_CMD_INFO:
		return after_info(d, frame);
	case HM_CMD_REAL:
		return after_real(d, frame);
	case HM_CMD_HISTORY:
		return after_history(d, frame);
	case HM_CMD_ALARMS:
		return after_alarms(d, frame);
	case HM_CMD_COMMAND:
		/* The DTU has acknowledged: request the list. */
		return ask(d, HM_CMD_ALARMS, 0);
	default:
		keep_frame(d, frame);
		return ask_next(d);
	}
}

/* The DTU has probably restarted with a new key. */
static enum hm_turn
undecryptable(struct hm_dialog *d)
{
	d->hm.key_doubtful = true;
	if (may_rekey(d) && !d->hm.readings_done) {
		hm_dialog_forget(d);
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

/* Skip unsolicited frames, and replies to earlier requests. */
static enum hm_turn
pass_over(struct hm_dialog *d)
{
	if (++d->hm.unsolicited > UNSOLICITED_MAX)
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "%d frames and none is the reply", UNSOLICITED_MAX);
	return HM_TURN_READ;
}

static enum hm_turn
on_frame(struct hm_dialog *d, const struct hm_frame *frame)
{
	uint8_t plain[HM_FRAME_PAYLOAD_MAX];
	struct hm_frame opened = *frame;

	if (d->held || frame->command != (HM_FROM_DTU | d->hm.command))
		return pass_over(d);
	if (frame->tag != NULL) {
		if (!decrypt(d, frame, plain))
			return undecryptable(d);
		opened.payload = plain;
		opened.tag = NULL;
	}
	hm_arena_reset(d->options->arena);
	return after(d, &opened);
}

static enum hm_turn
frame_error(struct hm_dialog *d, enum hm_frame_state state)
{
	switch (state) {
	case HM_FRAME_CRC:
		return hm_dialog_fail(d, HM_ERR_CRC,
		    "the reply's CRC is wrong");
	case HM_FRAME_LENGTH:
		return hm_dialog_fail(d, HM_ERR_LENGTH,
		    "the reply's length is impossible");
	default:
		return hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the reply does not begin with HM");
	}
}

enum hm_turn
hm_dialog_hm_feed(struct hm_dialog *d)
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
			return frame_error(d, state);
		turn = on_frame(d, &frame);
		hm_buffer_drop(&d->in, used);
	}
	return turn;
}

void
hm_dialog_hm_give_up(struct hm_dialog *d)
{
	/* A DTU that has restarted cannot decrypt requests with the old key. */
	if (d->hm.encrypts)
		d->hm.key_doubtful = true;
}
