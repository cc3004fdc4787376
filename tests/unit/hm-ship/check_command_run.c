#include "command_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run_suite.h"
#include "scratch.h"

#define MINUTE_MS 60000

static struct hm_command_run command;
static int file;

static void
setup(void)
{
	make_scratch();
	file = memfd_create("batch", MFD_CLOEXEC);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(write(file, "batch", 5), 5);
}

static void
teardown(void)
{
	close(file);
	remove_scratch();
}

/* Run a command of the shell in the scratch directory. */
static void
start(const char *text, int64_t timeout_ms)
{
	const char *argv[] = {"sh", "-c", text, NULL};
	const struct hm_variable variables[] = {{"DIR", in_scratch("")}};

	ck_assert_msg(hm_command_start(&command,
	    (char *const *)(const void *)argv, file, variables, 1, timeout_ms),
	    "%s", command.why);
}

static bool
ends_well(void)
{
	bool good = true;

	while (!hm_command_ended(&command, &good)) {
		struct pollfd fd = {.fd = command.fd, .events = POLLIN};

		poll(&fd, 1, hm_command_wait_ms(&command));
	}
	return good;
}

static void
await_file(const char *name)
{
	for (int i = 0; i < 6000 && access(in_scratch(name), F_OK) < 0; i++)
		usleep(10000);
	ck_assert_int_eq(access(in_scratch(name), F_OK), 0);
}

START_TEST(reads_the_batch)
{
	start("test \"$(cat)\" = batch", MINUTE_MS);
	ck_assert(ends_well());
	start("exit 3", MINUTE_MS);
	ck_assert(!ends_well());
	ck_assert_str_eq(command.why, "the command ended with status 3");
}
END_TEST

#define POLITE "trap 'exit 0' TERM; : >\"$DIR/begun\"; sleep 60 & wait"

/* It has not delivered what it was told to leave. */
START_TEST(what_ends_late_with_0_has_failed)
{
	start(POLITE, 500);
	ck_assert(!ends_well());
	ck_assert_str_eq(command.why,
	    "the command did not end within 1 s (ship_timeout)");
}
END_TEST

START_TEST(what_is_stopped_and_ends_with_0_has_failed)
{
	start(POLITE, MINUTE_MS);
	await_file("begun");
	hm_command_stop(&command);
	ck_assert(!ends_well());
	ck_assert_str_eq(command.why,
	    "the command was stopped before it ended");
}
END_TEST

/* As a parent may leave it. */
START_TEST(ends_where_sigchld_was_ignored)
{
	signal(SIGCHLD, SIG_IGN);
	start("exit 0", MINUTE_MS);
	ck_assert(ends_well());
}
END_TEST

START_TEST(gets_no_descriptor_but_three)
{
	int low = dup(file), high = fcntl(file, F_DUPFD, 200);

	ck_assert_int_gt(low, 2);
	ck_assert_int_ge(high, 200);
	ck_assert_int_eq(setenv("HM_NOTIFY_FD", "3", 1), 0);
	start("for fd in 3 4 5 6 7 8 9 200 201; do "
	    "test ! -e /proc/$$/fd/$fd || exit 4; done; "
	    "test -z \"${HM_NOTIFY_FD+set}\"", MINUTE_MS);
	ck_assert_msg(ends_well(), "%s", command.why);
	close(low);
	close(high);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("command_run");
	TCase *tcase = tcase_create("command_run");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, reads_the_batch);
	tcase_add_test(tcase, what_ends_late_with_0_has_failed);
	tcase_add_test(tcase, what_is_stopped_and_ends_with_0_has_failed);
	tcase_add_test(tcase, ends_where_sigchld_was_ignored);
	tcase_add_test(tcase, gets_no_descriptor_but_three);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
