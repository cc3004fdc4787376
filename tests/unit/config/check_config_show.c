#include "load.h"
#include "config/config_show.h"
#include "run_suite.h"

#define COPY(array, text) snprintf(array, sizeof(array), "%s", text)

/* The settings for people: what is shown, and that no secret is. */

static char shown[16384];

static void
view(void *context, const char *name, const char *value, const char *source)
{
	size_t n = strlen(shown);

	ck_assert_ptr_eq(context, &config);
	ck_assert_str_ne(source, "");
	ck_assert_uint_lt(strlen(value), HM_CONFIG_SHOWN_MAX);
	snprintf(shown + n, sizeof shown - n, "%s=%s (%s)\n", name, value,
	    strncmp(source, "/dev/fd/", 8) == 0 ? "file" : source);
	ck_assert_uint_lt(n + strlen(name) + strlen(value) + 10,
	    sizeof shown);
}

static void
show(const char *file, char *option)
{
	char name[] = "hm-metrics";
	char *argv[] = {name, option, NULL};

	load_arguments(&hm_tools[HM_TOOL_METRICS], option != NULL ? 2 : 1,
	    argv, file);
	ck_assert_msg(config != NULL, "%s", said);
	COPY(shown, "\n");
	ck_assert(hm_config_show(config, view, &config));
}

static bool
shows(const char *line)
{
	char whole[400];

	snprintf(whole, sizeof whole, "\n%s\n", line);
	return strstr(shown, whole) != NULL;
}

#define EXPECT(line) ck_assert_msg(shows(line), "%s in %s", line, shown)
#define EXPECT_NOT(text) \
	ck_assert_msg(strstr(shown, text) == NULL, "%s in %s", text, shown)

START_TEST(own_settings_and_given_ones_of_others)
{
	char option[] = "--port=8090";

	setenv("MQTT_QOS", "2", 1);
	setenv("HM_PLANT_NAME", "Sunnyside", 1);
	show("query_period: 30\nmqtt_port: 1884\nmqtt_qos: 0\n"
	    "names:\n  roof: House\n  barn: Cow shed\n"
	    "health_allowed_hosts: [a.example, b.example]\n"
	    "dtu_configs:\n  - name: roof\n    uri: hm://192.0.2.7\n"
	    "  - host: 192.0.2.8\n    port: 503\n    unit_id: 7\n",
	    option);
	EXPECT("query_period=30 (file)");
	EXPECT("health_port=8090 (--port)");
	EXPECT("health_enabled=true (default)");
	EXPECT("plant_name=Sunnyside (HM_PLANT_NAME)");
	EXPECT("names=roof: House, barn: Cow shed (file)");
	EXPECT("health_allowed_hosts=a.example, b.example (file)");
	EXPECT("dtu_configs=roof: hm://192.0.2.7, 192.0.2.8:503/7 (file)");
	/* Of other tools: what is given, and a variable overrides the file. */
	EXPECT("mqtt_port=1884 (file)");
	EXPECT("mqtt_qos=2 (MQTT_QOS)");
	EXPECT_NOT("mqtt_keepalive=");
	EXPECT_NOT("check=");
}
END_TEST

START_TEST(no_secret_is_shown)
{
	show("mqtt_password: letmein1\n"
	    "mqtt_broker: mqtt://me:letmein2@192.0.2.9:1883\n"
	    "page_url: https://me:letmein3@example.org/a?key=letmein4\n"
	    "mqtt_user: solar@home\n", NULL);
	EXPECT("mqtt_password=set (file)");
	EXPECT("mqtt_broker=mqtt://***@192.0.2.9:1883 (file)");
	EXPECT("page_url=https://***@example.org/a?*** (file)");
	EXPECT("mqtt_user=solar@home (file)");
	EXPECT_NOT("letmein");
}
END_TEST

START_TEST(no_secret_of_a_variable_is_shown)
{
	setenv("MQTT_PASSWORD", "letmein1", 1);
	setenv("MQTT_BROKER", "me:letmein2@192.0.2.9", 1);
	setenv("HM_PAGE_URL", "https://me:letmein3@example.org", 1);
	show(NULL, NULL);
	EXPECT("mqtt_password=set (MQTT_PASSWORD)");
	EXPECT("mqtt_broker=***@192.0.2.9 (MQTT_BROKER)");
	EXPECT("page_url=https://***@example.org (HM_PAGE_URL)");
	EXPECT_NOT("letmein");
}
END_TEST

/* Which of it is the password nobody can tell. */
START_TEST(no_password_with_a_question_mark_is_shown)
{
	setenv("MQTT_BROKER", "mqtt://me:let?mein@192.0.2.9", 1);
	show(NULL, NULL);
	EXPECT("mqtt_broker=mqtt://*** (MQTT_BROKER)");
	EXPECT_NOT("mein");
}
END_TEST

START_TEST(no_coordinates_are_shown)
{
	char option[] = "--night=52.5163,13.3777";

	show(NULL, option);
	EXPECT("night=sunset to sunrise (--night)");
	free_config();
	setenv("HM_NIGHT", "525163e-4,13.3777", 1);
	show(NULL, NULL);
	EXPECT("night=sunset to sunrise (HM_NIGHT)");
	EXPECT_NOT("5163");
	free_config();
	unsetenv("HM_NIGHT");
	show("night: 22:00-05:30\n", NULL);
	EXPECT("night=22:00-05:30 (file)");
}
END_TEST

/* A value that is too long is cut between characters. */
START_TEST(a_long_value_is_cut)
{
	static char file[6100];
	size_t n;

	COPY(file, "health_allowed_hosts: [a");
	for (n = strlen(file); n < 6000; n += 2)
		memcpy(file + n, "\u00fc", 3);
	memcpy(file + n, "]\n", 3);
	show(file, NULL);
	ck_assert_ptr_nonnull(strstr(shown, "\u00fc... (file)"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("config_show");
	TCase *tcase = tcase_create("config_show");

	tcase_add_checked_fixture(tcase, clear_environment, free_config);
	tcase_add_test(tcase, own_settings_and_given_ones_of_others);
	tcase_add_test(tcase, no_secret_is_shown);
	tcase_add_test(tcase, no_secret_of_a_variable_is_shown);
	tcase_add_test(tcase, no_password_with_a_question_mark_is_shown);
	tcase_add_test(tcase, no_coordinates_are_shown);
	tcase_add_test(tcase, a_long_value_is_cut);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
