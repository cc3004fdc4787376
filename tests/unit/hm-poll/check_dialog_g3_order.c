#include <check.h>
#include <stdio.h>
#include <string.h>

#include "dialog.h"
#include "run_suite.h"
#include "wire/g3.h"
#include "wire/modbus.h"

#define READ 3
#define WRITE 16
#define ROLE 6048
#define MODES 4300

static char host[] = "127.0.0.1", name[] = "house";
static const struct hm_dtu dtu = {.name = name,
    .transport = HM_TRANSPORT_MODBUS_G3, .host = host, .port = 502,
    .unit = 1};
static struct hm_arena arena;
static struct hm_dialog_options options;
static struct hm_dialog *d;
static struct hm_order order;

/* The inverter's settings, and the request in hand. */
static uint16_t modes[7];
static uint16_t transaction, first, count;
static uint8_t function, request[64];

static void
setup(void)
{
	static const uint16_t start[] = {0, 10, 60, 90, 1000, 20, 500};

	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
	options = (struct hm_dialog_options){.arena = &arena};
	d = hm_dialog_new(&dtu, &options);
	ck_assert_ptr_nonnull(d);
	memcpy(modes, start, sizeof modes);
	order = (struct hm_order){.command = {.has_action = true,
	    .action = HM_ACTION_SET_MODE}};
	hm_told_put(&order.command.told, HM_TOLD_MODE,
	    HM_MODE_FORCED_CHARGE);
	hm_told_put(&order.command.told, HM_TOLD_RESERVE_SOC, 77);
	hm_told_put(&order.command.told, HM_TOLD_MAX_POWER, 280);
}

static void
teardown(void)
{
	hm_dialog_free(d);
	hm_arena_free(&arena);
}

static enum hm_turn
turn_of(enum hm_turn turn)
{
	size_t n;
	const uint8_t *p = hm_dialog_request(d, &n);

	if (turn != HM_TURN_ASK)
		return turn;
	ck_assert_uint_ge(n, HM_MODBUS_REQUEST);
	ck_assert_uint_le(n, sizeof request);
	memcpy(request, p, n);
	ck_assert_uint_eq((size_t)(p[4] << 8 | p[5]) + 6, n);
	transaction = (uint16_t)(p[0] << 8 | p[1]);
	function = p[7];
	first = (uint16_t)(p[8] << 8 | p[9]);
	count = (uint16_t)(p[10] << 8 | p[11]);
	return turn;
}

static enum hm_turn
begin(int64_t moment)
{
	return turn_of(hm_dialog_begin(d, 1646929028 + moment, moment));
}

static void
expect_asked(enum hm_turn turn, uint8_t by, uint16_t at)
{
	ck_assert_int_eq(turn, HM_TURN_ASK);
	ck_assert_uint_eq(function, by);
	ck_assert_uint_eq(first, at);
	ck_assert(hm_dialog_sends_order(d) == (by == WRITE));
}

static enum hm_turn
reply_bytes(uint16_t number, uint8_t by, const uint16_t *words, size_t n,
    uint8_t bytes)
{
	uint8_t out[64] = {(uint8_t)(number >> 8), (uint8_t)number, 0, 0, 0,
	    (uint8_t)(3 + 2 * n), 1, by, bytes};
	size_t head = 9;

	if (by == WRITE) {
		out[5]--;
		head--;
	}
	for (size_t i = 0; i < n; i++) {
		out[head + 2 * i] = (uint8_t)(words[i] >> 8);
		out[head + 2 * i + 1] = (uint8_t)words[i];
	}
	return turn_of(hm_dialog_feed(d, out, head + 2 * n));
}

static enum hm_turn
reply_as(uint16_t number, uint8_t by, const uint16_t *words, size_t n)
{
	return reply_bytes(number, by, words, n, (uint8_t)(2 * n));
}

static enum hm_turn
reply(const uint16_t *words, size_t n)
{
	return reply_as(transaction, function, words, n);
}

static enum hm_turn
reply_modes(void)
{
	return reply(modes, 7);
}

static enum hm_turn
reply_role_once(uint16_t role, uint16_t machines)
{
	const uint16_t words[] = {role, machines};

	return reply(words, 2);
}

static enum hm_turn
reply_role(uint16_t role)
{
	expect_asked(reply_role_once(role, 1), READ, ROLE);
	return reply_role_once(role, 1);
}

static enum hm_turn
reply_written(void)
{
	const uint16_t words[] = {first, count};

	return reply(words, 2);
}

static enum hm_turn
refuse(uint8_t code)
{
	uint8_t out[] = {(uint8_t)(transaction >> 8), (uint8_t)transaction, 0,
	    0, 0, 3, 1, (uint8_t)(function | 0x80), code};

	return turn_of(hm_dialog_feed(d, out, sizeof out));
}

static void
expect_result(enum hm_result_state state, const char *error, bool final)
{
	const struct hm_result *result = hm_dialog_order_result(d);

	ck_assert_int_eq(result->state, state);
	ck_assert_str_eq(result->error, error);
	ck_assert(final == (hm_dialog_order_pause_ms(d) < 0));
}

static void
begin_order(void)
{
	ck_assert(hm_dialog_order(d, &order));
	expect_asked(begin(0), READ, ROLE);
	ck_assert_uint_eq(count, 2);
}

/* Until the order is the request in hand. */
static void
come_to_the_order(void)
{
	begin_order();
	expect_asked(reply_role(0), READ, MODES);
	ck_assert_uint_eq(count, 7);
	expect_asked(reply_modes(), READ, MODES);
	expect_asked(reply_modes(), WRITE, MODES);
}

START_TEST(a_mode_is_written_as_one_block)
{
	/* Mode, target and power of it; the rest is what the inverter had. */
	static const uint8_t written[] = {0, 0x15, 1, 16, 0x10, 0xcc, 0, 7, 14,
	    0, 4, 0, 10, 0, 60, 0, 77, 1, 24, 0, 20, 1, 0xf4};

	come_to_the_order();
	ck_assert_mem_eq(request + 4, written, sizeof written);
	ck_assert_int_eq(reply_written(), HM_TURN_DONE);
	expect_result(HM_RESULT_ACCEPTED, "", false);
	ck_assert(!hm_dialog_sends_order(d));
	modes[0] = 4;
	modes[3] = 77;
	modes[4] = 280;
	expect_asked(begin(2), READ, MODES);
	expect_asked(reply_modes(), READ, MODES);
	ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
	expect_result(HM_RESULT_DONE, "", true);
	ck_assert(hm_told_is_same(&hm_dialog_order_result(d)->told,
	    &order.command.told));
	ck_assert(hm_dialog_keeps_connection(d));
	/* Then polls go on. */
	hm_dialog_drop_order(d);
	expect_asked(begin(5), 4, 0);
}
END_TEST

START_TEST(it_is_read_back_until_it_agrees)
{
	come_to_the_order();
	reply_written();
	modes[0] = 4;
	modes[3] = 77;
	for (int i = 0; i < 3; i++) {
		modes[4] = i < 2 ? 1000 : 280;
		begin(10 * i);
		reply_modes();
		ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
		if (i < 2)
			expect_result(HM_RESULT_UNKNOWN, "not_confirmed",
			    false);
	}
	expect_result(HM_RESULT_DONE, "", true);
}
END_TEST

/* Registers of another request are no settings. */
START_TEST(settings_count_once_they_are_the_same_twice)
{
	uint16_t late;

	begin_order();
	reply_role(0);
	ck_assert_int_eq(reply(modes, 6), HM_TURN_ASK);
	expect_asked(reply_modes(), READ, MODES);
	modes[1] = 15;
	expect_asked(reply_modes(), READ, MODES);
	modes[1] = 101;
	expect_asked(reply_modes(), READ, MODES);
	modes[1] = 15;
	late = transaction;
	ck_assert_int_eq(turn_of(hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ)),
	    HM_TURN_FAIL);
	expect_result(HM_RESULT_FAILED, "timeout_read", true);

	begin_order();
	/* Late, of another function: it is no reply to this. */
	ck_assert_int_eq(reply_as(late, 4, modes, 7), HM_TURN_READ);
	expect_asked(reply_role(0), READ, MODES);
	/* It says fewer bytes than it has. */
	expect_asked(reply_bytes(transaction, READ, modes, 7, 12), READ,
	    MODES);
	expect_asked(reply_modes(), READ, MODES);
	modes[1] = 16;
	late = transaction;
	ck_assert_int_eq(turn_of(hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ)),
	    HM_TURN_ASK);
	expect_asked(reply_as(late, READ, modes, 7), READ, MODES);
	expect_asked(reply_modes(), WRITE, MODES);
	ck_assert_int_eq(reply_as(late, READ, modes, 7), HM_TURN_READ);
	ck_assert_int_eq(reply_written(), HM_TURN_DONE);
}
END_TEST

START_TEST(settings_that_never_agree_fail)
{
	enum hm_turn turn = HM_TURN_ASK;
	int reads = 0;

	begin_order();
	reply_role(0);
	for (; turn == HM_TURN_ASK; reads++) {
		modes[1] = (uint16_t)(reads % 2);
		turn = reply_modes();
	}
	ck_assert_int_eq(turn, HM_TURN_FAIL);
	ck_assert_int_eq(reads, 6);
	expect_result(HM_RESULT_FAILED, "protocol", true);
}
END_TEST

START_TEST(what_is_there_already_is_not_written)
{
	modes[0] = 4;
	modes[3] = 77;
	modes[4] = 280;
	begin_order();
	reply_role(0);
	reply_modes();
	ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
	expect_result(HM_RESULT_DONE, "", true);
	ck_assert(!hm_dialog_order_sent(d));
	ck_assert(hm_told_is_same(&hm_dialog_order_result(d)->told,
	    &order.command.told));
}
END_TEST

/* One read may have the registers of another request. */
START_TEST(the_role_counts_once_it_is_the_same_twice)
{
	enum hm_turn turn = HM_TURN_ASK;

	begin_order();
	expect_asked(reply_role_once(0, 1), READ, ROLE);
	expect_asked(reply_role_once(2, 2), READ, ROLE);
	expect_asked(reply_role_once(2, 2), READ, MODES);
	reply_modes();
	ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
	expect_result(HM_RESULT_REFUSED, "not_supported", true);

	begin_order();
	reply_role_once(0, 2);
	reply_role_once(0, 2);
	reply_modes();
	ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
	expect_result(HM_RESULT_REFUSED, "unproven", true);

	begin_order();
	for (uint16_t i = 0; turn == HM_TURN_ASK && i < 10; i++)
		turn = reply_role_once(0, i % 2);
	ck_assert_int_eq(turn, HM_TURN_FAIL);
	expect_result(HM_RESULT_FAILED, "protocol", true);

	/* The second read does not come. */
	begin_order();
	reply_role_once(0, 1);
	hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ);
	expect_asked(turn_of(hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ)), READ,
	    MODES);
	reply_modes();
	ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
	expect_result(HM_RESULT_REFUSED, "unproven", true);
}
END_TEST

START_TEST(inverters_in_parallel)
{
	begin_order();
	reply_role(2);
	reply_modes();
	ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
	expect_result(HM_RESULT_REFUSED, "not_supported", true);

	/* No such registers: by an exception, or by silence. */
	for (int i = 0; i < 2; i++) {
		begin_order();
		if (i == 0)
			expect_asked(refuse(2), READ, MODES);
		else
			expect_asked(turn_of(hm_dialog_give_up(d,
			    HM_ERR_TIMEOUT_READ)), READ, ROLE);
		if (i == 1)
			expect_asked(turn_of(hm_dialog_give_up(d,
			    HM_ERR_TIMEOUT_READ)), READ, MODES);
		reply_modes();
		ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
		expect_result(HM_RESULT_REFUSED, "unproven", true);
	}
	order.allows_unproven = true;
	begin_order();
	refuse(2);
	reply_modes();
	expect_asked(reply_modes(), WRITE, MODES);
}
END_TEST

START_TEST(a_serial_number_is_that_of_the_name)
{
	static const char *const serials[] = {"f37b4e55c31b", "200322460290"};

	for (int i = 0; i < 2; i++) {
		snprintf(order.command.serial, sizeof order.command.serial,
		    "%s", serials[i]);
		begin_order();
		reply_role(0);
		reply_modes();
		ck_assert_int_eq(reply_modes(), i == 0 ? HM_TURN_ASK :
		    HM_TURN_DONE);
	}
	expect_result(HM_RESULT_REFUSED, "no_inverter", true);
}
END_TEST

/* It may have been carried out: it is read back, and never sent again. */
START_TEST(an_order_without_a_good_reply)
{
	static const uint16_t other[] = {4301, 7};

	for (int i = 0; i < 4; i++) {
		come_to_the_order();
		if (i == 0)
			ck_assert_int_eq(hm_dialog_give_up(d,
			    HM_ERR_TIMEOUT_READ), HM_TURN_FAIL);
		else if (i == 1)
			ck_assert_int_eq(reply(other, 2), HM_TURN_FAIL);
		else if (i == 2)
			ck_assert_int_eq(reply(other, 1), HM_TURN_FAIL);
		else
			ck_assert_int_eq(refuse(4), HM_TURN_FAIL);
		expect_result(HM_RESULT_UNKNOWN, i == 3 ? "exception" :
		    "no_reply", false);
		expect_asked(begin(10), READ, MODES);
		expect_asked(reply_modes(), READ, MODES);
		ck_assert_int_eq(reply_modes(), HM_TURN_DONE);
		expect_result(HM_RESULT_UNKNOWN, "not_confirmed", false);
		ck_assert(hm_dialog_order_sent(d));
	}
	for (uint8_t code = 1; code <= 3; code++) {
		come_to_the_order();
		ck_assert_int_eq(refuse(code), HM_TURN_DONE);
		expect_result(HM_RESULT_REFUSED, "refused_by_dtu", true);
	}
}
END_TEST

START_TEST(a_reply_in_the_pause_is_none)
{
	come_to_the_order();
	hm_dialog_hold(d, true);
	ck_assert_int_eq(reply_written(), HM_TURN_READ);
	hm_dialog_hold(d, false);
	ck_assert(hm_dialog_sends_order(d));
	ck_assert_int_eq(reply_written(), HM_TURN_DONE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dialog_g3_order");
	TCase *tc = tcase_create("dialog_g3_order");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_mode_is_written_as_one_block);
	tcase_add_test(tc, it_is_read_back_until_it_agrees);
	tcase_add_test(tc, settings_count_once_they_are_the_same_twice);
	tcase_add_test(tc, settings_that_never_agree_fail);
	tcase_add_test(tc, what_is_there_already_is_not_written);
	tcase_add_test(tc, the_role_counts_once_it_is_the_same_twice);
	tcase_add_test(tc, inverters_in_parallel);
	tcase_add_test(tc, a_serial_number_is_that_of_the_name);
	tcase_add_test(tc, an_order_without_a_good_reply);
	tcase_add_test(tc, a_reply_in_the_pause_is_none);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
