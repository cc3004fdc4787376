#include "mqtt/broker_warnings.h"

#include <check.h>

#include "run_suite.h"

static const struct {
	const char *host;
	bool here;
} hosts[] = {
    {"localhost", true},
    {"LocalHost", true},
    {"127.0.0.1", true},
    {"127.255.0.9", true},
    {"::1", true},
    {"::ffff:127.0.0.1", true},
    {"128.0.0.1", false},
    {"192.168.1.2", false},
    {"::ffff:192.168.1.2", false},
    {"fd00::2", false},
    {"::", false},
    {"127.example", false},
    {"localhost.example", false},
};

START_TEST(only_this_machine_is_here)
{
	ck_assert_msg(hm_broker_is_here(hosts[_i].host) == hosts[_i].here,
	    "%s", hosts[_i].host);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("broker_warnings");
	TCase *tcase = tcase_create("broker_warnings");

	tcase_add_loop_test(tcase, only_this_machine_is_here, 0,
	    sizeof hosts / sizeof *hosts);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
