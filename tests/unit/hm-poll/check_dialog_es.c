#include "dialog.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "gateway.pb-c.h"
#include "hybrid.pb-c.h"
#include "info.pb-c.h"
#include "order.h"
#include "real.pb-c.h"
#include "run_suite.h"
#include "working_mode.pb-c.h"
#include "wire/hmframe.h"

#define CAP ((size_t)8192)
#define GATEWAY INT64_C(0x430122480861)
#define OTHER_GATEWAY INT64_C(0x430122480096)
#define INVERTER INT64_C(0x214322440207)
#define NOW 1751395778
#define ASK_PERIOD 7200
#define HOUR 3600
#define LISTED_MAX 32

static char host[] = "127.0.0.1", name[] = "house";
static struct hm_dtu dtu;
static struct hm_arena arena;
static struct hm_dialog_options options;
static struct hm_dialog *dialog;
static int dropped, refused;

/* Frames that the gateway sends. */
static uint8_t wire[4 * CAP];
static size_t wired;
static uint16_t sequence;
static int32_t device_time;

static void
on_dropped(const struct hm_dtu *of, const char *reason)
{
	ck_assert_ptr_eq(of, &dtu);
	ck_assert_uint_gt(strlen(reason), 0);
	dropped++;
}

static void
on_refused(const struct hm_dtu *of, const char *reason)
{
	on_dropped(of, reason);
	refused++;
}

static void
set_up(enum hm_transport transport)
{
	setenv("TZ", "CET-2", 1);
	tzset();
	dtu = (struct hm_dtu){.name = name, .transport = transport,
	    .host = host, .port = 10081};
	device_time = NOW;
	dropped = refused = 0;
	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
	options = (struct hm_dialog_options){.ask = HM_ASK_INFO,
	    .ask_period = ASK_PERIOD, .arena = &arena, .dropped = on_dropped,
	    .refused = on_refused};
	dialog = hm_dialog_new(&dtu, &options);
	ck_assert_ptr_nonnull(dialog);
	wired = 0;
	sequence = 900;
}

static void
setup(void)
{
	set_up(HM_TRANSPORT_ES);
}

static void
setup_hm(void)
{
	set_up(HM_TRANSPORT_HM);
}

static void
teardown(void)
{
	hm_dialog_free(dialog);
	hm_arena_free(&arena);
}

/* Replies */

static void
wire_payload(uint16_t command, const uint8_t *payload, size_t size)
{
	const struct hm_frame frame = {.command = command,
	    .sequence = sequence, .payload = payload, .size = size,
	    .serial = (uint64_t)GATEWAY, .number = 1};
	size_t n = hm_frame_write(&frame, wire + wired, sizeof wire - wired);

	sequence++;
	ck_assert_uint_gt(n, 0);
	wired += n;
}

static void
wire_message(uint16_t command, const void *message)
{
	uint8_t payload[CAP];
	size_t size;

	ck_assert_uint_le(protobuf_c_message_get_packed_size(message), CAP);
	size = protobuf_c_message_pack(message, payload);
	wire_payload(command, payload, size);
}

/* Without an inverter if its serial number is 0. */
static void
wire_info(int64_t gateway, int64_t inverter)
{
	Hm__GatewayReply info = HM__GATEWAY_REPLY__INIT;
	Hm__GatewayDevice device = HM__GATEWAY_DEVICE__INIT;
	Hm__GatewayDevice meter = HM__GATEWAY_DEVICE__INIT;
	Hm__GatewayDevice *list[] = {&meter, &device};

	info.serial = gateway;
	info.device = list;
	info.n_device = inverter != 0 ? 2 : 1;
	meter.serial = 77;
	meter.type = 1;
	device.serial = inverter;
	device.type = 6;
	wire_message(HM_GATEWAY_INFO, &info);
}

static void
wire_list_from(int64_t first, size_t inverters)
{
	Hm__RegistryReply reply = HM__REGISTRY_REPLY__INIT;
	Hm__RegistryInverter inverter[100];
	Hm__RegistryInverter *list[100];

	ck_assert_uint_le(inverters, 100);
	for (size_t i = 0; i < inverters; i++) {
		inverter[i] = (Hm__RegistryInverter)
		    HM__REGISTRY_INVERTER__INIT;
		inverter[i].serial = first + (int64_t)i;
		list[i] = &inverter[i];
	}
	reply.inverter = list;
	reply.n_inverter = inverters;
	wire_message(HM_GATEWAY_REGISTRY, &reply);
}

static void
wire_list(size_t inverters)
{
	wire_list_from(INVERTER, inverters);
}

static void
wire_readings(int64_t serial)
{
	Hm__HybridReply reply = HM__HYBRID_REPLY__INIT;

	reply.serial = serial;
	reply.time = device_time;
	reply.packages = 1;
	wire_message(HM_GATEWAY_READINGS, &reply);
}

/* Feed the bytes on the wire to the dialog in one piece. */
static enum hm_turn
feed(void)
{
	size_t n = wired;

	wired = 0;
	return hm_dialog_feed(dialog, wire, n);
}

/* Requests */

static struct hm_frame
request(void)
{
	size_t n, used;
	const uint8_t *p = hm_dialog_request(dialog, &n);
	struct hm_frame frame;

	ck_assert_int_eq(hm_frame_read(p, n, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, n);
	return frame;
}

static void
expect_asked(enum hm_turn turn, enum hm_turn expected, unsigned command)
{
	ck_assert_int_eq(turn, expected);
	ck_assert_uint_eq(request().command, command);
}

/* The inverter whose readings are asked for. */
static int64_t
asked_inverter(void)
{
	struct hm_frame frame = request();
	Hm__HybridRequest *m;
	int64_t serial;

	ck_assert_uint_eq(frame.command, 0xc303);
	ck_assert_uint_eq(frame.number, 1);
	m = hm__hybrid_request__unpack(NULL, frame.size, frame.payload);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->offset, 28800);
	ck_assert_int_eq(m->time, NOW);
	ck_assert_uint_eq(m->local_time.len, strlen("2025-07-01 20:49:38"));
	serial = m->serial;
	hm__hybrid_request__free_unpacked(m, NULL);
	return serial;
}

static void
expect_hex(const char *hex)
{
	uint8_t bytes[128];
	size_t n, size;
	const uint8_t *p = hm_dialog_request(dialog, &n);

	ck_assert(hm_hex_read(hm_text(hex), bytes, sizeof bytes, &size));
	ck_assert_uint_eq(n, size);
	ck_assert_mem_eq(p, bytes, size);
}

/* Answer until the first request for readings is in hand. */
static enum hm_turn
begin_poll(int64_t moment, size_t inverters)
{
	enum hm_turn turn = hm_dialog_begin(dialog, NOW, moment);

	ck_assert_int_eq(turn, HM_TURN_ASK);
	if (request().command == 0xdb01) {
		wire_info(GATEWAY, 0);
		turn = feed();
	}
	if (request().command == 0xc302) {
		wire_list(inverters);
		turn = feed();
	}
	return turn;
}

/* A poll that is answered, from its first request for readings on. */
static enum hm_turn
answer_all(void)
{
	enum hm_turn turn = HM_TURN_RECONNECT;

	while (turn == HM_TURN_RECONNECT || turn == HM_TURN_ASK) {
		wire_readings(asked_inverter());
		turn = feed();
	}
	return turn;
}

static void
poll_at(int64_t moment, size_t inverters)
{
	begin_poll(moment, inverters);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
}

static uint16_t
reply_command(size_t i)
{
	size_t size, used;
	const uint8_t *p = hm_dialog_reply(dialog, i, &size);
	struct hm_frame frame;

	ck_assert_int_eq(hm_frame_read(p, size, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, size);
	ck_assert_uint_eq(frame.serial, (uint64_t)GATEWAY);
	return frame.command;
}

static void
expect_failure(enum hm_turn turn, enum hm_poll_error error)
{
	ck_assert_int_eq(turn, HM_TURN_FAIL);
	ck_assert_int_eq(hm_dialog_error(dialog), error);
	ck_assert_uint_gt(strlen(hm_dialog_error_text(dialog)), 0);
	ck_assert(!hm_dialog_is_partial(dialog));
}

static void
expect_missing(size_t n, const uint8_t *numbers)
{
	uint8_t missing[HM_DIALOG_PARTS_MAX];

	ck_assert_uint_eq(hm_dialog_missing(dialog, missing), n);
	if (n > 0)
		ck_assert_mem_eq(missing, numbers, n);
	ck_assert(hm_dialog_is_partial(dialog) == (n > 0));
}

/* Orders */

static void
order_mode(struct hm_order *order, enum hm_working_mode mode)
{
	*order = (struct hm_order){.allows_unproven = true, .command = {
	    .has_action = true, .action = HM_ACTION_SET_MODE}};
	hm_told_put(&order->command.told, HM_TOLD_MODE, mode);
	hm_told_put(&order->command.told, HM_TOLD_RESERVE_SOC, 30);
	if (mode == HM_MODE_FORCED_CHARGE)
		hm_told_put(&order->command.told, HM_TOLD_MAX_POWER, 505);
}

static void
wire_mode_reply(int64_t id, int32_t error)
{
	Hm__WorkingModeReply reply = HM__WORKING_MODE_REPLY__INIT;

	reply.id = id;
	reply.error = error;
	wire_message(HM_GATEWAY_MODE, &reply);
}

static void
expect_result(enum hm_result_state state, const char *error, bool final)
{
	const struct hm_result *result = hm_dialog_order_result(dialog);

	ck_assert_int_eq(result->state, state);
	ck_assert_str_eq(result->error, error);
	ck_assert(final == (hm_dialog_order_pause_ms(dialog) < 0));
}

START_TEST(working_mode_is_set)
{
	struct hm_order order;
	struct hm_frame frame;
	Hm__WorkingMode *m;

	poll_at(0, 2);
	hm_dialog_end(dialog);
	device_time++;
	order_mode(&order, HM_MODE_FORCED_CHARGE);
	snprintf(order.command.serial, sizeof order.command.serial, "%llx",
	    (unsigned long long)INVERTER + 1);
	ck_assert(hm_dialog_order(dialog, &order));
	expect_asked(hm_dialog_begin(dialog, NOW, 10), HM_TURN_ASK, 0xc302);
	wire_list(2);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc308);
	ck_assert(hm_dialog_sends_order(dialog));
	frame = request();
	ck_assert_uint_eq(frame.serial, (uint64_t)GATEWAY);
	ck_assert_uint_eq(frame.number, 1);
	m = hm__working_mode__unpack(NULL, frame.size, frame.payload);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->time, NOW);
	ck_assert_int_eq(m->id, NOW);
	ck_assert_uint_eq(m->n_serial, 1);
	ck_assert_int_eq(m->serial[0], INVERTER + 1);
	ck_assert_int_eq(m->mode, 5);
	ck_assert_int_eq(m->reserve, 30);
	ck_assert_int_eq(m->max_power, 505);
	ck_assert_uint_eq(m->n_hours, 0);
	hm__working_mode__free_unpacked(m, NULL);
	wire_mode_reply(NOW - 1, 0);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	wire_mode_reply(NOW, 0);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_result(HM_RESULT_ACCEPTED, "", false);
	hm_dialog_order_settle(dialog);
	expect_result(HM_RESULT_UNKNOWN, "no_readback", true);
	/* The readings of an order are in no record: they are no old ones. */
	hm_dialog_drop_order(dialog);
	hm_dialog_end(dialog);
	poll_at(60, 2);
	ck_assert(!hm_dialog_stale(dialog));
	poll_at(120, 2);
	ck_assert(hm_dialog_stale(dialog));
}
END_TEST

START_TEST(hours_are_sent)
{
	struct hm_order order = {.allows_unproven = true, .command = {
	    .has_action = true, .action = HM_ACTION_SET_MODE}};
	struct hm_told *told = &order.command.told;
	struct hm_frame frame;
	Hm__WorkingMode *m;

	hm_told_put(told, HM_TOLD_MODE, HM_MODE_TIME_OF_USE);
	hm_told_put(told, HM_TOLD_HOURS, HM_TOLD_HOURS_MAX);
	for (size_t i = 0; i < HM_TOLD_HOURS_MAX; i++)
		told->hours[i] = (struct hm_told_hours){
		    .charge_from = 22 * 60 + 30, .charge_to = 5 * 60,
		    .discharge_from = 17 * 60, .discharge_to = 21 * 60 + 15,
		    .charge_power = 50, .discharge_power = 100,
		    .soc_min = 10, .soc_max = (uint8_t)(90 + i)};
	ck_assert(hm_dialog_order(dialog, &order));
	expect_asked(begin_poll(0, 1), HM_TURN_RECONNECT, 0xc308);
	frame = request();
	m = hm__working_mode__unpack(NULL, frame.size, frame.payload);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->mode, 8);
	ck_assert_uint_eq(m->n_hours, HM_TOLD_HOURS_MAX);
	ck_assert_int_eq(m->hours[3]->charge, 22 << 24 | 30 << 16 | 5 << 8);
	ck_assert_int_eq(m->hours[3]->discharge,
	    17 << 24 | 21 << 8 | 15);
	ck_assert_int_eq(m->hours[3]->charge_power, 50);
	ck_assert_int_eq(m->hours[3]->discharge_power, 100);
	ck_assert_int_eq(m->hours[3]->charge_min, 10);
	ck_assert_int_eq(m->hours[3]->charge_max, 93);
	hm__working_mode__free_unpacked(m, NULL);
}
END_TEST

START_TEST(working_mode_is_refused)
{
	struct hm_order order;

	order_mode(&order, HM_MODE_SELF_USE);
	ck_assert(hm_dialog_order(dialog, &order));
	expect_asked(begin_poll(0, 1), HM_TURN_RECONNECT, 0xc308);
	wire_mode_reply(NOW, 3);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	expect_result(HM_RESULT_REFUSED, "refused_by_dtu", true);

	ck_assert(hm_dialog_order(dialog, &order));
	order.allows_unproven = false;
	ck_assert_int_eq(begin_poll(10, 1), HM_TURN_DONE);
	expect_result(HM_RESULT_REFUSED, "unproven", true);
	ck_assert(!hm_dialog_order_sent(dialog));
}
END_TEST

/* It may have been carried out: it is not sent again, nor passed over. */
START_TEST(working_mode_without_a_reply)
{
	struct hm_order order;

	order_mode(&order, HM_MODE_SELF_USE);
	ck_assert(hm_dialog_order(dialog, &order));
	expect_asked(begin_poll(0, 1), HM_TURN_RECONNECT, 0xc308);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
	expect_result(HM_RESULT_UNKNOWN, "no_reply", false);
	ck_assert(!hm_dialog_sends_order(dialog));
	hm_dialog_order_settle(dialog);
	expect_result(HM_RESULT_UNKNOWN, "no_reply", true);

	/* Its connection cannot be opened. */
	ck_assert(hm_dialog_order(dialog, &order));
	expect_asked(begin_poll(20, 1), HM_TURN_RECONNECT, 0xc308);
	expect_failure(hm_dialog_not_connected(dialog, HM_ERR_REFUSED, "no"),
	    HM_ERR_REFUSED);
	ck_assert(!hm_dialog_sends_order(dialog));

	/* A reply that cannot be read. */
	ck_assert(hm_dialog_order(dialog, &order));
	expect_asked(begin_poll(30, 1), HM_TURN_RECONNECT, 0xc308);
	wire_payload(HM_GATEWAY_MODE, (const uint8_t *)"\xff", 1);
	expect_failure(feed(), HM_ERR_PROTOCOL);
	expect_result(HM_RESULT_UNKNOWN, "no_reply", false);
}
END_TEST

/* By an old list the gateway may seem to have one inverter, and has two. */
START_TEST(an_order_needs_the_list)
{
	struct hm_order order;

	order_mode(&order, HM_MODE_SELF_USE);
	poll_at(0, 1);
	for (int i = 0; i < 4; i++) {
		enum hm_turn turn;

		ck_assert(hm_dialog_order(dialog, &order));
		expect_asked(hm_dialog_begin(dialog, NOW, 10 * (i + 1)),
		    HM_TURN_ASK, 0xc302);
		if (i == 0) {
			turn = hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ);
		} else if (i == 3) {
			wire_payload(HM_GATEWAY_REGISTRY,
			    (const uint8_t *)"\xff", 1);
			turn = feed();
		} else {
			/* Empty, or with one that has no serial number. */
			wire_list_from(0, i == 1 ? 0 : 2);
			turn = feed();
		}
		ck_assert_int_eq(turn, HM_TURN_FAIL);
		expect_result(HM_RESULT_FAILED, i == 0 ? "timeout_read" :
		    i == 1 ? "not_mapped" : "protocol", true);
		ck_assert(!hm_dialog_order_sent(dialog));
		hm_dialog_drop_order(dialog);
		hm_dialog_end(dialog);
	}
	/* Polls go on with what they know. */
	device_time++;
	poll_at(60, 1);
}
END_TEST

/* A good dialog */

START_TEST(each_request_has_a_connection)
{
	enum hm_turn turn = hm_dialog_begin(dialog, NOW, 0);

	expect_asked(turn, HM_TURN_ASK, 0xdb01);
	ck_assert_uint_eq(request().serial, 0);
	ck_assert_uint_eq(request().number, 0xff);
	wire_info(GATEWAY, 0);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
	ck_assert_uint_eq(request().serial, (uint64_t)GATEWAY);
	ck_assert_uint_eq(request().number, 1);
	wire_list(2);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc303);
	ck_assert_int_eq(asked_inverter(), INVERTER);
	ck_assert_uint_eq(request().serial, (uint64_t)GATEWAY);
	wire_readings(INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_RECONNECT);
	ck_assert_int_eq(asked_inverter(), INVERTER + 1);
	wire_readings(INVERTER + 1);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
	ck_assert_uint_eq(reply_command(0), HM_GATEWAY_INFO);
	ck_assert_uint_eq(reply_command(1), HM_GATEWAY_REGISTRY);
	ck_assert_uint_eq(reply_command(3), HM_GATEWAY_READINGS);
	expect_missing(0, NULL);
	ck_assert_int_eq(dropped, 0);
}
END_TEST

START_TEST(gateway_has_limits_of_its_own)
{
	ck_assert_int_eq(hm_dialog_gap_ms(dialog), 2000);
	ck_assert_int_eq(hm_dialog_period_min_ms(dialog), 35000);
	ck_assert(hm_dialog_rests_closed(dialog));
	ck_assert(hm_dialog_is_gateway(dialog));
	ck_assert_int_eq(hm_dialog_upload_ms(dialog), 0);
	ck_assert_uint_gt(hm_dialog_public_bytes(dialog), CAP);
	ck_assert_str_eq(hm_dialog_part(dialog), "inverter");
}
END_TEST

/* Both were answered by a gateway: shared captures issue88_*. */
START_TEST(requests_are_those_that_were_answered)
{
	hm_dialog_begin(dialog, NOW, 0);
	expect_hex("484ddb010001faf30022000e0000000000000000000000ff"
	    "10c2db90c3061880e101");
	wire_info(GATEWAY, 0);
	feed();
	expect_hex("484dc30200028db00037000e0000430122480861000000010"
	    "8c2db90c3061213323032352d30372d30312032303a34393a333818"
	    "80e101");
}
END_TEST

START_TEST(requests_of_another_gateway_have_the_right_crc)
{
	const uint8_t *p;
	size_t n;

	hm_dialog_begin(dialog, 1750064198, 0);
	p = hm_dialog_request(dialog, &n);
	ck_assert_mem_eq(p + 6, "\x14\x58", 2);
	wire_info(OTHER_GATEWAY, 0);
	feed();
	p = hm_dialog_request(dialog, &n);
	ck_assert_mem_eq(p + 6, "\x86\x92", 2);
	ck_assert_uint_eq(request().serial, (uint64_t)OTHER_GATEWAY);
}
END_TEST

/* A whole reply of a real gateway, which lists an inverter. */
START_TEST(real_information_is_read)
{
	static const char hex[] = "089681a09292e01010c1b8bfc20618012a20080110"
	    "89201881e20220012a0b322e332e302e302d64657632003a0042004815320c08"
	    "90859892b2800810061801";
	uint8_t payload[64];
	size_t size;

	hm_dialog_begin(dialog, NOW, 0);
	ck_assert(hm_hex_read(hm_text(hex), payload, sizeof payload, &size));
	wire_payload(HM_GATEWAY_INFO, payload, size);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
	ck_assert_uint_eq(request().serial, (uint64_t)OTHER_GATEWAY);
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_RECONNECT);
	ck_assert_int_eq(asked_inverter(), INT64_C(0x200322460290));
}
END_TEST

START_TEST(one_connection_may_serve_them_all)
{
	options.es_keep_connection = true;
	ck_assert(!hm_dialog_rests_closed(dialog));
	ck_assert_int_eq(begin_poll(0, 2), HM_TURN_ASK);
	wire_readings(INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	hm_dialog_hold(dialog, true);
	wire_readings(INVERTER + 1);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	ck_assert_int_eq(dropped, 1);
	hm_dialog_hold(dialog, false);
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_DONE);
	expect_missing(1, (const uint8_t[]){2});
}
END_TEST

START_TEST(after_silence_comes_another_connection)
{
	options.es_keep_connection = true;
	begin_poll(0, 2);
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_RECONNECT);
}
END_TEST

START_TEST(list_and_information_come_seldom)
{
	poll_at(0, 1);
	expect_asked(hm_dialog_begin(dialog, NOW, 60), HM_TURN_ASK, 0xc303);
	answer_all();
	expect_asked(hm_dialog_begin(dialog, NOW, HOUR - 1), HM_TURN_ASK,
	    0xc303);
	answer_all();
	expect_asked(hm_dialog_begin(dialog, NOW, HOUR), HM_TURN_ASK, 0xc302);
	wire_list(1);
	feed();
	answer_all();
	expect_asked(hm_dialog_begin(dialog, NOW, ASK_PERIOD), HM_TURN_ASK,
	    0xdb01);
}
END_TEST

START_TEST(information_is_asked_for_once_without_ask)
{
	options.ask = 0;
	poll_at(0, 1);
	expect_asked(hm_dialog_begin(dialog, NOW, 10 * ASK_PERIOD),
	    HM_TURN_ASK, 0xc302);
}
END_TEST

static void
wire_network(void)
{
	Hm__GatewayNetworkReply reply = HM__GATEWAY_NETWORK_REPLY__INIT;

	reply.serial = GATEWAY;
	reply.signal = 62;
	wire_message(HM_GATEWAY_NETWORK, &reply);
}

START_TEST(network_is_asked_for_after_the_readings)
{
	options.ask = HM_ASK_INFO | HM_ASK_NETWORK;
	begin_poll(0, 1);
	wire_readings(INVERTER);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xdb06);
	ck_assert_uint_eq(request().serial, (uint64_t)GATEWAY);
	ck_assert_uint_eq(request().number, 0xff);
	wire_network();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
	ck_assert_uint_eq(reply_command(3), HM_GATEWAY_NETWORK);
	poll_at(ASK_PERIOD - 1, 1);
	begin_poll(ASK_PERIOD, 1);
	wire_readings(INVERTER);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xdb06);
}
END_TEST

START_TEST(readings_are_whole_without_the_network)
{
	options.ask = HM_ASK_NETWORK;
	begin_poll(0, 1);
	wire_readings(INVERTER);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xdb06);
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_DONE);
	expect_missing(0, NULL);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 3);
	poll_at(60, 1);
}
END_TEST

START_TEST(network_of_a_gateway_without_readings_is_not_asked_for)
{
	options.ask = HM_ASK_NETWORK;
	begin_poll(0, 1);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
}
END_TEST

START_TEST(failed_poll_does_not_use_up_the_list)
{
	begin_poll(0, 1);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_ERR_CLOSED);
	expect_asked(hm_dialog_begin(dialog, NOW, 5), HM_TURN_ASK, 0xdb01);
	wire_info(GATEWAY, 0);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
}
END_TEST

START_TEST(readings_need_neither_list_nor_information_again)
{
	poll_at(0, 2);
	expect_asked(hm_dialog_begin(dialog, NOW, ASK_PERIOD), HM_TURN_ASK,
	    0xdb01);
	expect_asked(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_RECONNECT, 0xc302);
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_TURN_RECONNECT);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	expect_asked(hm_dialog_begin(dialog, NOW, ASK_PERIOD + 60),
	    HM_TURN_ASK, 0xc303);
}
END_TEST

START_TEST(another_gateway_has_another_list)
{
	poll_at(0, 2);
	hm_dialog_begin(dialog, NOW, ASK_PERIOD);
	wire_info(OTHER_GATEWAY, 0);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
	ck_assert_uint_eq(request().serial, (uint64_t)OTHER_GATEWAY);
	wire_list_from(INVERTER + 7, 1);
	ck_assert_int_eq(feed(), HM_TURN_RECONNECT);
	ck_assert_int_eq(asked_inverter(), INVERTER + 7);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	expect_missing(0, NULL);
}
END_TEST

START_TEST(repeated_readings_are_stale)
{
	poll_at(0, 2);
	ck_assert(!hm_dialog_stale(dialog));
	poll_at(60, 2);
	ck_assert(hm_dialog_stale(dialog));
	device_time++;
	poll_at(HOUR, 2);
	ck_assert(!hm_dialog_stale(dialog));
	/* A poll that failed has shown nobody its readings. */
	device_time++;
	begin_poll(HOUR + 60, 2);
	wire_readings(INVERTER);
	feed();
	begin_poll(HOUR + 62, 2);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	ck_assert(!hm_dialog_stale(dialog));
	/* One inverter is read again, the other is not. */
	begin_poll(HOUR + 120, 2);
	wire_readings(INVERTER);
	feed();
	device_time++;
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	ck_assert(!hm_dialog_stale(dialog));
}
END_TEST

START_TEST(gateway_without_a_clock_is_never_stale)
{
	device_time = 0;
	poll_at(0, 1);
	poll_at(60, 1);
	ck_assert(!hm_dialog_stale(dialog));
}
END_TEST

/* Inverters that do not answer */

START_TEST(silent_inverter_is_missing)
{
	begin_poll(0, 3);
	wire_readings(INVERTER);
	feed();
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_RECONNECT);
	ck_assert_int_eq(asked_inverter(), INVERTER + 2);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	expect_missing(1, (const uint8_t[]){2});
	ck_assert_int_eq(hm_dialog_error(dialog), HM_ERR_TIMEOUT_READ);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
	poll_at(60, 3);
	expect_missing(0, NULL);
}
END_TEST

START_TEST(connection_that_fails_loses_one_inverter)
{
	begin_poll(0, 3);
	wire_readings(INVERTER);
	feed();
	ck_assert_int_eq(hm_dialog_not_connected(dialog, HM_ERR_REFUSED,
	    "refused"), HM_TURN_RECONNECT);
	ck_assert_int_eq(asked_inverter(), INVERTER + 2);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	expect_missing(1, (const uint8_t[]){2});
	ck_assert_int_eq(hm_dialog_error(dialog), HM_ERR_REFUSED);
	ck_assert_str_eq(hm_dialog_error_text(dialog), "refused");
	/* These readings were shown: the next poll repeats some of them. */
	begin_poll(60, 3);
	wire_readings(INVERTER);
	feed();
	hm_dialog_not_connected(dialog, HM_ERR_REFUSED, "refused");
	ck_assert_int_eq(hm_dialog_not_connected(dialog, HM_ERR_REFUSED,
	    "refused"), HM_TURN_DONE);
	ck_assert(hm_dialog_stale(dialog));
}
END_TEST

START_TEST(gateway_that_refuses_all_fails_the_poll)
{
	begin_poll(0, 1);
	expect_failure(hm_dialog_not_connected(dialog, HM_ERR_REFUSED,
	    "refused"), HM_ERR_REFUSED);
}
END_TEST

START_TEST(silence_of_all_fails_the_poll)
{
	begin_poll(0, 2);
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_RECONNECT);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
}
END_TEST

START_TEST(poll_does_not_wait_for_all_that_are_silent)
{
	int lost = 0;

	begin_poll(0, LISTED_MAX);
	wire_readings(INVERTER);
	feed();
	while (hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ) ==
	    HM_TURN_RECONNECT)
		lost++;
	ck_assert_int_eq(lost, 7);
	ck_assert(hm_dialog_is_partial(dialog));
}
END_TEST

START_TEST(silent_gateway_fails_the_poll)
{
	hm_dialog_begin(dialog, NOW, 0);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
	hm_dialog_begin(dialog, NOW, 5);
	wire_info(GATEWAY, 0);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_ERR_CLOSED);
}
END_TEST

START_TEST(information_lists_the_inverters_of_a_gateway_without_a_list)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info(GATEWAY, INVERTER + 5);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_RECONNECT);
	ck_assert_int_eq(asked_inverter(), INVERTER + 5);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	expect_missing(0, NULL);
}
END_TEST

START_TEST(list_replaces_what_the_information_says)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info(GATEWAY, INVERTER + 5);
	feed();
	wire_list(1);
	ck_assert_int_eq(feed(), HM_TURN_RECONNECT);
	ck_assert_int_eq(asked_inverter(), INVERTER);
	wire_readings(INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

START_TEST(gateway_without_inverters_is_not_mapped)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info(GATEWAY, 0);
	feed();
	wire_list(0);
	expect_failure(feed(), HM_ERR_NOT_MAPPED);
}
END_TEST

/* Hostile gateways */

START_TEST(serial_number_of_the_gateway_must_make_sense)
{
	static const int64_t wrong[] = {0, -1, INT64_MIN};

	hm_dialog_begin(dialog, NOW, 0);
	wire_info(wrong[_i], INVERTER);
	expect_failure(feed(), HM_ERR_PROTOCOL);
}
END_TEST

START_TEST(list_is_bounded)
{
	begin_poll(0, 100);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2 + LISTED_MAX);
	ck_assert_int_eq(refused, 1);
	poll_at(HOUR, 100);
	ck_assert_int_eq(refused, 1);
	poll_at(2 * HOUR, 3);
	poll_at(3 * HOUR, 33);
	ck_assert_int_eq(refused, 2);
}
END_TEST

START_TEST(inverters_of_a_list_are_told_apart)
{
	static const int64_t serials[] = {INVERTER, 0, INVERTER, -5,
	    INVERTER + 1, INVERTER};
	Hm__RegistryReply reply = HM__REGISTRY_REPLY__INIT;
	Hm__RegistryInverter inverter[6], *list[6];

	for (size_t i = 0; i < 6; i++) {
		inverter[i] = (Hm__RegistryInverter)
		    HM__REGISTRY_INVERTER__INIT;
		inverter[i].serial = serials[i];
		list[i] = &inverter[i];
	}
	reply.inverter = list;
	reply.n_inverter = 6;
	hm_dialog_begin(dialog, NOW, 0);
	wire_info(GATEWAY, 0);
	feed();
	wire_message(HM_GATEWAY_REGISTRY, &reply);
	ck_assert_int_eq(feed(), HM_TURN_RECONNECT);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
}
END_TEST

START_TEST(readings_of_another_inverter_are_dropped)
{
	begin_poll(0, 2);
	wire_readings(INVERTER + 1);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	wire_readings(0);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	ck_assert_int_eq(dropped, 2);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
}
END_TEST

START_TEST(replies_to_other_requests_are_dropped)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_list(1);
	wire_readings(INVERTER);
	wire_payload(0x2202, (const uint8_t *)"\x08\x90\x1c", 3);
	wire_payload(0xa201, NULL, 0);
	wire_payload(0xdb01, NULL, 0);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	ck_assert_int_eq(dropped, 5);
	wire_info(GATEWAY, 0);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
}
END_TEST

START_TEST(any_sequence_number_will_do)
{
	hm_dialog_begin(dialog, NOW, 0);
	sequence = UINT16_MAX;
	wire_info(GATEWAY, 0);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
}
END_TEST

START_TEST(nothing_but_other_replies_is_a_lost_reply)
{
	enum hm_turn turn = HM_TURN_READ;

	begin_poll(0, 2);
	for (int i = 0; i < 100 && turn == HM_TURN_READ; i++) {
		wire_readings(INVERTER + 9);
		turn = feed();
	}
	ck_assert_int_eq(turn, HM_TURN_RECONNECT);
	ck_assert_int_eq(asked_inverter(), INVERTER + 1);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	expect_missing(1, (const uint8_t[]){1});
	ck_assert_int_eq(hm_dialog_error(dialog), HM_ERR_PROTOCOL);
}
END_TEST

static const struct {
	size_t at; /* byte of the reply that is changed */
	uint8_t bits;
	enum hm_poll_error error;
} broken[] = {
    {0, 0x01, HM_ERR_PROTOCOL},
    {1, 0x80, HM_ERR_PROTOCOL},
    {6, 0x01, HM_ERR_CRC},
    {7, 0x10, HM_ERR_CRC},
    {24, 0x01, HM_ERR_CRC},
    {9, 0x3f, HM_ERR_LENGTH},
};

START_TEST(broken_reply_is_lost_and_ends_its_connection)
{
	options.es_keep_connection = true;
	begin_poll(0, 2);
	wire_readings(INVERTER);
	ck_assert_uint_eq(wire[9], 24 + 16);
	wire[broken[_i].at] ^= broken[_i].bits;
	ck_assert_int_eq(feed(), HM_TURN_RECONNECT);
	ck_assert_int_eq(hm_dialog_error(dialog), broken[_i].error);
	ck_assert(!hm_dialog_in_frame(dialog));
	ck_assert_int_eq(asked_inverter(), INVERTER + 1);
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	expect_missing(1, (const uint8_t[]){1});
}
END_TEST

START_TEST(reply_that_cannot_be_unpacked_is_lost)
{
	static const uint8_t bad[] = {0x08};

	hm_dialog_begin(dialog, NOW, 0);
	wire_payload(HM_GATEWAY_INFO, bad, sizeof bad);
	expect_failure(feed(), HM_ERR_PROTOCOL);
	hm_dialog_begin(dialog, NOW, 5);
	wire_info(GATEWAY, INVERTER);
	feed();
	wire_payload(HM_GATEWAY_REGISTRY, bad, sizeof bad);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc303);
	wire_payload(HM_GATEWAY_READINGS, bad, sizeof bad);
	expect_failure(feed(), HM_ERR_PROTOCOL);
}
END_TEST

START_TEST(replies_may_come_byte_by_byte)
{
	begin_poll(0, 1);
	wire_readings(INVERTER);
	for (size_t i = 0; i + 1 < wired; i++)
		ck_assert_int_eq(hm_dialog_feed(dialog, wire + i, 1),
		    HM_TURN_READ);
	ck_assert_int_eq(hm_dialog_feed(dialog, wire + wired - 1, 1),
	    HM_TURN_DONE);
}
END_TEST

START_TEST(part_of_a_reply_is_dropped_with_its_connection)
{
	begin_poll(0, 2);
	wire_readings(INVERTER);
	ck_assert_int_eq(hm_dialog_feed(dialog, wire, 30), HM_TURN_READ);
	wired = 0;
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_RECONNECT);
	ck_assert(!hm_dialog_in_frame(dialog));
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
}
END_TEST

/* A gateway behind hm:// */

static enum hm_turn
be_silent(void)
{
	return hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ);
}

/* As a DTU it is silent. */
static enum hm_turn
look_at(int64_t moment)
{
	expect_asked(hm_dialog_begin(dialog, NOW, moment), HM_TURN_ASK,
	    0xa301);
	expect_asked(be_silent(), HM_TURN_ASK, 0xa311);
	return be_silent();
}

START_TEST(gateway_is_found)
{
	expect_asked(look_at(0), HM_TURN_RECONNECT, 0xdb01);
	ck_assert(!hm_dialog_is_gateway(dialog));
	wire_info(GATEWAY, 0);
	expect_asked(feed(), HM_TURN_RECONNECT, 0xc302);
	ck_assert(hm_dialog_is_gateway(dialog));
	wire_list(2);
	feed();
	ck_assert_int_eq(answer_all(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
	ck_assert_uint_eq(reply_command(0), HM_GATEWAY_INFO);
	expect_asked(hm_dialog_begin(dialog, NOW, 60), HM_TURN_ASK, 0xc303);
}
END_TEST

START_TEST(gateway_that_closes_connections_is_found)
{
	expect_asked(hm_dialog_begin(dialog, NOW, 0), HM_TURN_ASK, 0xa301);
	expect_asked(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_TURN_RECONNECT, 0xa311);
	expect_asked(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_TURN_RECONNECT, 0xdb01);
}
END_TEST

START_TEST(gateway_is_looked_for_once_an_hour)
{
	expect_asked(look_at(0), HM_TURN_RECONNECT, 0xdb01);
	expect_failure(be_silent(), HM_ERR_TIMEOUT_READ);
	expect_failure(look_at(5), HM_ERR_TIMEOUT_READ);
	expect_failure(look_at(HOUR - 1), HM_ERR_TIMEOUT_READ);
	expect_asked(look_at(HOUR), HM_TURN_RECONNECT, 0xdb01);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_ERR_CLOSED);
	expect_failure(look_at(HOUR + 60), HM_ERR_TIMEOUT_READ);
}
END_TEST

START_TEST(look_that_is_refused_leaves_the_error_of_the_dtu)
{
	expect_asked(look_at(0), HM_TURN_RECONNECT, 0xdb01);
	expect_failure(hm_dialog_not_connected(dialog, HM_ERR_REFUSED,
	    "refused"), HM_ERR_TIMEOUT_READ);
	/* Where a DTU closes connections, its refusal is news. */
	hm_dialog_begin(dialog, NOW, 5);
	expect_asked(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_TURN_RECONNECT, 0xa311);
	expect_failure(hm_dialog_not_connected(dialog, HM_ERR_REFUSED,
	    "refused"), HM_ERR_REFUSED);
}
END_TEST

static void
wire_dtu(void)
{
	Hm__RealReply real = HM__REAL_REPLY__INIT;
	Hm__RealSingle single = HM__REAL_SINGLE__INIT;
	Hm__RealSingle *list[] = {&single};

	real.dtu_serial = name;
	single.serial = 1;
	real.single = list;
	real.n_single = 1;
	wire_message(0xa211, &real);
}

START_TEST(dtu_is_no_gateway_once_it_has_answered)
{
	expect_asked(look_at(0), HM_TURN_RECONNECT, 0xdb01);
	expect_failure(be_silent(), HM_ERR_TIMEOUT_READ);
	hm_dialog_begin(dialog, NOW, 60);
	expect_asked(be_silent(), HM_TURN_ASK, 0xa311);
	wire_dtu();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	hm_dialog_begin(dialog, NOW, 10 * HOUR);
	if (request().command == 0xa301)
		be_silent();
	expect_failure(be_silent(), HM_ERR_TIMEOUT_READ);
}
END_TEST

/* Its heartbeat is enough. */
START_TEST(dtu_that_only_greets_is_no_gateway)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_payload(0x2202, (const uint8_t *)"\x08\x90\x1c", 3);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	be_silent();
	expect_failure(be_silent(), HM_ERR_TIMEOUT_READ);
}
END_TEST

START_TEST(no_gateway_is_looked_for_where_bytes_came)
{
	hm_dialog_begin(dialog, NOW, 0);
	be_silent();
	ck_assert_int_eq(hm_dialog_feed(dialog, (const uint8_t *)"H", 1),
	    HM_TURN_READ);
	expect_failure(be_silent(), HM_ERR_TIMEOUT_READ);
	hm_dialog_begin(dialog, NOW, 5);
	be_silent();
	expect_failure(hm_dialog_feed(dialog, (const uint8_t *)"HTTP/1.1", 8),
	    HM_ERR_PROTOCOL);
}
END_TEST

START_TEST(no_gateway_is_looked_for_by_an_order)
{
	const struct hm_order order = {.command = {.has_action = true,
	    .action = HM_ACTION_LIMIT, .unit = HM_COMMAND_PERCENT,
	    .amount = 600}};

	ck_assert(hm_dialog_order(dialog, &order));
	hm_dialog_begin(dialog, NOW, 0);
	be_silent();
	expect_failure(be_silent(), HM_ERR_TIMEOUT_READ);
	hm_dialog_drop_order(dialog);
}
END_TEST

START_TEST(what_is_no_gateway_stays_a_dtu)
{
	static const uint8_t bad[] = {0x08};

	look_at(0);
	if (_i == 0)
		wire_info(0, INVERTER);
	else
		wire_payload(HM_GATEWAY_INFO, bad, sizeof bad);
	expect_failure(feed(), HM_ERR_PROTOCOL);
	ck_assert(!hm_dialog_is_gateway(dialog));
	expect_failure(look_at(60), HM_ERR_TIMEOUT_READ);
	hm_dialog_begin(dialog, NOW, 120);
	be_silent();
	wire_dtu();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dialog of a gateway");
	TCase *good = tcase_create("good");
	TCase *silent = tcase_create("silent");
	TCase *hostile = tcase_create("hostile");
	TCase *found = tcase_create("found");

	tcase_add_checked_fixture(good, setup, teardown);
	tcase_add_checked_fixture(silent, setup, teardown);
	tcase_add_checked_fixture(hostile, setup, teardown);
	tcase_add_checked_fixture(found, setup_hm, teardown);
	suite_add_tcase(suite, good);
	tcase_add_test(good, each_request_has_a_connection);
	tcase_add_test(good, gateway_has_limits_of_its_own);
	tcase_add_test(good, requests_are_those_that_were_answered);
	tcase_add_test(good, requests_of_another_gateway_have_the_right_crc);
	tcase_add_test(good, real_information_is_read);
	tcase_add_test(good, one_connection_may_serve_them_all);
	tcase_add_test(good, after_silence_comes_another_connection);
	tcase_add_test(good, list_and_information_come_seldom);
	tcase_add_test(good, information_is_asked_for_once_without_ask);
	tcase_add_test(good, network_is_asked_for_after_the_readings);
	tcase_add_test(good, readings_are_whole_without_the_network);
	tcase_add_test(good,
	    network_of_a_gateway_without_readings_is_not_asked_for);
	tcase_add_test(good, failed_poll_does_not_use_up_the_list);
	tcase_add_test(good,
	    readings_need_neither_list_nor_information_again);
	tcase_add_test(good, another_gateway_has_another_list);
	tcase_add_test(good, repeated_readings_are_stale);
	tcase_add_test(good, gateway_without_a_clock_is_never_stale);
	tcase_add_test(good, working_mode_is_set);
	tcase_add_test(good, hours_are_sent);
	suite_add_tcase(suite, silent);
	tcase_add_test(silent, working_mode_is_refused);
	tcase_add_test(silent, working_mode_without_a_reply);
	tcase_add_test(silent, an_order_needs_the_list);
	tcase_add_test(silent, silent_inverter_is_missing);
	tcase_add_test(silent, connection_that_fails_loses_one_inverter);
	tcase_add_test(silent, gateway_that_refuses_all_fails_the_poll);
	tcase_add_test(silent, silence_of_all_fails_the_poll);
	tcase_add_test(silent, poll_does_not_wait_for_all_that_are_silent);
	tcase_add_test(silent, silent_gateway_fails_the_poll);
	tcase_add_test(silent,
	    information_lists_the_inverters_of_a_gateway_without_a_list);
	tcase_add_test(silent, list_replaces_what_the_information_says);
	tcase_add_test(silent, gateway_without_inverters_is_not_mapped);
	suite_add_tcase(suite, hostile);
	tcase_add_loop_test(hostile,
	    serial_number_of_the_gateway_must_make_sense, 0, 3);
	tcase_add_test(hostile, list_is_bounded);
	tcase_add_test(hostile, inverters_of_a_list_are_told_apart);
	tcase_add_test(hostile, readings_of_another_inverter_are_dropped);
	tcase_add_test(hostile, replies_to_other_requests_are_dropped);
	tcase_add_test(hostile, any_sequence_number_will_do);
	tcase_add_test(hostile, nothing_but_other_replies_is_a_lost_reply);
	tcase_add_loop_test(hostile,
	    broken_reply_is_lost_and_ends_its_connection, 0,
	    sizeof broken / sizeof *broken);
	tcase_add_test(hostile, reply_that_cannot_be_unpacked_is_lost);
	tcase_add_test(hostile, replies_may_come_byte_by_byte);
	tcase_add_test(hostile,
	    part_of_a_reply_is_dropped_with_its_connection);
	suite_add_tcase(suite, found);
	tcase_add_test(found, gateway_is_found);
	tcase_add_test(found, gateway_that_closes_connections_is_found);
	tcase_add_test(found, gateway_is_looked_for_once_an_hour);
	tcase_add_test(found,
	    look_that_is_refused_leaves_the_error_of_the_dtu);
	tcase_add_test(found, dtu_is_no_gateway_once_it_has_answered);
	tcase_add_test(found, dtu_that_only_greets_is_no_gateway);
	tcase_add_test(found, no_gateway_is_looked_for_where_bytes_came);
	tcase_add_test(found, no_gateway_is_looked_for_by_an_order);
	tcase_add_loop_test(found, what_is_no_gateway_stays_a_dtu, 0, 2);
	return run_suite(suite);
}
