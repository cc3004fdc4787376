#include "stream_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/heap.h"
#include "base/log.h"
#include "descriptors.h"
#include "line_reader.h"
#include "line_writer.h"
#include "stats.h"
#include "stop.h"
#include "stream.h"

#define SETTLE_CHECK_MS 500 /* between two calls of `settled` */

/* Setting up */

/* A predecessor may have torn its last line: an empty one ends it. */
static void
begin_output(struct hm_stream *s)
{
	if (s->options.durable != NULL &&
	    hm_descriptor_is_pipe(s->options.out))
		hm_line_writer_add(s->output, hm_slice("", 0));
}

static void
free_stream(struct hm_stream *s)
{
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	hm_line_reader_close(s->lines);
	hm_line_writer_free(s->output);
	free(s);
}

static bool
open_all(struct hm_stream *s)
{
	bool durable = s->options.durable != NULL;

	s->signal_fd = hm_stream_open_signals(durable);
	s->output = hm_line_writer_open(s->options.out);
	if (s->options.in >= 0)
		s->lines = hm_line_reader_open(s->options.in, durable);
	return s->signal_fd >= 0 && s->output != NULL &&
	    (s->lines != NULL || s->options.in < 0);
}

struct hm_stream *
hm_stream_open(const struct hm_stream_options *options)
{
	struct hm_stream *s = calloc(1, sizeof *s);

	if (s == NULL) {
		hm_log_errno(HM_ERROR, "cannot open the stream");
		return NULL;
	}
	s->options = *options;
	if (!hm_descriptor_is_pipe(options->ready_fd))
		s->options.ready_fd = 0;
	s->stop.holder = options->durable;
	hm_stats_start(&s->stats, options->durable != NULL);
	s->next_stats = hm_monotonic_ms() + options->stats_period_ms;
	if (!open_all(s)) {
		hm_log_errno(HM_ERROR, "cannot open the stream");
		free_stream(s);
		return NULL;
	}
	s->out_watched = hm_descriptor_is_unnamed_pipe(options->out);
	begin_output(s);
	return s;
}

void
hm_stream_side(struct hm_stream *s, const struct hm_stream_side *side)
{
	s->side = *side;
}

void
hm_stream_before_write(struct hm_stream *s, void (*save)(void *context),
    void *context)
{
	if (!hm_stream_is_durable(s)) {
		hm_line_writer_before_write(s->output, save, context);
		return;
	}
	s->save = save;
	s->save_context = context;
}

void
hm_stream_settled(struct hm_stream *s,
    bool (*settled)(void *context, bool pressed), void *context)
{
	s->settled = settled;
	s->settled_context = context;
}

bool
hm_stream_is_durable(const struct hm_stream *s)
{
	return s->lines != NULL && hm_line_reader_are_durable(s->lines);
}

void
hm_stream_counter(struct hm_stream *s, const char *name, const uint64_t *value)
{
	hm_stats_counter(&s->stats, name, value);
}

void
hm_stream_ready(struct hm_stream *s)
{
	/* It stays open, because the tool reports again after a SIGHUP. */
	if (!s->ready && s->options.ready_fd > 0 &&
	    write(s->options.ready_fd, "\n", 1) < 0 && errno != EPIPE)
		hm_log_errno(HM_WARNING,
		    "cannot report that the tool is ready");
	s->ready = true;
}

/* Lines in */

void
hm_stream_commit(struct hm_stream *s)
{
	hm_line_reader_commit(s->lines);
}

/* The next good line; bad ones are reported. */
static bool
next_good_line(struct hm_stream *s, struct hm_slice *line)
{
	for (;;) {
		switch (hm_line_reader_next(s->lines, line)) {
		case HM_LINE_NONE:
			return false;
		case HM_LINE_GOOD:
			s->stats.records_in++;
			return true;
		case HM_LINE_LONG:
			hm_stream_bad(s, "too long: %zu bytes, at most %zu",
			    line->n, HM_LINE_MAX);
			break;
		case HM_LINE_NUL:
			hm_stream_bad(s, "holds a NUL byte");
			break;
		case HM_LINE_TORN:
			hm_stats_torn(&s->stats, hm_stream_line_number(s));
			break;
		}
		hm_stream_commit(s);
		if (s->strict_failed)
			return false;
	}
}

bool
hm_stream_take(struct hm_stream *s, struct hm_slice *line)
{
	return next_good_line(s, line);
}

/*
 * Whether the output must be written before the next line: there must be room
 * for it, so that emitting it never waits, and a durable input should hold few
 * lines that a successor would read again.
 */
static bool
must_write(const struct hm_stream *s)
{
	return hm_stream_room(s) <= HM_LINE_MAX ||
	    hm_line_reader_pressed(s->lines) ||
	    (hm_line_reader_are_durable(s->lines) &&
	    hm_stream_pending(s) >= HM_STREAM_WRITE_SOON);
}

static void
make_way(struct hm_stream *s)
{
	if (!hm_stream_release(s))
		hm_stream_wait(s, hm_stream_pending(s) > 0 ? -1 :
		    SETTLE_CHECK_MS);
	/* Lines that the tool has not got yet stay in the pipe. */
	if (hm_stream_is_durable(s))
		hm_stream_check_stopped(s);
}

static bool
has_ended(const struct hm_stream *s)
{
	return hm_stream_input_ended(s) && hm_line_reader_empty(s->lines) &&
	    (!s->options.outlives_input || s->stop.signals > 0);
}

bool
hm_stream_next(struct hm_stream *s, struct hm_slice *line)
{
	hm_stream_commit(s);
	hm_stream_ready(s);
	while (!hm_stream_output_ended(s) && !s->strict_failed &&
	    !s->in_failed && s->stop.signals < 2 &&
	    hm_stream_time_left(s) != 0) {
		if (has_ended(s))
			break;
		if (must_write(s)) {
			make_way(s);
			continue;
		}
		if (next_good_line(s, line))
			return true;
		hm_stream_check_stopped(s);
		if (!hm_stream_input_ended(s))
			hm_stream_wait_for_line(s);
		else if (!has_ended(s))
			hm_stream_wait(s, -1);
	}
	if (s->out_broken)
		hm_line_reader_give_up(s->lines);
	hm_stream_drain_side(s);
	return false;
}

/* Lines out */

size_t
hm_stream_pending(const struct hm_stream *s)
{
	return hm_line_writer_pending(s->output);
}

size_t
hm_stream_room(const struct hm_stream *s)
{
	return hm_line_writer_room(s->output);
}

static void
add(struct hm_stream *s, struct hm_slice line)
{
	hm_line_writer_add(s->output, line);
	s->stats.records_out++;
}

void
hm_stream_emit(struct hm_stream *s, struct hm_slice line)
{
	if (line.n > hm_line_writer_line_max()) {
		hm_log(HM_ERROR, "a record of %zu bytes is too long", line.n);
		return;
	}
	while (hm_stream_room(s) < line.n + 1 && !hm_stream_output_ended(s))
		hm_stream_wait_for_reader(s);
	if (!hm_stream_output_ended(s))
		add(s, line);
}

/* What a busy period needed would stay with the tool for years. */
static void
trim(struct hm_stream *s)
{
	hm_heap_trim();
	hm_line_writer_trim(s->output);
	if (s->lines != NULL)
		hm_line_reader_trim(s->lines);
}

void
hm_stream_stats(struct hm_stream *s)
{
	char buf[2048];
	struct hm_slice line;

	trim(s);
	if (s->options.out < 0)
		return;
	/* A stats record is dropped rather than waited for. */
	if (hm_stats_record(&s->stats, buf, sizeof buf, &line) &&
	    hm_stream_room(s) > line.n && !hm_stream_output_ended(s))
		add(s, line);
}

/* Ending */

static void
drain_output(struct hm_stream *s)
{
	while (hm_stream_pending(s) > 0 && !hm_stream_output_ended(s))
		hm_stream_wait_for_reader(s);
}

static int
exit_status(const struct hm_stream *s, int status)
{
	if (s->out_failed || s->in_failed)
		return HM_EXIT_IO;
	if (s->out_stalled && !hm_stream_has_successor(s)) {
		hm_log_facts(HM_ERROR, HM_FACTS(hm_fact_int("bytes",
		    (int64_t)hm_stream_pending(s))),
		    "%zu bytes were not delivered: the reader of stdout "
		    "stalls", hm_stream_pending(s));
		return HM_EXIT_TEMP;
	}
	if (s->strict_failed)
		return HM_EXIT_DATA;
	return status == HM_EXIT_OK && s->stop.restart ? HM_EXIT_RESTART :
	    status;
}

/* The records in bytes that wait, without those of the tool about itself. */
static size_t
count_records(struct hm_slice bytes)
{
	const char *p = bytes.p, *end = p + bytes.n, *lf;
	struct hm_slice type;
	size_t count = 0;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			break;
		count += lf > p && (!hm_record_type(hm_slice(p,
		    (size_t)(lf - p)), &type) || !hm_slice_is(type, "stats"));
	}
	return count;
}

/* A tool of a chain that stops may lose its reader before it has ended. */
static void
report_dropped(const struct hm_stream *s)
{
	size_t bytes = hm_stream_pending(s);
	size_t count;

	if (!s->out_broken || s->stop.signals == 0 ||
	    s->options.durable == NULL || hm_stream_has_successor(s))
		return;
	count = count_records(hm_line_writer_waiting(s->output));
	if (count > 0)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("records",
		    (int64_t)count), hm_fact_int("bytes", (int64_t)bytes)),
		    "%zu record%s in %zu bytes dropped: the reader of stdout "
		    "has ended", count, count == 1 ? "" : "s", bytes);
}

static void
log_end(const struct hm_stream *s)
{
	unsigned long long in = s->stats.records_in, out = s->stats.records_out;
	size_t left = hm_stream_pending(s);

	hm_log_facts(HM_INFO, HM_FACTS(hm_fact_int("records_in", (int64_t)in),
	    hm_fact_int("records_out", (int64_t)out),
	    hm_fact_int("bytes", (int64_t)left)), "the stream ends: %llu "
	    "records in, %llu out; %s flushed", in,
	    out, left > 0 ? "not all is" : "all is");
}

void
hm_stream_end(struct hm_stream *s)
{
	if (s->out_ended)
		return;
	hm_stream_report_frames(s);
	if (s->options.stats_period_ms > 0)
		hm_stream_stats(s);
	drain_output(s);
	hm_stream_release(s);
	hm_stats_report(&s->stats, INT64_MAX);
	report_dropped(s);
	log_end(s);
	s->out_ended = true;
	if (!s->stop.restart && s->options.out >= 0)
		hm_line_writer_close(s->output);
}

/* In a supervised chain that stops the reader may be the first to end. */
static bool
is_broken(const struct hm_stream *s)
{
	return s->out_broken &&
	    (s->options.durable == NULL || s->stop.signals == 0);
}

int
hm_stream_close(struct hm_stream *s, int status)
{
	bool broken;

	hm_stream_end(s);
	status = exit_status(s, status);
	broken = is_broken(s);
	free_stream(s);
	if (broken && signal(SIGPIPE, SIG_DFL) != SIG_ERR)
		raise(SIGPIPE);
	return status;
}
