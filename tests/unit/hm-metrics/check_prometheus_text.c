#include <check.h>

#include "out/prometheus_text.h"
#include "run_suite.h"

static struct hm_buffer out;
static struct hm_prometheus writer;

static void
teardown(void)
{
	hm_buffer_free(&out);
}

static void
expect(const char *text)
{
	ck_assert(hm_prometheus_end(&writer));
	ck_assert_msg(out.n == strlen(text) && memcmp(out.p, text, out.n) ==
	    0, "%.*s", (int)out.n, (const char *)out.p);
}

static void
write_all(bool openmetrics)
{
	hm_prometheus_start(&writer, &out, openmetrics);
	hm_prometheus_family(&writer, "a_seconds_total", HM_PROMETHEUS_COUNTER,
	    "time");
	hm_prometheus_sample(&writer, "");
	hm_prometheus_decimal(&writer, hm_decimal(1500, 3));
	hm_prometheus_family(&writer, "b_info", HM_PROMETHEUS_INFO, "what");
	hm_prometheus_sample(&writer, "");
	hm_prometheus_label(&writer, "x", "a\"b\\c\nd\xc3\xa9");
	hm_prometheus_label(&writer, "y", "");
	hm_prometheus_int(&writer, 1);
	hm_prometheus_family(&writer, "c", HM_PROMETHEUS_HISTOGRAM, "how long");
	hm_prometheus_sample(&writer, "_bucket");
	hm_prometheus_label(&writer, "le", "+Inf");
	hm_prometheus_int(&writer, -2);
}

START_TEST(prometheus_text)
{
	write_all(false);
	expect("# HELP a_seconds_total time\n"
	    "# TYPE a_seconds_total counter\n"
	    "a_seconds_total 1.5\n"
	    "# HELP b_info what\n"
	    "# TYPE b_info gauge\n"
	    "b_info{x=\"a\\\"b\\\\c\\nd\xc3\xa9\",y=\"\"} 1\n"
	    "# HELP c how long\n"
	    "# TYPE c histogram\n"
	    "c_bucket{le=\"+Inf\"} -2\n");
}
END_TEST

START_TEST(openmetrics_text)
{
	write_all(true);
	expect("# HELP a_seconds time\n"
	    "# TYPE a_seconds counter\n"
	    "# UNIT a_seconds seconds\n"
	    "a_seconds_total 1.5\n"
	    "# HELP b what\n"
	    "# TYPE b info\n"
	    "b_info{x=\"a\\\"b\\\\c\\nd\xc3\xa9\",y=\"\"} 1\n"
	    "# HELP c how long\n"
	    "# TYPE c histogram\n"
	    "c_bucket{le=\"+Inf\"} -2\n"
	    "# EOF\n");
}
END_TEST

START_TEST(a_name_that_does_not_fit_fails)
{
	char name[HM_PROMETHEUS_NAME + 1];

	memset(name, 'x', HM_PROMETHEUS_NAME);
	name[HM_PROMETHEUS_NAME] = '\0';
	hm_prometheus_start(&writer, &out, false);
	hm_prometheus_family(&writer, name, HM_PROMETHEUS_GAUGE, "");
	ck_assert(!hm_prometheus_end(&writer));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("prometheus_text");
	TCase *tcase = tcase_create("prometheus_text");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, prometheus_text);
	tcase_add_test(tcase, openmetrics_text);
	tcase_add_test(tcase, a_name_that_does_not_fit_fails);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
