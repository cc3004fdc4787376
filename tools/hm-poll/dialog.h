#ifndef HM_DIALOG_H
#define HM_DIALOG_H

#include "base/arena.h"
#include "base/buffer.h"
#include "order.h"
#include "record/poll_errors.h"
#include "wire/dtu_uri.h"

#define HM_DIALOG_PARTS_MAX 100 /* of the readings of a DTU */

/*
 * One poll of one DTU as a dialog of requests and replies. It decides what to
 * request, when a reply is complete and valid, and when the poll is complete.
 * It does no I/O and reads no clock: its caller does.
 */

enum hm_turn {
	HM_TURN_ASK,  /* send hm_dialog_request, then feed the reply */
	HM_TURN_READ, /* the reply is not complete; feed more */
	HM_TURN_RECONNECT, /* close the connection and open another one, then
	                      as HM_TURN_ASK */
	HM_TURN_DONE, /* the replies are complete */
	HM_TURN_FAIL, /* see hm_dialog_error */
};

/* Extras: what to request from an hm DTU beside its readings. */
enum hm_ask {
	HM_ASK_INFO = 1 << 0,
	HM_ASK_NETWORK = 1 << 1,
	HM_ASK_ALARMS = 1 << 2,
	HM_ASK_HISTORY = 1 << 3,
	HM_ASK_CONFIG = 1 << 4,
};

struct hm_dialog_options {
	unsigned ask;          /* hm_ask bits */
	int64_t ask_period;    /* seconds between two requests for extras */
	bool es_keep_connection; /* one for all requests to a gateway */
	struct hm_arena *arena; /* borrowed scratch memory, shared by all */
	/* Called with the reason for each thing that was received and is
	   dropped. Or NULL. */
	void (*dropped)(const struct hm_dtu *dtu, const char *reason);
	/* The same for a reply that people should know of. Or NULL. */
	void (*refused)(const struct hm_dtu *dtu, const char *reason);
};

struct hm_dialog;

/* NULL if there is no memory. `dtu` and `options` are borrowed. */
struct hm_dialog *hm_dialog_new(const struct hm_dtu *dtu,
    const struct hm_dialog_options *options);
void hm_dialog_free(struct hm_dialog *d);

/*
 * Begin a poll on a new connection. `now` is the wall clock in seconds, which
 * is sent to DTUs; `monotonic` is the monotonic clock in seconds. Always
 * returns HM_TURN_ASK.
 */
enum hm_turn hm_dialog_begin(struct hm_dialog *d, int64_t now,
    int64_t monotonic);

/*
 * The poll is over and its replies have been used: free large buffers, so that
 * a fleet needs memory only for current polls.
 */
void hm_dialog_end(struct hm_dialog *d);

/*
 * Pass in bytes that were received. Frames that are not the reply are skipped:
 * for each request a bounded number of them, and of their bytes.
 */
enum hm_turn hm_dialog_feed(struct hm_dialog *d, const uint8_t *p, size_t n);

/* How many frames were skipped since the request, and before it was sent. */
size_t hm_dialog_skipped(const struct hm_dialog *d);

/* Drop what was passed in and is not read yet: its rest will not come. */
void hm_dialog_drop_input(struct hm_dialog *d);

/* Whether a part of a frame was passed in, whose rest is to come. */
bool hm_dialog_in_frame(const struct hm_dialog *d);

/*
 * Hold the dialog during the pause before a request is sent: complete frames
 * are then skipped, because they cannot be the reply to that request.
 */
void hm_dialog_hold(struct hm_dialog *d, bool held);

/*
 * The reply did not come: a timeout, or the DTU closed the connection. The poll
 * goes on if the rest may still be read. Returns HM_TURN_DONE if only extras
 * are missing.
 */
enum hm_turn hm_dialog_give_up(struct hm_dialog *d, enum hm_poll_error error);

/*
 * The connection that HM_TURN_RECONNECT asks for cannot be opened; `text` says
 * why. A gateway's other inverters may still be read. A look for a gateway that
 * fails so leaves the error of the DTU.
 */
enum hm_turn hm_dialog_not_connected(struct hm_dialog *d,
    enum hm_poll_error error, const char *text);

/* The request to send, valid until the next call. */
const uint8_t *hm_dialog_request(const struct hm_dialog *d, size_t *size);

/* The shortest time between two requests, in ms. */
int64_t hm_dialog_gap_ms(const struct hm_dialog *d);

/* The shortest time between two polls, in ms. */
int64_t hm_dialog_period_min_ms(const struct hm_dialog *d);

/* Whether no connection is to be open during the time between two requests. */
bool hm_dialog_rests_closed(const struct hm_dialog *d);

/*
 * Whether a gateway of hybrid inverters is read: one that was named as such, or
 * that was found where a DTU was expected.
 */
bool hm_dialog_is_gateway(const struct hm_dialog *d);

/*
 * The bytes at the start of a chunk that may be logged before it is passed in:
 * replies of hm DTUs have keys and passwords, but not in a frame's header.
 */
size_t hm_dialog_public_bytes(const struct hm_dialog *d);

/* After HM_TURN_DONE: the replies, decrypted, as the record will have them. */
size_t hm_dialog_replies(const struct hm_dialog *d);
const uint8_t *hm_dialog_reply(const struct hm_dialog *d, size_t i,
    size_t *size);

/*
 * The parts of the readings that this poll has not got, in ascending order:
 * over Modbus positions in the DTU's list of inputs, from 1; over hm numbers of
 * packages, from 0; of a gateway positions in its list of inverters, from 1;
 * over Modbus G3 positions in hm_g3_blocks, from 1. Returns how many; 0 if
 * there are no readings at all. Known after HM_TURN_DONE, and after
 * HM_TURN_FAIL: the other replies are good.
 */
size_t hm_dialog_missing(const struct hm_dialog *d,
    uint8_t missing[HM_DIALOG_PARTS_MAX]);

/* The first register in a reply; -1: the protocol has no such addresses. */
int32_t hm_dialog_address(const struct hm_dialog *d, size_t i);

/*
 * Whether the next poll is to use the connection of this one, if that was good:
 * the device bears no new connection for each poll.
 */
bool hm_dialog_keeps_connection(const struct hm_dialog *d);

/* The shortest time between a connection that failed and the next, in ms. */
int64_t hm_dialog_reconnect_ms(const struct hm_dialog *d);

/* What the parts are called, for people; one of them. */
const char *hm_dialog_part(const struct hm_dialog *d);

/* Whether there are readings, but not all of them. */
bool hm_dialog_is_partial(const struct hm_dialog *d);

/*
 * Whether the readings have the same time as those of the previous poll: the
 * DTU repeated them. Only known for an hm DTU or a gateway with a
 * clock.
 */
bool hm_dialog_stale(const struct hm_dialog *d);

/*
 * An order. It takes one connection or more: the first reads the DTU, sends the
 * order and follows its progress, each other one reads back what has come of
 * it. hm_dialog_begin begins each of them, until the order is dropped.
 */

/*
 * What hm_dialog_begin begins from now on; `order` is borrowed. False if there
 * is no memory. Its action must be one that hm_control_unknown_action allows.
 */
bool hm_dialog_order(struct hm_dialog *d, const struct hm_order *order);

/* The order is over, and the next dialog is a poll. */
void hm_dialog_drop_order(struct hm_dialog *d);

/* Whether the request in hand is the order itself. */
bool hm_dialog_sends_order(const struct hm_dialog *d);

/* Whether the order was passed to the caller to be sent. */
bool hm_dialog_order_sent(const struct hm_dialog *d);

/*
 * There must be an order for these two.
 *
 * What has become of it so far: HM_RESULT_ACCEPTED and
 * HM_RESULT_UNDER_WAY, or what is to be reported if nothing more is read. Its
 * texts are borrowed until the next call.
 */
const struct hm_result *hm_dialog_order_result(const struct hm_dialog *d);

/*
 * The connection is over, and what has become of the order so far was reported:
 * that is the result if no reading shows more.
 */
void hm_dialog_order_settle(struct hm_dialog *d);

/*
 * After the end of a connection: in how many ms the next one is to read back
 * what has come of the order; -1: the result is final.
 */
int64_t hm_dialog_order_pause_ms(const struct hm_dialog *d);

/*
 * The time between two uploads of the DTU to the cloud, from its configuration;
 * uploads are at multiples of it. 0 if it is not known.
 */
int64_t hm_dialog_upload_ms(const struct hm_dialog *d);

/*
 * After HM_TURN_FAIL, and after HM_TURN_DONE if parts are missing: the error,
 * and a line of text about it.
 */
enum hm_poll_error hm_dialog_error(const struct hm_dialog *d);
const char *hm_dialog_error_text(const struct hm_dialog *d);

#endif
