#include "base/suggest.h"

#include <check.h>
#include <string.h>

#include "run_suite.h"

static const char *const names[] = {"ask", "ask_period", "query_period",
    "comm_retries", "comm_reconnect_delay", "comm_reconnect_delay_max",
    "mqtt_broker", "mqtt_port", "mqtt_qos", "mqtt_user", "mqtt_password",
    "dtu_port", "timezone"};

static const char *
nearest_to(const char *word)
{
	struct hm_suggest nearest;

	hm_suggest_start(&nearest, word);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		hm_suggest_try(&nearest, names[i]);
	return nearest.best;
}

static const struct {
	const char *word, *name;
} near[] = {
    {"ask", "ask"},
    {"ASK", "ask"},
    {"asl", "ask"},
    {"as", "ask"},
    {"query-perid", "query_period"},      /* a letter is missing */
    {"query_perriod", "query_period"},    /* one is too many */
    {"query_beriod", "query_period"},     /* one is another */
    {"query_peroid", "query_period"},     /* two are swapped */
    {"querry_period", "query_period"},
    {"comm_reconect_dellay", "comm_reconnect_delay"},
    {"comm_reconnect_delay_mx", "comm_reconnect_delay_max"},
    {"timezon", "timezone"},
    {"broker", "mqtt_broker"},            /* the end of a name */
    {"mqtt_pass", "mqtt_password"},       /* the beginning of one */
    {"mqtt_username", "mqtt_user"},       /* more than a name */
    {"mqtt_prot", "mqtt_port"},
};

START_TEST(near_word_is_found)
{
	const char *found = nearest_to(near[_i].word);

	ck_assert_msg(found != NULL && strcmp(found, near[_i].name) == 0,
	    "%s: %s", near[_i].word, found);
}
END_TEST

static const char *const far[] = {"", "a", "colour", "mqtt_host", "mqtt_",
    "tz", "query", "mqtt_port_1883_tcp_addr", "port_forwarding",
    "comm_reconnect_delay_max_comm_reconnect_delay_max_comm"};

START_TEST(far_word_is_not)
{
	const char *found = nearest_to(far[_i]);

	ck_assert_msg(found == NULL, "%s: %s", far[_i], found);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("suggest");
	TCase *tc = tcase_create("suggest");

	tcase_add_loop_test(tc, near_word_is_found, 0,
	    sizeof near / sizeof *near);
	tcase_add_loop_test(tc, far_word_is_not, 0, sizeof far / sizeof *far);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
