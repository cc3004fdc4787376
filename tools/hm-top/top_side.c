#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "events.h"
#include "held_log.h"
#include "plant.h"
#include "stream/stream.h"
#include "terminal.h"
#include "top_private.h"

#define PAINT_MS 100 /* between two pictures, at least */
#define WATCHED 3    /* the terminal, signals, hm-metrics */

/* hm-metrics */

static void
on_event(void *context, struct hm_slice event)
{
	struct hm_top *work = context;

	if (!hm_top_take_page(&work->plant, event)) {
		snprintf(work->events.error, sizeof work->events.error,
		    "no readings from %s: the event is not that of hm-metrics",
		    work->events.url.authority);
		return;
	}
	work->heard = hm_monotonic_ms();
	work->changed = true;
}

/* The end of stdin ends the stream. */
void
hm_top_end_stdin(struct hm_top *work)
{
	if (work->stdin_end > 0)
		close(work->stdin_end);
	work->stdin_end = 0;
}

/* Without a first answer there is nothing to wait for. */
static void
look_at_events(struct hm_top *work, bool connected)
{
	bool tried_all = work->events.next == NULL;

	if (!connected && tried_all && work->plant.time == 0 &&
	    work->stdin_end > 0) {
		hm_log(HM_ERROR, "%s", work->events.error);
		work->status = HM_EXIT_UNAVAILABLE;
		hm_top_end_stdin(work);
	}
	if (work->once && work->plant.time != 0)
		hm_top_end_stdin(work);
}

/* The side of the stream: an epoll instance stands for all descriptors */

void
hm_top_watch(const struct hm_top *work, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (epoll_ctl(work->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 &&
	    errno == ENOENT && epoll_ctl(work->epoll_fd, EPOLL_CTL_ADD, fd,
	    &event) < 0)
		hm_log_errno(HM_ERROR, "cannot watch a descriptor");
}

static int
prepare_events(struct hm_top *work, int64_t now)
{
	short events;
	int timeout = hm_events_prepare(&work->events, now, &events);

	if (work->events.fd >= 0)
		hm_top_watch(work, work->events.fd, events == POLLOUT ?
		    EPOLLOUT : EPOLLIN);
	else
		look_at_events(work, false);
	return timeout;
}

static int
on_prepare(void *context, struct pollfd *fd)
{
	struct hm_top *work = context;
	int64_t now = hm_monotonic_ms(), left;
	int timeout = work->is_url ? prepare_events(work, now) : -1;

	fd->fd = work->epoll_fd;
	fd->events = POLLIN;
	if (!work->is_screen)
		return timeout;
	hm_top_watch(work, work->terminal.fd, work->terminal.left.n > 0 ?
	    EPOLLIN | EPOLLOUT : EPOLLIN);
	left = (work->changed && work->painted + PAINT_MS < work->next_paint ?
	    work->painted + PAINT_MS : work->next_paint) - now;
	if (left < 0)
		left = 0;
	return timeout >= 0 && timeout < left ? timeout : (int)left;
}

static void
handle(struct hm_top *work, const struct epoll_event *event)
{
	if (event->data.fd == work->signal_fd) {
		hm_top_read_signals(work);
	} else if (work->is_url && event->data.fd == work->events.fd) {
		look_at_events(work, hm_events_ready(&work->events,
		    hm_monotonic_ms(), on_event, work));
	} else if (work->is_screen && event->data.fd == work->terminal.fd) {
		if (!hm_terminal_flush(&work->terminal))
			hm_top_quit(work, HM_EXIT_IO);
		if ((event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
			hm_top_read_keys(work);
	}
}

static void
on_ready(void *context, short revents)
{
	struct hm_top *work = context;
	struct epoll_event events[WATCHED];
	int n = revents != 0 ? epoll_wait(work->epoll_fd, events, WATCHED, 0) :
	    0;
	int64_t now;

	for (int i = 0; i < n; i++)
		handle(work, &events[i]);
	now = hm_monotonic_ms();
	if (!work->is_screen || !work->terminal.entered)
		return;
	hm_held_log_bound(&work->log);
	if (now >= work->next_paint ||
	    (work->changed && now >= work->painted + PAINT_MS))
		hm_top_show(work);
}

bool
hm_top_open_side(struct hm_top *work)
{
	work->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (work->epoll_fd < 0)
		hm_log_errno(HM_ERROR, "cannot watch descriptors");
	return work->epoll_fd >= 0;
}

void
hm_top_start_side(struct hm_top *work)
{
	const struct hm_stream_side side = {.context = work,
	    .prepare = on_prepare, .ready = on_ready};

	hm_stream_side(work->stream, &side);
}
