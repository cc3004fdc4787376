#include "stream_ev.h"

#include "stream.h"
#include "stream_private.h"

bool
hm_stream_ev_flush(struct hm_stream_ev *ev)
{
	bool good = hm_stream_flush(ev->stream);

	if (!good)
		ev_break(ev->loop, EVBREAK_ALL);
	else if (hm_stream_pending(ev->stream) > 0)
		ev_io_start(ev->loop, &ev->output);
	else
		ev_io_stop(ev->loop, &ev->output);
	return good;
}

static void
on_output(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	hm_stream_ev_flush(io->data);
}

static void
on_signals(struct ev_loop *loop, ev_io *io, int events)
{
	struct hm_stream_ev *ev = io->data;
	unsigned stops;

	(void)events;
	hm_stream_signals(ev->stream);
	stops = hm_stream_stops(ev->stream);
	if (stops == ev->stops)
		hm_stream_ev_flush(ev);
	else if (ev->stop != NULL)
		ev->stop(ev->context);
	else
		ev_break(loop, EVBREAK_ALL);
	ev->stops = stops;
}

static void
on_stats(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_stream_ev *ev = timer->data;

	(void)loop;
	(void)events;
	hm_stream_stats(ev->stream);
	hm_stream_ev_flush(ev);
}

/* A pipe without a reader polls as an error, which libev shows as an event. */
static void
on_reader_gone(struct ev_loop *loop, ev_io *io, int events)
{
	struct hm_stream_ev *ev = io->data;

	(void)events;
	ev_io_stop(loop, io);
	if (!hm_stream_has_reader(ev->stream))
		ev_break(loop, EVBREAK_ALL);
}

void
hm_stream_ev_start(struct hm_stream_ev *ev)
{
	double period = (double)ev->stream->options.stats_period_ms / 1000;

	ev_io_init(&ev->signals, on_signals, hm_stream_signal_fd(ev->stream),
	    EV_READ);
	ev_io_init(&ev->output, on_output, ev->stream->options.out, EV_WRITE);
	ev_io_init(&ev->reader, on_reader_gone, ev->stream->options.out,
	    EV_READ);
	ev_timer_init(&ev->stats, on_stats, period, period);
	ev->signals.data = ev->output.data = ev->reader.data = ev;
	ev->stats.data = ev;
	ev_io_start(ev->loop, &ev->signals);
	if (period > 0)
		ev_timer_start(ev->loop, &ev->stats);
	if (hm_stream_watches_reader(ev->stream))
		ev_io_start(ev->loop, &ev->reader);
	if (ev->stream->lines != NULL)
		hm_stream_ev_read(ev);
}
