#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "run_suite.h"
#include "stream/stream.h"

static int in[2], out[2];
static struct hm_stream *stream;

static void
open_stream(void)
{
	struct hm_stream_options options = {.in = -1};

	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(pipe(out), 0);
	options.in = in[0];
	options.out = out[1];
	stream = hm_stream_open(&options);
	ck_assert_ptr_nonnull(stream);
}

/*
 * A signal that comes while a line waits to be written, and after which no
 * input comes: the stream ends. A wait for more would end the test.
 */
START_TEST(a_signal_before_a_write)
{
	static const char text[] = "{\"type\":\"x\"}\n";
	const ssize_t size = sizeof text - 1;
	struct hm_slice line;
	char got[64];

	open_stream();
	ck_assert_int_eq(write(in[1], text, sizeof text - 1), size);
	ck_assert(hm_stream_next(stream, &line));
	hm_stream_emit(stream, line);
	hm_stream_commit(stream);
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	ck_assert(!hm_stream_next(stream, &line));
	ck_assert_int_eq(hm_stream_close(stream, 0), 0);
	ck_assert_int_eq(read(out[0], got, sizeof got), size);
	close(in[1]);
	close(out[0]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tc = tcase_create("stream");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, a_signal_before_a_write);
	return run_suite(suite);
}
