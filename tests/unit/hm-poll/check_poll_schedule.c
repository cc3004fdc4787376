#include <check.h>

#include "base/zone.h"
#include "poll_schedule.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define S 1000 /* ms */
#define MIN (60 * S)
#define HOUR (60 * MIN)
#define MIDNIGHT (INT64_C(1795392000) * S) /* 2026-11-23, UTC */
#define NEVER HM_POLL_SCHEDULE_NEVER

/* 22:00 to 05:00. */
static const struct hm_quiet_hours night =
    {.begin = 22 * 3600, .end = 5 * 3600};

static const struct {
	struct hm_poll_schedule schedule;
	int64_t wall;     /* after midnight, when the steady clock shows 0 */
	int64_t at, last; /* by the steady clock */
	int64_t offset;
	int64_t earliest;
	int64_t upload; /* of the DTU; 0: not known */
} cases[] = {
    /* By default at any time. */
    {{MIN, NULL, 0, 0}, 0, 0, NEVER, 0, 0, 0},
    {{MIN, NULL, 0, 0}, 23 * HOUR, 7, 5, 9, 7, 0},
    /* By day, whenever the last poll was. */
    {{MIN, &night, 15 * MIN, 0}, 12 * HOUR, 0, -MIN, 0, 0, 0},
    {{MIN, &night, 15 * MIN, 0}, 22 * HOUR - 1, 0, -MIN, 0, 0, 0},
    {{MIN, &night, 15 * MIN, 0}, 5 * HOUR, 0, -MIN, 0, 0, 0},
    /* At night, when the night period is over. */
    {{MIN, &night, 15 * MIN, 0}, 22 * HOUR, 0, -MIN, 0, 14 * MIN, 0},
    {{MIN, &night, 15 * MIN, 0}, 2 * HOUR, 0, -14 * MIN, 0, MIN, 0},
    {{MIN, &night, 15 * MIN, 0}, 2 * HOUR, 0, -15 * MIN, 0, 0, 0},
    {{MIN, &night, 15 * MIN, 0}, 2 * HOUR, 0, NEVER, 0, 0, 0},
    {{MIN, &night, 15 * MIN, 0}, 2 * HOUR, 3 * HOUR, 2 * HOUR + 59 * MIN, 0,
        3 * HOUR, 0},
    /* Away from uploads: a minute before and after, spread by the offset. */
    {{MIN, NULL, 0, MIN}, 14 * MIN - 1, 0, NEVER, 30 * S, 0, 0},
    {{MIN, NULL, 0, MIN}, 14 * MIN + 1, 0, NEVER, 0, 2 * MIN - 1, 0},
    {{MIN, NULL, 0, MIN}, 15 * MIN, 0, NEVER, 0, MIN, 0},
    {{MIN, NULL, 0, MIN}, 15 * MIN, 0, NEVER, 30 * S, MIN + 30 * S, 0},
    {{MIN, NULL, 0, MIN}, 16 * MIN, 0, NEVER, 30 * S, 0, 0},
    {{MIN, NULL, 0, MIN}, 12 * MIN, 3 * MIN, NEVER, 0, 4 * MIN, 0},
    /* A long period does not spread DTUs into the next upload. */
    {{HOUR, NULL, 0, MIN}, 0, 0, NEVER, 0, MIN, 0},
    {{HOUR, NULL, 0, MIN}, 0, 0, NEVER, 30 * MIN, MIN + 6 * MIN + 30 * S, 0},
    {{HOUR, NULL, 0, MIN}, 0, 0, NEVER, HOUR - 1, 14 * MIN - 1, 0},
    {{HOUR, NULL, 0, 7 * MIN}, 0, 0, NEVER, 30 * MIN, 7 * MIN + 30 * S, 0},
    /* The end of the night period may be in an upload. */
    {{MIN, &night, 15 * MIN, MIN}, 2 * HOUR + 10 * MIN, 0, -10 * MIN, 0,
        6 * MIN, 0},
    /* A DTU that uploads every five minutes. */
    {{MIN, NULL, 0, MIN}, 14 * MIN, 0, NEVER, 0, 2 * MIN, 5 * MIN},
    {{MIN, NULL, 0, MIN}, 9 * MIN, 0, NEVER, 0, 2 * MIN, 5 * MIN},
    {{MIN, NULL, 0, MIN}, 11 * MIN, 0, NEVER, 30 * S, 0, 5 * MIN},
    {{MIN, NULL, 0, MIN}, 10 * MIN, 0, NEVER, 30 * S, 90 * S, 5 * MIN},
    /* Its margin leaves a minute free, and offsets end before the next. */
    {{MIN, NULL, 0, 7 * MIN}, 10 * MIN, 0, NEVER, 0, 2 * MIN, 5 * MIN},
    {{MIN, NULL, 0, 7 * MIN}, 12 * MIN, 0, NEVER, 0, 0, 5 * MIN},
    {{HOUR, NULL, 0, MIN}, 0, 0, NEVER, 30 * MIN, MIN + 90 * S, 5 * MIN},
    {{MIN, NULL, 0, MIN}, 0, 0, NEVER, 0, 0, MIN},
    /* A DTU that uploads once an hour. */
    {{MIN, NULL, 0, MIN}, 15 * MIN, 0, NEVER, 0, 0, HOUR},
    {{MIN, NULL, 0, MIN}, HOUR, 0, NEVER, 0, MIN, HOUR},
};

START_TEST(earliest_moment)
{
	const struct hm_moment now = {0, MIDNIGHT + cases[_i].wall};

	ck_assert(hm_zone_use("UTC"));
	ck_assert_int_eq(hm_poll_schedule_earliest(&cases[_i].schedule, &now,
	    cases[_i].at, &(struct hm_poll_schedule_dtu){cases[_i].last,
	    cases[_i].offset, cases[_i].upload}),
	    cases[_i].earliest);
}
END_TEST

/* DTUs that an upload postponed are polled one after the other after it. */
START_TEST(fleet_is_spread_after_an_upload)
{
	static const int64_t periods[] = {5 * S, MIN, 15 * MIN, 24 * HOUR};
	const struct hm_poll_schedule schedule = {.period_ms = periods[_i],
	    .upload_margin_ms = MIN};
	const struct hm_moment now = {0, MIDNIGHT};
	int64_t before = 0;

	for (size_t i = 0; i < 1000; i++) {
		int64_t at = hm_poll_schedule_earliest(&schedule, &now, 0,
		    &(struct hm_poll_schedule_dtu){.last = NEVER, .offset =
		    hm_poll_schedule_offset(&schedule, i, 1000)});

		ck_assert_int_gt(at, before);
		ck_assert_int_lt(at, MIN + periods[_i]);
		ck_assert_int_eq(hm_poll_schedule_earliest(&schedule, &now, at,
		    &(struct hm_poll_schedule_dtu){.last = NEVER}), at);
		before = at;
	}
}
END_TEST

START_TEST(offsets_fill_the_period)
{
	const struct hm_poll_schedule schedule = {.period_ms = MIN};

	ck_assert_int_eq(hm_poll_schedule_offset(&schedule, 0, 1), 0);
	ck_assert_int_eq(hm_poll_schedule_offset(&schedule, 0, 3), 0);
	ck_assert_int_eq(hm_poll_schedule_offset(&schedule, 1, 3), 20 * S);
	ck_assert_int_eq(hm_poll_schedule_offset(&schedule, 2, 3), 40 * S);
	ck_assert_int_eq(hm_poll_schedule_offset(&schedule, 49999, 50000),
	    59998);
}
END_TEST

START_TEST(knows_the_night)
{
	const struct hm_poll_schedule with = {.night = &night}, without = {0};
	const struct hm_moment late = {0, MIDNIGHT + 23 * HOUR},
	    noon = {0, MIDNIGHT + 12 * HOUR};

	ck_assert(hm_zone_use("UTC"));
	ck_assert(hm_poll_schedule_is_night(&with, &late));
	ck_assert(!hm_poll_schedule_is_night(&with, &noon));
	ck_assert(!hm_poll_schedule_is_night(&without, &late));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("poll_schedule");
	TCase *tcase = tcase_create("poll_schedule");

	tcase_add_loop_test(tcase, earliest_moment, 0, COUNT(cases));
	tcase_add_loop_test(tcase, fleet_is_spread_after_an_upload, 0, 4);
	tcase_add_test(tcase, offsets_fill_the_period);
	tcase_add_test(tcase, knows_the_night);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
