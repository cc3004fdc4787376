#include "base/exits.h"
#include "load.h"
#include "run_suite.h"

#define publish_tool hm_tools[HM_TOOL_PUBLISH]

static void
setup(void)
{
	clear_environment();
}

static void
teardown(void)
{
	free_config();
}

/* Load hm-publish with a broker in the environment, and --check if `check`. */
static void
load(const char *broker, const char *file, bool check)
{
	static char name[] = "hm-publish", option[] = "--check";
	char *argv[] = {name, check ? option : NULL, NULL};

	if (broker != NULL)
		setenv("MQTT_BROKER", broker, 1);
	load_arguments(&publish_tool, check ? 2 : 1, argv, file);
}

static const struct {
	const char *text, *host;
	int port;
	bool tls;
} forms[] = {
    {"192.168.1.2", "192.168.1.2", 1883, false},
    {"broker.lan", "broker.lan", 1883, false},
    {"broker.lan:1884", "broker.lan", 1884, false},
    {"mqtt://broker.lan", "broker.lan", 1883, false},
    {"mqtt://broker.lan/", "broker.lan", 1883, false},
    {"mqtt://broker.lan:11883", "broker.lan", 11883, false},
    {"MQTT://broker.lan:1", "broker.lan", 1, false},
    {"mqtts://broker.lan", "broker.lan", 8883, true},
    {"mqtts://broker.lan:65535/", "broker.lan", 65535, true},
    {"::1", "::1", 1883, false},
    {"fe80::1%eth0", "fe80::1%eth0", 1883, false},
    {"[::1]", "::1", 1883, false},
    {"[fd00::2]:1884", "fd00::2", 1884, false},
    {"mqtts://[fd00::2]", "fd00::2", 8883, true},
    {"mqtts://[fd00::2]:8884", "fd00::2", 8884, true},
};

START_TEST(address_may_name_port_and_tls)
{
	load(forms[_i].text, NULL, false);
	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(hm_config_text(config, HM_SET_MQTT_BROKER),
	    forms[_i].host);
	ck_assert_int_eq(hm_config_int(config, HM_SET_MQTT_PORT),
	    forms[_i].port);
	ck_assert(hm_config_flag(config, HM_SET_MQTT_TLS) == forms[_i].tls);
}
END_TEST

static const char *const wrong[] = {
    "http://broker.lan", "tcp://broker.lan:1883", "mqtt:/broker.lan",
    "mqtt://", "broker.lan:", "broker.lan:0", "broker.lan:65536",
    "broker.lan:mqtt", "broker.lan:1883x", "broker.lan/", "a b",
    "mqtt://broker.lan/topic", "[::1", "[broker.lan]", "[::1]1883",
    "fd00::2::1:1883", ":1883", "mqtt://:1883", "broker.lan#x",
};

START_TEST(other_forms_are_refused)
{
	char expected[512];

	load(wrong[_i], NULL, false);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
	snprintf(expected, sizeof expected, "hm-publish: error: mqtt_broker "
	    "(MQTT_BROKER): found \"%s\", allowed are HOST[:PORT], "
	    "mqtt://HOST[:PORT] and mqtts://HOST[:PORT] with a port from 1 to "
	    "65535, and an IPv6 address in brackets\n", wrong[_i]);
	ck_assert_str_eq(said, expected);
}
END_TEST

START_TEST(password_in_the_address_is_not_shown)
{
	load("mqtt://solar:se@cret@broker.lan:1883", NULL, true);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
	ck_assert_str_eq(said, "hm-publish: error: mqtt_broker (MQTT_BROKER): "
	    "found \"@broker.lan:1883\", allowed is an address without a user "
	    "and a password, which are mqtt_user and mqtt_password_file\n");
}
END_TEST

#define DISAGREES(setting, found, needed, uri) \
	"hm-publish: error: " setting ": found \"" found "\", allowed is " \
	needed ", as mqtt_broker (MQTT_BROKER) says: \"" uri "\"\n"

static const struct {
	const char *broker, *port, *tls, *message; /* NULL: they agree */
} pairs[] = {
    {"mqtt://h:1884", "1884", "false", NULL},
    {"mqtt://h", "1884", "no", NULL},
    {"mqtts://h", "1883", "true", NULL},
    {"mqtts://h:8884", "8884", NULL, NULL},
    {"h:8883", NULL, "true", NULL},
    {"h:1884", "1883", NULL,
        DISAGREES("mqtt_port (MQTT_PORT)", "1883", "1884", "h:1884")},
    {"mqtt://h", NULL, "true",
        DISAGREES("mqtt_tls (MQTT_TLS)", "true", "false", "mqtt://h")},
    {"mqtts://h", NULL, "false",
        DISAGREES("mqtt_tls (MQTT_TLS)", "false", "true", "mqtts://h")},
    {"mqtts://h:1", "2", "off",
        DISAGREES("mqtt_port (MQTT_PORT)", "2", "1", "mqtts://h:1")
        DISAGREES("mqtt_tls (MQTT_TLS)", "off", "true", "mqtts://h:1")},
};

START_TEST(other_settings_must_agree)
{
	if (pairs[_i].port != NULL)
		setenv("MQTT_PORT", pairs[_i].port, 1);
	if (pairs[_i].tls != NULL)
		setenv("MQTT_TLS", pairs[_i].tls, 1);
	load(pairs[_i].broker, NULL, false);
	ck_assert_str_eq(said,
	    pairs[_i].message != NULL ? pairs[_i].message : "");
	ck_assert((config == NULL) == (pairs[_i].message != NULL));
	if (config == NULL)
		ck_assert_int_eq(status, HM_EXIT_CONFIG);
}
END_TEST

/* What each of two layers says, and what is meant. */
static const struct {
	const char *broker, *file; /* MQTT_BROKER, and the lines of the file */
	const char *port, *tls;    /* MQTT_PORT and MQTT_TLS */
	int64_t needed_port;
	bool needed_tls;
} layers[] = {
    {"h:1884", "mqtt_port: 1883\n", NULL, NULL, 1884, false},
    {"mqtt://h:1884", "mqtt_port: 1883\n", NULL, NULL, 1884, false},
    {"mqtts://h", "mqtt_tls: false\n", NULL, NULL, 8883, true},
    {"mqtts://h", "mqtt_port: 1883\n", NULL, NULL, 1883, true},
    {"mqtt://h", "mqtt_tls: true\nmqtt_port: 8883\n", NULL, NULL, 8883,
        false},
    {"h:1884", "mqtt_tls: true\n", NULL, NULL, 1884, true},
    {NULL, "mqtt_broker: h:1884\n", "1885", NULL, 1885, false},
    {NULL, "mqtt_broker: mqtts://h\n", NULL, "false", 1883, false},
    {NULL, "mqtt_broker: mqtt://h\n", NULL, "true", 1883, true},
    {NULL, "mqtt_broker: mqtts://h:8884\n", "8885", NULL, 8885, true},
    {"h", "mqtt_broker: mqtts://other:8884\n", NULL, NULL, 1883, false},
};

START_TEST(upper_layer_wins)
{
	if (layers[_i].port != NULL)
		setenv("MQTT_PORT", layers[_i].port, 1);
	if (layers[_i].tls != NULL)
		setenv("MQTT_TLS", layers[_i].tls, 1);
	load(layers[_i].broker, layers[_i].file, false);
	ck_assert_str_eq(said, "");
	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(hm_config_text(config, HM_SET_MQTT_BROKER), "h");
	ck_assert_int_eq(hm_config_int(config, HM_SET_MQTT_PORT),
	    layers[_i].needed_port);
	ck_assert(hm_config_flag(config, HM_SET_MQTT_TLS) ==
	    layers[_i].needed_tls);
}
END_TEST

START_TEST(settings_of_one_file_must_agree)
{
	load(NULL, "mqtt_broker: mqtt://h:1884\nmqtt_port: 1883\n", false);
	ck_assert_int_eq(status, HM_EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(said, ":2): found \"1883\", allowed is "
	    "1884, as mqtt_broker ("));
	ck_assert_ptr_nonnull(strstr(said, ":1) says: \"mqtt://h:1884\""));
}
END_TEST

START_TEST(check_shows_what_is_meant)
{
	load("mqtts://[fd00::2]", NULL, true);
	ck_assert_int_eq(status, HM_EXIT_OK);
	ck_assert_ptr_nonnull(strstr(said,
	    "mqtt_broker: \"fd00::2\"  # MQTT_BROKER\n"
	    "mqtt_port: 8883  # MQTT_BROKER\n"));
	ck_assert_ptr_nonnull(strstr(said,
	    "\nmqtt_tls: true  # MQTT_BROKER\n"));
}
END_TEST

/* The other tools share the file, and have no broker. */
START_TEST(only_tools_with_a_broker_read_it)
{
	static char name[] = "hm-filter";
	char *argv[] = {name, NULL};

	load_arguments(&hm_tools[HM_TOOL_FILTER], 1, argv,
	    "mqtt_broker: http://broker.lan\n");
	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(said, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("config_broker");
	TCase *tcase = tcase_create("broker");

	tcase_add_checked_fixture(tcase, setup, teardown);
	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, address_may_name_port_and_tls, 0,
	    sizeof forms / sizeof *forms);
	tcase_add_loop_test(tcase, other_forms_are_refused, 0,
	    sizeof wrong / sizeof *wrong);
	tcase_add_test(tcase, password_in_the_address_is_not_shown);
	tcase_add_loop_test(tcase, other_settings_must_agree, 0,
	    sizeof pairs / sizeof *pairs);
	tcase_add_loop_test(tcase, upper_layer_wins, 0,
	    sizeof layers / sizeof *layers);
	tcase_add_test(tcase, settings_of_one_file_must_agree);
	tcase_add_test(tcase, check_shows_what_is_meant);
	tcase_add_test(tcase, only_tools_with_a_broker_read_it);
	return run_suite(suite);
}
