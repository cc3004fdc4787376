#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run_suite.h"
#include "stream/stream.h"
#include "stream/stream_ev.h"

static int from, to; /* the pipe that the stream writes to */
static struct hm_stream_ev ev;
static unsigned stopped;

static void
open_stream(int64_t stats_period_ms)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	from = fd[0];
	to = fd[1];
	ev = (struct hm_stream_ev){.loop = ev_loop_new(EVFLAG_AUTO)};
	ck_assert_ptr_nonnull(ev.loop);
	ev.stream = hm_stream_open(&(struct hm_stream_options){.in = -1,
	    .out = to, .stats_period_ms = stats_period_ms});
	ck_assert_ptr_nonnull(ev.stream);
	hm_stream_ev_start(&ev);
}

static void
setup(void)
{
	stopped = 0;
	open_stream(0);
}

/* All that is in the pipe at this moment. */
static size_t
drain(void)
{
	static char buf[1 << 16];
	size_t size = 0;
	ssize_t n;

	ck_assert_int_eq(fcntl(from, F_SETFL, O_NONBLOCK), 0);
	while ((n = read(from, buf, sizeof buf)) > 0)
		size += (size_t)n;
	return size;
}

static void
close_stream(void)
{
	ck_assert_int_eq(hm_stream_close(ev.stream, 0), 0);
	ev_loop_destroy(ev.loop);
	close(from);
	close(to);
}

static void
emit(size_t size)
{
	char *line = malloc(size);

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', size);
	hm_stream_emit(ev.stream, hm_slice(line, size));
	free(line);
}

START_TEST(what_fits_is_written_at_once)
{
	emit(10);
	ck_assert(hm_stream_ev_flush(&ev));
	ck_assert_uint_eq(hm_stream_pending(ev.stream), 0);
	ck_assert_uint_eq(drain(), 11);
	ck_assert(!ev_is_active(&ev.output));
}
END_TEST

START_TEST(the_rest_is_written_when_it_fits)
{
	size_t size = 200000, got;

	emit(size);
	ck_assert(hm_stream_ev_flush(&ev));
	ck_assert(ev_is_active(&ev.output));
	got = drain();
	ck_assert_uint_lt(got, size + 1);
	while (got < size + 1) {
		ev_run(ev.loop, EVRUN_ONCE);
		got += drain();
	}
	ck_assert_uint_eq(got, size + 1);
	ev_run(ev.loop, EVRUN_NOWAIT);
	ck_assert(!ev_is_active(&ev.output));
}
END_TEST

START_TEST(a_signal_ends_the_loop)
{
	raise(SIGTERM);
	ev_run(ev.loop, 0);
	ck_assert_uint_eq(hm_stream_stops(ev.stream), 1);
}
END_TEST

static void
on_stop(void *context)
{
	ck_assert_ptr_eq(context, &ev);
	if (++stopped == 2)
		ev_break(ev.loop, EVBREAK_ALL);
	else
		raise(SIGTERM);
}

START_TEST(each_signal_is_told_once)
{
	ev.stop = on_stop;
	ev.context = &ev;
	raise(SIGTERM);
	ev_run(ev.loop, 0);
	ck_assert_uint_eq(stopped, 2);
	/* A signal for stats is none. */
	raise(SIGUSR1);
	ev_run(ev.loop, EVRUN_ONCE);
	ck_assert_uint_eq(stopped, 2);
	ck_assert_uint_gt(drain(), 50);
}
END_TEST

START_TEST(stats_come_by_themselves)
{
	close_stream();
	open_stream(20);
	for (size_t got = 0; got == 0; got = drain())
		ev_run(ev.loop, EVRUN_ONCE);
}
END_TEST

START_TEST(a_reader_that_has_gone_ends_the_loop)
{
	close(from);
	ev_run(ev.loop, 0);
	ck_assert(!hm_stream_ev_flush(&ev));
}
END_TEST

START_TEST(after_a_signal_a_reader_may_go)
{
	ev.stop = on_stop;
	ev.context = &ev;
	stopped = 1;
	raise(SIGTERM);
	ev_run(ev.loop, 0);
	close(from);
	ev_run(ev.loop, EVRUN_NOWAIT);
	ck_assert(hm_stream_has_reader(ev.stream));
	emit(1);
	ck_assert(!hm_stream_ev_flush(&ev));
	ck_assert(!hm_stream_has_reader(ev.stream));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stream_ev");
	TCase *tc = tcase_create("stream_ev");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, what_fits_is_written_at_once);
	tcase_add_test(tc, the_rest_is_written_when_it_fits);
	tcase_add_test(tc, a_signal_ends_the_loop);
	tcase_add_test(tc, each_signal_is_told_once);
	tcase_add_test(tc, stats_come_by_themselves);
	tcase_add_test(tc, a_reader_that_has_gone_ends_the_loop);
	tcase_add_test(tc, after_a_signal_a_reader_may_go);
	return run_suite(suite);
}
