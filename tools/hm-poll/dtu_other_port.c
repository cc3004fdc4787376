#include <stdlib.h>
#include <unistd.h>

#include "connector.h"
#include "dtu_job_private.h"
#include "dtu_lock.h"
#include "error_hints.h"
#include "poller.h"
#include "wire/dtu_uri.h"

/* Each has a socket and a second lock, beside those of all polls. */
#define CHECKS_MAX 8

struct hm_other_port_check {
	struct hm_connector *connector;
	struct hm_dtu_lock lock; /* of the other port */
};

/* 0: there is none. */
static uint16_t
other_port(const struct hm_dtu *dtu)
{
	enum hm_transport other;

	return hm_transport_other(dtu->transport, &other) ?
	    hm_transport_port(other) : 0;
}

/*
 * A port that is not the usual one was chosen by somebody who knows what
 * listens there.
 */
static bool
is_worth_it(const struct hm_dtu_job *job)
{
	const struct hm_dtu *dtu = hm_poller_dtu(job->poller);
	struct hm_failure failure;

	hm_dtu_job_failure(job, &failure);
	failure.error = job->attempt_error;
	return job->other_port == HM_OTHER_PORT_UNKNOWN &&
	    job->other_port_checked != job->attempt_error &&
	    !job->jobs->finishing &&
	    job->jobs->checks < CHECKS_MAX &&
	    dtu->port == hm_transport_port(dtu->transport) &&
	    hm_error_may_be_scheme(&failure);
}

void
hm_dtu_job_end_check(struct hm_dtu_job *job)
{
	struct hm_other_port_check *check = job->check;

	if (check == NULL)
		return;
	hm_connector_free(check->connector);
	hm_dtu_lock_free(&check->lock);
	free(check);
	job->check = NULL;
	job->jobs->checks--;
}

static void
on_connected(void *context, const struct hm_connect_result *result)
{
	struct hm_dtu_job *job = context;

	if (result->fd >= 0)
		close(result->fd);
	if (result->fd >= 0)
		job->other_port = HM_OTHER_PORT_OPEN;
	else if (result->error == HM_ERR_REFUSED)
		job->other_port = HM_OTHER_PORT_CLOSED;
	hm_dtu_job_end_check(job);
	hm_dtu_job_failed(job);
}

static struct hm_connector *
new_connector(struct hm_dtu_job *job)
{
	const struct hm_poller_options *poller = &job->jobs->options.poller;
	const struct hm_connector_options options = {
	    .loop = poller->loop,
	    .resolver = poller->resolver,
	    .timeout_ms = poller->connect_timeout_ms,
	    .done = on_connected,
	};

	return hm_connector_new(&options, job);
}

/* Another process, or another job, may be connected to the other port. */
static bool
take_lock(struct hm_dtu_job *job)
{
	struct hm_dtu other = *hm_poller_dtu(job->poller);

	other.port = other_port(&other);
	return hm_dtu_lock_init(&job->check->lock, job->jobs->options.lock_dir,
	    &other) && hm_dtu_lock_take(&job->check->lock) ==
	    HM_DTU_LOCK_HELD;
}

bool
hm_dtu_job_check_other_port(struct hm_dtu_job *job)
{
	const struct hm_dtu *dtu = hm_poller_dtu(job->poller);

	if (!is_worth_it(job))
		return false;
	job->check = calloc(1, sizeof *job->check);
	if (job->check == NULL)
		return false;
	job->jobs->checks++;
	job->check->lock.fd = -1;
	job->check->connector = new_connector(job);
	if (job->check->connector == NULL || !take_lock(job)) {
		hm_dtu_job_end_check(job);
		return false;
	}
	job->other_port_checked = job->attempt_error;
	job->state = HM_DTU_JOB_CHECKING;
	hm_connector_start(job->check->connector, dtu->host, other_port(dtu));
	return true;
}
