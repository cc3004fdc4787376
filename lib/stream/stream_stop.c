#include "stream_private.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "descriptors.h"
#include "line_reader.h"
#include "restart.h"
#include "stop.h"
#include "stream.h"

/* Signals, and how the input ends after one. */

#define LINE_GRACE_MS 200 /* for the rest of a line that is being written */

int
hm_stream_open_signals(bool supervised)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	/* In a terminal SIGHUP ends a tool, as it does any program. */
	if (supervised)
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
on_stop(struct hm_stream *s, int signal)
{
	const char *name = signal == SIGINT ? "SIGINT" : "SIGTERM";
	bool durable = hm_stream_is_durable(s);
	int64_t now = hm_monotonic_ms();

	if (signal == SIGHUP && (s->stop.signals > 0 || !hm_restart_check()))
		return;
	if (signal != SIGHUP)
		hm_log_facts(HM_INFO, HM_FACTS(hm_fact("reason", name)),
		    "%s: %s", name, s->stop.signals > 0 ? "ending at once" :
		    "stopping");
	if (!hm_stop_signal(&s->stop, signal,
	    hm_descriptor_is_pipe(s->options.in), durable, now))
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
	/* Asked before each line: without a signal it needs no clock. */
	return s->stop.signals == 0 ? -1 :
	    hm_stop_left(&s->stop, hm_monotonic_ms());
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

bool
hm_stream_has_successor(const struct hm_stream *s)
{
	return s->stop.signals > 0 && hm_stream_is_durable(s) &&
	    (s->stop.restart || hm_stop_is_held(&s->stop));
}

/* The end of the input */

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
 * After a signal the input ends when the waiting bytes have been read; if they
 * end within a line, the tool waits a moment for its rest.
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

void
hm_stream_check_stopped(struct hm_stream *s)
{
	bool followed = s->stop.follows;

	if (s->stop.signals == 0 || hm_stream_input_ended(s))
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
