#ifndef HM_DTU_JOB_PRIVATE_H
#define HM_DTU_JOB_PRIVATE_H

#include "dtu_lock.h"
#include "error_hints.h"
#include "fleet.h"

/*
 * The job of polling one DTU of a fleet. For fleet.c and the five files of a
 * job, which call each other: dtu_job.c has its timers, dtu_attempt.c one poll,
 * dtu_order.c one order, dtu_other_port.c a look at the port of the other
 * protocol, and dtu_report.c records and log messages.
 */

enum hm_dtu_job_state {
	HM_DTU_JOB_IDLE,     /* wait for the next tick */
	HM_DTU_JOB_POSTPONED, /* wait for the allowed time, or the next tick */
	HM_DTU_JOB_BROKEN,   /* the breaker is open: wait for the probe */
	HM_DTU_JOB_LOCKED,   /* another process has the lock: wait for it */
	HM_DTU_JOB_POLLING,
	HM_DTU_JOB_RETRYING, /* wait for the next attempt */
	HM_DTU_JOB_CHECKING, /* connect to the port of the other protocol */
	HM_DTU_JOB_ORDERING, /* connected for an order */
	HM_DTU_JOB_ORDER_WAITING, /* between two connections of an order */
};

/* Shared by all jobs of a fleet. */
struct hm_dtu_jobs {
	struct hm_fleet_options options;
	struct hm_fleet_counts counts;
	struct hm_random random;
	size_t left; /* jobs that have not ended */
	size_t checks; /* jobs that are in HM_DTU_JOB_CHECKING */
	bool raised_period; /* for a gateway; has been logged */
	bool failed;
	bool finishing; /* begin no more polls and attempts */
	bool starved; /* out of descriptors; has been logged */
};

struct hm_dtu_job {
	struct hm_dtu_jobs *jobs;
	struct hm_poller *poller;
	struct hm_dtu_lock lock;
	struct hm_breaker breaker;
	enum hm_dtu_job_state state;
	ev_timer tick; /* the grid of the polls */
	ev_timer wait; /* ends the state */
	int64_t offset;     /* on the grid, ms */
	int64_t began;      /* monotonic ms, begin of the last poll */
	int64_t next_tick;  /* monotonic ms */
	int64_t retry_until; /* monotonic ms, the tick after this poll */
	int64_t polls_left; /* -1: unlimited */
	int64_t retries;    /* made in this poll */
	int64_t give_up_at; /* monotonic ms, end of the wait for the lock */
	int64_t failures;   /* failed polls in a row */
	enum hm_poll_error error; /* of the last poll */
	enum hm_poll_error attempt_error; /* of the last attempt that failed */
	char text[160];      /* about attempt_error, for people */
	enum hm_peer peer;   /* of the last attempt that failed */
	enum hm_other_port other_port; /* of the DTU */
	struct hm_other_port_check *check; /* under way, or NULL */
	enum hm_poll_error other_port_checked; /* the failure that led to it */
	bool reached; /* a poll was good */
	bool ever_polled;
	bool is_gateway; /* of hybrid inverters; known to dtu_job.c */
	bool is_partial; /* the last good poll lacked a part; has been logged */
	bool announced; /* on the terminal, as being asked */
	bool last_poll_lost_lock; /* to another process */
	bool last_poll_not_made;  /* no lock, or no descriptor */
	bool lock_refused;        /* by the system; has been logged */
	bool lock_stuck;          /* it is passed over; has been logged */

	const struct hm_order *order; /* under way, or NULL */
	enum hm_result_state order_state; /* reported last */
	int64_t order_until;     /* monotonic ms */
	int64_t order_retries;
	bool order_sent;
	bool order_vetoed; /* it must not be sent */
	bool missed_tick; /* during the order */
};

/* The first tick is `offset` ms from now. False if there is no memory. */
bool hm_dtu_job_init(struct hm_dtu_job *job, struct hm_dtu_jobs *jobs,
    const struct hm_dtu *dtu, int64_t offset);
void hm_dtu_job_free(struct hm_dtu_job *job);

/* End the job, after its current attempt if there is one. */
void hm_dtu_job_finish(struct hm_dtu_job *job);

/*
 * dtu_attempt.c: one poll with its lock and its attempts; at its end it calls
 * hm_dtu_job_rest.
 */
void hm_dtu_job_begin_poll(struct hm_dtu_job *job);
void hm_dtu_job_begin_attempt(struct hm_dtu_job *job);
void hm_dtu_job_attempt(struct hm_dtu_job *job); /* if the lock is free */

/* Begin the polls that were held. */
void hm_dtu_job_release(struct hm_dtu_job *job);

/* The time between two polls, in ms. */
int64_t hm_dtu_job_period(const struct hm_dtu_job *job);

/* After an attempt: note whether a gateway was found where a DTU was named. */
void hm_dtu_job_note_gateway(struct hm_dtu_job *job);

/* Poll now, if the schedule allows it. */
void hm_dtu_job_consider(struct hm_dtu_job *job);

/* Whether the lock is free, or must be passed over; has been logged. */
bool hm_dtu_job_may_connect(struct hm_dtu_job *job);

/* dtu_order.c: as hm_fleet_order. */
enum hm_fleet_order hm_dtu_job_order(struct hm_dtu_job *job,
    const struct hm_order *order);
void hm_dtu_job_order_connect(struct hm_dtu_job *job);

/* Of the connection of an order. */
void hm_dtu_job_order_polled(struct hm_dtu_job *job,
    const struct hm_poll_result *result);
bool hm_dtu_job_order_sends(void *context, struct hm_poller *poller);
void hm_dtu_job_order_heard(void *context, struct hm_poller *poller);

/* For struct hm_poller_options: a poller's context is its job. */
void hm_dtu_job_polled(void *context, struct hm_poller *poller,
    const struct hm_poll_result *result);

/* No attempt is left: release the lock and report the poll as failed. */
void hm_dtu_job_failed(struct hm_dtu_job *job);

/*
 * dtu_other_port.c: if a DTU has never answered, look whether the port of the
 * other protocol accepts a connection, and close that at once: once in a run,
 * or once for each kind of failure while the answer is not known. Both locks
 * are held meanwhile. False if nothing is to be done; otherwise
 * hm_dtu_job_failed is called at the end.
 */
bool hm_dtu_job_check_other_port(struct hm_dtu_job *job);
void hm_dtu_job_end_check(struct hm_dtu_job *job);

/* After a poll: wait for the next one, or end. */
void hm_dtu_job_rest(struct hm_dtu_job *job);

/* Wait in a state until a time in monotonic ms. */
void hm_dtu_job_wait(struct hm_dtu_job *job, enum hm_dtu_job_state state,
    int64_t at);

/* The earliest time of a poll, from `at` on; monotonic ms. */
int64_t hm_dtu_job_earliest(const struct hm_dtu_job *job, int64_t at);

/* dtu_report.c: status records and log messages about a job. */
void hm_dtu_job_failure(const struct hm_dtu_job *job,
    struct hm_failure *failure);
void hm_dtu_job_report(const struct hm_dtu_job *job);
void hm_dtu_job_log_gateway(const struct hm_dtu_job *job);
void hm_dtu_job_log_raised_period(const struct hm_dtu_job *job);
void hm_dtu_job_log_first_poll(const struct hm_dtu_job *job);
void hm_dtu_job_log_failure(const struct hm_dtu_job *job, bool news);
void hm_dtu_job_log_retry(const struct hm_dtu_job *job, int64_t delay_ms);
void hm_dtu_job_log_breaker(const struct hm_dtu_job *job, bool news);
void hm_dtu_job_log_recovery(const struct hm_dtu_job *job);
void hm_dtu_job_log_missing(const struct hm_dtu_job *job,
    const struct hm_dialog *dialog);
void hm_dtu_job_log_whole(const struct hm_dtu_job *job);
void hm_dtu_job_log_locked_out(const struct hm_dtu_job *job);
void hm_dtu_job_log_postponed(const struct hm_dtu_job *job, int64_t wait_ms);
void hm_dtu_job_log_lock(const struct hm_dtu_job *job,
    enum hm_dtu_lock_result lock);
void hm_dtu_job_log_lock_refused(const struct hm_dtu_job *job, int error);
void hm_dtu_job_log_lock_stuck(const struct hm_dtu_job *job,
    const struct hm_lock_holder *holder);
void hm_dtu_job_log_starved(const struct hm_dtu_job *job, const char *why);

/* For struct hm_dialog_options. */
void hm_dtu_job_log_dropped(const struct hm_dtu *dtu, const char *reason);
void hm_dtu_job_log_refused(const struct hm_dtu *dtu, const char *reason);

#endif
