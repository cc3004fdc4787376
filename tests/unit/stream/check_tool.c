#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exits.h"
#include "config/config.h"
#include "config/settings.h"
#include "run_suite.h"
#include "stream/stream.h"
#include "stream/tool.h"

/* What a tool of the test's own does; zero but for what a test sets. */
struct work {
	int open, start, finish; /* what they answer */
	bool hangs;
	struct hm_stream *stream;
	struct hm_record record;
};

#define TRACE_SIZE ((size_t)4096)

static char *trace;        /* shared with the tool's process */
static char written[4096]; /* by the tool to stdout */
static struct work work;

static void
note(const char *text)
{
	size_t n = strlen(trace);

	snprintf(trace + n, TRACE_SIZE - n, "%s", text);
}

static int
check(const struct hm_config *config)
{
	note(hm_config_flag(config, HM_SET_STRICT) ? "check-strict " :
	    "check ");
	return HM_EXIT_OK;
}

static int
on_open(void *context, const struct hm_config *config)
{
	struct work *w = context;

	(void)config;
	note("open ");
	return w->open;
}

static int
on_start(void *context, struct hm_stream *stream)
{
	struct work *w = context;

	w->stream = stream;
	note("start ");
	return w->start;
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *w = context;

	note("line ");
	if (hm_stream_parse(w->stream, line, &w->record))
		hm_stream_emit(w->stream, line);
}

static void
on_run(void *context)
{
	struct work *w = context;

	note("run ");
	hm_stream_emit(w->stream, hm_text("{\"n\":1}"));
}

static int
on_finish(void *context)
{
	struct work *w = context;

	note("finish ");
	return w->finish;
}

static bool
on_free(void *context)
{
	struct work *w = context;

	note("free ");
	return !w->hangs;
}

static void
at_exit(void)
{
	note("exit ");
}

static const struct hm_tool_ops filter = {
    .check = check,
    .open = on_open,
    .start = on_start,
    .line = on_line,
    .finish = on_finish,
    .free = on_free,
};

static void
setup(void)
{
	unsetenv("HM_CONFIG");
	unsetenv("HM_DURABLE");
	unsetenv("HM_NOTIFY_FD");
	trace = mmap(NULL, TRACE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(trace, MAP_FAILED);
	work = (struct work){.open = HM_TOOL_GO_ON, .start = HM_TOOL_GO_ON};
}

static void
be_tool(const struct hm_tool_ops *ops, char *option, int in, int out)
{
	static char name[] = "hm-decode", stats[] = "--stats-period=0";
	char *argv[] = {name, stats, option, NULL};

	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0 || atexit(at_exit) != 0)
		_exit(99);
	exit(hm_tool_main(HM_TOOL_DECODE, ops, &work, option != NULL ? 3 : 2,
	    argv));
}

/* The tool in a process of its own, on lines; the exit status. */
static int
run(const struct hm_tool_ops *ops, const char *option, const char *lines)
{
	int in = memfd_create("in", 0), out = memfd_create("out", 0), status;
	static char copy[64];
	pid_t pid;
	ssize_t n;

	ck_assert_int_eq(write(in, lines, strlen(lines)),
	    (ssize_t)strlen(lines));
	ck_assert_int_eq(lseek(in, 0, SEEK_SET), 0);
	snprintf(copy, sizeof copy, "%s", option != NULL ? option : "");
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		be_tool(ops, option != NULL ? copy : NULL, in, out);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	n = pread(out, written, sizeof written - 1, 0);
	ck_assert_int_ge(n, 0);
	written[n] = '\0';
	close(in);
	close(out);
	return WEXITSTATUS(status);
}

START_TEST(a_filter_is_called_in_order)
{
	ck_assert_int_eq(run(&filter, NULL, "{\"a\":1}\n{\"b\":2}\n"), 0);
	ck_assert_str_eq(trace,
	    "check open start line line finish free exit ");
	ck_assert_str_eq(written, "{\"a\":1}\n{\"b\":2}\n");
}
END_TEST

START_TEST(what_finish_answers_is_the_status)
{
	work.finish = HM_EXIT_TEMP;
	ck_assert_int_eq(run(&filter, NULL, "{}\n"), HM_EXIT_TEMP);
}
END_TEST

START_TEST(all_can_be_done_before_there_is_a_stream)
{
	work.open = HM_EXIT_OK;
	ck_assert_int_eq(run(&filter, NULL, "{\"a\":1}\n"), 0);
	ck_assert_str_eq(trace, "check open free exit ");
	ck_assert_str_eq(written, "");
}
END_TEST

START_TEST(what_cannot_start_reads_no_line)
{
	work.start = HM_EXIT_OS;
	ck_assert_int_eq(run(&filter, NULL, "{\"a\":1}\n"), HM_EXIT_OS);
	ck_assert_str_eq(trace, "check open start free exit ");
}
END_TEST

START_TEST(a_thread_that_hangs_ends_with_the_process)
{
	work.hangs = true;
	work.finish = HM_EXIT_TEMP;
	ck_assert_int_eq(run(&filter, NULL, "{}\n"), HM_EXIT_TEMP);
	ck_assert_str_eq(trace, "check open start line finish free ");
}
END_TEST

START_TEST(a_source_reads_nothing)
{
	const struct hm_tool_ops source = {.start = on_start, .run = on_run};

	ck_assert_int_eq(run(&source, NULL, "junk\n"), 0);
	ck_assert_str_eq(trace, "start run exit ");
	ck_assert_str_eq(written, "{\"n\":1}\n");
}
END_TEST

START_TEST(the_stream_is_opened_with_the_settings)
{
	ck_assert_int_eq(run(&filter, "--strict", "junk\n{}\n"),
	    HM_EXIT_DATA);
	ck_assert_str_eq(trace, "check-strict open start line finish free "
	    "exit ");
	trace[0] = '\0';
	ck_assert_int_eq(run(&filter, "--stats-period=60", ""), 0);
	ck_assert_ptr_nonnull(strstr(written, "{\"type\":\"stats\","));
}
END_TEST

START_TEST(wrong_settings_open_nothing)
{
	ck_assert_int_eq(run(&filter, "--log-level=LOUD", "{}\n"),
	    HM_EXIT_CONFIG);
	ck_assert_str_eq(trace, "exit ");
	trace[0] = '\0';
	ck_assert_int_eq(run(&filter, "--bogus", "{}\n"), HM_EXIT_USAGE);
	ck_assert_str_eq(trace, "exit ");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool");
	TCase *tc = tcase_create("tool");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_filter_is_called_in_order);
	tcase_add_test(tc, what_finish_answers_is_the_status);
	tcase_add_test(tc, all_can_be_done_before_there_is_a_stream);
	tcase_add_test(tc, what_cannot_start_reads_no_line);
	tcase_add_test(tc, a_thread_that_hangs_ends_with_the_process);
	tcase_add_test(tc, a_source_reads_nothing);
	tcase_add_test(tc, the_stream_is_opened_with_the_settings);
	tcase_add_test(tc, wrong_settings_open_nothing);
	return run_suite(suite);
}
