#include "reception.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/record.h"
#include "run_suite.h"

#define MAX_AGE_MS 60000

static struct hm_topic_list topics;
static const struct hm_dtus no_dtus;
static struct hm_reception *reception;

static void
setup(void)
{
	topics = (struct hm_topic_list){
	    .commands = true, .shared = "command", .own = "me/command"};
	reception = hm_reception_new(&topics, &no_dtus, MAX_AGE_MS);
	ck_assert_ptr_nonnull(reception);
}

static void
teardown(void)
{
	hm_reception_free(reception);
}

static void
take(const char *topic, struct hm_slice payload, bool retained, int64_t now)
{
	const struct hm_message_in in = {hm_text(topic), payload, 0, retained};

	hm_reception_take(reception, &in, now);
}

static void
order(int id, int64_t now)
{
	char payload[64];

	snprintf(payload, sizeof payload, "{\"id\":\"%d\",\"action\":"
	    "\"turn_on\"}", id);
	take("me/command", hm_text(payload), false, now);
}

/* Whether the next line to write has this text in it; it is written. */
static bool
writes(const char *part, int64_t now)
{
	struct hm_slice line;
	bool found;

	if (!hm_reception_next(reception, now, &line))
		return false;
	found = memmem(line.p, line.n, part, strlen(part)) != NULL;
	hm_reception_written(reception);
	return found;
}

static bool
is_idle(int64_t now)
{
	struct hm_slice line;

	return !hm_reception_next(reception, now, &line);
}

#define COUNTS hm_reception_counts(reception)

START_TEST(commands_go_before_messages)
{
	take("x", hm_text("hello"), true, 1);
	take("command", hm_text("{\"action\":\"turn_on\"}"), false, 2);
	ck_assert_uint_eq(COUNTS->queued, 2);
	ck_assert(writes("\"type\":\"command\"", 3));
	ck_assert(writes("\"topic\":\"x\",\"payload\":\"hello\",\"qos\":0,"
	    "\"retained\":true}", 3));
	ck_assert(is_idle(3));
	ck_assert_uint_eq(COUNTS->commands, 1);
	ck_assert_uint_eq(COUNTS->messages, 1);
	ck_assert_uint_eq(COUNTS->queued, 0);
}
END_TEST

START_TEST(ids_are_not_the_same)
{
	struct hm_slice line;
	char first[64];
	const char *id;

	for (int i = 0; i < 2; i++)
		take("command", hm_text("{\"action\":\"turn_on\"}"), false, 1);
	ck_assert(hm_reception_next(reception, 1, &line));
	id = memmem(line.p, line.n, "\"id\":\"mqtt-", 11);
	ck_assert_ptr_nonnull(id);
	snprintf(first, sizeof first, "%.32s", id);
	hm_reception_written(reception);
	ck_assert(hm_reception_next(reception, 1, &line));
	ck_assert_ptr_null(memmem(line.p, line.n, first, strlen(first)));
}
END_TEST

START_TEST(retained_command_is_none)
{
	take("command", hm_text("{\"action\":\"turn_on\"}"), true, 1);
	ck_assert(is_idle(1));
	ck_assert_uint_eq(COUNTS->retained, 1);
}
END_TEST

START_TEST(deletion_of_retained_command_is_ignored)
{
	take("command", hm_text(""), true, 1);
	take("me/command", hm_text(""), false, 1);
	ck_assert(is_idle(1));
	ck_assert_uint_eq(COUNTS->retained, 0);
	ck_assert_uint_eq(COUNTS->refused, 0);
	take("x", hm_text(""), false, 1);
	ck_assert(writes("\"payload\":\"\"", 1));
}
END_TEST

START_TEST(without_control_it_is_a_message)
{
	topics.commands = false;
	take("command", hm_text("{\"action\":\"turn_on\"}"), false, 1);
	ck_assert(writes("\"type\":\"message\"", 1));
}
END_TEST

START_TEST(only_some_commands_in_a_second)
{
	for (int i = 0; i < 2 * HM_RECEPTION_PER_SECOND; i++)
		order(i, 5000);
	for (int i = 0; i < HM_RECEPTION_PER_SECOND; i++)
		ck_assert(writes("\"command\"", 5000 + i));
	ck_assert(is_idle(5999));
	ck_assert_int_eq(hm_reception_due(reception, 5999), 6000);
	take("x", hm_text("hello"), false, 5999);
	ck_assert_int_eq(hm_reception_due(reception, 5999), 5999);
	ck_assert(writes("hello", 5999));
	for (int i = 0; i < HM_RECEPTION_PER_SECOND; i++)
		ck_assert(writes("\"command\"", 6000));
	ck_assert_int_eq(hm_reception_due(reception, 6000), 0);
}
END_TEST

START_TEST(too_many_commands_drop_the_oldest)
{
	char last[32];

	for (int i = 0; i <= HM_RECEPTION_COMMANDS; i++)
		order(i, 1);
	ck_assert_uint_eq(COUNTS->dropped, 1);
	ck_assert_uint_eq(COUNTS->queued, HM_RECEPTION_COMMANDS);
	for (int i = 1; i <= HM_RECEPTION_COMMANDS; i++) {
		snprintf(last, sizeof last, "\"id\":\"%d\"", i);
		ck_assert(writes(last, 1000 * i));
	}
	ck_assert(is_idle(1000 * HM_RECEPTION_COMMANDS));
}
END_TEST

/* A command that was too old a moment before it is written is not written. */
START_TEST(old_command_becomes_its_result)
{
	order(1, 1000);
	order(2, 2000);
	take("command", hm_text("junk"), false, 2500);
	ck_assert(writes("\"id\":\"2\",\"action\":\"turn_on\",\"from\"",
	    1000 + MAX_AGE_MS));
	ck_assert(writes("cannot be read", 1000 + MAX_AGE_MS));
	ck_assert(writes("\"id\":\"1\",\"action\":\"turn_on\",\"state\":"
	    "\"refused\",\"error\":\"too_old\"", 9000000));
	ck_assert_uint_eq(COUNTS->expired, 1);
	ck_assert_uint_eq(COUNTS->refused, 1);
	ck_assert_uint_eq(COUNTS->commands, 1);
}
END_TEST

START_TEST(command_behind_an_old_result_expires_too)
{
	take("command", hm_text("junk"), false, 1000);
	order(1, 1000);
	ck_assert(writes("cannot be read", 1000 + MAX_AGE_MS));
	ck_assert(writes("too_old", 1000 + MAX_AGE_MS));
	ck_assert(is_idle(1000 + MAX_AGE_MS));
}
END_TEST

START_TEST(message_must_be_text_and_fit)
{
	static char big[HM_LINE_MAX];

	take("x", hm_slice("\xc3", 1), false, 1);
	memset(big, '\1', sizeof big);
	take("x", hm_slice(big, HM_LINE_MAX / 6), false, 1);
	ck_assert(is_idle(1));
	ck_assert_uint_eq(COUNTS->unreadable, 2);
	memset(big, 'x', sizeof big);
	take("x", hm_slice(big, HM_LINE_MAX - 200), false, 1);
	ck_assert(writes("xxxx", 1));
	ck_assert_uint_eq(COUNTS->unreadable, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reception");
	TCase *tcase = tcase_create("reception");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, commands_go_before_messages);
	tcase_add_test(tcase, ids_are_not_the_same);
	tcase_add_test(tcase, retained_command_is_none);
	tcase_add_test(tcase, deletion_of_retained_command_is_ignored);
	tcase_add_test(tcase, without_control_it_is_a_message);
	tcase_add_test(tcase, only_some_commands_in_a_second);
	tcase_add_test(tcase, too_many_commands_drop_the_oldest);
	tcase_add_test(tcase, old_command_becomes_its_result);
	tcase_add_test(tcase, command_behind_an_old_result_expires_too);
	tcase_add_test(tcase, message_must_be_text_and_fit);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
