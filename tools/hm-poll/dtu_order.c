#include "base/backoff.h"
#include "base/clock.h"
#include "control_rules.h"
#include "dialog.h"
#include "dtu_job_private.h"
#include "dtu_lock.h"
#include "poller.h"
#include "record/command.h"
#include "record/poll_errors.h"

/* One order: connections that send it and read back what comes of it. */

#define LOCK_RETRY_MS 200
#define RECONNECT_MS 8000 /* of a DTU that does not answer after an order */

static const struct hm_dialog *
dialog_of(const struct hm_dtu_job *job)
{
	return hm_poller_dialog(job->poller);
}

/* The end of an order */

static void
end_order(struct hm_dtu_job *job, const struct hm_result *result)
{
	const struct hm_fleet_options *options = &job->jobs->options;
	bool missed = job->missed_tick;
	struct hm_result last = *result;

	if (!hm_result_is_final(last.state))
		last = hm_result(HM_RESULT_UNKNOWN, "timeout",
		    "nothing was read back within control_timeout");
	job->state = HM_DTU_JOB_IDLE;
	job->order = NULL;
	job->missed_tick = false;
	options->order_ended(options->context, hm_poller_dtu(job->poller),
	    &last, job->order_sent);
	hm_dialog_drop_order(hm_poller_dialog(job->poller));
	if (job->jobs->finishing)
		return;
	/* The poll that was due goes first, so that it is not late. */
	if (missed)
		hm_dtu_job_consider(job);
	else
		hm_dtu_job_rest(job);
}

static void
end_with_error(struct hm_dtu_job *job, const char *error, const char *text)
{
	const struct hm_result result = hm_result(job->order_sent ?
	    HM_RESULT_UNKNOWN : HM_RESULT_FAILED, error, text);

	end_order(job, &result);
}

/* Connections */

static void
wait_for(struct hm_dtu_job *job, int64_t ms)
{
	hm_dtu_job_wait(job, HM_DTU_JOB_ORDER_WAITING,
	    hm_monotonic_ms() + ms);
}

void
hm_dtu_job_order_connect(struct hm_dtu_job *job)
{
	int64_t idle;

	if (!hm_dtu_job_may_connect(job)) {
		/* One that is kept is in the way of the lock's holder. */
		hm_poller_cut(job->poller);
		if (hm_monotonic_ms() + LOCK_RETRY_MS < job->order_until)
			wait_for(job, LOCK_RETRY_MS);
		else
			end_with_error(job, "locked", "another hm-poll on "
			    "this machine reads the DTU");
		return;
	}
	idle = hm_dtu_lock_idle_ms(&job->lock);
	if (idle >= 0)
		hm_poller_asked_before(job->poller, idle);
	job->state = HM_DTU_JOB_ORDERING;
	hm_poller_start(job->poller);
}

enum hm_fleet_order
hm_dtu_job_order(struct hm_dtu_job *job, const struct hm_order *order)
{
	if (hm_control_unknown_action(hm_poller_dtu(job->poller),
	    hm_dialog_is_gateway(dialog_of(job)), order->command.action) !=
	    NULL)
		return HM_FLEET_NOT_SUPPORTED;
	if (job->breaker.state == HM_BREAKER_OPEN)
		return HM_FLEET_BROKEN;
	if ((job->state != HM_DTU_JOB_IDLE &&
	    job->state != HM_DTU_JOB_POSTPONED) || job->jobs->finishing ||
	    job->polls_left == 0 ||
	    !hm_dialog_order(hm_poller_dialog(job->poller), order))
		return HM_FLEET_BUSY;
	/* A poll that was postponed is considered again after the order. */
	job->missed_tick = job->state == HM_DTU_JOB_POSTPONED;
	job->order = order;
	job->order_state = HM_RESULT_UNKNOWN;
	job->order_retries = 0;
	job->order_sent = job->order_vetoed = false;
	job->order_until = hm_monotonic_ms() +
	    job->jobs->options.order_timeout_ms;
	/* The caller is told first that the order has begun. */
	wait_for(job, 0);
	return HM_FLEET_ORDERED;
}

/* Before it is sent an order may be tried again, as a poll is. */
static bool
retry(struct hm_dtu_job *job)
{
	struct hm_dtu_jobs *jobs = job->jobs;
	int64_t delay = hm_backoff_delay(&jobs->options.backoff,
	    job->order_retries + 1, &jobs->random);

	if (job->order_sent || jobs->finishing ||
	    job->order_retries == jobs->options.retries ||
	    hm_monotonic_ms() + delay >= job->order_until ||
	    !hm_dialog_order(hm_poller_dialog(job->poller), job->order))
		return false;
	job->order_retries++;
	wait_for(job, delay);
	return true;
}

static void
read_back_later(struct hm_dtu_job *job, int64_t pause)
{
	if (hm_monotonic_ms() + pause >= job->order_until)
		end_order(job, hm_dialog_order_result(dialog_of(job)));
	else
		wait_for(job, pause);
}

void
hm_dtu_job_order_polled(struct hm_dtu_job *job,
    const struct hm_poll_result *result)
{
	int64_t pause;
	bool failed = result->error != HM_ERR_NONE;
	const char *error = hm_poll_error_name(result->error);

	hm_dialog_order_settle(hm_poller_dialog(job->poller));
	pause = hm_dialog_order_pause_ms(dialog_of(job));
	/* A connection that is kept keeps other processes out. */
	if (hm_poller_is_connected(job->poller))
		hm_dtu_lock_touch(&job->lock);
	else
		hm_dtu_lock_release(&job->lock);
	if (job->order_vetoed)
		end_with_error(job, "vetoed", "it must not be sent any more");
	else if (job->order_sent && failed && pause >= 0)
		read_back_later(job, RECONNECT_MS);
	else if (failed && !job->order_sent && retry(job))
		return;
	else if (failed && !job->order_sent)
		end_with_error(job, error, result->text);
	else if (pause >= 0)
		read_back_later(job, pause);
	else
		end_order(job, hm_dialog_order_result(dialog_of(job)));
}

bool
hm_dtu_job_order_sends(void *context, struct hm_poller *poller)
{
	struct hm_dtu_job *job = context;
	const struct hm_fleet_options *options = &job->jobs->options;
	bool sends = options->order_sends(options->context,
	    hm_poller_dtu(poller));

	/* What may have been sent stays sent. */
	job->order_sent = job->order_sent || sends;
	job->order_vetoed = !sends;
	job->jobs->counts.orders += sends;
	return sends;
}

void
hm_dtu_job_order_heard(void *context, struct hm_poller *poller)
{
	struct hm_dtu_job *job = context;
	const struct hm_fleet_options *options = &job->jobs->options;
	enum hm_result_state state =
	    hm_dialog_order_result(hm_poller_dialog(poller))->state;

	if (hm_result_is_final(state) || state == job->order_state)
		return;
	job->order_state = state;
	options->order_state(options->context, hm_poller_dtu(poller), state);
}
