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
 * hm-sim have up to 10,000 connections, each with timers, for which poll(2)
 * would look at every descriptor at each event: they use libev. hm-metrics
 * gets its requests from libmicrohttpd, whose epoll runs in a thread of its
 * own, so that a slow client never holds up the stream.
 */

struct hm_stream_ev {
	struct ev_loop *loop;
	struct hm_stream *stream;
	/* Called for each new signal that asks the tool to stop; NULL: the
	   loop ends. */
	void (*stop)(void *context);
	void *context;

	/* For stream_ev.c alone. */
	ev_io signals, output, reader;
	ev_timer stats;
	unsigned stops; /* signals that were acted on */
};

/* Begin to watch. The loop, the stream and `stop` have been set. */
void hm_stream_ev_start(struct hm_stream_ev *ev);

/*
 * End the loop, too, when the reader of stdout, a pipe, has gone. Without this
 * the next record finds it out.
 */
void hm_stream_ev_watch_reader(struct hm_stream_ev *ev);

/*
 * Write what was emitted; what stdout does not take now is written when it
 * can. If the output has failed the loop ends, and the answer is false.
 */
bool hm_stream_ev_flush(struct hm_stream_ev *ev);

#endif
