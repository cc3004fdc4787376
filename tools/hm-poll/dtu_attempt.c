#include <errno.h>
#include <stdio.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "breaker.h"
#include "dialog.h"
#include "dtu_job_private.h"
#include "dtu_lock.h"
#include "poll_schedule.h"
#include "poller.h"

#define LOCK_RETRY_MS 100

/* The end of a poll */

/* A failed poll counts as one of the requested polls, too. */
static void
count_down(struct hm_dtu_job *job)
{
	if (job->polls_left > 0)
		job->polls_left--;
}

/* A DTU with a part that cannot be read is online: the rest is good. */
static void
note_missing(struct hm_dtu_job *job, const struct hm_dialog *dialog)
{
	bool partial = hm_dialog_is_partial(dialog);

	job->jobs->counts.partial_polls += partial;
	if (partial && !job->is_partial)
		hm_dtu_job_log_missing(job, dialog);
	else if (!partial && job->is_partial)
		hm_dtu_job_log_whole(job);
	job->is_partial = partial;
}

static void
succeed(struct hm_dtu_job *job, int64_t took_ms)
{
	const struct hm_fleet_options *options = &job->jobs->options;
	const struct hm_dialog *dialog = hm_poller_dialog(job->poller);
	bool first = !job->ever_polled, back = job->error != HM_ERR_NONE;

	count_down(job);
	job->ever_polled = job->reached = true;
	job->failures = 0;
	job->error = HM_ERR_NONE;
	job->peer = HM_PEER_UNKNOWN;
	hm_breaker_succeeded(&job->breaker);
	if (back)
		hm_dtu_job_log_recovery(job);
	note_missing(job, dialog);
	if (first || back)
		hm_dtu_job_report(job);
	options->frame(options->context, hm_poller_dtu(job->poller), dialog,
	    took_ms);
	job->jobs->counts.polls++;
	job->jobs->counts.stale_polls += hm_dialog_stale(dialog);
	hm_dtu_job_rest(job);
}

/*
 * At night a DTU may have no power, so a breaker does not open, and an open one
 * is closed. True if there is something to report.
 */
static bool
update_breaker(struct hm_dtu_job *job)
{
	const struct hm_fleet_options *options = &job->jobs->options;
	const struct hm_moment now = hm_moment_now();
	bool closed = job->breaker.state == HM_BREAKER_CLOSED;

	if (hm_poll_schedule_is_night(&options->schedule, &now))
		return hm_breaker_succeeded(&job->breaker);
	if (hm_breaker_failed(&job->breaker, &options->breaker, now.steady))
		hm_dtu_job_log_breaker(job, closed);
	return true;
}

static void
fail(struct hm_dtu_job *job)
{
	struct hm_dtu_jobs *jobs = job->jobs;
	bool news = job->error != job->attempt_error;

	count_down(job);
	job->ever_polled = true;
	job->failures++;
	job->error = job->attempt_error;
	hm_dtu_job_log_failure(job, news);
	if (update_breaker(job) || news)
		hm_dtu_job_report(job);
	jobs->counts.polls++;
	jobs->counts.failed_polls++;
	hm_dtu_job_rest(job);
}

/* Nothing was sent to the DTU, so it has not failed. */
static void
give_way(struct hm_dtu_job *job)
{
	count_down(job);
	job->jobs->counts.locked_polls++;
	hm_dtu_job_log_locked_out(job);
	job->last_poll_lost_lock = job->last_poll_not_made = true;
	job->began = HM_POLL_SCHEDULE_NEVER;
	if (hm_breaker_postpone(&job->breaker, hm_monotonic_ms()))
		hm_dtu_job_report(job);
	hm_dtu_job_rest(job);
}

static void
skip(struct hm_dtu_job *job, const char *why)
{
	struct hm_dtu_jobs *jobs = job->jobs;

	count_down(job);
	jobs->counts.skipped_polls++;
	if (!jobs->starved)
		hm_dtu_job_log_starved(job, why);
	jobs->starved = true;
	job->last_poll_not_made = true;
	job->began = HM_POLL_SCHEDULE_NEVER;
	if (hm_breaker_postpone(&job->breaker, hm_monotonic_ms()))
		hm_dtu_job_report(job);
	hm_dtu_job_rest(job);
}

/* Attempts */

/* A connection that was kept without the lock is in the way of its holder. */
static void
wait_for_lock(struct hm_dtu_job *job)
{
	int64_t now = hm_monotonic_ms();

	hm_poller_cut(job->poller);
	if (now < job->give_up_at)
		hm_dtu_job_wait(job, HM_DTU_JOB_LOCKED, now + LOCK_RETRY_MS);
	else if (job->retries > 0)
		fail(job);
	else
		give_way(job);
}

bool
hm_dtu_job_may_connect(struct hm_dtu_job *job)
{
	enum hm_dtu_lock_result lock = hm_dtu_lock_take(&job->lock);
	int error = errno;
	struct hm_lock_holder holder;

	hm_dtu_job_log_lock(job, lock);
	switch (lock) {
	case HM_DTU_LOCK_HELD:
		job->lock_stuck = false;
		break;
	case HM_DTU_LOCK_BUSY:
		if (!hm_dtu_lock_is_stuck(&job->lock, hm_dtu_job_period(job),
		    &holder))
			return false;
		if (!job->lock_stuck)
			hm_dtu_job_log_lock_stuck(job, &holder);
		job->lock_stuck = true;
		break;
	case HM_DTU_LOCK_FAILED:
		if (!job->lock_refused)
			hm_dtu_job_log_lock_refused(job, error);
		job->lock_refused = true;
		break;
	}
	return true;
}

/*
 * The lock is held for one connection, so that other processes can read the
 * DTU in between. If the system refuses the lock, or it is stuck, polling goes
 * on without it.
 */
void
hm_dtu_job_attempt(struct hm_dtu_job *job)
{
	if (!hm_dtu_job_may_connect(job)) {
		wait_for_lock(job);
		return;
	}
	job->last_poll_lost_lock = job->last_poll_not_made = false;
	if (hm_dtu_lock_idle_ms(&job->lock) >= 0)
		hm_poller_asked_before(job->poller,
		    hm_dtu_lock_idle_ms(&job->lock));
	job->state = HM_DTU_JOB_POLLING;
	hm_poller_start(job->poller);
}

void
hm_dtu_job_begin_attempt(struct hm_dtu_job *job)
{
	job->give_up_at = hm_monotonic_ms() + job->jobs->options.lock_wait_ms;
	hm_dtu_job_attempt(job);
}

void
hm_dtu_job_begin_poll(struct hm_dtu_job *job)
{
	/* No poll is due after the last one. */
	if (job->polls_left == 1)
		ev_timer_stop(job->jobs->options.poller.loop, &job->tick);
	job->began = hm_monotonic_ms();
	job->retry_until = job->next_tick;
	job->retries = 0;
	if (!job->ever_polled)
		hm_dtu_job_log_first_poll(job);
	hm_dtu_job_begin_attempt(job);
}

/* A retry is part of a poll that has begun, so it is made at night, too. */
static int64_t
after_upload(const struct hm_dtu_job *job, int64_t at)
{
	const struct hm_moment now = hm_moment_now();

	return hm_poll_schedule_earliest(&job->jobs->options.schedule, &now, at,
	    &(struct hm_poll_schedule_dtu){HM_POLL_SCHEDULE_NEVER, job->offset,
	    hm_dialog_upload_ms(hm_poller_dialog(job->poller))});
}

/*
 * A probe is one attempt. A retry must begin before the next poll is due; after
 * the last poll none is due.
 */
static bool
retry(struct hm_dtu_job *job)
{
	struct hm_dtu_jobs *jobs = job->jobs;
	int64_t delay, now, at;

	if (jobs->finishing || job->retries == jobs->options.retries ||
	    job->breaker.state != HM_BREAKER_CLOSED)
		return false;
	delay = hm_backoff_delay(&jobs->options.backoff, job->retries + 1,
	    &jobs->random);
	now = hm_monotonic_ms();
	at = after_upload(job, now + delay);
	if (at >= job->retry_until && job->polls_left != 1)
		return false;
	job->retries++;
	jobs->counts.retries++;
	hm_dtu_job_log_retry(job, at - now);
	hm_dtu_job_wait(job, HM_DTU_JOB_RETRYING, at);
	return true;
}

static void
drop_replies(const struct hm_poller *poller)
{
	size_t n = hm_dialog_replies(hm_poller_dialog(poller));
	char text[80];

	if (n == 0)
		return;
	snprintf(text, sizeof text, "replies of an attempt that failed: %zu",
	    n);
	hm_dtu_job_log_dropped(hm_poller_dtu(poller), text);
}

void
hm_dtu_job_failed(struct hm_dtu_job *job)
{
	hm_dtu_lock_release(&job->lock);
	fail(job);
}

static void
fail_attempt(struct hm_dtu_job *job, const struct hm_poll_result *result)
{
	job->attempt_error = result->error;
	job->peer = hm_poller_peer(job->poller);
	snprintf(job->text, sizeof job->text, "%s", result->text);
	if (retry(job)) {
		hm_dtu_lock_release(&job->lock);
	} else if (hm_dialog_is_partial(hm_poller_dialog(job->poller))) {
		/* No attempt is left that may read the rest. */
		hm_dtu_lock_release(&job->lock);
		succeed(job, result->took_ms);
		return;
	} else if (!hm_dtu_job_check_other_port(job)) {
		hm_dtu_job_failed(job);
	}
	drop_replies(job->poller);
}

void
hm_dtu_job_polled(void *context, struct hm_poller *poller,
    const struct hm_poll_result *result)
{
	struct hm_dtu_job *job = context;

	(void)poller;
	if (job->order != NULL) {
		hm_dtu_job_order_polled(job, result);
		return;
	}
	hm_dtu_job_note_gateway(job);
	if (!result->not_made && result->error != HM_ERR_NONE) {
		fail_attempt(job, result);
		return;
	}
	/* A connection that is kept keeps other processes out. */
	if (hm_poller_is_connected(job->poller))
		hm_dtu_lock_touch(&job->lock);
	else
		hm_dtu_lock_release(&job->lock);
	if (result->not_made)
		skip(job, result->text);
	else
		succeed(job, result->took_ms);
}
