#include "config/dtu_list.h"

#include <check.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_suite.h"

/* tests/golden/hm-poll/uris-wrong has the URIs that are refused. */
static const struct {
	const char *uri;
	enum hm_transport transport;
	const char *host;
	uint16_t port;
	uint8_t unit;
	const char *name;
} good[] = {
    {"hm://10.0.0.5", HM_TRANSPORT_HM, "10.0.0.5", 10081, 9, "10.0.0.5"},
    {"hm://10.0.0.5/", HM_TRANSPORT_HM, "10.0.0.5", 10081, 9, "10.0.0.5"},
    {"hm://10.0.0.5:10081", HM_TRANSPORT_HM, "10.0.0.5", 10081, 9,
        "10.0.0.5"},
    {"hm://10.0.0.5:1", HM_TRANSPORT_HM, "10.0.0.5", 1, 9, "10.0.0.5:1"},
    {"hm://10.0.0.5:65535#roof", HM_TRANSPORT_HM, "10.0.0.5", 65535, 9,
        "roof"},
    {"hm://dtu-1.local#the roof: a/b#c", HM_TRANSPORT_HM, "dtu-1.local", 10081,
        9, "the roof: a/b#c"},
    {"modbus://dtu", HM_TRANSPORT_MODBUS, "dtu", 502, 9, "dtu"},
    {"modbus://dtu/0", HM_TRANSPORT_MODBUS, "dtu", 502, 0, "dtu"},
    {"modbus://dtu/255", HM_TRANSPORT_MODBUS, "dtu", 502, 255, "dtu"},
    {"modbus://dtu:502/1#a", HM_TRANSPORT_MODBUS, "dtu", 502, 1, "a"},
    {"modbus://dtu:1502/", HM_TRANSPORT_MODBUS, "dtu", 1502, 9, "dtu:1502"},
    {"modbus://dtu/#a", HM_TRANSPORT_MODBUS, "dtu", 502, 9, "a"},
    {"hm://[::1]", HM_TRANSPORT_HM, "::1", 10081, 9, "::1"},
    {"modbus://[fe80::1%eth0]:5/6#a", HM_TRANSPORT_MODBUS, "fe80::1%eth0", 5,
        6, "a"},
    {"hm://[::ffff:10.0.0.5]:5", HM_TRANSPORT_HM, "::ffff:10.0.0.5", 5, 9,
        "::ffff:10.0.0.5:5"},
    {"es://10.0.0.7", HM_TRANSPORT_ES, "10.0.0.7", 10081, 9, "10.0.0.7"},
    {"es://[::1]:5#a", HM_TRANSPORT_ES, "::1", 5, 9, "a"},
    {"modbus-g3://hit", HM_TRANSPORT_MODBUS_G3, "hit", 502, 9, "hit"},
    {"modbus-g3://hit:1502/3#a", HM_TRANSPORT_MODBUS_G3, "hit", 1502, 3, "a"},
    {"hm://b\xc3\xbcro", HM_TRANSPORT_HM, "b\xc3\xbcro", 10081, 9,
        "b\xc3\xbcro"},
};

START_TEST(uri_is_read)
{
	struct hm_dtu dtu;
	const char *why;

	ck_assert_msg(hm_dtu_parse_uri(good[_i].uri, 9, &dtu, &why), "%s: %s",
	    good[_i].uri, why);
	ck_assert_ptr_null(why);
	ck_assert_int_eq(dtu.transport, good[_i].transport);
	ck_assert_str_eq(dtu.host, good[_i].host);
	ck_assert_uint_eq(dtu.port, good[_i].port);
	ck_assert_uint_eq(dtu.unit, good[_i].unit);
	ck_assert_str_eq(dtu.name, good[_i].name);
	hm_dtu_free(&dtu);
	ck_assert_ptr_null(dtu.name);
}
END_TEST

START_TEST(refused_uri_leaves_nothing)
{
	struct hm_dtu dtu;
	const char *why;

	ck_assert(!hm_dtu_parse_uri("hm://host:port", 1, &dtu, &why));
	ck_assert_ptr_nonnull(why);
	ck_assert_ptr_null(dtu.host);
	ck_assert_ptr_null(dtu.name);
	ck_assert(!hm_dtu_parse_uri("", 1, &dtu, &why));
	ck_assert_ptr_null(dtu.host);
}
END_TEST

START_TEST(host_may_be_as_long_as_the_dns_allows)
{
	char uri[300] = "hm://";
	struct hm_dtu dtu;
	const char *why;

	memset(uri + 5, 'a', 253);
	ck_assert(hm_dtu_parse_uri(uri, 1, &dtu, &why));
	ck_assert_uint_eq(strlen(dtu.host), 253);
	hm_dtu_free(&dtu);
	uri[5 + 253] = 'a';
	ck_assert(!hm_dtu_parse_uri(uri, 1, &dtu, &why));
}
END_TEST

/* Collecting */

static struct hm_config *config;
static struct hm_dtus dtus;

/* The DTUs of a command line of up to five words; the status. */
static int
collect(const char *const words[5])
{
	static char copy[6][64] = {"check"};
	char *argv[7] = {copy[0]};
	int argc = 1, status;

	unsetenv("HM_CONFIG");
	optind = 0; /* getopt_long begins again */
	for (; argc < 6 && words[argc - 1] != NULL; argc++) {
		snprintf(copy[argc], sizeof copy[argc], "%s",
		    words[argc - 1]);
		argv[argc] = copy[argc];
	}
	config = hm_config_load(&hm_tools[HM_TOOL_POLL], NULL, argc, argv,
	    &status);
	ck_assert_ptr_nonnull(config);
	return hm_dtus_collect(&dtus, config);
}

static void
setup(void)
{
	unsetenv("DTU_HOST");
	unsetenv("DTU_PORT");
	unsetenv("DTU_CONFIGS");
}

START_TEST(two_of_one_name_are_refused)
{
	ck_assert_int_eq(collect((const char *[5]){"hm://a", "modbus://a"}),
	    64);
	hm_dtus_free(&dtus);
	hm_config_free(config);
}
END_TEST

START_TEST(operands_go_before_the_environment)
{
	setenv("DTU_HOST", "10.0.0.9", 1);
	ck_assert_int_eq(collect((const char *[5]){"hm://b", "modbus://a",
	    "--modbus-unit-id", "5"}), 0);
	ck_assert_uint_eq(dtus.count, 2);
	ck_assert_str_eq(dtus.dtu[0].name, "b");
	ck_assert_str_eq(dtus.dtu[1].name, "a");
	ck_assert_uint_eq(dtus.dtu[1].unit, 5);
	hm_dtus_free(&dtus);
	ck_assert_uint_eq(dtus.count, 0);
	hm_config_free(config);
}
END_TEST

static void
expect_list(const char *const words[5], const char *first, size_t count)
{
	ck_assert_int_eq(collect(words), 0);
	ck_assert_uint_eq(dtus.count, count);
	ck_assert_str_eq(dtus.dtu[0].host, first);
	hm_dtus_free(&dtus);
	hm_config_free(config);
}

START_TEST(list_goes_before_host_unless_that_is_an_option)
{
	setenv("DTU_HOST", "10.0.0.9", 1);
	setenv("DTU_PORT", "10081", 1);
	setenv("DTU_CONFIGS", "[{\"host\":\"10.0.0.1\"},"
	    "{\"host\":\"10.0.0.2\"}]", 1);
	expect_list((const char *[5]){NULL}, "10.0.0.1", 2);
	expect_list((const char *[5]){"--dtu-host=10.0.0.8"}, "10.0.0.8", 1);
	expect_list((const char *[5]){"hm://10.0.0.7"}, "10.0.0.7", 1);
	setenv("DTU_CONFIGS", "[]", 1);
	expect_list((const char *[5]){NULL}, "10.0.0.9", 1);
}
END_TEST

static void
expect_host(const char *host, const char *port, const struct hm_dtu *expected)
{
	setenv("DTU_HOST", host, 1);
	if (port != NULL)
		setenv("DTU_PORT", port, 1);
	else
		unsetenv("DTU_PORT");
	ck_assert_int_eq(collect((const char *[5]){NULL}), 0);
	ck_assert_uint_eq(dtus.count, 1);
	ck_assert_int_eq(dtus.dtu[0].transport, expected->transport);
	ck_assert_str_eq(dtus.dtu[0].host, expected->host);
	ck_assert_uint_eq(dtus.dtu[0].port, expected->port);
	ck_assert_str_eq(dtus.dtu[0].name, expected->name);
	hm_dtus_free(&dtus);
	hm_config_free(config);
}

START_TEST(plain_host_is_modbus_unless_its_port_is_hms)
{
	char dtu[] = "DTU", roof[] = "roof", v4[] = "10.0.0.5", v6[] = "::1";

	expect_host(v4, NULL, &(struct hm_dtu){dtu, HM_TRANSPORT_MODBUS, v4,
	    502, 1});
	expect_host(v4, "1502", &(struct hm_dtu){dtu, HM_TRANSPORT_MODBUS, v4,
	    1502, 1});
	expect_host(v4, "10081", &(struct hm_dtu){dtu, HM_TRANSPORT_HM, v4,
	    10081, 1});
	expect_host(v6, "10081", &(struct hm_dtu){dtu, HM_TRANSPORT_HM, v6,
	    10081, 1});
	expect_host("[::1]", NULL, &(struct hm_dtu){dtu, HM_TRANSPORT_MODBUS,
	    v6, 502, 1});
	expect_host("hm://10.0.0.5", NULL, &(struct hm_dtu){dtu,
	    HM_TRANSPORT_HM, v4, 10081, 1});
	expect_host("hm://10.0.0.5:5#roof", NULL, &(struct hm_dtu){roof,
	    HM_TRANSPORT_HM, v4, 5, 1});
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dtu_list");
	TCase *uris = tcase_create("uris"), *lists = tcase_create("lists");

	suite_add_tcase(suite, uris);
	tcase_add_loop_test(uris, uri_is_read, 0,
	    (int)(sizeof good / sizeof *good));
	tcase_add_test(uris, refused_uri_leaves_nothing);
	tcase_add_test(uris, host_may_be_as_long_as_the_dns_allows);
	suite_add_tcase(suite, lists);
	tcase_add_checked_fixture(lists, setup, NULL);
	tcase_add_test(lists, operands_go_before_the_environment);
	tcase_add_test(lists, list_goes_before_host_unless_that_is_an_option);
	tcase_add_test(lists, two_of_one_name_are_refused);
	tcase_add_test(lists, plain_host_is_modbus_unless_its_port_is_hms);
	return run_suite(suite);
}
