#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "line_reader.h"
#include "stream.h"
#include "stream_ev.h"
#include "stream_private.h"

/* The input of a source's stream in its libev loop. */

static bool
has_room(const struct hm_stream_ev *ev)
{
	return hm_stream_room(ev->stream) > HM_LINE_MAX;
}

/* Lines that were read, as far as there is room for what comes of them. */
static void
take_lines(struct hm_stream_ev *ev)
{
	struct hm_slice line;

	while (!ev->ended && has_room(ev) &&
	    hm_stream_take(ev->stream, &line)) {
		ev->line(ev->context, line);
		hm_stream_commit(ev->stream);
	}
	if (ev->ended || !hm_line_reader_ended(ev->stream->lines) ||
	    !hm_line_reader_empty(ev->stream->lines))
		return;
	ev->ended = true;
	ev->input_ended(ev->context);
}

static void
read_more(struct hm_stream_ev *ev, short revents)
{
	struct hm_stream *s = ev->stream;

	if (!hm_line_reader_ready(s->lines, revents)) {
		hm_log_errno(HM_ERROR, "cannot read stdin");
		s->in_failed = true;
	}
	s->input_at = hm_monotonic_ms();
	take_lines(ev);
}

static void
on_input(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	read_more(io->data, POLLIN);
}

/* A durable input is looked at now and then: see hm_line_reader_prepare. */
static void
on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	read_more(timer->data, 0);
}

static void
watch(struct hm_stream_ev *ev)
{
	struct pollfd fd = {.fd = -1};
	int ms = hm_line_reader_prepare(ev->stream->lines, &fd);

	if (ev->input.fd != fd.fd) {
		ev_io_stop(ev->loop, &ev->input);
		ev_io_set(&ev->input, fd.fd, EV_READ);
	}
	ev_io_start(ev->loop, &ev->input);
	if (ms < 0) {
		ev_timer_stop(ev->loop, &ev->look);
	} else if (!ev_is_active(&ev->look)) {
		ev_timer_set(&ev->look, (double)ms / 1000, 0);
		ev_timer_start(ev->loop, &ev->look);
	}
}

/* Before each wait of the loop, as stream_wait.c does before its own. */
static void
on_before_wait(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct hm_stream_ev *ev = prepare->data;

	(void)events;
	take_lines(ev);
	hm_stream_ev_flush(ev);
	hm_stream_release(ev->stream);
	if (!ev->ended && !ev->stream->in_failed && has_room(ev)) {
		watch(ev);
		return;
	}
	ev_io_stop(loop, &ev->input);
	ev_timer_stop(loop, &ev->look);
}

void
hm_stream_ev_read(struct hm_stream_ev *ev)
{
	ev_io_init(&ev->input, on_input, -1, EV_READ);
	ev_timer_init(&ev->look, on_look, 0, 0);
	ev_prepare_init(&ev->before_wait, on_before_wait);
	ev->input.data = ev->look.data = ev->before_wait.data = ev;
	ev_prepare_start(ev->loop, &ev->before_wait);
}
