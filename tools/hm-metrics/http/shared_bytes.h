#ifndef HM_SHARED_BYTES_H
#define HM_SHARED_BYTES_H

#include <stddef.h>

#include "base/slice.h"

/*
 * Bytes that several connections send, freed when the last of their holders
 * releases them. All holders are in one thread: the count is not atomic.
 */
struct hm_shared_bytes {
	size_t holders;
	size_t n;
	char data[];
};

/* A copy of the bytes with one holder. NULL if there is no memory. */
struct hm_shared_bytes *hm_shared_bytes_new(struct hm_slice bytes);

struct hm_shared_bytes *hm_shared_bytes_hold(struct hm_shared_bytes *shared);

/* NULL is allowed. */
void hm_shared_bytes_release(struct hm_shared_bytes *shared);

#endif
