/* Two answers in one second, and readings that are dated in the future. */

#include "kept_one.h"
#include "run_suite.h"

#define T(clock) "2026-11-23T" clock "Z"
#define TEN ((int64_t)1795428000) /* T("10:00:00") */

/* Another run of hm-store opens the database. */
static void
run_again(void)
{
	int64_t clock = k->arrival.clock;

	keep_close(k);
	k = keep_open("a.db", 0);
	k->arrival.clock = clock;
}

static enum hm_row_fate
keep_port(const char *time, const char *values)
{
	return keep(k, "port", time, "\"dtu\":\"roof\",\"serial\":\"1\","
	    "\"port\":1,%s", values);
}

#define V(number) "\"pv_power\":" #number

static const char rows_sql[] = "SELECT strftime('%H:%M:%S', time, "
    "'unixepoch'), pv_power FROM port";

/* The answers of a DTU that is read each second, two of them in 10:00:00. */
static const struct {
	const char *time, *values;
} answers[] = {
    {T("09:59:58"), V(1)}, {T("10:00:00"), V(2)}, {T("10:00:00"), V(3)},
    {T("10:00:01"), V(4)}, {T("10:00:02"), V(5)}, {T("10:00:04"), V(6)},
};

static const char stored[] = "09:59:58|1.0\n10:00:00|2.0\n10:00:01|3.0\n"
    "10:00:02|4.0\n10:00:03|5.0\n10:00:04|6.0";

static void
keep_answers(size_t first, enum hm_row_fate fate)
{
	for (size_t i = first; i < COUNT(answers); i++)
		ck_assert_int_eq(keep_port(answers[i].time, answers[i].values),
		    fate);
	ck_assert_str_eq(ask(rows_sql), stored);
}

START_TEST(stores_both_answers_of_a_second)
{
	keep_answers(0, HM_ROW_NEW);
	ck_assert_str_eq(ask("SELECT pv_power FROM port_latest"), "6.0");
}
END_TEST

/* Wherever a repetition begins, and whether it is live or a replay. */
START_TEST(stores_no_repetition)
{
	static const int64_t clocks[] = {TEN + 5, TEN + 86400};

	keep_answers(0, HM_ROW_NEW);
	for (size_t c = 0; c < COUNT(clocks); c++)
		for (size_t i = 0; i < COUNT(answers); i++) {
			k->arrival.clock = clocks[c];
			keep_answers(i, HM_ROW_KNOWN);
			run_again();
			keep_answers(i, HM_ROW_KNOWN);
		}
}
END_TEST

START_TEST(stores_no_repetition_in_a_batch)
{
	keep_begin(k);
	for (size_t i = 0; i < 3 * COUNT(answers); i++) {
		char line[200];

		snprintf(line, sizeof line, "{\"type\":\"port\",\"time\":"
		    "\"%s\",\"dtu\":\"roof\",\"serial\":\"1\",\"port\":1,%s}",
		    answers[i % COUNT(answers)].time,
		    answers[i % COUNT(answers)].values);
		ck_assert_int_eq(keep_line(k, hm_text(line)),
		    i < COUNT(answers) ? HM_ROW_NEW : HM_ROW_KNOWN);
	}
	keep_end(k);
	ck_assert_str_eq(ask(rows_sql), stored);
}
END_TEST

/* hm-store may be killed between the two. */
START_TEST(stores_a_second_answer_after_a_restart)
{
	k->arrival.clock = TEN + 5;
	for (size_t i = 0; i < COUNT(answers); i++) {
		ck_assert_int_eq(keep_port(answers[i].time, answers[i].values),
		    HM_ROW_NEW);
		run_again();
		ck_assert_int_eq(keep_port(answers[i].time, answers[i].values),
		    HM_ROW_KNOWN);
	}
	ck_assert_str_eq(ask(rows_sql), stored);
}
END_TEST

/* A replay, decoded by another version or judged by another hm-filter. */
START_TEST(keeps_the_first_row_in_a_replay)
{
	keep_answers(0, HM_ROW_NEW);
	run_again();
	ck_assert_int_eq(keep_port(T("10:00:00"), V(9)), HM_ROW_KNOWN);
	ck_assert_int_eq(keep_port(T("10:00:04"), V(9)), HM_ROW_KNOWN);
	ck_assert_str_eq(ask(rows_sql), stored);
}
END_TEST

/* hm-filter may judge a repeated reading in another way. */
START_TEST(ignores_what_filters_change)
{
	static const char *const repeated[] = {
	    V(2) ",\"today_production\":6,\"total_production\":16",
	    V(2),
	    "\"today_production\":7",
	    "\"stale\":true," V(2),
	};

	ck_assert_int_eq(keep_port(T("10:00:00"), V(2)
	    ",\"today_production\":5,\"error_code\":0"), HM_ROW_NEW);
	for (size_t i = 0; i < COUNT(repeated); i++)
		ck_assert_int_eq(keep_port(T("10:00:00"), repeated[i]),
		    HM_ROW_KNOWN);
	ck_assert_int_eq(keep_port(T("10:00:00"), V(2) ",\"error_code\":1"),
	    HM_ROW_NEW);
	ck_assert_int_eq(keep(k, "dtu", T("10:00:00"),
	    "\"dtu\":\"roof\",\"took_ms\":12"), HM_ROW_NEW);
	ck_assert_int_eq(keep(k, "dtu", T("10:00:00"),
	    "\"dtu\":\"roof\",\"took_ms\":13"), HM_ROW_NEW);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM dtu"), 2);
}
END_TEST

START_TEST(is_late_by_ten_seconds_at_most)
{
	for (int i = 0; i < 20; i++) {
		char values[40];

		snprintf(values, sizeof values, "\"pv_power\":%d", i);
		ck_assert_int_eq(keep_port(T("10:00:00"), values), i <= 10 ?
		    HM_ROW_NEW : HM_ROW_KNOWN);
	}
	ck_assert_int_eq(number(&k->db, "SELECT max(time) FROM port"),
	    TEN + 10);
}
END_TEST

/* Each row is of an hour that is to be made, and listed for retention. */
START_TEST(stores_it_in_the_next_hour)
{
	keep_port(T("10:59:59"), V(1));
	keep_port(T("10:59:59"), V(2));
	ck_assert_str_eq(ask("SELECT hour FROM rollup_due"),
	    "1795428000\n1795431600");
	ck_assert_str_eq(ask("SELECT hour FROM reading_hours"),
	    "1795428000\n1795431600");
}
END_TEST

/* The latest */

static const char latest_sql[] = "SELECT strftime('%Y %H:%M:%S', time, "
    "'unixepoch'), strftime('%Y', first_seen, 'unixepoch'), pv_power "
    "FROM port_latest";

START_TEST(replaces_a_latest_of_the_future)
{
	k->arrival.clock = TEN + 10 * 365 * 86400;
	keep_port("2036-11-20T10:00:00Z", V(1));
	ck_assert_str_eq(ask(latest_sql), "2036 10:00:00|2036|1.0");
	k->arrival.clock = TEN + 5;
	keep_port(T("10:00:00"), V(2));
	ck_assert_str_eq(ask(latest_sql), "2026 10:00:00|2026|2.0");
	/* Older ones, such as those of a replay, are not the latest. */
	keep_port(T("09:00:00"), V(3));
	keep_port("2036-11-20T10:00:01Z", V(4));
	ck_assert_str_eq(ask(latest_sql), "2026 10:00:00|2026|2.0");
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM port"), 4);
}
END_TEST

/* A clock that has been set back: what is read now is the latest. */
START_TEST(replaces_a_latest_of_a_later_clock)
{
	k->arrival.clock = TEN + 5;
	keep_port(T("10:00:00"), V(1));
	k->arrival.clock = TEN - 86400 + 5;
	keep_port("2026-11-22T10:00:00Z", V(2));
	ck_assert_str_eq(ask(latest_sql), "2026 10:00:00|2026|2.0");
	keep_port("2026-11-22T10:00:05Z", V(3));
	ck_assert_str_eq(ask(latest_sql), "2026 10:00:05|2026|3.0");
	k->arrival.clock = TEN + 65;
	keep_port(T("10:01:00"), V(4));
	ck_assert_str_eq(ask(latest_sql), "2026 10:01:00|2026|4.0");
}
END_TEST

/* A sender whose clock is ahead. */
START_TEST(orders_what_is_all_in_the_future)
{
	k->arrival.clock = TEN - 600;
	keep_port(T("10:00:10"), V(1));
	keep_port(T("10:00:20"), V(2));
	keep_port(T("10:00:15"), V(3));
	ck_assert_str_eq(ask(latest_sql), "2026 10:00:20|2026|2.0");
	k->arrival.clock = TEN + 20 - HM_ROW_AHEAD;
	keep_port(T("10:00:16"), V(4));
	ck_assert_str_eq(ask(latest_sql), "2026 10:00:20|2026|2.0");
	k->arrival.clock--;
	keep_port(T("10:00:17"), V(5));
	ck_assert_str_eq(ask(latest_sql), "2026 10:00:17|2026|5.0");
}
END_TEST

START_TEST(orders_a_batch)
{
	static const char *const times[] = {"2036-01-01T10:00:00Z",
	    T("10:00:00"), "2037-01-01T10:00:00Z", T("09:59:00")};

	k->arrival.clock = TEN + 5;
	keep_begin(k);
	for (size_t i = 0; i < COUNT(times); i++) {
		char line[200];

		snprintf(line, sizeof line, "{\"type\":\"port\",\"time\":"
		    "\"%s\",\"dtu\":\"roof\",\"serial\":\"1\",\"port\":1,"
		    "\"pv_power\":%d}", times[i], (int)i);
		ck_assert_int_eq(keep_line(k, hm_text(line)), HM_ROW_NEW);
	}
	keep_end(k);
	ck_assert_str_eq(ask(latest_sql), "2026 10:00:00|2026|1.0");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("row_moments");
	TCase *tcase = tcase_create("row_moments");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, stores_both_answers_of_a_second);
	tcase_add_test(tcase, stores_no_repetition);
	tcase_add_test(tcase, stores_no_repetition_in_a_batch);
	tcase_add_test(tcase, stores_a_second_answer_after_a_restart);
	tcase_add_test(tcase, keeps_the_first_row_in_a_replay);
	tcase_add_test(tcase, ignores_what_filters_change);
	tcase_add_test(tcase, is_late_by_ten_seconds_at_most);
	tcase_add_test(tcase, stores_it_in_the_next_hour);
	tcase_add_test(tcase, replaces_a_latest_of_the_future);
	tcase_add_test(tcase, replaces_a_latest_of_a_later_clock);
	tcase_add_test(tcase, orders_what_is_all_in_the_future);
	tcase_add_test(tcase, orders_a_batch);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
