#include <check.h>
#include <stdio.h>

#include "outbox.h"
#include "run_suite.h"

static struct hm_outbox *outbox;
static int next_id;

static void
setup(void)
{
	const struct hm_outbox_limits limits = {100, 1000};

	outbox = hm_outbox_new(&limits);
	ck_assert_ptr_nonnull(outbox);
	next_id = 1;
}

static void
teardown(void)
{
	hm_outbox_free(outbox);
}

static struct hm_message
make(const char *topic, const char *payload, bool retain)
{
	return (struct hm_message){.topic = hm_text(topic),
	    .payload = hm_text(payload), .qos = 1, .retain = retain};
}

static void
put(const char *topic, const char *payload, bool retain)
{
	const struct hm_message message = make(topic, payload, retain);

	ck_assert(hm_outbox_put(outbox, &message));
}

static void
push(const char *topic, const char *payload)
{
	const struct hm_message message = make(topic, payload, true);

	ck_assert(hm_outbox_push(outbox, &message));
}

/* Send the next message, which must be this one. */
static int
send_next(const char *topic, const char *payload)
{
	struct hm_message m;

	ck_assert_msg(hm_outbox_next(outbox, &m), "no %s", topic);
	ck_assert_msg(hm_slice_is(m.topic, topic), "%.*s, not %s",
	    (int)m.topic.n, m.topic.p, topic);
	ck_assert_msg(hm_slice_is(m.payload, payload), "%.*s, not %s",
	    (int)m.payload.n, m.payload.p, payload);
	hm_outbox_sent(outbox, next_id);
	return next_id++;
}

static void
deliver(const char *topic, const char *payload)
{
	hm_outbox_arrived(outbox, send_next(topic, payload));
}

static void
expect_nothing(void)
{
	struct hm_message message;

	ck_assert(!hm_outbox_next(outbox, &message));
	ck_assert_uint_eq(hm_outbox_counts(outbox)->queued,
	    hm_outbox_flights(outbox));
}

START_TEST(pushed_messages_go_first_and_once)
{
	put("a", "1", false);
	put("c/config", "2", true);
	ck_assert(!hm_outbox_is_prepared(outbox));
	push("c/config", "x");
	push("c/config", "");
	ck_assert(hm_outbox_is_prepared(outbox));
	ck_assert_uint_eq(hm_outbox_counts(outbox)->queued, 4);
	deliver("c/config", "x");
	deliver("c/config", "");
	deliver("a", "1");
	deliver("c/config", "2");
	expect_nothing();
	hm_outbox_announce(outbox);
	deliver("c/config", "2");
	expect_nothing();
	ck_assert_uint_eq(hm_outbox_counts(outbox)->delivered, 5);
}
END_TEST

START_TEST(pushed_messages_end_with_the_connection)
{
	put("c/config", "2", true);
	hm_outbox_prepared(outbox, hm_text("3"));
	push("a", "x");
	push("b", "y");
	send_next("a", "x");
	hm_outbox_return(outbox);
	ck_assert_uint_eq(hm_outbox_flights(outbox), 0);
	/* What goes before it is asked again. */
	ck_assert(!hm_outbox_is_prepared(outbox));
	deliver("c/config", "3");
	expect_nothing();
}
END_TEST

START_TEST(pushed_message_is_refused)
{
	push("a", "x");
	hm_outbox_refused(outbox);
	ck_assert_uint_eq(hm_outbox_counts(outbox)->dropped, 1);
	expect_nothing();
}
END_TEST

START_TEST(prepared_message)
{
	put("c/config", "2", true);
	ck_assert(hm_outbox_prepared(outbox, hm_text("longer")));
	ck_assert(hm_outbox_is_prepared(outbox));
	put("c/config", "4", true);
	ck_assert(!hm_outbox_is_prepared(outbox));
	hm_outbox_prepared(outbox, hm_text("longer"));
	deliver("c/config", "longer");
	hm_outbox_announce(outbox);
	ck_assert(!hm_outbox_is_prepared(outbox));
	deliver("c/config", "longer");
}
END_TEST

START_TEST(payload_without_room)
{
	char large[1001];

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	put("c/config", "2", true);
	ck_assert(!hm_outbox_prepared(outbox, hm_text(large)));
	ck_assert(hm_outbox_is_prepared(outbox));
	deliver("c/config", "2");
}
END_TEST

START_TEST(outdated_state_is_not_repeated)
{
	put("old", "1", false);
	put("kept", "1", true);
	deliver("old", "1");
	deliver("kept", "1");
	put("c/config", "2", true);
	put("new", "3", false);
	hm_outbox_outdate(outbox, hm_text("old"));
	hm_outbox_outdate(outbox, hm_text("kept"));
	hm_outbox_outdate(outbox, hm_text("new"));
	hm_outbox_outdate(outbox, hm_text("none"));
	hm_outbox_outdate(outbox, hm_text("c/config"));
	deliver("c/config", "2");
	deliver("new", "3");
	hm_outbox_repeat(outbox);
	deliver("new", "3");
	hm_outbox_announce(outbox);
	deliver("c/config", "2");
	expect_nothing();
	put("old", "4", false);
	deliver("old", "4");
	hm_outbox_repeat(outbox);
	deliver("new", "3");
	deliver("old", "4");
}
END_TEST

START_TEST(outdated_state_in_flight)
{
	put("flies", "1", false);
	send_next("flies", "1");
	put("c/config", "2", true);
	hm_outbox_outdate(outbox, hm_text("flies"));
	hm_outbox_return(outbox);
	deliver("c/config", "2");
	expect_nothing();
}
END_TEST

START_TEST(forgotten_announcement)
{
	put("c/config", "1", true);
	put("d/config", "1", true);
	deliver("c/config", "1");
	deliver("d/config", "1");
	hm_outbox_forget(outbox, hm_text("c/config"));
	hm_outbox_announce(outbox);
	hm_outbox_forget(outbox, hm_text("d/config"));
	expect_nothing();
	hm_outbox_announce(outbox);
	expect_nothing();
}
END_TEST

START_TEST(forgotten_in_flight)
{
	int id;

	put("c/config", "1", true);
	id = send_next("c/config", "1");
	hm_outbox_forget(outbox, hm_text("c/config"));
	hm_outbox_announce(outbox);
	expect_nothing();
	hm_outbox_arrived(outbox, id);
	hm_outbox_announce(outbox);
	expect_nothing();
	put("c/config", "2", true);
	send_next("c/config", "2");
	hm_outbox_forget(outbox, hm_text("c/config"));
	hm_outbox_return(outbox);
	expect_nothing();
}
END_TEST

START_TEST(new_announcement_is_not_forgotten)
{
	put("c/config", "1", true);
	hm_outbox_forget(outbox, hm_text("c/config"));
	hm_outbox_forget(outbox, hm_text("none"));
	put("state", "1", false);
	hm_outbox_forget(outbox, hm_text("state"));
	deliver("c/config", "1");
	hm_outbox_forget(outbox, hm_text("state"));
	deliver("state", "1");
	put("c/config", "2", true);
	hm_outbox_forget(outbox, hm_text("c/config"));
	deliver("c/config", "2");
	hm_outbox_announce(outbox);
	deliver("c/config", "2");
}
END_TEST

static bool
visit(void *context, const struct hm_message *message)
{
	char *list = context;

	size_t n = strlen(list);

	ck_assert_uint_lt(n + message->topic.n, 8);
	memcpy(list + n, message->topic.p, message->topic.n);
	list[n + message->topic.n] = '\0';
	return strlen(list) < 2;
}

START_TEST(waiting_messages_are_visited)
{
	char list[8] = "";

	hm_outbox_each_waiting(outbox, visit, list);
	ck_assert_str_eq(list, "");
	put("a", "1", false);
	put("b", "1", false);
	put("c", "1", false);
	push("x", "1");
	hm_outbox_each_waiting(outbox, visit, list);
	ck_assert_str_eq(list, "ab");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("outbox_prepare");
	TCase *tcase = tcase_create("outbox_prepare");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, pushed_messages_go_first_and_once);
	tcase_add_test(tcase, pushed_messages_end_with_the_connection);
	tcase_add_test(tcase, pushed_message_is_refused);
	tcase_add_test(tcase, prepared_message);
	tcase_add_test(tcase, payload_without_room);
	tcase_add_test(tcase, outdated_state_is_not_repeated);
	tcase_add_test(tcase, outdated_state_in_flight);
	tcase_add_test(tcase, forgotten_announcement);
	tcase_add_test(tcase, forgotten_in_flight);
	tcase_add_test(tcase, new_announcement_is_not_forgotten);
	tcase_add_test(tcase, waiting_messages_are_visited);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
