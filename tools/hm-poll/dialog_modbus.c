#include "base/buffer.h"
#include "dialog.h"
#include "dialog_private.h"
#include "wire/modbus.h"

#include <string.h>

#define RECORD_REGISTERS ((uint16_t)(HM_MODBUS_RECORD / 2))
#define SERIAL_REGISTERS ((uint16_t)(HM_MODBUS_SERIAL / 2))
#define ASK_SERIAL (-1)

/*
 * Records in a row that cannot be read, behind all that are known, before a
 * poll stops: those of three inverters of four inputs.
 */
#define GAP_MAX 12
#define LOST_MAX 8 /* replies; waiting for each takes the read timeout */
#define TAIL_POLLS 10 /* between two that look what a silent tail hides */

_Static_assert(HM_DIALOG_PARTS_MAX >= HM_MODBUS_RECORDS,
    "each record may be missing");

static enum hm_turn
ask(struct hm_dialog *d, int record)
{
	struct hm_dialog_modbus *m = &d->modbus;
	bool serial = record == ASK_SERIAL;
	uint16_t address = serial ? HM_MODBUS_ADDRESS_SERIAL :
	    (uint16_t)(HM_MODBUS_ADDRESS_RECORD +
	    HM_MODBUS_STRIDE * (unsigned)record);

	m->record = record;
	d->skipped = d->skipped_bytes = 0;
	m->transaction++;
	hm_modbus_request(d->request, m->transaction, d->dtu->unit, address,
	    serial ? SERIAL_REGISTERS : RECORD_REGISTERS);
	d->request_size = HM_MODBUS_REQUEST;
	return HM_TURN_ASK;
}

/* The list of records */

static bool
has_any(const struct hm_dialog_modbus *m)
{
	for (size_t i = 0; i < HM_MODBUS_RECORDS; i++)
		if (m->has[i])
			return true;
	return false;
}

static enum hm_turn
finish(struct hm_dialog *d)
{
	struct hm_dialog_modbus *m = &d->modbus;

	m->tail = m->end < 0 && m->lost > 0 && m->next > m->reached ?
	    m->tail + 1 : 0;
	if (has_any(m))
		return HM_TURN_DONE;
	if (d->error != HM_ERR_NONE)
		return HM_TURN_FAIL;
	return hm_dialog_fail(d, HM_ERR_NOT_MAPPED,
	    "the DTU lists no inverter");
}

/* Where the last poll found only silence, one wait is enough. */
static bool
is_silent_tail(const struct hm_dialog_modbus *m)
{
	return m->lost > 0 && m->next > m->reached &&
	    m->tail % TAIL_POLLS != 0;
}

static bool
is_over(const struct hm_dialog_modbus *m)
{
	return m->end >= 0 || m->lost >= LOST_MAX ||
	    m->next >= m->reached + GAP_MAX;
}

static enum hm_turn
ask_next(struct hm_dialog *d)
{
	struct hm_dialog_modbus *m = &d->modbus;

	if (m->next == HM_MODBUS_RECORDS && m->end < 0)
		m->end = m->next;
	return is_over(m) ? finish(d) : ask(d, m->next);
}

static size_t
find_missing(const struct hm_dialog *d,
    uint8_t missing[HM_DIALOG_PARTS_MAX])
{
	const struct hm_dialog_modbus *m = &d->modbus;
	int listed = m->end >= 0 ? m->end : m->reached;
	size_t n = 0;

	if (!has_any(m))
		return 0;
	for (int i = 0; i < listed; i++)
		if (!m->has[i])
			missing[n++] = (uint8_t)(i + 1);
	/* Nobody knows how many inputs follow. */
	if (m->end < 0 && listed < HM_MODBUS_RECORDS &&
	    (n == 0 || missing[n - 1] < m->reached))
		missing[n++] = (uint8_t)(listed + 1);
	return n;
}

/* Replies */

static const char *
exception_text(uint8_t code)
{
	static const char *const text[] = {"unknown", "illegal function",
	    "illegal data address", "illegal data value",
	    "server device failure", "acknowledge", "server device busy"};

	return code < sizeof text / sizeof *text ? text[code] : text[0];
}

static enum hm_turn
check(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	size_t wanted = d->modbus.record == ASK_SERIAL ? HM_MODBUS_SERIAL :
	    HM_MODBUS_RECORD;

	if (reply->unit != d->dtu->unit)
		return hm_dialog_fail(d, HM_ERR_UNIT,
		    "reply of unit %u, asked was unit %u", reply->unit,
		    d->dtu->unit);
	if (reply->exception != 0)
		return hm_dialog_fail(d, HM_ERR_EXCEPTION,
		    "Modbus exception %u: %s", reply->exception,
		    exception_text(reply->exception));
	if (reply->size == 0)
		return hm_dialog_fail(d, HM_ERR_NOT_MAPPED,
		    "the DTU has not mapped its inverters yet");
	if (reply->size != wanted)
		return hm_dialog_fail(d, HM_ERR_LENGTH,
		    "%zu bytes of data, asked were %zu", reply->size, wanted);
	return HM_TURN_DONE;
}

static bool
is_null_serial(const uint8_t *record)
{
	static const uint8_t zeros[HM_MODBUS_SERIAL];

	return memcmp(record + 1, zeros, sizeof zeros) == 0;
}

static enum hm_turn
after_serial(struct hm_dialog *d, size_t used)
{
	/* Asked for again after silence, it only shows that the DTU answers. */
	if (d->reply_count == 0 && !hm_dialog_keep(d, d->in.p, used))
		return HM_TURN_FAIL;
	return ask_next(d);
}

static enum hm_turn
after_record(struct hm_dialog *d, const struct hm_modbus_reply *reply,
    size_t used)
{
	struct hm_dialog_modbus *m = &d->modbus;

	if (!hm_dialog_keep(d, d->in.p, used))
		return HM_TURN_FAIL;
	if (is_null_serial(reply->data)) {
		m->end = m->reached = m->record;
		return finish(d);
	}
	m->has[m->record] = true;
	m->next = m->record + 1;
	if (m->reached < m->next)
		m->reached = m->next;
	return ask_next(d);
}

/* Without the record of one input the others are still worth reading. */
static enum hm_turn
after_refusal(struct hm_dialog *d, const struct hm_modbus_reply *reply)
{
	struct hm_dialog_modbus *m = &d->modbus;

	/* A DTU whose list has not begun is left alone. */
	if (m->record == ASK_SERIAL ||
	    (m->record == 0 && d->error == HM_ERR_NOT_MAPPED))
		return HM_TURN_FAIL;
	hm_dialog_drop(d, "reply about input %d of the list: %s",
	    m->record + 1, d->error_text);
	/* The map of some DTUs has 99 records. */
	if (m->record == HM_MODBUS_RECORDS - 1 &&
	    reply->exception == HM_MODBUS_ILLEGAL_ADDRESS)
		m->end = m->record;
	m->next = m->record + 1;
	return ask_next(d);
}

static enum hm_turn
after(struct hm_dialog *d, const struct hm_modbus_reply *reply, size_t used)
{
	if (check(d, reply) == HM_TURN_FAIL)
		return after_refusal(d, reply);
	return d->modbus.record == ASK_SERIAL ? after_serial(d, used) :
	    after_record(d, reply, used);
}

static bool
is_kept(const struct hm_dialog *d, size_t used)
{
	for (size_t i = 0; i < d->reply_count; i++) {
		size_t size;
		const uint8_t *p = hm_dialog_reply(d, i, &size);

		if (size == used && memcmp(p, d->in.p, used) == 0)
			return true;
	}
	return false;
}

/*
 * Whether a reply is not to the request in hand. Some gateways do not repeat
 * the transaction number. While a connection has only one open request its
 * number does not matter, unless this server does repeat numbers (by chance one
 * may be right), or the same bytes came before.
 */
static bool
is_other_reply(struct hm_dialog *d, const struct hm_modbus_reply *reply,
    size_t used)
{
	struct hm_dialog_modbus *m = &d->modbus;

	if (d->held) {
		hm_dialog_drop(d, "reply %u: no request was open",
		    reply->transaction);
		return true;
	}
	if (reply->transaction == m->transaction) {
		m->echoes++;
		return false;
	}
	if (m->unanswered || m->echoes > 1 ||
	    (!m->foreign && is_kept(d, used))) {
		hm_dialog_drop(d, "reply %u: requested was %u",
		    reply->transaction, m->transaction);
		return true;
	}
	m->foreign = true;
	return false;
}

/* Polls */

static enum hm_turn
begin(struct hm_dialog *d)
{
	struct hm_dialog_modbus *m = &d->modbus;

	m->next = m->lost = 0;
	m->end = -1;
	m->echoes = 0;
	memset(m->has, 0, sizeof m->has);
	m->unanswered = m->foreign = false;
	return ask(d, ASK_SERIAL);
}

/* The serial number is asked for again to see whether the DTU answers. */
static enum hm_turn
lose(struct hm_dialog *d, bool connection)
{
	struct hm_dialog_modbus *m = &d->modbus;

	/* A first record that comes in part is not a fault of its input. */
	if (m->record == ASK_SERIAL || (d->in.n > 0 && !has_any(m)))
		return HM_TURN_FAIL;
	m->lost++;
	m->next = m->record + 1;
	m->unanswered = true;
	if (is_over(m) || is_silent_tail(m))
		return finish(d);
	ask(d, ASK_SERIAL);
	if (!connection && !m->foreign)
		return HM_TURN_ASK;
	hm_dialog_drop_input(d);
	m->echoes = 0;
	m->unanswered = m->foreign = false;
	return HM_TURN_RECONNECT;
}

static enum hm_turn
take_bad(struct hm_dialog *d, enum hm_modbus_state state)
{
	if (state == HM_MODBUS_LENGTH)
		hm_dialog_fail(d, HM_ERR_LENGTH,
		    "the reply's length is impossible");
	else
		hm_dialog_fail(d, HM_ERR_PROTOCOL,
		    "the reply is not Modbus TCP");
	return lose(d, true);
}

static enum hm_turn
skip(struct hm_dialog *d, size_t used)
{
	hm_buffer_drop(&d->in, used);
	if (hm_dialog_skip(d, used) == HM_TURN_READ)
		return HM_TURN_READ;
	return lose(d, true);
}

static enum hm_turn
read_replies(struct hm_dialog *d)
{
	enum hm_turn turn = HM_TURN_READ;

	while (turn == HM_TURN_READ) {
		struct hm_modbus_reply reply;
		size_t used;
		enum hm_modbus_state state = hm_modbus_read(d->in.p, d->in.n,
		    &reply, &used);

		if (state == HM_MODBUS_PART)
			return HM_TURN_READ;
		if (state != HM_MODBUS_GOOD)
			return take_bad(d, state);
		if (is_other_reply(d, &reply, used)) {
			turn = skip(d, used);
		} else {
			turn = after(d, &reply, used);
			hm_buffer_drop(&d->in, used);
		}
	}
	return turn;
}

static enum hm_turn
feed(struct hm_dialog *d)
{
	return hm_dialog_order_asks(d) ? hm_dialog_modbus_order_feed(d) :
	    read_replies(d);
}

const struct hm_dialog_protocol hm_protocol_modbus = {
    .begin = begin,
    .feed = feed,
    .lost = lose,
    .missing = find_missing,
    .part = "input",
};
