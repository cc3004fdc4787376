#include "record/ha_topic.h"

#include <check.h>
#include <stdio.h>

#include "record/topics.h"
#include "run_suite.h"

static void
expect(struct hm_slice found, const char *expected)
{
	ck_assert_msg(hm_slice_is(found, expected), "found %.*s, not %s",
	    (int)found.n, found.p, expected);
}

START_TEST(single_message)
{
	struct hm_ha_topic t;
	char buf[HM_TOPIC_MAX];

	ck_assert(hm_ha_topic_read(
	    hm_text("home/ha/sensor/1161/inv_temperature/config"), &t));
	ck_assert(!t.is_device);
	expect(t.prefix, "home/ha");
	expect(t.component, "sensor");
	expect(t.serial, "1161");
	expect(t.object, "inv_temperature");
	ck_assert_uint_eq(hm_ha_topic_filter(&t, buf, sizeof buf), 23);
	ck_assert_str_eq(buf, "home/ha/+/1161/+/config");
	hm_ha_topic_device(&t, buf, sizeof buf);
	ck_assert_str_eq(buf, "home/ha/device/hm_1161/config");
}
END_TEST

START_TEST(device_message)
{
	struct hm_ha_topic t;
	char buf[HM_TOPIC_MAX];

	ck_assert(hm_ha_topic_read(hm_text("ha/device/hm_1161/config"), &t));
	ck_assert(t.is_device);
	expect(t.prefix, "ha");
	expect(t.serial, "1161");
	hm_ha_topic_filter(&t, buf, sizeof buf);
	ck_assert_str_eq(buf, "ha/+/1161/+/config");
	ck_assert(hm_ha_topic_read(hm_text("a/b/device/hm_1/config"), &t));
	ck_assert(t.is_device);
	expect(t.prefix, "a/b");
	/* Somebody else's device, as a device is no single message. */
	ck_assert(!hm_ha_topic_read(hm_text("ha/device/hm_/config"), &t));
	ck_assert(!hm_ha_topic_read(hm_text("ha/device/x/config"), &t));
}
END_TEST

START_TEST(other_topics)
{
	static const char *const others[] = {"", "config", "/config",
	    "a/config", "ha/sensor/1/a/configs", "ha/sensor/1//config",
	    "ha/sensor//a/config", "ha//1/a/config", "/sensor/1/a/config",
	    "sensor/1/a/config", "ha/hoymiles_mqtt/1/state"};
	struct hm_ha_topic t;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ck_assert_msg(!hm_ha_topic_read(hm_text(others[i]), &t),
		    "%s", others[i]);
	ck_assert(!hm_ha_topic_read(hm_slice("ha/sensor/1/\0/config", 20),
	    &t));
}
END_TEST

START_TEST(length)
{
	char topic[HM_TOPIC_MAX + 1], buf[16];
	struct hm_ha_topic t;

	snprintf(topic, sizeof topic, "ha/sensor/1/%0*d/config",
	    (int)HM_TOPIC_MAX - 20, 0);
	ck_assert_uint_eq(strlen(topic), HM_TOPIC_MAX - 1);
	ck_assert(hm_ha_topic_read(hm_text(topic), &t));
	snprintf(topic, sizeof topic, "ha/sensor/1/%0*d/config",
	    (int)HM_TOPIC_MAX - 19, 0);
	ck_assert(!hm_ha_topic_read(hm_text(topic), &t));
	ck_assert(hm_ha_topic_read(hm_text("ha/sensor/123/b/config"), &t));
	ck_assert_uint_eq(hm_ha_topic_filter(&t, buf, 16), 0);
	ck_assert_uint_eq(hm_ha_topic_device(&t, buf, 16), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ha_topic");
	TCase *tcase = tcase_create("ha_topic");

	tcase_add_test(tcase, single_message);
	tcase_add_test(tcase, device_message);
	tcase_add_test(tcase, other_topics);
	tcase_add_test(tcase, length);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
