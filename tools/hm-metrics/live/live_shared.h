#ifndef HM_LIVE_SHARED_H
#define HM_LIVE_SHARED_H

#include <pthread.h>

#include "day_curve.h"
#include "live.h"

/*
 * The live state for two threads: the one that reads the stream updates it, the
 * one that serves HTTP takes copies. The lock is held during one update or one
 * copy, never during I/O.
 */
struct hm_live_shared {
	pthread_mutex_t lock;
	struct hm_live live;
	uint64_t lines; /* read */
};

/* False, logged, if there is no memory. Freed by hm_live_shared_free. */
bool hm_live_shared_init(struct hm_live_shared *shared,
    const struct hm_live_options *options);
void hm_live_shared_free(struct hm_live_shared *shared);

/* Count a line that was read. No 64-bit atomic: ARMv6 has none. */
void hm_live_shared_count(struct hm_live_shared *shared);
uint64_t hm_live_shared_lines(struct hm_live_shared *shared);

/* Update it from a record of a type that hm_live_takes. */
void hm_live_shared_record(struct hm_live_shared *shared, struct hm_slice type,
    const struct hm_record *record);

/*
 * Fill the curve of the day, and take an energy of the ledger; the second is an
 * hm_energy_visitor, whose context is the struct hm_live_shared.
 */
void hm_live_shared_curve(struct hm_live_shared *shared,
    const struct hm_day_curve *curve);
void hm_live_shared_energy(void *context,
    const struct hm_history_energy *energy);

/* See hm_live_expect_tool. */
void hm_live_shared_expect_tool(struct hm_live_shared *shared,
    const char *name);

/* Periodic work: sample the curve of the day, remove old devices. */
void hm_live_shared_tick(struct hm_live_shared *shared);

/* Bring a copy up to date. False if there is no memory. */
bool hm_live_shared_copy(struct hm_live_shared *shared, struct hm_live *to);

#endif
