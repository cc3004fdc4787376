#include "dialog_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest frame, and bytes that one read may return behind it. */
#define IN_MAX ((size_t)2 * 65536)
#define KEPT_MAX ((size_t)2048) /* of a buffer, between polls */

static const struct hm_dialog_protocol *
protocol_of(enum hm_transport transport)
{
	switch (transport) {
	case HM_TRANSPORT_MODBUS:
		return &hm_protocol_modbus;
	case HM_TRANSPORT_HM:
		return &hm_protocol_hm;
	case HM_TRANSPORT_ES:
		return &hm_protocol_es;
	case HM_TRANSPORT_MODBUS_G3:
		return &hm_protocol_g3;
	}
	return NULL;
}

struct hm_dialog *
hm_dialog_new(const struct hm_dtu *dtu,
    const struct hm_dialog_options *options)
{
	struct hm_dialog *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->dtu = dtu;
	d->options = options;
	d->protocol = protocol_of(dtu->transport);
	if (d->protocol != NULL &&
	    (d->protocol->init == NULL || d->protocol->init(d)))
		return d;
	free(d);
	return NULL;
}

void
hm_dialog_free(struct hm_dialog *d)
{
	if (d == NULL)
		return;
	hm_buffer_free(&d->in);
	hm_buffer_free(&d->replies);
	free(d->order);
	free(d->es);
	explicit_bzero(d, sizeof *d);
	free(d);
}

enum hm_turn
hm_dialog_fail(struct hm_dialog *d, enum hm_poll_error error,
    const char *format, ...)
{
	va_list args;

	d->error = error;
	va_start(args, format);
	if (vsnprintf(d->error_text, sizeof d->error_text, format, args) < 0)
		d->error_text[0] = '\0';
	va_end(args);
	return HM_TURN_FAIL;
}

void
hm_dialog_drop(struct hm_dialog *d, const char *format, ...)
{
	char text[160];
	va_list args;

	if (d->options->dropped == NULL)
		return;
	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) >= 0)
		d->options->dropped(d->dtu, text);
	va_end(args);
}

void
hm_dialog_drop_input(struct hm_dialog *d)
{
	if (d->in.n > 0)
		hm_dialog_drop(d, "%zu bytes that are no whole reply",
		    d->in.n);
	d->in.n = 0;
}

enum hm_turn
hm_dialog_skip(struct hm_dialog *d, size_t bytes)
{
	d->skipped++;
	d->skipped_bytes += bytes;
	if (d->skipped <= HM_SKIPPED_FRAMES &&
	    d->skipped_bytes <= HM_SKIPPED_BYTES)
		return HM_TURN_READ;
	return hm_dialog_fail(d, HM_ERR_PROTOCOL,
	    "%zu replies to other requests, of %zu bytes together", d->skipped,
	    d->skipped_bytes);
}

bool
hm_dialog_keep(struct hm_dialog *d, const uint8_t *p, size_t n)
{
	if (d->reply_count == HM_REPLIES_MAX ||
	    !hm_buffer_append(&d->replies, p, n, HM_REPLIES_BYTES)) {
		hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "too many replies: %zu with %zu bytes", d->reply_count,
		    d->replies.n);
		return false;
	}
	d->reply_end[d->reply_count++] = d->replies.n;
	return true;
}

void
hm_dialog_forget(struct hm_dialog *d)
{
	d->replies.n = d->reply_count = 0;
}

/* The last connection may have been lost in any phase. */
static void
begin_order(struct hm_dialog_order *o)
{
	o->paused = false;
	o->phase = o->sent ? HM_ORDER_AFTER : HM_ORDER_BEFORE;
}

enum hm_turn
hm_dialog_begin(struct hm_dialog *d, int64_t now, int64_t monotonic)
{
	d->now = now;
	d->monotonic = monotonic;
	d->in.n = 0;
	hm_dialog_forget(d);
	d->error = HM_ERR_NONE;
	d->held = false;
	if (d->order != NULL)
		begin_order(d->order);
	return d->protocol->begin(d);
}

void
hm_dialog_end(struct hm_dialog *d)
{
	hm_dialog_drop_input(d);
	hm_buffer_shrink(&d->in, KEPT_MAX);
	hm_buffer_shrink(&d->replies, KEPT_MAX);
	d->reply_count = 0;
}

static enum hm_turn
settle(struct hm_dialog *d, enum hm_turn turn)
{
	if (turn == HM_TURN_FAIL && d->protocol->settle != NULL &&
	    !hm_dialog_order_asks(d))
		turn = d->protocol->settle(d);
	turn = hm_dialog_order_turn(d, turn);
	if (turn == HM_TURN_RECONNECT)
		hm_dialog_drop_input(d);
	return turn;
}

enum hm_turn
hm_dialog_feed(struct hm_dialog *d, const uint8_t *p, size_t n)
{
	enum hm_turn turn;

	if (!hm_buffer_append(&d->in, p, n, IN_MAX))
		turn = hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "more than %zu bytes for one request", IN_MAX);
	else
		turn = d->protocol->feed(d);
	return settle(d, turn);
}

size_t
hm_dialog_skipped(const struct hm_dialog *d)
{
	return d->skipped;
}

bool
hm_dialog_in_frame(const struct hm_dialog *d)
{
	return d->in.n > 0;
}

void
hm_dialog_hold(struct hm_dialog *d, bool held)
{
	d->held = held;
}

enum hm_turn
hm_dialog_give_up(struct hm_dialog *d, enum hm_poll_error error)
{
	/* A reply that has begun may end later, on this connection. */
	bool connection = error == HM_ERR_CLOSED || d->in.n > 0;

	if (error == HM_ERR_CLOSED)
		hm_dialog_fail(d, error, "closed the connection after %zu "
		    "bytes of a reply", d->in.n);
	else
		hm_dialog_fail(d, error, "no whole reply in time, %zu bytes "
		    "came", d->in.n);
	if (hm_dialog_order_asks(d))
		return settle(d, HM_TURN_FAIL);
	return settle(d, d->protocol->lost(d, connection));
}

enum hm_turn
hm_dialog_not_connected(struct hm_dialog *d, enum hm_poll_error error,
    const char *text)
{
	if (d->protocol != &hm_protocol_hm || !d->hm.looks)
		hm_dialog_fail(d, error, "%s", text);
	if (hm_dialog_order_asks(d))
		return settle(d, HM_TURN_FAIL);
	return d->protocol->is_gateway ?
	    settle(d, d->protocol->lost(d, true)) : HM_TURN_FAIL;
}

const uint8_t *
hm_dialog_request(const struct hm_dialog *d, size_t *size)
{
	*size = d->request_size;
	return d->request;
}

int64_t
hm_dialog_gap_ms(const struct hm_dialog *d)
{
	return d->protocol->gap_ms;
}

int64_t
hm_dialog_period_min_ms(const struct hm_dialog *d)
{
	return d->protocol->period_min_ms;
}

bool
hm_dialog_rests_closed(const struct hm_dialog *d)
{
	return d->protocol->is_gateway && !d->options->es_keep_connection;
}

bool
hm_dialog_is_gateway(const struct hm_dialog *d)
{
	return d->protocol->is_gateway;
}

size_t
hm_dialog_public_bytes(const struct hm_dialog *d)
{
	if (!d->protocol->has_secrets)
		return SIZE_MAX;
	return hm_dialog_in_frame(d) ? 0 : HM_FRAME_HEADER;
}

size_t
hm_dialog_replies(const struct hm_dialog *d)
{
	return d->reply_count;
}

const uint8_t *
hm_dialog_reply(const struct hm_dialog *d, size_t i, size_t *size)
{
	size_t start = i > 0 ? d->reply_end[i - 1] : 0;

	*size = d->reply_end[i] - start;
	return d->replies.p + start;
}

size_t
hm_dialog_missing(const struct hm_dialog *d,
    uint8_t missing[HM_DIALOG_PARTS_MAX])
{
	return d->reply_count > 0 ? d->protocol->missing(d, missing) : 0;
}

const char *
hm_dialog_part(const struct hm_dialog *d)
{
	return d->protocol->part;
}

int32_t
hm_dialog_address(const struct hm_dialog *d, size_t i)
{
	return d->protocol->address != NULL ? d->protocol->address(d, i) : -1;
}

bool
hm_dialog_keeps_connection(const struct hm_dialog *d)
{
	return d->protocol->keeps_connection;
}

int64_t
hm_dialog_reconnect_ms(const struct hm_dialog *d)
{
	return d->protocol->reconnect_ms;
}

bool
hm_dialog_is_partial(const struct hm_dialog *d)
{
	uint8_t missing[HM_DIALOG_PARTS_MAX];

	return hm_dialog_missing(d, missing) > 0;
}

bool
hm_dialog_stale(const struct hm_dialog *d)
{
	return d->protocol->stale != NULL && d->protocol->stale(d);
}

int64_t
hm_dialog_upload_ms(const struct hm_dialog *d)
{
	return d->protocol == &hm_protocol_hm ? d->hm.upload_ms : 0;
}

enum hm_poll_error
hm_dialog_error(const struct hm_dialog *d)
{
	return d->error;
}

const char *
hm_dialog_error_text(const struct hm_dialog *d)
{
	return d->error_text;
}
