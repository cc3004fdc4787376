#include "scratch.h"

#include "base/clock.h"
#include "db/schema.h"
#include "run_suite.h"
#include "running_time.h"

#define DAY 86400
#define YEAR (365 * DAY)
#define NOW ((int64_t)1795428000)

static const struct hm_running_time then = {"boot", 5000, NOW, 777};

/* Each number is the change since `then`. */
START_TEST(counts_what_two_clocks_agree_on)
{
	static const struct {
		const char *boot;
		int64_t up, clock, passed, jump;
	} cases[] = {
	    {"boot", 0, 0, 0, 0},
	    {"boot", 600, 600, 600, 0},
	    {"boot", 600, 599, 599, -1},
	    {"boot", 600, 601, 600, 1},
	    /* The clock steps. */
	    {"boot", 600, 40 * DAY, 600, 40 * DAY - 600},
	    {"boot", 600, 10 * YEAR, 600, 10 * YEAR - 600},
	    {"boot", 600, -DAY, 0, -DAY - 600},
	    {"boot", 600, -10 * YEAR, 0, -10 * YEAR - 600},
	    /* The uptime is that of a container, or of its host. */
	    {"boot", YEAR, 600, 600, 600 - YEAR},
	    {"boot", -4000, 600, 0, 600},
	    /* hm-store has not run. */
	    {"boot", DAY, DAY, DAY, 0},
	    {"boot", 90 * DAY, 90 * DAY, DAY, 0},
	    /* The machine was off, or is another one. */
	    {"other", 600, 600, 0, 600},
	    {"other", YEAR, YEAR, 0, YEAR},
	    {"other", -4000, 40 * DAY, 0, 40 * DAY},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hm_running_time now = {.uptime = 5000 + cases[i].up,
		    .clock = NOW + cases[i].clock};

		COPY_TEXT(now.boot, cases[i].boot);
		ck_assert_msg(hm_running_time_passed(&then, &now) ==
		    cases[i].passed, "case %zu: %lld passed", i,
		    (long long)hm_running_time_passed(&then, &now));
		ck_assert_msg(hm_running_time_jump(&then, &now) ==
		    cases[i].jump, "case %zu: %lld ahead", i,
		    (long long)hm_running_time_jump(&then, &now));
	}
}
END_TEST

START_TEST(reads_the_clocks)
{
	struct hm_running_time one, other;

	hm_running_time_now("own", &one);
	hm_running_time_now("own", &other);
	ck_assert_str_eq(one.boot, other.boot);
	ck_assert_str_ne(one.boot, "");
	ck_assert_int_gt(one.uptime, 0);
	ck_assert_int_le(one.uptime, other.uptime);
	ck_assert_int_le(one.clock - hm_clock_now(), 0);
	ck_assert_int_gt(one.clock, NOW - YEAR);
}
END_TEST

START_TEST(keeps_it_in_the_database)
{
	struct hm_running_time found = {.seconds = 5};
	struct hm_db db;
	bool is_there = true;

	make_scratch();
	open_plain(&db, "a.db");
	ck_assert_ptr_null(hm_schema_bring_up(&db));
	ck_assert(hm_running_time_load(&db, &found, &is_there));
	ck_assert(!is_there);
	for (int i = 0; i < 2; i++)
		ck_assert(hm_running_time_save(&db, &then));
	ck_assert(hm_running_time_load(&db, &found, &is_there));
	ck_assert(is_there);
	ck_assert_str_eq(found.boot, "boot");
	ck_assert_int_eq(found.uptime, then.uptime);
	ck_assert_int_eq(found.clock, then.clock);
	ck_assert_int_eq(found.seconds, then.seconds);
	ck_assert_str_eq(answer(&db, "SELECT count(*) FROM running_time"),
	    "1");
	hm_db_close(&db);
	remove_scratch();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("running_time");
	TCase *tcase = tcase_create("running_time");

	tcase_add_test(tcase, counts_what_two_clocks_agree_on);
	tcase_add_test(tcase, reads_the_clocks);
	tcase_add_test(tcase, keeps_it_in_the_database);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
