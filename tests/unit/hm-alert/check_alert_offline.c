#include <check.h>

#include "alert_offline.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "moment.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define MIN 60
#define HOUR 3600
#define LIMIT 300 /* seconds */

/* 22:00 to 06:00. */
static const struct hm_quiet_hours hours =
    {.begin = 22 * HOUR, .end = 6 * HOUR};

/*
 * A DTU fails at a time and is not heard again. Looked at every `step`
 * seconds, when is it an alarm?
 */
static const struct {
	const char *failed;
	int64_t retry; /* after that */
	bool asleep;
	const struct hm_quiet_hours *night;
	int64_t step;
	int64_t due; /* after that */
} cases[] = {
    /* By day, after the threshold. */
    {"2026-11-23T12:00:00Z", MIN, false, NULL, 10, LIMIT},
    {"2026-11-23T12:00:00Z", MIN, false, &hours, 10, LIMIT},
    {"2026-11-23T12:00:00Z", 0, false, NULL, 10, LIMIT},
    /* Not before the next poll has had its time. */
    {"2026-11-23T12:00:00Z", LIMIT - 30, false, NULL, 10, LIMIT + 30},
    {"2026-11-23T12:00:00Z", 15 * MIN, false, NULL, 10, 16 * MIN},
    {"2026-11-23T12:00:00Z", 2 * HOUR, false, NULL, 10, 2 * HOUR + MIN},
    /* A time that polls are never apart does not put it off for ever. */
    {"2026-11-23T12:00:00Z", 1000 * HOUR, false, NULL, 10,
        24 * HOUR + MIN},
    {"2026-11-23T12:00:00Z", -1000 * HOUR, false, NULL, 10, LIMIT},
    /* Without the night. */
    {"2026-11-23T21:57:00Z", MIN, false, &hours, 10, 8 * HOUR + LIMIT},
    {"2026-11-23T22:00:00Z", 15 * MIN, false, &hours, 10, 8 * HOUR + LIMIT},
    {"2026-11-24T03:00:00Z", 15 * MIN, false, &hours, 10, 3 * HOUR + LIMIT},
    {"2026-11-24T05:58:00Z", 15 * MIN, false, &hours, 10, 16 * MIN},
    {"2026-11-24T06:00:00Z", MIN, false, &hours, 10, LIMIT},
    /* However seldom it is looked at. */
    {"2026-11-23T21:57:00Z", MIN, false, &hours, 8 * HOUR + 400,
        8 * HOUR + 400},
    {"2026-11-23T21:57:00Z", MIN, false, &hours, 8 * HOUR,
        16 * HOUR},
    {"2026-11-23T12:00:00Z", MIN, false, &hours, 1000 * HOUR, 1000 * HOUR},
    /* One that sleeps has until some time after the night. */
    {"2026-11-23T20:30:00Z", MIN, true, &hours, 10,
        9 * HOUR + 30 * MIN + HM_OFFLINE_MORNING + LIMIT},
    {"2026-11-24T05:00:00Z", MIN, true, &hours, 10,
        HOUR + HM_OFFLINE_MORNING + LIMIT},
    {"2026-11-24T06:30:00Z", MIN, true, &hours, 10, HM_OFFLINE_MORNING + LIMIT},
    /* Where nobody knows when it is night, as long as nights are. */
    {"2026-11-23T16:00:00Z", MIN, true, NULL, 10,
        HM_OFFLINE_LONGEST_NIGHT + LIMIT},
};

START_TEST(when_absence_is_an_alarm)
{
	const struct hm_offline_rules rules = {LIMIT, cases[_i].night, 0};
	int64_t failed = moment(cases[_i].failed), now = failed;
	struct hm_offline away = {0};

	ck_assert(hm_zone_use("UTC"));
	hm_offline_failed(&away, failed, failed + cases[_i].retry,
	    cases[_i].asleep);
	while (!hm_offline_is_due(&away, &rules, now) &&
	    now < failed + 2000 * HOUR)
		now += cases[_i].step;
	/* Night and day are told apart to a minute. */
	ck_assert_int_ge(now - failed, cases[_i].due - MIN);
	ck_assert_int_le(now - failed, cases[_i].due + MIN);
	ck_assert_int_eq(away.since, failed);
	ck_assert(hm_offline_is_due(&away, &rules, now + 1));
}
END_TEST

static const struct hm_offline_rules rules = {LIMIT, NULL, 0};

START_TEST(who_answers_is_none)
{
	struct hm_offline away = {0};

	ck_assert(!hm_offline_is_due(&away, &rules, 1000));
	hm_offline_failed(&away, 1000, 1060, false);
	ck_assert(!hm_offline_is_due(&away, &rules, 1000 + LIMIT - 1));
	hm_offline_answered(&away);
	ck_assert(!hm_offline_is_due(&away, &rules, 1000 + 2 * LIMIT));
	hm_offline_failed(&away, 2000, 2060, false);
	ck_assert(!hm_offline_is_due(&away, &rules, 2000 + LIMIT - 1));
	ck_assert(hm_offline_is_due(&away, &rules, 2000 + LIMIT));
}
END_TEST

/* Each failed poll names the next one; only the first of them matters. */
START_TEST(more_failures_put_nothing_off)
{
	struct hm_offline away = {0};

	for (int64_t now = 1000; now < 1000 + LIMIT; now += MIN) {
		hm_offline_failed(&away, now, now + MIN, false);
		ck_assert(!hm_offline_is_due(&away, &rules, now));
	}
	hm_offline_failed(&away, 1000 + LIMIT, 1000 + LIMIT + MIN, false);
	ck_assert(hm_offline_is_due(&away, &rules, 1000 + LIMIT));
}
END_TEST

/* A DTU that refuses connections has power. */
START_TEST(who_refuses_does_not_sleep)
{
	struct hm_offline away = {0};

	hm_offline_failed(&away, 1000, 1060, true);
	ck_assert(!hm_offline_is_due(&away, &rules, 1000 + LIMIT));
	hm_offline_failed(&away, 1000 + LIMIT, 1000 + LIMIT + MIN, false);
	ck_assert(hm_offline_is_due(&away, &rules, 1000 + LIMIT));
	hm_offline_failed(&away, 1000 + 2 * LIMIT, 0, true);
	ck_assert(hm_offline_is_due(&away, &rules, 1000 + 2 * LIMIT));
}
END_TEST

START_TEST(a_clock_set_back_counts_on)
{
	struct hm_offline away = {0};

	hm_offline_failed(&away, 100000, 100060, false);
	ck_assert(!hm_offline_is_due(&away, &rules, 100000 + LIMIT - 10));
	ck_assert(!hm_offline_is_due(&away, &rules, 50000));
	ck_assert_int_le(away.since, 50000);
	ck_assert(!hm_offline_is_due(&away, &rules, 50009));
	ck_assert(hm_offline_is_due(&away, &rules, 50000 + HM_OFFLINE_GRACE));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("alert_away");
	TCase *tc = tcase_create("alert_away");

	tcase_add_loop_test(tc, when_absence_is_an_alarm, 0, COUNT(cases));
	tcase_add_test(tc, who_answers_is_none);
	tcase_add_test(tc, more_failures_put_nothing_off);
	tcase_add_test(tc, who_refuses_does_not_sleep);
	tcase_add_test(tc, a_clock_set_back_counts_on);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
