#ifndef HM_LIVE_SHARED_H
#define HM_LIVE_SHARED_H

#include <pthread.h>
#include <stdatomic.h>

#include "live.h"

/*
 * The plant for two threads: the stream writes it, and whoever answers takes
 * copies. The lock is held for a record or for a copy, and never while
 * anything is written, sent or waited for.
 */
struct hm_live_shared {
	pthread_mutex_t lock;
	struct hm_live live;
	_Atomic uint64_t lines; /* read; needs no lock */
};

/* False, logged, if there is no memory. Freed by hm_live_shared_free. */
bool hm_live_shared_init(struct hm_live_shared *shared,
    const struct hm_live_options *options);
void hm_live_shared_free(struct hm_live_shared *shared);

/* Learn from a record of a type that hm_live_takes. */
void hm_live_shared_record(struct hm_live_shared *shared, struct hm_slice type,
    const struct hm_record *record);

/* What is to be done now and then: the curve of the day, old devices. */
void hm_live_shared_tick(struct hm_live_shared *shared);

/* Bring a copy up to date. False if there is no memory. */
bool hm_live_shared_copy(struct hm_live_shared *shared, struct hm_live *to);

#endif
