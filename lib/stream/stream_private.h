#ifndef HM_STREAM_PRIVATE_H
#define HM_STREAM_PRIVATE_H

#include "line_reader.h"
#include "line_writer.h"
#include "stats.h"
#include "stop.h"
#include "stream.h"

/*
 * Shared by the files of a stream: stream.c has its loop, stream_wait.c its
 * waits, stream_stop.c its signals, stream_record.c its lines as records.
 */

/* Bytes of output at which it is written even while more input is waiting. */
#define HM_STREAM_WRITE_SOON ((size_t)64 * 1024)
/* The same where a save, which waits for the disk, comes before each write. */
#define HM_STREAM_WRITE_LATER ((size_t)192 * 1024)

struct hm_stream {
	struct hm_stream_options options;
	struct hm_stats stats;
	int signal_fd;
	struct hm_stop stop;

	struct hm_line_reader *lines; /* NULL for a source */
	bool in_failed;
	int64_t input_at;    /* time of the last input */
	int64_t grace_until; /* for the rest of a line, after a signal */

	struct hm_line_writer *output;
	bool out_failed, out_broken, out_stalled, out_ended;
	bool out_watched; /* a reader that goes never comes back */
	int64_t out_progress; /* time of the last good write, or the signal */

	bool (*settled)(void *context, bool pressed);
	void *settled_context;
	void (*save)(void *context); /* only with a durable input */
	void *save_context;

	uint64_t frames;   /* frame records without a reading before them */
	bool has_readings; /* or the warning about frames is logged */

	struct hm_stream_side side; /* `prepare` is NULL: there is no side */
	bool strict_failed, ready;
	int64_t next_stats;
};

static inline bool
hm_stream_output_ended(const struct hm_stream *s)
{
	return s->out_failed || s->out_broken || s->out_stalled ||
	    s->out_ended;
}

static inline bool
hm_stream_input_ended(const struct hm_stream *s)
{
	return s->lines == NULL || hm_line_reader_ended(s->lines);
}

/* stream_record.c */

/* Warn, once, if there were frame records and no readings. */
void hm_stream_report_frames(struct hm_stream *s);

/* stream_stop.c */

/*
 * Block the signals that a tool handles; the descriptor that reads them, or
 * -1. `supervised`: SIGHUP is one of them, a restart with new settings.
 */
int hm_stream_open_signals(bool supervised);

/* After a signal: end the input if the waiting lines have been read. */
void hm_stream_check_stopped(struct hm_stream *s);

/* stream_ev_input.c */

struct hm_stream_ev;

/* Start the watchers of the input. */
void hm_stream_ev_read(struct hm_stream_ev *ev);

/* stream_wait.c */

/* Whether to end when the output polls as one without a reader. */
bool hm_stream_watches_reader(const struct hm_stream *s);

/* Remove finished lines from a durable input. False if there are none. */
bool hm_stream_release(struct hm_stream *s);

/* Wait only for room in the output: no other timer matters. */
void hm_stream_wait_for_reader(struct hm_stream *s);

/* Write the output before a wait; if input is waiting, only if it is large. */
void hm_stream_wait_for_line(struct hm_stream *s);

/* Wait until the side has delivered all, or until its time is over. */
void hm_stream_drain_side(struct hm_stream *s);

#endif
