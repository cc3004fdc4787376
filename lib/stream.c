#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "again.h"
#include "exits.h"
#include "lines.h"
#include "log.h"
#include "process.h"
#include "timefmt.h"

#define OUT_SIZE (2 * (HM_LINE_MAX + 1))
#define WRITE_SOON ((size_t)64 * 1024) /* pending bytes that batching allows */
#define FILE_CHUNK ((size_t)64 * 1024)
#define STALL_MS 2000      /* patience with a reader after a signal */
#define LINE_GRACE_MS 200  /* patience with a writer in the middle of a line */
#define END_MS 9000        /* from a signal to the end, whatever happens */
#define FOLLOW_MS 8000     /* to go on to end of file when a chain stops */
#define NOTICE_MS 1000     /* for whoever holds the pipes to end as well */
#define REST_MS 2000       /* for the rest of a pipeline to end */
#define REST_IDLE_MS 300   /* ... if it writes nothing any more */
#define GLANCE_MS 20       /* between two looks at that */
#define SETTLE_LOOK_MS 500 /* between two looks whether all is settled */
#define BAD_LINES_LOGGED 10
#define BAD_LINES_PERIOD_MS 60000
#define COUNTERS_MAX ((size_t)24)

struct counter {
	const char *name;
	const uint64_t *value;
};

struct hm_stream {
	struct hm_stream_options options;
	int signal_fd;
	unsigned stop_signals;
	size_t write_chunk;

	struct hm_lines *lines; /* NULL for a source */
	bool in_failed;
	bool (*settled)(void *context, bool pressed);
	void *settled_context;

	int64_t stopped_at; /* the first signal */
	bool again;         /* it was SIGHUP */
	bool follows;       /* after it: goes on to end of file */
	int64_t input_at;   /* when input last came */
	int64_t grace_until;

	char *out;
	size_t out_start, out_end;
	bool out_failed, out_broken, out_stalled, out_ended;
	int64_t out_progress; /* when a write last succeeded, or the signal */

	void (*save)(void *context);
	size_t unsaved; /* output from here on has not been saved */
	void *save_context;

	const struct hm_stream_side *side;
	bool strict_failed, ready;

	struct counter counter[COUNTERS_MAX];
	size_t counters;
	uint64_t records_in, records_out, bad_lines, torn_lines;
	int64_t started, next_stats;
	uint64_t bad_logged, bad_silent;
	int64_t bad_period_end;
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

/*
 * A pipe that polls as writable takes PIPE_BUF bytes without blocking, and
 * O_NONBLOCK is not ours to set: the open file is shared. Files never block.
 */
static size_t
chunk_for(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return FILE_CHUNK;
	return PIPE_BUF;
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
		s->out[s->out_end++] = '\n';
}

static void
free_stream(struct hm_stream *s)
{
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	hm_lines_close(s->lines);
	free(s->out);
	free(s);
}

struct hm_stream *
hm_stream_open(const struct hm_stream_options *options)
{
	struct hm_stream *s = calloc(1, sizeof *s);
	bool durable = options->durable != NULL;

	if (s == NULL)
		goto refused;
	s->options = *options;
	if (!is_pipe(options->ready_fd))
		s->options.ready_fd = 0;
	s->signal_fd = open_signals(durable);
	s->out = malloc(OUT_SIZE);
	if (options->in >= 0)
		s->lines = hm_lines_open(options->in, durable);
	if (s->signal_fd < 0 || s->out == NULL ||
	    (options->in >= 0 && s->lines == NULL))
		goto refused;
	s->write_chunk = chunk_for(options->out);
	s->started = hm_monotonic_ms();
	s->next_stats = s->started + options->stats_period_ms;
	begin_output(s);
	return s;
refused:
	hm_log_errno(HM_ERROR, "cannot open the stream");
	if (s != NULL)
		free_stream(s);
	return NULL;
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
	return s->lines != NULL && hm_lines_are_durable(s->lines);
}

void
hm_stream_counter(struct hm_stream *s, const char *name, const uint64_t *value)
{
	if (s->counters < COUNTERS_MAX)
		s->counter[s->counters++] = (struct counter){name, value};
}

/* Output */

size_t
hm_stream_pending(const struct hm_stream *s)
{
	return s->out_end - s->out_start;
}

size_t
hm_stream_room(const struct hm_stream *s)
{
	return OUT_SIZE - hm_stream_pending(s);
}

static bool
output_ended(const struct hm_stream *s)
{
	return s->out_failed || s->out_broken || s->out_stalled ||
	    s->out_ended;
}

static void
write_chunk(struct hm_stream *s)
{
	size_t n = hm_stream_pending(s);
	ssize_t written;

	if (n > s->write_chunk)
		n = s->write_chunk;
	if (s->save != NULL && !hm_stream_is_durable(s) &&
	    s->out_start + n > s->unsaved) {
		s->save(s->save_context);
		s->unsaved = s->out_end;
	}
	written = write(s->options.out, s->out + s->out_start, n);
	if (written >= 0) {
		s->out_start += (size_t)written;
		s->out_progress = hm_monotonic_ms();
	} else if (errno == EPIPE) {
		s->out_broken = true;
	} else if (errno != EINTR && errno != EAGAIN) {
		hm_log_errno(HM_ERROR, "cannot write to stdout");
		s->out_failed = true;
	}
	if (s->out_start == s->out_end)
		s->out_start = s->out_end = s->unsaved = 0;
}

bool
hm_stream_flush(struct hm_stream *s)
{
	struct pollfd out = {.fd = s->options.out, .events = POLLOUT};

	while (hm_stream_pending(s) > 0 && !output_ended(s) &&
	    poll(&out, 1, 0) > 0)
		write_chunk(s);
	return !output_ended(s);
}

static void
append(struct hm_stream *s, struct hm_slice line)
{
	if (s->out_end + line.n + 1 > OUT_SIZE) {
		memmove(s->out, s->out + s->out_start, hm_stream_pending(s));
		s->out_end -= s->out_start;
		s->unsaved -= s->unsaved < s->out_start ? s->unsaved :
		    s->out_start;
		s->out_start = 0;
	}
	memcpy(s->out + s->out_end, line.p, line.n);
	s->out_end += line.n;
	s->out[s->out_end++] = '\n';
	s->records_out++;
}

/* Signals and the clock */

/* Whether somebody but the tools of the chain keeps its pipes open. */
static bool
is_held(const struct hm_stream *s)
{
	int fd = open(s->options.durable, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno != ENXIO && errno != ENOENT;
	close(fd);
	return true;
}

static bool
has_holder(const struct hm_stream *s)
{
	struct stat st;

	return s->options.durable != NULL &&
	    stat(s->options.durable, &st) == 0 && S_ISFIFO(st.st_mode);
}

/*
 * Ctrl-C goes to all of a pipeline, a supervisor that stops ends all of its
 * chain: what the others still write is then to be taken along.
 */
static bool
may_follow(const struct hm_stream *s)
{
	int64_t now = hm_monotonic_ms(), since = now - s->stopped_at;

	if (has_holder(s))
		return since < (is_held(s) ? NOTICE_MS : FOLLOW_MS);
	return since < REST_MS && now - s->input_at < REST_IDLE_MS;
}

static void
begin_stop(struct hm_stream *s, uint32_t signal)
{
	s->stopped_at = s->out_progress = s->input_at = hm_monotonic_ms();
	s->again = signal == SIGHUP;
	if (s->lines == NULL || hm_lines_ended(s->lines))
		return;
	s->follows = signal != SIGHUP && is_pipe(s->options.in) &&
	    (signal == SIGINT || hm_lines_are_durable(s->lines));
	if (!s->follows && !hm_lines_are_durable(s->lines))
		hm_lines_stop(s->lines);
}

static void
on_hangup(struct hm_stream *s)
{
	if (s->stop_signals > 0 || !hm_again_check())
		return;
	s->stop_signals = 1;
	begin_stop(s, SIGHUP);
}

/* After a SIGHUP it is the first that asks for the end. */
static void
on_stop_signal(struct hm_stream *s, uint32_t signal)
{
	if (!s->again)
		s->stop_signals++;
	if (s->stop_signals == 1)
		begin_stop(s, signal);
}

static void
on_signal(struct hm_stream *s, uint32_t signal)
{
	if (signal == SIGUSR1)
		hm_stream_stats(s);
	else if (signal == SIGHUP)
		on_hangup(s);
	else
		on_stop_signal(s, signal);
}

bool
hm_stream_signals(struct hm_stream *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		on_signal(s, info.ssi_signo);
	return s->stop_signals > 0;
}

int64_t
hm_stream_time_left(const struct hm_stream *s)
{
	int64_t left = s->stopped_at + END_MS - hm_monotonic_ms();

	if (s->stop_signals == 0)
		return -1;
	return left > 0 ? left : 0;
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
	return hm_stream_is_durable(s) && !is_held(s) ?
	    s->stopped_at + END_MS : s->out_progress + STALL_MS;
}

static void
check_stall(struct hm_stream *s)
{
	if (s->stop_signals == 0 || hm_stream_pending(s) == 0)
		return;
	if (s->stop_signals > 1 || hm_monotonic_ms() >= stall_limit(s))
		s->out_stalled = true;
}

static void
end_bad_period(struct hm_stream *s)
{
	if (s->bad_silent > 0)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("bad_lines",
		    (int64_t)s->bad_silent)),
		    "%llu more bad lines were skipped",
		    (unsigned long long)s->bad_silent);
	s->bad_logged = s->bad_silent = 0;
}

static void
on_clock(struct hm_stream *s)
{
	int64_t now = hm_monotonic_ms();

	check_stall(s);
	if (s->bad_logged > 0 && now >= s->bad_period_end)
		end_bad_period(s);
	if (s->options.stats_period_ms > 0 && now >= s->next_stats) {
		hm_stream_stats(s);
		s->next_stats = now + s->options.stats_period_ms;
	}
}

static int
earlier(int timeout, int64_t moment, int64_t now)
{
	int64_t left = moment > now ? moment - now : 0;

	if (left > INT_MAX)
		left = INT_MAX;
	return timeout < 0 || left < timeout ? (int)left : timeout;
}

/* Until a reader that stalls after a signal has had its time. */
static int
stall_timeout(const struct hm_stream *s, int timeout)
{
	if (s->stop_signals == 0 || hm_stream_pending(s) == 0)
		return timeout;
	return earlier(timeout, stall_limit(s), hm_monotonic_ms());
}

static int
clock_timeout(const struct hm_stream *s, int timeout)
{
	int64_t now = hm_monotonic_ms();

	if (s->options.stats_period_ms > 0)
		timeout = earlier(timeout, s->next_stats, now);
	if (s->bad_logged > 0)
		timeout = earlier(timeout, s->bad_period_end, now);
	if (s->grace_until > 0)
		timeout = earlier(timeout, s->grace_until, now);
	if (s->follows)
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
	return s->lines == NULL || hm_lines_ended(s->lines);
}

static void
read_input(struct hm_stream *s, short revents)
{
	uint64_t had = hm_lines_read(s->lines);

	if (!hm_lines_ready(s->lines, revents)) {
		hm_log_errno(HM_ERROR, "cannot read stdin");
		s->in_failed = true;
	}
	if (hm_lines_read(s->lines) != had)
		s->input_at = hm_monotonic_ms();
}

static void
leave_input(struct hm_stream *s)
{
	size_t lost = hm_lines_leave(s->lines);

	if (lost > 0)
		hm_log(HM_WARNING, "stopped in the middle of a line: "
		    "%zu bytes dropped", lost);
	s->follows = false;
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

	if (!hm_lines_stopped(s->lines))
		return;
	now = hm_monotonic_ms();
	if (hm_lines_empty(s->lines) ||
	    (s->grace_until > 0 && now >= s->grace_until))
		leave_input(s);
	else if (s->grace_until == 0)
		s->grace_until = now + LINE_GRACE_MS;
}

static void
check_stopped(struct hm_stream *s)
{
	if (s->stop_signals == 0 || input_ended(s))
		return;
	if (s->stop_signals > 1) {
		leave_input(s);
	} else if (s->follows && !may_follow(s)) {
		s->follows = false;
		if (!hm_lines_are_durable(s->lines))
			hm_lines_stop(s->lines);
	}
	if (hm_lines_are_durable(s->lines) && !s->follows)
		leave_input(s);
	else
		check_drained(s);
}

/* Take what is finished out of a durable input. False if nothing is. */
static bool
release(struct hm_stream *s)
{
	if (s->lines == NULL || !hm_lines_unreleased(s->lines) ||
	    hm_stream_pending(s) > 0 || s->out_failed || s->out_broken ||
	    s->out_stalled)
		return false;
	if (s->settled != NULL && !s->settled(s->settled_context,
	    hm_lines_pressed(s->lines)))
		return false;
	if (s->save != NULL)
		s->save(s->save_context);
	if (!hm_lines_release(s->lines)) {
		hm_log_errno(HM_ERROR, "cannot read stdin");
		s->in_failed = true;
	}
	return true;
}

/* The shorter of two bounds, of which -1 is none. */
static int
shorter(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
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
		timeout = shorter(timeout, hm_lines_prepare(s->lines,
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
		write_chunk(s);
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
		write_chunk(s);
	check_stall(s);
}

/* While input is waiting, output is gathered; before a wait it goes out. */
static void
wait_for_line(struct hm_stream *s)
{
	size_t pending = hm_stream_pending(s);
	uint64_t had = hm_lines_read(s->lines);

	if (pending > 0 && pending < WRITE_SOON) {
		wait_once(s, true, false, 0);
		if (hm_lines_read(s->lines) != had || input_ended(s) ||
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

static int64_t
side_deadline(const struct hm_stream *s)
{
	int64_t deadline = hm_monotonic_ms() + s->side->drain_ms;

	if (s->stop_signals > 0 && deadline > s->stopped_at + END_MS)
		return s->stopped_at + END_MS;
	return deadline;
}

static void
drain_side(struct hm_stream *s)
{
	int64_t deadline;

	if (s->side == NULL)
		return;
	deadline = side_deadline(s);
	while (!s->side->drained(s->side->context) && s->stop_signals < 2) {
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
	return s->lines != NULL ? hm_lines_number(s->lines) : 0;
}

void
hm_stream_bad(struct hm_stream *s, const char *format, ...)
{
	char text[256];
	va_list args;

	s->bad_lines++;
	if (s->options.strict)
		s->strict_failed = true;
	if (s->bad_logged == BAD_LINES_LOGGED) {
		s->bad_silent++;
		return;
	}
	if (s->bad_logged++ == 0)
		s->bad_period_end = hm_monotonic_ms() + BAD_LINES_PERIOD_MS;
	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("line",
	    (int64_t)hm_stream_line_number(s)), hm_fact("reason", text)),
	    "line %llu: %s", (unsigned long long)hm_stream_line_number(s),
	    text);
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
	hm_lines_commit(s->lines);
}

/* The next line that is fit to be given; others are reported. */
static bool
next_good_line(struct hm_stream *s, struct hm_slice *line)
{
	for (;;) {
		switch (hm_lines_next(s->lines, line)) {
		case HM_LINE_NONE:
			return false;
		case HM_LINE_GOOD:
			s->records_in++;
			return true;
		case HM_LINE_LONG:
			hm_stream_bad(s, "too long: %zu bytes, at most %zu",
			    line->n, HM_LINE_MAX);
			break;
		case HM_LINE_NUL:
			hm_stream_bad(s, "holds a NUL byte");
			break;
		case HM_LINE_TORN:
			s->torn_lines++;
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
	return hm_stream_room(s) <= HM_LINE_MAX || hm_lines_pressed(s->lines) ||
	    (hm_lines_are_durable(s->lines) &&
	    hm_stream_pending(s) >= WRITE_SOON);
}

bool
hm_stream_next(struct hm_stream *s, struct hm_slice *line)
{
	hm_stream_commit(s);
	hm_stream_ready(s);
	while (!output_ended(s) && !s->strict_failed && !s->in_failed &&
	    s->stop_signals < 2) {
		if (must_write(s)) {
			if (!release(s))
				hm_stream_wait(s, hm_stream_pending(s) > 0 ?
				    -1 : SETTLE_LOOK_MS);
			continue;
		}
		if (next_good_line(s, line))
			return true;
		check_stopped(s);
		if (input_ended(s) && hm_lines_empty(s->lines))
			break;
		if (!input_ended(s))
			wait_for_line(s);
	}
	drain_side(s);
	return false;
}

void
hm_stream_emit(struct hm_stream *s, struct hm_slice line)
{
	if (line.n + 1 > OUT_SIZE) {
		hm_log(HM_ERROR, "a record of %zu bytes is too long", line.n);
		return;
	}
	while (hm_stream_room(s) < line.n + 1 && !output_ended(s))
		wait_for_reader(s);
	if (!output_ended(s))
		append(s, line);
}

/* Ending */

static void
emit_known(struct hm_emit *e, const char *key, int64_t number)
{
	if (number >= 0)
		hm_emit_int(e, key, number);
}

static void
emit_process(struct hm_emit *e)
{
	struct hm_process process;

	hm_process_look(&process);
	emit_known(e, "cpu_ms", process.cpu_ms);
	emit_known(e, "memory", process.memory);
	emit_known(e, "fds", process.fds);
}

void
hm_stream_stats(struct hm_stream *s)
{
	char buf[2048], time[HM_TIME_TEXT];
	struct hm_emit e;
	struct hm_slice line;

	hm_emit_start(&e, buf, sizeof buf);
	hm_emit_record(&e, "stats", hm_time_format(hm_time_now(), time));
	hm_emit_text(&e, "tool", hm_log_tool());
	hm_emit_int(&e, "uptime", (hm_monotonic_ms() - s->started) / 1000);
	emit_process(&e);
	hm_emit_int(&e, "records_in", (int64_t)s->records_in);
	hm_emit_int(&e, "records_out", (int64_t)s->records_out);
	hm_emit_int(&e, "bad_lines", (int64_t)s->bad_lines);
	if (s->options.durable != NULL)
		hm_emit_int(&e, "torn_lines", (int64_t)s->torn_lines);
	for (size_t i = 0; i < s->counters; i++)
		hm_emit_int(&e, s->counter[i].name,
		    (int64_t)*s->counter[i].value);
	hm_emit_object_end(&e);
	/* A stats record is never worth waiting for. */
	if (hm_emit_done(&e, &line) && hm_stream_room(s) > line.n &&
	    !output_ended(s))
		append(s, line);
}

static void
drain_output(struct hm_stream *s)
{
	while (hm_stream_pending(s) > 0 && !output_ended(s))
		wait_for_reader(s);
}

/* The input of a durable chain is still there for a successor. */
static bool
is_lost(const struct hm_stream *s)
{
	return !hm_stream_is_durable(s) || !is_held(s);
}

static int
exit_status(const struct hm_stream *s, int status)
{
	if (s->out_failed || s->in_failed)
		return HM_EXIT_IO;
	if (s->out_stalled && is_lost(s)) {
		hm_log_facts(HM_ERROR, HM_FACTS(hm_fact_int("bytes",
		    (int64_t)hm_stream_pending(s))),
		    "%zu bytes were not delivered: the reader of stdout "
		    "stalls", hm_stream_pending(s));
		return HM_EXIT_TEMP;
	}
	if (s->strict_failed)
		return HM_EXIT_DATA;
	return status == HM_EXIT_OK && s->again ? HM_EXIT_AGAIN : status;
}

/* So that its reader sees the end, and no file lands on the descriptor. */
static void
close_output(int fd)
{
	int none = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (none < 0)
		return;
	dup2(none, fd);
	close(none);
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
	end_bad_period(s);
	s->out_ended = true;
	if (!s->again)
		close_output(s->options.out);
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
