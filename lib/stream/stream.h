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
	int out; /* descriptor to write lines to, or -1 for a sink, which must
	            emit none */
	int64_t stats_period_ms; /* 0: no stats records but on SIGUSR1 */
	bool strict; /* end with 65 at the first bad line */
	/*
	 * HM_DURABLE; NULL if unset. Keep unfinished lines in the input pipe
	 * for a successor, and begin the output with an empty line, which ends
	 * a line that a predecessor tore. A path is that of the FIFO that the
	 * pipe holder reads: without a reader of it there is no successor.
	 */
	const char *durable;
	int ready_fd; /* gets a newline when the tool is ready; 0: none */
	/*
	 * The tool works on readings. Warn, once, if there are none after
	 * some frame records or at the end: hm-decode makes readings of them.
	 */
	bool wants_readings;
	/* The end of the input does not end the stream: a signal does. */
	bool outlives_input;
};

/*
 * Take over the signals TERM, INT, HUP and USR1 (blocked, read by signalfd),
 * ignore PIPE, and allocate the two buffers: all the memory a stream uses.
 * NULL, logged, if the system refuses. Freed by hm_stream_close.
 */
struct hm_stream *hm_stream_open(const struct hm_stream_options *options);

/*
 * Wait for the next line, the current one until hm_stream_commit, without its
 * LF. Emitted lines are written before any wait. Empty lines are skipped; lines
 * that are too long or hold a NUL are logged, counted and skipped. False at the
 * end of the stream: end of file, a signal, or an error, which hm_stream_close
 * reports.
 */
bool hm_stream_next(struct hm_stream *s, struct hm_slice *line);

/*
 * The current line is finished. It is removed from a durable input when all
 * lines emitted so far are written and settled.
 */
void hm_stream_commit(struct hm_stream *s);

/*
 * Call `settled` before lines are removed from a durable input: it returns
 * whether the effects of all committed lines are safe. If not it is called
 * again after the next wait. `pressed`: the input is full, so its writer has to
 * wait. `context` is borrowed.
 */
void hm_stream_settled(struct hm_stream *s,
    bool (*settled)(void *context, bool pressed), void *context);

/* Whether the input is durable. */
bool hm_stream_is_durable(const struct hm_stream *s);

/* Wait for anything but input, at most timeout_ms. */
void hm_stream_wait(struct hm_stream *s, int timeout_ms);

/*
 * Queue a line (an LF is added). Waits for the reader if the buffer is full.
 * After an output error this does nothing: the error ends hm_stream_next.
 */
void hm_stream_emit(struct hm_stream *s, struct hm_slice line);

/*
 * The type of the current line. If "type" is not the first key, the line is
 * parsed into `record`. Empty for an object without a type. False, and
 * reported, if the line is not a JSON object.
 */
bool hm_stream_type(struct hm_stream *s, struct hm_slice line,
    struct hm_record *record, struct hm_slice *type);

/* Parse the current line. False, and reported, if it is not a record. */
bool hm_stream_parse(struct hm_stream *s, struct hm_slice line,
    struct hm_record *record);

/*
 * Pass the current line on, if it is a record. True, and the line parsed into
 * `record`, if `takes` returns true for its type; always false without `takes`.
 */
bool hm_stream_pass(struct hm_stream *s, struct hm_slice line,
    bool (*takes)(struct hm_slice type), struct hm_record *record,
    struct hm_slice *type);

/* The number of the current line, from 1, for messages. */
uint64_t hm_stream_line_number(const struct hm_stream *s);

/*
 * Report the current line as bad: one warning "line N: TEXT" and a count.
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
 * before each wait: it fills in fd (or -1) and events, and returns the longest
 * wait in ms, or -1. `ready` is called after each wait, with revents 0 if there
 * was no event. `drain` is called at the end of the stream, before each wait,
 * until it returns true, nothing is left to deliver, or until `drain_ms` are
 * over; it may be NULL.
 */
struct hm_stream_side {
	void *context;
	int64_t drain_ms;
	int (*prepare)(void *context, struct pollfd *fd);
	void (*ready)(void *context, short revents);
	bool (*drain)(void *context);
};

/* Set the only side of the stream. It is copied. */
void hm_stream_side(struct hm_stream *s, const struct hm_stream_side *side);

/*
 * Write a stats record and all emitted lines, remove settled lines from a
 * durable input, and close the output, so that its reader can end while the
 * tool still does slow work. hm_stream_close calls this if the tool did not.
 */
void hm_stream_end(struct hm_stream *s);

/* ms until the tool must have ended; -1 before any signal. */
int64_t hm_stream_time_left(const struct hm_stream *s);

/* Whether a successor will read unsettled lines from the input. */
bool hm_stream_has_successor(const struct hm_stream *s);

/*
 * End the stream and free everything. The result is the exit status, or
 * HM_EXIT_RESTART after a SIGHUP. A closed reader ends the process by SIGPIPE,
 * as `| head` expects, but not after a signal to a tool of a supervised chain;
 * one that stalls for 2 s after a signal is counted, and the result is
 * HM_EXIT_TEMP. If the stream had no error it is `status`.
 */
int hm_stream_close(struct hm_stream *s, int status);

/*
 * Call `save` before each write to the output: state must be on disk before
 * others read a record that depends on it. With a durable input it is called
 * before lines are removed from the input instead, since a successor computes
 * the same records from the old state. `save` must be cheap when there is
 * nothing to save. `context` is borrowed.
 */
void hm_stream_before_write(struct hm_stream *s, void (*save)(void *context),
    void *context);

/* The lower half, for a source with an event loop of its own. */

/*
 * The next line of the bytes that were read, the current one until
 * hm_stream_commit; false if there is none. For a tool that reads in an event
 * loop: stream_ev.h.
 */
bool hm_stream_take(struct hm_stream *s, struct hm_slice *line);

/* The number of signals to stop so far. */
unsigned hm_stream_stops(const struct hm_stream *s);

/* A descriptor, readable after a signal; then call hm_stream_signals. */
int hm_stream_signal_fd(const struct hm_stream *s);

/*
 * Handle waiting signals. True if the tool has been asked to stop, or to
 * restart with new settings.
 */
bool hm_stream_signals(struct hm_stream *s);

/*
 * Report to a supervisor, once, that the tool is ready. hm_stream_next calls
 * this; a source must call it itself.
 */
void hm_stream_ready(struct hm_stream *s);

/* Bytes emitted and not yet written. */
size_t hm_stream_pending(const struct hm_stream *s);

/* Bytes that can be emitted before hm_stream_emit would have to wait. */
size_t hm_stream_room(const struct hm_stream *s);

/*
 * Write as much as possible without waiting. False if the output has failed or
 * its reader has gone: the tool must stop and call hm_stream_close.
 */
bool hm_stream_flush(struct hm_stream *s);

/*
 * Whether the output can still take records. False if it has failed, or if it
 * is a pipe without a name whose reader has gone, which this looks for: the
 * tool must stop and call hm_stream_close. After a signal only a write notices
 * a reader that has gone.
 */
bool hm_stream_has_reader(struct hm_stream *s);

/* Return memory that is not in use; with an output, queue a stats record. */
void hm_stream_stats(struct hm_stream *s);

#endif
