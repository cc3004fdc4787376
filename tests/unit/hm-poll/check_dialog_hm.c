#include "dialog.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "alarms.pb-c.h"
#include "command.pb-c.h"
#include "config.pb-c.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "network.pb-c.h"
#include "real.pb-c.h"
#include "run_suite.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"

#define CAP ((size_t)8192)
#define INVERTER 19110224228993 /* 116172207281 on its label */
#define NOW 1646929028
#define ASK_PERIOD 3600

static char host[] = "127.0.0.1", name[] = "roof", serial[] = "10F872226797";
static const struct hm_dtu dtu = {
    .name = name, .transport = HM_TRANSPORT_HM, .host = host, .port = 10081};
static struct hm_arena arena;
static struct hm_dialog_options options;
static struct hm_dialog *dialog;

/* Frames that the DTU sends. */
static uint8_t wire[4 * CAP];
static size_t wired;
static uint16_t sequence;
static int32_t device_time; /* by the DTU's clock */
static uint8_t *key_random; /* NULL: the DTU does not encrypt */

static uint8_t random_a[HM_CRYPT_RANDOM] = "sixteen bytes, a";
static uint8_t random_b[HM_CRYPT_RANDOM] = "sixteen bytes, b";

static void
setup(void)
{
	device_time = NOW;
	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
	options = (struct hm_dialog_options){
	    .ask_period = ASK_PERIOD, .arena = &arena};
	dialog = hm_dialog_new(&dtu, &options);
	ck_assert_ptr_nonnull(dialog);
	wired = 0;
	sequence = 900;
	key_random = NULL;
}

static void
teardown(void)
{
	hm_dialog_free(dialog);
	hm_arena_free(&arena);
}

static void
wire_payload(uint16_t command, const uint8_t *payload, size_t size)
{
	struct hm_frame frame = {.command = command, .payload = payload,
	    .size = size};
	uint8_t sealed[CAP], tag[HM_FRAME_TAG];
	size_t n;

	frame.sequence = ++sequence;
	if (key_random != NULL && hm_frame_is_encrypted(command, size)) {
		ck_assert(hm_crypt_seal(key_random, command, sequence,
		    payload, size, sealed, tag));
		frame.payload = sealed;
		frame.tag = tag;
	}
	n = hm_frame_write(&frame, wire + wired, sizeof wire - wired);
	ck_assert_uint_gt(n, 0);
	wired += n;
}

static void
wire_message(uint16_t command, const void *message)
{
	uint8_t payload[CAP];
	size_t n;

	ck_assert_uint_le(protobuf_c_message_get_packed_size(message), CAP);
	n = protobuf_c_message_pack(message, payload);
	wire_payload(command, payload, n);
}

static void
wire_info_page(int32_t packages, int32_t package)
{
	Hm__InfoReply info = HM__INFO_REPLY__INIT;
	Hm__InfoDtu part = HM__INFO_DTU__INIT;

	info.dtu_serial = serial;
	info.packages = packages;
	info.package = package;
	if (package == 0)
		info.dtu = &part;
	if (key_random != NULL) {
		part.features = HM_CRYPT_DFS_BIT;
		part.encryption_random.data = key_random;
		part.encryption_random.len = HM_CRYPT_RANDOM;
	}
	wire_message(0xa201, &info);
}

static void
wire_info(void)
{
	wire_info_page(1, 0);
}

static void
wire_real_page_of(int32_t packages, int32_t package, int64_t inverter)
{
	Hm__RealReply real = HM__REAL_REPLY__INIT;
	Hm__RealSingle single = HM__REAL_SINGLE__INIT;
	Hm__RealSingle *list[] = {&single};

	real.dtu_serial = serial;
	real.time = device_time;
	real.packages = packages;
	real.package = package;
	single.serial = inverter;
	real.single = list;
	real.n_single = 1;
	wire_message(0xa211, &real);
}

static void
wire_real_page(int32_t packages, int32_t package)
{
	wire_real_page_of(packages, package, INVERTER + package);
}

static void
wire_real(void)
{
	wire_real_page(1, 0);
}

static void
wire_history_page(int32_t packages, int32_t package)
{
	Hm__History history = HM__HISTORY__INIT;

	history.packages = packages;
	history.package = package;
	wire_message(0xa215, &history);
}

static void
wire_alarms_page(int32_t packages, int32_t package)
{
	Hm__Alarms alarms = HM__ALARMS__INIT;

	alarms.dtu_serial = serial;
	alarms.packages = packages;
	alarms.package = package;
	wire_message(0xa204, &alarms);
}

static void
wire_acknowledgement(void)
{
	Hm__CommandReply reply = HM__COMMAND_REPLY__INIT;

	reply.dtu_serial = serial;
	wire_message(0xa205, &reply);
}

static void
wire_network(void)
{
	Hm__Network network = HM__NETWORK__INIT;

	network.dtu_serial = serial;
	wire_message(0xa214, &network);
}

static void
wire_heartbeat(void)
{
	wire_payload(0x2202, (const uint8_t *)"\x08\x90\x1c", 3);
}

/* Feed the bytes on the wire to the dialog in one piece. */
static enum hm_turn
feed(void)
{
	size_t n = wired;

	wired = 0;
	return hm_dialog_feed(dialog, wire, n);
}

/* The request in hand, decrypted; its low command byte is the result. */
static uint8_t
request(uint8_t *payload, size_t *size)
{
	size_t n, used;
	const uint8_t *p = hm_dialog_request(dialog, &n);
	struct hm_frame frame;

	ck_assert_int_eq(hm_frame_read(p, n, key_random != NULL, &frame,
	    &used), HM_FRAME_GOOD);
	ck_assert_uint_eq(used, n);
	ck_assert_uint_eq(frame.command & 0xff00u, HM_TO_DTU);
	ck_assert_uint_le(frame.size, CAP);
	if (frame.tag != NULL)
		ck_assert(hm_crypt_open(key_random, frame.command,
		    frame.sequence, frame.payload, frame.size, payload,
		    frame.tag));
	else
		memcpy(payload, frame.payload, frame.size);
	*size = frame.size;
	return (uint8_t)frame.command;
}

static uint8_t
asked(void)
{
	uint8_t payload[CAP];
	size_t size;

	return request(payload, &size);
}

static int32_t
asked_package(void)
{
	uint8_t payload[CAP];
	size_t size;
	int32_t package;
	Hm__RealRequest *real;

	ck_assert_uint_eq(request(payload, &size), HM_CMD_REAL);
	real = hm__real_request__unpack(NULL, size, payload);
	ck_assert_ptr_nonnull(real);
	package = real->package;
	hm__real_request__free_unpacked(real, NULL);
	return package;
}

static bool
replies_hold(const void *bytes, size_t n)
{
	for (size_t i = 0; i < hm_dialog_replies(dialog); i++) {
		size_t size;
		const uint8_t *p = hm_dialog_reply(dialog, i, &size);

		if (memmem(p, size, bytes, n) != NULL)
			return true;
	}
	return false;
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
	return frame.command;
}

/* A poll without failures, at a time of the monotonic clock. */
static void
poll_at(int64_t moment)
{
	enum hm_turn turn = hm_dialog_begin(dialog, NOW, moment);

	ck_assert_int_eq(turn, HM_TURN_ASK);
	if (asked() == HM_CMD_INFO) {
		wire_info();
		ck_assert_int_eq(feed(), HM_TURN_ASK);
	}
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}

static void
expect_failure(enum hm_turn turn, enum hm_poll_error error)
{
	ck_assert_int_eq(turn, HM_TURN_FAIL);
	ck_assert_int_eq(hm_dialog_error(dialog), error);
	ck_assert_uint_gt(strlen(hm_dialog_error_text(dialog)), 0);
}

START_TEST(information_comes_before_readings)
{
	ck_assert_int_eq(hm_dialog_begin(dialog, NOW, 0), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	wire_info();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	ck_assert_int_eq(asked_package(), 0);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	ck_assert_uint_eq(reply_command(0), 0xa201);
	ck_assert_uint_eq(reply_command(1), 0xa211);
	ck_assert_int_eq(hm_dialog_gap_ms(dialog), 2000);
}
END_TEST

START_TEST(request_has_the_time)
{
	uint8_t payload[CAP];
	size_t size;
	Hm__InfoRequest *info;
	Hm__RealRequest *real;

	setenv("TZ", "UTC", 1);
	hm_dialog_begin(dialog, NOW, 0);
	ck_assert_uint_eq(request(payload, &size), HM_CMD_INFO);
	info = hm__info_request__unpack(NULL, size, payload);
	ck_assert_ptr_nonnull(info);
	ck_assert_uint_eq(info->time, NOW);
	ck_assert_int_eq(info->offset, 28800);
	ck_assert_mem_eq(info->local_time.data, "2022-03-10 16:17:08", 19);
	ck_assert_uint_eq(info->local_time.len, 19);
	hm__info_request__free_unpacked(info, NULL);
	wire_info();
	feed();
	request(payload, &size);
	real = hm__real_request__unpack(NULL, size, payload);
	ck_assert_ptr_nonnull(real);
	ck_assert_int_eq(real->time, NOW);
	ck_assert_int_eq(real->offset, 28800);
	ck_assert_uint_eq(real->local_time.len, 19);
	hm__real_request__free_unpacked(real, NULL);
}
END_TEST

START_TEST(information_is_asked_for_again_after_its_period)
{
	options.ask = HM_ASK_INFO;
	poll_at(0);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	poll_at(ASK_PERIOD - 1);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
	poll_at(ASK_PERIOD);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	poll_at(ASK_PERIOD + 1);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
}
END_TEST

/* Within a minute readings go first, for a DTU that closes after one reply. */
START_TEST(information_of_a_failed_poll_is_asked_for_again)
{
	options.ask = HM_ASK_INFO;
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_ERR_CLOSED);
	poll_at(59);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
	poll_at(60);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	poll_at(120);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
}
END_TEST

START_TEST(readings_of_the_same_time_are_stale)
{
	options.ask = 0;
	poll_at(0);
	ck_assert(!hm_dialog_stale(dialog));
	poll_at(60);
	ck_assert(hm_dialog_stale(dialog));
	poll_at(120);
	ck_assert(hm_dialog_stale(dialog));
	device_time++;
	poll_at(180);
	ck_assert(!hm_dialog_stale(dialog));
	/* The readings of a failed poll do not count. */
	device_time++;
	hm_dialog_begin(dialog, NOW, 240);
	wire_real_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
	poll_at(300);
	ck_assert(!hm_dialog_stale(dialog));
	/* The clock of the DTU was set back. */
	device_time -= 3600;
	poll_at(360);
	ck_assert(!hm_dialog_stale(dialog));
}
END_TEST

START_TEST(readings_without_a_time_are_never_stale)
{
	device_time = 0;
	poll_at(0);
	poll_at(60);
	ck_assert(!hm_dialog_stale(dialog));
}
END_TEST

/* A poll of a DTU that gives no usable device information. */
static void
poll_without_info(enum hm_turn turn, enum hm_turn expected)
{
	ck_assert_int_eq(turn, expected);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
}

START_TEST(silence_about_known_information_costs_no_poll)
{
	options.ask = HM_ASK_INFO;
	poll_at(0);
	hm_dialog_begin(dialog, NOW, ASK_PERIOD);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	poll_without_info(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_ASK);
	poll_at(ASK_PERIOD + 60);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
}
END_TEST

START_TEST(dtu_without_information_is_read)
{
	options.ask = HM_ASK_INFO;
	hm_dialog_begin(dialog, NOW, 0);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	poll_without_info(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_ASK);
	/* The wait for it is not repeated at each poll. */
	poll_at(60);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
	hm_dialog_begin(dialog, NOW, ASK_PERIOD);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	poll_without_info(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_TURN_RECONNECT);
}
END_TEST

START_TEST(information_that_cannot_be_read_costs_no_poll)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	wire[7] ^= 1;
	poll_without_info(feed(), HM_TURN_RECONNECT);
	hm_dialog_free(dialog);
	dialog = hm_dialog_new(&dtu, &options);
	hm_dialog_begin(dialog, NOW, 0);
	wire_payload(0xa201, (const uint8_t *)"\x0a\xff", 2);
	poll_without_info(feed(), HM_TURN_ASK);
	/* It ends in the middle. */
	hm_dialog_free(dialog);
	dialog = hm_dialog_new(&dtu, &options);
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	wired--;
	ck_assert_int_eq(feed(), HM_TURN_READ);
	poll_without_info(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_RECONNECT);
}
END_TEST

START_TEST(pages_are_asked_for_one_by_one)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	for (int32_t page = 0; page < 3; page++) {
		ck_assert_int_eq(asked_package(), page);
		wire_real_page(3, page);
		ck_assert_int_eq(feed(), page < 2 ? HM_TURN_ASK :
		    HM_TURN_DONE);
	}
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
}
END_TEST

START_TEST(pages_of_information_are_asked_for)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	wire_info_page(2, 1);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
}
END_TEST

START_TEST(page_sent_twice_is_dropped)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	wire_real_page(2, 0);
	wire_real_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_int_eq(asked_package(), 1);
	wire_real_page(2, 1);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 3);
}
END_TEST

START_TEST(packages_that_all_have_number_0_are_taken_in_order)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	for (int32_t page = 0; page < 3; page++) {
		ck_assert_int_eq(asked_package(), page);
		wire_real_page_of(3, 0, INVERTER + page);
		/* The same bytes again are no other package. */
		if (page < 2)
			wire_real_page_of(3, 0, INVERTER + page);
		ck_assert_int_eq(feed(), page < 2 ? HM_TURN_ASK :
		    HM_TURN_DONE);
	}
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
}
END_TEST

START_TEST(number_of_the_request_is_proof)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	wire_real_page(2, 0);
	feed();
	wire_real_page_of(2, 7, INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	sequence = 2; /* two requests came before */
	wire_real_page_of(2, 7, INVERTER);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

static void
expect_missing(size_t count, uint8_t first)
{
	uint8_t missing[HM_DIALOG_PARTS_MAX];

	ck_assert_uint_eq(hm_dialog_missing(dialog, missing), count);
	ck_assert_int_eq(hm_dialog_is_partial(dialog), count > 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(missing[i], first + i);
}

START_TEST(packages_that_did_not_come_are_missing)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	expect_missing(0, 0);
	wire_real_page(4, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_real_page(4, 1);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 3);
	expect_missing(2, 2);
	poll_at(1);
	expect_missing(0, 0);
}
END_TEST

START_TEST(unsolicited_frames_are_dropped)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_heartbeat();
	ck_assert_int_eq(feed(), HM_TURN_READ);
	wire_heartbeat();
	wire_info();
	wire_heartbeat();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	/* A frame that came with the reply before the request is dropped. */
	wire_info();
	ck_assert_int_eq(feed(), HM_TURN_READ);
	/* So is a frame that looks like the reply to a request not sent yet. */
	hm_dialog_hold(dialog, true);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_READ);
	hm_dialog_hold(dialog, false);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
}
END_TEST

START_TEST(nothing_but_unsolicited_frames_is_a_failure)
{
	enum hm_turn turn = HM_TURN_READ;
	unsigned count = 0;

	poll_at(0);
	hm_dialog_begin(dialog, NOW, 1);
	while (turn == HM_TURN_READ && count++ < 1000) {
		wire_heartbeat();
		turn = feed();
	}
	expect_failure(turn, HM_ERR_PROTOCOL);
	ck_assert_uint_lt(count, 100);
}
END_TEST

START_TEST(nothing_but_packages_not_asked_for_is_a_failure)
{
	enum hm_turn turn = HM_TURN_READ;
	unsigned count = 0;

	poll_at(0);
	hm_dialog_begin(dialog, NOW, 1);
	while (turn == HM_TURN_READ && count++ < 1000) {
		wire_real_page(3, 2);
		turn = feed();
	}
	expect_failure(turn, HM_ERR_PROTOCOL);
	ck_assert_uint_lt(count, 100);
}
END_TEST

/* Frames as long as they can be are not taken by the megabyte. */
START_TEST(bytes_that_are_skipped_are_bounded)
{
	static uint8_t big[HM_FRAME_PAYLOAD_MAX];
	static uint8_t bytes[sizeof big + HM_FRAME_HEADER];
	const struct hm_frame frame = {.command = 0x220d, .payload = big,
	    .size = sizeof big};
	size_t n = hm_frame_write(&frame, bytes, sizeof bytes);

	poll_at(0);
	hm_dialog_begin(dialog, NOW, 1);
	ck_assert_int_eq(hm_dialog_feed(dialog, bytes, n), HM_TURN_READ);
	ck_assert_int_eq(hm_dialog_feed(dialog, bytes, n), HM_TURN_READ);
	expect_failure(hm_dialog_feed(dialog, bytes, n), HM_ERR_PROTOCOL);
	/* The next request may skip as much again. */
	hm_dialog_begin(dialog, NOW, 2);
	ck_assert_int_eq(hm_dialog_feed(dialog, bytes, n), HM_TURN_READ);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

START_TEST(replies_may_come_byte_by_byte)
{
	size_t n;

	hm_dialog_begin(dialog, NOW, 0);
	wire_heartbeat();
	wire_info();
	n = wired;
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(hm_dialog_feed(dialog, wire + i, 1),
		    i + 1 < n ? HM_TURN_READ : HM_TURN_ASK);
	wired = 0;
	wire_real();
	for (size_t i = 0; i < wired; i++)
		ck_assert_int_eq(hm_dialog_feed(dialog, wire + i, 1),
		    i + 1 < wired ? HM_TURN_READ : HM_TURN_DONE);
}
END_TEST

/* An unsolicited frame may begin before the next request and end after it. */
START_TEST(rest_of_an_unsolicited_frame_may_follow_the_request)
{
	size_t half;

	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	half = wired + 5;
	wire_heartbeat();
	ck_assert_int_eq(hm_dialog_feed(dialog, wire, half), HM_TURN_ASK);
	ck_assert_int_eq(hm_dialog_feed(dialog, wire + half, wired - half),
	    HM_TURN_READ);
	wired = 0;
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

START_TEST(broken_frames_fail_the_poll)
{
	static const struct {
		size_t at;
		enum hm_poll_error error;
	} breaks[] = {{0, HM_ERR_PROTOCOL}, {1, HM_ERR_PROTOCOL},
	    {7, HM_ERR_CRC}, {12, HM_ERR_CRC}};

	poll_at(0);
	for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
		hm_dialog_begin(dialog, NOW, 0);
		wire_real();
		wire[breaks[i].at] ^= 1;
		expect_failure(feed(), breaks[i].error);
	}
	hm_dialog_begin(dialog, NOW, 0);
	wire_real();
	wire[8] = 0;
	wire[9] = 9;
	expect_failure(feed(), HM_ERR_LENGTH);
	/* The next poll begins with a clean buffer. */
	poll_at(0);
}
END_TEST

START_TEST(payload_that_cannot_be_unpacked_fails_the_poll)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	wire_payload(0xa211, (const uint8_t *)"\x5a\x01", 2);
	expect_failure(feed(), HM_ERR_PROTOCOL);
}
END_TEST

START_TEST(empty_plant_is_not_mapped)
{
	Hm__RealReply real = HM__REAL_REPLY__INIT;

	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	real.dtu_serial = serial;
	real.packages = 1;
	wire_message(0xa211, &real);
	expect_failure(feed(), HM_ERR_NOT_MAPPED);
}
END_TEST

START_TEST(rapid_shutdown_devices_alone_are_a_plant)
{
	Hm__RealReply real = HM__REAL_REPLY__INIT;
	Hm__RealShutdown shutdown = HM__REAL_SHUTDOWN__INIT;
	Hm__RealShutdown *list[] = {&shutdown};

	options.ask = 0;
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	real.dtu_serial = serial;
	real.packages = 1;
	real.shutdown = list;
	real.n_shutdown = 1;
	wire_message(0xa211, &real);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

START_TEST(too_many_packages_make_no_sense)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	wire_real_page(65, 0);
	expect_failure(feed(), HM_ERR_PROTOCOL);
	hm_dialog_begin(dialog, NOW, 0);
	wire_real_page(INT32_MAX, 0);
	expect_failure(feed(), HM_ERR_PROTOCOL);
	/* A negative number of packages counts as one. */
	hm_dialog_begin(dialog, NOW, 0);
	wire_real_page(INT32_MIN, INT32_MIN);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

static unsigned refusals;
static char refusal[160];

static void
on_refused(const struct hm_dtu *who, const char *reason)
{
	ck_assert_ptr_eq(who, &dtu);
	refusals++;
	strncpy(refusal, reason, sizeof refusal - 1);
}

/* Answer the request for information with a number of packages. */
static void
poll_with_info_in(int32_t packages, int64_t moment)
{
	hm_dialog_begin(dialog, NOW, moment);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	wire_info_page(packages, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}

START_TEST(too_many_packages_of_information_are_refused_at_once)
{
	options.ask = HM_ASK_INFO;
	options.refused = on_refused;
	poll_with_info_in(10000, 0);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
	ck_assert_uint_eq(refusals, 1);
	ck_assert_ptr_nonnull(strstr(refusal, "device information in 10000"));
	/* Reported once, and again after information that makes sense. */
	poll_with_info_in(65, ASK_PERIOD);
	ck_assert_uint_eq(refusals, 1);
	poll_with_info_in(1, 2 * ASK_PERIOD);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	poll_with_info_in(65, 3 * ASK_PERIOD);
	ck_assert_uint_eq(refusals, 2);
}
END_TEST

START_TEST(replies_are_bounded)
{
	static uint8_t big[60000];
	enum hm_turn turn = HM_TURN_ASK;
	struct hm_frame frame = {.command = 0xa211, .payload = big};
	static uint8_t bytes[sizeof big + HM_FRAME_HEADER];
	size_t n, page;

	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	for (page = 0; turn == HM_TURN_ASK && page < 64; page++) {
		Hm__RealReply real = HM__REAL_REPLY__INIT;
		size_t start;

		real.dtu_serial = serial;
		real.packages = 64;
		real.package = (int32_t)page;
		start = hm__real_reply__pack(&real, big);
		/* An unknown field of many bytes. */
		memcpy(big + start, "\xa2\x06\x80\xfa\x01", 5);
		frame.size = start + 5 + 32000;
		n = hm_frame_write(&frame, bytes, sizeof bytes);
		turn = hm_dialog_feed(dialog, bytes, n);
	}
	expect_failure(turn, HM_ERR_PROTOCOL);
	ck_assert_uint_eq(page, 4);
}
END_TEST

START_TEST(silence_and_a_closed_connection_fail_the_poll)
{
	poll_at(0);
	hm_dialog_begin(dialog, NOW, 0);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
	hm_dialog_begin(dialog, NOW, 0);
	wire_real();
	hm_dialog_feed(dialog, wire, 20);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_CLOSED),
	    HM_ERR_CLOSED);
	ck_assert_ptr_nonnull(strstr(hm_dialog_error_text(dialog), "20"));
}
END_TEST

/* Extras */

static void
poll_extras(void)
{
	hm_dialog_begin(dialog, NOW, 0);
	wire_info();
	feed();
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
}

START_TEST(alarms_have_another_layout_too)
{
	Hm__AlarmsPlain alarms = HM__ALARMS_PLAIN__INIT;
	Hm__Alarm alarm = HM__ALARM__INIT;
	Hm__Alarm *list[] = {&alarm};

	options.ask = HM_ASK_ALARMS;
	poll_extras();
	wire_acknowledgement();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_ALARMS);
	alarms.dtu_serial = serial;
	alarms.alarm = list;
	alarms.n_alarm = 1;
	wire_message(0xa204, &alarms);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 3);
	ck_assert_uint_eq(reply_command(2), 0xa204);
}
END_TEST

START_TEST(extras_come_after_the_readings)
{
	options.ask = HM_ASK_NETWORK | HM_ASK_ALARMS | HM_ASK_HISTORY;
	poll_extras();
	ck_assert_uint_eq(asked(), HM_CMD_NETWORK);
	wire_network();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_COMMAND);
	wire_acknowledgement();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_ALARMS);
	wire_alarms_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_ALARMS);
	wire_alarms_page(2, 1);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_HISTORY);
	wire_history_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_HISTORY);
	wire_history_page(2, 1);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_ENERGIES);
	wire_payload(0xa216, (const uint8_t *)"\x22\x02\x08\x05", 4);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 8);
	ck_assert_uint_eq(reply_command(7), 0xa216);
	ck_assert_uint_eq(reply_command(2), 0xa214);
	ck_assert_uint_eq(reply_command(3), 0xa204);
	ck_assert_uint_eq(reply_command(6), 0xa215);
	poll_at(1);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
}
END_TEST

START_TEST(silence_about_extras_leaves_the_readings)
{
	options.ask = HM_ASK_NETWORK | HM_ASK_HISTORY;
	poll_extras();
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	/* Not asked for again before its time. */
	poll_at(1);
}
END_TEST

START_TEST(broken_extras_leave_the_readings)
{
	options.ask = HM_ASK_NETWORK;
	for (size_t at = 0; at < 12; at++) {
		enum hm_turn turn;

		hm_dialog_free(dialog);
		dialog = hm_dialog_new(&dtu, &options);
		ck_assert_ptr_nonnull(dialog);
		poll_extras();
		wire_network();
		wire[at] ^= 0x40;
		turn = feed();
		if (turn == HM_TURN_READ)
			turn = hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ);
		ck_assert_int_eq(turn, HM_TURN_DONE);
		ck_assert_uint_ge(hm_dialog_replies(dialog), 2);
		ck_assert_uint_eq(reply_command(1), 0xa211);
	}
}
END_TEST

START_TEST(extras_that_cannot_be_unpacked_leave_the_readings)
{
	options.ask = HM_ASK_ALARMS | HM_ASK_HISTORY;
	poll_extras();
	wire_acknowledgement();
	feed();
	wire_payload(0xa204, (const uint8_t *)"\x0a\xff", 2);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_HISTORY);
	wire_payload(0xa215, (const uint8_t *)"\x0a\xff", 2);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
}
END_TEST

START_TEST(page_of_an_extra_sent_twice_is_dropped)
{
	options.ask = HM_ASK_HISTORY;
	poll_extras();
	wire_history_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_history_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_READ);
	wire_history_page(2, 1);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
}
END_TEST

/* A DTU may not know the request; but a packet may be lost, too. */
START_TEST(energies_are_asked_for_until_there_is_no_answer)
{
	static const bool answers[] = {true, false, false, true, false, false,
	    false};
	const int64_t polls = sizeof answers / sizeof *answers;

	options.ask = HM_ASK_HISTORY;
	options.ask_period = 60;
	poll_extras();
	for (int64_t poll = 1; poll <= polls; poll++) {
		wire_history_page(1, 0);
		ck_assert_int_eq(feed(), HM_TURN_ASK);
		ck_assert_uint_eq(asked(), HM_CMD_ENERGIES);
		wire_payload(0xa216, (const uint8_t *)(poll == 1 ? "\x0a\xff" :
		    "\x22\x02\x08\x05"), poll == 1 ? 2 : 4);
		if (answers[poll - 1])
			ck_assert_int_eq(feed(), HM_TURN_DONE);
		else
			ck_assert_int_eq(hm_dialog_give_up(dialog,
			    HM_ERR_TIMEOUT_READ), HM_TURN_DONE);
		wired = 0;
		hm_dialog_begin(dialog, NOW, poll * 60);
		wire_real();
		ck_assert_int_eq(feed(), HM_TURN_ASK);
	}
	wire_history_page(1, 0);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

START_TEST(flood_instead_of_extras_leaves_the_readings)
{
	enum hm_turn turn = HM_TURN_READ;

	options.ask = HM_ASK_NETWORK;
	poll_extras();
	for (unsigned i = 0; turn == HM_TURN_READ && i < 1000; i++) {
		wire_heartbeat();
		turn = feed();
	}
	ck_assert_int_eq(turn, HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
}
END_TEST

static void
wire_config(int32_t minutes)
{
	static uint8_t secret[] = "hunter2";
	Hm__Config config = HM__CONFIG__INIT;
	ProtobufCMessageUnknownField password = {.tag = 17,
	    .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED};
	uint8_t prefixed[sizeof secret];

	/* The length of the text comes before it. */
	prefixed[0] = sizeof secret - 1;
	memcpy(prefixed + 1, secret, sizeof secret - 1);
	password.data = prefixed;
	password.len = sizeof prefixed;
	config.base.unknown_fields = &password;
	config.base.n_unknown_fields = 1;
	config.power_limit = 805;
	config.upload_period = minutes;
	config.dtu_serial = serial;
	wire_message(0xa209, &config);
}

/* Whether a reply that is kept has some text. */
static bool
keeps(const char *text)
{
	size_t n = strlen(text), size;

	for (size_t i = 0; i < hm_dialog_replies(dialog); i++) {
		const uint8_t *p = hm_dialog_reply(dialog, i, &size);

		for (size_t at = 0; at + n <= size; at++)
			if (memcmp(p + at, text, n) == 0)
				return true;
	}
	return false;
}

START_TEST(too_many_packages_of_extras_are_refused_at_once)
{
	options.ask = HM_ASK_HISTORY | HM_ASK_ALARMS;
	options.refused = on_refused;
	poll_extras();
	wire_acknowledgement();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_alarms_page(65, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_HISTORY);
	ck_assert_ptr_nonnull(strstr(refusal, "the alarm list in 65"));
	wire_history_page(INT32_MAX, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_ENERGIES);
	ck_assert_ptr_nonnull(strstr(refusal, "the power history in 2147"));
	ck_assert_uint_eq(refusals, 2);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
}
END_TEST

START_TEST(configuration_is_kept_without_secrets)
{
	options.ask = HM_ASK_NETWORK | HM_ASK_CONFIG;
	poll_extras();
	ck_assert_uint_eq(asked(), HM_CMD_NETWORK);
	wire_network();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_CONFIG);
	ck_assert_int_eq(hm_dialog_upload_ms(dialog), 0);
	wire_config(5);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
	ck_assert_uint_eq(reply_command(3), 0xa209);
	ck_assert(keeps(serial));
	ck_assert(!keeps("hunter"));
	ck_assert_int_eq(hm_dialog_upload_ms(dialog), 300000);
}
END_TEST

static const struct {
	int32_t minutes;
	int64_t ms;
} upload_periods[] = {{1, 60000}, {15, 900000}, {60, 3600000}, {0, 0},
    {-5, 0}, {7, 0}, {61, 0}, {120, 0}, {INT32_MAX, 0}, {INT32_MIN, 0}};

START_TEST(upload_period_divides_the_hour)
{
	options.ask = HM_ASK_CONFIG;
	poll_extras();
	wire_config(upload_periods[_i].minutes);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_int_eq(hm_dialog_upload_ms(dialog), upload_periods[_i].ms);
}
END_TEST

/* hm-decode must know whether the limit of the configuration is an old one. */
START_TEST(configuration_comes_with_information)
{
	options.ask = HM_ASK_CONFIG;
	poll_extras();
	wire_config(15);
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	hm_dialog_begin(dialog, NOW, 60);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	hm_dialog_begin(dialog, NOW, options.ask_period + 60);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	wire_info();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_CONFIG);
}
END_TEST

/* A DTU that does not answer costs neither the readings nor the schedule. */
START_TEST(configuration_may_fail)
{
	options.ask = HM_ASK_CONFIG;
	poll_extras();
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	ck_assert_int_eq(hm_dialog_upload_ms(dialog), 0);
}
END_TEST

START_TEST(failed_poll_does_not_use_up_the_extras)
{
	options.ask = HM_ASK_NETWORK;
	hm_dialog_begin(dialog, NOW, 0);
	hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ);
	hm_dialog_begin(dialog, NOW, 60);
	wire_info();
	feed();
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_NETWORK);
}
END_TEST

/* Encryption */

START_TEST(encrypted_poll)
{
	key_random = random_a;
	options.ask = HM_ASK_NETWORK;
	hm_dialog_begin(dialog, NOW, 0);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	wire_info();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_int_eq(asked_package(), 0);
	wire_heartbeat();
	wire_real_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_int_eq(asked_package(), 1);
	wire_real_page(2, 1);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_NETWORK);
	wire_network();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(reply_command(i) & 0xff00u, HM_FROM_DTU);
	ck_assert(replies_hold(serial, strlen(serial)));
}
END_TEST

START_TEST(random_number_is_not_kept)
{
	key_random = random_a;
	poll_at(0);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	for (size_t n = 4; n <= HM_CRYPT_RANDOM; n += 4)
		for (size_t at = 0; at + n <= HM_CRYPT_RANDOM; at++)
			ck_assert(!replies_hold(random_a + at, n));
}
END_TEST

static void
restart_dtu(int64_t moment)
{
	hm_dialog_begin(dialog, NOW, moment);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	key_random = random_b;
	wire_real();
}

START_TEST(new_key_is_asked_for_at_the_first_reply_that_does_not_decrypt)
{
	key_random = random_a;
	poll_at(0);
	restart_dtu(60);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	wire_info();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_int_eq(asked_package(), 0);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	/* The reply that could not be read is not among the replies. */
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	poll_at(61);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
}
END_TEST

START_TEST(pages_before_a_new_key_are_dropped)
{
	key_random = random_a;
	poll_at(0);
	hm_dialog_begin(dialog, NOW, 60);
	wire_real_page(2, 0);
	feed();
	key_random = random_b;
	wire_real_page(2, 1);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	wire_info();
	feed();
	ck_assert_int_eq(asked_package(), 0);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
}
END_TEST

START_TEST(new_key_is_asked_for_at_most_once_a_minute)
{
	key_random = random_a;
	poll_at(0);
	restart_dtu(59);
	expect_failure(feed(), HM_ERR_DECRYPT);
	key_random = random_a;
	hm_dialog_begin(dialog, NOW, 59);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	key_random = random_b;
	wire_real();
	expect_failure(feed(), HM_ERR_DECRYPT);
	/* When the minute is over the poll begins with it. */
	poll_at(60);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
}
END_TEST

/* A failed poll, of a DTU that asks for readings first. */
static void
fail_at(int64_t moment)
{
	hm_dialog_begin(dialog, NOW, moment);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
}

START_TEST(dtu_may_begin_to_encrypt)
{
	options.ask = 0;
	poll_at(0);
	fail_at(10);
	fail_at(59);
	/* A minute after the last request for information. */
	hm_dialog_begin(dialog, NOW, 60);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	key_random = random_a;
	wire_info();
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	ck_assert_int_eq(asked_package(), 0);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	poll_at(120);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
}
END_TEST

START_TEST(reply_that_cannot_be_read_raises_doubt)
{
	options.ask = 0;
	poll_at(0);
	/* The encrypted reply to a plain request. */
	hm_dialog_begin(dialog, NOW, 100);
	key_random = random_a;
	wire_real();
	key_random = NULL;
	expect_failure(feed(), HM_ERR_PROTOCOL);
	hm_dialog_begin(dialog, NOW, 101);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
	/* No answer: a minute passes before the next request for it. */
	ck_assert_int_eq(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_TURN_ASK);
	expect_failure(hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ),
	    HM_ERR_TIMEOUT_READ);
	fail_at(160);
	hm_dialog_begin(dialog, NOW, 161);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
}
END_TEST

START_TEST(good_readings_end_the_doubt)
{
	options.ask = 0;
	poll_at(0);
	fail_at(10);
	poll_at(20);
	fail_at(59);
	poll_at(59);
	hm_dialog_begin(dialog, NOW, 120);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
}
END_TEST

START_TEST(key_is_learned_from_information_that_is_refused)
{
	key_random = random_a;
	poll_with_info_in(10000, 0);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 1);
}
END_TEST

START_TEST(later_pages_of_information_have_no_key)
{
	key_random = random_a;
	hm_dialog_begin(dialog, NOW, 0);
	wire_info_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	/* As from a DTU that numbers every package 0. */
	key_random = NULL;
	sequence = 1;
	wire_info_page(2, 0);
	ck_assert_int_eq(feed(), HM_TURN_ASK);
	key_random = random_a;
	ck_assert_int_eq(asked_package(), 0);
	wire_real();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
}
END_TEST

START_TEST(key_is_doubted_after_silence)
{
	key_random = random_a;
	poll_at(0);
	hm_dialog_begin(dialog, NOW, 60);
	ck_assert_uint_eq(asked(), HM_CMD_REAL);
	hm_dialog_give_up(dialog, HM_ERR_TIMEOUT_READ);
	hm_dialog_begin(dialog, NOW, 120);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
}
END_TEST

START_TEST(extra_that_does_not_decrypt_leaves_the_readings)
{
	options.ask = HM_ASK_NETWORK;
	key_random = random_a;
	poll_extras();
	key_random = random_b;
	wire_network();
	ck_assert_int_eq(feed(), HM_TURN_DONE);
	ck_assert_uint_eq(hm_dialog_replies(dialog), 2);
	hm_dialog_begin(dialog, NOW, 60);
	ck_assert_uint_eq(asked(), HM_CMD_INFO);
}
END_TEST

START_TEST(forged_reply_does_not_decrypt)
{
	key_random = random_a;
	poll_at(0);
	hm_dialog_begin(dialog, NOW, 10);
	wire_real();
	wire[wired - 1] ^= 1;
	expect_failure(feed(), HM_ERR_DECRYPT);
}
END_TEST

START_TEST(dtu_may_stop_encrypting)
{
	options.ask = HM_ASK_INFO;
	key_random = random_a;
	poll_at(0);
	key_random = NULL;
	poll_at(ASK_PERIOD);
	poll_at(ASK_PERIOD + 1);
}
END_TEST

START_TEST(random_number_of_another_length_is_no_key)
{
	Hm__InfoReply info = HM__INFO_REPLY__INIT;
	Hm__InfoDtu part = HM__INFO_DTU__INIT;
	uint8_t bytes[64];

	memset(bytes, 0x5a, sizeof bytes);
	for (size_t n = 1; n < sizeof bytes; n++) {
		if (n == HM_CRYPT_RANDOM)
			continue;
		hm_dialog_begin(dialog, NOW, (int64_t)n * 60);
		if (asked() == HM_CMD_INFO) {
			info.dtu_serial = serial;
			info.dtu = &part;
			part.features = HM_CRYPT_DFS_BIT;
			part.encryption_random.data = bytes;
			part.encryption_random.len = n;
			wire_message(0xa201, &info);
			ck_assert_int_eq(feed(), HM_TURN_ASK);
		}
		wire_real();
		ck_assert_int_eq(feed(), HM_TURN_DONE);
		ck_assert(!replies_hold("ZZ", 2));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dialog_hm");
	TCase *plain = tcase_create("plain"), *extras = tcase_create("extras"),
	    *encrypted = tcase_create("encrypted");

	tcase_add_checked_fixture(plain, setup, teardown);
	tcase_add_checked_fixture(extras, setup, teardown);
	tcase_add_checked_fixture(encrypted, setup, teardown);
	suite_add_tcase(suite, plain);
	tcase_add_test(plain, information_comes_before_readings);
	tcase_add_test(plain, request_has_the_time);
	tcase_add_test(plain, information_is_asked_for_again_after_its_period);
	tcase_add_test(plain, information_of_a_failed_poll_is_asked_for_again);
	tcase_add_test(plain, readings_of_the_same_time_are_stale);
	tcase_add_test(plain, readings_without_a_time_are_never_stale);
	tcase_add_test(plain, silence_about_known_information_costs_no_poll);
	tcase_add_test(plain, dtu_without_information_is_read);
	tcase_add_test(plain, information_that_cannot_be_read_costs_no_poll);
	tcase_add_test(plain,
	    packages_that_all_have_number_0_are_taken_in_order);
	tcase_add_test(plain, number_of_the_request_is_proof);
	tcase_add_test(plain, packages_that_did_not_come_are_missing);
	tcase_add_test(plain, pages_are_asked_for_one_by_one);
	tcase_add_test(plain, pages_of_information_are_asked_for);
	tcase_add_test(plain, page_sent_twice_is_dropped);
	tcase_add_test(plain, unsolicited_frames_are_dropped);
	tcase_add_test(plain, nothing_but_unsolicited_frames_is_a_failure);
	tcase_add_test(plain,
	    nothing_but_packages_not_asked_for_is_a_failure);
	tcase_add_test(plain, bytes_that_are_skipped_are_bounded);
	tcase_add_test(plain, replies_may_come_byte_by_byte);
	tcase_add_test(plain,
	    rest_of_an_unsolicited_frame_may_follow_the_request);
	tcase_add_test(plain, broken_frames_fail_the_poll);
	tcase_add_test(plain, payload_that_cannot_be_unpacked_fails_the_poll);
	tcase_add_test(plain, empty_plant_is_not_mapped);
	tcase_add_test(plain, rapid_shutdown_devices_alone_are_a_plant);
	tcase_add_test(plain, too_many_packages_make_no_sense);
	tcase_add_test(plain,
	    too_many_packages_of_information_are_refused_at_once);
	tcase_add_test(plain, replies_are_bounded);
	tcase_add_test(plain, silence_and_a_closed_connection_fail_the_poll);
	suite_add_tcase(suite, extras);
	tcase_add_test(extras, extras_come_after_the_readings);
	tcase_add_test(extras, alarms_have_another_layout_too);
	tcase_add_test(extras, silence_about_extras_leaves_the_readings);
	tcase_add_test(extras, broken_extras_leave_the_readings);
	tcase_add_test(extras,
	    extras_that_cannot_be_unpacked_leave_the_readings);
	tcase_add_test(extras, page_of_an_extra_sent_twice_is_dropped);
	tcase_add_test(extras,
	    energies_are_asked_for_until_there_is_no_answer);
	tcase_add_test(extras, flood_instead_of_extras_leaves_the_readings);
	tcase_add_test(extras,
	    too_many_packages_of_extras_are_refused_at_once);
	tcase_add_test(extras, configuration_is_kept_without_secrets);
	tcase_add_loop_test(extras, upload_period_divides_the_hour, 0,
	    sizeof upload_periods / sizeof *upload_periods);
	tcase_add_test(extras, configuration_comes_with_information);
	tcase_add_test(extras, configuration_may_fail);
	tcase_add_test(extras, failed_poll_does_not_use_up_the_extras);
	suite_add_tcase(suite, encrypted);
	tcase_add_test(encrypted, encrypted_poll);
	tcase_add_test(encrypted, random_number_is_not_kept);
	tcase_add_test(encrypted,
	    new_key_is_asked_for_at_the_first_reply_that_does_not_decrypt);
	tcase_add_test(encrypted, pages_before_a_new_key_are_dropped);
	tcase_add_test(encrypted, new_key_is_asked_for_at_most_once_a_minute);
	tcase_add_test(encrypted, dtu_may_begin_to_encrypt);
	tcase_add_test(encrypted, reply_that_cannot_be_read_raises_doubt);
	tcase_add_test(encrypted, good_readings_end_the_doubt);
	tcase_add_test(encrypted,
	    key_is_learned_from_information_that_is_refused);
	tcase_add_test(encrypted, later_pages_of_information_have_no_key);
	tcase_add_test(encrypted, key_is_doubted_after_silence);
	tcase_add_test(encrypted,
	    extra_that_does_not_decrypt_leaves_the_readings);
	tcase_add_test(encrypted, forged_reply_does_not_decrypt);
	tcase_add_test(encrypted, dtu_may_stop_encrypting);
	tcase_add_test(encrypted, random_number_of_another_length_is_no_key);
	return run_suite(suite);
}
