#include "stream_private.h"

#include <errno.h>
#include <limits.h>

#include "base/clock.h"
#include "base/log.h"
#include "line_reader.h"
#include "line_writer.h"
#include "stats.h"
#include "stop.h"
#include "stream.h"

/* All waits of a stream use the poll(2) in this file. */

#define STALL_MS 2000 /* after a signal, for a reader that does not read */
#define GLANCE_MS 20  /* between two checks whether others have stopped */

/* Output */

/* False if nothing was written. `polled`: the output polls as writable. */
static bool
write_some(struct hm_stream *s, bool polled)
{
	switch (hm_line_writer_write(s->output, polled)) {
	case HM_LINE_WRITER_WRITTEN:
		s->out_progress = hm_monotonic_ms();
		return true;
	case HM_LINE_WRITER_AGAIN:
		break;
	case HM_LINE_WRITER_BROKEN:
		s->out_broken = true;
		break;
	case HM_LINE_WRITER_FAILED:
		hm_log_errno(HM_ERROR, "cannot write to stdout");
		s->out_failed = true;
		break;
	}
	return false;
}

/* Write what can be written without a poll before it. */
static void
write_ready(struct hm_stream *s)
{
	while (hm_stream_pending(s) > 0 && !hm_stream_output_ended(s) &&
	    write_some(s, false))
		;
}

static void
on_output(struct hm_stream *s, bool writes)
{
	/* Without a request to poll for, all that is reported is an error. */
	if (writes)
		write_some(s, true);
	else
		s->out_broken = true;
}

bool
hm_stream_flush(struct hm_stream *s)
{
	struct pollfd out = {.fd = s->options.out, .events = POLLOUT};

	write_ready(s);
	while (hm_stream_pending(s) > 0 && !hm_stream_output_ended(s) &&
	    poll(&out, 1, 0) > 0)
		write_some(s, true);
	return !hm_stream_output_ended(s);
}

/*
 * A chain that stops ends from its first tool to its last. So after a signal
 * only a write notices that the reader has gone.
 */
bool
hm_stream_watches_reader(const struct hm_stream *s)
{
	return s->out_watched && s->stop.signals == 0 &&
	    !hm_stream_output_ended(s);
}

bool
hm_stream_has_reader(struct hm_stream *s)
{
	struct pollfd out = {.fd = s->options.out};

	if (hm_stream_watches_reader(s) && poll(&out, 1, 0) > 0)
		s->out_broken = true;
	return !hm_stream_output_ended(s);
}

/* Clocks */

/* In a chain that stops, the reader may be busy with its own end. */
static int64_t
stall_limit(const struct hm_stream *s)
{
	return hm_stream_is_durable(s) && !hm_stop_is_held(&s->stop) ?
	    s->stop.at + HM_STOP_END_MS : s->out_progress + STALL_MS;
}

static void
check_stall(struct hm_stream *s)
{
	if (s->stop.signals == 0 || hm_stream_pending(s) == 0)
		return;
	if (s->stop.signals > 1 || hm_monotonic_ms() >= stall_limit(s))
		s->out_stalled = true;
}

static void
on_clock(struct hm_stream *s)
{
	int64_t now = hm_monotonic_ms();

	check_stall(s);
	hm_stats_report(&s->stats, now);
	if (s->options.stats_period_ms > 0 && now >= s->next_stats) {
		hm_stream_stats(s);
		s->next_stats = now + s->options.stats_period_ms;
	}
}

/* The shorter of two bounds, of which -1 is none. */
static int
shorter(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int
earlier(int timeout, int64_t moment, int64_t now)
{
	int64_t left = moment > now ? moment - now : 0;

	if (left > INT_MAX)
		left = INT_MAX;
	return shorter(timeout, (int)left);
}

/* Bound a timeout by the time left for a reader that stalls after a signal. */
static int
stall_timeout(const struct hm_stream *s, int timeout)
{
	if (s->stop.signals == 0 || hm_stream_pending(s) == 0)
		return timeout;
	return earlier(timeout, stall_limit(s), hm_monotonic_ms());
}

static int
clock_timeout(const struct hm_stream *s, int timeout)
{
	int64_t now = hm_monotonic_ms();

	if (s->options.stats_period_ms > 0)
		timeout = earlier(timeout, s->next_stats, now);
	if (hm_stats_due(&s->stats) > 0)
		timeout = earlier(timeout, hm_stats_due(&s->stats), now);
	if (s->grace_until > 0)
		timeout = earlier(timeout, s->grace_until, now);
	if (s->stop.follows)
		timeout = earlier(timeout, now + GLANCE_MS, now);
	return stall_timeout(s, timeout);
}

/* Input */

static void
read_input(struct hm_stream *s, short revents)
{
	uint64_t had = hm_line_reader_read(s->lines);

	if (!hm_line_reader_ready(s->lines, revents)) {
		hm_log_errno(HM_ERROR, "cannot read stdin");
		s->in_failed = true;
	}
	if (hm_line_reader_read(s->lines) != had)
		s->input_at = hm_monotonic_ms();
}

bool
hm_stream_release(struct hm_stream *s)
{
	if (s->lines == NULL || !hm_line_reader_unreleased(s->lines) ||
	    hm_stream_pending(s) > 0 || s->out_failed || s->out_broken ||
	    s->out_stalled)
		return false;
	if (s->settled != NULL && !s->settled(s->settled_context,
	    hm_line_reader_pressed(s->lines)))
		return false;
	if (s->save != NULL)
		s->save(s->save_context);
	if (!hm_line_reader_release(s->lines)) {
		hm_log_errno(HM_ERROR, "cannot read stdin");
		s->in_failed = true;
	}
	return true;
}

/* Waiting */

enum watched { WATCH_SIGNAL, WATCH_OUT, WATCH_IN, WATCH_SIDE, WATCHED };

/* One poll, and the handling of its events. A timeout of -1 is no bound. */
static void
wait_once(struct hm_stream *s, bool want_in, bool want_out, int timeout)
{
	struct pollfd fd[WATCHED] = {
	    [WATCH_SIGNAL] = {.fd = s->signal_fd, .events = POLLIN},
	    [WATCH_OUT] = {.fd = want_out || hm_stream_watches_reader(s) ?
	        s->options.out : -1, .events = want_out ? POLLOUT : 0},
	    [WATCH_IN] = {.fd = -1},
	    [WATCH_SIDE] = {.fd = -1},
	};

	hm_stream_release(s);
	if (want_in)
		timeout = shorter(timeout, hm_line_reader_prepare(s->lines,
		    &fd[WATCH_IN]));
	if (s->side.prepare != NULL)
		timeout = shorter(timeout, s->side.prepare(s->side.context,
		    &fd[WATCH_SIDE]));
	if (poll(fd, WATCHED, clock_timeout(s, timeout)) < 0 &&
	    errno != EINTR) {
		hm_log_errno(HM_ERROR, "cannot poll");
		s->out_failed = true;
		return;
	}
	if (fd[WATCH_SIGNAL].revents != 0)
		hm_stream_signals(s);
	/* A signal that has come at the same time ends the watch. */
	if (fd[WATCH_OUT].revents != 0 &&
	    (want_out || hm_stream_watches_reader(s)))
		on_output(s, want_out);
	if (want_in)
		read_input(s, fd[WATCH_IN].revents);
	if (s->side.ready != NULL)
		s->side.ready(s->side.context, fd[WATCH_SIDE].revents);
	on_clock(s);
}

void
hm_stream_wait_for_reader(struct hm_stream *s)
{
	struct pollfd fd[] = {
	    {.fd = s->signal_fd, .events = POLLIN},
	    {.fd = s->options.out, .events = POLLOUT},
	};

	if (poll(fd, 2, stall_timeout(s, -1)) < 0 && errno != EINTR) {
		hm_log_errno(HM_ERROR, "cannot poll");
		s->out_failed = true;
		return;
	}
	if (fd[0].revents != 0)
		hm_stream_signals(s);
	if (fd[1].revents != 0)
		write_some(s, true);
	check_stall(s);
}

void
hm_stream_wait_for_line(struct hm_stream *s)
{
	size_t pending = hm_stream_pending(s);
	uint64_t had = hm_line_reader_read(s->lines);
	unsigned stops = s->stop.signals;

	if (pending > 0 && pending < (hm_line_writer_saves(s->output) ?
	    HM_STREAM_WRITE_LATER : HM_STREAM_WRITE_SOON)) {
		wait_once(s, true, false, 0);
		if (hm_line_reader_read(s->lines) != had ||
		    hm_stream_input_ended(s) || hm_stream_output_ended(s))
			return;
	}
	write_ready(s);
	/* The first wait may have taken the signal that ends the input. */
	if (hm_stream_output_ended(s) || s->stop.signals != stops)
		return;
	wait_once(s, true, hm_stream_pending(s) > 0, -1);
}

void
hm_stream_wait(struct hm_stream *s, int timeout_ms)
{
	wait_once(s, false, hm_stream_pending(s) > 0 &&
	    !hm_stream_output_ended(s), timeout_ms);
}

void
hm_stream_drain_side(struct hm_stream *s)
{
	int64_t deadline = hm_monotonic_ms(), left = hm_stream_time_left(s);

	if (s->side.drain == NULL)
		return;
	deadline += left >= 0 && left < s->side.drain_ms ? left :
	    s->side.drain_ms;
	while (!s->side.drain(s->side.context) && s->stop.signals < 2) {
		int64_t now = hm_monotonic_ms();

		if (now >= deadline)
			return;
		hm_stream_wait(s, earlier(-1, deadline, now));
	}
}
