#ifndef HM_SHARED_PLANT_H
#define HM_SHARED_PLANT_H

#include <pthread.h>
#include <stdatomic.h>

#include "plant.h"

/*
 * The plant for two threads: the stream writes it, and whoever answers takes
 * copies. The lock is held for a record or for a copy, and never while
 * anything is written, sent or waited for.
 */
struct hm_shared_plant {
	pthread_mutex_t lock;
	struct hm_plant plant;
	_Atomic uint64_t lines; /* read; needs no lock */
};

/* False, logged, if there is no memory. Freed by hm_shared_free. */
bool hm_shared_init(struct hm_shared_plant *shared,
    const struct hm_plant_options *options);
void hm_shared_free(struct hm_shared_plant *shared);

/* Learn from a record of a type that hm_plant_takes. */
void hm_shared_record(struct hm_shared_plant *shared, struct hm_slice type,
    const struct hm_record *record);

/* What is to be done now and then: the curve of the day, old devices. */
void hm_shared_tick(struct hm_shared_plant *shared);

/* Bring a copy up to date. False if there is no memory. */
bool hm_shared_copy(struct hm_shared_plant *shared, struct hm_plant *to);

#endif
