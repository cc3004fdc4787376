#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exits.h"
#include "log.h"
#include "process.h"
#include "timefmt.h"

#define IN_SIZE (HM_LINE_MAX + (size_t)64 * 1024)
#define OUT_SIZE (2 * (HM_LINE_MAX + 1))
#define WRITE_SOON ((size_t)64 * 1024) /* pending bytes that batching allows */
#define FILE_CHUNK ((size_t)64 * 1024)
#define STALL_MS 2000      /* patience with a reader after a signal */
#define LINE_GRACE_MS 200  /* patience with a writer in the middle of a line */
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

	char *in;
	size_t in_start, in_end;
	size_t scanned; /* bytes from in_start that hold no LF */
	size_t given;   /* bytes of the line given, LF included */
	size_t skipped; /* bytes of an overlong line that are gone */
	uint64_t in_total; /* bytes read so far */
	bool in_ended;
	size_t drain_left; /* bytes still to be read after a signal */
	int64_t grace_until;
	uint64_t line_number;

	char *out;
	size_t out_start, out_end;
	bool out_failed, out_broken, out_stalled;
	int64_t out_progress; /* when a write last succeeded, or the signal */

	void (*save)(void *context);
	size_t unsaved; /* output from here on has not been saved */
	void *save_context;

	const struct hm_stream_side *side;
	bool in_failed, strict_failed;

	struct counter counter[COUNTERS_MAX];
	size_t counters;
	uint64_t records_in, records_out, bad_lines;
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

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
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

struct hm_stream *
hm_stream_open(const struct hm_stream_options *options)
{
	struct hm_stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		goto refused;
	s->options = *options;
	s->signal_fd = open_signals();
	s->out = malloc(OUT_SIZE);
	s->in = options->in >= 0 ? malloc(IN_SIZE) : NULL;
	if (s->signal_fd < 0 || s->out == NULL ||
	    (options->in >= 0 && s->in == NULL))
		goto refused;
	s->write_chunk = chunk_for(options->out);
	s->in_ended = options->in < 0;
	s->started = hm_monotonic_ms();
	s->next_stats = s->started + options->stats_period_ms;
	return s;
refused:
	hm_log_errno(HM_ERROR, "cannot open the stream");
	if (s != NULL) {
		if (s->signal_fd >= 0)
			close(s->signal_fd);
		free(s->in);
		free(s->out);
	}
	free(s);
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
	return s->out_failed || s->out_broken || s->out_stalled;
}

static void
write_chunk(struct hm_stream *s)
{
	size_t n = hm_stream_pending(s);
	ssize_t written;

	if (n > s->write_chunk)
		n = s->write_chunk;
	if (s->save != NULL && s->out_start + n > s->unsaved) {
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

static size_t
bytes_waiting(int fd)
{
	struct stat st;
	int n;

	/* The rest of a file is work that has not been taken on. */
	if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode) ||
	    ioctl(fd, FIONREAD, &n) < 0 || n < 0)
		return 0;
	return (size_t)n;
}

static void
begin_stop(struct hm_stream *s)
{
	s->out_progress = hm_monotonic_ms();
	if (s->options.in >= 0 && !s->in_ended)
		s->drain_left = bytes_waiting(s->options.in);
}

bool
hm_stream_signals(struct hm_stream *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof info) ==
	    (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGUSR1)
			hm_stream_stats(s);
		else if (s->stop_signals++ == 0)
			begin_stop(s);
	}
	return s->stop_signals > 0;
}

int
hm_stream_signal_fd(const struct hm_stream *s)
{
	return s->signal_fd;
}

static void
check_stall(struct hm_stream *s)
{
	if (s->stop_signals == 0 || hm_stream_pending(s) == 0)
		return;
	if (s->stop_signals > 1 ||
	    hm_monotonic_ms() - s->out_progress >= STALL_MS)
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
	return earlier(timeout, s->out_progress + STALL_MS, hm_monotonic_ms());
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
	return stall_timeout(s, timeout);
}

/* Waiting */

enum watched { WATCH_SIGNAL, WATCH_OUT, WATCH_IN, WATCH_SIDE, WATCHED };

static void
end_input(struct hm_stream *s)
{
	s->in_ended = true;
	s->grace_until = 0;
}

/* Bytes to ask for: after a signal, no more than what is to be drained. */
static size_t
read_size(const struct hm_stream *s)
{
	size_t room = IN_SIZE - s->in_end;

	if (s->stop_signals == 0)
		return room;
	if (s->drain_left > 0)
		return s->drain_left < room ? s->drain_left : room;
	return 1; /* to the end of the line; the rest is a successor's */
}

static void
fill(struct hm_stream *s)
{
	ssize_t n;

	if (s->in_start > 0 && s->in_end == IN_SIZE) {
		memmove(s->in, s->in + s->in_start, s->in_end - s->in_start);
		s->in_end -= s->in_start;
		s->in_start = 0;
	}
	n = read(s->options.in, s->in + s->in_end, read_size(s));
	if (n > 0) {
		s->in_end += (size_t)n;
		s->in_total += (size_t)n;
		if (s->stop_signals > 0)
			s->drain_left -= s->drain_left > 0 ? (size_t)n : 0;
	} else if (n == 0) {
		end_input(s);
	} else if (errno != EINTR && errno != EAGAIN) {
		hm_log_errno(HM_ERROR, "cannot read stdin");
		s->in_failed = true;
		end_input(s);
	}
}

/*
 * After a signal the input ends when what was waiting has been read; a line
 * that its writer has begun gets a moment to be finished.
 */
static void
check_drained(struct hm_stream *s)
{
	int64_t now;

	if (s->stop_signals == 0 || s->in_ended || s->drain_left > 0)
		return;
	now = hm_monotonic_ms();
	if (s->stop_signals > 1 || s->in_start == s->in_end ||
	    (s->grace_until > 0 && now >= s->grace_until)) {
		if (s->in_start < s->in_end)
			hm_log(HM_WARNING, "stopped in the middle of a line: "
			    "%zu bytes dropped", s->in_end - s->in_start);
		s->in_start = s->in_end;
		end_input(s);
	} else if (s->grace_until == 0) {
		s->grace_until = now + LINE_GRACE_MS;
	}
}

/* One poll, and whatever it brings. `timeout` bounds it, -1 does not. */
static void
wait_once(struct hm_stream *s, bool want_in, bool want_out, int timeout)
{
	struct pollfd fd[WATCHED] = {
	    [WATCH_SIGNAL] = {.fd = s->signal_fd, .events = POLLIN},
	    [WATCH_OUT] = {.fd = want_out ? s->options.out : -1,
	        .events = POLLOUT},
	    [WATCH_IN] = {.fd = want_in ? s->options.in : -1,
	        .events = POLLIN},
	    [WATCH_SIDE] = {.fd = -1},
	};

	if (s->side != NULL) {
		int limit = s->side->prepare(s->side->context,
		    &fd[WATCH_SIDE]);

		if (limit >= 0 && (timeout < 0 || limit < timeout))
			timeout = limit;
	}
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
	if (fd[WATCH_IN].revents != 0)
		fill(s);
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
	uint64_t had = s->in_total;

	if (pending > 0 && pending < WRITE_SOON) {
		wait_once(s, true, false, 0);
		if (s->in_total != had || s->in_ended || output_ended(s))
			return;
	}
	wait_once(s, true, hm_stream_pending(s) > 0, -1);
}

static void
drain_side(struct hm_stream *s)
{
	int64_t deadline = hm_monotonic_ms();

	if (s->side == NULL)
		return;
	deadline += s->side->drain_ms;
	while (!s->side->drained(s->side->context) && s->stop_signals < 2) {
		int64_t now = hm_monotonic_ms();

		if (now >= deadline)
			return;
		wait_once(s, false, hm_stream_pending(s) > 0 &&
		    !output_ended(s), earlier(-1, deadline, now));
	}
}

/* Lines */

uint64_t
hm_stream_line_number(const struct hm_stream *s)
{
	return s->line_number;
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
	    (int64_t)s->line_number), hm_fact("reason", text)),
	    "line %llu: %s", (unsigned long long)s->line_number, text);
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
	s->in_start += s->given;
	s->given = s->scanned = 0;
	if (s->in_start == s->in_end)
		s->in_start = s->in_end = 0;
}

/* Whether the line of n bytes at in_start, ended by an LF, is to be given. */
static bool
accept_line(struct hm_stream *s, size_t n)
{
	const char *p = s->in + s->in_start;
	size_t length = n + s->skipped;

	s->line_number++;
	s->skipped = 0;
	if (length > HM_LINE_MAX) {
		hm_stream_bad(s, "too long: %zu bytes, at most %zu", length,
		    HM_LINE_MAX);
		return false;
	}
	if (n == 0 || (n == 1 && p[0] == '\r'))
		return false;
	if (memchr(p, '\0', n) != NULL) {
		hm_stream_bad(s, "holds a NUL byte");
		return false;
	}
	return true;
}

/* The next line in the buffer that is fit to be given. */
static bool
buffered_line(struct hm_stream *s, struct hm_slice *line)
{
	while (s->in_start < s->in_end || s->skipped > 0) {
		size_t have = s->in_end - s->in_start, n;
		const char *lf = memchr(s->in + s->in_start + s->scanned, '\n',
		    have - s->scanned);

		if (lf == NULL && !s->in_ended) {
			s->scanned = have;
			if (have <= HM_LINE_MAX)
				return false;
			s->skipped += have;
			s->given = have;
			hm_stream_commit(s);
			return false;
		}
		n = lf != NULL ? (size_t)(lf - (s->in + s->in_start)) : have;
		s->given = n + (lf != NULL);
		if (accept_line(s, n)) {
			*line = hm_slice(s->in + s->in_start, n);
			s->records_in++;
			return true;
		}
		hm_stream_commit(s);
		if (s->strict_failed)
			return false;
	}
	return false;
}

bool
hm_stream_next(struct hm_stream *s, struct hm_slice *line)
{
	hm_stream_commit(s);
	while (!output_ended(s) && !s->strict_failed &&
	    s->stop_signals < 2) {
		/* Room for one line more: passing it on never waits. */
		if (hm_stream_room(s) <= HM_LINE_MAX) {
			wait_once(s, false, true, -1);
			continue;
		}
		if (buffered_line(s, line))
			return true;
		check_drained(s);
		if (s->in_ended && s->in_start == s->in_end)
			break;
		if (!s->in_ended)
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

static void
free_stream(struct hm_stream *s)
{
	close(s->signal_fd);
	free(s->in);
	free(s->out);
	free(s);
}

static int
exit_status(const struct hm_stream *s, int status)
{
	if (s->out_failed || s->in_failed)
		return HM_EXIT_IO;
	if (s->out_stalled) {
		hm_log_facts(HM_ERROR, HM_FACTS(hm_fact_int("bytes",
		    (int64_t)hm_stream_pending(s))),
		    "%zu bytes were not delivered: the reader of stdout "
		    "stalls", hm_stream_pending(s));
		return HM_EXIT_TEMP;
	}
	return s->strict_failed ? HM_EXIT_DATA : status;
}

int
hm_stream_close(struct hm_stream *s, int status)
{
	bool broken;

	if (s->options.stats_period_ms > 0)
		hm_stream_stats(s);
	drain_output(s);
	end_bad_period(s);
	status = exit_status(s, status);
	broken = s->out_broken;
	free_stream(s);
	if (broken && signal(SIGPIPE, SIG_DFL) != SIG_ERR)
		raise(SIGPIPE);
	return status;
}
