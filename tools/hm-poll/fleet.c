#include "fleet.h"

#include <stdlib.h>

#include "dialog.h"
#include "dtu_job_private.h"
#include "fleet_progress.h"

struct hm_fleet {
	struct hm_dtu_jobs jobs;
	struct hm_dtu_job *job;
	size_t count;
	struct hm_fleet_progress progress;
};

struct hm_fleet *
hm_fleet_new(const struct hm_dtus *dtus,
    const struct hm_fleet_options *options)
{
	struct hm_fleet *fleet = calloc(1, sizeof *fleet);

	if (fleet == NULL)
		return NULL;
	fleet->jobs.options = *options;
	fleet->jobs.options.poller.done = hm_dtu_job_polled;
	fleet->jobs.options.poller.sends = hm_dtu_job_order_sends;
	fleet->jobs.options.poller.heard = hm_dtu_job_order_heard;
	fleet->jobs.options.poller.dialog.dropped = hm_dtu_job_log_dropped;
	fleet->jobs.options.poller.dialog.refused = hm_dtu_job_log_refused;
	fleet->jobs.left = dtus->count;
	hm_random_seed(&fleet->jobs.random);
	fleet->job = calloc(dtus->count, sizeof *fleet->job);
	if (fleet->job == NULL) {
		hm_fleet_free(fleet);
		return NULL;
	}
	for (size_t i = 0; i < dtus->count; i++) {
		/* One-shot polls all begin at once. */
		int64_t offset = options->count == 1 ? 0 :
		    hm_poll_schedule_offset(&options->schedule, i, dtus->count);

		if (!hm_dtu_job_init(&fleet->job[i], &fleet->jobs,
		    &dtus->dtu[i], offset)) {
			hm_fleet_free(fleet);
			return NULL;
		}
		fleet->count++;
	}
	hm_fleet_progress_start(&fleet->progress, options->poller.loop,
	    fleet->job, fleet->count);
	return fleet;
}

void
hm_fleet_free(struct hm_fleet *fleet)
{
	if (fleet == NULL)
		return;
	hm_fleet_progress_stop(&fleet->progress);
	for (size_t i = 0; i < fleet->count; i++)
		hm_dtu_job_free(&fleet->job[i]);
	free(fleet->job);
	free(fleet);
}

static struct hm_dtu_job *
job_of(const struct hm_fleet *fleet, const struct hm_dtu *dtu)
{
	for (size_t i = 0; i < fleet->count; i++)
		if (hm_poller_dtu(fleet->job[i].poller) == dtu)
			return &fleet->job[i];
	return NULL;
}

enum hm_fleet_order
hm_fleet_order(struct hm_fleet *fleet, const struct hm_dtu *dtu,
    const struct hm_order *order)
{
	struct hm_dtu_job *job = job_of(fleet, dtu);

	return job == NULL ? HM_FLEET_BUSY : hm_dtu_job_order(job, order);
}

const struct hm_result *
hm_fleet_order_result(const struct hm_fleet *fleet, const struct hm_dtu *dtu)
{
	const struct hm_dtu_job *job = job_of(fleet, dtu);

	return job == NULL || job->order == NULL ? NULL :
	    hm_dialog_order_result(hm_poller_dialog(job->poller));
}

void
hm_fleet_release(struct hm_fleet *fleet)
{
	fleet->jobs.options.held = false;
	for (size_t i = 0; i < fleet->count; i++)
		hm_dtu_job_release(&fleet->job[i]);
}

size_t
hm_fleet_finish(struct hm_fleet *fleet)
{
	fleet->jobs.finishing = true;
	for (size_t i = 0; i < fleet->count; i++)
		hm_dtu_job_finish(&fleet->job[i]);
	return fleet->jobs.left;
}

void
hm_fleet_cut(struct hm_fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++)
		hm_poller_cut(fleet->job[i].poller);
}

const struct hm_fleet_counts *
hm_fleet_counts(const struct hm_fleet *fleet)
{
	return &fleet->jobs.counts;
}

bool
hm_fleet_failed(const struct hm_fleet *fleet)
{
	return fleet->jobs.failed;
}
