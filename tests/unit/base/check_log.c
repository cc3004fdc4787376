#include "base/log.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "run_suite.h"

static int saved, reading;
static char said[4 * PIPE_BUF];

static void
setup(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	ck_assert_int_ge(saved, 0);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	close(ends[1]);
	reading = ends[0];
	hm_log_start("hm-test", HM_INFO);
	hm_log_use(HM_LOG_STANDARD);
}

static void
teardown(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(reading);
}

/* The text logged since the last call; one write is one read. */
static const char *
heard(void)
{
	ssize_t n;

	/* There is always something to read. */
	ck_assert_int_eq(write(STDERR_FILENO, "\n", 1), 1);
	n = read(reading, said, sizeof said - 1);
	ck_assert_int_gt(n, 0);
	said[n - 1] = '\0';
	return said;
}

static const char *
member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ?
	    json_object_get_string(value) : "(absent)";
}

/* The only line, as json-c reads it. */
static struct json_object *
heard_object(void)
{
	const char *line = heard();
	size_t n = strlen(line);
	struct json_object *object;

	ck_assert_uint_gt(n, 0);
	ck_assert_uint_le(n, PIPE_BUF);
	ck_assert_ptr_eq(strchr(line, '\n'), line + n - 1);
	ck_assert(hm_utf8_plain(hm_slice(line, n - 1)));
	object = json_tokener_parse(line);
	ck_assert_msg(json_object_is_type(object, json_type_object), "%s",
	    line);
	return object;
}

START_TEST(standard_is_tool_level_text)
{
	const struct hm_fact *facts = HM_FACTS(hm_fact("dtu", "roof"),
	    hm_fact_int("failures", 3));

	hm_log(HM_WARNING, "%d lines", 3);
	ck_assert_str_eq(heard(), "hm-test: warning: 3 lines\n");
	hm_log_facts(HM_ERROR, facts, "%s: away", "roof");
	ck_assert_str_eq(heard(), "hm-test: error: roof: away\n");
	errno = ENOENT;
	hm_log_errno(HM_CRITICAL, "no %s", "file");
	ck_assert_str_eq(heard(),
	    "hm-test: critical: no file: No such file or directory\n");
}
END_TEST

START_TEST(messages_below_the_level_are_dropped)
{
	for (int format = HM_LOG_STANDARD; format <= HM_LOG_JSON; format++) {
		hm_log_use((enum hm_log_format)format);
		hm_log(HM_DEBUG, "a");
		hm_log_errno(HM_DEBUG, "a");
		hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("b", "c")), "a");
		ck_assert_str_eq(heard(), "");
	}
}
END_TEST

START_TEST(json_has_the_facts)
{
	int64_t before = hm_clock_now(), time = 0;
	struct json_object *object;

	hm_log_use(HM_LOG_JSON);
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("dtu", "s\xc3\xbc" "d \"1\""),
	    hm_fact("hint", NULL), hm_fact("empty", ""),
	    hm_fact_slice("kind", hm_slice("timeout_read", 7)),
	    hm_fact_int("failures", INT64_MIN),
	    hm_fact_time("retry_at", 1795428900), hm_fact_time("never", 0)),
	    "%s: away", "roof");
	object = heard_object();
	ck_assert(hm_rfc3339_parse(hm_text(member(object, "time")), &time));
	ck_assert_int_ge(time, before);
	ck_assert_int_le(time, hm_clock_now());
	ck_assert_str_eq(member(object, "level"), "error");
	ck_assert_str_eq(member(object, "tool"), "hm-test");
	ck_assert_str_eq(member(object, "msg"), "roof: away");
	ck_assert_str_eq(member(object, "dtu"), "s\xc3\xbc" "d \"1\"");
	ck_assert_str_eq(member(object, "hint"), "(absent)");
	ck_assert_str_eq(member(object, "empty"), "");
	ck_assert_str_eq(member(object, "kind"), "timeout");
	ck_assert_str_eq(member(object, "failures"), "-9223372036854775808");
	ck_assert_str_eq(member(object, "retry_at"), "2026-11-23T10:15:00Z");
	ck_assert_str_eq(member(object, "never"), "(absent)");
	ck_assert_int_eq(json_object_object_length(object), 9);
	json_object_put(object);
}
END_TEST

START_TEST(json_names_the_reason)
{
	struct json_object *object;

	hm_log_use(HM_LOG_JSON);
	errno = EACCES;
	hm_log_errno(HM_ERROR, "cannot read");
	object = heard_object();
	ck_assert_str_eq(member(object, "msg"),
	    "cannot read: Permission denied");
	ck_assert_str_eq(member(object, "reason"), "Permission denied");
	json_object_put(object);
	hm_log(HM_INFO, "plain");
	object = heard_object();
	ck_assert_int_eq(json_object_object_length(object), 4);
	json_object_put(object);
}
END_TEST

START_TEST(foreign_bytes_cannot_fake_a_message)
{
	const char dirt[] = "a\nhm-test: error: b\x1b[2J\xff\xc2\x9b\"\\";
	struct json_object *object;

	hm_log(HM_ERROR, "%s", dirt);
	ck_assert_str_eq(heard(),
	    "hm-test: error: a?hm-test: error: b?[2J??\"\\\n");
	hm_log_use(HM_LOG_JSON);
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("topic", dirt)), "%s", dirt);
	object = heard_object();
	ck_assert_str_eq(member(object, "msg"),
	    "a?hm-test: error: b?[2J??\"\\");
	ck_assert_str_eq(member(object, "topic"), member(object, "msg"));
	json_object_put(object);
}
END_TEST

START_TEST(any_bytes_give_one_line)
{
	char text[3000];
	uint32_t random = 1;

	for (int round = 0; round < 2000; round++) {
		struct json_object *object;
		size_t n;

		random = random * 1103515245 + 12345;
		n = random >> 8 & 0x7ff;
		for (size_t i = 0; i < n; i++) {
			random = random * 1103515245 + 12345;
			text[i] = (char)(random >> 16);
		}
		text[n] = '\0';
		hm_log_use(HM_LOG_JSON);
		hm_log_facts(HM_ERROR,
		    HM_FACTS(hm_fact_slice("bytes", hm_slice(text, n))), "%s",
		    text);
		object = heard_object();
		json_object_put(object);
	}
}
END_TEST

START_TEST(long_messages_are_cut)
{
	static char quotes[5000];
	struct json_object *object;
	size_t n;

	memset(quotes, '"', sizeof quotes - 1);
	hm_log(HM_ERROR, "%s", quotes);
	n = strlen(heard());
	ck_assert_uint_gt(n, 1800);
	ck_assert_uint_lt(n, 2048);
	ck_assert_int_eq(said[n - 1], '\n');
	hm_log_use(HM_LOG_JSON);
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("long", quotes),
	    hm_fact_int("short", 1)), "%s", quotes);
	object = heard_object();
	ck_assert_uint_gt(strlen(member(object, "msg")), 1800);
	ck_assert_str_eq(member(object, "long"), "(absent)");
	ck_assert_str_eq(member(object, "short"), "1");
	json_object_put(object);
}
END_TEST

START_TEST(names_are_read)
{
	enum hm_log_format format;
	enum hm_level level;

	ck_assert(hm_level_parse("Critical", &level));
	ck_assert_int_eq(level, HM_CRITICAL);
	ck_assert(!hm_level_parse("loud", &level));
	ck_assert(hm_log_format_parse("JSON", &format));
	ck_assert_int_eq(format, HM_LOG_JSON);
	ck_assert(hm_log_format_parse("standard", &format));
	ck_assert_int_eq(format, HM_LOG_STANDARD);
	ck_assert(!hm_log_format_parse("", &format));
}
END_TEST

/* Fill the pipe that is stderr; returns how many messages fit. */
static uint64_t
fill(uint64_t messages)
{
	uint64_t before = hm_log_dropped();

	for (uint64_t i = 0; i < messages; i++)
		hm_log(HM_WARNING, "%01000d", 0);
	return messages - (hm_log_dropped() - before);
}

START_TEST(a_hung_reader_does_not_stop_the_tool)
{
	int64_t start = hm_monotonic_ms();
	uint64_t taken;

	hm_log_wait_at_most(200);
	taken = fill(1000);
	ck_assert_uint_ge(taken, 10);
	ck_assert_uint_lt(taken, 1000);
	ck_assert_uint_eq(hm_log_dropped(), 1000 - taken);
	ck_assert_int_ge(hm_monotonic_ms() - start, 200);
	ck_assert_int_lt(hm_monotonic_ms() - start, 2000);
	/* The pipe is as it was for those that share it. */
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST(what_was_dropped_is_said_when_it_is_over)
{
	char expected[100];
	const char *rest;
	uint64_t taken;

	hm_log_wait_at_most(0);
	taken = fill(1000);
	while (read(reading, said, sizeof said) == (ssize_t)sizeof said)
		continue;
	ck_assert_uint_eq(hm_log_dropped(), 1000 - taken);
	snprintf(expected, sizeof expected, "hm-test: warning: %d messages "
	    "were dropped, the first ", (int)(1000 - taken));
	ck_assert_int_eq(strncmp(heard(), expected, strlen(expected)), 0);
	rest = said + strlen(expected);
	ck_assert_str_eq(rest + strspn(rest, "0123456789"),
	    " s ago: nothing read them\n");
	hm_log(HM_WARNING, "a");
	ck_assert_str_eq(heard(), "hm-test: warning: a\n");
	ck_assert_uint_eq(hm_log_dropped(), 1000 - taken);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, standard_is_tool_level_text);
	tcase_add_test(tc, messages_below_the_level_are_dropped);
	tcase_add_test(tc, json_has_the_facts);
	tcase_add_test(tc, json_names_the_reason);
	tcase_add_test(tc, foreign_bytes_cannot_fake_a_message);
	tcase_add_test(tc, any_bytes_give_one_line);
	tcase_add_test(tc, long_messages_are_cut);
	tcase_add_test(tc, a_hung_reader_does_not_stop_the_tool);
	tcase_add_test(tc, what_was_dropped_is_said_when_it_is_over);
	tcase_add_test(tc, names_are_read);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
