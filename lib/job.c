#include "job.h"

#include <errno.h>
#include <stdio.h>

#include "timefmt.h"

#define LOCK_RETRY_MS 100
#define PROBE_RETRY_MS 1000 /* while no record can be written */

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events);
static void on_wait(struct ev_loop *loop, ev_timer *timer, int events);

static struct ev_loop *
loop_of(const struct hm_job *job)
{
	return job->jobs->options.poller.loop;
}

/* At a moment in monotonic ms. */
static void
set_timer(const struct hm_job *job, ev_timer *timer, int64_t at)
{
	int64_t ms = at - hm_monotonic_ms();

	ev_timer_stop(loop_of(job), timer);
	ev_now_update(loop_of(job));
	ev_timer_set(timer, ms > 0 ? (double)ms / 1000 : 0, 0);
	ev_timer_start(loop_of(job), timer);
}

static void
wait_until(struct hm_job *job, enum hm_job_state state, int64_t at)
{
	job->state = state;
	set_timer(job, &job->wait, at);
}

bool
hm_job_init(struct hm_job *job, struct hm_jobs *jobs,
    const struct hm_dtu *dtu, int64_t offset_ms)
{
	job->jobs = jobs;
	job->polls_left = jobs->options.count;
	job->due = hm_monotonic_ms() + offset_ms;
	ev_init(&job->tick, on_tick);
	ev_init(&job->wait, on_wait);
	job->tick.data = job->wait.data = job;
	if (!hm_lock_init(&job->lock, jobs->options.lock_dir, dtu))
		return false;
	job->poller = hm_poller_new(dtu, &jobs->options.poller, job);
	if (job->poller == NULL) {
		hm_lock_free(&job->lock);
		return false;
	}
	set_timer(job, &job->tick, job->due);
	return true;
}

void
hm_job_free(struct hm_job *job)
{
	ev_timer_stop(loop_of(job), &job->tick);
	ev_timer_stop(loop_of(job), &job->wait);
	hm_poller_free(job->poller);
	hm_lock_free(&job->lock);
}

static void
end_job(struct hm_job *job)
{
	struct hm_jobs *jobs = job->jobs;

	ev_timer_stop(loop_of(job), &job->tick);
	if (job->error != HM_ERR_NONE || job->locked_out)
		jobs->failed = true;
	if (--jobs->left == 0)
		jobs->options.ended(jobs->options.context);
}

/* A poll is over, and said: until the next one. */
static void
rest(struct hm_job *job)
{
	job->state = HM_JOB_IDLE;
	if (job->polls_left == 0)
		end_job(job);
	else if (job->breaker.state == HM_BREAKER_OPEN)
		wait_until(job, HM_JOB_BROKEN, job->breaker.retry_at);
}

/* A poll has come to an end, whatever came of it. */
static void
count_down(struct hm_job *job)
{
	if (job->polls_left > 0)
		job->polls_left--;
}

static void
succeed(struct hm_job *job, int64_t took_ms)
{
	const struct hm_fleet_options *options = &job->jobs->options;
	const struct hm_dialog *dialog = hm_poller_dialog(job->poller);
	bool first = !job->known, back = job->error != HM_ERR_NONE;

	count_down(job);
	job->known = true;
	job->failures = 0;
	job->error = HM_ERR_NONE;
	hm_breaker_succeeded(&job->breaker);
	if (back)
		hm_job_log_recovery(job);
	if (first || back)
		hm_job_report(job);
	options->frame(options->context, hm_poller_dtu(job->poller), dialog,
	    took_ms);
	job->jobs->counts.polls++;
	job->jobs->counts.stale_polls += hm_dialog_stale(dialog);
	rest(job);
}

static void
fail(struct hm_job *job)
{
	struct hm_jobs *jobs = job->jobs;
	bool news = job->error != job->attempt_error;
	bool closed = job->breaker.state == HM_BREAKER_CLOSED;

	count_down(job);
	job->known = true;
	job->failures++;
	job->error = job->attempt_error;
	hm_job_log_failure(job, news);
	if (hm_breaker_failed(&job->breaker, &jobs->options.breaker,
	    hm_monotonic_ms()))
		hm_job_log_breaker(job, closed);
	hm_job_report(job);
	jobs->counts.polls++;
	jobs->counts.failed_polls++;
	rest(job);
}

/* Nobody was asked, so the DTU has not failed. */
static void
give_way(struct hm_job *job)
{
	count_down(job);
	job->jobs->counts.locked_polls++;
	hm_job_log_locked_out(job);
	job->locked_out = true;
	hm_breaker_put_off(&job->breaker, hm_monotonic_ms());
	rest(job);
}

/* Attempts */

/*
 * The lock is held for one connection, so that others get their turn in
 * between. Where it cannot be had at all, polling goes on without it.
 */
static void
attempt(struct hm_job *job)
{
	int64_t now = hm_monotonic_ms();
	enum hm_lock_result lock = hm_lock_take(&job->lock);

	if (lock == HM_LOCK_BUSY) {
		if (now < job->give_up_at)
			wait_until(job, HM_JOB_LOCKED, now + LOCK_RETRY_MS);
		else if (job->retries > 0)
			fail(job);
		else
			give_way(job);
		return;
	}
	if (lock == HM_LOCK_FAILED && !job->lock_refused) {
		hm_job_log_lock_refused(job, errno);
		job->lock_refused = true;
	}
	job->locked_out = false;
	if (hm_lock_idle_ms(&job->lock) >= 0)
		hm_poller_asked_before(job->poller,
		    hm_lock_idle_ms(&job->lock));
	job->state = HM_JOB_POLLING;
	hm_poller_start(job->poller);
}

static void
begin_attempt(struct hm_job *job)
{
	job->give_up_at = hm_monotonic_ms() + job->jobs->options.lock_wait_ms;
	attempt(job);
}

static void
begin_poll(struct hm_job *job)
{
	job->retries = 0;
	begin_attempt(job);
}

/*
 * A probe is one attempt. A retry that could not begin before the next poll
 * is due is left to that; after the last poll nothing is due.
 */
static bool
retry(struct hm_job *job)
{
	struct hm_jobs *jobs = job->jobs;
	int64_t delay, at;

	if (job->retries == jobs->options.retries ||
	    job->breaker.state != HM_BREAKER_CLOSED)
		return false;
	delay = hm_backoff_delay(&jobs->options.backoff, job->retries + 1,
	    &jobs->random);
	at = hm_monotonic_ms() + delay;
	if (at >= job->due && job->polls_left != 1)
		return false;
	job->retries++;
	jobs->counts.retries++;
	hm_job_log_retry(job, delay);
	wait_until(job, HM_JOB_RETRYING, at);
	return true;
}

void
hm_job_polled(void *context, struct hm_poller *poller,
    const struct hm_poll_result *result)
{
	struct hm_job *job = context;

	(void)poller;
	hm_lock_release(&job->lock);
	if (result->error == HM_ERR_NONE) {
		succeed(job, result->took_ms);
		return;
	}
	job->attempt_error = result->error;
	snprintf(job->text, sizeof job->text, "%s", result->text);
	if (!retry(job))
		fail(job);
}

/* Events */

static bool
has_room(const struct hm_job *job)
{
	const struct hm_fleet_options *options = &job->jobs->options;

	return options->room(options->context);
}

/* Ticks that were missed altogether are not made up for. */
static void
set_next_tick(struct hm_job *job)
{
	struct hm_jobs *jobs = job->jobs;
	int64_t late = hm_monotonic_ms() - job->due;

	if (late > 0 && (uint64_t)late > jobs->counts.max_late_ms)
		jobs->counts.max_late_ms = (uint64_t)late;
	job->due += (1 + late / jobs->options.period_ms) *
	    jobs->options.period_ms;
	set_timer(job, &job->tick, job->due);
}

/* A poll that cannot begin now is skipped, not queued. */
static void
on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_job *job = timer->data;

	(void)loop;
	(void)events;
	set_next_tick(job);
	if (job->state == HM_JOB_BROKEN)
		job->jobs->counts.open_polls++;
	else if (job->state != HM_JOB_IDLE || !has_room(job))
		job->jobs->counts.skipped_polls++;
	else
		begin_poll(job);
}

static void
probe(struct hm_job *job)
{
	int64_t now = hm_monotonic_ms();

	if (!has_room(job) || !hm_breaker_allows(&job->breaker, now)) {
		wait_until(job, HM_JOB_BROKEN, now + PROBE_RETRY_MS);
		return;
	}
	hm_job_report(job);
	begin_poll(job);
}

static void
on_wait(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_job *job = timer->data;

	(void)loop;
	(void)events;
	switch (job->state) {
	case HM_JOB_BROKEN:
		probe(job);
		break;
	case HM_JOB_LOCKED:
		attempt(job);
		break;
	case HM_JOB_RETRYING:
		begin_attempt(job);
		break;
	case HM_JOB_IDLE:
	case HM_JOB_POLLING:
		break;
	}
}
