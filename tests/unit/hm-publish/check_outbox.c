#include "outbox.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "run_suite.h"

static struct hm_outbox *outbox;
static int next_id;

/* With room for `topics` that have `bytes` together, and their payloads. */
static void
make(size_t states, size_t topics, size_t bytes)
{
	const struct hm_outbox_limits limits = {states,
	    topics * hm_outbox_cost(0, 0) + bytes};

	hm_outbox_free(outbox);
	outbox = hm_outbox_new(&limits);
	ck_assert_ptr_nonnull(outbox);
	next_id = 1;
}

static void
setup(void)
{
	make(1000, 1000, 100000);
}

static void
teardown(void)
{
	hm_outbox_free(outbox);
	outbox = NULL;
}

static bool
put(const char *topic, const char *payload, bool retain)
{
	const struct hm_message message = {
	    hm_text(topic), hm_text(payload), 1, retain, false};

	return hm_outbox_put(outbox, &message);
}

static bool
state(const char *topic, const char *payload)
{
	return put(topic, payload, false);
}

static bool
announcement(const char *topic, const char *payload)
{
	return put(topic, payload, true);
}

static bool
event(const char *topic, const char *payload)
{
	const struct hm_message message = {
	    .topic = hm_text(topic), .payload = hm_text(payload), .qos = 1,
	    .once = true};

	return hm_outbox_put(outbox, &message);
}

static void
expect_waiting(const char *topic, const char *payload)
{
	struct hm_message message;

	ck_assert_msg(hm_outbox_next(outbox, &message), "no %s", topic);
	ck_assert_msg(hm_slice_is(message.topic, topic), "%.*s, not %s",
	    (int)message.topic.n, message.topic.p, topic);
	ck_assert_msg(hm_slice_is(message.payload, payload), "%.*s, not %s",
	    (int)message.payload.n, message.payload.p, payload);
}

/* Send the first waiting message; returns its id. */
static int
send_next(const char *topic, const char *payload)
{
	expect_waiting(topic, payload);
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
}

static void
expect_counts(uint64_t queued, uint64_t delivered, uint64_t replaced,
    uint64_t dropped)
{
	const struct hm_outbox_counts *counts = hm_outbox_counts(outbox);

	ck_assert_uint_eq(counts->queued, queued);
	ck_assert_uint_eq(counts->delivered, delivered);
	ck_assert_uint_eq(counts->replaced, replaced);
	ck_assert_uint_eq(counts->dropped, dropped);
}

/* Order and replacement */

START_TEST(messages_leave_in_their_order)
{
	expect_nothing();
	expect_counts(0, 0, 0, 0);
	state("a", "1");
	announcement("b", "2");
	state("c", "");
	expect_counts(3, 0, 0, 0);
	deliver("a", "1");
	deliver("b", "2");
	deliver("c", "");
	expect_nothing();
	expect_counts(0, 3, 0, 0);
}
END_TEST

START_TEST(message_is_copied_whole)
{
	char topic[] = "a/b", payload[] = "x\0y";
	struct hm_message message = {
	    hm_slice(topic, 3), hm_slice(payload, 3), 2, true, false};

	ck_assert(hm_outbox_put(outbox, &message));
	memset(topic, '-', 3);
	memset(payload, '-', 3);
	message = (struct hm_message){.qos = -1};
	ck_assert(hm_outbox_next(outbox, &message));
	ck_assert(hm_slice_is(message.topic, "a/b"));
	ck_assert(hm_slice_equal(message.payload, hm_slice("x\0y", 3)));
	ck_assert_int_eq(message.qos, 2);
	ck_assert(message.retain);
}
END_TEST

START_TEST(newest_state_replaces_the_one_that_waits)
{
	state("a", "1");
	state("b", "1");
	state("a", "a longer one");
	expect_counts(2, 0, 1, 0);
	deliver("b", "1");
	deliver("a", "a longer one");
	state("a", "3");
	deliver("a", "3");
	expect_nothing();
	expect_counts(0, 3, 1, 0);
}
END_TEST

START_TEST(newest_announcement_replaces_the_one_that_waits)
{
	announcement("a", "1");
	announcement("b", "1");
	announcement("a", "2");
	deliver("b", "1");
	deliver("a", "2");
	expect_nothing();
	expect_counts(0, 2, 1, 0);
}
END_TEST

START_TEST(message_in_flight_is_not_replaced)
{
	int id;

	state("a", "1");
	id = send_next("a", "1");
	state("a", "2");
	expect_counts(2, 0, 0, 0);
	hm_outbox_arrived(outbox, id);
	expect_counts(1, 1, 0, 0);
	deliver("a", "2");
	expect_counts(0, 2, 0, 0);
}
END_TEST

START_TEST(topic_may_change_its_kind)
{
	state("a", "1");
	announcement("a", "2");
	deliver("a", "2");
	hm_outbox_announce(outbox);
	deliver("a", "2");
	state("a", "3");
	deliver("a", "3");
	hm_outbox_announce(outbox);
	expect_nothing();
	expect_counts(0, 3, 1, 0);
}
END_TEST

/* Bounds */

START_TEST(oldest_state_makes_room)
{
	make(2, 100, 1000);
	announcement("x", "1");
	state("a", "1");
	announcement("y", "1");
	state("b", "1");
	state("c", "1");
	expect_counts(4, 0, 0, 1);
	deliver("x", "1");
	deliver("y", "1");
	deliver("b", "1");
	deliver("c", "1");
	expect_nothing();
}
END_TEST

START_TEST(newer_state_of_a_topic_needs_no_room)
{
	make(2, 100, 1000);
	state("a", "1");
	state("b", "1");
	state("a", "2");
	expect_counts(2, 0, 1, 0);
	deliver("b", "1");
	deliver("a", "2");
}
END_TEST

START_TEST(announcements_are_not_bounded_by_the_states)
{
	make(1, 100, 1000);
	for (int i = 0; i < 50; i++) {
		char topic[16];

		snprintf(topic, sizeof topic, "%d", i);
		ck_assert(announcement(topic, "x"));
	}
	state("a", "1");
	state("b", "1");
	expect_counts(51, 0, 0, 1);
	deliver("0", "x");
}
END_TEST

START_TEST(quiet_topics_of_states_are_forgotten_for_new_ones)
{
	make(100, 3, 6);
	state("a", "1");
	announcement("b", "1");
	state("c", "1");
	deliver("a", "1");
	deliver("b", "1");
	deliver("c", "1");
	ck_assert(state("d", "1"));
	ck_assert(state("e", "1"));
	/* The others wait, or are announced. */
	ck_assert(!state("f", "1"));
	expect_counts(2, 3, 0, 1);
	deliver("d", "1");
	ck_assert(state("f", "1"));
	deliver("e", "1");
	deliver("f", "1");
	hm_outbox_announce(outbox);
	deliver("b", "1");
	expect_nothing();
}
END_TEST

/* Add a topic, which costs as much as "a", and see which one it displaces. */
static void
expect_forgotten(const char *added, const char *const *left, size_t n)
{
	state(added, "1");
	deliver(added, "1");
	hm_outbox_repeat(outbox);
	for (size_t i = 0; i < n; i++)
		deliver(left[i], "1");
	deliver(added, "1");
	expect_nothing();
}

START_TEST(state_that_was_used_longest_ago_is_forgotten)
{
	static const char *const after_e[] = {"c", "d", "a"};
	static const char *const after_f[] = {"d", "a", "e"};

	make(100, 4, 8);
	for (int i = 0; i < 4; i++)
		state((const char *[]){"a", "b", "c", "d"}[i], "1");
	for (int i = 0; i < 4; i++)
		deliver((const char *[]){"a", "b", "c", "d"}[i], "1");
	/* Used again, by a message that replaces none. */
	state("a", "1");
	deliver("a", "1");
	expect_forgotten("e", after_e, 3);
	expect_forgotten("f", after_f, 3);
}
END_TEST

/* A lost connection must not make any state one that can be forgotten. */
START_TEST(states_that_return_are_not_forgotten)
{
	make(100, 2, 4);
	state("a", "1");
	state("b", "1");
	send_next("a", "1");
	send_next("b", "1");
	hm_outbox_return(outbox);
	ck_assert(!state("c", "1"));
	deliver("a", "1");
	ck_assert(state("c", "1"));
	deliver("b", "1");
	deliver("c", "1");
	expect_nothing();
}
END_TEST

START_TEST(state_that_is_announced_is_kept)
{
	make(100, 2, 4);
	state("a", "1");
	deliver("a", "1");
	announcement("a", "1");
	deliver("a", "1");
	state("b", "1");
	deliver("b", "1");
	state("c", "1");
	deliver("c", "1");
	ck_assert(!announcement("dd", "1"));
	hm_outbox_announce(outbox);
	deliver("a", "1");
	expect_nothing();
}
END_TEST

START_TEST(topic_in_flight_is_not_forgotten)
{
	int id;

	make(100, 1, 2);
	state("a", "1");
	id = send_next("a", "1");
	ck_assert(!state("b", "1"));
	hm_outbox_return(outbox);
	hm_outbox_arrived(outbox, id);
	expect_counts(1, 0, 0, 1);
	deliver("a", "1");
	ck_assert(state("b", "1"));
	deliver("b", "1");
}
END_TEST

START_TEST(bytes_are_bounded)
{
	make(100, 2, 20);
	ck_assert(state("a", "123456789"));
	ck_assert(!state("b", "1234567890"));
	ck_assert(state("b", "123456789"));
	ck_assert(!state("c", ""));
	deliver("a", "123456789");
	/* The bytes of a delivered message are free again. */
	ck_assert(state("c", "123456789"));
	deliver("b", "123456789");
	deliver("c", "123456789");
	expect_nothing();
	expect_counts(0, 3, 0, 2);
}
END_TEST

START_TEST(topic_can_grow_into_the_bytes_of_others)
{
	char large[1001];

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	make(100, 2, 20);
	state("a", "123456789");
	deliver("a", "123456789");
	state("b", "1");
	ck_assert(state("b", "1234567890123456789"));
	ck_assert(!state("b", large));
	expect_counts(1, 1, 1, 1);
	deliver("b", "1234567890123456789");
	/* The other one has gone. */
	hm_outbox_repeat(outbox);
	deliver("b", "1234567890123456789");
	expect_nothing();
}
END_TEST

/* A message that does not fit must not remove the older one. */
START_TEST(announcement_too_large_leaves_the_one_before)
{
	make(100, 1, 20);
	ck_assert(announcement("a", "1"));
	ck_assert(!announcement("a", "12345678901234567890"));
	expect_counts(1, 0, 0, 1);
	deliver("a", "1");
	hm_outbox_announce(outbox);
	deliver("a", "1");
}
END_TEST

START_TEST(new_topic_too_large_takes_no_room)
{
	make(100, 1, 20);
	for (int i = 0; i < 10; i++) {
		ck_assert(!announcement("aaaaa", "1234567890123456"));
		ck_assert(!announcement("bbbbbbbbbbbbbbbbbbbbb", ""));
	}
	hm_outbox_announce(outbox);
	expect_nothing();
	ck_assert(announcement("a", "1"));
	expect_counts(1, 0, 0, 20);
}
END_TEST

START_TEST(room_does_not_leak)
{
	make(10, 10, 200);
	for (int i = 0; i < 10000; i++) {
		char topic[16], payload[32];

		snprintf(topic, sizeof topic, "%d", i % 50);
		snprintf(payload, sizeof payload, "%0*d", i % 16 + 1, 7);
		ck_assert(put(topic, payload, false));
		if (i % 3 == 0)
			announcement("kept", payload);
		while (hm_outbox_counts(outbox)->queued > 2) {
			struct hm_message message;

			ck_assert(hm_outbox_next(outbox, &message));
			hm_outbox_sent(outbox, i);
			hm_outbox_arrived(outbox, i);
		}
	}
}
END_TEST

/* Flight */

START_TEST(flights_are_bounded)
{
	char topic[16];

	for (int i = 0; i <= HM_OUTBOX_FLIGHT_MAX; i++) {
		snprintf(topic, sizeof topic, "%d", i);
		state(topic, "x");
	}
	for (int i = 0; i < HM_OUTBOX_FLIGHT_MAX; i++) {
		snprintf(topic, sizeof topic, "%d", i);
		send_next(topic, "x");
	}
	expect_nothing();
	hm_outbox_arrived(outbox, 3);
	snprintf(topic, sizeof topic, "%d", HM_OUTBOX_FLIGHT_MAX);
	send_next(topic, "x");
	expect_counts(HM_OUTBOX_FLIGHT_MAX, 1, 0, 0);
}
END_TEST

START_TEST(acknowledgements_come_in_any_order)
{
	int a, b;

	state("a", "1");
	state("b", "1");
	a = send_next("a", "1");
	b = send_next("b", "1");
	hm_outbox_arrived(outbox, 4711);
	expect_counts(2, 0, 0, 0);
	hm_outbox_arrived(outbox, b);
	hm_outbox_arrived(outbox, b);
	expect_counts(1, 1, 0, 0);
	hm_outbox_arrived(outbox, a);
	expect_counts(0, 2, 0, 0);
}
END_TEST

START_TEST(lost_connection_returns_what_was_in_flight)
{
	state("a", "1");
	announcement("b", "1");
	state("c", "1");
	state("d", "1");
	send_next("a", "1");
	send_next("b", "1");
	send_next("c", "1");
	hm_outbox_return(outbox);
	expect_counts(4, 0, 0, 0);
	/* Its acknowledgement belongs to the lost connection. */
	hm_outbox_arrived(outbox, 1);
	expect_counts(4, 0, 0, 0);
	deliver("a", "1");
	deliver("b", "1");
	deliver("c", "1");
	deliver("d", "1");
	expect_nothing();
}
END_TEST

START_TEST(newer_message_overtakes_one_that_returns)
{
	state("a", "1");
	state("b", "1");
	send_next("a", "1");
	send_next("b", "1");
	state("a", "2");
	hm_outbox_return(outbox);
	expect_counts(2, 0, 0, 0);
	deliver("b", "1");
	deliver("a", "2");
	expect_nothing();
}
END_TEST

START_TEST(topic_sent_twice_returns_once)
{
	state("a", "1");
	send_next("a", "1");
	state("a", "2");
	send_next("a", "2");
	hm_outbox_return(outbox);
	expect_counts(1, 0, 0, 0);
	deliver("a", "2");
	expect_nothing();
	expect_counts(0, 1, 0, 0);
}
END_TEST

START_TEST(states_that_return_keep_within_the_bound)
{
	make(2, 100, 1000);
	state("a", "1");
	state("b", "1");
	send_next("a", "1");
	send_next("b", "1");
	state("c", "1");
	state("d", "1");
	hm_outbox_return(outbox);
	state("e", "1");
	expect_counts(2, 0, 0, 3);
	deliver("d", "1");
	deliver("e", "1");
}
END_TEST

/* Sent once */

START_TEST(event_is_not_repeated)
{
	announcement("e/config", "1");
	deliver("e/config", "1");
	state("s", "1");
	event("e", "began");
	deliver("s", "1");
	deliver("e", "began");
	hm_outbox_announce(outbox);
	hm_outbox_repeat(outbox);
	deliver("s", "1");
	deliver("e/config", "1");
	expect_nothing();
	expect_counts(0, 5, 0, 0);
}
END_TEST

START_TEST(event_replaces_nothing_of_its_topic)
{
	state("e", "state");
	event("e", "began");
	event("e", "ended");
	state("e", "newer");
	expect_counts(3, 0, 1, 0);
	deliver("e", "began");
	deliver("e", "ended");
	deliver("e", "newer");
	hm_outbox_repeat(outbox);
	deliver("e", "newer");
	expect_nothing();
}
END_TEST

START_TEST(event_replaces_only_when_there_are_too_many)
{
	const struct hm_message message = {
	    .topic = hm_text("e"), .payload = hm_text("x"), .once = true};

	make(2, 100, 1000);
	state("e", "1");
	ck_assert(!hm_outbox_replaces(outbox, &message));
	event("e", "2");
	ck_assert(hm_outbox_replaces(outbox, &message));
}
END_TEST

START_TEST(event_that_was_in_flight_is_sent_again)
{
	event("e", "began");
	event("e", "ended");
	send_next("e", "began");
	send_next("e", "ended");
	hm_outbox_return(outbox);
	deliver("e", "began");
	deliver("e", "ended");
	hm_outbox_return(outbox);
	expect_nothing();
	expect_counts(0, 2, 0, 0);
}
END_TEST

START_TEST(events_are_bounded_as_states)
{
	make(2, 100, 1000);
	announcement("a", "1");
	event("e", "1");
	event("e", "2");
	event("e", "3");
	expect_counts(3, 0, 0, 1);
	state("s", "1");
	expect_counts(3, 0, 0, 2);
	deliver("a", "1");
	deliver("e", "3");
	deliver("s", "1");
	expect_nothing();
}
END_TEST

START_TEST(bytes_of_events_are_bounded_and_free_again)
{
	make(100, 2, 20);
	ck_assert(event("e", "123456789"));
	ck_assert(!event("e", "1234567890"));
	ck_assert(event("e", "123456789"));
	ck_assert(!event("e", ""));
	deliver("e", "123456789");
	hm_outbox_refused(outbox);
	ck_assert(state("s", "1234567890123456789"));
	/* A state that was sent makes room. */
	ck_assert(!event("e", "1"));
	deliver("s", "1234567890123456789");
	ck_assert(event("e", "1"));
	hm_outbox_return(outbox);
	deliver("e", "1");
}
END_TEST

START_TEST(event_that_waits_is_freed_with_the_outbox)
{
	event("e", "1");
	event("e", "2");
	send_next("e", "1");
}
END_TEST

/* Announcing again */

START_TEST(announcements_are_repeated_in_their_order)
{
	announcement("a", "1");
	announcement("b", "1");
	state("s", "1");
	announcement("c", "1");
	deliver("a", "1");
	deliver("b", "1");
	deliver("s", "1");
	deliver("c", "1");
	state("s", "2");
	hm_outbox_announce(outbox);
	/* Announcements come before the states that need them. */
	deliver("a", "1");
	deliver("b", "1");
	deliver("c", "1");
	deliver("s", "2");
	expect_nothing();
	expect_counts(0, 8, 0, 0);
}
END_TEST

START_TEST(newest_announcement_is_repeated)
{
	announcement("a", "1");
	announcement("b", "1");
	deliver("a", "1");
	deliver("b", "1");
	announcement("a", "2");
	deliver("a", "2");
	hm_outbox_announce(outbox);
	deliver("b", "1");
	deliver("a", "2");
	expect_nothing();
}
END_TEST

START_TEST(waiting_announcement_is_not_sent_twice)
{
	announcement("a", "1");
	hm_outbox_announce(outbox);
	hm_outbox_announce(outbox);
	expect_counts(1, 0, 0, 0);
	deliver("a", "1");
	expect_nothing();
}
END_TEST

START_TEST(announcement_in_flight_is_repeated)
{
	int id;

	announcement("a", "1");
	id = send_next("a", "1");
	hm_outbox_announce(outbox);
	hm_outbox_arrived(outbox, id);
	deliver("a", "1");
	expect_nothing();
	expect_counts(0, 2, 0, 0);
}
END_TEST

START_TEST(empty_announcement_is_forgotten_once_delivered)
{
	make(100, 2, 100);
	announcement("a", "1");
	announcement("b", "1");
	deliver("a", "1");
	deliver("b", "1");
	announcement("a", "");
	hm_outbox_announce(outbox);
	deliver("b", "1");
	deliver("a", "");
	hm_outbox_announce(outbox);
	deliver("b", "1");
	expect_nothing();
	/* Its room is free again. */
	ck_assert(announcement("c", "1"));
}
END_TEST

START_TEST(empty_announcement_is_kept_until_delivered)
{
	int id;

	announcement("a", "1");
	deliver("a", "1");
	announcement("a", "");
	send_next("a", "");
	hm_outbox_return(outbox);
	id = send_next("a", "");
	announcement("a", "2");
	hm_outbox_arrived(outbox, id);
	deliver("a", "2");
	hm_outbox_announce(outbox);
	deliver("a", "2");
	expect_nothing();
}
END_TEST

START_TEST(refused_message_is_dropped_and_the_next_one_goes)
{
	state("a", "1");
	state("b", "2");
	expect_waiting("a", "1");
	hm_outbox_refused(outbox);
	expect_counts(1, 0, 0, 1);
	deliver("b", "2");
	expect_nothing();
	expect_counts(0, 1, 0, 1);
	hm_outbox_return(outbox);
	expect_nothing();
	/* Its topic takes the next state, which is not a replacement. */
	state("a", "3");
	deliver("a", "3");
	expect_counts(0, 2, 0, 1);
}
END_TEST

START_TEST(refused_state_leaves_its_room_to_others)
{
	make(1, 1, 100);
	state("a", "1");
	hm_outbox_refused(outbox);
	ck_assert(state("b", "2"));
	deliver("b", "2");
	expect_counts(0, 1, 0, 1);
}
END_TEST

START_TEST(refusal_leaves_an_older_message_in_flight)
{
	int id;

	state("a", "1");
	id = send_next("a", "1");
	state("a", "2");
	expect_waiting("a", "2");
	hm_outbox_refused(outbox);
	expect_counts(1, 0, 0, 1);
	hm_outbox_arrived(outbox, id);
	expect_counts(0, 1, 0, 1);
	expect_nothing();
}
END_TEST

/* The next broker may take it. */
START_TEST(refused_announcement_is_repeated)
{
	announcement("a", "1");
	announcement("b", "2");
	hm_outbox_refused(outbox);
	deliver("b", "2");
	hm_outbox_announce(outbox);
	deliver("a", "1");
	deliver("b", "2");
	expect_nothing();
	expect_counts(0, 3, 0, 1);
}
END_TEST

START_TEST(new_announcement_is_news)
{
	announcement("h/s/config", "1");
	ck_assert(!hm_outbox_take_news(outbox));
	deliver("h/s/config", "1");
	ck_assert(hm_outbox_take_news(outbox));
	ck_assert(!hm_outbox_take_news(outbox));
	announcement("h/s/config", "1");
	deliver("h/s/config", "1");
	ck_assert(!hm_outbox_take_news(outbox));
	announcement("h/s/config", "2");
	announcement("h/s/config", "2");
	deliver("h/s/config", "2");
	ck_assert(hm_outbox_take_news(outbox));
	hm_outbox_announce(outbox);
	deliver("h/s/config", "2");
	ck_assert(hm_outbox_take_news(outbox));
}
END_TEST

START_TEST(other_messages_are_no_news)
{
	announcement("h/online", "1");
	deliver("h/online", "1");
	state("h/s/config", "1");
	deliver("h/s/config", "1");
	announcement("h/t/config", "");
	deliver("h/t/config", "");
	ck_assert(!hm_outbox_take_news(outbox));
}
END_TEST

START_TEST(last_states_are_repeated_in_order)
{
	state("b", "1");
	deliver("b", "1");
	state("a", "1");
	deliver("a", "1");
	state("b", "2");
	deliver("b", "2");
	announcement("c", "1");
	deliver("c", "1");
	state("d", "1");
	hm_outbox_repeat(outbox);
	deliver("a", "1");
	deliver("b", "2");
	deliver("d", "1");
	expect_nothing();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("outbox");
	TCase *queue = tcase_create("queue"), *bounds = tcase_create("bounds");
	TCase *flight = tcase_create("flight"),
	    *announce = tcase_create("announce"),
	    *once = tcase_create("once");

	tcase_add_checked_fixture(queue, setup, teardown);
	tcase_add_checked_fixture(bounds, setup, teardown);
	tcase_add_checked_fixture(flight, setup, teardown);
	tcase_add_checked_fixture(announce, setup, teardown);
	tcase_add_checked_fixture(once, setup, teardown);
	suite_add_tcase(suite, queue);
	tcase_add_test(queue, messages_leave_in_their_order);
	tcase_add_test(queue, message_is_copied_whole);
	tcase_add_test(queue, newest_state_replaces_the_one_that_waits);
	tcase_add_test(queue, newest_announcement_replaces_the_one_that_waits);
	tcase_add_test(queue, message_in_flight_is_not_replaced);
	tcase_add_test(queue, topic_may_change_its_kind);
	suite_add_tcase(suite, bounds);
	tcase_add_test(bounds, oldest_state_makes_room);
	tcase_add_test(bounds, newer_state_of_a_topic_needs_no_room);
	tcase_add_test(bounds, announcements_are_not_bounded_by_the_states);
	tcase_add_test(bounds,
	    quiet_topics_of_states_are_forgotten_for_new_ones);
	tcase_add_test(bounds, state_that_was_used_longest_ago_is_forgotten);
	tcase_add_test(bounds, states_that_return_are_not_forgotten);
	tcase_add_test(bounds, state_that_is_announced_is_kept);
	tcase_add_test(bounds, topic_in_flight_is_not_forgotten);
	tcase_add_test(bounds, bytes_are_bounded);
	tcase_add_test(bounds, topic_can_grow_into_the_bytes_of_others);
	tcase_add_test(bounds, announcement_too_large_leaves_the_one_before);
	tcase_add_test(bounds, new_topic_too_large_takes_no_room);
	tcase_add_test(bounds, room_does_not_leak);
	suite_add_tcase(suite, flight);
	tcase_add_test(flight, flights_are_bounded);
	tcase_add_test(flight, acknowledgements_come_in_any_order);
	tcase_add_test(flight, lost_connection_returns_what_was_in_flight);
	tcase_add_test(flight, newer_message_overtakes_one_that_returns);
	tcase_add_test(flight, topic_sent_twice_returns_once);
	tcase_add_test(flight, states_that_return_keep_within_the_bound);
	tcase_add_test(flight,
	    refused_message_is_dropped_and_the_next_one_goes);
	tcase_add_test(flight, refused_state_leaves_its_room_to_others);
	tcase_add_test(flight, refusal_leaves_an_older_message_in_flight);
	suite_add_tcase(suite, announce);
	tcase_add_test(announce, new_announcement_is_news);
	tcase_add_test(announce, other_messages_are_no_news);
	tcase_add_test(announce, last_states_are_repeated_in_order);
	tcase_add_test(announce, refused_announcement_is_repeated);
	tcase_add_test(announce, announcements_are_repeated_in_their_order);
	tcase_add_test(announce, newest_announcement_is_repeated);
	tcase_add_test(announce, waiting_announcement_is_not_sent_twice);
	tcase_add_test(announce, announcement_in_flight_is_repeated);
	tcase_add_test(announce,
	    empty_announcement_is_forgotten_once_delivered);
	tcase_add_test(announce, empty_announcement_is_kept_until_delivered);
	suite_add_tcase(suite, once);
	tcase_add_test(once, event_is_not_repeated);
	tcase_add_test(once, event_replaces_nothing_of_its_topic);
	tcase_add_test(once, event_replaces_only_when_there_are_too_many);
	tcase_add_test(once, event_that_was_in_flight_is_sent_again);
	tcase_add_test(once, events_are_bounded_as_states);
	tcase_add_test(once, bytes_of_events_are_bounded_and_free_again);
	tcase_add_test(once, event_that_waits_is_freed_with_the_outbox);
	return run_suite(suite);
}
