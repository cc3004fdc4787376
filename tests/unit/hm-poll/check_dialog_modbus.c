#include "dialog.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "run_suite.h"
#include "wire/modbus.h"

#define UNIT 7
#define INVERTER "\x11\x61\x72\x20\x72\x81"

static char host[] = "127.0.0.1", name[] = "roof";
static const struct hm_dtu dtu = {.name = name,
    .transport = HM_TRANSPORT_MODBUS, .host = host, .port = 502,
    .unit = UNIT};
static struct hm_arena arena;
static struct hm_dialog_options options;
static struct hm_dialog *dialog;

/* The DTU's side: the last request, and the replies. */
static uint16_t transaction, address, registers;
static uint8_t wire[1024];
static size_t wired;
static char dropped[8][160];
static size_t drops;

static void
on_dropped(const struct hm_dtu *of, const char *reason)
{
	ck_assert_ptr_eq(of, &dtu);
	ck_assert_uint_lt(drops, sizeof dropped / sizeof *dropped);
	snprintf(dropped[drops], sizeof dropped[drops], "%s", reason);
	drops++;
}

static void
setup(void)
{
	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
	options = (struct hm_dialog_options){.ask_period = 1, .arena = &arena,
	    .dropped = on_dropped};
	drops = 0;
	dialog = hm_dialog_new(&dtu, &options);
	ck_assert_ptr_nonnull(dialog);
	wired = 0;
}

static void
teardown(void)
{
	hm_dialog_free(dialog);
	hm_arena_free(&arena);
}

static void
read_request(void)
{
	size_t n;
	const uint8_t *p = hm_dialog_request(dialog, &n);

	ck_assert_uint_eq(n, HM_MODBUS_REQUEST);
	ck_assert_mem_eq(p + 2, "\0\0\0\6", 4);
	ck_assert_uint_eq(p[6], UNIT);
	ck_assert_uint_eq(p[7], 3);
	transaction = (uint16_t)(p[0] << 8 | p[1]);
	address = (uint16_t)(p[8] << 8 | p[9]);
	registers = (uint16_t)(p[10] << 8 | p[11]);
}

/* A reply to the last request, its byte count as it should be. */
static void
wire_reply(const void *data, size_t n)
{
	uint8_t *p = wire + wired;

	p[0] = (uint8_t)(transaction >> 8);
	p[1] = (uint8_t)transaction;
	p[2] = p[3] = p[4] = 0;
	p[5] = (uint8_t)(n + 3);
	p[6] = UNIT;
	p[7] = 3;
	p[8] = (uint8_t)n;
	memcpy(p + 9, data, n);
	wired += 9 + n;
}

static void
wire_serial(void)
{
	wire_reply("\x10\xf8\x72\x22\x67\x97", HM_MODBUS_SERIAL);
}

static void
wire_record(const char *serial)
{
	uint8_t record[HM_MODBUS_RECORD] = {0x3c};

	memcpy(record + 1, serial, HM_MODBUS_SERIAL);
	wire_reply(record, sizeof record);
}

static void
wire_end(void)
{
	wire_record("\0\0\0\0\0\0");
}

static enum hm_turn
feed(void)
{
	enum hm_turn turn = hm_dialog_feed(dialog, wire, wired);

	wired = 0;
	if (turn == HM_TURN_ASK || turn == HM_TURN_RECONNECT)
		read_request();
	return turn;
}

static enum hm_turn
give_up(enum hm_poll_error error)
{
	enum hm_turn turn = hm_dialog_give_up(dialog, error);

	if (turn == HM_TURN_ASK || turn == HM_TURN_RECONNECT)
		read_request();
	return turn;
}

static void
begin(void)
{
	ck_assert_int_eq(hm_dialog_begin(dialog, 1646929028, 0), HM_TURN_ASK);
	read_request();
}

static void
begin_with_serial(void)
{
	begin();
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
}

static void
expect_failure(enum hm_turn turn, enum hm_poll_error error)
{
	ck_assert_int_eq(turn, HM_TURN_FAIL);
	ck_assert_int_eq(hm_dialog_error(dialog), error);
	ck_assert_uint_gt(strlen(hm_dialog_error_text(dialog)), 0);
}

static void
feed_records(unsigned n)
{
	while (n-- > 0) {
		wire_record(INVERTER);
		ck_assert_int_eq(feed(), HM_TURN_ASK);
	}
}

static enum hm_turn
feed_exception(uint8_t code)
{
	wire_reply("", 0);
	wire[7] |= 0x80;
	wire[8] = code;
	return feed();
}

/* The last one is 0. */
static void
expect_missing(const uint8_t *numbers)
{
	uint8_t missing[HM_DIALOG_PARTS_MAX] = {0};
	size_t n = hm_dialog_missing(dialog, missing);

	ck_assert_uint_eq(n, strlen((const char *)numbers));
	ck_assert_int_eq(memcmp(missing, numbers, n), 0);
	ck_assert_int_eq(hm_dialog_is_partial(dialog), n > 0);
}

START_TEST(records_are_read_up_to_the_null_serial)
{
	begin();
	ck_assert_uint_eq(address, 0x2000);
	ck_assert_uint_eq(registers, 3);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_uint_eq(address, 0x1000 + 40 * i);
		ck_assert_uint_eq(registers, 20);
		wire_record(INVERTER);
		ck_assert_int_eq(feed(), HM_TURN_ASK);
	}
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 7);
	ck_assert_int_eq(hm_dialog_gap_ms(dialog), 0);
}
END_TEST

START_TEST(replies_are_kept_as_they_came)
{
	size_t n;
	const uint8_t *p;

	begin();
	wire_serial();
	wire[8] = 0xff;
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_record(INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	p = hm_dialog_reply(dialog, 0, &n);
	ck_assert_uint_eq(n, 9 + HM_MODBUS_SERIAL);
	ck_assert_mem_eq(p + 6, "\7\3\xff\x10\xf8\x72\x22\x67\x97", 9);
	p = hm_dialog_reply(dialog, 1, &n);
	ck_assert_uint_eq(n, 9 + HM_MODBUS_RECORD);
	ck_assert_mem_eq(p + 10, INVERTER, HM_MODBUS_SERIAL);
}
END_TEST

START_TEST(full_map_ends_the_poll)
{
	enum hm_turn turn = HM_TURN_ASK;
	unsigned records = 0;

	begin_with_serial();
	while (turn == HM_TURN_ASK && records < 200) {
		wire_record(INVERTER);
		turn = feed();
		records++;
	}
	ck_assert_int_eq(turn, HM_TURN_DONE);
	ck_assert_uint_eq(records, HM_MODBUS_RECORDS);
	ck_assert_uint_eq(address, 0x1000 + 40 * (HM_MODBUS_RECORDS - 1));
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1 + HM_MODBUS_RECORDS);
}
END_TEST

START_TEST(replies_may_come_byte_by_byte)
{
	begin();
	wire_serial();
	for (size_t i = 0; i < wired; i++)
		ck_assert_int_eq(hm_dialog_feed(dialog, wire + i, 1),
		    i + 1 < wired ? HM_TURN_READ : HM_TURN_ASK);
}
END_TEST

START_TEST(wrong_byte_count_is_no_fault)
{
	for (unsigned count = 0; count < 256; count++) {
		begin();
		wire_serial();
		wire[8] = (uint8_t)count;
		ck_assert_int_eq(feed(), HM_TURN_ASK);
		wire_end();
		wire[8] = (uint8_t)count;
		expect_failure(feed(), HM_ERR_NOT_MAPPED);
	}
}
END_TEST

START_TEST(empty_replies_and_empty_lists_are_not_mapped)
{
	begin();
	wire_reply("", 0);
	expect_failure(feed(), HM_ERR_NOT_MAPPED);
	begin_with_serial();
	wire_reply("", 0);
	expect_failure(feed(), HM_ERR_NOT_MAPPED);
	begin_with_serial();
	wire_end();
	expect_failure(feed(), HM_ERR_NOT_MAPPED);
}
END_TEST

START_TEST(exceptions_are_named)
{
	static const char *const names[] = {NULL, "illegal function",
	    "illegal data address", "illegal data value",
	    "server device failure", "acknowledge", "server device busy",
	    "unknown"};

	for (uint8_t code = 1; code < 8; code++) {
		begin();
		wire_reply("", 0);
		wire[7] |= 0x80;
		wire[8] = code;
		expect_failure(feed(), HM_ERR_EXCEPTION);
		ck_assert_ptr_nonnull(strstr(hm_dialog_error_text(dialog),
		    names[code]));
	}
}
END_TEST

START_TEST(another_unit_is_refused)
{
	begin();
	wire_serial();
	wire[6] = UNIT + 1;
	expect_failure(feed(), HM_ERR_UNIT);
}
END_TEST

START_TEST(lengths_must_fit_the_request)
{
	uint8_t data[250] = {0};

	for (size_t n = 1; n < sizeof data; n++) {
		if (n == HM_MODBUS_SERIAL)
			continue;
		begin();
		wire_reply(data, n);
		expect_failure(feed(), HM_ERR_LENGTH);
	}
	begin();
	wire_serial();
	wire[4] = 1;
	expect_failure(feed(), HM_ERR_LENGTH);
	begin();
	wire_serial();
	wire[5] = 2;
	expect_failure(feed(), HM_ERR_LENGTH);
}
END_TEST

START_TEST(other_bytes_are_refused)
{
	begin();
	wire_serial();
	wire[3] = 1;
	expect_failure(feed(), HM_ERR_PROTOCOL);
	begin();
	wire_serial();
	wire[7] = 4;
	expect_failure(feed(), HM_ERR_PROTOCOL);
	begin();
	expect_failure(hm_dialog_feed(dialog,
	    (const uint8_t *)"HTTP/1.1 400 Bad Request\r\n", 26),
	    HM_ERR_PROTOCOL);
}
END_TEST

START_TEST(late_replies_are_dropped)
{
	begin_with_serial();
	/* The reply with the serial number again, then the expected reply. */
	transaction--;
	wire_serial();
	transaction++;
	wire_record(INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	/* Alone, it does not answer the request. */
	transaction--;
	wire_record(INVERTER);
	transaction++;
	ck_assert_int_eq(feed(), HM_TURN_READ);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 3);
}
END_TEST

START_TEST(nothing_but_late_replies_costs_the_connection)
{
	enum hm_turn turn = HM_TURN_READ;
	unsigned count = 0;

	options.dropped = NULL;
	hm_dialog_begin(dialog, 0, 0);
	read_request();
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_record(INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	while (turn == HM_TURN_READ && count++ < 1000) {
		transaction--;
		wire_record(INVERTER);
		transaction++;
		turn = feed();
	}
	ck_assert_int_eq(turn, HM_TURN_RECONNECT);
	ck_assert_int_eq(hm_dialog_error(dialog), HM_ERR_PROTOCOL);
	ck_assert_uint_lt(count, 100);
}
END_TEST

START_TEST(transaction_ids_wrap)
{
	for (unsigned i = 0; i < 69999; i++)
		hm_dialog_begin(dialog, 1646929028, 0);
	begin();
	ck_assert_uint_eq(transaction, 70000 - 65536);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(transaction, 70001 - 65536);
}
END_TEST

START_TEST(silence_and_a_closed_connection_fail_the_poll)
{
	begin();
	expect_failure(give_up(HM_ERR_TIMEOUT_READ), HM_ERR_TIMEOUT_READ);
	expect_missing((const uint8_t[]){0});
	begin();
	expect_failure(give_up(HM_ERR_CLOSED), HM_ERR_CLOSED);
	begin_with_serial();
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_ASK);
	ck_assert_uint_eq(address, 0x2000);
	expect_failure(give_up(HM_ERR_TIMEOUT_READ), HM_ERR_TIMEOUT_READ);
	expect_missing((const uint8_t[]){0});
	/* A poll begins with nothing left of the one before. */
	begin();
	wire_serial();
	hm_dialog_feed(dialog, wire, 5);
	wired = 0;
	begin_with_serial();
	wire_record(INVERTER);
	feed();
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 3);
}
END_TEST

/* One input that cannot be read */

START_TEST(exception_costs_one_input)
{
	begin_with_serial();
	feed_records(1);
	ck_assert_int_eq(feed_exception(2), HM_TURN_ASK);
	ck_assert_uint_eq(address, 0x1000 + 2 * 40);
	feed_records(1);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
	expect_missing((const uint8_t[]){2, 0});
	ck_assert_int_eq(hm_dialog_error(dialog), HM_ERR_EXCEPTION);
	ck_assert_uint_eq(drops, 1);
	ck_assert_str_eq(dropped[0], "reply about input 2 of the list: "
	    "Modbus exception 2: illegal data address");
	/* The next poll forgets it. */
	begin_with_serial();
	feed_records(3);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_missing((const uint8_t[]){0});
}
END_TEST

START_TEST(first_input_may_be_the_one)
{
	begin_with_serial();
	ck_assert_int_eq(feed_exception(4), HM_TURN_ASK);
	feed_records(1);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_missing((const uint8_t[]){1, 0});
}
END_TEST

START_TEST(no_data_and_another_length_cost_one_input)
{
	begin_with_serial();
	feed_records(1);
	wire_reply("", 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_record(INVERTER);
	wire[6] = UNIT + 1;
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	feed_records(1);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_missing((const uint8_t[]){2, 3, 4, 0});
	ck_assert_uint_eq(drops, 3);
}
END_TEST

START_TEST(exceptions_alone_fail_the_poll)
{
	enum hm_turn turn = HM_TURN_ASK;
	unsigned count = 0;

	begin_with_serial();
	options.dropped = NULL;
	for (; turn == HM_TURN_ASK; count++)
		turn = feed_exception(6);
	expect_failure(turn, HM_ERR_EXCEPTION);
	ck_assert_uint_eq(count, 12);
	/* The list ends: none is left of those with an exception. */
	begin_with_serial();
	ck_assert_int_eq(feed_exception(6), HM_TURN_ASK);
	wire_end();
	expect_failure(feed(), HM_ERR_EXCEPTION);
}
END_TEST

START_TEST(exceptions_behind_the_last_input_leave_the_end_open)
{
	enum hm_turn turn = HM_TURN_ASK;
	unsigned count = 0;

	options.dropped = NULL;
	begin_with_serial();
	feed_records(3);
	for (; turn == HM_TURN_ASK; count++)
		turn = feed_exception(2);
	ck_assert_int_eq(turn, HM_TURN_DONE);
	ck_assert_uint_eq(count, 12);
	expect_missing((const uint8_t[]){4, 0});
}
END_TEST

START_TEST(inputs_of_earlier_polls_are_asked_for)
{
	enum hm_turn turn = HM_TURN_ASK;
	unsigned count = 0;

	options.dropped = NULL;
	begin_with_serial();
	feed_records(20);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	begin_with_serial();
	feed_records(1);
	for (; count < 18; count++)
		ck_assert_int_eq(feed_exception(2), HM_TURN_ASK);
	feed_records(1);
	for (count = 0; turn == HM_TURN_ASK; count++)
		turn = feed_exception(2);
	ck_assert_int_eq(turn, HM_TURN_DONE);
	expect_missing((const uint8_t[]){2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	    13, 14, 15, 16, 17, 18, 19, 21, 0});
}
END_TEST

START_TEST(map_may_end_behind_99_inputs)
{
	begin_with_serial();
	feed_records(99);
	ck_assert_uint_eq(address, 0x1000 + 40 * 99);
	ck_assert_int_eq(feed_exception(2), HM_TURN_DONE);
	expect_missing((const uint8_t[]){0});
	begin_with_serial();
	feed_records(99);
	ck_assert_int_eq(feed_exception(4), HM_TURN_DONE);
	expect_missing((const uint8_t[]){100, 0});
}
END_TEST

START_TEST(silence_costs_one_input)
{
	begin_with_serial();
	feed_records(1);
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_ASK);
	ck_assert_uint_eq(address, 0x2000);
	/* The reply comes after all, too late. */
	transaction--;
	wire_record(INVERTER);
	transaction++;
	ck_assert_int_eq(feed(), HM_TURN_READ);
	ck_assert_uint_eq(drops, 1);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(address, 0x1000 + 2 * 40);
	feed_records(1);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	/* The serial number is there once. */
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
	expect_missing((const uint8_t[]){2, 0});
	ck_assert_int_eq(hm_dialog_error(dialog), HM_ERR_TIMEOUT_READ);
}
END_TEST

START_TEST(silent_dtu_fails_the_attempt_with_what_was_read)
{
	begin_with_serial();
	feed_records(2);
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_ASK);
	expect_failure(give_up(HM_ERR_TIMEOUT_READ), HM_ERR_TIMEOUT_READ);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 3);
	expect_missing((const uint8_t[]){3, 0});
	/* Nothing is left of it when its poll has been used. */
	hm_dialog_end(dialog);
	ck_assert(!hm_dialog_is_partial(dialog));
}
END_TEST

/* A poll of a DTU that says nothing behind its first input. */
static void
expect_silences(unsigned count)
{
	begin_with_serial();
	feed_records(1);
	while (--count > 0) {
		ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_ASK);
		wire_serial();
		ck_assert_int_eq(feed(), HM_TURN_ASK);
	}
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_DONE);
	expect_missing((const uint8_t[]){2, 0});
}

START_TEST(waits_for_silent_inputs_are_bounded)
{
	expect_silences(8);
	/* It is not waited for as long again each time. */
	for (unsigned i = 0; i < 9; i++)
		expect_silences(1);
	expect_silences(8);
	/* After a whole list it is. */
	begin_with_serial();
	feed_records(1);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_silences(8);
}
END_TEST

START_TEST(closed_connection_and_garbage_cost_one_input)
{
	begin_with_serial();
	feed_records(1);
	ck_assert_int_eq(give_up(HM_ERR_CLOSED), HM_TURN_RECONNECT);
	ck_assert_uint_eq(address, 0x2000);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	memset(wire, 0x80, wired = 20);
	ck_assert_int_eq(feed(), HM_TURN_RECONNECT);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	/* Half a reply: its other half must not begin the next one. */
	wire_record(INVERTER);
	wired /= 2;
	ck_assert_int_eq(feed(), HM_TURN_READ);
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_RECONNECT);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	feed_records(1);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_missing((const uint8_t[]){2, 3, 4, 0});
}
END_TEST

/* Transaction numbers */

static void
poll_with_numbers(uint16_t (*number)(uint16_t))
{
	begin();
	for (uint8_t i = 0; i < 5; i++) {
		uint16_t own = transaction;
		char serial[] = INVERTER;

		serial[5] = (char)i;
		transaction = number(own);
		if (i == 0)
			wire_serial();
		else if (i < 4)
			wire_record(serial);
		else
			wire_end();
		transaction = own;
		ck_assert_int_eq(feed(), i < 4 ? HM_TURN_ASK : HM_TURN_DONE);
	}
	ck_assert_uint_eq(hm_dialog_replies(dialog), 5);
	expect_missing((const uint8_t[]){0});
}

static uint16_t
zero(uint16_t own)
{
	(void)own;
	return 0;
}

static uint16_t
one(uint16_t own)
{
	(void)own;
	return 1;
}

static uint16_t
next(uint16_t own)
{
	return (uint16_t)(own + 1);
}

static uint16_t
previous(uint16_t own)
{
	return (uint16_t)(own - 1);
}

START_TEST(transaction_numbers_may_be_the_gateways_own)
{
	poll_with_numbers(one); /* which the first request has */
	poll_with_numbers(one);
	poll_with_numbers(zero);
	poll_with_numbers(next);
	poll_with_numbers(previous);
}
END_TEST

START_TEST(refusal_sent_twice_is_dropped)
{
	begin_with_serial();
	feed_records(1);
	feed_exception(2);
	transaction--;
	wire_reply("", 0);
	wire[7] |= 0x80;
	wire[8] = 2;
	transaction++;
	ck_assert_int_eq(feed(), HM_TURN_READ);
	feed_records(1);
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_missing((const uint8_t[]){2, 0});
}
END_TEST

START_TEST(silence_with_other_numbers_needs_a_new_connection)
{
	begin();
	transaction += 100;
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	transaction += 100;
	wire_record(INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_RECONNECT);
	transaction += 100;
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	transaction += 100;
	wire_end();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_missing((const uint8_t[]){2, 0});
}
END_TEST

START_TEST(replies_before_the_request_are_dropped)
{
	begin();
	hm_dialog_hold(dialog, true);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_READ);
	hm_dialog_hold(dialog, false);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(drops, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dialog_modbus");
	TCase *polls = tcase_create("polls"), *parts = tcase_create("parts"),
	    *numbers = tcase_create("numbers");

	tcase_add_checked_fixture(polls, setup, teardown);
	suite_add_tcase(suite, polls);
	tcase_add_test(polls, records_are_read_up_to_the_null_serial);
	tcase_add_test(polls, replies_are_kept_as_they_came);
	tcase_add_test(polls, full_map_ends_the_poll);
	tcase_add_test(polls, replies_may_come_byte_by_byte);
	tcase_add_test(polls, wrong_byte_count_is_no_fault);
	tcase_add_test(polls, empty_replies_and_empty_lists_are_not_mapped);
	tcase_add_test(polls, exceptions_are_named);
	tcase_add_test(polls, another_unit_is_refused);
	tcase_add_test(polls, lengths_must_fit_the_request);
	tcase_add_test(polls, other_bytes_are_refused);
	tcase_add_test(polls, late_replies_are_dropped);
	tcase_add_test(polls,
	    nothing_but_late_replies_costs_the_connection);
	tcase_add_test(polls, transaction_ids_wrap);
	tcase_add_test(polls, silence_and_a_closed_connection_fail_the_poll);
	tcase_add_checked_fixture(parts, setup, teardown);
	suite_add_tcase(suite, parts);
	tcase_add_test(parts, exception_costs_one_input);
	tcase_add_test(parts, first_input_may_be_the_one);
	tcase_add_test(parts, no_data_and_another_length_cost_one_input);
	tcase_add_test(parts, exceptions_alone_fail_the_poll);
	tcase_add_test(parts,
	    exceptions_behind_the_last_input_leave_the_end_open);
	tcase_add_test(parts, inputs_of_earlier_polls_are_asked_for);
	tcase_add_test(parts, map_may_end_behind_99_inputs);
	tcase_add_test(parts, silence_costs_one_input);
	tcase_add_test(parts,
	    silent_dtu_fails_the_attempt_with_what_was_read);
	tcase_add_test(parts, waits_for_silent_inputs_are_bounded);
	tcase_add_test(parts, closed_connection_and_garbage_cost_one_input);
	tcase_add_checked_fixture(numbers, setup, teardown);
	suite_add_tcase(suite, numbers);
	tcase_add_test(numbers, transaction_numbers_may_be_the_gateways_own);
	tcase_add_test(numbers, refusal_sent_twice_is_dropped);
	tcase_add_test(numbers,
	    silence_with_other_numbers_needs_a_new_connection);
	tcase_add_test(numbers, replies_before_the_request_are_dropped);
	return run_suite(suite);
}
