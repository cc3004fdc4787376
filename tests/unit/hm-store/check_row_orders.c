#include "kept_one.h"
#include "run_suite.h"

/* Commands to DTUs and their results. */

#define T(clock) "2026-11-23T" clock "Z"

static enum hm_row_fate
keep_limit(const char *time, const char *id, const char *percent)
{
	return keep(k, "command", time, "\"id\":\"%s\",\"dtu\":\"roof\","
	    "\"action\":\"limit\",\"percent\":%s,\"from\":\"stdin\"", id,
	    percent);
}

static enum hm_row_fate
keep_result(const char *time, const char *id, const char *state)
{
	return keep(k, "result", time, "\"id\":\"%s\",\"dtu\":\"roof\","
	    "\"action\":\"limit\",\"state\":\"%s\"", id, state);
}

START_TEST(stores_all_members)
{
	ck_assert_int_eq(keep(k, "command", T("10:00:00"), "\"id\":\"a\","
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"action\":"
	    "\"limit_temporary\",\"watts\":412.5,\"from\":\"hm-limit\","
	    "\"why\":{\"x\":[1]}"), HM_ROW_NEW);
	ck_assert_str_eq(ask("SELECT id, time, dtu, serial, action, "
	    "percent IS NULL, watts, source, data FROM commands"),
	    "a|1795428000|roof|1|limit_temporary|1|412.5|hm-limit|"
	    "{\"why\":{\"x\":[1]}}");
	ck_assert_int_eq(keep(k, "result", T("10:00:09"), "\"id\":\"a\","
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"action\":"
	    "\"limit_temporary\",\"state\":\"unknown\",\"error\":"
	    "\"not_confirmed\",\"text\":\"t\",\"percent\":60,"
	    "\"watts\":0.1,\"on\":true"), HM_ROW_NEW);
	ck_assert_str_eq(ask("SELECT * FROM results"), "a|3|1795428009|roof|"
	    "1|limit_temporary|unknown|not_confirmed|t|60|0.1|1");
}
END_TEST

START_TEST(stores_what_is_wrong)
{
	keep(k, "command", T("10:00:00"), "\"id\":\"a\",\"action\":5,"
	    "\"percent\":\"60\",\"watts\":null,\"from\":[]");
	keep(k, "result", T("10:00:00"), "\"id\":\"a\",\"state\":"
	    "\"refused\",\"on\":1");
	ck_assert_str_eq(ask("SELECT id, action, percent, watts, source, data "
	    "FROM commands"), "a|||||{}");
	ck_assert_str_eq(ask("SELECT id, dtu, is_on FROM results"), "a||");
}
END_TEST

/* A durable pipe, or the journal of hm-poll, may bring a record again. */
START_TEST(stores_each_once)
{
	for (int round = 0; round < 2; round++) {
		enum hm_row_fate fate = round == 0 ? HM_ROW_NEW : HM_ROW_KNOWN;

		ck_assert_int_eq(keep_limit(T("10:00:00"), "a", "60"), fate);
		ck_assert_int_eq(keep_result(T("10:00:02"), "a", "accepted"),
		    fate);
		ck_assert_int_eq(keep_result(T("10:00:03"), "a", "under_way"),
		    fate);
		ck_assert_int_eq(keep_result(T("10:00:09"), "a", "done"),
		    fate);
	}
	ck_assert_str_eq(ask("SELECT count(*) FROM commands"), "1");
	ck_assert_str_eq(ask("SELECT stage, state FROM results"),
	    "1|accepted\n2|under_way\n3|done");
}
END_TEST

/* What was carried out stays, in whatever order the results come. */
START_TEST(keeps_the_first_outcome)
{
	static const char *const finals[] = {"refused", "done", "failed",
	    "unknown"};

	for (size_t i = 0; i < COUNT(finals); i++) {
		char id[2] = {(char)('a' + i), '\0'};

		for (int round = 0; round < 2; round++) {
			bool is_new = round == 0;

			ck_assert_int_eq(keep_result(T("10:00:00"), id,
			    finals[i]), is_new ? HM_ROW_NEW : HM_ROW_KNOWN);
			for (size_t j = 0; j < COUNT(finals); j++)
				ck_assert_int_eq(keep_result(T("10:00:01"), id,
				    finals[j]), is_new && i == 0 && j == 1 ?
				    HM_ROW_NEW : HM_ROW_KNOWN);
		}
	}
	ck_assert_str_eq(ask("SELECT id, state, time FROM results"),
	    "a|done|1795428001\nb|done|1795428000\n"
	    "c|failed|1795428000\nd|unknown|1795428000");
}
END_TEST

/* Another command with the id is refused while the first is under way. */
START_TEST(replaces_all_of_a_refused_result)
{
	keep_limit(T("10:00:00"), "a", "60");
	keep_result(T("10:00:02"), "a", "accepted");
	keep(k, "result", T("10:00:03"), "\"id\":\"a\",\"dtu\":\"barn\","
	    "\"serial\":\"1\",\"action\":\"turn_on\",\"state\":\"refused\","
	    "\"error\":\"same_id\",\"text\":\"t\",\"percent\":1,"
	    "\"watts\":2,\"on\":true");
	keep_result(T("10:00:09"), "a", "done");
	ck_assert_str_eq(ask("SELECT * FROM results"),
	    "a|1|1795428002|roof||limit|accepted|||||\n"
	    "a|3|1795428009|roof||limit|done|||||");
	ck_assert_str_eq(ask("SELECT percent, state, seconds FROM orders"),
	    "60|done|9");
}
END_TEST

START_TEST(keeps_the_first_command_of_an_id)
{
	ck_assert_int_eq(keep_limit(T("10:00:00"), "a", "60"), HM_ROW_NEW);
	ck_assert_int_eq(keep_limit(T("10:01:00"), "a", "60"), HM_ROW_KNOWN);
	ck_assert_int_eq(keep_limit(T("10:02:00"), "a", "61"), HM_ROW_KNOWN);
	ck_assert_str_eq(ask("SELECT time, percent FROM commands"),
	    "1795428000|60");
}
END_TEST

START_TEST(joins_commands_and_results)
{
	ck_assert_str_eq(ask("SELECT * FROM orders"), "");
	keep_limit(T("10:00:00"), "b", "60");
	keep_result(T("10:00:02"), "b", "accepted");
	keep_limit(T("10:00:30"), "a", "61.5");
	keep_limit(T("10:01:00"), "c", "1");
	keep(k, "result", T("10:01:01"), "\"id\":\"c\",\"state\":"
	    "\"refused\",\"error\":\"bounds\",\"text\":\"found 1 %%\"");
	/* Without a command, with a result or two. */
	keep_result(T("09:00:00"), "x", "failed");
	keep_result(T("09:30:07"), "y", "done");
	keep_result(T("09:30:00"), "y", "accepted");
	ck_assert_str_eq(ask("SELECT * FROM orders"),
	    T("09:00:00") "|x|roof||limit||||failed|||0\n"
	    T("09:30:00") "|y|roof||limit||||done|||7\n"
	    T("10:00:00") "|b|roof||limit|60||stdin|accepted|||\n"
	    T("10:00:30") "|a|roof||limit|61.5||stdin||||\n"
	    T("10:01:00") "|c|roof||limit|1||stdin|refused|bounds|"
	    "found 1 %|1");
	keep_result(T("10:00:08"), "b", "done");
	/* The clock of whoever sent it is ahead. */
	keep_result(T("10:00:28"), "a", "done");
	ck_assert_str_eq(ask("SELECT id, state, seconds FROM orders "
	    "WHERE id < 'c'"), "b|done|8\na|done|0");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("row_orders");
	TCase *tcase = tcase_create("row_orders");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, stores_all_members);
	tcase_add_test(tcase, stores_what_is_wrong);
	tcase_add_test(tcase, stores_each_once);
	tcase_add_test(tcase, keeps_the_first_outcome);
	tcase_add_test(tcase, replaces_all_of_a_refused_result);
	tcase_add_test(tcase, keeps_the_first_command_of_an_id);
	tcase_add_test(tcase, joins_commands_and_results);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
