#include <check.h>
#include <stdio.h>

#include "limit_meter.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define BAD INT64_MIN
#define NONE INT64_MAX

static struct hm_limit_meter meter;
static struct hm_record record;

/* The watts of a line, NONE, or BAD. */
static int64_t
read_line(const char *line, int64_t now)
{
	struct hm_fault fault;
	struct hm_slice type;
	const char *why;
	int64_t watts;
	bool known;

	ck_assert(hm_record_parse(&record, hm_text(line), &fault));
	ck_assert(hm_record_string(&record, "type", &type));
	ck_assert(hm_limit_meter_takes(&meter, type));
	why = hm_limit_meter_read(&meter, type, &record, now, &known, &watts);
	return why != NULL ? BAD : known ? watts : NONE;
}

static const struct {
	const char *paths, *payload;
	int64_t watts;
} payloads[] = {
    {NULL, "\"-123.4\"", -123},
    {NULL, "\"123.5\"", 124},
    {NULL, "250", 250},
    {NULL, "\"unavailable\"", BAD},
    {NULL, "\"\"", BAD},
    {NULL, "null", BAD},
    {NULL, "\"1e30\"", BAD},
    {"ENERGY.Power", "\"{\\\"ENERGY\\\":{\\\"Power\\\":812}}\"", 812},
    {"ENERGY.Power", "{\"ENERGY\":{\"Power\":812}}", 812},
    {".ENERGY.Power", "{\"ENERGY\":{\"Power\":812}}", 812},
    {"ENERGY.Power", "{\"ENERGY\":{\"Total\":812}}", BAD},
    {"ENERGY.Power", "{\"ENERGY\":812}", BAD},
    {"ENERGY", "{\"ENERGY\":{\"Power\":812}}", BAD},
    {"em:0.total_act_power", "{\"em:0\":{\"total_act_power\":-40.26}}", -40},
    {"emeters[1].power", "{\"emeters\":[{\"power\":1},{\"power\":7}]}", 7},
    {"emeters[2].power", "{\"emeters\":[{\"power\":1},{\"power\":7}]}", BAD},
    {"emeters[0].power emeters[1].power",
        "{\"emeters\":[{\"power\":1},{\"power\":7}]}", 8},
    {"[1]", "[1,\"-2\"]", -2},
    {"[0][1]", "[[1,9]]", 9},
    {"a", "\"{\\\"a\\\":1\"", BAD},
};

START_TEST(payload)
{
	char line[512];

	for (size_t i = 0; i < COUNT(payloads); i++) {
		meter = (struct hm_limit_meter){.options = {.topics = "a/b",
		    .paths = payloads[i].paths, .silence_ms = 60000}};
		snprintf(line, sizeof line, "{\"type\":\"message\",\"topic\":"
		    "\"a/b\",\"payload\":%s}", payloads[i].payload);
		ck_assert_msg(read_line(line, 0) == payloads[i].watts,
		    "payload %zu", i);
	}
}
END_TEST

START_TEST(retained)
{
	meter = (struct hm_limit_meter){.options = {.topics = "a/b"}};
	ck_assert(read_line("{\"type\":\"message\",\"topic\":\"a/b\","
	    "\"payload\":\"1\",\"retained\":true}", 0) == NONE);
	ck_assert(read_line("{\"type\":\"message\",\"topic\":\"a/c\","
	    "\"payload\":\"1\"}", 0) == NONE);
	ck_assert(read_line("{\"type\":\"message\",\"payload\":\"1\"}", 0) ==
	    NONE);
}
END_TEST

/* The phases of a meter come one after the other. */
START_TEST(topics)
{
	static const char *const line[] = {
	    "{\"type\":\"message\",\"topic\":\"a\",\"payload\":\"100\"}",
	    "{\"type\":\"message\",\"topic\":\"b\",\"payload\":\"20\"}"};

	meter = (struct hm_limit_meter){.options = {.topics = "a b",
	    .reversed = true, .silence_ms = 60000}};
	ck_assert(read_line(line[0], 1000) == NONE);
	ck_assert(read_line(line[1], 2000) == -120);
	ck_assert(read_line(line[1], 60999) == -120);
	ck_assert(read_line(line[1], 61000) == NONE);
	ck_assert(read_line(line[0], 62000) == -120);
}
END_TEST

static const struct {
	const char *serial, *line;
	int64_t watts;
} records[] = {
    {NULL, "{\"type\":\"meter\",\"serial\":\"a\",\"power\":-1540}", -1540},
    {NULL, "{\"type\":\"meter\",\"serial\":\"a\",\"power\":1,"
        "\"stale\":true}", NONE},
    {NULL, "{\"type\":\"meter\",\"serial\":\"a\"}", NONE},
    {NULL, "{\"type\":\"meter\",\"power\":1}", BAD},
    {"b", "{\"type\":\"meter\",\"serial\":\"a\",\"power\":1}", NONE},
    {"b", "{\"type\":\"meter\",\"serial\":\"b\",\"power\":2}", 2},
};

START_TEST(meters)
{
	for (size_t i = 0; i < COUNT(records); i++) {
		meter = (struct hm_limit_meter){.options = {.serial =
		    records[i].serial}};
		ck_assert_msg(read_line(records[i].line, 0) ==
		    records[i].watts, "record %zu", i);
		ck_assert(!meter.several);
	}
}
END_TEST

START_TEST(two_meters)
{
	meter = (struct hm_limit_meter){.options = {.serial = NULL}};
	ck_assert(read_line(records[0].line, 0) == -1540);
	ck_assert(read_line(records[5].line, 0) == NONE);
	ck_assert(meter.several);
}
END_TEST

static const struct {
	const char *path;
	bool good;
} paths[] = {
    {"power", true}, {".power", true}, {"a.b", true}, {"[2]", true},
    {"a[2].b", true}, {"a[2][3]", true}, {".", false}, {"a..b", false},
    {"a.", false}, {"a[", false}, {"a[x]", false}, {"a[-1]", false},
    {"a[1001]", false}, {"a]", false}, {"a[]", false},
};

START_TEST(path)
{
	for (size_t i = 0; i < COUNT(paths); i++)
		ck_assert_msg(hm_limit_path_is_good(hm_text(paths[i].path)) ==
		    paths[i].good, "path %s", paths[i].path);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limit_meter");
	TCase *tc = tcase_create("limit_meter");

	tcase_add_test(tc, payload);
	tcase_add_test(tc, retained);
	tcase_add_test(tc, topics);
	tcase_add_test(tc, meters);
	tcase_add_test(tc, two_meters);
	tcase_add_test(tc, path);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
