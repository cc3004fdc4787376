#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http/host_rule.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define OWN "solar"
#define ALLOWED "pv.example.org,  Roof.Example. [fd00::9]"

static const struct {
	const char *host;
	enum hm_host_verdict verdict;
} hosts[] = {
    {"localhost", HM_HOST_ANSWERED},
    {"LOCALHOST:8080", HM_HOST_ANSWERED},
    {"localhost.", HM_HOST_ANSWERED},
    {"localhost.:8080", HM_HOST_ANSWERED},
    {"localhost:", HM_HOST_ANSWERED},
    {"localhost:0", HM_HOST_ANSWERED},
    {"localhost:65535", HM_HOST_ANSWERED},
    {"hoymiles-mqtt:8080", HM_HOST_ANSWERED},
    {"127.0.0.1", HM_HOST_ANSWERED},
    {"192.168.1.10:8080", HM_HOST_ANSWERED},
    {"203.0.113.7.", HM_HOST_ANSWERED},
    {"[::1]", HM_HOST_ANSWERED},
    {"[fd00::2]:8080", HM_HOST_ANSWERED},
    {"[::ffff:192.168.1.10]", HM_HOST_ANSWERED},
    {"[fe80::1%eth0]:8080", HM_HOST_ANSWERED},
    {"[fe80::1%25eth0]", HM_HOST_ANSWERED},
    {"solar.local", HM_HOST_ANSWERED},
    {"Solar.Fritz.Box.:8080", HM_HOST_ANSWERED},
    {"pv.example.org", HM_HOST_ANSWERED},
    {"PV.Example.Org.:443", HM_HOST_ANSWERED},
    {"roof.example", HM_HOST_ANSWERED},
    {"evil.example", HM_HOST_REFUSED},
    {"evil.example:8080", HM_HOST_REFUSED},
    {"localhost.evil.example", HM_HOST_REFUSED},
    {"evil.localhost", HM_HOST_REFUSED},
    {"127.0.0.1.evil.example", HM_HOST_REFUSED},
    {"127.1", HM_HOST_REFUSED},
    {"192.168.1.256", HM_HOST_REFUSED},
    {"192.168.001.010", HM_HOST_REFUSED},
    {"solarx.local", HM_HOST_REFUSED},
    {"sola.local", HM_HOST_REFUSED},
    {"x.solar", HM_HOST_REFUSED},
    {"x.solar.local", HM_HOST_REFUSED},
    {".solar", HM_HOST_REFUSED},
    {"x.pv.example.org", HM_HOST_REFUSED},
    {"pv.example.org.evil.example", HM_HOST_REFUSED},
    {"example.org", HM_HOST_REFUSED},
    {"pv.example.org..", HM_HOST_REFUSED},
    {"..", HM_HOST_REFUSED},
    {"", HM_HOST_INVALID},
    {":8080", HM_HOST_INVALID},
    {"localhost:65536", HM_HOST_INVALID},
    {"localhost:-1", HM_HOST_INVALID},
    {"localhost:80x", HM_HOST_INVALID},
    {"localhost:80:80", HM_HOST_INVALID},
    {"localhost/", HM_HOST_INVALID},
    {"localhost#evil.example", HM_HOST_INVALID},
    {"localhost?", HM_HOST_INVALID},
    {"http://localhost", HM_HOST_INVALID},
    {"me@localhost", HM_HOST_INVALID},
    {"me:secret@localhost", HM_HOST_INVALID},
    {"localhost@evil.example", HM_HOST_INVALID},
    {"localhost evil.example", HM_HOST_INVALID},
    {"localhost, evil.example", HM_HOST_INVALID},
    {"localhost\tevil.example", HM_HOST_INVALID},
    {"local\x01host", HM_HOST_INVALID},
    {"local\xffhost", HM_HOST_INVALID},
    {"::1", HM_HOST_INVALID},
    {"[::1", HM_HOST_INVALID},
    {"[::1]x", HM_HOST_INVALID},
    {"[localhost]", HM_HOST_INVALID},
    {"[]", HM_HOST_INVALID},
    {"[", HM_HOST_INVALID},
};

START_TEST(names_of_this_machine_are_answered)
{
	const struct hm_http_request request = {
	    .host = hosts[_i].host, .hosts = 1};

	ck_assert_msg(hm_host_rule(&request, OWN, ALLOWED) ==
	    hosts[_i].verdict, "%s", hosts[_i].host);
}
END_TEST

/* HTTP/1.1 needs exactly one Host. HTTP/1.0 needs none, and has no two. */
START_TEST(one_host_is_needed)
{
	struct hm_http_request request = {.hosts = 0};

	ck_assert_int_eq(hm_host_rule(&request, OWN, NULL), HM_HOST_INVALID);
	request.http_1_0 = true;
	ck_assert_int_eq(hm_host_rule(&request, OWN, NULL), HM_HOST_ANSWERED);
	request.host = "localhost";
	for (request.hosts = 2; request.hosts < 4; request.hosts++)
		ck_assert_int_eq(hm_host_rule(&request, OWN, NULL),
		    HM_HOST_INVALID);
	request.hosts = 1;
	request.host = "evil.example";
	ck_assert_int_eq(hm_host_rule(&request, OWN, NULL), HM_HOST_REFUSED);
}
END_TEST

static const struct {
	const char *own, *host;
	enum hm_host_verdict verdict;
} own_names[] = {
    {"solar.example.org", "solar.example.org", HM_HOST_ANSWERED},
    {"solar.example.org", "solar.local", HM_HOST_ANSWERED},
    {"SOLAR", "solar.local", HM_HOST_ANSWERED},
    {"", "evil.example", HM_HOST_REFUSED},
    {"", ".example", HM_HOST_REFUSED},
    {".", ".example", HM_HOST_REFUSED},
    {"localhost", "localhost.evil.example", HM_HOST_REFUSED},
    {"localhost.localdomain", "localhost.evil.example", HM_HOST_REFUSED},
    {"LocalHost", "localhost.evil.example", HM_HOST_REFUSED},
};

START_TEST(own_name_has_any_domain)
{
	const struct hm_http_request request = {
	    .host = own_names[_i].host, .hosts = 1};

	ck_assert_int_eq(hm_host_rule(&request, own_names[_i].own, NULL),
	    own_names[_i].verdict);
}
END_TEST

/* Every length around the longest name of the DNS. */
START_TEST(long_names_do_no_harm)
{
	char text[9000];
	const struct hm_http_request request = {.host = text, .hosts = 1};

	for (size_t n = 1; n < sizeof text; n += n < 300 ? 1 : 97) {
		memset(text, 'a', n);
		text[n] = '\0';
		ck_assert_int_eq(hm_host_rule(&request, text, text),
		    n <= 253 ? HM_HOST_ANSWERED : HM_HOST_INVALID);
	}
}
END_TEST

static const struct {
	const char *words, *wrong; /* NULL: all are good */
} lists[] = {
    {NULL, NULL},
    {"", NULL},
    {"solar.example.org", NULL},
    {"a.b, c.d e", NULL},
    {"192.168.1.2 fd00::2 [fd00::2]", NULL},
    {"a.b c.d:8080 e", "c.d:8080"},
    {"http://a.b", "http://a.b"},
    {"a.b/", "a.b/"},
    {"me@a.b", "me@a.b"},
    {"[::1]:80", "[::1]:80"},
    {"[a.b]", "[a.b]"},
    {"a.b?", "a.b?"},
};

START_TEST(lists_hold_names_alone)
{
	struct hm_slice wrong = {.p = NULL};

	ck_assert(hm_host_rule_check(lists[_i].words, &wrong) ==
	    (lists[_i].wrong == NULL));
	if (lists[_i].wrong != NULL)
		ck_assert(hm_slice_is(wrong, lists[_i].wrong));
}
END_TEST

START_TEST(long_words_are_refused)
{
	char text[1000];
	struct hm_slice wrong;

	for (size_t n = 250; n < sizeof text; n++) {
		memset(text, 'a', n);
		text[n] = '\0';
		ck_assert(hm_host_rule_check(text, &wrong) == (n <= 253));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("host_rule");
	TCase *tcase = tcase_create("host_rule");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, names_of_this_machine_are_answered, 0,
	    COUNT(hosts));
	tcase_add_test(tcase, one_host_is_needed);
	tcase_add_loop_test(tcase, own_name_has_any_domain, 0,
	    COUNT(own_names));
	tcase_add_test(tcase, long_names_do_no_harm);
	tcase_add_loop_test(tcase, lists_hold_names_alone, 0, COUNT(lists));
	tcase_add_test(tcase, long_words_are_refused);
	return run_suite(suite);
}
