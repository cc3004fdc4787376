#include "fleet_progress.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "poller.h"

#define PATIENCE_MS 1000
#define SLOW_MS 500 /* of a poll that has begun since the last look */
#define NAMES_MAX 3 /* in a line; others are counted */

struct names {
	char text[NAMES_MAX * 128 + 64];
	size_t n, count;
};

__attribute__((format(printf, 2, 3))) static void
append(struct names *names, const char *format, ...)
{
	size_t room = sizeof names->text - names->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(names->text + names->n, room, format, args);
	va_end(args);
	if (n > 0)
		names->n += (size_t)n < room ? (size_t)n : room - 1;
}

static void
add(struct names *names, const char *name)
{
	if (names->count < NAMES_MAX)
		append(names, "%s%s", names->count > 0 ? ", " : "", name);
	names->count++;
}

static bool
is_slow(const struct hm_dtu_job *job, bool locked)
{
	bool busy = job->state != HM_DTU_JOB_IDLE &&
	    job->state != HM_DTU_JOB_POSTPONED &&
	    job->state != HM_DTU_JOB_BROKEN;

	return busy && (job->state == HM_DTU_JOB_LOCKED) == locked &&
	    !job->ever_polled && !job->announced &&
	    hm_monotonic_ms() - job->began >= SLOW_MS;
}

static struct names
collect(struct hm_fleet_progress *progress, bool locked)
{
	struct names names = {"", 0, 0};

	for (size_t i = 0; i < progress->count; i++) {
		struct hm_dtu_job *job = &progress->job[i];

		if (!is_slow(job, locked))
			continue;
		job->announced = true;
		add(&names, hm_poller_dtu(job->poller)->name);
	}
	if (names.count > NAMES_MAX)
		append(&names, " and %zu more", names.count - NAMES_MAX);
	return names;
}

static bool
is_over(const struct hm_fleet_progress *progress)
{
	for (size_t i = 0; i < progress->count; i++)
		if (!progress->job[i].ever_polled)
			return false;
	return true;
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_fleet_progress *progress = timer->data;
	struct names asked = collect(progress, false);
	struct names locked = collect(progress, true);

	(void)events;
	if (asked.count > 0)
		hm_log_progress("asking %s ...", asked.text);
	if (locked.count > 0)
		hm_log_progress("waiting for another hm-poll, which reads "
		    "%s ...", locked.text);
	if (is_over(progress))
		ev_timer_stop(loop, timer);
}

void
hm_fleet_progress_start(struct hm_fleet_progress *progress,
    struct ev_loop *loop, struct hm_dtu_job *job, size_t count)
{
	*progress = (struct hm_fleet_progress){
	    .loop = loop,
	    .job = job,
	    .count = count,
	};
	ev_timer_init(&progress->timer, on_timer, PATIENCE_MS / 1000.0,
	    PATIENCE_MS / 1000.0);
	progress->timer.data = progress;
	if (hm_log_has_terminal())
		ev_timer_start(loop, &progress->timer);
}

void
hm_fleet_progress_stop(struct hm_fleet_progress *progress)
{
	if (progress->loop != NULL)
		ev_timer_stop(progress->loop, &progress->timer);
}
