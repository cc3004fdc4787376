#include <check.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	int64_t seconds;
	const char *text;
} moments[] = {
    {0, "1970-01-01T00:00:00Z"},
    {-1, "1969-12-31T23:59:59Z"},
    {86399, "1970-01-01T23:59:59Z"},
    {951782400, "2000-02-29T00:00:00Z"},
    {1704067199, "2023-12-31T23:59:59Z"},
    {1709164800, "2024-02-29T00:00:00Z"},
    {4107542400, "2100-03-01T00:00:00Z"},
    {2147483648, "2038-01-19T03:14:08Z"},
    {1795428900, "2026-11-23T10:15:00Z"},
    {-62167219200, "0000-01-01T00:00:00Z"},
    {253402300799, "9999-12-31T23:59:59Z"},
};

START_TEST(both_ways)
{
	char buf[HM_RFC3339_SIZE];
	int64_t seconds;

	ck_assert(hm_slice_is(hm_rfc3339_format(moments[_i].seconds, buf),
	    moments[_i].text));
	ck_assert_str_eq(buf, moments[_i].text);
	ck_assert(hm_rfc3339_parse(hm_text(moments[_i].text), &seconds));
	ck_assert_int_eq(seconds, moments[_i].seconds);
}
END_TEST

START_TEST(clamps)
{
	char buf[HM_RFC3339_SIZE];

	hm_rfc3339_format(INT64_MAX, buf);
	ck_assert_str_eq(buf, "9999-12-31T23:59:59Z");
	hm_rfc3339_format(253402300800, buf);
	ck_assert_str_eq(buf, "9999-12-31T23:59:59Z");
	hm_rfc3339_format(INT64_MIN, buf);
	ck_assert_str_eq(buf, "0000-01-01T00:00:00Z");
}
END_TEST

/* Compare with the C library over 10,000 years, one time of each week. */
START_TEST(every_week)
{
	char buf[HM_RFC3339_SIZE], expected[64];
	int64_t seconds = -62167219200, again;

	for (; seconds <= 253402300799; seconds += 7 * 86400 + 7919) {
		time_t t = (time_t)seconds;
		struct tm tm;

		gmtime_r(&t, &tm);
		snprintf(expected, sizeof expected,
		    "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		    tm.tm_sec);
		hm_rfc3339_format(seconds, buf);
		if (strcmp(buf, expected) != 0 ||
		    !hm_rfc3339_parse(hm_text(buf), &again) || again != seconds)
			ck_abort_msg("%s, expected %s", buf, expected);
	}
}
END_TEST

static const char *const refused[] = {"", "2026", "2026-11-23",
    "2026-11-23T10:15:00", "2026-11-23T10:15:00z", "2026-11-23 10:15:00Z",
    "2026-11-23T10:15:00+00:00", "2026-11-23T10:15:00.0Z",
    "2026-11-23T10:15:60Z", "2026-11-23T10:60:00Z", "2026-11-23T24:00:00Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
    "2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "-026-11-23T10:15:00Z",
    "2026-1 -23T10:15:00Z", "2026-11-23T10:15:0xZ", "2026-11-23T-1:15:00Z",
    "2026/11/23T10:15:00Z", " 2026-11-23T10:15:00Z", "2026-11-23T10:15:00Z "};

START_TEST(refuses_wrong_times)
{
	int64_t seconds;

	ck_assert_msg(!hm_rfc3339_parse(hm_text(refused[_i]), &seconds), "%s",
	    refused[_i]);
}
END_TEST

START_TEST(times_of_day)
{
	static const char *const bad[] = {"", "24:00", "00:60", "7:00",
	    "07.00", "07:0", "07:000", " 7:00", "-1:00", "0x:00"};
	int64_t seconds;

	ck_assert(hm_rfc3339_time_of_day(hm_text("00:00"), &seconds));
	ck_assert_int_eq(seconds, 0);
	ck_assert(hm_rfc3339_time_of_day(hm_text("23:59"), &seconds));
	ck_assert_int_eq(seconds, 86340);
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!hm_rfc3339_time_of_day(hm_text(bad[i]),
		    &seconds), "%s", bad[i]);
}
END_TEST

START_TEST(clocks)
{
	int64_t before = (int64_t)time(NULL), now = hm_clock_now();
	int64_t first = hm_monotonic_ms();
	struct timespec nap = {0, 5000000};

	ck_assert_int_ge(now, before);
	ck_assert_int_le(now, (int64_t)time(NULL));
	nanosleep(&nap, NULL);
	ck_assert_int_ge(hm_monotonic_ms(), first + 4);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rfc3339");
	TCase *tc = tcase_create("rfc3339");

	tcase_add_loop_test(tc, both_ways, 0, COUNT(moments));
	tcase_add_test(tc, clamps);
	tcase_add_test(tc, every_week);
	tcase_add_loop_test(tc, refuses_wrong_times, 0, COUNT(refused));
	tcase_add_test(tc, times_of_day);
	tcase_add_test(tc, clocks);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
