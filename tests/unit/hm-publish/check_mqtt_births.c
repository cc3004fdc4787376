#include <check.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <string.h>

#include "mqtt_link_private.h"
#include "run_suite.h"

#define HOUR_MS 3600000

static struct hm_mqtt_link mqtt;
static int subscriptions, result;

/* Instead of that of libmosquitto. */
int
mosquitto_subscribe_v5(struct mosquitto *mosq, int *id, const char *topic,
    int qos, int options, const mosquitto_property *properties)
{
	(void)mosq, (void)id, (void)properties;
	ck_assert_str_eq(topic, "home/status");
	ck_assert_int_eq(qos, 0);
	ck_assert_int_eq(options, MQTT_SUB_OPT_SEND_RETAIN_NEVER);
	subscriptions++;
	return result;
}

static void
setup(void)
{
	memset(&mqtt, 0, sizeof mqtt);
	mqtt.options.birth_topic = "home/status";
	subscriptions = 0;
	result = MOSQ_ERR_SUCCESS;
}

/* As after the loss of a connection. */
static void
connect_again(int64_t now)
{
	mqtt.hears_births = false;
	hm_mqtt_births_subscribe(&mqtt, now);
}

static void
hear(const char *payload, bool retain, int64_t now)
{
	char copy[16];
	const struct mosquitto_message message = {
	    .payload = copy,
	    .payloadlen = (int)strlen(payload),
	    .retain = retain,
	};

	memcpy(copy, payload, strlen(payload));
	hm_mqtt_births_take(&mqtt, now, &message);
}

START_TEST(one_subscription_a_connection)
{
	hm_mqtt_births_subscribe(&mqtt, 1000);
	hm_mqtt_births_subscribe(&mqtt, 2000);
	ck_assert_int_eq(subscriptions, 1);
	connect_again(3000);
	ck_assert_int_eq(subscriptions, 2);
}
END_TEST

START_TEST(subscription_that_fails_is_retried)
{
	result = MOSQ_ERR_NO_CONN;
	hm_mqtt_births_subscribe(&mqtt, 1000);
	result = MOSQ_ERR_SUCCESS;
	hm_mqtt_births_subscribe(&mqtt, 2000);
	hm_mqtt_births_subscribe(&mqtt, 3000);
	ck_assert_int_eq(subscriptions, 2);
}
END_TEST

/* On a connection that lasts, without another one. */
START_TEST(message_that_is_too_large_is_forgotten_after_an_hour)
{
	hm_mqtt_births_subscribe(&mqtt, 1000);
	ck_assert(hm_mqtt_births_refuse(&mqtt, 5000));
	connect_again(5100);
	hm_mqtt_births_subscribe(&mqtt, 5000 + HOUR_MS - 1);
	ck_assert_int_eq(subscriptions, 1);
	hm_mqtt_births_subscribe(&mqtt, 5000 + HOUR_MS);
	hm_mqtt_births_subscribe(&mqtt, 5001 + HOUR_MS);
	ck_assert_int_eq(subscriptions, 2);
}
END_TEST

START_TEST(second_one_starts_the_hour_again)
{
	hm_mqtt_births_subscribe(&mqtt, 1000);
	ck_assert(hm_mqtt_births_refuse(&mqtt, 5000));
	connect_again(5000 + HOUR_MS);
	ck_assert(hm_mqtt_births_refuse(&mqtt, 6000 + HOUR_MS));
	connect_again(5999 + 2 * HOUR_MS);
	ck_assert_int_eq(subscriptions, 2);
	connect_again(6000 + 2 * HOUR_MS);
	ck_assert_int_eq(subscriptions, 3);
}
END_TEST

START_TEST(without_a_subscription_it_was_no_birth)
{
	ck_assert(!hm_mqtt_births_refuse(&mqtt, 5000));
	hm_mqtt_births_subscribe(&mqtt, 5001);
	ck_assert_int_eq(subscriptions, 1);
}
END_TEST

START_TEST(only_a_birth_of_now_is_one)
{
	hear("offline", false, 1000);
	hear("onlin", false, 1000);
	hear("Online", false, 1000);
	hear("online", true, 1000);
	ck_assert_uint_eq(mqtt.counts.births, 0);
	ck_assert(!hm_announce_take(&mqtt.births, 100000));
	hear("online", false, 1000);
	ck_assert_uint_eq(mqtt.counts.births, 1);
	ck_assert(!hm_announce_take(&mqtt.births, 1999));
	ck_assert(hm_announce_take(&mqtt.births, 11000));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mqtt_births");
	TCase *tcase = tcase_create("mqtt_births");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, one_subscription_a_connection);
	tcase_add_test(tcase, subscription_that_fails_is_retried);
	tcase_add_test(tcase,
	    message_that_is_too_large_is_forgotten_after_an_hour);
	tcase_add_test(tcase, second_one_starts_the_hour_again);
	tcase_add_test(tcase, without_a_subscription_it_was_no_birth);
	tcase_add_test(tcase, only_a_birth_of_now_is_one);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
