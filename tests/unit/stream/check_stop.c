#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run_suite.h"
#include "stream/stop.h"

#define START 100000 /* of all tests, in ms */

static struct hm_stop stop;

static bool
term(bool may_follow, bool durable)
{
	return hm_stop_signal(&stop, SIGTERM, may_follow, durable, START);
}

static void
begin(void)
{
	stop = (struct hm_stop){.holder = NULL};
}

START_TEST(the_first_signal_counts)
{
	ck_assert_int_eq(hm_stop_left(&stop, START), -1);
	ck_assert(term(true, false));
	ck_assert(!term(true, false));
	ck_assert_uint_eq(stop.signals, 2);
	ck_assert_int_eq(hm_stop_left(&stop, START), HM_STOP_END_MS);
	ck_assert_int_eq(hm_stop_left(&stop, START + 60000), 0);
}
END_TEST

START_TEST(a_stop_replaces_a_reload)
{
	ck_assert(hm_stop_signal(&stop, SIGHUP, true, true, START));
	ck_assert(stop.restart);
	ck_assert(!hm_stop_follows(&stop, START, START));
	ck_assert(term(true, true));
	ck_assert(!stop.restart);
	ck_assert_uint_eq(stop.signals, 1);
	ck_assert(!hm_stop_signal(&stop, SIGHUP, true, true, START));
	ck_assert(!stop.restart);
}
END_TEST

START_TEST(only_an_interrupt_follows_a_plain_pipe)
{
	term(true, false);
	ck_assert(!hm_stop_follows(&stop, START, START));
	begin();
	hm_stop_signal(&stop, SIGINT, true, false, START);
	ck_assert(hm_stop_follows(&stop, 0, START + 299));
	ck_assert(!hm_stop_follows(&stop, 0, START + 300));
}
END_TEST

START_TEST(other_input_than_a_pipe_is_not_followed)
{
	hm_stop_signal(&stop, SIGINT, false, false, START);
	ck_assert(!hm_stop_follows(&stop, START, START));
}
END_TEST

START_TEST(input_that_goes_on_is_followed_for_a_while)
{
	hm_stop_signal(&stop, SIGINT, true, false, START);
	for (int64_t now = START; now < START + 2000; now += 100)
		ck_assert(hm_stop_follows(&stop, now, now));
	ck_assert(!hm_stop_follows(&stop, START + 2000, START + 2000));
	ck_assert(!hm_stop_follows(&stop, START, START));
}
END_TEST

START_TEST(while_the_holder_stays_only_one_tool_stops)
{
	char path[] = "/tmp/hm-check-stop.XXXXXX";
	int holder;

	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	stop.holder = path;
	holder = open(path, O_RDWR);
	ck_assert(hm_stop_is_held(&stop));
	term(true, true);
	ck_assert(hm_stop_follows(&stop, START, START + 999));
	ck_assert(!hm_stop_follows(&stop, START + 999, START + 1000));
	close(holder);
	ck_assert(!hm_stop_is_held(&stop));
	begin();
	stop.holder = path;
	term(true, true);
	ck_assert(hm_stop_follows(&stop, START, START + 7999));
	ck_assert(!hm_stop_follows(&stop, START + 7999, START + 8000));
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(without_a_holder_it_is_a_plain_pipe)
{
	stop.holder = "1";
	term(true, true);
	ck_assert(hm_stop_follows(&stop, START, START + 299));
	ck_assert(!hm_stop_follows(&stop, START, START + 300));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stop");
	TCase *tcase = tcase_create("stop");

	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_add_test(tcase, the_first_signal_counts);
	tcase_add_test(tcase, a_stop_replaces_a_reload);
	tcase_add_test(tcase, only_an_interrupt_follows_a_plain_pipe);
	tcase_add_test(tcase, other_input_than_a_pipe_is_not_followed);
	tcase_add_test(tcase, input_that_goes_on_is_followed_for_a_while);
	tcase_add_test(tcase, while_the_holder_stays_only_one_tool_stops);
	tcase_add_test(tcase, without_a_holder_it_is_a_plain_pipe);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
