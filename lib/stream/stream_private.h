#ifndef HM_STREAM_PRIVATE_H
#define HM_STREAM_PRIVATE_H

#include "line_reader.h"
#include "line_writer.h"
#include "stats.h"
#include "stop.h"
#include "stream.h"

/*
 * For the files of a stream: stream.c has its loop, stream_wait.c its waits,
 * stream_stop.c its end by signals, stream_record.c its lines as records.
 */

/* Output is gathered up to so many bytes while more input is waiting. */
#define HM_STREAM_WRITE_SOON ((size_t)64 * 1024)

struct hm_stream {
	struct hm_stream_options options;
	struct hm_stats stats;
	int signal_fd;
	struct hm_stop stop;

	struct hm_line_reader *lines; /* NULL for a source */
	bool in_failed;
	int64_t input_at;    /* when input last came */
	int64_t grace_until; /* for a line that was begun when we stopped */

	struct hm_line_writer *output;
	bool out_failed, out_broken, out_stalled, out_ended;
	int64_t out_progress; /* when a write last succeeded, or the signal */

	bool (*settled)(void *context, bool pressed);
	void *settled_context;
	void (*save)(void *context); /* of a durable input */
	void *save_context;

	struct hm_stream_side side; /* without `prepare` there is none */
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

/* stream_stop.c */

/*
 * Block the signals that a tool handles; the descriptor that reads them, or
 * -1. `supervised`: SIGHUP is one of them, a restart with new settings.
 */
int hm_stream_open_signals(bool supervised);

/* End the input if a signal asks for it and what it is to read has come. */
void hm_stream_check_stopped(struct hm_stream *s);

/* stream_wait.c */

/* Take what is finished out of a durable input. False if nothing is. */
bool hm_stream_release(struct hm_stream *s);

/* Wait for room in the output alone: no other clock is looked at. */
void hm_stream_wait_for_reader(struct hm_stream *s);

/* While input is waiting, output is gathered; before a wait it goes out. */
void hm_stream_wait_for_line(struct hm_stream *s);

/* Wait until the side has delivered all, or until its time is over. */
void hm_stream_drain_side(struct hm_stream *s);

#endif
