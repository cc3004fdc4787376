#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "line_reader.h"
#include "line_writer.h"
#include "restart.h"
#include "stats.h"
#include "stop.h"

#define WRITE_SOON ((size_t)64 * 1024) /* pending bytes that batching allows */
#define STALL_MS 2000      /* patience with a reader after a signal */
#define LINE_GRACE_MS 200  /* patience with a writer in the middle of a line */
#define GLANCE_MS 20       /* between two looks whether others have stopped */
#define SETTLE_LOOK_MS 500 /* between two looks whether all is settled */

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

	const struct hm_stream_side *side;
	bool strict_failed, ready;
	int64_t next_stats;
};

/* Setting up */

void
hm_stream_guard_descriptors(void)
{
	/* Reading fails on a closed input, writing on a closed output. */
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", modes[fd]) < 0)
			_exit(HM_EXIT_OS);
}

/*
 * Who runs us in a terminal expects us to end with it. Only a supervisor's
 * SIGHUP asks for the settings of now.
 */
static int
open_signals(bool supervised)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	if (supervised)
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* A predecessor may have torn its last line: an empty one ends it. */
static void
begin_output(struct hm_stream *s)
{
	if (s->options.durable != NULL && is_pipe(s->options.out))
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

	s->signal_fd = open_signals(durable);
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
	if (!is_pipe(options->ready_fd))
		s->options.ready_fd = 0;
	s->stop.holder = options->durable;
	hm_stats_start(&s->stats, options->durable != NULL);
	s->next_stats = hm_monotonic_ms() + options->stats_period_ms;
	if (!open_all(s)) {
		hm_log_errno(HM_ERROR, "cannot open the stream");
		free_stream(s);
		return NULL;
	}
	begin_output(s);
	return s;
}

void
hm_stream_side(struct hm_stream *s, const struct hm_stream_side *side)
{
	s->side = side;
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

/* Output */

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

static bool
output_ended(const struct hm_stream *s)
{
	return s->out_failed || s->out_broken || s->out_stalled ||
	    s->out_ended;
}

static void
write_some(struct hm_stream *s)
{
	switch (hm_line_writer_write(s->output)) {
	case HM_LINE_WRITER_WRITTEN:
		s->out_progress = hm_monotonic_ms();
		break;
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
}

bool
hm_stream_flush(struct hm_stream *s)
{
	struct pollfd out = {.fd = s->options.out, .events = POLLOUT};

	while (hm_stream_pending(s) > 0 && !output_ended(s) &&
	    poll(&out, 1, 0) > 0)
		write_some(s);
	return !output_ended(s);
}

/* Signals and the clock */

static void
on_stop(struct hm_stream *s, int signal)
{
	bool durable = hm_stream_is_durable(s);
	int64_t now = hm_monotonic_ms();

	if (signal == SIGHUP && (s->stop.signals > 0 || !hm_restart_check()))
		return;
	if (!hm_stop_signal(&s->stop, signal, is_pipe(s->options.in), durable,
	    now))
		return;
	s->out_progress = now;
	if (s->lines != NULL && !s->stop.follows && !durable)
		hm_line_reader_stop(s->lines);
}

bool
hm_stream_signals(struct hm_stream *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof info) ==
	    (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGUSR1)
			hm_stream_stats(s);
		else
			on_stop(s, (int)info.ssi_signo);
	}
	return s->stop.signals > 0;
}

int64_t
hm_stream_time_left(const struct hm_stream *s)
{
	return hm_stop_left(&s->stop, hm_monotonic_ms());
}

unsigned
hm_stream_stops(const struct hm_stream *s)
{
	return s->stop.signals;
}

int
hm_stream_signal_fd(const struct hm_stream *s)
{
	return s->signal_fd;
}

/* In a chain that stops the reader may be busy with its own end. */
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

/* Until a reader that stalls after a signal has had its time. */
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

void
hm_stream_ready(struct hm_stream *s)
{
	/* It stays open, for us to say so again after a SIGHUP. */
	if (!s->ready && s->options.ready_fd > 0 &&
	    write(s->options.ready_fd, "\n", 1) < 0 && errno != EPIPE)
		hm_log_errno(HM_WARNING, "cannot tell that we are ready");
	s->ready = true;
}

/* Waiting */

enum watched { WATCH_SIGNAL, WATCH_OUT, WATCH_IN, WATCH_SIDE, WATCHED };

static bool
input_ended(const struct hm_stream *s)
{
	return s->lines == NULL || hm_line_reader_ended(s->lines);
}

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

static void
leave_input(struct hm_stream *s)
{
	size_t lost = hm_line_reader_leave(s->lines);

	if (lost > 0)
		hm_log(HM_WARNING, "stopped in the middle of a line: "
		    "%zu bytes dropped", lost);
	s->grace_until = 0;
}

/*
 * After a signal the input ends when what was waiting has been read; a line
 * that its writer has begun gets a moment to be finished.
 */
static void
check_drained(struct hm_stream *s)
{
	int64_t now;

	if (!hm_line_reader_stopped(s->lines))
		return;
	now = hm_monotonic_ms();
	if (hm_line_reader_empty(s->lines) ||
	    (s->grace_until > 0 && now >= s->grace_until))
		leave_input(s);
	else if (s->grace_until == 0)
		s->grace_until = now + LINE_GRACE_MS;
}

static void
check_stopped(struct hm_stream *s)
{
	bool followed = s->stop.follows;

	if (s->stop.signals == 0 || input_ended(s))
		return;
	if (s->stop.signals == 1 &&
	    hm_stop_follows(&s->stop, s->input_at, hm_monotonic_ms()))
		return;
	if (s->stop.signals > 1 || hm_line_reader_are_durable(s->lines)) {
		leave_input(s);
		return;
	}
	if (followed)
		hm_line_reader_stop(s->lines);
	check_drained(s);
}

/* Take what is finished out of a durable input. False if nothing is. */
static bool
release(struct hm_stream *s)
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

/* One poll, and whatever it brings. `timeout` bounds it, -1 does not. */
static void
wait_once(struct hm_stream *s, bool want_in, bool want_out, int timeout)
{
	struct pollfd fd[WATCHED] = {
	    [WATCH_SIGNAL] = {.fd = s->signal_fd, .events = POLLIN},
	    [WATCH_OUT] = {.fd = want_out ? s->options.out : -1,
	        .events = POLLOUT},
	    [WATCH_IN] = {.fd = -1},
	    [WATCH_SIDE] = {.fd = -1},
	};

	release(s);
	if (want_in)
		timeout = shorter(timeout, hm_line_reader_prepare(s->lines,
		    &fd[WATCH_IN]));
	if (s->side != NULL)
		timeout = shorter(timeout, s->side->prepare(s->side->context,
		    &fd[WATCH_SIDE]));
	if (poll(fd, WATCHED, clock_timeout(s, timeout)) < 0 &&
	    errno != EINTR) {
		hm_log_errno(HM_ERROR, "cannot poll");
		s->out_failed = true;
		return;
	}
	if (fd[WATCH_SIGNAL].revents != 0)
		hm_stream_signals(s);
	if (fd[WATCH_OUT].revents != 0)
		write_some(s);
	if (want_in)
		read_input(s, fd[WATCH_IN].revents);
	if (s->side != NULL)
		s->side->ready(s->side->context, fd[WATCH_SIDE].revents);
	on_clock(s);
}

/* Wait for room in the output alone: no other clock is looked at. */
static void
wait_for_reader(struct hm_stream *s)
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
		write_some(s);
	check_stall(s);
}

/* While input is waiting, output is gathered; before a wait it goes out. */
static void
wait_for_line(struct hm_stream *s)
{
	size_t pending = hm_stream_pending(s);
	uint64_t had = hm_line_reader_read(s->lines);

	if (pending > 0 && pending < WRITE_SOON) {
		wait_once(s, true, false, 0);
		if (hm_line_reader_read(s->lines) != had || input_ended(s) ||
		    output_ended(s))
			return;
	}
	wait_once(s, true, hm_stream_pending(s) > 0, -1);
}

void
hm_stream_wait(struct hm_stream *s, int timeout_ms)
{
	wait_once(s, false, hm_stream_pending(s) > 0 && !output_ended(s),
	    timeout_ms);
}

static void
drain_side(struct hm_stream *s)
{
	int64_t deadline = hm_monotonic_ms(), left = hm_stream_time_left(s);

	if (s->side == NULL)
		return;
	deadline += left >= 0 && left < s->side->drain_ms ? left :
	    s->side->drain_ms;
	while (!s->side->drained(s->side->context) && s->stop.signals < 2) {
		int64_t now = hm_monotonic_ms();

		if (now >= deadline)
			return;
		hm_stream_wait(s, earlier(-1, deadline, now));
	}
}

/* Lines */

uint64_t
hm_stream_line_number(const struct hm_stream *s)
{
	return s->lines != NULL ? hm_line_reader_number(s->lines) : 0;
}

void
hm_stream_bad(struct hm_stream *s, const char *format, ...)
{
	va_list args;

	s->strict_failed = s->strict_failed || s->options.strict;
	va_start(args, format);
	hm_stats_bad(&s->stats, hm_stream_line_number(s), format, args);
	va_end(args);
}

bool
hm_stream_parse(struct hm_stream *s, struct hm_slice line,
    struct hm_record *record)
{
	struct hm_fault fault;

	if (hm_record_parse(record, line, &fault))
		return true;
	hm_stream_bad(s, "%s at byte %zu", fault.what, fault.at + 1);
	return false;
}

bool
hm_stream_type(struct hm_stream *s, struct hm_slice line,
    struct hm_record *record, struct hm_slice *type)
{
	if (hm_record_type(line, type))
		return true;
	if (!hm_stream_parse(s, line, record))
		return false;
	if (!hm_record_string(record, "type", type))
		*type = hm_slice("", 0);
	return true;
}

bool
hm_stream_pass(struct hm_stream *s, struct hm_slice line,
    bool (*takes)(struct hm_slice type), struct hm_record *record,
    struct hm_slice *type)
{
	bool taken;

	if (!hm_stream_type(s, line, record, type))
		return false;
	taken = takes(*type);
	if (taken && !hm_stream_parse(s, line, record))
		return false;
	hm_stream_emit(s, line);
	return taken;
}

void
hm_stream_commit(struct hm_stream *s)
{
	hm_line_reader_commit(s->lines);
}

/* The next line that is fit to be given; others are reported. */
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
			s->stats.torn_lines++;
			hm_log(HM_INFO, "line %llu is torn: its writer was "
			    "killed", (unsigned long long)
			    hm_stream_line_number(s));
			break;
		}
		hm_stream_commit(s);
		if (s->strict_failed)
			return false;
	}
}

/*
 * Whether output must go first: there is to be room for one line more, so that
 * passing it on never waits; and of a durable input little is to be read twice.
 */
static bool
must_write(const struct hm_stream *s)
{
	return hm_stream_room(s) <= HM_LINE_MAX ||
	    hm_line_reader_pressed(s->lines) ||
	    (hm_line_reader_are_durable(s->lines) &&
	    hm_stream_pending(s) >= WRITE_SOON);
}

static void
make_way(struct hm_stream *s)
{
	if (!release(s))
		hm_stream_wait(s, hm_stream_pending(s) > 0 ? -1 :
		    SETTLE_LOOK_MS);
	/* What was not given yet stays in the pipe. */
	if (hm_stream_is_durable(s))
		check_stopped(s);
}

bool
hm_stream_next(struct hm_stream *s, struct hm_slice *line)
{
	hm_stream_commit(s);
	hm_stream_ready(s);
	while (!output_ended(s) && !s->strict_failed && !s->in_failed &&
	    s->stop.signals < 2 && hm_stream_time_left(s) != 0) {
		if (input_ended(s) && hm_line_reader_empty(s->lines))
			break;
		if (must_write(s)) {
			make_way(s);
			continue;
		}
		if (next_good_line(s, line))
			return true;
		check_stopped(s);
		if (!input_ended(s))
			wait_for_line(s);
	}
	drain_side(s);
	return false;
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
	while (hm_stream_room(s) < line.n + 1 && !output_ended(s))
		wait_for_reader(s);
	if (!output_ended(s))
		add(s, line);
}

/* Ending */

void
hm_stream_stats(struct hm_stream *s)
{
	char buf[2048];
	struct hm_slice line;

	/* It is never worth waiting for. */
	if (hm_stats_record(&s->stats, buf, sizeof buf, &line) &&
	    hm_stream_room(s) > line.n && !output_ended(s))
		add(s, line);
}

static void
drain_output(struct hm_stream *s)
{
	while (hm_stream_pending(s) > 0 && !output_ended(s))
		wait_for_reader(s);
}

bool
hm_stream_has_successor(const struct hm_stream *s)
{
	return s->stop.signals > 0 && hm_stream_is_durable(s) &&
	    hm_stop_is_held(&s->stop);
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
	return status == HM_EXIT_OK && s->stop.again ? HM_EXIT_RESTART : status;
}

void
hm_stream_end(struct hm_stream *s)
{
	if (s->out_ended)
		return;
	if (s->options.stats_period_ms > 0)
		hm_stream_stats(s);
	drain_output(s);
	release(s);
	hm_stats_report(&s->stats, INT64_MAX);
	s->out_ended = true;
	if (!s->stop.again)
		hm_line_writer_close(s->output);
}

int
hm_stream_close(struct hm_stream *s, int status)
{
	bool broken;

	hm_stream_end(s);
	status = exit_status(s, status);
	broken = s->out_broken;
	free_stream(s);
	if (broken && signal(SIGPIPE, SIG_DFL) != SIG_ERR)
		raise(SIGPIPE);
	return status;
}
