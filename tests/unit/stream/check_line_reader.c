#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "resident.h"
#include "run_suite.h"
#include "stream/durable_pipe.h"
#include "stream/line_reader.h"

static int from, to; /* a pipe */
static struct hm_line_reader *lines;
static struct hm_slice line;

static void
open_plain(void)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	from = fd[0];
	to = fd[1];
	lines = hm_line_reader_open(from, false);
	ck_assert_ptr_nonnull(lines);
}

static void
open_durable(void)
{
	open_plain();
	hm_line_reader_close(lines);
	lines = hm_line_reader_open(from, true);
	ck_assert_ptr_nonnull(lines);
	ck_assert(hm_line_reader_are_durable(lines));
}

static void
close_all(void)
{
	hm_line_reader_close(lines);
	close(from);
	if (to >= 0)
		close(to);
}

static void
put(const char *text)
{
	ck_assert_int_eq(write(to, text, strlen(text)), (ssize_t)strlen(text));
}

/* One poll of a stream; returns whether it has to be called again. */
static void
look(void)
{
	struct pollfd fd;
	int timeout = hm_line_reader_prepare(lines, &fd);

	ck_assert_int_ge(poll(&fd, 1, timeout < 0 ? 2000 : timeout), 0);
	ck_assert(hm_line_reader_ready(lines, fd.revents));
}

static void
gives(const char *text)
{
	ck_assert_int_eq(hm_line_reader_next(lines, &line), HM_LINE_GOOD);
	ck_assert(hm_slice_is(line, text));
	hm_line_reader_commit(lines);
}

static void
gives_none(void)
{
	ck_assert_int_eq(hm_line_reader_next(lines, &line), HM_LINE_NONE);
}

/* The bytes that another reader of the pipe would read. */
static void
holds(const char *text)
{
	char buf[256];
	ssize_t n;

	fcntl(from, F_SETFL, O_NONBLOCK);
	n = read(from, buf, sizeof buf);
	ck_assert_int_eq(n < 0 ? 0 : n, (ssize_t)strlen(text));
	ck_assert_mem_eq(buf, text, strlen(text));
}

START_TEST(lines_come_whole)
{
	put("{1}\n\n{2}\r\n{3");
	look();
	gives("{1}");
	ck_assert_uint_eq(hm_line_reader_number(lines), 1);
	gives("{2}\r");
	ck_assert_uint_eq(hm_line_reader_number(lines), 3);
	gives_none();
	put("}\n");
	look();
	gives("{3}");
	ck_assert(hm_line_reader_empty(lines));
}
END_TEST

START_TEST(the_last_needs_no_newline)
{
	put("{1}\n{2}");
	close(to);
	to = -1;
	look();
	look();
	ck_assert(hm_line_reader_ended(lines));
	gives("{1}");
	gives("{2}");
	gives_none();
}
END_TEST

START_TEST(a_nul_is_reported)
{
	ck_assert_int_eq(write(to, "a\0b\n", 4), 4);
	look();
	ck_assert_int_eq(hm_line_reader_next(lines, &line), HM_LINE_NUL);
}
END_TEST

START_TEST(unreleased_lines_stay)
{
	put("{1}\n{2}\n{3}\n");
	look();
	gives("{1}");
	ck_assert(hm_line_reader_unreleased(lines));
	ck_assert(hm_line_reader_release(lines));
	ck_assert(!hm_line_reader_unreleased(lines));
	gives("{2}");
	holds("{2}\n{3}\n");
}
END_TEST

START_TEST(later_lines_are_read)
{
	put("{1}\n");
	look();
	gives("{1}");
	look();
	put("{2}\n");
	look();
	gives("{2}");
	gives_none();
	ck_assert(hm_line_reader_release(lines));
	put("{3}\n");
	look();
	gives("{3}");
	holds("{3}\n");
}
END_TEST

/* What has been read stays, and what comes next is read. */
START_TEST(unused_memory_is_returned)
{
	char text[50001];
	const char *within;

	memset(text, ' ', sizeof text);
	memcpy(text, "{", 1);
	memcpy(text + sizeof text - 3, "}\n", 3);
	put(text);
	look();
	ck_assert_int_eq(hm_line_reader_next(lines, &line), HM_LINE_GOOD);
	within = line.p + line.n / 2;
	hm_line_reader_trim(lines);
	ck_assert_int_eq(line.p[0], '{');
	ck_assert_int_eq(line.p[line.n - 1], '}');
	hm_line_reader_commit(lines);
	ck_assert(is_resident(within));
	put("{1");
	look();
	hm_line_reader_trim(lines);
	ck_assert(!is_resident(within));
	put("}\n");
	look();
	gives("{1}");
}
END_TEST

START_TEST(torn_lines_are_reported)
{
	static const char *const torn[] = {"{1", "1}", "x"};

	for (size_t i = 0; i < sizeof torn / sizeof *torn; i++) {
		put(torn[i]);
		put("\n");
		look();
		ck_assert_int_eq(hm_line_reader_next(lines, &line),
		    HM_LINE_TORN);
		hm_line_reader_commit(lines);
		ck_assert(hm_line_reader_release(lines));
	}
}
END_TEST

START_TEST(half_a_line_is_left)
{
	put("{1}\n{2");
	look();
	gives("{1}");
	gives_none();
	ck_assert(hm_line_reader_release(lines));
	ck_assert_uint_eq(hm_line_reader_leave(lines), 0);
	ck_assert(hm_line_reader_ended(lines));
	holds("{2");
}
END_TEST

START_TEST(the_end_is_seen_while_lines_are_held)
{
	put("{1}\n{2");
	look();
	gives("{1}");
	close(to);
	to = -1;
	look();
	look();
	ck_assert(hm_line_reader_ended(lines));
	ck_assert_int_eq(hm_line_reader_next(lines, &line), HM_LINE_TORN);
}
END_TEST

/*
 * Use all pipe memory that a user may have, of which other processes may have a
 * part: further pipes are tiny.
 */
static void
use_up_pipes(void)
{
	enum { PIPES = 100, LARGEST = 1024 * 1024, NOBODY = 65534 };
	int fd[2], size = LARGEST;

	if (geteuid() == 0)
		ck_assert_int_eq(setuid(NOBODY), 0);
	for (int i = 0; i < PIPES; i++) {
		ck_assert_int_eq(pipe(fd), 0);
		while (size > PIPE_BUF && fcntl(fd[0], F_SETPIPE_SZ, size) < 0)
			size /= 2;
	}
}

START_TEST(a_line_longer_than_the_pipe_goes_through)
{
	enum { LENGTH = 100000 };
	char *text = malloc(LENGTH + 1);
	size_t sent = 0;

	ck_assert_ptr_nonnull(text);
	use_up_pipes();
	close_all();
	open_durable();
	ck_assert_int_lt(fcntl(from, F_GETPIPE_SZ), LENGTH);
	memset(text, 'x', LENGTH);
	text[0] = '{';
	text[LENGTH - 1] = '}';
	text[LENGTH] = '\n';
	fcntl(to, F_SETFL, O_NONBLOCK);
	while (hm_line_reader_next(lines, &line) == HM_LINE_NONE) {
		ssize_t n = write(to, text + sent, LENGTH + 1 - sent);

		sent += n > 0 ? (size_t)n : 0;
		look();
	}
	ck_assert_uint_eq(line.n, LENGTH);
	hm_line_reader_commit(lines);
	ck_assert(hm_line_reader_release(lines));
	put("{2}\n");
	look();
	gives("{2}");
	holds("{2}\n");
	free(text);
}
END_TEST

START_TEST(a_file_is_read_as_it_is)
{
	int fd = open("/dev/null", O_RDONLY);
	struct hm_line_reader *l = hm_line_reader_open(fd, true);

	ck_assert_ptr_nonnull(l);
	ck_assert(!hm_line_reader_are_durable(l));
	hm_line_reader_close(l);
	close(fd);
}
END_TEST

START_TEST(a_writer_sees_that_an_input_is_given_up)
{
	struct pollfd writer = {.fd = to};

	put("one\ntwo\n");
	look();
	gives("one");
	ck_assert_int_eq(poll(&writer, 1, 0), 0);
	hm_line_reader_give_up(lines);
	ck_assert_int_eq(poll(&writer, 1, 0), 1);
	ck_assert_int_ne(writer.revents & POLLERR, 0);
	ck_assert(hm_line_reader_ended(lines));
	gives_none();
}
END_TEST

START_TEST(a_durable_input_is_never_given_up)
{
	struct pollfd writer = {.fd = to};

	put("one\ntwo\n");
	hm_line_reader_give_up(lines);
	ck_assert_int_eq(poll(&writer, 1, 0), 0);
	ck_assert(!hm_line_reader_ended(lines));
	holds("one\ntwo\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("line_reader");
	TCase *plain = tcase_create("plain");
	TCase *durable = tcase_create("durable");

	tcase_add_checked_fixture(plain, open_plain, close_all);
	tcase_add_test(plain, lines_come_whole);
	tcase_add_test(plain, the_last_needs_no_newline);
	tcase_add_test(plain, a_nul_is_reported);
	tcase_add_test(plain, unused_memory_is_returned);
	tcase_add_test(plain, a_writer_sees_that_an_input_is_given_up);
	suite_add_tcase(suite, plain);
	tcase_add_checked_fixture(durable, open_durable, close_all);
	tcase_add_test(durable, lines_come_whole);
	tcase_add_test(durable, the_last_needs_no_newline);
	tcase_add_test(durable, unreleased_lines_stay);
	tcase_add_test(durable, later_lines_are_read);
	tcase_add_test(durable, unused_memory_is_returned);
	tcase_add_test(durable, torn_lines_are_reported);
	tcase_add_test(durable, half_a_line_is_left);
	tcase_add_test(durable, the_end_is_seen_while_lines_are_held);
	tcase_add_test(durable, a_line_longer_than_the_pipe_goes_through);
	tcase_add_test(durable, a_file_is_read_as_it_is);
	tcase_add_test(durable, a_durable_input_is_never_given_up);
	suite_add_tcase(suite, durable);
	return run_suite(suite);
}
