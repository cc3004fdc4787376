#include "dtu_job_private.h"

#include "base/clock.h"
#include "breaker.h"
#include "dialog.h"
#include "dtu_lock.h"
#include "poll_schedule.h"
#include "poller.h"

#define PROBE_ROOM_MS 1000  /* between two checks for room for a record */
#define PROBE_LOOK_MS 60000 /* between two checks whether to poll the DTU */

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events);
static void on_wait(struct ev_loop *loop, ev_timer *timer, int events);

static struct ev_loop *
loop_of(const struct hm_dtu_job *job)
{
	return job->jobs->options.poller.loop;
}

/* `at` is in monotonic ms. */
static void
set_timer(const struct hm_dtu_job *job, ev_timer *timer, int64_t at)
{
	int64_t ms = at - hm_monotonic_ms();

	ev_timer_stop(loop_of(job), timer);
	ev_now_update(loop_of(job));
	ev_timer_set(timer, ms > 0 ? (double)ms / 1000 : 0, 0);
	ev_timer_start(loop_of(job), timer);
}

void
hm_dtu_job_wait(struct hm_dtu_job *job, enum hm_dtu_job_state state, int64_t at)
{
	job->state = state;
	set_timer(job, &job->wait, at);
}

int64_t
hm_dtu_job_earliest(const struct hm_dtu_job *job, int64_t at)
{
	const struct hm_moment now = hm_moment_now();

	return hm_poll_schedule_earliest(&job->jobs->options.schedule, &now, at,
	    &(struct hm_poll_schedule_dtu){job->began, job->offset,
	    hm_dialog_upload_ms(hm_poller_dialog(job->poller))});
}

int64_t
hm_dtu_job_period(const struct hm_dtu_job *job)
{
	int64_t period = job->jobs->options.schedule.period_ms;
	int64_t min = hm_dialog_period_min_ms(hm_poller_dialog(job->poller));

	return period > min ? period : min;
}

/* Said once, for all gateways. */
static void
note_period(struct hm_dtu_job *job)
{
	struct hm_dtu_jobs *jobs = job->jobs;

	if (jobs->raised_period || jobs->options.count == 1 ||
	    hm_dtu_job_period(job) == jobs->options.schedule.period_ms)
		return;
	jobs->raised_period = true;
	hm_dtu_job_log_raised_period(job);
}

void
hm_dtu_job_note_gateway(struct hm_dtu_job *job)
{
	int64_t earliest = job->began + hm_dtu_job_period(job);

	if (job->is_gateway ||
	    !hm_dialog_is_gateway(hm_poller_dialog(job->poller)))
		return;
	job->is_gateway = true;
	hm_dtu_job_log_gateway(job);
	note_period(job);
	if (!ev_is_active(&job->tick) || job->next_tick >= earliest)
		return;
	job->next_tick = earliest;
	set_timer(job, &job->tick, job->next_tick);
}

bool
hm_dtu_job_init(struct hm_dtu_job *job, struct hm_dtu_jobs *jobs,
    const struct hm_dtu *dtu, int64_t offset)
{
	job->jobs = jobs;
	job->polls_left = jobs->options.count;
	job->next_tick = hm_monotonic_ms() + offset;
	job->offset = offset;
	job->began = HM_POLL_SCHEDULE_NEVER;
	ev_init(&job->tick, on_tick);
	ev_init(&job->wait, on_wait);
	job->tick.data = job->wait.data = job;
	if (!hm_dtu_lock_init(&job->lock, jobs->options.lock_dir, dtu))
		return false;
	job->poller = hm_poller_new(dtu, &jobs->options.poller, job);
	if (job->poller == NULL) {
		hm_dtu_lock_free(&job->lock);
		return false;
	}
	job->is_gateway = hm_dialog_is_gateway(hm_poller_dialog(job->poller));
	note_period(job);
	if (!jobs->options.held)
		set_timer(job, &job->tick, job->next_tick);
	return true;
}

void
hm_dtu_job_release(struct hm_dtu_job *job)
{
	job->next_tick = hm_monotonic_ms() + job->offset;
	set_timer(job, &job->tick, job->next_tick);
}

void
hm_dtu_job_free(struct hm_dtu_job *job)
{
	ev_timer_stop(loop_of(job), &job->tick);
	ev_timer_stop(loop_of(job), &job->wait);
	hm_dtu_job_end_check(job);
	hm_poller_free(job->poller);
	hm_dtu_lock_free(&job->lock);
}

static void
end_job(struct hm_dtu_job *job)
{
	struct hm_dtu_jobs *jobs = job->jobs;

	ev_timer_stop(loop_of(job), &job->tick);
	hm_poller_cut(job->poller);
	hm_dtu_lock_release(&job->lock);
	if ((job->error != HM_ERR_NONE || job->last_poll_not_made) &&
	    !jobs->finishing)
		jobs->failed = true;
	if (--jobs->left == 0)
		jobs->options.ended(jobs->options.context);
}

void
hm_dtu_job_finish(struct hm_dtu_job *job)
{
	bool ended = job->polls_left == 0;

	ev_timer_stop(loop_of(job), &job->tick);
	ev_timer_stop(loop_of(job), &job->wait);
	if (job->state == HM_DTU_JOB_POLLING ||
	    job->state == HM_DTU_JOB_CHECKING)
		job->polls_left = 1;
	else if (!ended)
		job->jobs->left--;
}

void
hm_dtu_job_rest(struct hm_dtu_job *job)
{
	job->state = HM_DTU_JOB_IDLE;
	if (job->polls_left == 0)
		end_job(job);
	else if (job->breaker.state == HM_BREAKER_OPEN)
		hm_dtu_job_wait(job, HM_DTU_JOB_BROKEN, job->breaker.retry_at);
	else if (job->jobs->options.idle != NULL)
		job->jobs->options.idle(job->jobs->options.context,
		    hm_poller_dtu(job->poller));
}

/* Events */

static bool
has_room(const struct hm_dtu_job *job)
{
	const struct hm_fleet_options *options = &job->jobs->options;

	return options->room(options->context);
}

/* Missed ticks are counted; their polls are not made later. */
static void
set_next_tick(struct hm_dtu_job *job)
{
	struct hm_dtu_jobs *jobs = job->jobs;
	int64_t period = hm_dtu_job_period(job);
	int64_t late = hm_monotonic_ms() - job->next_tick;

	if (late > 0 && (uint64_t)late > jobs->counts.max_late_ms)
		jobs->counts.max_late_ms = (uint64_t)late;
	if (late > 0)
		jobs->counts.skipped_polls += (uint64_t)(late / period);
	job->next_tick += (1 + late / period) * period;
	set_timer(job, &job->tick, job->next_tick);
}

/* A poll that cannot begin now is skipped, not queued. */
static void
begin_if_there_is_room(struct hm_dtu_job *job)
{
	job->state = HM_DTU_JOB_IDLE;
	if (has_room(job))
		hm_dtu_job_begin_poll(job);
	else
		job->jobs->counts.skipped_polls++;
}

/* A poll that may not begin yet is postponed, at most to the next tick. */
void
hm_dtu_job_consider(struct hm_dtu_job *job)
{
	int64_t now = hm_monotonic_ms(), at = hm_dtu_job_earliest(job, now);

	ev_timer_stop(loop_of(job), &job->wait);
	if (at <= now) {
		begin_if_there_is_room(job);
		return;
	}
	hm_dtu_job_log_postponed(job, at - now);
	job->jobs->counts.quiet_polls++;
	job->state = HM_DTU_JOB_IDLE;
	if (at < job->next_tick)
		hm_dtu_job_wait(job, HM_DTU_JOB_POSTPONED, at);
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_dtu_job *job = timer->data;

	(void)loop;
	(void)events;
	set_next_tick(job);
	switch (job->state) {
	case HM_DTU_JOB_IDLE:
	case HM_DTU_JOB_POSTPONED:
		hm_dtu_job_consider(job);
		break;
	case HM_DTU_JOB_BROKEN:
		job->jobs->counts.open_polls++;
		break;
	case HM_DTU_JOB_LOCKED:
	case HM_DTU_JOB_POLLING:
	case HM_DTU_JOB_RETRYING:
	case HM_DTU_JOB_CHECKING:
		job->jobs->counts.skipped_polls++;
		break;
	case HM_DTU_JOB_ORDERING:
	case HM_DTU_JOB_ORDER_WAITING:
		job->missed_tick = true;
		break;
	}
}

/* Check again soon: the night may end before its period does. */
static void
probe(struct hm_dtu_job *job)
{
	int64_t now = hm_monotonic_ms(), at = hm_dtu_job_earliest(job, now);

	if (!has_room(job))
		hm_dtu_job_wait(job, HM_DTU_JOB_BROKEN, now + PROBE_ROOM_MS);
	else if (at > now)
		hm_dtu_job_wait(job, HM_DTU_JOB_BROKEN,
		    at < now + PROBE_LOOK_MS ? at : now + PROBE_LOOK_MS);
	else if (!hm_breaker_allows(&job->breaker, now))
		hm_dtu_job_wait(job, HM_DTU_JOB_BROKEN, job->breaker.retry_at);
	else {
		hm_dtu_job_report(job);
		hm_dtu_job_begin_poll(job);
	}
}

static void
on_wait(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_dtu_job *job = timer->data;

	(void)loop;
	(void)events;
	switch (job->state) {
	case HM_DTU_JOB_POSTPONED:
		hm_dtu_job_consider(job);
		break;
	case HM_DTU_JOB_BROKEN:
		probe(job);
		break;
	case HM_DTU_JOB_LOCKED:
		hm_dtu_job_attempt(job);
		break;
	case HM_DTU_JOB_RETRYING:
		hm_dtu_job_begin_attempt(job);
		break;
	case HM_DTU_JOB_ORDER_WAITING:
		hm_dtu_job_order_connect(job);
		break;
	case HM_DTU_JOB_IDLE:
	case HM_DTU_JOB_POLLING:
	case HM_DTU_JOB_CHECKING:
	case HM_DTU_JOB_ORDERING:
		break;
	}
}
