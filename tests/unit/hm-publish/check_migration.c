#include "migration.h"

#include <check.h>
#include <stdio.h>

#include "run_suite.h"

#define TEXT_MAX 4096
#define D "ha/device/hm_1/config"
#define S "ha/sensor/1/"
#define W ",\"unit_of_measurement\":\"W\""
#define KW ",\"unit_of_measurement\":\"kW\""

static struct hm_standing *standing;
static struct hm_stood_device *device;
static struct hm_migration *migration;
static char found[TEXT_MAX];

static void
setup(void)
{
	struct hm_ha_topic topic;

	standing = hm_standing_new();
	migration = hm_migration_new();
	ck_assert(hm_ha_topic_read(hm_text(D), &topic));
	device = hm_standing_add(standing, &topic);
	ck_assert(device != NULL && migration != NULL);
	found[0] = '\0';
}

static void
teardown(void)
{
	hm_migration_free(migration);
	hm_standing_free(standing);
}

static void
stands(const char *topic, const char *payload)
{
	hm_standing_sent(standing, hm_text(topic), hm_text(payload));
}

static void
note(const char *what, struct hm_slice text)
{
	size_t n = strlen(found);

	snprintf(found + n, sizeof found - n, "%s%.*s ", what, (int)text.n,
	    text.p);
}

static void
changed(void *context, const struct hm_ha_config *config)
{
	(void)context;
	note("", config->state_topic);
}

static void
act(void *context, enum hm_migration_step step, struct hm_slice topic)
{
	(void)context;
	note(step == HM_STEP_EMPTY ? "empty:" : "migrate:", topic);
}

/* What a message changes, and what goes before it. */
static const char *
steps(const char *payload, bool is_device)
{
	found[0] = '\0';
	hm_migration_look(migration, device, hm_text(payload), is_device);
	hm_migration_changes(migration, changed, NULL);
	hm_migration_before(migration, act, NULL);
	return found;
}

static const char *
merged(const char *payload, int64_t now, bool reduced)
{
	struct hm_slice out;
	bool is;

	hm_migration_look(migration, device, hm_text(payload), true);
	out = hm_migration_merge(migration, now, &is);
	ck_assert(is == reduced);
	snprintf(found, sizeof found, "%.*s", (int)out.n, out.p);
	return found;
}

static void
reads_key(const char *template, const char *key)
{
	struct hm_ha_config config;
	char payload[200];

	snprintf(payload, sizeof payload, "{\"value_template\":\"%s\"}",
	    template);
	ck_assert(hm_ha_config_read(hm_text(payload), &config));
	ck_assert_uint_eq(config.key.n, strlen(key));
	ck_assert_int_eq(strncmp(config.key.p, key, config.key.n), 0);
}

START_TEST(key_of_a_template)
{
	reads_key("{{ value_json.pv_power }}", "pv_power");
	reads_key("{{ iif(value_json.t1 is defined, value_json.t1, '') }}",
	    "t1");
	reads_key("{{ value_json['x'] }}", "");
	reads_key("{{ value_json.", "");
	reads_key("value_json.end", "end");
	reads_key("{{ value }}", "");
	reads_key("", "");
}
END_TEST

START_TEST(first_message)
{
	ck_assert_str_eq(steps("{\"unique_id\":\"a\"" W "}", false), "");
	ck_assert_str_eq(steps("nonsense", false), "");
	ck_assert_str_eq(steps("nonsense", true), "");
	ck_assert_str_eq(merged("{\"components\":{\"x\":{\"platform\":\"y\"}},"
	    "\"o\":1}", 0, false), "{\"o\":1,\"components\":{}}");
	ck_assert_str_eq(merged("{\"components\": {\"x\":{\"n\":\"a\"}}}", 0,
	    false), "{\"components\": {\"x\":{\"n\":\"a\"}}}");
}
END_TEST

START_TEST(unit_of_single_message)
{
	stands(S "a/config", "{\"unique_id\":\"a\"" W "}");
	ck_assert_str_eq(steps("{\"uniq_id\":\"a\",\"name\":\"n\",\"stat_t\":"
	    "\"t\",\"unit_of_meas\":\"W\"}", false), "");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\"" KW
	    "}", false), "t ");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\"}",
	    false), "t ");
	ck_assert_str_eq(steps("{\"unique_id\":\"b\",\"state_topic\":\"t\"" KW
	    "}", false), "");
}
END_TEST

START_TEST(classes)
{
	stands(S "a/config", "{\"unique_id\":\"a\",\"device_class\":\"power\","
	    "\"state_class\":null}");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\","
	    "\"device_class\":\"power\"}", false), "");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\","
	    "\"device_class\":\"energy\"}", false), "t ");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\","
	    "\"device_class\":\"power\",\"state_class\":\"total\"}", false),
	    "t ");
	/* A class is no unit of the same name. */
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\","
	    "\"unit_of_measurement\":\"power\"}", false), "t ");
}
END_TEST

START_TEST(same_unit_with_and_without_escapes)
{
	stands(S "a/config", "{\"unique_id\":\"\\u0061\","
	    "\"unit_of_measurement\":\"\\u00b0C\"}");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\","
	    "\"unit_of_measurement\":\"\u00b0C\"}", false), "");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\","
	    "\"unit_of_measurement\":\"\u00b0F\"}", false), "t ");
}
END_TEST

START_TEST(to_a_device_message)
{
	stands(S "c/config", "{\"unique_id\":\"c\"}");
	stands(S "b/config", "{\"unique_id\":\"b\"" W "}");
	stands(S "a/config", "{\"unique_id\":\"a\"" W "}");
	ck_assert_str_eq(steps("{\"components\":{"
	    "\"x\":{\"unique_id\":\"a\",\"state_topic\":\"t\"" W "},"
	    "\"y\":{\"unique_id\":\"b\",\"state_topic\":\"u\"" KW "}}}", true),
	    "u migrate:" S "a/config migrate:" S "b/config "
	    "empty:" S "a/config empty:" S "b/config ");
}
END_TEST

START_TEST(deselected_single_message)
{
	stands("ha/binary_sensor/1/a/config", "{\"unique_id\":\"b\"}");
	stands(S "a/config", "{\"unique_id\":\"a\"}");
	ck_assert_str_eq(steps("{\"components\":{\"a\":{\"platform\":"
	    "\"sensor\"}}}", true), "empty:" S "a/config ");
}
END_TEST

START_TEST(back_to_single_messages)
{
	stands(D, "{\"components\":{\"x\":{\"unique_id\":\"a\"" W "}}}");
	ck_assert_str_eq(steps("{\"unique_id\":\"b\"}", false), "");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\"" KW
	    "}", false), "t migrate:" D " empty:" D " ");
	stands(D, "");
	ck_assert_str_eq(steps("{\"unique_id\":\"a\",\"state_topic\":\"t\"" KW
	    "}", false), "");
}
END_TEST

START_TEST(components_that_stand)
{
	stands(D, "{\"cmps\":{\"x\":{\"unique_id\":\"a\"" W "},"
	    "\"y\":{\"unique_id\":\"b\"},\"z\":{\"platform\":\"sensor\"},"
	    "\"v\":{\"unique_id\":\"d\"},\"n\":1}}");
	ck_assert_str_eq(steps("{\"components\":{\"x\":{\"unique_id\":\"a\","
	    "\"state_topic\":\"t\"" KW "}}}", true), "t ");
	/* v has moved to w. */
	ck_assert_str_eq(merged("{\"device\":{},\"components\":{"
	    "\"x\":{\"unique_id\":\"a\"" KW "},\"w\":{\"unique_id\":\"d\"}},"
	    "\"qos\":1}", 0, false),
	    "{\"device\":{},\"qos\":1,\"components\":{"
	    "\"x\":{\"unique_id\":\"a\"" KW "},\"w\":{\"unique_id\":\"d\"},"
	    "\"y\":{\"unique_id\":\"b\"}}}");
}
END_TEST

START_TEST(reduced_components)
{
	const char *given = "{\"components\":{\"x\":{\"unique_id\":\"a\"},"
	    "\"y\":{\"platform\":\"sensor\"},\"z\":{\"platform\":\"sensor\"}}}";
	const char *both = "{\"components\":{\"x\":{\"unique_id\":\"a\"},"
	    "\"y\":{\"platform\":\"sensor\"}}}";
	const char *rest = "{\"components\":{\"x\":{\"unique_id\":\"a\"}}}";
	struct hm_slice out;

	stands(D, "{\"components\":{\"x\":{\"unique_id\":\"a\"},"
	    "\"y\":{\"unique_id\":\"b\"}}}");
	ck_assert_str_eq(merged(given, 0, true), both);
	device->reduced = 10000;
	stands(D, both);
	ck_assert_int_eq(device->reduced, 10000);
	/* It must stay so long, also when it is missing. */
	ck_assert_str_eq(merged(given, 9999, true), both);
	ck_assert_str_eq(merged(rest, 9999, true), both);
	ck_assert_str_eq(merged(given, 10000, false), rest);
	ck_assert_str_eq(merged(rest, 10000, false), rest);
	out = hm_migration_finish(migration, device);
	ck_assert_msg(hm_slice_is(out, rest), "%.*s", (int)out.n, out.p);
}
END_TEST

#define N "ha/number/1/"
#define COMMANDS ",\"command_topic\":\"ha/c\""
#define RESULTS ",\"state_topic\":\"ha/r\""

/* What goes with a message. */
static const char *
retired(const char *payload, bool is_device, size_t count)
{
	found[0] = '\0';
	hm_migration_look(migration, device, hm_text(payload), is_device);
	ck_assert_uint_eq(hm_migration_retired(migration, act, NULL), count);
	return found;
}

static void
retire(void)
{
	hm_migration_retire(migration, hm_ha_text_hash(hm_text("ha/c")),
	    hm_ha_text_hash(hm_text("ha/r")));
}

START_TEST(single_messages_that_are_to_go)
{
	stands(N "limit/config", "{\"unique_id\":\"l\"" COMMANDS "}");
	stands(N "other/config",
	    "{\"unique_id\":\"o\",\"command_topic\":\"ha/x\"}");
	stands("ha/event/1/result/config", "{\"unique_id\":\"r\"" RESULTS "}");
	stands(S "power/config", "{\"unique_id\":\"p\"}");
	ck_assert_str_eq(retired("{\"unique_id\":\"p\"}", false, 0), "");
	retire();
	ck_assert_str_eq(retired("{\"unique_id\":\"p\"}", false, 2),
	    "empty:ha/event/1/result/config empty:" N "limit/config ");
	ck_assert_str_eq(retired("{\"components\":{\"a\":{\"p\":\"sensor\"}}}",
	    true, 2),
	    "empty:ha/event/1/result/config empty:" N "limit/config ");
	stands(N "limit/config", "");
	stands("ha/event/1/result/config", "");
	ck_assert_str_eq(retired("{\"unique_id\":\"p\"}", false, 0), "");
}
END_TEST

START_TEST(components_that_are_to_go)
{
	static const char given[] =
	    "{\"components\":{\"a\":{\"p\":\"sensor\",\"unique_id\":\"a\"}}}";

	stands(D, "{\"components\":{\"n\":{\"unique_id\":\"n\",\"cmd_t\":"
	    "\"ha/c\",\"platform\":\"number\"},\"e\":{\"p\":\"event\","
	    "\"unique_id\":\"e\"" RESULTS "},\"a\":{\"p\":\"sensor\","
	    "\"unique_id\":\"a\"}}}");
	retire();
	ck_assert_str_eq(retired(given, true, 2), "");
	ck_assert_str_eq(merged(given, 5, true),
	    "{\"components\":{\"a\":{\"p\":\"sensor\",\"unique_id\":\"a\"},"
	    "\"n\":{\"platform\":\"number\"},\"e\":{\"p\":\"event\"}}}");
	/* Another message of the device takes its place with the entity. */
	ck_assert_str_eq(retired("{\"unique_id\":\"s\"}", false, 0), "");
}
END_TEST

START_TEST(what_is_announced_does_not_go)
{
	static const char number[] = "{\"unique_id\":\"n\"" COMMANDS "}";

	stands(N "limit/config", "{\"unique_id\":\"l\"" COMMANDS "}");
	retire();
	ck_assert_str_eq(retired("{\"unique_id\":\"p\"}", false, 1),
	    "empty:" N "limit/config ");
	ck_assert_str_eq(retired(number, false, 0), "");
	ck_assert_str_eq(retired("{\"unique_id\":\"p\"}", false, 0), "");
}
END_TEST

START_TEST(more_than_a_line)
{
	static char given[200000], stood[200000];
	struct hm_slice out;
	bool reduced;

	snprintf(stood, sizeof stood,
	    "{\"components\":{\"y\":{\"n\":\"%0*d\"}}}", 150000, 0);
	snprintf(given, sizeof given,
	    "{\"components\":{\"x\":{\"n\":\"%0*d\"}}}", 150000, 0);
	stands(D, stood);
	hm_migration_look(migration, device, hm_text(given), true);
	out = hm_migration_merge(migration, 0, &reduced);
	ck_assert_ptr_eq(out.p, given);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("migration");
	TCase *tcase = tcase_create("migration");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, key_of_a_template);
	tcase_add_test(tcase, first_message);
	tcase_add_test(tcase, unit_of_single_message);
	tcase_add_test(tcase, classes);
	tcase_add_test(tcase, same_unit_with_and_without_escapes);
	tcase_add_test(tcase, to_a_device_message);
	tcase_add_test(tcase, deselected_single_message);
	tcase_add_test(tcase, back_to_single_messages);
	tcase_add_test(tcase, components_that_stand);
	tcase_add_test(tcase, reduced_components);
	tcase_add_test(tcase, single_messages_that_are_to_go);
	tcase_add_test(tcase, components_that_are_to_go);
	tcase_add_test(tcase, what_is_announced_does_not_go);
	tcase_add_test(tcase, more_than_a_line);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
