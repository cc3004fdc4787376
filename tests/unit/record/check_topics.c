#include <check.h>
#include <stdio.h>

#include "record/topics.h"
#include "run_suite.h"

static const char *
dtu(const char *name)
{
	static char buf[HM_TOPIC_MAX];

	return hm_topic_dtu("ha", "me", hm_text(name), buf,
	    sizeof buf) > 0 ? buf : NULL;
}

START_TEST(bridge)
{
	char buf[HM_TOPIC_MAX];
	static const char topic[] =
	    "homeassistant/hoymiles_mqtt/bridge/availability";

	ck_assert_uint_eq(hm_topic_bridge("homeassistant", buf, sizeof buf),
	    sizeof topic - 1);
	ck_assert_str_eq(buf, topic);
	ck_assert_uint_eq(hm_topic_bridge("homeassistant", buf,
	    sizeof topic), sizeof topic - 1);
	ck_assert_uint_eq(hm_topic_bridge("homeassistant", buf,
	    sizeof topic - 1), 0);
}
END_TEST

START_TEST(prefixes)
{
	static const char *const bad[] = {"", "/a", "a/", "a+", "#", "a\nb",
	    "$SYS", "a\xff", "a\xc2\x85z", "\x7f"};
	char longest[HM_TOPIC_PREFIX_MAX + 2];

	ck_assert(hm_topic_prefix_valid("homeassistant"));
	ck_assert(hm_topic_prefix_valid("a/b c/\xc3\xbc"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!hm_topic_prefix_valid(bad[i]), "%zu", i);
	memset(longest, 'p', sizeof longest);
	longest[HM_TOPIC_PREFIX_MAX + 1] = '\0';
	ck_assert(!hm_topic_prefix_valid(longest));
	longest[HM_TOPIC_PREFIX_MAX] = '\0';
	ck_assert(hm_topic_prefix_valid(longest));
}
END_TEST

START_TEST(dtu_names)
{
	ck_assert_str_eq(dtu("roof"), "ha/hoymiles_mqtt/roof/availability");
	ck_assert_str_eq(dtu("a+b#c/d"),
	    "ha/hoymiles_mqtt/a_b_c_d/availability");
	ck_assert_str_eq(dtu("K\xc3\xbc" "che 2"),
	    "ha/hoymiles_mqtt/K\xc3\xbc" "che 2/availability");
	ck_assert_str_eq(dtu("a\tb\x7f" "c\xc2\x80" "d\xef\xbf\xbf" "e"),
	    "ha/hoymiles_mqtt/a_b_c_d_e/availability");
	ck_assert_str_eq(dtu("bad\xff"), "ha/hoymiles_mqtt/bad_/availability");
	ck_assert_str_eq(dtu("bridge"),
	    "ha/hoymiles_mqtt/bridge_/availability");
	ck_assert_ptr_null(dtu(""));
}
END_TEST

static const char *
publisher(const char *id)
{
	static char buf[HM_TOPIC_MAX];

	return hm_topic_publisher("ha", id, buf, sizeof buf) > 0 ? buf : NULL;
}

START_TEST(publishers)
{
	char longest[HM_PUBLISHER_MAX + 2], prefix[HM_TOPIC_PREFIX_MAX + 1];
	char buf[HM_TOPIC_MAX];

	ck_assert_str_eq(publisher("hoymiles-mqtt-0a1b2c3d"),
	    "ha/hoymiles_mqtt/hoymiles-mqtt-0a1b2c3d/availability");
	ck_assert_str_eq(publisher("a/b+#"),
	    "ha/hoymiles_mqtt/a_b__/availability");
	ck_assert_str_eq(publisher("bridge"),
	    "ha/hoymiles_mqtt/bridge_/availability");
	ck_assert_ptr_null(publisher(""));
	memset(longest, 'i', sizeof longest);
	longest[HM_PUBLISHER_MAX + 1] = '\0';
	ck_assert_ptr_null(publisher(longest));
	longest[HM_PUBLISHER_MAX] = '\0';
	memset(prefix, 'p', sizeof prefix);
	prefix[HM_TOPIC_PREFIX_MAX] = '\0';
	ck_assert_uint_gt(hm_topic_publisher(prefix, longest, buf,
	    sizeof buf), 0);
}
END_TEST

/* Neither says of the other that it is offline. */
START_TEST(a_dtu_is_called_like_its_publisher)
{
	static const char *const names[][3] = {
	    {"solar", "solar", "solar_"},
	    {"a/b", "a_b", "a_b_"},
	    {"bridge", "bridge", "bridge__"},
	    {"solar_", "solar", "solar"},
	};
	char found[HM_TOPIC_MAX], expected[HM_TOPIC_MAX];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ck_assert_uint_gt(hm_topic_dtu("ha", names[i][0],
		    hm_text(names[i][1]), found, sizeof found), 0);
		snprintf(expected, sizeof expected,
		    "ha/hoymiles_mqtt/%s/availability", names[i][2]);
		ck_assert_str_eq(found, expected);
	}
}
END_TEST

START_TEST(control)
{
	static const char serial[] = "0123456789012345678901234567890123";
	struct hm_slice longest = hm_slice(serial, HM_TOPIC_SERIAL_MAX);
	struct hm_slice longer = hm_slice(serial, HM_TOPIC_SERIAL_MAX + 1);
	char buf[HM_TOPIC_MAX];

	ck_assert_uint_gt(hm_topic_own_commands("ha", "a/b", buf,
	    sizeof buf), 0);
	ck_assert_str_eq(buf, "ha/hoymiles_mqtt/a_b/command");
	ck_assert_uint_gt(hm_topic_control("ha", "bridge", buf,
	    sizeof buf), 0);
	ck_assert_str_eq(buf, "ha/hoymiles_mqtt/bridge_/control");
	ck_assert_uint_gt(hm_topic_commands("ha/x", buf, sizeof buf), 0);
	ck_assert_str_eq(buf, "ha/x/hoymiles_mqtt/command");
	ck_assert_uint_gt(hm_topic_results("ha", buf, sizeof buf), 0);
	ck_assert_str_eq(buf, "ha/hoymiles_mqtt/result");
	ck_assert_uint_gt(hm_topic_own_results("ha", "me", hm_text("10f7"),
	    buf, sizeof buf), 0);
	ck_assert_str_eq(buf, "ha/hoymiles_mqtt/me/results/10f7");
	ck_assert_uint_gt(hm_topic_confirmed("ha", hm_slice("10f7x", 4), buf,
	    sizeof buf), 0);
	ck_assert_str_eq(buf, "ha/hoymiles_mqtt/10f7/control");
	ck_assert_uint_gt(hm_topic_own_results("ha", "me", longest, buf,
	    sizeof buf), 0);
	ck_assert_str_eq(buf, "ha/hoymiles_mqtt/me/results/"
	    "01234567890123456789012345678901");
	ck_assert_uint_gt(hm_topic_confirmed("ha", longest, buf,
	    sizeof buf), 0);
	ck_assert_str_eq(buf, "ha/hoymiles_mqtt/"
	    "01234567890123456789012345678901/control");
	ck_assert_uint_eq(hm_topic_own_results("ha", "me", longer, buf,
	    sizeof buf), 0);
	ck_assert_uint_eq(hm_topic_confirmed("ha", longer, buf,
	    sizeof buf), 0);
	ck_assert_uint_eq(hm_topic_confirmed("ha", hm_text(""), buf,
	    sizeof buf), 0);
	ck_assert_uint_eq(hm_topic_own_commands("ha", "", buf,
	    sizeof buf), 0);
	ck_assert_uint_eq(hm_topic_commands("a/", buf, sizeof buf), 0);
	ck_assert_uint_eq(hm_topic_results("ha", buf, 10), 0);
}
END_TEST

START_TEST(dtu_limits)
{
	char name[HM_DTU_NAME_MAX + 1], buf[HM_TOPIC_MAX];
	char prefix[HM_TOPIC_PREFIX_MAX + 1];

	memset(name, 'n', sizeof name);
	memset(prefix, 'p', sizeof prefix);
	prefix[HM_TOPIC_PREFIX_MAX] = '\0';
	ck_assert_uint_gt(hm_topic_dtu(prefix, "me",
	    hm_slice(name, HM_DTU_NAME_MAX), buf, sizeof buf), 0);
	ck_assert_uint_eq(hm_topic_dtu(prefix, "me",
	    hm_slice(name, sizeof name), buf, sizeof buf), 0);
	ck_assert_uint_eq(hm_topic_dtu("a+", "me", hm_text("x"), buf,
	    sizeof buf), 0);
	memset(name, '\0', sizeof name);
	ck_assert_uint_gt(hm_topic_dtu("a", "me", hm_slice(name, 3), buf,
	    sizeof buf), 0);
	ck_assert_str_eq(buf, "a/hoymiles_mqtt/___/availability");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("topics");
	TCase *tc = tcase_create("topics");

	tcase_add_test(tc, bridge);
	tcase_add_test(tc, prefixes);
	tcase_add_test(tc, dtu_names);
	tcase_add_test(tc, publishers);
	tcase_add_test(tc, a_dtu_is_called_like_its_publisher);
	tcase_add_test(tc, control);
	tcase_add_test(tc, dtu_limits);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
