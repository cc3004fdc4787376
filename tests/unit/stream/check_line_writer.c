#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "resident.h"
#include "run_suite.h"
#include "scratch.h"
#include "stream/line_writer.h"
#include "stream/pipe_room.h"

#define PIPE_SIZE 65536
#define LINES 3000

enum { UNNAMED, NAMED, UNNAMED_UNKNOWN, SHARED, KINDS };

static int from, to; /* a pipe */
static struct hm_line_writer *writer;
static bool unknown; /* the system knows no RWF_NOWAIT */
static unsigned asked; /* how often it was asked to */
static char got[2 * LINES * 256];
static size_t got_size;
static pid_t other; /* that has claimed the pipe, or 0 */

/* In the place of the C library's. */
ssize_t
pwritev2(int fd, const struct iovec *bytes, int count, off_t at, int flags)
{
	asked++;
	if (unknown) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return syscall(SYS_pwritev2, fd, bytes, count, (long)at,
	    (long)((int64_t)at >> 32), flags);
}

/* Another process that has the pipe and ends with the test. */
static void
let_other_claim(void)
{
	int ready[2];
	char claimed = 0;

	ck_assert_int_eq(pipe(ready), 0);
	other = fork();
	ck_assert_int_ge(other, 0);
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(from);
		claimed = hm_pipe_claim(to);
		if (write(ready[1], &claimed, 1) == 1)
			pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &claimed, 1), 1);
	ck_assert_int_eq(claimed, true);
	close(ready[0]);
	close(ready[1]);
}

static void
open_kind(int kind)
{
	int fd[2];

	unknown = kind == UNNAMED_UNKNOWN;
	asked = 0;
	got_size = 0;
	if (kind == NAMED) {
		make_scratch();
		ck_assert_int_eq(mkfifo(in_scratch("fifo"), 0600), 0);
		from = open(in_scratch("fifo"), O_RDONLY | O_NONBLOCK);
		to = open(in_scratch("fifo"), O_WRONLY);
		remove_scratch();
	} else {
		ck_assert_int_eq(pipe(fd), 0);
		from = fd[0];
		to = fd[1];
		ck_assert_int_eq(fcntl(from, F_SETFL, O_NONBLOCK), 0);
	}
	ck_assert_int_eq(fcntl(to, F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
	if (kind == SHARED)
		let_other_claim();
	writer = hm_line_writer_open(to);
	ck_assert_ptr_nonnull(writer);
}

static void
close_kind(void)
{
	if (other != 0) {
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
		other = 0;
	}
	hm_line_writer_free(writer);
	close(from);
	close(to);
}

/* A line of n bytes, LF included, of which only the first one is '<'. */
static void
add(size_t n)
{
	static char line[1 << 18];

	memset(line, 'x', n);
	line[0] = '<';
	hm_line_writer_add(writer, hm_slice(line, n - 1));
}

static bool
is_writable(void)
{
	struct pollfd fd = {.fd = to, .events = POLLOUT};

	return poll(&fd, 1, 0) > 0;
}

static size_t
take(size_t most)
{
	ssize_t n = read(from, got + got_size, most);

	ck_assert(n > 0 || errno == EAGAIN);
	got_size += n > 0 ? (size_t)n : 0;
	return n > 0 ? (size_t)n : 0;
}

/* One write as a stream makes it; a write that blocked would end the test. */
static bool
write_some(void)
{
	enum hm_line_writer_result result = hm_line_writer_write(writer, false);
	struct hm_slice waiting;

	if (result == HM_LINE_WRITER_AGAIN && is_writable())
		result = hm_line_writer_write(writer, true);
	ck_assert(result == HM_LINE_WRITER_WRITTEN ||
	    result == HM_LINE_WRITER_AGAIN);
	waiting = hm_line_writer_waiting(writer);
	if (waiting.n > 0 && waiting.p[0] != '<')
		ck_abort_msg("a line was cut");
	return result == HM_LINE_WRITER_WRITTEN;
}

/* Short lines arrive whole and in order, however much the reader takes. */
START_TEST(lines_stay_whole)
{
	static const size_t takes[] = {1, 100, 4096, 5000, PIPE_SIZE};
	size_t all = 0, next = 0, i = 0;

	open_kind(_i);
	while (next < LINES || hm_line_writer_pending(writer) > 0) {
		for (size_t end = next + 500; next < LINES && next < end &&
		    hm_line_writer_room(writer) > 300; next++) {
			add(next % 299 + 2);
			all += next % 299 + 2;
		}
		if (!write_some())
			take(takes[i++ % 5]);
	}
	while (take(PIPE_SIZE) > 0)
		;
	ck_assert_uint_eq(got_size, all);
	for (size_t at = 0, n = 0; at < got_size; n++) {
		ck_assert_int_eq(got[at], '<');
		at += n % 299 + 2;
		ck_assert_int_eq(got[at - 1], '\n');
	}
	if (unknown)
		ck_assert_uint_eq(asked, 1);
	close_kind();
}
END_TEST

/*
 * An empty pipe takes half of its size without a poll before; a page if another
 * process has claimed it, whose lines would come between.
 */
START_TEST(an_empty_pipe_takes_much)
{
	size_t most = _i == SHARED ? PIPE_BUF : PIPE_SIZE / 2;

	open_kind(_i);
	for (int i = 0; i < 2000; i++)
		add(100);
	while (!write_some())
		ck_assert_uint_le(asked, 1);
	ck_assert_uint_eq(hm_line_writer_pending(writer),
	    200000 - most / 100 * 100);
	close_kind();
}
END_TEST

/* One page is free: less than what waits, so that a blind write would block. */
START_TEST(an_almost_full_pipe_takes_a_page)
{
	static char fill[PIPE_SIZE];

	open_kind(_i);
	ck_assert_int_eq(write(to, fill, sizeof fill), PIPE_SIZE);
	for (int i = 0; i < 200; i++)
		add(100);
	ck_assert(!write_some());
	ck_assert_uint_eq(take(PIPE_BUF), PIPE_BUF);
	ck_assert(write_some());
	ck_assert_uint_eq(hm_line_writer_pending(writer),
	    20000 - PIPE_BUF / 100 * 100);
	ck_assert(!write_some());
	close_kind();
}
END_TEST

/* A line that is longer than the pipe arrives in pieces. */
START_TEST(a_long_line)
{
	open_kind(_i);
	add(200000);
	while (hm_line_writer_pending(writer) > 0)
		if (hm_line_writer_write(writer, is_writable()) ==
		    HM_LINE_WRITER_AGAIN)
			take(PIPE_SIZE);
	while (take(PIPE_SIZE) > 0)
		;
	ck_assert_uint_eq(got_size, 200000);
	ck_assert_int_eq(got[0], '<');
	ck_assert_int_eq(got[got_size - 1], '\n');
	ck_assert_ptr_null(memchr(got + 1, '<', got_size - 1));
	close_kind();
}
END_TEST

START_TEST(unused_memory_is_returned)
{
	const char *within;

	open_kind(UNNAMED);
	for (int i = 0; i < 500; i++)
		add(100);
	within = hm_line_writer_waiting(writer).p + 25000;
	hm_line_writer_trim(writer);
	while (hm_line_writer_pending(writer) > 0)
		ck_assert(write_some());
	ck_assert_uint_eq(take(50000), 50000);
	ck_assert_int_eq(got[25000], '<');
	ck_assert(is_resident(within));
	hm_line_writer_trim(writer);
	ck_assert(!is_resident(within));
	add(100);
	ck_assert(write_some());
	ck_assert_uint_eq(take(100), 100);
	ck_assert_int_eq(got[50000], '<');
	close_kind();
}
END_TEST

START_TEST(without_a_reader)
{
	enum hm_line_writer_result result;

	signal(SIGPIPE, SIG_IGN);
	open_kind(_i);
	close(from);
	from = -1;
	add(100);
	do
		result = hm_line_writer_write(writer, is_writable());
	while (result == HM_LINE_WRITER_AGAIN);
	ck_assert_int_eq(result, HM_LINE_WRITER_BROKEN);
	close_kind();
}
END_TEST

static void
count_call(void *context)
{
	++*(int *)context;
}

/* State is on disk before others can read what depends on it. */
START_TEST(saves_before_a_write)
{
	int calls = 0;

	open_kind(_i);
	hm_line_writer_before_write(writer, count_call, &calls);
	add(100);
	while (!write_some())
		;
	ck_assert_int_ge(calls, 1);
	calls = 0;
	ck_assert(!write_some() || calls == 0);
	add(100);
	while (!write_some())
		;
	ck_assert_int_ge(calls, 1);
	close_kind();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("line_writer");
	TCase *tc = tcase_create("line_writer");

	tcase_add_loop_test(tc, lines_stay_whole, 0, KINDS);
	tcase_add_loop_test(tc, an_empty_pipe_takes_much, 0, KINDS);
	tcase_add_loop_test(tc, an_almost_full_pipe_takes_a_page, 0, KINDS);
	tcase_add_loop_test(tc, a_long_line, 0, KINDS);
	tcase_add_test(tc, unused_memory_is_returned);
	tcase_add_loop_test(tc, without_a_reader, 0, KINDS);
	tcase_add_loop_test(tc, saves_before_a_write, 0, KINDS);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
