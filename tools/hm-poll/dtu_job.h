#ifndef HM_DTU_JOB_H
#define HM_DTU_JOB_H

#include "dtu_lock.h"
#include "fleet.h"

/* One DTU of a fleet, and when and how it is polled. For fleet.c alone. */

enum hm_dtu_job_state {
	HM_DTU_JOB_IDLE,     /* until the next tick */
	HM_DTU_JOB_PUT_OFF,  /* until it may be polled, or the next tick */
	HM_DTU_JOB_BROKEN,   /* the breaker is open: until the probe */
	HM_DTU_JOB_LOCKED,   /* somebody else has the lock: until it is free */
	HM_DTU_JOB_POLLING,
	HM_DTU_JOB_RETRYING, /* until the next attempt */
};

/* What all jobs of a fleet share. */
struct hm_dtu_jobs {
	struct hm_fleet_options options;
	struct hm_fleet_counts counts;
	struct hm_random random;
	size_t left; /* jobs that have not come to an end */
	bool failed;
	bool finishing; /* nothing more is to begin */
	bool starved; /* of descriptors, which has been said */
};

struct hm_dtu_job {
	struct hm_dtu_jobs *jobs;
	struct hm_poller *poller;
	struct hm_dtu_lock lock;
	struct hm_breaker breaker;
	enum hm_dtu_job_state state;
	ev_timer tick; /* the grid of the polls */
	ev_timer wait; /* for what the state says */
	int64_t offset;     /* on the grid, ms */
	int64_t began;      /* monotonic ms, the last poll */
	int64_t due;        /* monotonic ms of the next tick */
	int64_t retry_until; /* the tick after the one of this poll */
	int64_t polls_left; /* -1: no end */
	int64_t retries;    /* made in this poll */
	int64_t give_up_at; /* monotonic ms, waiting for the lock */
	int64_t failures;   /* polls in a row */
	enum hm_poll_error error; /* of the last poll */
	enum hm_poll_error attempt_error; /* of the last attempt that failed */
	char text[160];      /* the same for people */
	bool known;          /* whether there was a poll */
	bool locked_out;     /* the last poll */
	bool unasked;        /* the same, or by the system */
	bool lock_refused;   /* which has been said */
};

/* `offset` ms from now is its first tick. False if there is no memory. */
bool hm_dtu_job_init(struct hm_dtu_job *job, struct hm_dtu_jobs *jobs,
    const struct hm_dtu *dtu, int64_t offset);
void hm_dtu_job_free(struct hm_dtu_job *job);

/* Come to an end, after the attempt that is under way if there is one. */
void hm_dtu_job_finish(struct hm_dtu_job *job);

/*
 * job_poll.c: one poll, from the lock to its end, with the attempts that it
 * takes; hm_dtu_job_rest follows.
 */
void hm_dtu_job_begin_poll(struct hm_dtu_job *job);
void hm_dtu_job_begin_attempt(struct hm_dtu_job *job);
void hm_dtu_job_attempt(struct hm_dtu_job *job); /* if the lock can be had */

/* For struct hm_poller_options: a poller's context is its job. */
void hm_dtu_job_polled(void *context, struct hm_poller *poller,
    const struct hm_poll_result *result);

/* A poll is over, and said: until the next one, or the end. */
void hm_dtu_job_rest(struct hm_dtu_job *job);

/* Be in this state until a moment in monotonic ms. */
void hm_dtu_job_wait(struct hm_dtu_job *job, enum hm_dtu_job_state state,
    int64_t at);

/* When it may be polled, from `at` on; monotonic ms. */
int64_t hm_dtu_job_earliest(const struct hm_dtu_job *job, int64_t at);

/* job_news.c: what is said about a job, in records and in the log. */
void hm_dtu_job_report(const struct hm_dtu_job *job);
void hm_dtu_job_log_failure(const struct hm_dtu_job *job, bool news);
void hm_dtu_job_log_retry(const struct hm_dtu_job *job, int64_t delay_ms);
void hm_dtu_job_log_breaker(const struct hm_dtu_job *job, bool news);
void hm_dtu_job_log_recovery(const struct hm_dtu_job *job);
void hm_dtu_job_log_locked_out(const struct hm_dtu_job *job);
void hm_dtu_job_log_lock_refused(const struct hm_dtu_job *job, int error);
void hm_dtu_job_log_starved(const struct hm_dtu_job *job, const char *why);

#endif
