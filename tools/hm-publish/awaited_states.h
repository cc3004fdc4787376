#ifndef HM_AWAITED_STATES_H
#define HM_AWAITED_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * State topics whose next message must be with the broker before the publisher
 * may say "online" again. All zeros: none.
 */

#define HM_AWAITED_MAX ((size_t)16384)

struct hm_awaited_state;

struct hm_awaited_states {
	struct hm_awaited_state *list;
	size_t count, cap;
};

void hm_awaited_free(struct hm_awaited_states *a);

/* Await the next message of a topic. False if there is no room. */
bool hm_awaited_add(struct hm_awaited_states *a, struct hm_slice topic);

/* A message of a topic was sent with this id. */
void hm_awaited_sent(struct hm_awaited_states *a, struct hm_slice topic,
    int id);

/* It has arrived: it is awaited no more. */
void hm_awaited_arrived(struct hm_awaited_states *a, int id);

/* The connection is lost, and all ids with it. */
void hm_awaited_return(struct hm_awaited_states *a);

/* Await nothing. */
void hm_awaited_clear(struct hm_awaited_states *a);

#endif
