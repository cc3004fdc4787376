#include "dialog.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "run_suite.h"
#include "wire/g3.h"
#include "wire/modbus.h"

#define UNIT 7
#define REGISTERS_MAX 125

static char host[] = "127.0.0.1", name[] = "house";
static const struct hm_dtu dtu = {.name = name,
    .transport = HM_TRANSPORT_MODBUS_G3, .host = host, .port = 502,
    .unit = UNIT};
static struct hm_arena arena;
static struct hm_dialog_options options;
static struct hm_dialog *dialog;

/* The stick's side: the last request, and the replies. */
static uint16_t transaction, first, count;
static uint8_t wire[1024];
static size_t wired;
static char dropped[160];

static void
on_dropped(const struct hm_dtu *of, const char *reason)
{
	ck_assert_ptr_eq(of, &dtu);
	snprintf(dropped, sizeof dropped, "%s", reason);
}

static void
setup(void)
{
	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
	options = (struct hm_dialog_options){.arena = &arena,
	    .dropped = on_dropped};
	dropped[0] = '\0';
	wired = 0;
	dialog = hm_dialog_new(&dtu, &options);
	ck_assert_ptr_nonnull(dialog);
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
	ck_assert_uint_eq(p[7], 4);
	transaction = (uint16_t)(p[0] << 8 | p[1]);
	first = (uint16_t)(p[8] << 8 | p[9]);
	count = (uint16_t)(p[10] << 8 | p[11]);
}

static enum hm_turn
turn_of(enum hm_turn turn)
{
	if (turn == HM_TURN_ASK)
		read_request();
	return turn;
}

static void
begin(void)
{
	ck_assert_int_eq(turn_of(hm_dialog_begin(dialog, 1646929028, 0)),
	    HM_TURN_ASK);
}

/* A reply with some number and as many registers, all of one value. */
static void
wire_reply(uint16_t number, unsigned registers, uint16_t value)
{
	uint8_t *p = wire + wired;

	ck_assert_uint_le(registers, REGISTERS_MAX);
	memset(p, 0, 9);
	p[0] = (uint8_t)(number >> 8);
	p[1] = (uint8_t)number;
	p[4] = (uint8_t)((2 * registers + 3) >> 8);
	p[5] = (uint8_t)(2 * registers + 3);
	p[6] = UNIT;
	p[7] = 4;
	p[8] = (uint8_t)(2 * registers);
	for (unsigned i = 0; i < registers; i++) {
		p[9 + 2 * i] = (uint8_t)(value >> 8);
		p[10 + 2 * i] = (uint8_t)value;
	}
	wired += 9 + 2 * (size_t)registers;
}

static enum hm_turn
feed(void)
{
	size_t n = wired;

	wired = 0;
	return turn_of(hm_dialog_feed(dialog, wire, n));
}

static enum hm_turn
reply(unsigned registers)
{
	wire_reply(transaction, registers, 1);
	return feed();
}

static enum hm_turn
feed_exception(uint8_t code)
{
	wire_reply(transaction, 0, 0);
	wire[7] |= 0x80;
	wire[8] = code;
	return feed();
}

static enum hm_turn
give_up(enum hm_poll_error error)
{
	return turn_of(hm_dialog_give_up(dialog, error));
}

/* The good replies from the request in hand up to that about a block. */
static void
answer_until(uint16_t block)
{
	while (first != block)
		ck_assert_int_eq(reply(count), HM_TURN_ASK);
}

/* The good replies to the rest. */
static void
answer_rest(void)
{
	enum hm_turn turn;

	while ((turn = reply(count)) == HM_TURN_ASK)
		;
	ck_assert_int_eq(turn, HM_TURN_DONE);
}

static void
expect_failure(enum hm_turn turn, enum hm_poll_error error)
{
	ck_assert_int_eq(turn, HM_TURN_FAIL);
	ck_assert_int_eq(hm_dialog_error(dialog), error);
	ck_assert_uint_gt(strlen(hm_dialog_error_text(dialog)), 0);
}

static void
expect_missing(const char *numbers)
{
	uint8_t missing[HM_DIALOG_PARTS_MAX];
	size_t n = hm_dialog_missing(dialog, missing);

	ck_assert_uint_eq(n, strlen(numbers));
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(missing[i], numbers[i] - '0');
	ck_assert_int_eq(hm_dialog_is_partial(dialog), n > 0);
}

START_TEST(all_blocks_are_read)
{
	begin();
	for (size_t i = 0; i < HM_G3_BLOCKS; i++) {
		ck_assert_uint_eq(first, hm_g3_blocks[i].first);
		ck_assert_uint_eq(count, hm_g3_blocks[i].count);
		ck_assert_int_eq(reply(count), i + 1 < HM_G3_BLOCKS ?
		    HM_TURN_ASK : HM_TURN_DONE);
	}
	ck_assert_uint_eq(hm_dialog_replies(dialog), HM_G3_BLOCKS);
	for (size_t i = 0; i < HM_G3_BLOCKS; i++)
		ck_assert_int_eq(hm_dialog_address(dialog, i),
		    hm_g3_blocks[i].first);
	expect_missing("");
	ck_assert(!hm_dialog_stale(dialog));
	ck_assert_int_eq(hm_dialog_gap_ms(dialog), 150);
	ck_assert(hm_dialog_keeps_connection(dialog));
}
END_TEST

/* A late reply of the last poll may come in the next one. */
START_TEST(numbers_go_on_from_poll_to_poll)
{
	uint16_t last;

	begin();
	last = transaction;
	answer_rest();
	hm_dialog_end(dialog);
	begin();
	ck_assert_uint_eq(transaction, last + HM_G3_BLOCKS);
	wire_reply(last, count, 1);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	ck_assert_str_eq(dropped, "reply 1: requested was 8");
	answer_rest();
}
END_TEST

START_TEST(a_late_reply_is_as_good)
{
	uint16_t late, second;

	begin();
	answer_until(1800);
	late = transaction;
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_ASK);
	ck_assert_uint_eq(first, 1800);
	ck_assert_uint_ne(transaction, late);
	second = transaction;
	wire_reply(late, count, 1);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(first, 2000);
	/* The other one is late, too, and has the length of this block. */
	wire_reply(second, count, 2);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	answer_rest();
	ck_assert_uint_eq(hm_dialog_replies(dialog), HM_G3_BLOCKS);
	expect_missing("");
}
END_TEST

START_TEST(a_late_reply_to_an_order_is_dropped)
{
	uint8_t late[] = {0, 0, 0, 0, 0, 6, UNIT, 16, 0x10, 0xcc, 0, 7};

	begin();
	late[0] = (uint8_t)((transaction - 1) >> 8);
	late[1] = (uint8_t)(transaction - 1);
	ck_assert_int_eq(hm_dialog_feed(dialog, late, sizeof late),
	    HM_TURN_READ);
	ck_assert_str_eq(dropped, "reply 0: requested was 1");
	answer_rest();
}
END_TEST

/* It costs a read timeout for each block, and no reading. */
START_TEST(each_reply_may_be_late)
{
	enum hm_turn turn = HM_TURN_ASK;

	begin();
	while (turn == HM_TURN_ASK) {
		uint16_t late = transaction;

		ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_ASK);
		if (late > 1)
			wire_reply((uint16_t)(late - 1), 123, 1);
		wire_reply(late, count, 1);
		turn = feed();
	}
	ck_assert_int_eq(turn, HM_TURN_DONE);
	expect_missing("");
}
END_TEST

START_TEST(a_reply_in_a_pause_is_dropped)
{
	begin();
	hm_dialog_hold(dialog, true);
	ck_assert_int_eq(reply(count), HM_TURN_READ);
	hm_dialog_hold(dialog, false);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 0);
	answer_rest();
}
END_TEST

START_TEST(replies_come_in_pieces)
{
	begin();
	wire_reply(transaction, count, 1);
	for (size_t i = 0; i + 1 < wired; i++)
		ck_assert_int_eq(hm_dialog_feed(dialog, wire + i, 1),
		    HM_TURN_READ);
	ck_assert_int_eq(turn_of(hm_dialog_feed(dialog, wire + wired - 1, 1)),
	    HM_TURN_ASK);
	wired = 0;
	answer_rest();
}
END_TEST

/* Its length, or its registers, are those of another block. */
START_TEST(a_wrong_block_is_asked_for_again)
{
	begin();
	answer_until(2000);
	ck_assert_int_eq(reply(count - 1), HM_TURN_ASK);
	ck_assert_uint_eq(first, 2000);
	ck_assert_str_eq(dropped, "block 2000 is asked for again: block 2000: "
	    "244 bytes of registers, asked were 246");
	answer_until(30000);
	wire_reply(transaction, count, 2300);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(first, 30000);
	ck_assert_str_eq(dropped, "block 30000 is asked for again: block "
	    "30000: its registers are those of another block");
	answer_rest();
	expect_missing("");
}
END_TEST

START_TEST(a_block_that_stays_wrong_is_missing)
{
	begin();
	answer_until(123);
	ck_assert_int_eq(reply(count - 1), HM_TURN_ASK);
	ck_assert_int_eq(reply(count + 1), HM_TURN_ASK);
	ck_assert_uint_eq(first, 1000);
	answer_rest();
	expect_missing("2");
	ck_assert_int_eq(hm_dialog_error(dialog), HM_ERR_LENGTH);
	ck_assert_uint_eq(hm_dialog_replies(dialog), HM_G3_BLOCKS - 1);
	ck_assert_int_eq(hm_dialog_address(dialog, 1), 1000);
}
END_TEST

/* The length says how much there is, as for other DTUs. */
START_TEST(a_wrong_byte_count_is_ignored)
{
	begin();
	answer_until(1000);
	wire_reply(transaction, count, 1);
	wire[8]++;
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(first, 1800);
	answer_rest();
}
END_TEST

START_TEST(nothing_is_known_without_the_first_block)
{
	begin();
	ck_assert_int_eq(reply(1), HM_TURN_ASK);
	ck_assert_uint_eq(first, 0);
	expect_failure(reply(0), HM_ERR_LENGTH);
	expect_missing("");
}
END_TEST

/* A device may lack a block: then it is not missing. */
START_TEST(a_block_that_the_device_lacks_is_left_out)
{
	begin();
	answer_until(1000);
	ck_assert_int_eq(feed_exception(2), HM_TURN_ASK);
	ck_assert_uint_eq(first, 1800);
	ck_assert_str_eq(dropped, "block 1000: the device does not have it");
	answer_until(30000);
	ck_assert_int_eq(feed_exception(2), HM_TURN_DONE);
	expect_missing("");
	ck_assert_uint_eq(hm_dialog_replies(dialog), HM_G3_BLOCKS - 2);
	ck_assert_int_eq(hm_dialog_address(dialog, 2), 1800);
}
END_TEST

START_TEST(other_exceptions_are_asked_again)
{
	begin();
	answer_until(1800);
	ck_assert_int_eq(feed_exception(6), HM_TURN_ASK);
	ck_assert_uint_eq(first, 1800);
	ck_assert_int_eq(feed_exception(6), HM_TURN_ASK);
	ck_assert_uint_eq(first, 2000);
	answer_rest();
	expect_missing("4");
	ck_assert_int_eq(hm_dialog_error(dialog), HM_ERR_EXCEPTION);
}
END_TEST

/* A DTU-Pro has no such registers. */
START_TEST(an_exception_about_the_first_block_fails)
{
	begin();
	expect_failure(feed_exception(2), HM_ERR_EXCEPTION);
	begin();
	ck_assert_int_eq(feed_exception(1), HM_TURN_ASK);
	expect_failure(feed_exception(1), HM_ERR_EXCEPTION);
}
END_TEST

START_TEST(two_silences_end_the_connection)
{
	begin();
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_ASK);
	expect_failure(give_up(HM_ERR_TIMEOUT_READ), HM_ERR_TIMEOUT_READ);
	expect_missing("");
	begin();
	answer_until(2123);
	ck_assert_int_eq(give_up(HM_ERR_TIMEOUT_READ), HM_TURN_ASK);
	expect_failure(give_up(HM_ERR_TIMEOUT_READ), HM_ERR_TIMEOUT_READ);
	/* What was read is good, should no attempt be left. */
	expect_missing("67");
	ck_assert_uint_eq(hm_dialog_replies(dialog), 5);
}
END_TEST

START_TEST(a_lost_connection_ends_the_attempt)
{
	begin();
	answer_until(1800);
	expect_failure(give_up(HM_ERR_CLOSED), HM_ERR_CLOSED);
	expect_missing("4567");
	begin();
	wire_reply(transaction, count, 1);
	wired -= 5;
	ck_assert_int_eq(feed(), HM_TURN_READ);
	/* The rest of a reply would be read as the next one. */
	expect_failure(give_up(HM_ERR_TIMEOUT_READ), HM_ERR_TIMEOUT_READ);
}
END_TEST

START_TEST(what_is_not_modbus_fails)
{
	begin();
	wire_reply(transaction, count, 1);
	wire[2] = 1;
	expect_failure(feed(), HM_ERR_PROTOCOL);
	begin();
	wire_reply(transaction, count, 1);
	wire[7] = 3;
	expect_failure(feed(), HM_ERR_PROTOCOL);
	begin();
	wire_reply(transaction, count, 1);
	wire[4] = 2;
	expect_failure(feed(), HM_ERR_LENGTH);
	begin();
	wire_reply(transaction, count, 1);
	wire[6]++;
	expect_failure(feed(), HM_ERR_UNIT);
}
END_TEST

START_TEST(other_replies_are_skipped_up_to_a_bound)
{
	enum hm_turn turn = HM_TURN_READ;
	int replies = 0;

	begin();
	for (; turn == HM_TURN_READ; replies++) {
		wire_reply((uint16_t)(transaction + 1), 1, 1);
		turn = feed();
	}
	expect_failure(turn, HM_ERR_PROTOCOL);
	ck_assert_int_gt(replies, 10);
	ck_assert_int_lt(replies, 1000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dialog_g3");
	TCase *polls = tcase_create("polls");

	tcase_add_checked_fixture(polls, setup, teardown);
	tcase_add_test(polls, all_blocks_are_read);
	tcase_add_test(polls, numbers_go_on_from_poll_to_poll);
	tcase_add_test(polls, a_late_reply_is_as_good);
	tcase_add_test(polls, a_late_reply_to_an_order_is_dropped);
	tcase_add_test(polls, each_reply_may_be_late);
	tcase_add_test(polls, a_reply_in_a_pause_is_dropped);
	tcase_add_test(polls, replies_come_in_pieces);
	tcase_add_test(polls, a_wrong_block_is_asked_for_again);
	tcase_add_test(polls, a_block_that_stays_wrong_is_missing);
	tcase_add_test(polls, a_wrong_byte_count_is_ignored);
	tcase_add_test(polls, nothing_is_known_without_the_first_block);
	tcase_add_test(polls, a_block_that_the_device_lacks_is_left_out);
	tcase_add_test(polls, other_exceptions_are_asked_again);
	tcase_add_test(polls, an_exception_about_the_first_block_fails);
	tcase_add_test(polls, two_silences_end_the_connection);
	tcase_add_test(polls, a_lost_connection_ends_the_attempt);
	tcase_add_test(polls, what_is_not_modbus_fails);
	tcase_add_test(polls, other_replies_are_skipped_up_to_a_bound);
	suite_add_tcase(suite, polls);
	return run_suite(suite);
}
