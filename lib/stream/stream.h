#ifndef HM_STREAM_H
#define HM_STREAM_H

#include <poll.h>
#include <stdint.h>

#include "record/record.h"

/*
 * The filter contract: whole lines in, whole lines out, in order, in bounded
 * memory, flushed before any wait, ended by end of file or a signal.
 *
 *	while (hm_stream_next(s, &line)) {
 *		... hm_stream_emit(s, line) ...
 *		hm_stream_commit(s);
 *	}
 *	return hm_stream_close(s);
 *
 * A filter is that loop. A tool with a connection of its own adds a side
 * (hm_stream_side); a source has no input and drives the lower half from its
 * event loop.
 */

struct hm_stream;

struct hm_stream_options {
	int in;  /* descriptor to read lines from, or -1 for a source */
	int out; /* descriptor to write lines to */
	int64_t stats_period_ms; /* 0: no stats records but on SIGUSR1 */
	bool strict; /* end with 65 at the first bad line */
	/*
	 * Not NULL: leave in the input pipe what is not finished, so that a
	 * successor finds it, and begin the output with an empty line, which
	 * ends what a predecessor tore. The path of a FIFO: whoever keeps the
	 * pipes open reads it, so when nobody does, they end with us.
	 */
	const char *durable;
	int ready_fd; /* where to say that the tool is ready, or 0 */
};

/*
 * Take over the signals TERM, INT, HUP and USR1 (blocked, read by signalfd),
 * ignore PIPE, and allocate the two buffers: all the memory a stream uses.
 * NULL, logged, if the system refuses. Freed by hm_stream_close.
 */
struct hm_stream *hm_stream_open(const struct hm_stream_options *options);

/*
 * The next line, without its LF, valid until hm_stream_commit. Waits for one;
 * what has been emitted is written out before any wait. Lines that are empty
 * are passed over; lines that are too long or hold a NUL are logged, counted
 * and passed over. False at the end of the stream: end of file, a signal, or
 * an error, which hm_stream_close reports.
 */
bool hm_stream_next(struct hm_stream *s, struct hm_slice *line);

/*
 * The line last given is finished with. It is taken from a durable input when
 * what has been emitted until now is written and settled.
 */
void hm_stream_commit(struct hm_stream *s);

/*
 * Ask `settled` before lines are taken from a durable input: whether all that
 * was committed is safe. If not it is asked again after the next wait.
 * `pressed`: the input can hold no more, so that its writer will have to wait.
 * `context` is borrowed.
 */
void hm_stream_settled(struct hm_stream *s,
    bool (*settled)(void *context, bool pressed), void *context);

/* Whether the input is durable. */
bool hm_stream_is_durable(const struct hm_stream *s);

/* Wait for anything but input, at most for so many ms. */
void hm_stream_wait(struct hm_stream *s, int timeout_ms);

/*
 * Queue a line (an LF is added). Waits for the reader if the buffer is full.
 * After an output error this does nothing: the error ends hm_stream_next.
 */
void hm_stream_emit(struct hm_stream *s, struct hm_slice line);

/*
 * The type of the line last given. Where "type" is the first key no more of
 * the line is read; otherwise it is parsed, into `record`. Empty for an object
 * without a type. False, and reported, if the line is not a JSON object.
 */
bool hm_stream_type(struct hm_stream *s, struct hm_slice line,
    struct hm_record *record, struct hm_slice *type);

/* Parse the line last given. False, and reported, if it is not a record. */
bool hm_stream_parse(struct hm_stream *s, struct hm_slice line,
    struct hm_record *record);

/*
 * Pass the line last given on, if it is a record. True if it is of a type that
 * `takes` says yes to; then it has been parsed. Without `takes` it is of none.
 */
bool hm_stream_pass(struct hm_stream *s, struct hm_slice line,
    bool (*takes)(struct hm_slice type), struct hm_record *record,
    struct hm_slice *type);

/* The number, from 1, of the line last given, for messages. */
uint64_t hm_stream_line_number(const struct hm_stream *s);

/*
 * Report the line last given as bad: one warning "line N: TEXT" and a count.
 * Bad lines are not passed on. From the tenth in a minute on they are only
 * counted, and the count is logged when the minute is over and at the end.
 */
__attribute__((format(printf, 2, 3))) void hm_stream_bad(struct hm_stream *s,
    const char *format, ...);

/*
 * Name a counter of the tool's own for its stats record. Both pointers are
 * borrowed for the life of the stream. At most 24.
 */
void hm_stream_counter(struct hm_stream *s, const char *name,
    const uint64_t *value);

/*
 * One more descriptor to watch while the stream waits. `prepare` is called
 * before each wait: it fills in fd (or -1) and events, and answers how long
 * to wait at most, in ms, or -1. `ready` is called after each wait, with
 * revents 0 if nothing came in. `drain` is called at the end of the stream,
 * before each wait, until it answers that nothing is left to deliver, or until
 * `drain_ms` are over; it may be NULL.
 */
struct hm_stream_side {
	void *context;
	int64_t drain_ms;
	int (*prepare)(void *context, struct pollfd *fd);
	void (*ready)(void *context, short revents);
	bool (*drain)(void *context);
};

/* Add the side, of which there is one at most. It is copied. */
void hm_stream_side(struct hm_stream *s, const struct hm_stream_side *side);

/*
 * Write a stats record and all that was emitted, take from a durable input
 * what is settled, and close the output, so that its reader goes on while the
 * tool ends what takes longer. hm_stream_close does this where it is not done.
 */
void hm_stream_end(struct hm_stream *s);

/* How long the tool may still take to end, in ms; -1 without a signal. */
int64_t hm_stream_time_left(const struct hm_stream *s);

/* Whether a successor will find what is not settled in the input. */
bool hm_stream_has_successor(const struct hm_stream *s);

/*
 * End the stream and free everything. The result is the exit status, or
 * HM_EXIT_RESTART after a SIGHUP. A reader that has gone raises SIGPIPE as
 * `| head` expects; one that stalls for 2 s after a signal costs HM_EXIT_TEMP
 * and is counted. `status` is what to answer when the stream itself was fine.
 */
int hm_stream_close(struct hm_stream *s, int status);

/*
 * Call `save` before anything is written to the output: what a record says is
 * to be on disk before others can read it. Where the input is durable it is
 * called before lines are taken from it instead: a successor comes to the same
 * results from the same state. Called once for each write, so it is to be
 * cheap when there is nothing to save. `context` is borrowed.
 */
void hm_stream_before_write(struct hm_stream *s, void (*save)(void *context),
    void *context);

/* The lower half, for a source with an event loop of its own. */

/* Signals to stop so far. */
unsigned hm_stream_stops(const struct hm_stream *s);

/* Readable when a signal came in; then call hm_stream_signals. */
int hm_stream_signal_fd(const struct hm_stream *s);

/*
 * Handle waiting signals. True if the tool has been asked to stop, or to
 * restart with new settings.
 */
bool hm_stream_signals(struct hm_stream *s);

/*
 * Tell a supervisor, once, that the tool does its work. hm_stream_next does
 * so; a source says it itself.
 */
void hm_stream_ready(struct hm_stream *s);

/* Bytes emitted and not yet written. */
size_t hm_stream_pending(const struct hm_stream *s);

/* Bytes that can be emitted before hm_stream_emit would have to wait. */
size_t hm_stream_room(const struct hm_stream *s);

/*
 * Write what goes without waiting. False if the output has failed or its
 * reader has gone: time to stop and call hm_stream_close.
 */
bool hm_stream_flush(struct hm_stream *s);

/* Queue a stats record now. */
void hm_stream_stats(struct hm_stream *s);

#endif
