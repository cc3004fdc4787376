#include <check.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <string.h>

#include "mqtt/mqtt_link_private.h"
#include "run_suite.h"
#include "sender_private.h"

#define HOUR_MS 3600000

static struct hm_mqtt_link mqtt;
static struct hm_sender sender;
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
	memset(&sender, 0, sizeof sender);
	sender.link = &mqtt;
	sender.birth_topic = "home/status";
	subscriptions = 0;
	result = MOSQ_ERR_SUCCESS;
}

/* As after the loss of a connection. */
static void
connect_again(int64_t now)
{
	sender.hears_births = false;
	hm_sender_births_subscribe(&sender, now);
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
	hm_sender_births_take(&sender, now, &message);
}

START_TEST(one_subscription_a_connection)
{
	hm_sender_births_subscribe(&sender, 1000);
	hm_sender_births_subscribe(&sender, 2000);
	ck_assert_int_eq(subscriptions, 1);
	connect_again(3000);
	ck_assert_int_eq(subscriptions, 2);
}
END_TEST

START_TEST(subscription_that_fails_is_retried)
{
	result = MOSQ_ERR_NO_CONN;
	hm_sender_births_subscribe(&sender, 1000);
	result = MOSQ_ERR_SUCCESS;
	hm_sender_births_subscribe(&sender, 2000);
	hm_sender_births_subscribe(&sender, 3000);
	ck_assert_int_eq(subscriptions, 2);
}
END_TEST

/* On a connection that lasts, without another one. */
START_TEST(message_that_is_too_large_is_forgotten_after_an_hour)
{
	hm_sender_births_subscribe(&sender, 1000);
	ck_assert(hm_sender_births_refuse(&sender, 5000));
	connect_again(5100);
	hm_sender_births_subscribe(&sender, 5000 + HOUR_MS - 1);
	ck_assert_int_eq(subscriptions, 1);
	hm_sender_births_subscribe(&sender, 5000 + HOUR_MS);
	hm_sender_births_subscribe(&sender, 5001 + HOUR_MS);
	ck_assert_int_eq(subscriptions, 2);
}
END_TEST

START_TEST(second_one_starts_the_hour_again)
{
	hm_sender_births_subscribe(&sender, 1000);
	ck_assert(hm_sender_births_refuse(&sender, 5000));
	connect_again(5000 + HOUR_MS);
	ck_assert(hm_sender_births_refuse(&sender, 6000 + HOUR_MS));
	connect_again(5999 + 2 * HOUR_MS);
	ck_assert_int_eq(subscriptions, 2);
	connect_again(6000 + 2 * HOUR_MS);
	ck_assert_int_eq(subscriptions, 3);
}
END_TEST

START_TEST(without_a_subscription_it_was_no_birth)
{
	ck_assert(!hm_sender_births_refuse(&sender, 5000));
	hm_sender_births_subscribe(&sender, 5001);
	ck_assert_int_eq(subscriptions, 1);
}
END_TEST

START_TEST(only_a_birth_of_now_is_one)
{
	hear("offline", false, 1000);
	hear("onlin", false, 1000);
	hear("Online", false, 1000);
	hear("online", true, 1000);
	ck_assert_uint_eq(sender.counts.births, 0);
	ck_assert(!hm_announce_take(&sender.births, 100000));
	hear("online", false, 1000);
	ck_assert_uint_eq(sender.counts.births, 1);
	ck_assert(!hm_announce_take(&sender.births, 1999));
	ck_assert(hm_announce_take(&sender.births, 11000));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sender_births");
	TCase *tcase = tcase_create("sender_births");

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
