#include "command_message.h"

#include <check.h>
#include <stdio.h>

#include "run_suite.h"

#define TOPIC "ha/hoymiles_mqtt/command"
#define COMMAND "{\"type\":\"command\",\"time\":\"2026-11-29T10:15:00Z\"," \
    "\"id\":\"new\","
#define RESULT "{\"type\":\"result\",\"time\":\"2026-11-29T10:15:00Z\","
#define REFUSED "\"state\":\"refused\",\"error\":\"invalid\",\"text\":"
#define FROM ",\"from\":\"" TOPIC "\""

static struct hm_command_message message;

static void
read_from(const char *topic, const char *payload, size_t n, bool shared,
    size_t dtus)
{
	static char roof[] = "roof", barn[] = "barn";
	struct hm_dtu dtu[] = {{.name = roof}, {.name = barn}};
	const struct hm_dtus list = {dtu, dtus};
	const struct hm_command_origin origin = {
	    .topic = hm_text(topic),
	    .shared = shared,
	    .dtus = &list,
	    .time = 1795947300,
	    .id = "new",
	};

	hm_command_message_read(&message, hm_slice(payload, n), &origin);
}

static const char *
line(void)
{
	static char text[8 * HM_COMMAND_PAYLOAD_MAX];

	snprintf(text, sizeof text, "%.*s", (int)message.line.n,
	    message.line.p);
	return text;
}

static const struct {
	const char *payload, *line;
	enum hm_command_kind kind;
} payloads[] = {
    {"{\"action\":\"limit\",\"percent\":60}", COMMAND
	"\"action\":\"limit\",\"percent\":60" FROM "}", HM_COMMAND_GOOD},
    {"{\"reserve_soc\":80,\"action\":\"set_mode\",\"mode\":\"backup\"}",
	COMMAND "\"action\":\"set_mode\",\"mode\":\"backup\","
	"\"reserve_soc\":80" FROM "}", HM_COMMAND_GOOD},
    {"{\"id\":\"a\",\"action\":\"set_mode\",\"mode\":\"backup\","
	"\"reserve\\u005fsoc\":80}", RESULT "\"id\":\"a\",\"action\":"
	"\"set_mode\"," REFUSED "\"it has the member \\\"reserve\\\\u005fsoc"
	"\\\", which set_mode does not have\"}", HM_COMMAND_BAD},
    {" {\"type\":\"command\", \"dtu\" : \"barn\",\"action\":\"turn_off\"}\n",
	COMMAND "\"dtu\":\"barn\",\"action\":\"turn_off\"" FROM "}",
	HM_COMMAND_GOOD},
    {"{\"from\":\"control_restore\",\"action\":\"turn_on\",\"x\":{\r\n\"y\":1"
	"\n},\"z\":\"a\\nb\"}", COMMAND "\"action\":\"turn_on\"" FROM
	",\"x\":{  \"y\":1 },\"z\":\"a\\nb\"}", HM_COMMAND_GOOD},
    {"{\"time\":\"2026-11-29T09:00:00Z\",\"id\":\"a\",\"serial\":\"AB12\","
	"\"action\":\"turn_on\"}", "{\"type\":\"command\",\"time\":\""
	"2026-11-29T09:00:00Z\",\"id\":\"a\",\"serial\":\"ab12\",\"action\":"
	"\"turn_on\"" FROM "}", HM_COMMAND_GOOD},
    {"", RESULT "\"id\":\"new\"," REFUSED "\"its payload cannot be read: not "
	"a JSON object at byte 1\"}", HM_COMMAND_BAD},
    {"{\"id\":\"a\",\"type\":\"result\",\"action\":\"turn_on\"}", RESULT
	"\"id\":\"a\",\"action\":\"turn_on\"," REFUSED
	"\"its type is not command\"}", HM_COMMAND_BAD},
    {"{\"id\":\"a\",\"type\":null,\"action\":\"turn_on\"}", RESULT
	"\"id\":\"a\",\"action\":\"turn_on\"," REFUSED
	"\"its type is not command\"}", HM_COMMAND_BAD},
    {"{\"id\":7,\"action\":\"turn_on\"}", RESULT "\"id\":\"new\",\"action\":"
	"\"turn_on\"," REFUSED "\"its id is not a text of 1 to 64 printable "
	"ASCII characters\"}", HM_COMMAND_BAD},
    {"{\"id\":\"a\",\"action\":\"limit\",\"percent\":\"60\"}", RESULT
	"\"id\":\"a\",\"action\":\"limit\"," REFUSED "\"its percent is not a "
	"number with at most one decimal\"}", HM_COMMAND_BAD},
    {"{\"dtu\":\"attic\",\"action\":\"turn_on\"}", NULL, HM_COMMAND_FOREIGN},
    {"{\"dtu\":\"attic\",\"action\":\"turn\"}", NULL, HM_COMMAND_FOREIGN},
};

START_TEST(payload_becomes_a_line)
{
	const char *payload = payloads[_i].payload;

	read_from(TOPIC, payload, strlen(payload), true, 2);
	ck_assert_int_eq(message.kind, payloads[_i].kind);
	if (payloads[_i].line != NULL)
		ck_assert_str_eq(line(), payloads[_i].line);
	ck_assert((message.reason[0] != '\0') ==
	    (message.kind == HM_COMMAND_BAD));
}
END_TEST

START_TEST(foreign_is_only_what_others_may_have)
{
	static const char payload[] =
	    "{\"dtu\":\"attic\",\"action\":\"turn_on\"}";

	read_from(TOPIC, payload, sizeof payload - 1, false, 2);
	ck_assert_int_eq(message.kind, HM_COMMAND_GOOD);
	read_from(TOPIC, payload, sizeof payload - 1, true, 0);
	ck_assert_int_eq(message.kind, HM_COMMAND_GOOD);
}
END_TEST

START_TEST(payload_has_a_bound)
{
	static char payload[HM_COMMAND_PAYLOAD_MAX + 2];

	memset(payload, ' ', sizeof payload);
	memcpy(payload, "{\"action\":\"turn_on\"", 19);
	payload[HM_COMMAND_PAYLOAD_MAX - 1] = '}';
	read_from(TOPIC, payload, HM_COMMAND_PAYLOAD_MAX, true, 1);
	ck_assert_int_eq(message.kind, HM_COMMAND_GOOD);
	read_from(TOPIC, payload, HM_COMMAND_PAYLOAD_MAX + 1, true, 1);
	ck_assert_int_eq(message.kind, HM_COMMAND_BAD);
	ck_assert_str_eq(message.reason, "its payload has 4097 bytes, allowed "
	    "are 4096");
}
END_TEST

/* The longest members, and escapes that make them six times as long. */
START_TEST(longest_command_fits)
{
	static char payload[HM_COMMAND_PAYLOAD_MAX + 1];
	size_t n = (size_t)snprintf(payload, sizeof payload,
	    "{\"action\":\"turn_on\",\"dtu\":\"");

	for (size_t i = 0; i < HM_DTU_NAME_MAX; i++)
		n += (size_t)snprintf(payload + n, sizeof payload - n,
		    "\\u0001");
	n += (size_t)snprintf(payload + n, sizeof payload - n, "\",\"x\":\"");
	memset(payload + n, 'x', sizeof payload - n);
	memcpy(payload + HM_COMMAND_PAYLOAD_MAX - 2, "\"}", 2);
	read_from(TOPIC, payload, HM_COMMAND_PAYLOAD_MAX, false, 1);
	ck_assert_str_eq(message.reason, "");
	ck_assert_int_eq(message.kind, HM_COMMAND_GOOD);
}
END_TEST

START_TEST(long_topic_is_cut_between_characters)
{
	static const char payload[] = "{\"action\":\"turn_on\"}";
	char topic[HM_COMMAND_FROM_MAX + 8];

	memset(topic, 't', sizeof topic);
	memcpy(topic + HM_COMMAND_FROM_MAX - 1, "\xc3\xa4", 2);
	topic[sizeof topic - 1] = '\0';
	read_from(topic, payload, sizeof payload - 1, false, 0);
	ck_assert_uint_eq(strlen(message.command.from),
	    HM_COMMAND_FROM_MAX - 1);
	topic[HM_COMMAND_FROM_MAX] = '\0';
	topic[HM_COMMAND_FROM_MAX - 1] = 't';
	read_from(topic, payload, sizeof payload - 1, false, 0);
	ck_assert_str_eq(message.command.from, topic);
}
END_TEST

START_TEST(command_that_waited_becomes_its_result)
{
	static const char command[] = "{\"type\":\"command\",\"id\":\"a\","
	    "\"dtu\":\"roof\",\"action\":\"limit\",\"percent\":60}";
	static const char result[] = "{\"type\":\"result\",\"id\":\"a\"}";

	ck_assert(hm_command_message_expire(&message, hm_text(command), 61,
	    1795947300));
	ck_assert_str_eq(line(), RESULT "\"id\":\"a\",\"dtu\":\"roof\","
	    "\"action\":\"limit\",\"state\":\"refused\",\"error\":\"too_old\","
	    "\"text\":\"it waited 61 s for the reader of hm-subscribe\"}");
	ck_assert(!hm_command_message_expire(&message, hm_text(result), 61,
	    1795947300));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("command_message");
	TCase *tcase = tcase_create("command_message");

	tcase_add_loop_test(tcase, payload_becomes_a_line, 0,
	    sizeof payloads / sizeof *payloads);
	tcase_add_test(tcase, foreign_is_only_what_others_may_have);
	tcase_add_test(tcase, payload_has_a_bound);
	tcase_add_test(tcase, longest_command_fits);
	tcase_add_test(tcase, long_topic_is_cut_between_characters);
	tcase_add_test(tcase, command_that_waited_becomes_its_result);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
