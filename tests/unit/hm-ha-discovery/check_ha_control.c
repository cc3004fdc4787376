#include <check.h>
#include <stdio.h>

#include "ha.h"
#include "ha_device.h"
#include "record/record.h"
#include "run_suite.h"

static struct hm_ha *ha;
static size_t messages;

static void
count(void *context, struct hm_slice line)
{
	(void)context;
	(void)line;
	messages++;
}

static void
setup(void)
{
	static const struct hm_ha_options options = {
	    .style = {.prefix = "homeassistant", .publisher = "hm"},
	    .fresh_ms = 60000,
	    .control = true,
	};

	messages = 0;
	ha = hm_ha_new(&options, count, NULL);
	ck_assert_ptr_nonnull(ha);
}

static void
teardown(void)
{
	hm_ha_free(ha);
}

/* As many DTUs as there is room for have a result, and another a reading. */
static void
fill(const char *state)
{
	struct hm_fault fault;
	struct hm_record record;
	char line[256];

	for (size_t i = 0; i < HM_HA_DTUS_MAX; i++) {
		snprintf(line, sizeof line, "{\"type\":\"result\","
		    "\"time\":\"2026-11-23T10:00:00Z\",\"id\":\"1\","
		    "\"dtu\":\"d%zu\",\"action\":\"limit\","
		    "\"state\":\"%s\"}", i, state);
		ck_assert(hm_record_parse(&record, hm_text(line), &fault));
		ck_assert_ptr_null(hm_ha_record(ha, hm_text("result"),
		    &record));
	}
	ck_assert_uint_eq(messages, HM_HA_DTUS_MAX);
	ck_assert(hm_record_parse(&record, hm_text("{\"type\":\"dtu\","
	    "\"time\":\"2026-11-23T10:00:00Z\",\"dtu\":\"roof\"}"), &fault));
	ck_assert_ptr_null(hm_ha_record(ha, hm_text("dtu"), &record));
}

START_TEST(refused_results_take_no_room)
{
	fill("refused");
	ck_assert_uint_eq(hm_ha_counters(ha)->refused, 0);
	ck_assert_uint_eq(messages, HM_HA_DTUS_MAX + 1);
}
END_TEST

START_TEST(other_results_take_room)
{
	fill("unknown");
	ck_assert_uint_eq(hm_ha_counters(ha)->refused, 1);
	ck_assert_uint_eq(messages, HM_HA_DTUS_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ha_control");
	TCase *tc = tcase_create("ha_control");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, refused_results_take_no_room);
	tcase_add_test(tc, other_results_take_room);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
