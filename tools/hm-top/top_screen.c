#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "config/settings.h"
#include "held_log.h"
#include "keys.h"
#include "screen.h"
#include "table.h"
#include "terminal.h"
#include "top_private.h"
#include "view.h"

#define SECOND_MS 1000

/* The screen */

static int64_t
time_of_stream(const struct hm_top *work)
{
	return work->plant.time == 0 ? 0 : work->plant.time +
	    (hm_monotonic_ms() - work->heard) / SECOND_MS;
}

static const char *
note_of(const struct hm_top *work)
{
	if (work->is_url)
		return work->events.error[0] != '\0' ? work->events.error :
		    NULL;
	return work->frames > 0 && work->plant.inverters == 0 ?
	    "only frame records so far: put hm-decode before hm-top" : NULL;
}

static bool
paint(struct hm_top *work)
{
	const struct hm_top_view view = {.plant = &work->plant,
	    .table = &work->table, .now = time_of_stream(work),
	    .wall = hm_clock_now(), .note = note_of(work)};

	if (!hm_table_sort(&work->table, &work->plant))
		return false;
	hm_top_paint(&work->screen, &view);
	return !work->screen.failed;
}

/* As after q: the input is not read to its end, and the status is 0. */
void
hm_top_quit(struct hm_top *work, int status)
{
	if (work->status == HM_EXIT_OK)
		work->status = status;
	if (kill(getpid(), SIGTERM) < 0)
		hm_log_errno(HM_ERROR, "cannot stop");
}

void
hm_top_show(struct hm_top *work)
{
	struct hm_moment now = hm_moment_now();
	bool shown;

	work->painted = now.steady;
	work->next_paint = now.steady + SECOND_MS - now.wall % SECOND_MS;
	hm_terminal_size(&work->terminal, &work->screen.rows,
	    &work->screen.cols);
	if (!paint(work))
		return;
	if (!hm_terminal_show(&work->terminal, &work->screen.bytes, &shown))
		hm_top_quit(work, HM_EXIT_IO);
	else if (shown)
		work->changed = false;
}

/* Text on stdout: all rows with --once, else those of the last screen. */
bool
hm_top_print(struct hm_top *work, size_t rows, size_t cols)
{
	struct hm_screen *s = &work->screen;

	s->form = HM_SCREEN_TEXT;
	s->rows = rows;
	s->cols = cols;
	if (!paint(work)) {
		hm_log(HM_ERROR, "no memory for the screen");
		return false;
	}
	if (fwrite(s->bytes.p, 1, s->bytes.n, stdout) != s->bytes.n ||
	    fflush(stdout) != 0) {
		hm_log_errno(HM_ERROR, "cannot write to stdout");
		return false;
	}
	return true;
}

/* Keys */

static void
press(struct hm_top *work, enum hm_key key)
{
	struct hm_table *table = &work->table;
	long page = table->seen > 1 ? (long)table->seen - 1 : 1;

	switch (key) {
	case HM_KEY_UP:
		hm_table_scroll(table, -1);
		break;
	case HM_KEY_DOWN:
		hm_table_scroll(table, 1);
		break;
	case HM_KEY_PAGE_UP:
		hm_table_scroll(table, -page);
		break;
	case HM_KEY_PAGE_DOWN:
		hm_table_scroll(table, page);
		break;
	case HM_KEY_HOME:
		table->first = 0;
		break;
	case HM_KEY_END:
		hm_table_scroll(table, (long)table->rows);
		break;
	case HM_KEY_SORT:
		table->sort = (table->sort + 1) % HM_SORTS;
		table->first = 0;
		break;
	case HM_KEY_REVERSE:
		table->reverse = !table->reverse;
		table->first = 0;
		break;
	case HM_KEY_INPUTS:
		table->inputs = !table->inputs;
		table->first = 0;
		break;
	case HM_KEY_QUIT:
		hm_top_quit(work, HM_EXIT_OK);
		break;
	case HM_KEY_REDRAW:
	case HM_KEY_NONE:
		break;
	}
}

void
hm_top_read_keys(struct hm_top *work)
{
	unsigned char bytes[64];
	ssize_t n = read(work->terminal.fd, bytes, sizeof bytes);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		hm_top_quit(work, HM_EXIT_IO);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		press(work, hm_keys_take(&work->keys, bytes[i]));
	if (n > 0)
		hm_top_show(work);
}

/* Signals that the stream does not handle */

static void
enter(struct hm_top *work)
{
	hm_held_log_start(&work->log);
	if (!hm_terminal_enter(&work->terminal)) {
		hm_log_errno(HM_ERROR, "cannot use the terminal");
		hm_top_quit(work, HM_EXIT_IO);
	}
	work->next_paint = 0;
}

void
hm_top_leave(struct hm_top *work)
{
	hm_terminal_leave(&work->terminal);
	hm_held_log_stop(&work->log);
}

static void
on_signal(struct hm_top *work, int signal)
{
	switch (signal) {
	case SIGTSTP:
		hm_top_leave(work);
		raise(SIGSTOP);
		enter(work);
		break;
	case SIGCONT:
		/* The shell has had the terminal meanwhile. */
		enter(work);
		break;
	case SIGWINCH:
		work->next_paint = 0;
		break;
	default:
		hm_top_quit(work, HM_EXIT_OK);
		break;
	}
}

void
hm_top_read_signals(struct hm_top *work)
{
	struct signalfd_siginfo info;

	while (read(work->signal_fd, &info, sizeof info) ==
	    (ssize_t)sizeof info)
		on_signal(work, (int)info.ssi_signo);
}

static bool
open_signals(struct hm_top *work)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGQUIT);
	/* Under a supervisor it is a restart, which the stream makes. */
	if (!hm_config_has(work->config, HM_SET_DURABLE))
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return false;
	work->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return work->signal_fd > 0;
}

bool
hm_top_open_screen(struct hm_top *work)
{
	const char *no_color = getenv("NO_COLOR");

	if (!hm_terminal_open(&work->terminal) || !open_signals(work)) {
		hm_log_errno(HM_ERROR, "cannot use the terminal");
		return false;
	}
	work->screen.form = no_color != NULL && no_color[0] != '\0' ?
	    HM_SCREEN_GREY : HM_SCREEN_COLOURED;
	work->is_screen = true;
	hm_top_watch(work, work->signal_fd, EPOLLIN);
	enter(work);
	return true;
}
