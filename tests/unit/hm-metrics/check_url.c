#include <check.h>

#include "http/url.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	const char *path;
	enum hm_url_kind kind; /* HM_URLS: there is no such URL */
	const char *serial;
} paths[] = {
    {"/", HM_URL_PAGE, ""},
    {"/events", HM_URL_EVENTS, ""},
    {"/metrics", HM_URL_METRICS, ""},
    {"/health", HM_URL_HEALTH, ""},
    {"/ready", HM_URL_READY, ""},
    {"/livez", HM_URL_LIVE, ""},
    {"/stats", HM_URL_STATS, ""},
    {"/api/plant", HM_URL_PLANT, ""},
    {"/api/system", HM_URL_SYSTEM, ""},
    {"/api/inverters", HM_URL_INVERTERS, ""},
    {"/api/inverters/1164aF", HM_URL_INVERTER, "1164aF"},
    {"/api/inverters/1/history", HM_URL_HISTORY, "1"},
    {"/api/inverters/1/ports", HM_URL_INVERTER_PORTS, "1"},
    {"/api/inverters/12345678901234567890123456789012", HM_URL_INVERTER,
        "12345678901234567890123456789012"},
    {"/api/inverters/123456789012345678901234567890123", HM_URLS, ""},
    {"/api/ports", HM_URL_PORTS, ""},
    {"/api/production/current", HM_URL_PRODUCTION, ""},
    {"/api/days", HM_URL_PAST, ""},
    {"/api/records", HM_URL_PAST, ""},
    {"/api/orders", HM_URL_PAST, ""},
    {"/api/days/", HM_URLS, ""},
    {"", HM_URLS, ""},
    {"//", HM_URLS, ""},
    {"/metrics/", HM_URLS, ""},
    {"/Metrics", HM_URLS, ""},
    {"/api/inverters/", HM_URLS, ""},
    {"/api/inverters/..", HM_URLS, ""},
    {"/api/inverters/1/", HM_URLS, ""},
    {"/api/inverters/1/x", HM_URLS, ""},
    {"/api/inverters/1/history/", HM_URLS, ""},
    {"/api/inverters/1%2fports", HM_URLS, ""},
    {"/../etc/passwd", HM_URLS, ""},
};

START_TEST(a_path_leads_where_it_says)
{
	struct hm_url url;

	ck_assert_int_eq(hm_url_parse(paths[_i].path, &url),
	    paths[_i].kind != HM_URLS);
	ck_assert_int_eq(url.kind, paths[_i].kind);
	ck_assert_str_eq(url.serial, paths[_i].serial);
}
END_TEST

static const struct {
	const char *text;
	int limit; /* 0: refused */
} limits[] = {
    {NULL, HM_URL_LIMIT_DEFAULT},
    {"1", 1},
    {"1000", 1000},
    {"1e2", 100},
    {"1001", 0},
    {"0", 0},
    {"-1", 0},
    {"1.5", 0},
    {"", 0},
    {" 1", 0},
    {"1x", 0},
    {"99999999999999999999", 0},
};

START_TEST(a_limit_is_bounded)
{
	int limit;

	ck_assert_int_eq(hm_url_limit(limits[_i].text, &limit),
	    limits[_i].limit != 0);
	if (limits[_i].limit != 0)
		ck_assert_int_eq(limit, limits[_i].limit);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("url");
	TCase *tcase = tcase_create("url");

	tcase_add_loop_test(tcase, a_path_leads_where_it_says, 0,
	    COUNT(paths));
	tcase_add_loop_test(tcase, a_limit_is_bounded, 0, COUNT(limits));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
