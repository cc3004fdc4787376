#ifndef HM_SHIP_PRIVATE_H
#define HM_SHIP_PRIVATE_H

#include "base/backoff.h"
#include "command_run.h"
#include "ship.h"
#include "ship_lock.h"
#include "spool.h"

struct hm_ship {
	struct hm_ship_options options;
	struct hm_stream *stream;
	struct hm_spool spool;
	struct hm_batch batch;
	struct hm_command_run run;
	struct hm_ship_counts counts;
	struct hm_random random;
	struct hm_ship_lock lock;
	bool delivered;    /* the COMMAND has taken the batch */
	bool empty;        /* nothing waits */
	bool stopped;      /* a signal has ended the COMMAND */
	struct hm_spool_listing listing;
	int64_t retry;     /* failures in a row */
	int64_t failed_since, counted_at; /* monotonic ms */
	char reason[HM_SPOOL_WHY]; /* of the last failure */
	/* For a person: since the last wait. */
	int64_t burst_since, progress_at;
	uint64_t burst_from; /* counts.shipped then */
};

/* Whether a signal or the end of stdout's reader ends the run. */
bool hm_ship_stopping(struct hm_ship *ship);

/*
 * Run the COMMAND with the batch, and wait for it. False if it has failed, or
 * a signal has ended it: then ship->stopped is set.
 */
bool hm_ship_deliver(struct hm_ship *ship, const char **why);

#endif
