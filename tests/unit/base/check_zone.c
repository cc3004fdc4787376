#include <check.h>

#include "base/zone.h"
#include "run_suite.h"

#define HOUR 3600
#define DAY ((int64_t)24 * HOUR)
#define COUNT(table) (sizeof(table) / sizeof *(table))

/* In Berlin summer time begins on 2026-03-29 and ends on 2026-10-25. */
#define SPRING (20541 * DAY)
#define AUTUMN (20751 * DAY)

/* The last second of 32-bit times, and a summer after it. */
#define LAST 2147483647
#define SUMMER_2040 (25749 * DAY)

static const struct {
	const char *zone;
	int64_t moment;
	int hour;
	int64_t day, second;
} moments[] = {
    {"UTC", SPRING, 0, 20541, 0},
    {"UTC", SPRING - 1, 0, 20540, DAY - 1},
    {"UTC", -1, 0, -1, DAY - 1},
    {"Europe/Berlin", SPRING - HOUR, 0, 20541, 0},
    {"Europe/Berlin", SPRING - HOUR - 1, 0, 20540, DAY - 1},
    {"Europe/Berlin", SPRING + HOUR - 1, 0, 20541, 2 * HOUR - 1},
    {"Europe/Berlin", SPRING + HOUR, 0, 20541, 3 * HOUR},
    /* An hour that is left out begins the day when it would be over. */
    {"Europe/Berlin", SPRING + HOUR - 1, 2, 20540, 2 * HOUR - 1},
    {"Europe/Berlin", SPRING + HOUR, 2, 20541, 3 * HOUR},
    {"Europe/Berlin", SPRING + 22 * HOUR - 1, 0, 20541, DAY - 1},
    {"Europe/Berlin", SPRING + 22 * HOUR, 0, 20542, 0},
    /* An hour that comes twice begins it once. */
    {"Europe/Berlin", AUTUMN - 1, 2, 20750, 2 * HOUR - 1},
    {"Europe/Berlin", AUTUMN, 2, 20751, 2 * HOUR},
    {"Europe/Berlin", AUTUMN + HOUR - 1, 2, 20751, 3 * HOUR - 1},
    {"Europe/Berlin", AUTUMN + HOUR, 2, 20751, 2 * HOUR},
    {"Asia/Kolkata", SPRING + 18 * HOUR + HOUR / 2, 0, 20542, 0},
    {"America/New_York", SPRING, 23, 20539, 20 * HOUR},
    {"America/New_York", SPRING + 3 * HOUR, 23, 20540, 23 * HOUR},
    {"UTC", LAST, 0, 24855, 11647},
    {"UTC", (int64_t)LAST + 1, 0, 24855, 11648},
    {"Europe/Berlin", (int64_t)LAST + 1, 0, 24855, 11648 + HOUR},
    {"Europe/Berlin", SUMMER_2040, 0, 25749, 2 * HOUR},
    {"Europe/Berlin", 2 * (int64_t)LAST + 2, 0, 49710, 23296 + HOUR},
};

START_TEST(local_time)
{
	struct hm_local local;

	ck_assert(hm_zone_use(moments[_i].zone));
	local = hm_zone_local(moments[_i].moment);
	ck_assert_int_eq(local.second, moments[_i].second);
	ck_assert_int_eq(hm_zone_offset(moments[_i].moment), local.day * DAY +
	    local.second - moments[_i].moment);
	ck_assert_int_eq(hm_zone_day(moments[_i].moment, moments[_i].hour),
	    moments[_i].day);
}
END_TEST

START_TEST(days_follow_one_another)
{
	int64_t first, last = 0;

	ck_assert(hm_zone_use("Europe/Berlin"));
	first = hm_zone_day(SPRING - DAY, _i);
	last = first;
	for (int64_t t = SPRING - DAY; t < SPRING + 365 * DAY; t += 300) {
		int64_t day = hm_zone_day(t, _i);

		ck_assert(day == last || day == last + 1);
		last = day;
	}
	ck_assert_int_ge(last - first, 365);
}
END_TEST

START_TEST(unknown_zones)
{
	static const char *const names[] = {"", "Mars/Olympus", "/etc/passwd",
	    "../../../etc/passwd", "Europe", "europe/berlin ", "CET-1CEST",
	    ":UTC", "tzdata.zi", "."};

	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_msg(!hm_zone_use(names[i]), "%s", names[i]);
	ck_assert(hm_zone_use(NULL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("zone");
	TCase *cases = tcase_create("zone");

	tcase_add_loop_test(cases, local_time, 0, COUNT(moments));
	tcase_add_loop_test(cases, days_follow_one_another, 0, 24);
	tcase_add_test(cases, unknown_zones);
	tcase_set_timeout(cases, 60);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
