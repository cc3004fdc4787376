#include "dialog.h"

#include <check.h>
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

static void
setup(void)
{
	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
	options = (struct hm_dialog_options){.ask_period = 1, .arena = &arena};
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
	if (turn == HM_TURN_ASK)
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
	begin_with_serial();
	wire_serial();
	expect_failure(feed(), HM_ERR_LENGTH);
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

START_TEST(transaction_ids_wrap)
{
	for (unsigned i = 0; i < 70000; i++)
		begin();
	ck_assert_uint_eq(transaction, 70000 - 65536);
	wire_serial();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(transaction, 70001 - 65536);
}
END_TEST

START_TEST(silence_and_a_closed_connection_fail_the_poll)
{
	begin_with_serial();
	wire_record(INVERTER);
	feed();
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
	begin_with_serial();
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_ERR_CLOSED);
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

int
main(void)
{
	Suite *suite = suite_create("dialog_modbus");
	TCase *polls = tcase_create("polls");

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
	tcase_add_test(polls, transaction_ids_wrap);
	tcase_add_test(polls, silence_and_a_closed_connection_fail_the_poll);
	return run_suite(suite);
}
