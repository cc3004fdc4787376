#include <check.h>
#include <stdio.h>
#include <string.h>

#include "command.pb-c.h"
#include "dialog.h"
#include "info.pb-c.h"
#include "real.pb-c.h"
#include "run_suite.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"

#define CAP ((size_t)1024)
#define NOW 1646929028
#define INVERTER 0x116172207281
#define OTHER 0x116172207282

static char host[] = "127.0.0.1", name[] = "roof", serial[] = "10F872226797";
static const struct hm_dtu hm = {
    .name = name, .transport = HM_TRANSPORT_HM, .host = host, .port = 10081};
static const struct hm_dtu modbus = {.name = name,
    .transport = HM_TRANSPORT_MODBUS, .host = host, .port = 502, .unit = 1};
static struct hm_arena arena;
static struct hm_dialog_options options;
static struct hm_dialog *d;
static struct hm_order order;
static uint16_t sequence;
static bool unheard; /* by the DTU: the second inverter */
static int32_t limits[2]; /* that newer firmware does not show */
static bool seals; /* a 2205, too */
static uint8_t *key; /* NULL: the DTU does not encrypt */
static uint8_t random_bytes[HM_CRYPT_RANDOM] = "sixteen bytes, a";

static void
setup(void)
{
	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
	options = (struct hm_dialog_options){
	    .ask_period = 3600, .arena = &arena};
	d = NULL;
	key = NULL;
	seals = false;
	unheard = false;
	memset(limits, 0, sizeof limits);
	order = (struct hm_order){.command = {.has_action = true}};
}

static void
teardown(void)
{
	hm_dialog_free(d);
	hm_arena_free(&arena);
}

static void
begin(const struct hm_dtu *dtu, enum hm_action action, int64_t amount)
{
	order.command.action = action;
	order.command.amount = amount;
	order.command.unit = amount != 0 ? HM_COMMAND_PERCENT :
	    HM_COMMAND_NONE;
	if (d == NULL)
		d = hm_dialog_new(dtu, &options);
	ck_assert_ptr_nonnull(d);
	ck_assert(hm_dialog_order(d, &order));
	ck_assert_int_eq(hm_dialog_begin(d, NOW, 100), HM_TURN_ASK);
}

/* hm: the DTU's side */

static enum hm_turn
answer(uint16_t command, const void *message)
{
	uint8_t payload[CAP], wire[CAP + HM_FRAME_HEADER + HM_FRAME_TAG];
	uint8_t tag[HM_FRAME_TAG];
	struct hm_frame frame = {.command = command, .payload = payload};

	frame.sequence = ++sequence;
	frame.size = protobuf_c_message_pack(message, payload);
	if (key != NULL && (seals ||
	    hm_frame_is_encrypted(command, frame.size))) {
		ck_assert(hm_crypt_seal(key, command, sequence, payload,
		    frame.size, payload, tag));
		frame.tag = tag;
	}
	return hm_dialog_feed(d, wire, hm_frame_write(&frame, wire,
	    sizeof wire));
}

static enum hm_turn
answer_info(int64_t limit)
{
	Hm__InfoReply info = HM__INFO_REPLY__INIT;
	Hm__InfoDtu part = HM__INFO_DTU__INIT;
	Hm__InfoInverter one = HM__INFO_INVERTER__INIT;
	Hm__InfoInverter two = HM__INFO_INVERTER__INIT;
	Hm__InfoInverter *list[] = {&one, &two};
	Hm__InfoFeature feature = HM__INFO_FEATURE__INIT;
	Hm__InfoFeature *features[] = {&feature};
	char value[32];

	snprintf(value, sizeof value, "1,A:%lld,B:0,C:0", (long long)limit);
	info.dtu_serial = serial;
	info.dtu = &part;
	if (key != NULL) {
		part.features = HM_CRYPT_DFS_BIT;
		part.encryption_random.data = key;
		part.encryption_random.len = HM_CRYPT_RANDOM;
	}
	one.serial = INVERTER;
	two.serial = OTHER;
	info.inverter = list;
	info.n_inverter = 2;
	feature.key = 8;
	feature.value = value;
	info.feature = features;
	info.n_feature = limits[0] == 0;
	return answer(0xa201, &info);
}

/* Both inverters give so much. */
static enum hm_turn
answer_real(int32_t watts)
{
	Hm__RealReply real = HM__REAL_REPLY__INIT;
	Hm__RealSingle one = HM__REAL_SINGLE__INIT;
	Hm__RealSingle two = HM__REAL_SINGLE__INIT;
	Hm__RealSingle *list[] = {&one, &two};

	real.dtu_serial = serial;
	real.packages = 1;
	one.serial = INVERTER;
	two.serial = OTHER;
	one.active_power = two.active_power = 10 * watts;
	one.link = 1;
	two.link = !unheard;
	one.power_limit = limits[0];
	two.power_limit = limits[1];
	real.single = list;
	real.n_single = 2;
	return answer(0xa211, &real);
}

/* The order that the dialog sends now. */
static Hm__CommandRequest *
sent_as(uint16_t command, bool encrypted)
{
	size_t size, used;
	const uint8_t *p = hm_dialog_request(d, &size);
	static uint8_t plain[CAP];
	struct hm_frame frame;
	Hm__CommandRequest *m;

	ck_assert(hm_dialog_sends_order(d));
	ck_assert_int_eq(hm_frame_read(p, size, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(frame.command, command);
	ck_assert_uint_eq(size - used, encrypted ? HM_FRAME_TAG : 0);
	if (encrypted) {
		ck_assert(hm_crypt_open(key, frame.command, frame.sequence,
		    frame.payload, frame.size, plain, p + used));
		frame.payload = plain;
	}
	m = hm__command_request__unpack(NULL, frame.size, frame.payload);
	ck_assert_ptr_nonnull(m);
	return m;
}

/* Until the order is the request in hand. */
static void
come_to_the_order(int64_t limit, int32_t watts)
{
	ck_assert_int_eq(answer_info(limit), HM_TURN_ASK);
	if (order.command.action != HM_ACTION_LIMIT) {
		ck_assert_int_eq(answer_real(watts), HM_TURN_ASK);
		return;
	}
	/* The configuration, which this DTU does not send. */
	ck_assert_int_eq(answer_real(watts), HM_TURN_ASK);
	ck_assert_int_eq(hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ),
	    HM_TURN_ASK);
}

static enum hm_turn
answer_order(uint16_t command, int32_t action, int64_t id, int32_t error)
{
	Hm__CommandReply reply = HM__COMMAND_REPLY__INIT;

	reply.dtu_serial = serial;
	reply.action = action;
	reply.id = id;
	reply.error = error;
	return answer(command, &reply);
}

static enum hm_turn
answer_progress(int64_t id, int64_t done, int64_t under_way, int64_t failed)
{
	Hm__CommandStatus status = HM__COMMAND_STATUS__INIT;
	Hm__CommandProgress progress = HM__COMMAND_PROGRESS__INIT;
	Hm__CommandProgress *list[] = {&progress};

	status.dtu_serial = serial;
	status.action = 8;
	status.id = id;
	status.done = &done;
	status.n_done = done != 0;
	status.failed = &failed;
	status.n_failed = failed != 0;
	progress.serial = under_way;
	status.under_way = list;
	status.n_under_way = under_way != 0;
	return answer(0xa206, &status);
}

static void
check_result(enum hm_result_state state, const char *error, bool final)
{
	const struct hm_result *result = hm_dialog_order_result(d);

	ck_assert_int_eq(result->state, state);
	ck_assert_str_eq(result->error, error);
	ck_assert(final == (hm_dialog_order_pause_ms(d) < 0));
}

/* As the vendor's app was recorded. */
START_TEST(a_limit_is_sent_followed_and_read_back)
{
	Hm__CommandRequest *m;

	begin(&hm, HM_ACTION_LIMIT, 805);
	come_to_the_order(1000, 300);
	m = sent_as(0xa305, false);
	ck_assert_int_eq(m->time, NOW);
	ck_assert_int_eq(m->id, NOW);
	ck_assert_int_eq(m->action, 8);
	ck_assert_int_eq(m->kind, 0);
	ck_assert_int_eq(m->packages, 1);
	ck_assert_str_eq(m->data, "A:805,B:0,C:0\r");
	ck_assert_uint_eq(m->n_inverter, 0);
	hm__command_request__free_unpacked(m, NULL);
	ck_assert_int_eq(answer_order(0xa205, 8, NOW, 0), HM_TURN_ASK);
	check_result(HM_RESULT_ACCEPTED, "", false);
	ck_assert_int_eq(answer_progress(NOW, 0, INVERTER, 0), HM_TURN_ASK);
	check_result(HM_RESULT_UNDER_WAY, "", false);
	ck_assert_int_eq(answer_progress(NOW, INVERTER, 0, 0), HM_TURN_DONE);
	check_result(HM_RESULT_UNDER_WAY, "", false);
	ck_assert(!hm_dialog_sends_order(d));
	ck_assert_int_eq(hm_dialog_begin(d, NOW + 10, 110), HM_TURN_ASK);
	answer_info(805);
	answer_real(300);
	hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ);
	check_result(HM_RESULT_DONE, "", true);
	ck_assert_int_eq(hm_dialog_order_result(d)->percent, 805);
}
END_TEST

START_TEST(replies_about_other_orders_are_skipped)
{
	begin(&hm, HM_ACTION_LIMIT, 600);
	come_to_the_order(1000, 300);
	ck_assert_int_eq(answer_order(0xa205, 50, NOW, 0), HM_TURN_READ);
	ck_assert_int_eq(answer_order(0xa205, 8, NOW - 1, 0), HM_TURN_READ);
	ck_assert_int_eq(answer_order(0x2205, 8, NOW, 0), HM_TURN_READ);
	ck_assert_int_eq(answer_order(0xa205, 8, NOW, 0), HM_TURN_ASK);
	/* The success of another order is none of this one. */
	ck_assert_int_eq(answer_progress(NOW - 60, INVERTER, 0, 0),
	    HM_TURN_ASK);
	check_result(HM_RESULT_ACCEPTED, "", false);
}
END_TEST

START_TEST(refusals_and_failures)
{
	begin(&hm, HM_ACTION_LIMIT, 600);
	come_to_the_order(1000, 300);
	ck_assert_int_eq(answer_order(0xa205, 8, NOW, 7), HM_TURN_DONE);
	check_result(HM_RESULT_REFUSED, "refused_by_dtu", true);

	begin(&hm, HM_ACTION_LIMIT, 600);
	come_to_the_order(1000, 300);
	answer_order(0xa205, 8, NOW, 0);
	ck_assert_int_eq(answer_progress(NOW, 0, 0, OTHER), HM_TURN_DONE);
	check_result(HM_RESULT_FAILED, "inverter_failed", true);
	ck_assert_ptr_nonnull(strstr(hm_dialog_order_result(d)->text,
	    "116172207282"));
}
END_TEST

/* Rules: nothing is sent. */
START_TEST(what_does_not_fit_is_not_sent)
{
	begin(&hm, HM_ACTION_LIMIT, 600);
	ck_assert_int_eq(answer_info(600), HM_TURN_ASK);
	answer_real(300);
	ck_assert_int_eq(hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ),
	    HM_TURN_DONE);
	check_result(HM_RESULT_DONE, "", true);
	ck_assert(!hm_dialog_order_sent(d));

	snprintf(order.command.serial, sizeof order.command.serial,
	    "116172209999");
	begin(&hm, HM_ACTION_TURN_OFF, 0);
	answer_info(600);
	ck_assert_int_eq(answer_real(300), HM_TURN_DONE);
	check_result(HM_RESULT_REFUSED, "no_inverter", true);
	ck_assert(!hm_dialog_order_sent(d));
}
END_TEST

/* Another inverter has another limit, or is not heard: the order is sent. */
START_TEST(a_limit_of_one_inverter)
{
	static const struct {
		int32_t limits[2];
		bool unheard, sends;
	} rows[] = {
	    {{600, 600}, false, false},
	    {{1000, 600}, false, true},
	    {{600, 1000}, false, true},
	    {{600, 0}, false, true},
	    {{600, 600}, true, true},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		memcpy(limits, rows[i].limits, sizeof limits);
		unheard = rows[i].unheard;
		begin(&hm, HM_ACTION_LIMIT, 600);
		answer_info(0);
		answer_real(300);
		hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ);
		ck_assert_msg(hm_dialog_order_sent(d) == rows[i].sends, "%zu",
		    i);
	}
	answer_order(0xa205, 8, NOW, 0);
	answer_progress(NOW, INVERTER, 0, 0);
	limits[1] = 1000;
	hm_dialog_begin(d, NOW + 10, 110);
	answer_info(0);
	answer_real(300);
	hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ);
	check_result(HM_RESULT_UNKNOWN, "not_confirmed", false);
}
END_TEST

START_TEST(a_dtu_that_is_not_there_gets_nothing)
{
	begin(&hm, HM_ACTION_TURN_OFF, 0);
	answer_info(600);
	ck_assert_int_eq(hm_dialog_give_up(d, HM_ERR_TIMEOUT_READ),
	    HM_TURN_FAIL);
	check_result(HM_RESULT_FAILED, "timeout_read", true);
	ck_assert(!hm_dialog_order_sent(d));
}
END_TEST

/* Without a reply it is read back, and never sent again. */
START_TEST(an_order_without_a_reply)
{
	begin(&hm, HM_ACTION_TURN_OFF, 0);
	come_to_the_order(1000, 300);
	ck_assert_int_eq(hm_dialog_give_up(d, HM_ERR_CLOSED), HM_TURN_FAIL);
	check_result(HM_RESULT_UNKNOWN, "no_reply", false);
	hm_dialog_begin(d, NOW + 10, 110);
	answer_info(1000);
	ck_assert_int_eq(answer_real(300), HM_TURN_DONE);
	check_result(HM_RESULT_UNKNOWN, "not_confirmed", false);
	/* The last readings of an inverter that the DTU does not hear. */
	unheard = true;
	hm_dialog_begin(d, NOW + 15, 115);
	answer_info(1000);
	ck_assert_int_eq(answer_real(0), HM_TURN_DONE);
	check_result(HM_RESULT_UNKNOWN, "not_confirmed", false);
	unheard = false;
	hm_dialog_begin(d, NOW + 20, 120);
	answer_info(1000);
	ck_assert_int_eq(answer_real(0), HM_TURN_DONE);
	check_result(HM_RESULT_DONE, "", true);
}
END_TEST

/* The connection is lost while the order is sent: it is not sent again. */
START_TEST(a_connection_that_is_lost)
{
	begin(&hm, HM_ACTION_TURN_OFF, 0);
	come_to_the_order(1000, 300);
	ck_assert(hm_dialog_sends_order(d));
	ck_assert_int_eq(hm_dialog_begin(d, NOW + 10, 110), HM_TURN_ASK);
	ck_assert(!hm_dialog_sends_order(d));
	ck_assert_int_eq(answer_info(1000), HM_TURN_ASK);
	ck_assert_int_eq(answer_real(0), HM_TURN_DONE);
	check_result(HM_RESULT_DONE, "", true);
}
END_TEST

START_TEST(orders_of_the_cloud)
{
	static const bool encrypts[] = {false, true, true};

	key = random_bytes;
	for (size_t i = 0; i < 3; i++) {
		Hm__CommandRequest *m;

		order.encrypts_2305 = encrypts[i];
		snprintf(order.command.serial, sizeof order.command.serial,
		    "116172207281");
		begin(&hm, HM_ACTION_TURN_OFF, 0);
		come_to_the_order(1000, 300);
		m = sent_as(0x2305, encrypts[i]);
		ck_assert_int_eq(m->action, 7);
		ck_assert_int_eq(m->kind, 1);
		ck_assert_uint_eq(m->n_inverter, 1);
		ck_assert_int_eq(m->inverter[0], INVERTER);
		hm__command_request__free_unpacked(m, NULL);
		seals = i == 2;
		ck_assert_int_eq(answer_order(0x2205, 7, NOW, 0),
		    HM_TURN_DONE);
		seals = false;
		check_result(HM_RESULT_ACCEPTED, "", false);
	}
	order.command.serial[0] = '\0';
	begin(&hm, HM_ACTION_LIMIT, 600);
	come_to_the_order(1000, 300);
	hm__command_request__free_unpacked(sent_as(0xa305, true), NULL);
}
END_TEST

/* As hoymiles-wifi and dtuGateway send it: without kind and serial numbers. */
START_TEST(a_restart_of_the_dtu)
{
	Hm__CommandRequest *m;

	begin(&hm, HM_ACTION_RESTART_DTU, 0);
	come_to_the_order(1000, 300);
	m = sent_as(0x2305, false);
	ck_assert_int_eq(m->action, 1);
	ck_assert_int_eq(m->kind, 0);
	ck_assert_uint_eq(m->n_inverter, 0);
	hm__command_request__free_unpacked(m, NULL);
}
END_TEST

/* A reading of an order is none of a poll: the next one is not stale. */
START_TEST(polls_do_not_see_the_order)
{
	begin(&hm, HM_ACTION_TURN_OFF, 0);
	come_to_the_order(1000, 300);
	answer_order(0x2205, 7, NOW, 0);
	hm_dialog_drop_order(d);
	ck_assert(!hm_dialog_order_sent(d));
	ck_assert_int_eq(hm_dialog_begin(d, NOW + 60, 160), HM_TURN_ASK);
	ck_assert(!hm_dialog_sends_order(d));
	ck_assert_int_eq(answer_real(300), HM_TURN_DONE);
	ck_assert(!hm_dialog_stale(d));
}
END_TEST

/* Modbus */

static enum hm_turn
reply(uint8_t function, const uint8_t *data, size_t n)
{
	size_t size;
	const uint8_t *request = hm_dialog_request(d, &size);
	uint8_t wire[CAP] = {request[0], request[1], 0, 0, 0,
	    (uint8_t)(n + 2), 1, function};

	memcpy(wire + 8, data, n);
	return hm_dialog_feed(d, wire, n + 8);
}

static void
check_request(const char *hex)
{
	size_t size;
	const uint8_t *p = hm_dialog_request(d, &size);
	char text[64] = "";

	/* Without the transaction number. */
	for (size_t i = 2; i < size; i++)
		snprintf(text + 2 * (i - 2), 3, "%02x", p[i]);
	ck_assert_str_eq(text, hex);
}

/* The serial number, one input of 300 W, and the end of the list. */
static enum hm_turn
list_inputs(void)
{
	uint8_t record[41] = {40, 0x0c, 0x11, 0x61, 0x72, 0x20, 0x72, 0x81, 1};

	ck_assert_int_eq(reply(3, (const uint8_t[]){6, 0x10, 0xf8, 0x72, 0x22,
	    0x67, 0x97}, 7), HM_TURN_ASK);
	record[33] = !unheard;
	record[17] = 3000 >> 8;
	record[18] = 3000 & 0xff;
	ck_assert_int_eq(reply(3, record, sizeof record), HM_TURN_ASK);
	memset(record + 1, 0, sizeof record - 1);
	return reply(3, record, sizeof record);
}

static enum hm_turn
show(uint8_t on, uint8_t temporary, uint8_t kept)
{
	return reply(3, (const uint8_t[]){6, 0, on, 0, temporary, 0, kept},
	    7);
}

START_TEST(modbus_by_the_new_map)
{
	begin(&modbus, HM_ACTION_LIMIT, 600);
	ck_assert_int_eq(list_inputs(), HM_TURN_ASK);
	check_request("000000060103d0000003");
	ck_assert_int_eq(show(1, 100, 100), HM_TURN_ASK);
	ck_assert(hm_dialog_sends_order(d));
	check_request("000000060106d002003c");
	ck_assert_int_eq(reply(6, (const uint8_t[]){0xd0, 2, 0, 60}, 4),
	    HM_TURN_DONE);
	check_result(HM_RESULT_ACCEPTED, "", false);
	hm_dialog_begin(d, NOW + 10, 110);
	ck_assert_int_eq(list_inputs(), HM_TURN_ASK);
	ck_assert_int_eq(show(1, 60, 60), HM_TURN_DONE);
	check_result(HM_RESULT_DONE, "", true);

	/* A register is no proof of what the inverters have. */
	begin(&modbus, HM_ACTION_LIMIT, 600);
	list_inputs();
	ck_assert_int_eq(show(1, 60, 60), HM_TURN_DONE);
	check_result(HM_RESULT_UNKNOWN, "no_readback", true);
	ck_assert(!hm_dialog_order_sent(d));

	begin(&modbus, HM_ACTION_LIMIT_TEMPORARY, 500);
	list_inputs();
	show(1, 60, 60);
	check_request("000000060106d0010032");
	begin(&modbus, HM_ACTION_TURN_OFF, 0);
	list_inputs();
	show(1, 60, 60);
	check_request("000000060106d0000000");
	ck_assert_int_eq(reply(0x86, (const uint8_t[]){3}, 1), HM_TURN_DONE);
	check_result(HM_RESULT_REFUSED, "refused_by_dtu", true);
}
END_TEST

/* The DTU may carry out what it has not refused. */
START_TEST(modbus_exceptions_to_the_order)
{
	static const struct {
		uint8_t code;
		bool refuses;
	} rows[] = {{1, true}, {2, true}, {3, true}, {6, true}, {4, false},
	    {5, false}, {0x0b, false}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(&modbus, HM_ACTION_TURN_ON, 0);
		list_inputs();
		show(0, 60, 60);
		reply(0x86, &rows[i].code, 1);
		if (rows[i].refuses)
			check_result(HM_RESULT_REFUSED, "refused_by_dtu", true);
		else
			check_result(HM_RESULT_UNKNOWN, "exception", false);
	}
	unheard = true;
	hm_dialog_begin(d, NOW + 10, 110);
	list_inputs();
	ck_assert_int_eq(show(1, 60, 60), HM_TURN_DONE);
	check_result(HM_RESULT_UNKNOWN, "not_confirmed", false);
	unheard = false;
	hm_dialog_begin(d, NOW + 20, 120);
	list_inputs();
	ck_assert_int_eq(show(1, 60, 60), HM_TURN_DONE);
	check_result(HM_RESULT_DONE, "", true);
}
END_TEST

START_TEST(modbus_map_of_another_size)
{
	begin(&modbus, HM_ACTION_LIMIT, 600);
	list_inputs();
	ck_assert_int_eq(reply(3, (const uint8_t[]){1, 60}, 2), HM_TURN_FAIL);
	check_result(HM_RESULT_FAILED, "length", true);
	ck_assert(!hm_dialog_order_sent(d));
}
END_TEST

START_TEST(modbus_by_the_old_map)
{
	begin(&modbus, HM_ACTION_LIMIT, 600);
	list_inputs();
	ck_assert_int_eq(reply(0x83, (const uint8_t[]){2}, 1), HM_TURN_DONE);
	check_result(HM_RESULT_REFUSED, "not_supported", true);
	ck_assert(!hm_dialog_order_sent(d));

	order.uses_old_map = true;
	begin(&modbus, HM_ACTION_LIMIT, 600);
	list_inputs();
	ck_assert_int_eq(reply(0x83, (const uint8_t[]){2}, 1), HM_TURN_ASK);
	check_request("00000008010fc0010008013c");
	ck_assert_int_eq(reply(15, (const uint8_t[]){0xc0, 1, 0, 8}, 4),
	    HM_TURN_DONE);
	hm_dialog_begin(d, NOW + 10, 110);
	ck_assert_int_eq(list_inputs(), HM_TURN_ASK);
	check_request("000000060101c0010008");
	ck_assert_int_eq(reply(1, (const uint8_t[]){1, 60}, 2), HM_TURN_DONE);
	check_result(HM_RESULT_DONE, "", true);

	begin(&modbus, HM_ACTION_TURN_ON, 0);
	list_inputs();
	reply(0x83, (const uint8_t[]){2}, 1);
	check_request("000000060105c000ff00");
}
END_TEST

/* Another exception is no sign of the old map. */
START_TEST(modbus_exceptions_to_the_look)
{
	order.uses_old_map = true;
	begin(&modbus, HM_ACTION_LIMIT, 600);
	list_inputs();
	ck_assert_int_eq(reply(0x83, (const uint8_t[]){4}, 1), HM_TURN_FAIL);
	check_result(HM_RESULT_FAILED, "exception", true);
	ck_assert(!hm_dialog_order_sent(d));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dialog_order");
	TCase *tc = tcase_create("dialog_order");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_limit_is_sent_followed_and_read_back);
	tcase_add_test(tc, replies_about_other_orders_are_skipped);
	tcase_add_test(tc, refusals_and_failures);
	tcase_add_test(tc, what_does_not_fit_is_not_sent);
	tcase_add_test(tc, a_limit_of_one_inverter);
	tcase_add_test(tc, a_dtu_that_is_not_there_gets_nothing);
	tcase_add_test(tc, an_order_without_a_reply);
	tcase_add_test(tc, a_connection_that_is_lost);
	tcase_add_test(tc, orders_of_the_cloud);
	tcase_add_test(tc, a_restart_of_the_dtu);
	tcase_add_test(tc, polls_do_not_see_the_order);
	tcase_add_test(tc, modbus_by_the_new_map);
	tcase_add_test(tc, modbus_exceptions_to_the_order);
	tcase_add_test(tc, modbus_map_of_another_size);
	tcase_add_test(tc, modbus_by_the_old_map);
	tcase_add_test(tc, modbus_exceptions_to_the_look);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
