#ifndef HM_STREAM_EV_H
#define HM_STREAM_EV_H

#include <ev.h>

#include "stream.h"

/*
 * The output, the signals and the stats of a source's stream in its libev
 * loop.
 *
 * There are three event loops. Filters read one input and write one output:
 * poll(2) in stream_wait.c does that without another library. hm-poll and
 * hm-sim have up to 10,000 connections with timers; poll(2) would scan all of
 * them at each event, so they use libev. hm-metrics gets its requests from
 * libmicrohttpd, whose epoll runs in a thread of its own, so that a slow client
 * never delays the stream.
 */

struct hm_stream_ev {
	struct ev_loop *loop;
	struct hm_stream *stream;
	/* Called for each new signal to stop; NULL: the loop ends. */
	void (*stop)(void *context);
	/* Called for each line, if the stream has an input. While the output
	   has no room for another line none is read. */
	void (*line)(void *context, struct hm_slice line);
	/* Called once at the end of the input; the loop goes on. */
	void (*input_ended)(void *context);
	void *context;

	/* For stream_ev.c and stream_ev_input.c alone. */
	ev_io signals, output, reader, input;
	ev_timer stats, look;
	ev_prepare before_wait;
	bool ended; /* the input */
	unsigned stops; /* signals to stop so far */
};

/*
 * Start the watchers; the caller has set `loop`, `stream` and `stop`. If stdout
 * is a pipe without a name the loop ends as soon as its reader has gone.
 */
void hm_stream_ev_start(struct hm_stream_ev *ev);

/*
 * Write emitted lines, now or as soon as stdout is writable. If the output has
 * failed the loop ends, and the result is false.
 */
bool hm_stream_ev_flush(struct hm_stream_ev *ev);

#endif
