#ifndef HM_BYTES_H
#define HM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A buffer that grows as it is filled and is kept for the next time. */
struct hm_bytes {
	uint8_t *p;
	size_t n, cap;
};

/* Append; false if there is no memory or more than max bytes would be held. */
bool hm_bytes_append(struct hm_bytes *b, const uint8_t *p, size_t n,
    size_t max);

/* Drop the first n bytes. */
void hm_bytes_drop(struct hm_bytes *b, size_t n);

/* Empty it, and give its memory back if that is more than `most` bytes. */
void hm_bytes_shrink(struct hm_bytes *b, size_t most);

void hm_bytes_free(struct hm_bytes *b);

#endif
