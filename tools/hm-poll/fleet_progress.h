#ifndef HM_FLEET_PROGRESS_H
#define HM_FLEET_PROGRESS_H

#include <ev.h>

#include "dtu_job_private.h"

/*
 * What a person at a terminal sees of first polls that take their time: one
 * line for the DTUs that have not answered after a second.
 */

struct hm_fleet_progress {
	struct ev_loop *loop;
	ev_timer timer;
	struct hm_dtu_job *job; /* borrowed */
	size_t count;
};

/* Does nothing if stderr is no terminal. */
void hm_fleet_progress_start(struct hm_fleet_progress *progress,
    struct ev_loop *loop, struct hm_dtu_job *job, size_t count);
void hm_fleet_progress_stop(struct hm_fleet_progress *progress);

#endif
