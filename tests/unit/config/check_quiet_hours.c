#include "config/quiet_hours.h"

#include <check.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/zone.h"
#include "moment.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define MINUTE 60
#define HOUR 3600
#define DAY 86400

static struct hm_quiet_hours
parse(const char *text)
{
	struct hm_quiet_hours quiet;
	const char *problem = "";

	if (!hm_quiet_hours_parse(text, &quiet, &problem))
		ck_abort_msg("%s: %s", text, problem);
	return quiet;
}

static bool
is_night(const char *setting, const char *time)
{
	struct hm_quiet_hours quiet = parse(setting);

	return hm_quiet_hours_is_night(&quiet, moment(time));
}

/* Places */

#define BERLIN "52.52,13.405"
#define SYDNEY "-33.87,151.21"
#define QUITO "-0.18,-78.47"
#define TROMSO "69.65,18.96"
#define REYKJAVIK "64.15,-21.94"
#define AUCKLAND "-36.85,174.76"
#define HONOLULU "21.31,-157.86"

/* Sunrise and sunset as almanacs have them, computed with astral 3.2. */
static const struct {
	const char *place, *rise, *set;
} days[] = {
    {BERLIN, "2024-03-20T05:08:23Z", "2024-03-20T17:20:00Z"},
    {BERLIN, "2024-06-21T02:43:34Z", "2024-06-21T19:32:59Z"},
    {BERLIN, "2024-12-21T07:15:32Z", "2024-12-21T14:53:49Z"},
    {BERLIN, "2026-11-23T06:42:09Z", "2026-11-23T15:02:50Z"},
    {SYDNEY, "2024-06-21T21:00:30Z", "2024-06-21T06:53:41Z"},
    {SYDNEY, "2024-12-21T18:41:36Z", "2024-12-21T09:05:26Z"},
    {QUITO, "2024-03-20T11:18:01Z", "2024-03-20T23:24:10Z"},
    {QUITO, "2026-02-10T11:24:39Z", "2026-02-10T23:31:32Z"},
    {TROMSO, "2024-03-20T04:42:10Z", "2024-03-20T17:02:56Z"},
    {TROMSO, "2026-02-10T07:39:37Z", "2026-02-10T14:18:28Z"},
    {REYKJAVIK, "2024-06-21T02:56:20Z", "2024-06-21T00:02:50Z"},
    {REYKJAVIK, "2024-12-21T11:23:30Z", "2024-12-21T15:28:42Z"},
    {AUCKLAND, "2024-12-21T16:58:58Z", "2024-12-21T07:39:35Z"},
    {HONOLULU, "2026-11-23T16:47:39Z", "2026-11-23T03:48:07Z"},
};

START_TEST(knows_sunrise_and_sunset)
{
	struct hm_quiet_hours place = parse(days[_i].place);
	int64_t rise = moment(days[_i].rise), set = moment(days[_i].set);

	ck_assert(hm_quiet_hours_is_night(&place, rise - 2 * MINUTE));
	ck_assert(!hm_quiet_hours_is_night(&place, rise + 2 * MINUTE));
	ck_assert(!hm_quiet_hours_is_night(&place, set - 2 * MINUTE));
	ck_assert(hm_quiet_hours_is_night(&place, set + 2 * MINUTE));
}
END_TEST

START_TEST(polar_days_and_nights_have_no_end)
{
	struct hm_quiet_hours tromso = parse(TROMSO), pole = parse("-90,0");
	int64_t june = moment("2024-06-21T00:00:00Z");
	int64_t december = moment("2024-12-21T00:00:00Z");

	for (int64_t s = 0; s < DAY; s += 5 * MINUTE) {
		ck_assert(!hm_quiet_hours_is_night(&tromso, june + s));
		ck_assert(hm_quiet_hours_is_night(&tromso, december + s));
		ck_assert(hm_quiet_hours_is_night(&pole, june + s));
		ck_assert(!hm_quiet_hours_is_night(&pole, december + s));
	}
}
END_TEST

/* In other places every day has exactly one night. */
START_TEST(every_day_has_one_night)
{
	static const char *const places[] = {BERLIN, SYDNEY, QUITO, AUCKLAND,
	    HONOLULU};

	for (size_t i = 0; i < COUNT(places); i++) {
		struct hm_quiet_hours place = parse(places[i]);
		int64_t begin = moment("2026-01-01T00:00:00Z"), changes = 0;
		bool was = hm_quiet_hours_is_night(&place, begin);

		for (int64_t s = 0; s < 365 * DAY; s += 2 * MINUTE) {
			bool is = hm_quiet_hours_is_night(&place, begin + s);

			changes += is != was;
			was = is;
		}
		ck_assert_int_ge(changes, 2 * 365 - 1);
		ck_assert_int_le(changes, 2 * 365 + 1);
	}
}
END_TEST

/* Hours */

START_TEST(hours_may_pass_midnight)
{
	ck_assert(hm_zone_use("UTC"));
	ck_assert(!is_night("22:00-05:30", "2026-11-23T21:59:59Z"));
	ck_assert(is_night("22:00-05:30", "2026-11-23T22:00:00Z"));
	ck_assert(is_night("22:00-05:30", "2026-11-24T00:00:00Z"));
	ck_assert(is_night("22:00-05:30", "2026-11-24T05:29:59Z"));
	ck_assert(!is_night("22:00-05:30", "2026-11-24T05:30:00Z"));
	ck_assert(!is_night("01:00-05:00", "2026-11-24T00:59:59Z"));
	ck_assert(is_night("01:00-05:00", "2026-11-24T01:00:00Z"));
	ck_assert(!is_night("01:00-05:00", "2026-11-24T05:00:00Z"));
	ck_assert(is_night("23:59-00:00", "2026-11-24T23:59:59Z"));
	ck_assert(!is_night("23:59-00:00", "2026-11-25T00:00:00Z"));
}
END_TEST

/* On these days 05:30 of local time is an hour earlier or later in UTC. */
START_TEST(hours_are_local_time)
{
	ck_assert(hm_zone_use("Europe/Berlin"));
	/* Summer time begins on 2026-03-29 at 01:00 UTC. */
	ck_assert(is_night("22:00-05:30", "2026-03-28T21:00:00Z"));
	ck_assert(is_night("22:00-05:30", "2026-03-29T03:29:59Z"));
	ck_assert(!is_night("22:00-05:30", "2026-03-29T03:30:00Z"));
	ck_assert(!is_night("22:00-05:30", "2026-03-29T19:59:59Z"));
	ck_assert(is_night("22:00-05:30", "2026-03-29T20:00:00Z"));
	/* A night that has not begun when its hour is left out. */
	ck_assert(!is_night("02:15-02:45", "2026-03-29T00:59:59Z"));
	ck_assert(!is_night("02:15-02:45", "2026-03-29T01:00:00Z"));
	/* It ends on 2026-10-25 at 01:00 UTC. */
	ck_assert(is_night("22:00-05:30", "2026-10-24T20:00:00Z"));
	ck_assert(is_night("22:00-05:30", "2026-10-25T04:29:59Z"));
	ck_assert(!is_night("22:00-05:30", "2026-10-25T04:30:00Z"));
	/* The hour that comes twice. */
	ck_assert(is_night("02:00-03:00", "2026-10-25T00:30:00Z"));
	ck_assert(is_night("02:00-03:00", "2026-10-25T01:30:00Z"));
	ck_assert(!is_night("02:00-03:00", "2026-10-25T02:00:00Z"));
}
END_TEST

START_TEST(hours_of_a_zone_with_quarters)
{
	ck_assert(hm_zone_use("Asia/Kathmandu")); /* 05:45 ahead */
	ck_assert(!is_night("22:00-05:30", "2026-11-23T16:14:59Z"));
	ck_assert(is_night("22:00-05:30", "2026-11-23T16:15:00Z"));
}
END_TEST

/* The setting */

START_TEST(reads_the_setting)
{
	struct hm_quiet_hours quiet = parse("22:00-05:30");

	ck_assert(!quiet.by_sun);
	ck_assert_int_eq(quiet.begin, 22 * HOUR);
	ck_assert_int_eq(quiet.end, 5 * HOUR + 30 * MINUTE);
	quiet = parse("-33.87, 151.21");
	ck_assert(quiet.by_sun);
	ck_assert_double_eq_tol(quiet.latitude, -33.87, 1e-9);
	ck_assert_double_eq_tol(quiet.longitude, 151.21, 1e-9);
	parse("90,180");
	parse("-90,-180");
	parse("0,0");
}
END_TEST

static const struct {
	const char *text, *says;
} refused[] = {
    {"", "two times such as"},
    {"night", "two times such as"},
    {"22:00", "two times such as"},
    {"22:00-24:00", "two times such as"},
    {"22:60-05:30", "two times such as"},
    {"22:00-5:30", "two times such as"},
    {"22:00 05:30", "two times such as"},
    {"22:00-05:30 ", "two times such as"},
    {"05:30-05:30", "two different times"},
    {"52.52", "two times such as"},
    {",", "a latitude from -90"},
    {"52.52,", "a latitude from -90"},
    {",13.4", "a latitude from -90"},
    {"90.01,0", "a latitude from -90"},
    {"0,-180.01", "a latitude from -90"},
    {"1e18,0", "a latitude from -90"},
    {"52.52,13.4,1", "a latitude from -90"},
    {"52.52N,13.4E", "a latitude from -90"},
    {"22:00,05:30", "a latitude from -90"},
};

START_TEST(refuses_wrong_nights)
{
	struct hm_quiet_hours quiet;
	const char *problem = "";

	ck_assert_msg(!hm_quiet_hours_parse(refused[_i].text, &quiet, &problem),
	    "%s", refused[_i].text);
	ck_assert_msg(strstr(problem, refused[_i].says) == problem, "%s: %s",
	    refused[_i].text, problem);
}
END_TEST

/* Uploads */

static int64_t
ends(int64_t now, int64_t margin)
{
	return hm_quiet_hours_upload_ends(now, HM_UPLOAD_MS, margin);
}

START_TEST(uploads_every_five_minutes)
{
	int64_t ten = moment("2026-11-23T10:00:00Z") * 1000;

	for (int64_t at = ten; at < ten + 3600000; at += 300000) {
		ck_assert_int_eq(hm_quiet_hours_upload_ends(at - 30001, 300000,
		    30000), 0);
		ck_assert_int_eq(hm_quiet_hours_upload_ends(at - 30000, 300000,
		    30000), 60000);
		ck_assert_int_eq(hm_quiet_hours_upload_ends(at + 30000, 300000,
		    30000), 0);
	}
}
END_TEST

START_TEST(uploads_are_at_the_quarters)
{
	int64_t ten = moment("2026-11-23T10:00:00Z") * 1000;

	for (int64_t quarter = 0; quarter < 4; quarter++) {
		int64_t at = ten + quarter * 900000;

		ck_assert_int_eq(ends(at - 60001, 60000),
		    0);
		ck_assert_int_eq(ends(at - 60000, 60000),
		    120000);
		ck_assert_int_eq(ends(at, 60000), 60000);
		ck_assert_int_eq(ends(at + 59999, 60000),
		    1);
		ck_assert_int_eq(ends(at + 60000, 60000),
		    0);
	}
}
END_TEST

/* After the wait that is returned, the upload is over, whatever the margin. */
START_TEST(a_wait_ends_after_the_upload)
{
	int64_t begin = moment("2026-11-23T23:50:00Z") * 1000;

	for (int64_t margin = 1000; margin <= 420000; margin += 41900)
		for (int64_t ms = 0; ms < 1800000; ms += 997) {
			int64_t now = begin + ms;
			int64_t wait = ends(now, margin);

			ck_assert_int_ge(wait, 0);
			ck_assert_int_le(wait, 2 * margin);
			ck_assert_int_eq(ends(now + wait, margin), 0);
		}
}
END_TEST

START_TEST(times_before_1970_are_times)
{
	ck_assert_int_eq(ends(-900000 - 60000, 60000),
	    120000);
	ck_assert_int_eq(ends(-900000 + 60000, 60000), 0);
	ck_assert_int_eq(ends(-1, 60000), 60001);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("quiet_hours");
	TCase *tests = tcase_create("quiet_hours");

	tcase_add_loop_test(tests, knows_sunrise_and_sunset, 0, COUNT(days));
	tcase_add_test(tests, polar_days_and_nights_have_no_end);
	tcase_add_test(tests, every_day_has_one_night);
	tcase_add_test(tests, hours_may_pass_midnight);
	tcase_add_test(tests, hours_are_local_time);
	tcase_add_test(tests, hours_of_a_zone_with_quarters);
	tcase_add_test(tests, reads_the_setting);
	tcase_add_loop_test(tests, refuses_wrong_nights, 0,
	    COUNT(refused));
	tcase_add_test(tests, uploads_are_at_the_quarters);
	tcase_add_test(tests, uploads_every_five_minutes);
	tcase_add_test(tests, a_wait_ends_after_the_upload);
	tcase_add_test(tests, times_before_1970_are_times);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
