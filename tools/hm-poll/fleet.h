#ifndef HM_FLEET_H
#define HM_FLEET_H

#include "base/backoff.h"
#include "config/dtu_list.h"
#include "poll_record.h"
#include "poll_schedule.h"
#include "poller.h"

/*
 * The polls of all DTUs of a run: each on a grid of its own, with its own
 * retries, breaker and lock, so that a slow or dead DTU delays no other.
 */

struct hm_fleet;

struct hm_fleet_options {
	/* `done` and `dialog.dropped` are set by hm_fleet_new */
	struct hm_poller_options poller;
	struct hm_poll_schedule schedule;
	int64_t count; /* polls of each DTU; -1: unlimited */
	int64_t retries;
	struct hm_backoff backoff;
	struct hm_breaker_limits breaker;
	const char *lock_dir;
	int64_t lock_wait_ms; /* for a DTU that another process reads */
	bool held; /* no poll begins before hm_fleet_release */
	int64_t order_timeout_ms;

	void *context;
	/* Whether a record can be written now; if not, no poll begins. */
	bool (*room)(void *context);
	/* A poll succeeded: the dialog holds the replies. */
	void (*frame)(void *context, const struct hm_dtu *dtu,
	    const struct hm_dialog *dialog, int64_t took_ms);
	void (*status)(void *context, const struct hm_dtu *dtu,
	    const struct hm_status *status);
	/* All requested polls have been made. */
	void (*ended)(void *context);

	/* An order is about to be sent; false: it must not be. */
	bool (*order_sends)(void *context, const struct hm_dtu *dtu);
	/* A DTU has taken an order, or passes it on. */
	void (*order_state)(void *context, const struct hm_dtu *dtu,
	    enum hm_result_state state);
	/* An order is over; `sent`: order_sends has returned true. */
	void (*order_ended)(void *context, const struct hm_dtu *dtu,
	    const struct hm_result *result, bool sent);
	/* An order may begin. Only called if there was none to begin. */
	void (*idle)(void *context, const struct hm_dtu *dtu);
};

struct hm_fleet_counts {
	uint64_t polls, failed_polls;
	uint64_t retries;
	uint64_t stale_polls;   /* the DTU repeated its last readings */
	uint64_t partial_polls; /* good, but a part of the DTU's list lacks */
	uint64_t skipped_polls; /* due during the previous poll */
	uint64_t open_polls;    /* due while the breaker was open */
	uint64_t quiet_polls;   /* postponed at night or for an upload */
	uint64_t locked_polls;  /* another process read the DTU */
	uint64_t max_late_ms;
	uint64_t orders; /* sent */
};

/*
 * Set the timers of all polls in the loop. NULL if there is no memory.
 * `options` is copied; what it points to, and the DTUs, are borrowed for the
 * fleet's life.
 */
struct hm_fleet *hm_fleet_new(const struct hm_dtus *dtus,
    const struct hm_fleet_options *options);
void hm_fleet_free(struct hm_fleet *fleet);

const struct hm_fleet_counts *hm_fleet_counts(const struct hm_fleet *fleet);

/* What hm_fleet_order has made of an order. */
enum hm_fleet_order {
	HM_FLEET_ORDERED, /* order_ended will be called */
	HM_FLEET_BUSY,    /* the DTU is polled, or has an order: see idle */
	HM_FLEET_BROKEN,  /* the DTU's circuit breaker is open */
	HM_FLEET_NOT_SUPPORTED, /* it takes no orders of this action */
};

/* Begin an order, which is borrowed until order_ended. */
enum hm_fleet_order hm_fleet_order(struct hm_fleet *fleet,
    const struct hm_dtu *dtu, const struct hm_order *order);

/*
 * What is known of the current order of a DTU; NULL if it has none. Its texts
 * are borrowed until the loop goes on.
 */
const struct hm_result *hm_fleet_order_result(const struct hm_fleet *fleet,
    const struct hm_dtu *dtu);

/* Begin the polls that were held. */
void hm_fleet_release(struct hm_fleet *fleet);

/*
 * Begin no more polls and attempts. Returns the number of current polls; if it
 * is not 0, `ended` is called after the last of them.
 */
size_t hm_fleet_finish(struct hm_fleet *fleet);

/* Close all connections. The loop does not go on. */
void hm_fleet_cut(struct hm_fleet *fleet);

/* Whether the last poll of any DTU failed or could not be made. */
bool hm_fleet_failed(const struct hm_fleet *fleet);

#endif
