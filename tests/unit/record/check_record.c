#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/record.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct hm_record record;
static struct hm_fault fault;

static bool
parse(const char *text)
{
	return hm_record_parse(&record, hm_text(text), &fault);
}

/* Reader */

static const char *const good[] = {"{}", " \t\r\n{ \n} \r", "{\"\":0}",
    "{\"a\":null,\"b\":true,\"c\":false}", "{\"a\":[]}", "{\"a\":[[],{}]}",
    "{\"a\" : [ 1 , 2 ] , \"b\" : { \"c\" : 3 } }",
    "{\"a\":-0.5e+10,\"b\":0,\"c\":-0,\"d\":1E5,\"e\":10.01e-2}",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00B0\\uD83D\\uDE00\"}",
    "{\"a\":\"\x7f\xc2\x80\xf4\x8f\xbf\xbf\"}",
    "{\"a\":1,\"A\":1,\"a \":1,\"\\u0061b\":1}",
    "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}",
    "{\"a\":12345678901234567890123456789012345678901234567890}"};

START_TEST(takes)
{
	ck_assert_msg(parse(good[_i]), "%s: %s at %zu", good[_i], fault.what,
	    fault.at);
}
END_TEST

static const struct {
	const char *line, *what;
	size_t at;
} bad[] = {
    {"", "not a JSON object", 0},
    {"  ", "not a JSON object", 2},
    {"[1]", "not a JSON object", 0},
    {"\"a\"", "not a JSON object", 0},
    {"null", "not a JSON object", 0},
    {"\xef\xbb\xbf{}", "not a JSON object", 0},
    {"{", "expected a key", 1},
    {"{,}", "expected a key", 1},
    {"{a:1}", "expected a key", 1},
    {"{'a':1}", "expected a key", 1},
    {"{\"a\":1,}", "expected a key", 7},
    {"{\"a\"}", "expected ':'", 4},
    {"{\"a\" 1}", "expected ':'", 5},
    {"{\"a\":}", "expected a value", 5},
    {"{\"a\":", "expected a value", 5},
    {"{\"a\":1", "expected ',' or '}'", 6},
    {"{\"a\":1 \"b\":2}", "expected ',' or '}'", 7},
    {"{\"a\":1]", "expected ',' or '}'", 6},
    {"{\"a\":[1}", "expected ',' or ']'", 7},
    {"{\"a\":[1,]}", "expected a value", 8},
    {"{\"a\":[,1]}", "expected a value", 6},
    {"{\"a\":[1", "expected ',' or ']'", 7},
    {"{\"a\":1}}", "more after the object", 7},
    {"{\"a\":1} {}", "more after the object", 8},
    {"{}\v", "more after the object", 2},
    {"{\"a\":tru}", "expected a value", 5},
    {"{\"a\":True}", "expected a value", 5},
    {"{\"a\":truex}", "expected ',' or '}'", 9},
    {"{\"a\":nul", "expected a value", 5},
    {"{\"a\":NaN}", "expected a value", 5},
    {"{\"a\":-Infinity}", "bad number", 6},
    {"{\"a\":01}", "bad number", 5},
    {"{\"a\":-}", "bad number", 6},
    {"{\"a\":+1}", "expected a value", 5},
    {"{\"a\":.5}", "expected a value", 5},
    {"{\"a\":1.}", "bad number", 7},
    {"{\"a\":1e}", "bad number", 7},
    {"{\"a\":1e+}", "bad number", 8},
    {"{\"a\":0x1}", "expected ',' or '}'", 6},
    {"{\"a\":1.2.3}", "expected ',' or '}'", 8},
    {"{\"a\":/**/1}", "expected a value", 5},
    {"{\"a", "string without an end", 3},
    {"{\"a\":\"b}", "string without an end", 8},
    {"{\"a\":\"b\\\"}", "string without an end", 10},
    {"{\"a\":\"\\\"", "string without an end", 8},
    {"{\"a\":\"\\", "bad escape in a string", 6},
    {"{\"a\":\"\\a\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\'\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\u12\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\u12g4\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\u+123\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\ud800\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\udc00\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\ud800\\ud800\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\ud800x\\udc00\"}", "bad escape in a string", 6},
    {"{\"a\":\"\\ud800\\udc0\"}", "bad escape in a string", 6},
    {"{\"a\":\"x\ty\"}", "control character in a string", 7},
    {"{\"a\":\"\x1f\"}", "control character in a string", 6},
    {"{\"a\":\"\x80\"}", "not UTF-8", 6},
    {"{\"a\":\"\xc0\x80\"}", "not UTF-8", 6},
    {"{\"a\":\"\xed\xa0\x80\"}", "not UTF-8", 6},
    {"{\"\xff\":1}", "not UTF-8", 2},
    {"{\"a\":\"\xe2\x82", "not UTF-8", 6},
    {"{\"a\":1,\"a\":2}", "duplicate key", 10},
    {"{\"a\":1,\"\\u0061\":2}", "duplicate key", 15},
    {"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", "duplicate key", 24},
    {"{\"b\":{\"a\":1,\"a\":2}}", "duplicate key", 15},
    {"{\"\":1,\"\":2}", "duplicate key", 8},
    {"{\"b\\u0061c\":1,\"bac\":2}", "duplicate key", 19},
    {"{\"bac\":1,\"x\":2,\"ba\\u0063\":3}", "duplicate key", 25},
    {"{\"a\":{\"\\u0062\":1},\"c\":2,\"c\":3}", "duplicate key", 27},
    {"{\"c\":1,\"a\":{\"\\u0062\":1},\"c\":2}", "duplicate key", 27},
};

START_TEST(refuses_and_says_where)
{
	ck_assert_msg(!parse(bad[_i].line), "%s", bad[_i].line);
	ck_assert_msg(strcmp(fault.what, bad[_i].what) == 0 &&
	    fault.at == bad[_i].at, "%s: %s at %zu", bad[_i].line, fault.what,
	    fault.at);
}
END_TEST

/* Every incomplete start of a good line is bad; nothing past it is read. */
START_TEST(torn_lines)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *end = strrchr(good[i], '}');

		for (size_t n = 0; n < (size_t)(end - good[i]); n++) {
			char *torn = malloc(n + 1);

			ck_assert_ptr_nonnull(torn);
			memcpy(torn, good[i], n);
			ck_assert_msg(!hm_record_parse(&record,
			    hm_slice(torn, n), &fault) && fault.at <= n,
			    "%.*s", (int)n, good[i]);
			free(torn);
		}
	}
}
END_TEST

START_TEST(nul_bytes)
{
	ck_assert(!hm_record_parse(&record, hm_slice("{\"a\":\"\0\"}", 9),
	    &fault));
	ck_assert_str_eq(fault.what, "control character in a string");
	ck_assert(!hm_record_parse(&record, hm_slice("{}\0", 3), &fault));
	ck_assert(!hm_record_parse(&record, hm_slice("{\"a\":\"\\\0\"}", 10),
	    &fault));
	ck_assert_str_eq(fault.what, "bad escape in a string");
}
END_TEST

/* OPEN, `count` members, CLOSE. */
static bool
parse_members(const char *open, size_t count, const char *close)
{
	static char line[HM_LINE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(line + n, sizeof line - n, "%s\"k%zu\":1",
		    i == 0 ? open : ",", i);
	snprintf(line + n, sizeof line - n, "%s", close);
	return parse(line);
}

START_TEST(key_limits)
{
	ck_assert(parse_members("{", HM_MEMBERS_MAX, "}"));
	ck_assert_uint_eq(record.count, HM_MEMBERS_MAX);
	ck_assert(!parse_members("{", HM_MEMBERS_MAX + 1, "}"));
	ck_assert_str_eq(fault.what, "too many keys");
	ck_assert(parse_members("{\"a\":{", HM_KEYS_MAX - 1, "}}"));
	ck_assert(!parse_members("{\"a\":{", HM_KEYS_MAX, "}}"));
	ck_assert_str_eq(fault.what, "too many keys");
}
END_TEST

START_TEST(depth)
{
	char line[8 * HM_DEPTH_MAX] = "{\"a\":";
	size_t n = strlen(line);

	for (size_t i = 1; i < HM_DEPTH_MAX; i++)
		line[n++] = '[';
	for (size_t i = 1; i < HM_DEPTH_MAX; i++)
		line[n++] = ']';
	line[n++] = '}';
	ck_assert(hm_record_parse(&record, hm_slice(line, n), &fault));
	memmove(line + 6, line + 5, n - 5);
	line[5] = '[';
	line[n] = ']';
	line[n + 1] = '}';
	ck_assert(!hm_record_parse(&record, hm_slice(line, n + 2), &fault));
	ck_assert_str_eq(fault.what, "nested too deep");
	ck_assert_uint_eq(fault.at, 4 + HM_DEPTH_MAX);
}
END_TEST

/* Keys of one length that share the bytes which the reader looks at first. */
START_TEST(keys_that_look_alike)
{
	char line[64];

	for (int c = 'a'; c <= 'z'; c++) {
		snprintf(line, sizeof line,
		    "{\"abcde\":1,\"a%cc%ce\":2}", c, 'a' + 'z' - c);
		ck_assert_msg(parse(line), "%s", line);
		snprintf(line, sizeof line,
		    "{\"abcde\":1,\"a%ccde\":2}", c);
		ck_assert_msg(parse(line) == (c != 'b'), "%s", line);
	}
}
END_TEST

/* More keys than the reader has bits for; the last one repeats any of them. */
START_TEST(repeats_any_of_many_keys)
{
	char end[32];

	for (int i = 0; i < 200; i++) {
		snprintf(end, sizeof end, ",\"k%d\":1}", i);
		ck_assert(!parse_members("{", 200, end));
		ck_assert_str_eq(fault.what, "duplicate key");
	}
	ck_assert(parse_members("{", 200, ",\"k200\":1}"));
}
END_TEST

/* Siblings do not add up: only open objects hold keys and depth. */
START_TEST(limits_are_not_sums)
{
	static char line[HM_LINE_MAX] = "{\"a\":[";
	size_t n = strlen(line);

	for (size_t i = 0; i < 3 * HM_KEYS_MAX; i++)
		n += (size_t)snprintf(line + n, sizeof line - n,
		    "%s{\"a\":[[1]],\"b\":2}", i > 0 ? "," : "");
	snprintf(line + n, sizeof line - n, "]}");
	ck_assert(parse(line));
}
END_TEST

START_TEST(types)
{
	static const struct {
		const char *line, *type; /* NULL: not seen at a glance */
	} lines[] = {
	    {"{\"type\":\"port\"}", "port"},
	    {" { \"type\" : \"port\" , \"x\" : 1 } \r", "port"},
	    {"{\"type\":\"\"}", ""},
	    {"{\"type\":\"a b\",not looked at}", "a b"},
	    {"{\"x\":1,\"type\":\"port\"}", NULL},
	    {"{\"type\":1}", NULL},
	    {"{\"type\":\"a\\u0062\"}", NULL},
	    {"{\"\\u0074ype\":\"port\"}", NULL},
	    {"{\"type\":\"\xc3\xa4\"}", NULL},
	    {"{\"typ\":\"port\"}", NULL},
	    {"{\"types\":\"port\"}", NULL},
	    {"{\"type\" \"port\"}", NULL},
	    {"{\"type\":\"port", NULL},
	    {"{\"type\":\"port}", NULL},
	    {"{\"type\":\"port\"", NULL},
	    {"{\"type\":\"port\"]", NULL},
	    {"[\"type\"]", NULL},
	    {"{\"type\":}", NULL},
	    {"{\"type\"}", NULL},
	    {"{}", NULL},
	    {"}", NULL},
	    {"{", NULL},
	    {"", NULL},
	};
	struct hm_slice type;

	for (size_t i = 0; i < COUNT(lines); i++) {
		bool seen = hm_record_type(hm_text(lines[i].line), &type);

		ck_assert_msg(seen == (lines[i].type != NULL) && (!seen ||
		    hm_slice_is(type, lines[i].type)), "%s", lines[i].line);
	}
}
END_TEST

START_TEST(answers)
{
	struct hm_slice text;
	struct hm_decimal d;
	int64_t number;

	ck_assert(parse("{\"s\":\"a\\n\",\"n\":230.10,\"i\":50.0,\"z\":null,"
	    "\"big\":9223372036854775808,\"o\":{\"s\":1},\"f\":false}"));
	ck_assert_uint_eq(record.count, 7);
	ck_assert(hm_record_string(&record, "s", &text));
	ck_assert(hm_slice_is(text, "a\\n"));
	ck_assert(!hm_record_string(&record, "n", &text));
	ck_assert(!hm_record_string(&record, "none", &text));
	ck_assert(hm_record_decimal(&record, "n", &d));
	ck_assert_int_eq(d.units, 2301);
	ck_assert_uint_eq(d.scale, 1);
	ck_assert(!hm_record_decimal(&record, "s", &d));
	ck_assert(!hm_record_decimal(&record, "big", &d));
	ck_assert(hm_record_int(&record, "i", &number));
	ck_assert_int_eq(number, 50);
	ck_assert(!hm_record_int(&record, "n", &number));
	ck_assert(!hm_record_int(&record, "none", &number));
	ck_assert_int_eq(hm_record_get(&record, "z")->kind, HM_NULL);
	ck_assert_int_eq(hm_record_get(&record, "f")->kind, HM_FALSE);
	ck_assert_int_eq(hm_record_get(&record, "none")->kind, HM_ABSENT);
	ck_assert(hm_slice_is(hm_record_get(&record, "n")->text, "230.10"));
	ck_assert(hm_slice_is(hm_record_get(&record, "o")->text,
	    "{\"s\":1}"));
}
END_TEST

START_TEST(walks)
{
	static const struct {
		enum hm_kind kind;
		const char *text;
	} items[] = {
	    {HM_NUMBER, "1"},
	    {HM_STRING, "a,]"},
	    {HM_ARRAY, "[ [ ] , 2 ]"},
	    {HM_OBJECT, "{\"b\":{}}"},
	    {HM_TRUE, "true"},
	    {HM_NULL, "null"},
	};
	struct hm_slice rest;
	struct hm_value item;
	struct hm_member member;
	size_t n = 0;

	ck_assert(parse("{\"a\":[ 1 ,\"a,]\", [ [ ] , 2 ],{\"b\":{}} ,true,"
	    "null ] , \"o\":{ \"x\" : {\"y\":1} , \"\\u0078z\":[2] },"
	    "\"e\":[ ],\"f\":{ }}"));
	rest = hm_record_get(&record, "a")->text;
	for (; hm_array_next(&rest, &item); n++) {
		ck_assert_uint_lt(n, COUNT(items));
		ck_assert_int_eq(item.kind, items[n].kind);
		ck_assert_msg(hm_slice_is(item.text, items[n].text), "%.*s",
		    (int)item.text.n, item.text.p);
	}
	ck_assert_uint_eq(n, COUNT(items));
	rest = hm_record_get(&record, "o")->text;
	ck_assert(hm_object_next(&rest, &member));
	ck_assert(hm_slice_is(member.key, "x"));
	ck_assert(hm_slice_is(member.value.text, "{\"y\":1}"));
	ck_assert(hm_object_next(&rest, &member));
	ck_assert(hm_slice_is(member.key, "\\u0078z"));
	ck_assert_int_eq(member.value.kind, HM_ARRAY);
	ck_assert(!hm_object_next(&rest, &member));
	ck_assert(!hm_object_next(&rest, &member));
	item = hm_object_get(hm_record_get(&record, "o")->text, hm_text("x"));
	ck_assert_int_eq(item.kind, HM_OBJECT);
	item = hm_object_get(item.text, hm_text("y"));
	ck_assert(item.kind == HM_NUMBER && hm_slice_is(item.text, "1"));
	item = hm_object_get(hm_record_get(&record, "o")->text, hm_text("y"));
	ck_assert_int_eq(item.kind, HM_ABSENT);
	rest = hm_record_get(&record, "e")->text;
	ck_assert(!hm_array_next(&rest, &item));
	rest = hm_record_get(&record, "f")->text;
	ck_assert(!hm_object_next(&rest, &member));
}
END_TEST

START_TEST(one_value)
{
	static const struct {
		const char *text;
		enum hm_kind kind; /* HM_ABSENT: it is none */
		size_t at;
	} cases[] = {{" [1, {\"a\": []}]\n", HM_ARRAY, 0},
	    {"{\"a\":1}", HM_OBJECT, 0}, {"\"a\"", HM_STRING, 0},
	    {"-1.5e3 ", HM_NUMBER, 0}, {"null", HM_NULL, 0},
	    {"", HM_ABSENT, 0}, {" ", HM_ABSENT, 1}, {"[1,]", HM_ABSENT, 3},
	    {"1 2", HM_ABSENT, 2}, {"{a: 1}", HM_ABSENT, 1}};
	struct hm_value value;

	for (size_t i = 0; i < COUNT(cases); i++) {
		bool parsed = hm_value_parse(&value, hm_text(cases[i].text),
		    &fault);

		ck_assert_int_eq(parsed, cases[i].kind != HM_ABSENT);
		if (parsed)
			ck_assert_int_eq(value.kind, cases[i].kind);
		else
			ck_assert_uint_eq(fault.at, cases[i].at);
	}
}
END_TEST

START_TEST(decodes)
{
	static const char text[] = "\\\"\\\\\\/\\b\\f\\n\\r\\t"
	    "\\u0000\\u00b0\\u20AC\\ud83d\\ude00x\xc3\xa4";
	static const char plain[] = "\"\\/\b\f\n\r\t\0\xc2\xb0\xe2\x82\xac"
	    "\xf0\x9f\x98\x80x\xc3\xa4";
	char buf[sizeof plain];
	size_t n;

	ck_assert(hm_string_decode(hm_text(text), buf, sizeof plain - 1, &n));
	ck_assert_uint_eq(n, sizeof plain - 1);
	ck_assert_mem_eq(buf, plain, n);
	for (size_t cap = 0; cap < sizeof plain - 1; cap++)
		ck_assert(!hm_string_decode(hm_text(text), buf, cap, &n));
	ck_assert(hm_string_decode(hm_text(""), buf, 0, &n));
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* Emitter */

static void
emit_everything(struct hm_json *e)
{
	static const uint8_t bytes[] = {0x00, 0xa5, 0xff};
	struct hm_value value = {HM_STRING, hm_text("\\u00b0")};

	hm_json_record(e, "x\"y", hm_text("2026-11-23T10:15:00Z"));
	hm_json_hex(e, "hex", bytes, sizeof bytes);
	hm_json_hex(e, "none", NULL, 0);
	hm_json_int(e, "min", INT64_MIN);
	hm_json_decimal(e, "dec", hm_decimal(-50, 2));
	hm_json_bool(e, "yes", true);
	hm_json_array(e, "list");
	hm_json_object(e, NULL);
	hm_json_object_end(e);
	hm_json_array(e, NULL);
	hm_json_array_end(e);
	hm_json_bool(e, NULL, false);
	hm_json_text(e, NULL, "{");
	hm_json_text(e, NULL, "[");
	hm_json_array_end(e);
	hm_json_object(e, "o");
	hm_json_value(e, "escaped", &value);
	hm_json_raw(e, "raw", hm_text("[1]"));
	hm_json_object_end(e);
	hm_json_string(e, "dirt", hm_slice("\0\n\x1f\\\x7f\xff\xc3(\xe2\x82",
	    10));
	hm_json_object_end(e);
}

static const char everything[] = "{\"type\":\"x\\\"y\","
    "\"time\":\"2026-11-23T10:15:00Z\",\"hex\":\"00a5ff\",\"none\":\"\","
    "\"min\":-9223372036854775808,\"dec\":-0.5,\"yes\":true,"
    "\"list\":[{},[],false,\"{\",\"[\"],"
    "\"o\":{\"escaped\":\"\\u00b0\",\"raw\":[1]},"
    "\"dirt\":\"\\u0000\\u000a\\u001f\\\\\x7f\xef\xbf\xbd\xef\xbf\xbd("
    "\xef\xbf\xbd\xef\xbf\xbd\"}";

START_TEST(emits)
{
	char buf[sizeof everything];
	struct hm_slice line;
	struct hm_json e;

	hm_json_start(&e, buf, sizeof everything - 1);
	emit_everything(&e);
	ck_assert(hm_json_done(&e, &line));
	ck_assert_msg(hm_slice_is(line, everything), "%.*s", (int)line.n,
	    line.p);
	ck_assert(hm_record_parse(&record, line, &fault));
}
END_TEST

/* One byte too few anywhere, and nothing is written behind the buffer. */
START_TEST(overflows_are_remembered)
{
	struct hm_slice line;
	struct hm_json e;

	for (size_t cap = 0; cap < sizeof everything - 1; cap++) {
		char *buf = malloc(cap + 1);

		ck_assert_ptr_nonnull(buf);
		buf[cap] = '!';
		hm_json_start(&e, buf, cap);
		emit_everything(&e);
		ck_assert_msg(!hm_json_done(&e, &line), "%zu", cap);
		ck_assert(buf[cap] == '!' && e.len <= cap);
		free(buf);
	}
}
END_TEST

START_TEST(open_brackets_are_remembered)
{
	char buf[64];
	struct hm_slice line;
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_object(&e, NULL);
	ck_assert(!hm_json_done(&e, &line));
	hm_json_object_end(&e);
	ck_assert(hm_json_done(&e, &line));
	hm_json_object_end(&e);
	ck_assert(!hm_json_done(&e, &line));
}
END_TEST

static TCase *
reader_case(void)
{
	TCase *tc = tcase_create("reader");

	tcase_add_loop_test(tc, takes, 0, COUNT(good));
	tcase_add_loop_test(tc, refuses_and_says_where, 0, COUNT(bad));
	tcase_add_test(tc, torn_lines);
	tcase_add_test(tc, nul_bytes);
	tcase_add_test(tc, key_limits);
	tcase_add_test(tc, depth);
	tcase_add_test(tc, keys_that_look_alike);
	tcase_add_test(tc, repeats_any_of_many_keys);
	tcase_add_test(tc, limits_are_not_sums);
	tcase_add_test(tc, types);
	tcase_add_test(tc, answers);
	tcase_add_test(tc, walks);
	tcase_add_test(tc, one_value);
	tcase_add_test(tc, decodes);
	return tc;
}

static TCase *
emitter_case(void)
{
	TCase *tc = tcase_create("emitter");

	tcase_add_test(tc, emits);
	tcase_add_test(tc, overflows_are_remembered);
	tcase_add_test(tc, open_brackets_are_remembered);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("record");

	suite_add_tcase(suite, reader_case());
	suite_add_tcase(suite, emitter_case());
	return run_suite(suite);
}
