#include "poller.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "info.pb-c.h"
#include "real.pb-c.h"
#include "run_suite.h"
#include "wire/hmframe.h"

/* A DTU in the same loop: answers the nth request with the nth piece. */

struct piece {
	uint8_t bytes[512];
	size_t size;
	uint8_t later[512]; /* sent LATER_S after the piece */
	size_t later_size;
	bool ends; /* the connection */
};

#define LATER_S 0.1
#define PIECES 5

static struct ev_loop *loop;
static int listener, connection;
static ev_io accepting, reading;
static ev_timer later;
static struct piece piece[PIECES];
static size_t pieces, requests;
static unsigned copies; /* of each piece; 0: one */
static bool closes; /* the connection, instead of answering */
static bool vanishes; /* after a piece that ends the connection */
static bool starves;  /* no descriptor is left then */

static char host[64], name[] = "roof", serial[] = "10F872226797";
static struct hm_dtu dtu;
static struct hm_arena arena;
static struct hm_poller_options options;
static struct hm_paced_queue floods;
static struct hm_poller *poller, *asked; /* the one that polls */
static unsigned calls;
static enum hm_poll_error error;
static char text[200];
static size_t replies;
static bool is_partial, not_made;

static void
send_all(const uint8_t *p, size_t n)
{
	ck_assert(send(connection, p, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static void
on_later(struct ev_loop *l, ev_timer *timer, int events)
{
	const struct piece *last = &piece[requests - 1];

	(void)l;
	(void)timer;
	(void)events;
	send_all(last->later, last->later_size);
}

static void
limit_descriptors(rlim_t most)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void
end_connection(void)
{
	ev_io_stop(loop, &reading);
	close(connection);
	connection = -1;
	if (starves)
		limit_descriptors(0);
	if (!vanishes)
		return;
	ev_io_stop(loop, &accepting);
	close(listener);
	listener = -1;
}

static void
on_request(struct ev_loop *l, ev_io *io, int events)
{
	uint8_t bytes[512];
	const struct piece *next = &piece[requests];

	(void)events;
	if (recv(connection, bytes, sizeof bytes, 0) <= 0) {
		ev_io_stop(l, io);
		return;
	}
	if (requests == pieces)
		return;
	requests++;
	for (unsigned i = 0; i < (copies > 0 ? copies : 1); i++)
		send_all(next->bytes, next->size);
	if (next->ends)
		end_connection();
	if (next->later_size > 0) {
		ev_timer_set(&later, LATER_S, 0);
		ev_timer_start(l, &later);
	}
}

static void
on_connection(struct ev_loop *l, ev_io *io, int events)
{
	(void)io;
	(void)events;
	ev_io_stop(l, &reading);
	if (connection >= 0)
		close(connection);
	connection = accept(listener, NULL, NULL);
	ck_assert_int_ge(connection, 0);
	if (closes) {
		close(connection);
		connection = -1;
		return;
	}
	ev_io_set(&reading, connection, EV_READ);
	ev_io_start(l, &reading);
}

static void
on_done(void *context, struct hm_poller *p,
    const struct hm_poll_result *result)
{
	ck_assert_ptr_eq(context, &calls);
	ck_assert_ptr_eq(p, asked);
	ck_assert_int_ge(result->took_ms, 0);
	calls++;
	error = result->error;
	not_made = result->not_made;
	replies = hm_dialog_replies(hm_poller_dialog(p));
	is_partial = hm_dialog_is_partial(hm_poller_dialog(p));
	strncat(text, result->text, sizeof text - strlen(text) - 1);
	ev_break(loop, EVBREAK_ALL);
}

static uint16_t
listen_somewhere(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof address;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, n), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address,
	    &n), 0);
	return ntohs(address.sin_port);
}

static void
setup(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	strcpy(host, "127.0.0.1");
	dtu = (struct hm_dtu){.name = name, .transport = HM_TRANSPORT_MODBUS,
	    .host = host, .port = listen_somewhere(), .unit = 1};
	connection = -1;
	ev_io_init(&accepting, on_connection, listener, EV_READ);
	ev_init(&reading, on_request);
	ev_init(&later, on_later);
	ev_io_start(loop, &accepting);
	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
	hm_paced_queue_init(&floods, loop);
	options = (struct hm_poller_options){
	    .loop = loop,
	    .resolver = hm_resolver_new(loop),
	    .floods = &floods,
	    .dialog = {.ask_period = 3600, .arena = &arena},
	    .connect_timeout_ms = 1000,
	    .read_timeout_ms = 300,
	    .done = on_done,
	};
	poller = asked = hm_poller_new(&dtu, &options, &calls);
	ck_assert_ptr_nonnull(poller);
}

static void
speak_hm(void)
{
	hm_poller_free(poller);
	dtu.transport = HM_TRANSPORT_HM;
	poller = asked = hm_poller_new(&dtu, &options, &calls);
	ck_assert_ptr_nonnull(poller);
}

static void
teardown(void)
{
	bool idle;

	hm_poller_free(poller);
	idle = hm_resolver_free(options.resolver);
	hm_arena_free(&arena);
	close(listener);
	if (connection >= 0)
		close(connection);
	if (idle)
		ev_loop_destroy(loop);
}

static void
poll_once(void)
{
	ck_assert(hm_poller_start(poller));
	if (calls == 0)
		ev_run(loop, 0);
	ck_assert_uint_eq(calls, 1);
}

static void
add_modbus(const void *data, size_t n)
{
	struct piece *p = &piece[pieces++];

	memset(p->bytes, 0, 9);
	p->bytes[1] = (uint8_t)pieces;
	p->bytes[5] = (uint8_t)(n + 3);
	p->bytes[6] = 1;
	p->bytes[7] = 3;
	p->bytes[8] = (uint8_t)n;
	memcpy(p->bytes + 9, data, n);
	p->size = 9 + n;
}

static void
add_frame(uint16_t command, const void *message)
{
	struct piece *p = &piece[pieces++];
	uint8_t payload[400];
	struct hm_frame frame = {.command = command, .payload = payload};

	frame.size = protobuf_c_message_pack(message, payload);
	p->size = hm_frame_write(&frame, p->bytes, sizeof p->bytes);
}

static bool
takes_order(void *context, struct hm_poller *p)
{
	ck_assert_ptr_eq(context, &calls);
	ck_assert_ptr_eq(p, poller);
	return true;
}

static void
hears_of_order(void *context, struct hm_poller *p)
{
	ck_assert(takes_order(context, p));
}

/* An order over Modbus, to a DTU that reads all of it. */
static void
order_once(bool replied)
{
	static const struct hm_order order = {.command = {.has_action = true,
	    .action = HM_ACTION_TURN_ON}};
	static const uint8_t record[40] = {0x0c, 0x11, 0x61}, end[40];

	options.sends = takes_order;
	options.heard = hears_of_order;
	add_modbus("\x10\xf8\x72\x22\x67\x97", 6);
	add_modbus(record, sizeof record);
	add_modbus(end, sizeof end);
	add_modbus("\0\1\0\x64\0\x64", 6);
	piece[pieces++] = (struct piece){.bytes = {0, 5, 0, 0, 0, 6, 1, 6, 0xd0,
	    0, 0, 1}, .size = replied ? 12 : 0};
	ck_assert(hm_dialog_order(hm_poller_dialog(poller), &order));
	poll_once();
	ck_assert_uint_eq(requests, 5);
}

/* What the system has not sent yet is dropped: the DTU sees a reset. */
START_TEST(order_without_a_reply_is_dropped)
{
	char byte;

	order_once(false);
	ck_assert_int_eq(error, HM_ERR_TIMEOUT_READ);
	ck_assert_int_eq(recv(connection, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

START_TEST(order_with_a_reply_ends_as_a_poll_does)
{
	char byte;

	order_once(true);
	ck_assert_int_eq(error, HM_ERR_NONE);
	ck_assert_int_eq(recv(connection, &byte, 1, 0), 0);
}
END_TEST

static unsigned skipped, skipped_most; /* in one turn of the loop */

static void
on_skipped(const struct hm_dtu *from, const char *reason)
{
	ck_assert_ptr_eq(from, &dtu);
	ck_assert_ptr_nonnull(reason);
	skipped++;
}

static void
on_turn(struct ev_loop *l, ev_prepare *turn, int events)
{
	(void)l;
	(void)turn;
	(void)events;
	if (skipped > skipped_most)
		skipped_most = skipped;
	skipped = 0;
}

/* Other connections get their turn between two chunks of what it sends. */
START_TEST(dtu_that_floods_gets_one_chunk_in_a_turn)
{
	ev_prepare turn;

	ev_prepare_init(&turn, on_turn);
	ev_prepare_start(loop, &turn);
	options.dialog.dropped = on_skipped;
	speak_hm();
	piece[0].size = sizeof piece[0].bytes;
	memset(piece[0].bytes, 0, sizeof piece[0].bytes);
	ck_assert_uint_eq(hm_frame_write(&(struct hm_frame){.command = 0x220d,
	    .payload = piece[0].bytes + HM_FRAME_HEADER,
	    .size = sizeof piece[0].bytes - HM_FRAME_HEADER}, piece[0].bytes,
	    sizeof piece[0].bytes), sizeof piece[0].bytes);
	piece[1] = piece[0];
	pieces = 2;
	copies = 60;
	poll_once();
	ev_prepare_stop(loop, &turn);
	ck_assert_int_eq(error, HM_ERR_TIMEOUT_READ);
	ck_assert_uint_gt(skipped_most, 0);
	ck_assert_uint_le(skipped_most, 4096 / sizeof piece[0].bytes + 1);
}
END_TEST

START_TEST(modbus_dtu_is_read)
{
	static const uint8_t record[40] = {0x3c, 0x11, 0x61}, end[40];

	add_modbus("\x10\xf8\x72\x22\x67\x97", 6);
	add_modbus(record, sizeof record);
	add_modbus(end, sizeof end);
	poll_once();
	ck_assert_int_eq(error, HM_ERR_NONE);
	ck_assert_uint_eq(replies, 3);
	ck_assert_ptr_eq(hm_poller_dtu(poller), &dtu);
}
END_TEST

/* The DTU closes the connection instead of sending the second record. */
static void
add_broken_list(void)
{
	static const uint8_t record[40] = {0x3c, 0x11, 0x61}, end[40];

	add_modbus("\x10\xf8\x72\x22\x67\x97", 6);
	add_modbus(record, sizeof record);
	piece[pieces++].ends = true;
	add_modbus("\x10\xf8\x72\x22\x67\x97", 6);
	add_modbus(end, sizeof end);
}

START_TEST(poll_goes_on_with_a_new_connection)
{
	add_broken_list();
	poll_once();
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(error, HM_ERR_NONE);
	ck_assert_uint_eq(replies, 3);
	ck_assert(is_partial);
}
END_TEST

START_TEST(new_connection_may_be_refused)
{
	vanishes = true;
	add_broken_list();
	poll_once();
	ck_assert_int_eq(error, HM_ERR_REFUSED);
	ck_assert_uint_eq(replies, 2);
	ck_assert(is_partial);
	/* The next poll knows nothing of it. */
	calls = 0;
	poll_once();
	ck_assert_int_eq(error, HM_ERR_REFUSED);
	ck_assert(!is_partial);
	listener = socket(AF_INET, SOCK_STREAM, 0);
}
END_TEST

START_TEST(new_connection_may_lack_a_descriptor)
{
	starves = true;
	add_broken_list();
	poll_once();
	limit_descriptors(256);
	ck_assert_int_eq(error, HM_ERR_UNREACHABLE);
	ck_assert(!not_made);
	ck_assert_uint_eq(replies, 2);
	ck_assert(is_partial);
}
END_TEST

/* What the DTU sends in the 2 s between two requests belongs to the stream. */
START_TEST(frame_may_end_in_a_pause)
{
	Hm__InfoReply info = HM__INFO_REPLY__INIT;
	Hm__RealReply real = HM__REAL_REPLY__INIT;
	Hm__RealSingle single = HM__REAL_SINGLE__INIT;
	Hm__RealSingle *list[] = {&single};
	struct hm_frame heartbeat = {.command = 0x2202,
	    .payload = (const uint8_t *)"\x08\x90\x1c", .size = 3};
	uint8_t bytes[32];
	size_t n = hm_frame_write(&heartbeat, bytes, sizeof bytes);
	int64_t start = hm_monotonic_ms();

	speak_hm();
	info.dtu_serial = real.dtu_serial = serial;
	single.serial = 1;
	real.single = list;
	real.n_single = 1;
	add_frame(0xa201, &info);
	memcpy(piece[0].bytes + piece[0].size, bytes, 4);
	piece[0].size += 4;
	memcpy(piece[0].later, bytes + 4, n - 4);
	piece[0].later_size = n - 4;
	add_frame(0xa211, &real);
	poll_once();
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(error, HM_ERR_NONE);
	ck_assert_uint_eq(replies, 2);
	ck_assert_int_ge(hm_monotonic_ms() - start, 2000);
}
END_TEST

START_TEST(silent_dtu_times_out)
{
	int64_t start = hm_monotonic_ms();

	poll_once();
	ck_assert_int_eq(error, HM_ERR_TIMEOUT_READ);
	ck_assert_int_ge(hm_monotonic_ms() - start, 290);
	ck_assert_int_lt(hm_monotonic_ms() - start, 1000);
}
END_TEST

START_TEST(closed_connection_is_reported)
{
	closes = true;
	poll_once();
	ck_assert_int_eq(error, HM_ERR_CLOSED);
}
END_TEST

START_TEST(closed_port_refuses)
{
	close(listener);
	ev_io_stop(loop, &accepting);
	poll_once();
	ck_assert_int_eq(error, HM_ERR_REFUSED);
	listener = socket(AF_INET, SOCK_STREAM, 0);
}
END_TEST

START_TEST(names_are_looked_up)
{
	struct addrinfo *list;
	/* A bare root file system may know no names at all. */
	bool known = getaddrinfo("localhost", NULL, NULL, &list) == 0;

	if (known)
		freeaddrinfo(list);
	strcpy(host, "localhost");
	closes = true;
	poll_once();
	ck_assert_int_eq(error, known ? HM_ERR_CLOSED : HM_ERR_RESOLVE);
}
END_TEST

START_TEST(unknown_name_is_reported)
{
	strcpy(host, "no-such-host.invalid");
	poll_once();
	ck_assert_int_eq(error, HM_ERR_RESOLVE);
}
END_TEST

START_TEST(poll_under_way_is_not_started_again)
{
	ck_assert(hm_poller_start(poller));
	ck_assert(!hm_poller_start(poller));
	ev_run(loop, 0);
	ck_assert_uint_eq(calls, 1);
	calls = 0;
	poll_once();
}
END_TEST

START_TEST(freed_poller_makes_no_callback)
{
	strcpy(host, "localhost");
	for (int runs = 0; runs < 20; runs++) {
		asked = hm_poller_new(&dtu, &options, &calls);
		ck_assert_ptr_nonnull(asked);
		ck_assert(hm_poller_start(asked));
		for (int i = 0; i < runs; i++)
			ev_run(loop, EVRUN_NOWAIT);
		hm_poller_free(asked);
	}
	/* On a slow machine one may have been done before it was freed. */
	asked = poller;
	calls = 0;
	poll_once();
	ck_assert_uint_eq(calls, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("poller");
	TCase *polls = tcase_create("polls");

	tcase_add_checked_fixture(polls, setup, teardown);
	tcase_set_timeout(polls, 20);
	suite_add_tcase(suite, polls);
	tcase_add_test(polls,
	    dtu_that_floods_gets_one_chunk_in_a_turn);
	tcase_add_test(polls, modbus_dtu_is_read);
	tcase_add_test(polls, poll_goes_on_with_a_new_connection);
	tcase_add_test(polls, new_connection_may_be_refused);
	tcase_add_test(polls, new_connection_may_lack_a_descriptor);
	tcase_add_test(polls, frame_may_end_in_a_pause);
	tcase_add_test(polls, silent_dtu_times_out);
	tcase_add_test(polls, closed_connection_is_reported);
	tcase_add_test(polls, closed_port_refuses);
	tcase_add_test(polls, names_are_looked_up);
	tcase_add_test(polls, unknown_name_is_reported);
	tcase_add_test(polls, poll_under_way_is_not_started_again);
	tcase_add_test(polls, order_without_a_reply_is_dropped);
	tcase_add_test(polls,
	    order_with_a_reply_ends_as_a_poll_does);
	tcase_add_test(polls, freed_poller_makes_no_callback);
	return run_suite(suite);
}
